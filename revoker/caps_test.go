package revoker

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// many responds to n keys of one issuer each, at once, and returns how many were revoked and the outcomes' needs.
func many(t *testing.T, b *bench, from, to int, set func(n int, i *issuer)) (revoked int, needs map[string]int) {
	t.Helper()
	issuers := map[scanner.ID]*issuer{}
	for n := from; n < to; n++ {
		i := newIssuer()
		set(n, i)
		issuers[found(n).ID] = i
	}
	needs = map[string]int{}
	var mu sync.Mutex
	var done sync.WaitGroup
	for n := from; n < to; n++ {
		done.Go(func() {
			r := *b.Responder
			a := selfRevoke
			r.Provider = func(string) Provider { return issuers[found(n).ID].provider(a) }
			out, err := r.Respond(t.Context(), found(n))
			if err != nil {
				t.Errorf("key %d: %v", n, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			needs[out.Decision.Needs]++
		})
	}
	done.Wait()
	for _, i := range issuers {
		revoked += i.revokes
	}
	return revoked, needs
}

func TestG16MassMistakeStopsAtTheCap(t *testing.T) {
	for _, c := range []struct {
		name string
		keys int
		caps Caps
		want int
	}{
		{"default", 100, Caps{}, 5},
		{"run", 20, Caps{Run: 7}, 7},
		{"provider", 20, Caps{Run: 50, Provider: 3}, 3},
		{"hour", 20, Caps{Run: 50, Hour: 4}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, selfRevoke)
			b.Policy.Caps = c.caps
			revoked, needs := many(t, b, 0, c.keys, func(int, *issuer) {})
			if revoked != c.want || needs[NeedsCap] != c.keys-c.want {
				t.Errorf("%d revoked, want %d; needs %v", revoked, c.want, needs)
			}
		})
	}
}

func TestG16CapsOverRuns(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.Policy.Caps = Caps{Run: 3, Hour: 5}
	for _, step := range []struct {
		run  string
		wait time.Duration
		want int
	}{{"run-1", 0, 3}, {"run-1", time.Minute, 0}, {"run-2", time.Minute, 2}, {"run-3", 0, 0}, {"run-3", time.Hour, 3}} {
		b.Run = step.run
		if err := b.clock.Sleep(t.Context(), step.wait); err != nil {
			t.Fatal(err)
		}
		from := len(b.kinds(t)) + 1 // keys never seen before
		if revoked, needs := many(t, b, from, from+8, func(int, *issuer) {}); revoked != step.want {
			t.Errorf("%+v: %d revoked; needs %v", step, revoked, needs)
		}
	}
}

func TestG16CircuitBreaker(t *testing.T) {
	for _, c := range []struct {
		name string
		trip func(i *issuer)
	}{
		{"wrong owner", func(i *issuer) { i.facts["organization"] = "Other" }},
		{"owner changes", func(i *issuer) {
			i.onVerify = func(n int, v *Verdict) {
				if n == 2 {
					v.Facts["organization"] = "Other"
				}
			}
		}},
		{"unexpected answer", func(i *issuer) {
			i.onRevoke = func(int) (bool, Receipt, error) { return false, Receipt{}, errors.New("answered 418") }
		}},
		{"state without meaning", func(i *issuer) {
			i.onRevoke = func(int) (bool, Receipt, error) { return false, Receipt{State: "maybe"}, nil }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, selfRevoke)
			if revoked, _ := many(t, b, 1, 2, func(int, *issuer) {}); revoked != 1 {
				t.Fatalf("%d revoked before the breaker opened", revoked)
			}
			many(t, b, 2, 3, func(_ int, i *issuer) { c.trip(i) })
			if revoked, needs := many(t, b, 3, 6, func(int, *issuer) {}); revoked != 0 || needs[NeedsBreaker] != 3 {
				t.Errorf("%d revoked after the breaker opened; needs %v", revoked, needs)
			}
			b.Run = "run-2"
			if revoked, _ := many(t, b, 3, 6, func(int, *issuer) {}); revoked != 3 {
				t.Errorf("the next run revoked %d, want 3", revoked)
			}
		})
	}
}

func TestBreakerStaysClosed(t *testing.T) {
	b := newBench(t, selfRevoke)
	many(t, b, 1, 2, func(_ int, i *issuer) { i.facts = nil }) // nobody knows whose
	b.Policy.Rules[0].Mode = ModeApprove
	if _, needs := many(t, b, 8, 9, func(_ int, i *issuer) { i.facts["organization"] = "Other" }); needs[NeedsOwner] != 1 {
		t.Errorf("needs %v", needs)
	}
	b.Policy.Rules[0].Mode = ModeAuto
	if revoked, needs := many(t, b, 2, 4, func(int, *issuer) {}); revoked != 2 {
		t.Errorf("%d revoked, needs %v", revoked, needs)
	}
}
