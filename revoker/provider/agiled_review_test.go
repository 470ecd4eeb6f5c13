package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// exposed is a window of 20 days that ended 15 days ago, so that records can be changed after it.
func (w *agiledWorld) exposed() revoker.Window {
	return revoker.Window{From: w.clock.now.AddDate(0, 0, -35), To: w.clock.now.AddDate(0, 0, -15)}
}

// review reviews the leaked key.
func (w *agiledWorld) review(window revoker.Window) revoker.Activity {
	w.t.Helper()
	p := w.provider(agiledRule)
	v := w.active(p)
	a, err := p.Reviewer.Review(w.t.Context(), w.finding(), v, window)
	if err != nil {
		w.t.Fatal(err)
	}
	w.holdsNoKey("activity", a)
	if len(w.changes()) != 0 {
		w.t.Error("a review sent a mutating request")
	}
	for _, c := range w.Calls() {
		if c.Status == 429 {
			w.t.Fatal("the review ran into the rate limit")
		}
	}
	return a
}

// records are the ids of the records of an activity, by list, sorted.
func records(a revoker.Activity) map[string][]string {
	ids := map[string][]string{}
	for _, e := range a.Events {
		if !strings.HasPrefix(e.Kind, "webhook") {
			list := strings.ReplaceAll(e.Kind, " ", "-")
			ids[list] = append(ids[list], e.Object)
		}
	}
	for _, list := range ids {
		slices.Sort(list)
	}
	return ids
}

func sorted(inside map[string][]string) map[string][]string {
	for _, ids := range inside {
		slices.Sort(ids)
	}
	return inside
}

func saysBlind(a revoker.Activity, part string) bool {
	return slices.ContainsFunc(a.BlindSpots, func(s string) bool { return strings.Contains(s, part) })
}

// lists counts the requests for each list.
func (w *agiledWorld) lists() map[string]int {
	n := map[string]int{}
	for _, c := range w.Calls() {
		n[strings.TrimPrefix(c.Path, "/public/v1/")]++
	}
	return n
}

func TestAgiledReviewFindsEverything(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{Seed: 3})
	window := w.exposed()
	inside := w.Fill(w.org.ID, providertest.AgiledFill{Before: 530, Inside: 15, After: 4, From: window.From, To: window.To})
	a := w.review(window)
	if d := cmp.Diff(sorted(inside), records(a)); d != "" {
		t.Error(d)
	}
	for list := range inside {
		if n := a.Counts[strings.ReplaceAll(list, "-", " ")]; n != 15 {
			t.Errorf("%s: %d counted", list, n)
		}
	}
	kinds := slices.Sorted(maps.Keys(inside))
	if len(a.CanWrite) != len(kinds)+1 || !slices.Contains(a.CanWrite, "time entries") || !slices.Contains(a.CanWrite, "webhook subscriptions") {
		t.Errorf("can write %v", a.CanWrite)
	}
	for _, spot := range []string{"reads:", "deletions:", "attribution:", "webhook deliveries:", "other kinds:", "earlier changes:"} {
		if !saysBlind(a, spot) {
			t.Errorf("no blind spot %q in %q", spot, a.BlindSpots)
		}
	}
	for _, e := range a.Events {
		if !strings.HasPrefix(e.Kind, "webhook") && (e.At.Before(window.From) || e.At.After(window.To) || e.Detail == "" || e.Outlives) {
			t.Errorf("event %+v", e)
		}
	}
	if a.Window != window {
		t.Errorf("window %v", a.Window)
	}
}

func TestAgiledReviewCountsNothing(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.Fill(w.org.ID, providertest.AgiledFill{Before: 3, From: w.exposed().From, To: w.exposed().To})
	a := w.review(w.exposed())
	if n, ok := a.Counts["payments"]; !ok || n != 0 || len(a.Events) != 0 {
		t.Errorf("counts %v, events %v", a.Counts, a.Events)
	}
}

// In a list that falls back to its default order, by creation, in which nothing was changed but one record far down, the
// first page falls by time of update as well. Whoever stops there misses the record.
func TestAgiledReviewIsNotFooledByTheFallback(t *testing.T) {
	for list, sorts := range map[string][]string{"deals": nil, "tasks": {"created_at", "updated_at"}, "projects": {"created_at"}, "tickets": {"updated_at"}} {
		t.Run(list, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{Sorts: map[string][]string{list: sorts}})
			window := w.exposed()
			at := window.From.AddDate(0, 0, -200)
			var ids []string
			for i := range 450 {
				ids = append(ids, w.AddRecord(w.org.ID, list, at.Add(time.Duration(i)*time.Hour), at.Add(time.Duration(i)*time.Hour)))
			}
			w.Touch(w.org.ID, list, ids[100], window.From.Add(time.Hour))
			born := w.AddRecord(w.org.ID, list, window.From.Add(2*time.Hour), time.Time{})
			a := w.review(window)
			want := []string{ids[100], born}
			slices.Sort(want)
			if d := cmp.Diff(want, records(a)[list]); d != "" {
				t.Error(d)
			}
			if n, all := w.lists()[list], 5; (n < all) != slices.Contains(sorts, "updated_at") && len(sorts) != 1 {
				t.Errorf("%d requests with sort fields %v", n, sorts)
			}
		})
	}
}

func TestAgiledReviewStopsWhereTheOrderAllows(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{Sorts: map[string][]string{"deals": {"updated_at", "created_at"}}})
	window := w.exposed()
	inside := w.Fill(w.org.ID, providertest.AgiledFill{
		Lists: []string{"contacts", "deals"}, Before: 2000, Inside: 30, From: window.From, To: window.To,
	})
	a := w.review(window)
	if d := cmp.Diff(sorted(inside), records(a)); d != "" {
		t.Error(d)
	}
	if n := w.lists(); n["contacts"] > 4 || n["deals"] > 6 {
		t.Errorf("%d requests for contacts, %d for deals; each has 21 pages", n["contacts"], n["deals"])
	}
	if saysBlind(a, "looked at") {
		t.Errorf("blind spots %q", a.BlindSpots)
	}
}

// through puts something between the provider and the simulator that changes queries.
func (w *agiledWorld) through(change func(url.Values)) {
	server, err := providertest.Start(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		change(q)
		r.URL.RawQuery = q.Encode()
		w.ServeHTTP(rw, r)
	}), "api.agiled.ai")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = server.Close() })
	w.o.Simulate = &provider.Simulation{Hosts: map[string]string{"api.agiled.ai:443": server.TLSAddr}, Roots: server.Roots}
}

func TestAgiledReviewDoesNotTrustTheDirection(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.through(func(q url.Values) { q.Set("sort_direction", "asc") })
	window := w.exposed()
	inside := w.Fill(w.org.ID, providertest.AgiledFill{
		Lists: []string{"contacts", "tasks"}, Before: 300, Inside: 3, From: window.From, To: window.To,
	})
	if d := cmp.Diff(sorted(inside), records(w.review(window))); d != "" {
		t.Error(d)
	}
}

// A list that sorts by update but not by creation, and whose own order falls by creation only at first.
func TestAgiledReviewDoesNotTrustOnePage(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{Sorts: map[string][]string{"tasks": {"updated_at", "name"}}})
	w.through(func(q url.Values) {
		if q.Get("sort_by") == "created_at" {
			q.Set("sort_by", "name")
		}
	})
	window := w.exposed()
	for i := range 300 {
		at := window.From.AddDate(0, 0, -10).Add(time.Duration(i) * -time.Hour)
		w.SetField(w.org.ID, "tasks", w.AddRecord(w.org.ID, "tasks", at, at), "name", fmt.Sprintf("%03d", 300-i))
	}
	born := w.AddRecord(w.org.ID, "tasks", window.From.Add(time.Hour), time.Time{})
	w.SetField(w.org.ID, "tasks", born, "name", "000")
	if d := cmp.Diff(map[string][]string{"tasks": {born}}, records(w.review(window))); d != "" {
		t.Error(d)
	}
}

func TestAgiledReviewReadsOnWhereZonesAreUnknown(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{TimeFormat: map[string]string{"contacts": time.DateTime}})
	window := w.exposed()
	var want []string
	for i := range 120 {
		at := window.From.Add(-time.Duration(i) * 6 * time.Minute)
		want = append(want, w.AddRecord(w.org.ID, "contacts", at, at))
	}
	slices.Sort(want)
	if d := cmp.Diff(want, records(w.review(window))["contacts"]); d != "" {
		t.Error(d)
	}
}

func TestAgiledReviewCap(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.o.Agiled.ReviewPages = 2
	window := w.exposed()
	w.Fill(w.org.ID, providertest.AgiledFill{Lists: []string{"deals"}, Before: 250, Inside: 50, From: window.From, To: window.To})
	if a := w.review(window); !saysBlind(a, "deals: only 200 of 300 records were looked at") {
		t.Errorf("blind spots %q", a.BlindSpots)
	}
}

func TestAgiledReviewTimes(t *testing.T) {
	for layout, unsure := range map[string]bool{
		time.RFC3339: false, "2006-01-02T15:04:05.000Z": false, "2006-01-02T15:04:05": true, time.DateTime: true, time.DateOnly: true,
	} {
		t.Run(layout, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{TimeFormat: map[string]string{"invoices": layout}})
			window := w.exposed()
			window.From = window.From.Add(300 * time.Millisecond) // records tell whole seconds
			add := func(at time.Time) string { return w.AddRecord(w.org.ID, "invoices", at, at) }
			edge, middle := add(window.From.Truncate(time.Second)), add(window.From.AddDate(0, 0, 5))
			before := add(window.From.Add(-10 * time.Hour))
			add(window.From.AddDate(0, 0, -4))
			add(window.To.AddDate(0, 0, 4))
			want := []string{edge, middle}
			if unsure {
				want = append(want, before)
			}
			slices.Sort(want)
			a := w.review(window)
			if d := cmp.Diff(want, records(a)["invoices"]); d != "" {
				t.Error(d)
			}
			for _, e := range a.Events {
				if e.Object == before && !strings.Contains(e.Detail, "no zone") || e.Object == middle && strings.Contains(e.Detail, "no zone") {
					t.Errorf("event %+v", e)
				}
			}
		})
	}
}

func TestAgiledReviewSaysWhatTimesHide(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{TimeFormat: map[string]string{"payments": "Jan 2"}})
	window := w.exposed()
	old := window.From.AddDate(0, 0, -9)
	w.AddRecord(w.org.ID, "deals", old, window.To.AddDate(0, 0, 2))
	w.AddRecord(w.org.ID, "payments", old, old)
	for range 501 {
		w.AddRecord(w.org.ID, "tasks", window.From.Add(time.Hour), time.Time{})
	}
	a := w.review(window)
	for _, spot := range []string{"deals: 1 records were changed after the window", "payments: 1 records carry no id or no time", "tasks: 1 more records"} {
		if !saysBlind(a, spot) {
			t.Errorf("no blind spot %q in %q", spot, a.BlindSpots)
		}
	}
	if a.Counts["tasks"] != 501 || len(records(a)["tasks"]) != 500 {
		t.Errorf("%d tasks counted, %d named", a.Counts["tasks"], len(records(a)["tasks"]))
	}
}

func TestAgiledReviewOpenWindow(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	id := w.AddRecord(w.org.ID, "deals", w.clock.now.AddDate(0, 0, -80), time.Time{})
	a := w.review(revoker.Window{})
	if d := cmp.Diff(map[string][]string{"deals": {id}}, records(a)); d != "" {
		t.Error(d)
	}
	if !saysBlind(a, "not known") || !saysBlind(a, "not confirmed dead") {
		t.Errorf("blind spots %q", a.BlindSpots)
	}
}

func TestAgiledReviewWebhooks(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.o.Agiled.ExpectedTargets = []string{"hooks.acme.example"}
	window := w.exposed()
	during, before := window.From.Add(time.Hour), window.From.AddDate(0, 0, -50)
	secretPath := "https://Collect.example.net/in/c2VjcmV0"
	evil := w.AddSubscription(w.org.ID, providertest.AgiledSubscription{Description: "sync2", TargetURL: secretPath, Events: []string{"contact.created"}, Created: during})
	ours := w.AddSubscription(w.org.ID, providertest.AgiledSubscription{Description: "sync", TargetURL: "https://hooks.acme.example/in", Events: []string{"contact.created"}, Created: before})
	old := w.AddSubscription(w.org.ID, providertest.AgiledSubscription{TargetURL: "https://hooks.acme.example.evil.net/", Created: before})
	sent := w.AddDelivery(w.org.ID, providertest.AgiledDelivery{Event: "contact.created", TargetURL: secretPath, Status: "delivered", Attempts: 1, At: during})
	w.AddDelivery(w.org.ID, providertest.AgiledDelivery{Event: "contact.created", TargetURL: "https://hooks.acme.example/in", Status: "delivered", At: during})
	w.AddDelivery(w.org.ID, providertest.AgiledDelivery{Event: "contact.created", TargetURL: secretPath, Status: "delivered", At: before})
	a := w.review(window)
	byID := map[string]revoker.Event{}
	for _, e := range a.Events {
		byID[e.Object] = e
	}
	want := map[string]revoker.Event{
		evil: {
			At: during, Kind: "webhook subscription", Object: evil, Outlives: true,
			Detail: `"sync2" → https://Collect.example.net (contact.created): active, created while the key was exposed, NOT on your list of targets`,
		},
		ours: {
			At: before, Kind: "webhook subscription", Object: ours, Expected: true,
			Detail: `"sync" → https://hooks.acme.example (contact.created): active`,
		},
		old: {
			At: before, Kind: "webhook subscription", Object: old, Outlives: true,
			Detail: `"" → https://hooks.acme.example.evil.net (no events told): active, NOT on your list of targets`,
		},
		sent: {
			At: during, Kind: "webhook delivery", Object: sent,
			Detail: "contact.created → https://Collect.example.net (delivered), NOT on your list of targets",
		},
	}
	if d := cmp.Diff(want, byID); d != "" {
		t.Error(d)
	}
	if a.Counts["webhook subscriptions"] != 1 || a.Counts["webhook deliveries"] != 2 {
		t.Errorf("counts %v", a.Counts)
	}
	w.o.Agiled.ExpectedTargets = nil
	for _, e := range w.review(window).Events {
		if e.Kind == "webhook subscription" && (!e.Outlives || !strings.Contains(e.Detail, "expected_targets")) {
			t.Errorf("without a list of targets: %+v", e)
		}
	}
}

// Field shapes are not documented: ids may be numbers, a list may come without meta, one event may stand for a list of them.
func TestAgiledReviewReadsOtherShapes(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	at := w.exposed().From.Add(time.Hour).Format(time.RFC3339)
	bodies := map[string]string{
		"/public/v1/contacts":              `{"data":[{"id":17,"created_at":"` + at + `"},{"id":{"x":1},"created_at":"` + at + `"},{"id":"18","updated_at":null}]}`,
		"/public/v1/deals":                 `{"data":[{"id":"d","updated_at":"` + at + `"}],"meta":{"current_page":1,"last_page":1,"total":3}}`,
		"/public/v1/tasks":                 `{"data":{"id":"t"}}`,
		"/public/v1/invoices":              `[]`,
		"/public/v1/webhook-subscriptions": `{"data":[{"id":9,"target_url":"collect","events":"contact.created"},{"id":10,"target_url":null,"events":{}}]}`,
	}
	server, err := providertest.Start(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		if !ok {
			w.ServeHTTP(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(body))
	}), "api.agiled.ai")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	w.o.Simulate = &provider.Simulation{Hosts: map[string]string{"api.agiled.ai:443": server.TLSAddr}, Roots: server.Roots}
	a := w.review(w.exposed())
	if d := cmp.Diff(map[string][]string{"contacts": {"17"}, "deals": {"d"}}, records(a)); d != "" {
		t.Error(d)
	}
	for _, spot := range []string{"contacts: 2 records carry no id or no time", "deals: 1 of 3 records were seen", "tasks: answered 200 with something", "invoices: answered 200 with something"} {
		if !saysBlind(a, spot) {
			t.Errorf("no blind spot %q in %q", spot, a.BlindSpots)
		}
	}
	hooks := 0
	for _, e := range a.Events {
		if e.Kind == "webhook subscription" && e.Outlives && strings.Contains(e.Detail, "a target that is not a URL") {
			hooks++
		}
	}
	if hooks != 2 {
		t.Errorf("events %+v", a.Events)
	}
}
