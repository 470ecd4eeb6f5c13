package providertest

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

const (
	agiledSubscriptions = "webhook-subscriptions"
	agiledDeliveries    = "webhook-deliveries"
)

// AgiledSubscription is a webhook subscription.
type AgiledSubscription struct {
	Description string
	TargetURL   string
	Events      []string
	// Status is "active" by default.
	Status string
	// Created is the time of creation; zero is now.
	Created time.Time
}

// AgiledDelivery is an attempt to deliver an event. Its field names in JSON are our guess.
type AgiledDelivery struct {
	Event     string
	TargetURL string
	Status    string
	Attempts  int
	// At is the time of the attempt; zero is now.
	At time.Time
}

// AddSubscription makes a webhook subscription, as somebody with a key could have, and returns its ID.
func (a *Agiled) AddSubscription(organization string, s AgiledSubscription) string {
	if s.Status == "" {
		s.Status = "active"
	}
	return a.add(organization, agiledSubscriptions, s.Created, map[string]any{
		"description": s.Description, "target_url": s.TargetURL, "events": s.Events, "status": s.Status, "last_delivery_at": nil,
	})
}

// AddDelivery puts a delivery attempt on record and returns its ID.
func (a *Agiled) AddDelivery(organization string, d AgiledDelivery) string {
	return a.add(organization, agiledDeliveries, d.At, map[string]any{
		"event": d.Event, "target_url": d.TargetURL, "status": d.Status, "attempts": d.Attempts,
	})
}

// add puts a record into a list, created and updated at t (zero is now).
func (a *Agiled) add(organization, list string, t time.Time, fields map[string]any) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.IsZero() {
		t = a.o.Now()
	}
	org := a.org(organization)
	if org == nil {
		return ""
	}
	r := &agiledRecord{id: a.uuid(t), created: t, updated: t, fields: fields}
	org.records[list] = append(org.records[list], r)
	return r.id
}

// subscribe keeps a new subscription and tells its secret, this once.
func (a *Agiled) subscribe(org *agiledOrg, kind agiledKind, r *agiledRecord) agiledReply {
	events, _ := r.fields["events"].([]any)
	if !publicHTTPS(r.text("target_url")) || len(events) == 0 {
		return agiledError(http.StatusUnprocessableEntity, "Validation failed.")
	}
	r.fields["status"], r.fields["last_delivery_at"] = "active", nil
	org.records[kind.path] = append(org.records[kind.path], r)
	told := a.show(kind, r, nil)
	told["secret"] = a.token()
	return agiledData(http.StatusCreated, told)
}

// publicHTTPS reports whether a target may be delivered to: https, and neither a local name nor a private address.
func publicHTTPS(target string) bool {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return false
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ip.IsGlobalUnicast() && !ip.IsPrivate()
	}
	return strings.Contains(u.Hostname(), ".") && !strings.HasSuffix(u.Hostname(), ".local")
}
