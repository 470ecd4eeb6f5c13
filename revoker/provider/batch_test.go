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

// TestBatch: many keys go in few requests, none of them signed, each key once and in order.
func TestBatch(t *testing.T) {
	r, rule, d := desk(t, newTestClock())
	batch, ok := r.Provider(rule.ID).Revoker.(BatchRevoker)
	if !ok {
		t.Fatal("the GitHub revoker takes no batches")
	}
	findings, verdicts := actives(rule, 1203)
	receipts, err := batch.RevokeBatch(context.Background(), findings, verdicts)
	if err != nil || len(receipts) != len(findings) {
		t.Fatalf("%d receipts, %v", len(receipts), err)
	}
	if len(d.calls) != 2 || len(d.calls[0]) != 1000 || len(d.calls[1]) != 203 || d.signed != 0 {
		t.Fatalf("%d calls, %d signed; want 1000 keys and 203 keys, unsigned", len(d.calls), d.signed)
	}
	for i, key := range append(d.calls[0], d.calls[1]...) {
		if key != findings[i].Token().Reveal() {
			t.Fatalf("key %d is not the one of its finding", i)
		}
	}
	for i, receipt := range receipts {
		if receipt.State != revoker.Requested || receipt.Exchange.Status != 202 {
			t.Fatalf("receipt %d: %+v, want requested", i, receipt)
		}
	}
}

// TestBatchRefuses: one key that may not be revoked stops the batch before anything is sent.
func TestBatchRefuses(t *testing.T) {
	for name, spoil := range map[string]func(f []scanner.Finding, v []revoker.Verdict) []revoker.Verdict{
		"unknown": func(_ []scanner.Finding, v []revoker.Verdict) []revoker.Verdict {
			v[2].Validity = revoker.Unknown
			return v
		},
		"without control": func(_ []scanner.Finding, v []revoker.Verdict) []revoker.Verdict { v[4].Control = nil; return v },
		"a verdict short": func(_ []scanner.Finding, v []revoker.Verdict) []revoker.Verdict { return v[:4] },
		"without key":     func(f []scanner.Finding, v []revoker.Verdict) []revoker.Verdict { f[3].Parts = nil; return v },
	} {
		r, rule, d := desk(t, newTestClock())
		findings, verdicts := actives(rule, 5)
		verdicts = spoil(findings, verdicts)
		receipts, err := r.Provider(rule.ID).Revoker.(BatchRevoker).RevokeBatch(context.Background(), findings, verdicts)
		var refusal *revoker.Refusal
		if !errors.As(err, &refusal) || len(receipts) != 0 || len(d.calls) != 0 {
			t.Errorf("%s: %v, %d receipts, %d calls; want a refusal and nothing", name, err, len(receipts), len(d.calls))
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
