package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// githubRule is the first kind of GitHub token that anyone may report.
func githubRule(t testing.TB, set *rules.Set) *rules.Rule {
	t.Helper()
	for rule := range set.All() {
		if rule.Provider == "github" && len(rule.Revoke) == 1 && rule.Revoke[0].Batch != "" {
			return rule
		}
	}
	t.Fatal("no rule of GitHub has a batch")
	return nil
}

// reportDesk is the endpoint to which anyone may report GitHub tokens.
type reportDesk struct {
	mu     sync.Mutex
	calls  [][]string
	signed int
}

func (d *reportDesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var order struct {
		Credentials []string `json:"credentials"`
	}
	if r.Method != http.MethodPost || r.URL.Path != "/credentials/revoke" || json.Unmarshal(body, &order) != nil {
		w.WriteHeader(404)
		return
	}
	if r.Header.Get("Authorization") != "" {
		d.signed++
	}
	d.calls = append(d.calls, order.Credentials)
	w.WriteHeader(202)
}

// desk is a registry that reaches a report desk alone.
func desk(t *testing.T, clock revoker.Clock) (*Registry, *rules.Rule, *reportDesk) {
	t.Helper()
	set := builtin(t)
	d := &reportDesk{}
	return handled(t, set, d, func(o *Options) { o.Clock = clock }, "api.github.com"), githubRule(t, set), d
}

// actives are n findings with active verdicts.
func actives(rule *rules.Rule, n int) ([]scanner.Finding, []revoker.Verdict) {
	findings, verdicts := make([]scanner.Finding, n), make([]revoker.Verdict, n)
	rnd := rand.New(rand.NewPCG(7, 7))
	for i := range findings {
		findings[i] = providertest.NewIssuer(rule, rule.Sample(rnd)).Finding()
		findings[i].ID = scanner.ID(fmt.Sprintf("q-%016x", i))
		verdicts[i] = revoker.Verdict{Validity: revoker.Active, Control: &revoker.Exchange{Status: 401}}
	}
	return findings, verdicts
}

// gatheringClock lets the first of a batch wait until the test says that all have come.
type gatheringClock struct {
	revoker.Clock
	start chan struct{}
	// firsts counts the batches that were begun.
	firsts *atomic.Int32
}

func newGatheringClock() gatheringClock {
	return gatheringClock{newTestClock(), make(chan struct{}), new(atomic.Int32)}
}

func (c gatheringClock) Sleep(ctx context.Context, d time.Duration) error {
	if d != gatherFor {
		return c.Clock.Sleep(ctx, d)
	}
	c.firsts.Add(1)
	select {
	case <-c.start:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// revokeAll revokes findings side by side and returns what became of each; release is called when so many batches were begun
// and so many orders have joined the last of them.
func revokeAll(ctx context.Context, r *Registry, rule *rules.Rule, findings []scanner.Finding, verdicts []revoker.Verdict, batches, joined int, release func()) ([]revoker.Receipt, []error) {
	receipts, errs := make([]revoker.Receipt, len(findings)), make([]error, len(findings))
	var wg sync.WaitGroup
	for i := range findings {
		wg.Go(func() { receipts[i], errs[i] = r.Provider(rule.ID).Revoker.Revoke(ctx, findings[i], verdicts[i]) })
	}
	firsts := r.client.clock.(gatheringClock).firsts
	for int(firsts.Load()) < batches || r.client.batches.gathered() < joined {
		time.Sleep(time.Millisecond)
	}
	release()
	wg.Wait()
	return receipts, errs
}

// gathered counts the orders that wait in batches that are not full.
func (s *batches) gathered() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.open {
		n += len(b.calls)
	}
	return n
}

// TestBatch: keys that are revoked side by side go in one request for each thousand, none of them signed, each key once.
func TestBatch(t *testing.T) {
	clock := newGatheringClock()
	r, rule, d := desk(t, clock)
	findings, verdicts := actives(rule, 1203)
	receipts, errs := revokeAll(context.Background(), r, rule, findings, verdicts, 2, 203, func() { close(clock.start) })
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if len(d.calls) != 2 || len(d.calls[0])+len(d.calls[1]) != 1203 || max(len(d.calls[0]), len(d.calls[1])) != 1000 || d.signed != 0 {
		t.Fatalf("%d calls, %d signed; want 1000 keys and 203 keys, unsigned", len(d.calls), d.signed)
	}
	sent := map[string]int{}
	for _, key := range append(d.calls[0], d.calls[1]...) {
		sent[key]++
	}
	for i := range findings {
		if sent[findings[i].Token().Reveal()] != 1 || receipts[i].State != revoker.Requested || receipts[i].Exchange.Status != 202 {
			t.Fatalf("key %d was sent %d times, its receipt is %+v", i, sent[findings[i].Token().Reveal()], receipts[i])
		}
	}
}

// TestBatchRefuses: a key that may not be revoked is refused and does not go with the others.
func TestBatchRefuses(t *testing.T) {
	for name, spoil := range map[string]func(f *scanner.Finding, v *revoker.Verdict){
		"unknown":         func(_ *scanner.Finding, v *revoker.Verdict) { v.Validity = revoker.Unknown },
		"without control": func(_ *scanner.Finding, v *revoker.Verdict) { v.Control = nil },
		"without key":     func(f *scanner.Finding, _ *revoker.Verdict) { f.Parts = nil },
	} {
		clock := newGatheringClock()
		r, rule, d := desk(t, clock)
		findings, verdicts := actives(rule, 5)
		spoil(&findings[2], &verdicts[2])
		_, errs := revokeAll(context.Background(), r, rule, findings, verdicts, 1, 4, func() { close(clock.start) })
		var refusal *revoker.Refusal
		if !errors.As(errs[2], &refusal) || len(d.calls) != 1 || len(d.calls[0]) != 4 {
			t.Errorf("%s: %v, calls %d; want a refusal and one call with the other four", name, errs[2], len(d.calls))
		}
	}
}

// TestBatchStopped: when the first of a batch is stopped before it was sent, nothing left for any of them.
func TestBatchStopped(t *testing.T) {
	clock := newGatheringClock()
	r, rule, d := desk(t, clock)
	findings, verdicts := actives(rule, 3)
	ctx, cancel := context.WithCancel(context.Background())
	_, errs := revokeAll(ctx, r, rule, findings, verdicts, 1, 3, cancel)
	for i, err := range errs {
		var refusal *revoker.Refusal
		if !errors.As(err, &refusal) || len(d.calls) != 0 {
			t.Errorf("order %d: %v after %d calls, want a refusal and none", i, err, len(d.calls))
		}
	}
}

// TestHourlyBudget: GitHub takes 60 reports an hour from one address; the next one is refused unsent, and goes an hour on.
func TestHourlyBudget(t *testing.T) {
	clock := newTestClock()
	r, rule, d := desk(t, clock)
	findings, verdicts := actives(rule, 61)
	for i := range 60 {
		if _, err := r.Provider(rule.ID).Revoker.Revoke(context.Background(), findings[i], verdicts[i]); err != nil {
			t.Fatalf("revoke %d: %v", i, err)
		}
	}
	_, err := r.Provider(rule.ID).Revoker.Revoke(context.Background(), findings[60], verdicts[60])
	var refusal *revoker.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "rate limit") || len(d.calls) != 60 {
		t.Errorf("%v after %d calls, want a refusal after 60", err, len(d.calls))
	}
	_ = clock.Sleep(context.Background(), time.Hour)
	if _, err := r.Provider(rule.ID).Revoker.Revoke(context.Background(), findings[60], verdicts[60]); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}
