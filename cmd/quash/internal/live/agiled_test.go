package live_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
	"github.com/quash-sh/quash/cmd/quash/internal/live"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// office is an Agiled on loopback with an organisation.
type office struct {
	t     testing.TB
	sim   *providertest.Agiled
	org   string
	key   providertest.AgiledKey
	clock *forgetest.Clock
	set   *rules.Set
	url   string
	// answer, where it is set, answers instead when it returns true.
	answer func(http.ResponseWriter, *http.Request) bool
	keys   uint64
}

func newOffice(t testing.TB, sorts ...string) *office {
	t.Helper()
	o := &office{t: t, clock: forgetest.NewClock(begin)}
	o.sim = providertest.NewAgiled(providertest.AgiledOptions{Seed: 1, Now: o.clock.Now, Sorts: map[string][]string{"tickets": sorts}})
	o.org = o.sim.AddOrganization("Acme GmbH").ID
	o.key = o.sim.AddKey(providertest.AgiledKey{Name: "quash", Organization: o.org, Preset: providertest.AgiledReadOnly})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.answer == nil || !o.answer(w, r) {
			o.sim.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	o.url = server.URL
	o.set = builtin(t)
	return o
}

// ticket adds a ticket with a key in it. Without a time of change it never changed.
func (o *office) ticket(created, updated time.Time) string {
	id := o.sim.AddRecord(o.org, "tickets", created, updated)
	o.keys++
	o.sim.SetField(o.org, "tickets", id, "description", "<p>It sends "+sampleKey(o.set, o.keys)+"</p>")
	return id
}

func (o *office) open(past live.State) *live.Source {
	o.t.Helper()
	token := func(context.Context) (string, error) { return o.key.Token, nil }
	src, err := live.OpenAgiled(live.AgiledOptions{Base: o.url + "/public/v1", Key: token, Clock: o.clock}, live.Options{Past: past})
	if err != nil {
		o.t.Fatal(err)
	}
	return src
}

// pages are the pages of the list that were asked for since the last time.
func (o *office) pages(from int) (all []string) {
	for _, c := range o.sim.Calls()[from:] {
		all = append(all, c.Query.Get("page"))
	}
	return all
}

// TestAgiled: tickets are read from all pages, and placed by ticket, field and time.
func TestAgiled(t *testing.T) {
	o := newOffice(t, "updated_at")
	id := o.ticket(begin.Add(-time.Hour), time.Time{})
	for i := range 250 {
		o.ticket(begin.Add(time.Duration(-i)*time.Minute), begin)
	}
	places, gaps := found(t, o.open(nil))
	if len(places) != 251 || len(gaps) > 0 {
		t.Fatalf("found %d, gaps %q", len(places), gaps)
	}
	if want := "agiled-tickets: | " + id + " | description |  | 07:00:00 | "; !slices.Contains(places, want) {
		t.Errorf("%q is missing in %q", want, places[:3])
	}
}

// TestAgiledIncremental: what runs found together is what one run over everything finds, whether the list can be asked for in the order
// of change or falls back, and tickets that never changed are seen too.
func TestAgiledIncremental(t *testing.T) {
	for name, sorts := range map[string][]string{"sorted": {"updated_at"}, "fallback": {}} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				o := newOffice(t, sorts...)
				union, state, ids, now := map[string]bool{}, live.State(nil), []string{}, begin
				write := func() {
					now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(rt, "seconds")) * time.Second)
					switch what := rapid.IntRange(0, 3).Draw(rt, "what"); {
					case what == 0:
						ids = append(ids, o.ticket(now, time.Time{}))
					case what == 1 || len(ids) == 0:
						ids = append(ids, o.ticket(now, now))
					default:
						id := rapid.SampledFrom(ids).Draw(rt, "which")
						o.keys++
						o.sim.SetField(o.org, "tickets", id, fmt.Sprintf("note_%d", o.keys), sampleKey(o.set, o.keys))
						o.sim.Touch(o.org, "tickets", id, now)
					}
				}
				for range rapid.IntRange(1, 4).Draw(rt, "runs") {
					for range rapid.IntRange(0, 180).Draw(rt, "writes") {
						write()
					}
					during := rapid.IntRange(0, 3).Draw(rt, "during")
					o.answer = func(http.ResponseWriter, *http.Request) bool {
						if during--; during >= 0 {
							write()
						}
						return false
					}
					src := o.open(state)
					places, gaps := found(t, src)
					if state = src.State(); len(gaps) > 0 {
						rt.Fatalf("gaps %q", gaps)
					}
					for _, p := range places {
						union[p] = true
					}
				}
				o.answer = nil
				src := o.open(state)
				last, _ := found(t, src)
				state = src.State()
				for _, p := range last {
					union[p] = true
				}
				whole, _ := found(t, o.open(nil))
				if d := cmp.Diff(whole, slices.Sorted(maps.Keys(union))); d != "" {
					rt.Fatalf("(-whole +parts)\n%s", d)
				}
				src = o.open(state)
				if found(t, src); src.Coverage().Seen["records"] != 0 {
					rt.Fatalf("%d records were read again", src.Coverage().Seen["records"])
				}
			})
		})
	}
}

// TestAgiledStops: a list in the order of change is read as far as something changed; another is read to its end.
func TestAgiledStops(t *testing.T) {
	for name, c := range map[string]struct {
		sorts []string
		want  []string
	}{"sorted": {[]string{"updated_at"}, []string{"1", "5", "1"}}, "fallback": {nil, []string{"1", "2", "3", "4", "5"}}} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, c.sorts...)
			if c.sorts == nil {
				o = newOffice(t, "subject")
			}
			for i := range 450 { // those that are older changed later
				o.ticket(begin.Add(time.Duration(i)*time.Hour), begin.Add(time.Duration(2000-i)*time.Hour))
			}
			src := o.open(nil)
			found(t, src)
			asked := len(o.sim.Calls())
			found(t, o.open(src.State()))
			if d := cmp.Diff(c.want, o.pages(asked)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestAgiledChanges: a list that changes while it is read is read until everything was seen.
func TestAgiledChanges(t *testing.T) {
	o := newOffice(t, "updated_at")
	var ids []string
	for i := range 250 {
		ids = append(ids, o.ticket(begin.Add(time.Duration(i)*time.Second), begin.Add(time.Duration(i)*time.Second)))
	}
	o.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("page") == "2" && len(ids) > 248 { // of what was not read yet
			o.sim.Touch(o.org, "tickets", ids[0], begin.Add(time.Hour))
			ids = ids[1:]
		}
		return false
	}
	places, gaps := found(t, o.open(nil))
	if len(places) != 250 || len(gaps) > 0 {
		t.Errorf("found %d, gaps %q", len(places), gaps)
	}
	turn := 0
	o.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		turn++
		fmt.Fprintf(w, `{"data":[{"id":"t%d"}],"meta":{"current_page":1,"last_page":1,"total":%d}}`, turn, turn+3)
		return true
	}
	if _, gaps := found(t, o.open(nil)); len(gaps) != 1 || !strings.Contains(gaps[0], "the list changed whenever it was read") {
		t.Errorf("gaps %q", gaps)
	}
}

// TestAgiledMoves: a ticket that comes to stand behind the last page while the pages are read is found, though later changes were seen.
func TestAgiledMoves(t *testing.T) {
	o := newOffice(t, "updated_at")
	var id string
	for i := range 400 {
		updated := time.Time{}
		if i < 299 {
			updated = begin.Add(time.Duration(1000-i+i%7) * time.Minute)
		}
		id = o.ticket(begin.Add(time.Duration(400-i)*time.Minute), updated)
	}
	first := o.open(nil)
	found(t, first)
	o.sim.Touch(o.org, "tickets", id, begin.Add(2000*time.Minute))
	added := ""
	o.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if added == "" && r.URL.Query().Get("page") == "4" {
			added = o.ticket(begin.Add(1500*time.Minute), time.Time{})
		}
		return false
	}
	places, gaps := found(t, o.open(first.State()))
	if len(gaps) > 0 || !slices.ContainsFunc(places, func(p string) bool { return strings.Contains(p, added) }) {
		t.Errorf("found %q, gaps %q", places, gaps)
	}
}

// TestAgiledGaps: what cannot be read is named, with what to do, and without the key.
func TestAgiledGaps(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		want   string
	}{
		"credential": {status(401), "does not accept the key (401)"},
		"forbidden":  {status(403), "may not read tickets"},
		"no list":    {func(w http.ResponseWriter) { fmt.Fprint(w, `{"data":[`) }, "the page is cut off"},
		"cut":        {cutOff, "the page is cut off"},
		"redirect":   {func(w http.ResponseWriter) { w.Header().Set("Location", "/x"); w.WriteHeader(302) }, "Agiled answered 302"},
		"server":     {status(500), "Agiled answered 500"},
		"no id": {func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"data":[{}],"meta":{"current_page":2,"last_page":2,"total":1}}`)
		}, "a ticket has no id"},
		"other page": {func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"data":[{"id":1}],"meta":{"current_page":1,"last_page":2}}`)
		}, "page 1 was given instead"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, "updated_at")
			for range 150 {
				o.ticket(begin, begin)
			}
			o.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Get("page") != "2" {
					return false
				}
				c.answer(w)
				return true
			}
			src := o.open(nil)
			places, gaps := found(t, src)
			if len(places) != 100 || len(gaps) != 1 || !strings.Contains(gaps[0], c.want) || !strings.HasPrefix(gaps[0], "tickets of Agiled from page 2 on: ") {
				t.Errorf("found %d, gaps %q", len(places), gaps)
			}
			if len(src.State()) != 0 {
				t.Error("the run is remembered")
			}
		})
	}
}

// TestAgiledRate: more pages than a key may read in a minute take longer, and none is refused.
func TestAgiledRate(t *testing.T) {
	o := newOffice(t, "updated_at")
	for range 6500 {
		o.sim.AddRecord(o.org, "tickets", begin, begin)
	}
	_, gaps := found(t, o.open(nil))
	if len(gaps) > 0 || len(o.clock.Waits()) == 0 {
		t.Errorf("gaps %q, waits %v", gaps, o.clock.Waits())
	}
	for _, c := range o.sim.Calls() {
		if c.Status != http.StatusOK {
			t.Errorf("page %s: status %d", c.Query.Get("page"), c.Status)
		}
	}
	refused := false
	o.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		if refused = !refused; refused {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return refused
	}
	if _, gaps := found(t, o.open(nil)); len(gaps) > 0 || !slices.Contains(o.clock.Waits(), 30*time.Second) {
		t.Errorf("gaps %q", gaps)
	}
}

// TestAgiledConforms: it does what is promised of every source.
func TestAgiledConforms(t *testing.T) {
	o := newOffice(t, "updated_at")
	o.sim.AddRecord(o.org, "tickets", begin, begin)
	conforms(t, func(*testing.T) scanner.Source { return o.open(nil) })
}
