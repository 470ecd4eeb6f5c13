package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/revoker"
)

// AgiledOptions say how Agiled is reached.
type AgiledOptions struct {
	// Base is the API base URL of Agiled's API settings page, with or without /public/v1.
	Base string
	// Key is an API key of the organisation that may read tickets.
	Key forge.Token
	// Networks are where plain http is trusted, beside loopback.
	Networks []netip.Prefix
	// Clock is the time that limits are waited out by, Agent the user agent.
	Clock revoker.Clock
	Agent string
}

const (
	agiledPublic = "/public/v1"
	// agiledReads is how many reads a key has in a minute
	// (https://agiled-docs.pages.dev/docs/developers/errors-rate-limits).
	agiledReads = 60
	// agiledRounds is how often a list is read that changes while it is.
	agiledRounds = 5
)

// OpenAgiled returns the source of an organisation's tickets: those that the key sees. It opens no connection.
func OpenAgiled(a AgiledOptions, o Options) (*Source, error) {
	base := strings.TrimSuffix(strings.TrimRight(a.Base, "/"), agiledPublic)
	root, err := url.Parse(base)
	if base == "" || err != nil || root.Host == "" {
		return nil, errors.New("agiled.base_url is not set; write into the configuration what Agiled's API settings page shows")
	}
	if a.Key == nil {
		return nil, errors.New("agiled.review_key is not set; name in the configuration where a key is kept that may read tickets")
	}
	client, err := forge.NewClient(root, forge.Access{Token: a.Key, Networks: a.Networks}, a.Clock)
	if err != nil {
		return nil, fmt.Errorf("agiled.base_url: %w", err)
	}
	return newSource(o, func(w *walk) {
		defer client.CloseIdleConnections()
		d := &agiled{walk: w, client: client, agent: a.Agent, clock: a.Clock, list: base + agiledPublic + "/tickets"}
		w.part("tickets", d.tickets)
	})
}

// agiled is one reading of the tickets.
type agiled struct {
	*walk
	client *http.Client
	agent  string
	clock  revoker.Clock
	list   string
	asked  []time.Time // of the last minute
}

// ticket is what of a ticket is looked at here.
type ticket struct {
	ID      json.RawMessage `json:"id"`
	Created string          `json:"created_at"`
	Updated string          `json:"updated_at"`
}

// changed is when the ticket changed last; zero where it does not say.
func (t ticket) changed() time.Time {
	if at := agiledTime(t.Updated); !at.IsZero() {
		return at
	}
	return agiledTime(t.Created)
}

// agiledTime reads a time. Which form Agiled writes is not documented; clients read these.
func agiledTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// agiledPage is a page of a list (https://agiled-docs.pages.dev/docs/developers/pagination-filtering).
type agiledPage struct {
	Data []json.RawMessage `json:"data"`
	Meta *struct {
		Current int `json:"current_page"`
		Last    int `json:"last_page"`
		Total   int `json:"total"`
	} `json:"meta"`
}

// tickets reads the list until it was seen whole: until as many tickets were seen as it says that it has. Where it became shorter
// meanwhile, nobody knows which of those that were seen are gone, and the count begins anew.
func (d *agiled) tickets(w *window) {
	seen, total := map[string]bool{}, 0
	for again := range agiledRounds {
		l := &agiledList{agiled: d, window: w, seen: seen, total: total, again: again > 0}
		l.read()
		switch total = l.total; {
		case !d.ok || l.done:
			return
		case l.shrunk:
			clear(seen)
		}
	}
	d.gap("tickets of Agiled", "the list changed whenever it was read: fewer tickets were seen than it has", "run the same command again", nil)
}

// agiledList is one reading of the list, from the latest change.
type agiledList struct {
	*agiled
	window *window
	seen   map[string]bool // by id, in this reading and those before
	again  bool            // it is not the first reading
	order  order
	first  *agiledPage // the first page that was read
	pages  int         // that were read
	moved  bool        // the list became longer or shorter meanwhile
	total  int         // that the list says it has
	shrunk bool        // it said more before
	done   bool        // everything was seen, or a gap says what was not
}

// read reads the list.
func (l *agiledList) read() {
	for number := 1; l.ok && !l.done; number++ {
		p := l.next(number)
		switch {
		case p == nil:
			return
		case l.again && !l.shrunk && len(l.seen) >= l.total:
			l.done = true
		case l.order.proven() && l.order.last.Before(l.window.since):
			l.unchanged(number, p.Meta.Last)
			l.done = l.done || l.calm()
		case number >= p.Meta.Last || len(p.Data) == 0:
			l.done = !l.shrunk && len(l.seen) >= l.total
			return
		}
	}
}

// unchanged reads, from the end, tickets that never changed: they stand behind all others when the list is in the order of change,
// though they may be new.
func (l *agiledList) unchanged(read, last int) {
	for number := last; number > read; number-- {
		p := l.next(number)
		if p == nil || len(p.Data) == 0 {
			return
		}
		var first ticket
		if json.Unmarshal(p.Data[0], &first) != nil || !agiledTime(first.Updated).IsZero() {
			return
		}
	}
}

// calm reports whether the list stayed as it was while a part of it was read. What is created, changed or deleted meanwhile moves others
// from a page to the next or to the one before, which may have been read already: the run after this one would take them for old.
func (l *agiledList) calm() bool {
	if l.pages == 1 {
		return true
	}
	first := l.first
	again := l.next(1)
	return again == nil || !l.moved && slices.EqualFunc(first.Data, again.Data, slices.Equal[json.RawMessage])
}

// next gives on the fresh tickets of a page; nil after a gap.
func (l *agiledList) next(number int) *agiledPage {
	p, err := l.page(number)
	if err != nil {
		l.failed(number, err)
		l.done = true
		return nil
	}
	if l.pages++; l.first == nil {
		l.first = p
	}
	l.moved = l.moved || p.Meta.Total != l.first.Meta.Total
	l.shrunk = l.shrunk || p.Meta.Total < l.total
	l.total = p.Meta.Total
	for _, data := range p.Data {
		var t ticket
		if err := json.Unmarshal(data, &t); err != nil || len(t.ID) == 0 || string(t.ID) == "null" {
			l.failed(number, errors.New("a ticket has no id, or is no JSON object"))
			l.done = true
			return nil
		}
		l.order.next(t)
		l.seen[string(t.ID)] = true
		if l.ok && l.window.fresh(string(t.ID), t.changed(), data) {
			l.record("agiled-json", AgiledScheme, slices.Concat([]byte("["), data, []byte("]")), nil)
		}
	}
	return p
}

// order watches the order of a list. A field that Agiled does not sort by falls back to another without a word, so that the order is
// believed only where it is that of change and of nothing that may be a default.
type order struct {
	n             int
	last, created time.Time
	lost, other   bool // not in the order of change; not in that of creation
}

// next takes the next ticket of the list.
func (o *order) next(t ticket) {
	at, created := agiledTime(t.Updated), agiledTime(t.Created)
	if o.n++; o.n > 1 {
		o.lost = o.lost || at.After(o.last)
		o.other = o.other || created.After(o.created)
	}
	o.lost = o.lost || at.IsZero() || created.IsZero()
	o.last, o.created = at, created
}

// proven reports whether the list is surely in the order of change, the latest first.
func (o *order) proven() bool { return o.n >= perPage && !o.lost && o.other }

// errRefused are statuses that are not what was asked for.
type errRefused int

// Error implements error.
func (e errRefused) Error() string {
	switch e {
	case http.StatusUnauthorized:
		return "Agiled does not accept the key (401): it is wrong, revoked or expired, or the base URL is that of another environment"
	case http.StatusForbidden:
		return "the key may not read tickets, or the plan has no API access (403)"
	case http.StatusTooManyRequests:
		return "Agiled's rate limit lasts longer than this run waits (429)"
	}
	return fmt.Sprintf("Agiled answered %d", int(e))
}

// failed tells of a page that was not read.
func (d *agiled) failed(number int, err error) {
	next := "run the same command again"
	var status errRefused
	if errors.As(err, &status) && (status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusNotFound) {
		next = "check agiled.base_url and agiled.review_key in the configuration"
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the URL
	}
	d.gap("tickets of Agiled from page "+strconv.Itoa(number)+" on", err.Error(), next, err)
}

// page reads a page of the list.
func (d *agiled) page(number int) (*agiledPage, error) {
	if err := d.pace(d.ctx); err != nil {
		return nil, err
	}
	q := url.Values{"page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(perPage)}, "sort_by": {"updated_at"}, "sort_direction": {"desc"}}
	req, err := http.NewRequestWithContext(d.ctx, http.MethodGet, d.list+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", d.agent)
	req.Header.Set("Accept", "application/json")
	res, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errRefused(res.StatusCode)
	}
	var body page
	if _, err := io.Copy(&body, res.Body); err != nil {
		return nil, fmt.Errorf("the page is cut off: %w", err)
	}
	var p agiledPage
	if json.Unmarshal(body.data, &p) != nil || p.Data == nil || p.Meta == nil {
		return nil, errors.New("the page is cut off, or no list of Agiled's")
	}
	if p.Meta.Current != number && len(p.Data) > 0 {
		return nil, fmt.Errorf("page %d was given instead", p.Meta.Current)
	}
	return &p, nil
}

// pace waits until a read is within the limit. What is refused all the same is waited for as the refusal says.
func (d *agiled) pace(ctx context.Context) error {
	now := d.clock.Now()
	if len(d.asked) >= agiledReads {
		if wait := d.asked[0].Add(time.Minute).Sub(now); wait > 0 {
			if err := d.clock.Sleep(ctx, wait); err != nil {
				return err
			}
		}
		d.asked = d.asked[1:]
	}
	d.asked = append(d.asked, d.clock.Now())
	return nil
}
