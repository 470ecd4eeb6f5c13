package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// Agiled documents a request that tells a live key from others (GET /public/v1/me), lists of everything a key may write, and
// no request at all that revokes a key: that is done by a person under Settings > API. So this file adds to the rule
// file's flow what has an "if":
//
//   - A 401 proves a key dead only where a live key is accepted, because a wrong base URL answers the same. The proof is the
//     same key, seen active here before, or the operator's known-good key. Without proof the verdict is unknown.
//   - Revoke is a work order for a person, an endpoint of the operator's own, or a program of the operator's own.
//   - Review needs another key of the same organization, and reads the lists with the order checked (agiled_review.go).
//
// The limits are those that Agiled documents, by key and action.

// AgiledOptions configure Agiled. The base URL is Options.Base["agiled"]: the one that Agiled's API settings show, with or
// without /public/v1. That of the legacy API is Options.Base["agiled-legacy"], by default https://my.agiled.app: third-party
// clients name it, no page of Agiled's does.
type AgiledOptions struct {
	// KnownGood is a live key of the operator's, in the same environment. It proves that the base URL is right before a
	// 401 is read as inactive. Empty: ReviewKey is used for that.
	KnownGood scanner.Secret
	// LegacyKnownGood and LegacyBrand are the same for tokens of the legacy API.
	LegacyKnownGood scanner.Secret
	LegacyBrand     string
	// Past is the journal. A key that it shows as active at this base URL needs no other proof. May be nil.
	Past AgiledPast
	// Revoke is how a key is revoked.
	Revoke AgiledRevoke
	// ReviewKey is another key of the same organization, best one with the Read only preset.
	ReviewKey scanner.Secret
	// ExpectedTargets are the hosts that webhooks may be delivered to: "hooks.acme.example".
	ExpectedTargets []string
	// ReviewPages is how many pages of 100 records a review reads of one list at most. 0: 50.
	ReviewPages int
	// Inventory is the operator's record of keys. May be nil.
	Inventory Inventory
}

// AgiledPast reads what was recorded of a key; a revoker.Journal is one.
type AgiledPast interface {
	Entries(ctx context.Context, id scanner.ID) iter.Seq2[revoker.Entry, error]
}

// Inventory is the operator's record of keys, by finding ID and never by key.
type Inventory interface {
	// Lookup returns the record of a key; false when there is none.
	Lookup(ctx context.Context, id scanner.ID) (KeyRecord, bool, error)
}

// KeyRecord is what the operator knows of a key.
type KeyRecord struct {
	// Name is the name under which the issuer lists the key, by Agiled's guide "integration - environment - owner".
	Name string
	// Integration uses the key, Environment is its environment, Owner answers for it.
	Integration, Environment, Owner string
	// Organization is the ID or name of the organization that the key belongs to.
	Organization string
	// Preset is the ability preset, StoredAt where the key is kept.
	Preset, StoredAt string
	Created, Expires time.Time
}

const (
	agiledPublic = "/public/v1"
	// agiledLegacyBase is where third-party clients find the legacy API.
	agiledLegacyBase = "https://my.agiled.app"
	// agiledLegacyRule and agiledWebhookRule are the rules that are not about Bearer keys of the public API.
	agiledLegacyRule  = "agiled-legacy-token"
	agiledWebhookRule = "agiled-webhook-secret"
	// agiledReviewPages is the default of AgiledOptions.ReviewPages.
	agiledReviewPages = 50
)

// agiledRead and agiledWrite are the documented limits of every key.
func agiledRead() []limit  { return []limit{quota("agiled read", 60, time.Minute)} }
func agiledWrite() []limit { return []limit{quota("agiled write", 30, time.Minute)} }

func init() { register("agiled", (*Registry).agiledProvider) }

// agiled is what the verifier, the revoker and the reviewer of all Agiled rules share.
type agiled struct {
	o      AgiledOptions
	client *client

	mu sync.Mutex
	// seen are the keys that were accepted, proved (without an ID) the places where the known-good key was, and when.
	seen   map[agiledSight]bool
	proved map[agiledSight]time.Time
}

// agiledSight is a key accepted at a URL.
type agiledSight struct {
	id  scanner.ID
	url string
	// brand is the account that a legacy token was shown with.
	brand string
}

// newAgiled checks the options.
func newAgiled(o AgiledOptions, allow []netip.Prefix, c *client) (*agiled, error) {
	if err := o.Revoke.check(allow); err != nil {
		return nil, fmt.Errorf("providers.agiled.revoke%w", err)
	}
	for _, host := range o.ExpectedTargets {
		if host == "" || host != strings.ToLower(host) || strings.ContainsAny(host, "/@ ") {
			return nil, fmt.Errorf(`providers.agiled.expected_targets: %q is not a host; write it like "hooks.acme.example"`, host)
		}
	}
	if o.LegacyKnownGood.Len() > 0 && o.LegacyBrand == "" {
		return nil, errors.New("providers.agiled.legacy_brand: missing; a legacy token works only with its account's URL")
	}
	o.LegacyBrand = strings.TrimSuffix(o.LegacyBrand, "/")
	if o.KnownGood.Len() == 0 {
		o.KnownGood = o.ReviewKey
	}
	if o.ReviewPages <= 0 {
		o.ReviewPages = agiledReviewPages
	}
	return &agiled{o: o, client: c, seen: map[agiledSight]bool{}, proved: map[agiledSight]time.Time{}}, nil
}

// agiledProvider returns what can be done about one kind of Agiled key. A webhook's signing secret is no key of the API: it
// is replaced by hand.
func (r *Registry) agiledProvider(rule *rules.Rule) revoker.Provider {
	if rule.ID == agiledWebhookRule {
		return r.flows(rule)
	}
	f := &flow{
		client: r.client, rule: rule, base: agiledBase(r.base(rule)), origins: r.origins(rule),
		operator: r.options.Operator, limits: agiledRead(),
	}
	if rule.ID == agiledLegacyRule {
		legacy := *rule
		legacy.Verify = agiledLegacyVerify()
		f.rule, f.base = &legacy, cmp.Or(r.bases["agiled-legacy"], agiledLegacyBase)
		root, _ := splitOrigin(f.base)
		f.origins = []string{root}
	}
	revoke := &agiledRevoker{agiled: r.agiled, flow: f}
	return revoker.Provider{
		Name:     rule.Provider,
		Verifier: &agiledVerifier{agiled: r.agiled, flow: f},
		Revoker:  revoke,
		Reviewer: &agiledReviewer{agiled: r.agiled, base: r.agiledAPI(rule)},
		Action:   revoke.action(),
	}
}

// agiledLegacyVerify asks the legacy API for its users, as third-party clients do to try a token. Their word is all that is
// known of the answers: 200 may carry the status "fail", and 401 says "Unauthenticated". It stands here and not in the
// rule file because it is asked only together with the account that the token belongs to.
func agiledLegacyVerify() rules.Flow {
	return rules.Flow{{
		Get:      mask("base") + "/api/v1/users?api_token=" + mask("token"),
		Header:   map[string]string{"Brand": mask("brand"), "Accept": "application/json"},
		Active:   rules.Conditions{{Status: []int{http.StatusOK}, Lacks: `"fail"`, Header: map[string]string{"Content-Type": "json"}}},
		Inactive: rules.Conditions{{Status: []int{http.StatusUnauthorized}, Contains: "Unauthenticated"}},
	}}
}

// agiledBase takes the API's path off a base URL: rule files add it.
func agiledBase(base string) string { return strings.TrimSuffix(base, agiledPublic) }

// agiledAPI is the root of the public API, without a trailing slash; "" when no base URL is known.
func (r *Registry) agiledAPI(rule *rules.Rule) string {
	base := agiledBase(r.base(rule))
	if u, err := url.Parse(base); err != nil || u.Host == "" {
		return ""
	}
	return base + agiledPublic
}

// record looks the key up in the inventory.
func (a *agiled) record(ctx context.Context, id scanner.ID) (KeyRecord, error) {
	if a.o.Inventory == nil {
		return KeyRecord{}, nil
	}
	r, _, err := a.o.Inventory.Lookup(ctx, id)
	if err != nil {
		return KeyRecord{}, fmt.Errorf("look up key %s in the inventory: %w", id, err)
	}
	return r, nil
}
