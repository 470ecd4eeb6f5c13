package provider_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/scanner"
)

// responder responds with a journal in dir, a policy that lets Acme's keys be revoked, and a fresh registry.
func (w *agiledWorld) responder(dir string) *revoker.Responder {
	w.t.Helper()
	journal, err := revoker.OpenJournal(w.t.Context(), filepath.Join(dir, "journal.jsonl"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.o.Agiled.Past = journal
	return &revoker.Responder{
		Run: "run-1", Execute: true, Journal: journal, Lock: revoker.LockDir(dir), Clock: w.clock,
		Kill: func(context.Context) error { return nil },
		Policy: revoker.Policy{
			Owners: []revoker.Authority{{Provider: "agiled", Owner: w.org.ID}},
			Rules: []revoker.PolicyRule{{
				Mode: revoker.ModeAuto, WithoutApproval: []revoker.Risk{revoker.RiskIrreversible, revoker.RiskOperator},
			}},
		},
	}
}

func (w *agiledWorld) respond(r *revoker.Responder) revoker.Outcome {
	w.t.Helper()
	p := w.provider(agiledRule)
	r.Provider = func(string) revoker.Provider { return p }
	f := w.finding()
	f.At.Time = w.exposed().From
	out, err := r.Respond(w.t.Context(), f)
	if err != nil {
		w.t.Fatal(err)
	}
	w.holdsNoKey("outcome", out)
	return out
}

func TestAgiledResponseByEndpoint(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.byEndpoint(`{"name":"{{key_name}}"}`)
	w.SetLag(providertest.AgiledLag{Looks: 3})
	w.AddSubscription(w.org.ID, providertest.AgiledSubscription{TargetURL: "https://collect.example.net/", Created: w.clock.now})
	dir := t.TempDir()
	out := w.respond(w.responder(dir))
	if out.Stage != revoker.StageReviewed || out.Receipt.State != revoker.Requested || out.Looks < 2 {
		t.Fatalf("%s after %d looks: %s", out.Stage, out.Looks, out.Reason)
	}
	if len(out.Activity.Events) != 1 || !out.Activity.Events[0].Outlives {
		t.Errorf("events %+v", out.Activity.Events)
	}
	if n := len(w.changes()); n != 1 {
		t.Errorf("%d mutating requests, want the one order", n)
	}
	lines, err := os.ReadFile(filepath.Join(dir, "journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	w.holdsNoKey("journal", string(lines))
}

// A person does the work order a day later, in another process, and no known-good key is configured: the journal saw the
// key active at this base, so the 401 is its death.
func TestAgiledResponseByHandAcrossProcesses(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.o.Agiled.ReviewKey = scanner.Secret{}
	dir := t.TempDir()
	out := w.respond(w.responder(dir))
	if out.Stage != revoker.StagePending || out.Receipt == nil || out.Receipt.State != revoker.Manual {
		t.Fatalf("%s: %s", out.Stage, out.Reason)
	}
	if err := w.RevokeInUI(leakedName); err != nil {
		t.Fatal(err)
	}
	w.clock.now = w.clock.now.AddDate(0, 0, 1)
	out = w.respond(w.responder(dir))
	if out.Stage != revoker.StageReviewed || !strings.Contains(out.Activity.BlindSpots[0], "no review key") {
		t.Errorf("%s: %s: %+v", out.Stage, out.Reason, out.Activity)
	}
	if len(w.changes()) != 0 {
		t.Error("something mutating was sent")
	}
}
