package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// agiledReviewer looks at what was changed in the leaked key's organization while it was exposed. It asks with another key
// of the same organization, and only for lists. Agiled documents no log of requests, so a change is found by its
// time and nothing ties it to the key; the blind spots of every review say so.
type agiledReviewer struct {
	*agiled
	// base is the root of the public API.
	base string
}

// agiledKinds are the documented lists of records that a full-access key may write. sorted says that the list documents
// created_at and updated_at as sort fields. The documented filter updated_after (contacts only) is not used: the value's
// format is not documented, a filter that misreads it hides records silently, and an order can be checked.
var agiledKinds = [...]struct {
	list   string
	sorted bool
}{
	{"contacts", true},
	{"accounts", false},
	{"deals", false},
	{"tickets", false},
	{"projects", false},
	{"tasks", false},
	{"time-entries", false},
	{"invoices", false},
	{"estimates", false},
	{"expenses", false},
	{"payments", false},
	{"products", false},
	{"files", false},
}

// agiledBlind are the blind spots of every review.
func agiledBlind() []string {
	return []string{
		"reads: Agiled documents no log of requests, so what was read with the key cannot be seen",
		"deletions: lists do not show deleted records",
		"attribution: no documented field says which key or person made a change; records are listed by their time alone",
		"earlier changes: a record shows its last change only",
		"other kinds: only lists that Agiled documents are read; the key may reach more (sending documents by e-mail, for one)",
	}
}

// maxListed is how many records of one kind a review names; all are counted.
const maxListed = 500

// Review implements [revoker.Reviewer].
func (r *agiledReviewer) Review(ctx context.Context, f scanner.Finding, v revoker.Verdict, w revoker.Window) (revoker.Activity, error) {
	from, to, spots := bounds(w, r.client.clock.Now())
	a := revoker.Activity{Window: w, Counts: map[string]int{}, CanWrite: writable(v)}
	s := &survey{
		lists:    agiledLists{client: r.client, base: r.base, key: r.o.ReviewKey},
		reviewer: r, finding: f, activity: &a,
		// Records tell whole seconds, so the window opens with the second.
		window: revoker.Window{From: from.Truncate(time.Second), To: to},
	}
	why, err := s.barred(ctx, v)
	if err != nil {
		return a, err
	}
	if why != "" {
		a.BlindSpots = slices.Concat([]string{"nothing was listed: " + why}, spots, agiledBlind())
		return a, nil
	}
	if err := s.everything(ctx); err != nil {
		return a, err
	}
	a.BlindSpots = slices.Concat(a.BlindSpots, spots, agiledBlind())
	return a, nil
}

// writable are the kinds that the key may write. The format of abilities is not documented, so they narrow nothing unless
// every one of them is named as a read.
func writable(v revoker.Verdict) []string {
	abilities := strings.FieldsFunc(strings.ToLower(v.Facts["scopes"]), func(c rune) bool { return c == ',' || c == ' ' })
	reads := func(ability string) bool {
		words := strings.FieldsFunc(ability, func(c rune) bool { return strings.ContainsRune(":._/-", c) })
		return slices.Contains(words, "read")
	}
	if len(abilities) > 0 && !slices.ContainsFunc(abilities, func(s string) bool { return !reads(s) }) {
		return nil
	}
	var kinds []string
	for _, k := range agiledKinds {
		kinds = append(kinds, inWords(k.list))
	}
	return append(kinds, "webhook subscriptions")
}

// inWords is a list's name for people.
func inWords(list string) string { return strings.ReplaceAll(list, "-", " ") }

// survey is one review.
type survey struct {
	lists    agiledLists
	reviewer *agiledReviewer
	finding  scanner.Finding
	window   revoker.Window
	activity *revoker.Activity
}

func (s *survey) blind(format string, args ...any) {
	s.activity.BlindSpots = append(s.activity.BlindSpots, fmt.Sprintf(format, args...))
}

// barred says why nothing can be listed; "" when the review key is good for this review.
func (s *survey) barred(ctx context.Context, v revoker.Verdict) (string, error) {
	key := s.reviewer.o.ReviewKey
	switch {
	case key.Len() == 0:
		where := "the leaked key's organization"
		if name := v.Facts["organization"]; name != "" {
			where = fmt.Sprintf("organization %q", name)
		}
		return "no review key is configured. In Agiled, under Settings > API, make a key with the preset Read only in " + where +
			", and set providers.agiled.review_key to it", nil
	case key.Equal(s.finding.Token()):
		return "the review key is the leaked key itself; set providers.agiled.review_key to another key of the same organization", nil
	case s.lists.base == "":
		return "no base URL is known; set providers.agiled.base_url to the one that Agiled's API settings show", nil
	}
	got, err := s.lists.get(ctx, "/me", nil)
	if err != nil {
		return s.refused(got, err)
	}
	var me struct {
		Data struct {
			Organization struct {
				ID   loose `json:"id"`
				Name loose `json:"name"`
			} `json:"organization"`
		} `json:"data"`
	}
	if json.Unmarshal([]byte(got.Body), &me) != nil {
		return "the review key was answered with something that is not JSON; check the base URL", nil
	}
	return s.sameOrganization(ctx, v, string(me.Data.Organization.ID), string(me.Data.Organization.Name))
}

// refused reads a /me that did not answer 200. What may pass is an error, so that the review is done again.
func (s *survey) refused(got reply, err error) (string, error) {
	var cannot *unlisted
	if !errors.As(err, &cannot) {
		return "", err
	}
	switch {
	case got.Status == http.StatusUnauthorized:
		return "the review key is not accepted (401): it is revoked, expired (keys live 90 days), or of another environment; " +
			"set providers.agiled.review_key to a live one", nil
	case got.Status == http.StatusForbidden:
		return "the review key is refused (403): its organization's plan does not allow API access", nil
	case got.Status/100 == 3 || got.Status == http.StatusNotFound:
		return fmt.Sprintf("the review key was answered %d; check the base URL", got.Status), nil
	}
	return "", fmt.Errorf("review of key %s: the review key's GET /me: %w; do it again later with: quash review %s", s.finding.ID, err, s.finding.ID)
}

// sameOrganization compares the review key's organization with the leaked key's: as Agiled told it, or else as the
// inventory has it.
func (s *survey) sameOrganization(ctx context.Context, v revoker.Verdict, id, name string) (string, error) {
	if told := v.Facts["owner_id"]; told != "" {
		if told != id {
			return fmt.Sprintf("the review key belongs to organization %q, the leaked key to %q; set providers.agiled.review_key to a key of the latter",
				clean(cmp.Or(name, id), s.finding), v.Owner()), nil
		}
		return "", nil
	}
	known, err := s.reviewer.record(ctx, s.finding.ID)
	if err != nil {
		return "", err
	}
	if known.Organization == "" || known.Organization != id && known.Organization != name {
		return fmt.Sprintf("the leaked key did not tell its organization, and the inventory does not say that it is %q, the review key's; "+
			"record it with: quash keys add (for %s)", clean(cmp.Or(name, id), s.finding), s.finding.ID), nil
	}
	return "", nil
}

// everything reads all lists. Its error is one that the caller can mend; a list that cannot be read is a blind spot.
func (s *survey) everything(ctx context.Context) error {
	if err := s.subscriptions(ctx); err != nil {
		return err
	}
	if err := s.deliveries(ctx); err != nil {
		return err
	}
	for _, k := range agiledKinds {
		if err := s.records(ctx, k.list, k.sorted); err != nil {
			return err
		}
	}
	return nil
}

// records finds the records of one list that were created or changed in the window. It asks twice, by update and by
// creation, because a record that was never changed need not have an update time; the second time only where the first
// did not see the whole list.
func (s *survey) records(ctx context.Context, list string, sorted bool) error {
	found := newTally(s.window)
	p := pass{list: list, pages: s.reviewer.o.ReviewPages, sorted: sorted, window: s.window, row: found.add}
	for _, p.sortBy = range []string{"updated_at", "created_at"} {
		end, err := s.lists.run(ctx, p)
		var cannot *unlisted
		if errors.As(err, &cannot) {
			s.blind("%s: %s; %d records were seen before that", inWords(list), cannot.why, end.read)
			if len(found.rows) == 0 {
				return nil
			}
			break
		}
		if err != nil {
			return err
		}
		if !end.whole && !end.early {
			s.blind("%s: only %d of %d records were looked at (providers.agiled.review_pages)", inWords(list), end.read, end.total)
		}
		if end.whole {
			s.moved(list, len(found.rows), end.total)
			break
		}
	}
	s.report(list, found)
	return nil
}

// moved notes a list that shrank or shifted under the reading.
func (s *survey) moved(list string, seen, total int) {
	if seen < total {
		s.blind("%s: %d of %d records were seen, the list moved while it was read", inWords(list), seen, total)
	}
}

// tally sorts the records of one list by what the window has to do with them.
type tally struct {
	window revoker.Window
	rows   map[string]revoker.Event
	// inside are the ids of records that were created or changed in the window, in the order in which they were seen.
	inside []string
	// later counts records that were changed after it, undated those without a readable id or time.
	later, undated int
}

func newTally(w revoker.Window) *tally { return &tally{window: w, rows: map[string]revoker.Event{}} }

// add takes one record; one that was seen before changes nothing.
func (t *tally) add(row agiledRow) {
	id := string(row.ID)
	if id == "" {
		t.undated++
		return
	}
	if _, seen := t.rows[id]; seen {
		return
	}
	created, hasCreated := agiledTime(string(row.Created))
	updated, hasUpdated := agiledTime(string(row.Updated))
	e := revoker.Event{Object: id}
	switch {
	case hasUpdated && updated.touches(t.window):
		e.At, e.Detail = updated.told, "changed"+t.unsure(updated)
		if hasCreated && created.touches(t.window) {
			e.Detail = "created and changed" + t.unsure(updated)
		}
		if created.told.Equal(updated.told) {
			e.Detail = "created" + t.unsure(created)
		}
		t.inside = append(t.inside, id)
	case hasCreated && created.touches(t.window):
		e.At, e.Detail = created.told, "created"+t.unsure(created)
		t.inside = append(t.inside, id)
	case !hasCreated && !hasUpdated:
		t.undated++
	case hasUpdated && updated.early.After(t.window.To) && !created.early.After(t.window.To):
		t.later++
	}
	t.rows[id] = e
}

// unsure says that a time may lie just outside the window.
func (t *tally) unsure(m moment) string {
	if m.inside(t.window) {
		return ""
	}
	return "; its time has no zone and may lie just outside the window"
}

// report adds what was found to the activity.
func (s *survey) report(list string, found *tally) {
	kind := inWords(list)
	s.activity.Counts[kind] = len(found.inside)
	for _, id := range found.inside[:min(len(found.inside), maxListed)] {
		e := found.rows[id]
		e.Kind, e.Object = kind, clean(e.Object, s.finding)
		s.activity.Events = append(s.activity.Events, e)
	}
	if more := len(found.inside) - maxListed; more > 0 {
		s.blind("%s: %d more records were counted and are not named", kind, more)
	}
	if found.undated > 0 {
		s.blind("%s: %d records carry no id or no time that can be read", kind, found.undated)
	}
	if found.later > 0 {
		s.blind("%s: %d records were changed after the window; whether they were changed in it too cannot be seen", kind, found.later)
	}
}
