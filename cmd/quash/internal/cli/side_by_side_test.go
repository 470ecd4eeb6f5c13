package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// keyring makes n live keys, and a file for each in the folder in.
func (w *world) keyring(n int) []providertest.AgiledKey {
	w.t.Helper()
	var all []providertest.AgiledKey
	for i := range n {
		k := w.key(fmt.Sprintf("Sync %02d - production - Ops", i))
		w.leak(fmt.Sprintf("in/%02d.env", i), k)
		all = append(all, k)
	}
	return all
}

// revoked counts the keys that are revoked.
func (w *world) revoked(all []providertest.AgiledKey) (n int) {
	for _, k := range all {
		if !w.agiled.Revoked(k.Token).IsZero() {
			n++
		}
	}
	return n
}

// count says how many entries of a kind the journal has.
func (w *world) count(kind string) int {
	return len(slices.DeleteFunc(w.journal(""), func(k string) bool { return k != kind }))
}

// answered are the IDs of the keys in the order in which a stream tells where the responses to them ended.
func answered(t *testing.T, stream string) (all []string) {
	t.Helper()
	for _, it := range items(t, stream) {
		if it.Outcome != nil {
			all = append(all, string(it.Outcome.ID))
		}
	}
	return all
}

// Twenty keys answered side by side are told in the order in which they were found, and no cap is passed.
func TestCapsHoldSideBySide(t *testing.T) {
	for name, c := range map[string]struct {
		caps    string
		revoked int
	}{"run": {"caps: {run: 5}\n", 5}, "provider": {"caps: {run: 50, provider: 4}\n", 4}, "hour": {"caps: {run: 50, hour: 3}\n", 3}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.endpoint()
			all := w.keyring(20)
			r := w.run("respond", w.path("in"), "--answers", "20", "--execute", "--policy", w.policy("auto", c.caps), "--plan", w.path("plan.json"), "-f", "jsonl")
			w.wants(r, 4)
			if n := w.revoked(all); n != c.revoked || w.count("intent") != c.revoked || w.count("confirmed") != c.revoked {
				t.Errorf("%d revoked, want %d; %d intents", n, c.revoked, w.count("intent"))
			}
			if diff := cmp.Diff(ids(t, r.out), answered(t, r.out)); diff != "" {
				t.Errorf("not in the order of the findings: %s", diff)
			}
			held := 0
			for _, it := range items(t, r.out) {
				if it.Outcome != nil && it.Outcome.Decision != nil && it.Outcome.Decision.Needs == revoker.NeedsCap {
					held++
				}
			}
			if held != len(all)-c.revoked {
				t.Errorf("%d keys held back by the cap, want %d", held, len(all)-c.revoked)
			}
			w.wants(w.run("journal", "verify"), 0, "chain verified")
		})
	}
}

// Answers of verify come in the order of the findings too, and each issuer is asked once about a key.
func TestVerifySideBySide(t *testing.T) {
	w := newWorld(t)
	w.configure("manual")
	w.keyring(12)
	slow := sync.OnceFunc(func() { time.Sleep(50 * time.Millisecond) })
	w.answer = func(http.ResponseWriter, *http.Request) bool { slow(); return false } // the first is overtaken
	r := w.wants(w.run("scan", "--verify", w.path("in"), "-f", "jsonl"), 4)
	var told []string
	for _, it := range items(t, r.out) {
		if it.Verdict != nil {
			told = append(told, string(it.Verdict.ID))
		}
	}
	if diff := cmp.Diff(ids(t, r.out), told); diff != "" || w.count("verified") != 12 {
		t.Errorf("%d verified; order: %s", w.count("verified"), diff)
	}
}

// Work orders are all given before any of them is waited for, each in one piece.
func TestWorkOrdersSideBySide(t *testing.T) {
	w := newWorld(t)
	w.configure("manual")
	all := w.keyring(4)
	revoke := sync.OnceFunc(func() {
		for _, k := range all {
			if err := w.agiled.RevokeInUI(k.Name); err != nil {
				t.Error(err)
			}
		}
	})
	w.look = func() { // a person who works when all orders have come, and waits for no longer than 20 s
		for end := time.Now().Add(20 * time.Second); w.count("receipt") < len(all); time.Sleep(5 * time.Millisecond) {
			if t.Failed() || time.Now().After(end) {
				t.Errorf("only %d work orders were given before one was waited for", w.count("receipt"))
				return
			}
		}
		revoke()
	}
	r := w.wants(w.run("respond", w.path("in"), "--execute", "--policy", w.policy("auto"), "--wait", "10m"), 1, "4 of 4 active keys are proven dead")
	notes := strings.Split(strings.TrimSpace(r.err), "quash: work order ")
	if len(notes) != len(all)+1 {
		t.Fatalf("%d work orders are shown:\n%s", len(notes)-1, r.err)
	}
	for _, n := range notes[1:] {
		if lines := strings.Split(strings.TrimSpace(n), "\n"); !strings.Contains(lines[0], "a person has to revoke it") || !strings.HasPrefix(lines[1], "  - ") {
			t.Errorf("a work order is not in one piece:\n%s", n)
		}
	}
}

// Keys of an issuer that takes many in one request go out in one.
func TestBatchSideBySide(t *testing.T) {
	w := newWorld(t, "github-pat")
	var text strings.Builder
	live := map[string]bool{}
	for i := range 6 {
		token := w.rule("github-pat").Sample(mrand.New(mrand.NewPCG(uint64(i), 23))).Token
		live[token] = true
		text.WriteString("GITHUB_TOKEN=" + token + "\n")
	}
	var mu sync.Mutex
	var batches []int
	w.answer = func(rw http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Host != "api.github.com":
			return false
		case r.Method == http.MethodPost:
			var order struct{ Credentials []string }
			if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
				t.Error(err)
			}
			for _, token := range order.Credentials {
				live[token] = false
			}
			batches = append(batches, len(order.Credentials))
			rw.WriteHeader(http.StatusAccepted)
		case live[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]:
			rw.Header().Set("Content-Type", "application/json")
			_, _ = rw.Write([]byte(`{"login":"ann","id":1001}`)) // a recorder of the test takes all
		default:
			rw.WriteHeader(http.StatusUnauthorized)
		}
		return true
	}
	policy := w.write("policy.yaml", "schema: quash.policy/1\nowners: [{provider: github, owner: ann}]\ncaps: {run: 50}\n"+
		"rules: [{match: {}, mode: auto, without_approval: [irreversible, collateral]}]\n")
	e := w.world([]string{"respond", w.write("in/a.env", text.String()), "--execute", "--policy", policy, "-o", w.path("run.jsonl")})
	e.Now = time.Now
	e.Sleep = func(ctx context.Context, d time.Duration) error { // gathering takes its time, also on a busy machine; all else is hurried
		if d != 200*time.Millisecond {
			return revoker.SystemClock{}.Sleep(ctx, min(d, time.Millisecond))
		}
		for end := time.Now().Add(10 * time.Second); w.count("intent") < 6 && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		return revoker.SystemClock{}.Sleep(ctx, d)
	}
	w.wants(w.start(e), 1)
	if len(batches) != 1 || batches[0] != 6 {
		t.Errorf("orders of %v keys, want one of 6", batches)
	}
	if w.count("confirmed") != 6 {
		t.Errorf("%d confirmed: %v", w.count("confirmed"), w.journal(""))
	}
}

// Ctrl-C while keys are answered side by side leaves the journal whole, and the next run brings all to their end, each revoked
// by one order.
func TestInterruptedSideBySide(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	all := w.keyring(6)
	ctx, cancel := context.WithCancel(context.Background())
	w.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			cancel()
		}
		return false
	}
	args := []string{"respond", "--answers", "3", "--execute", "--policy", w.policy("auto", "caps: {run: 50}\n"), w.path("in")}
	r := w.wants(w.runWith(ctx, "", args...), 4, "INCOMPLETE", "interrupted while it was answered", "interrupted before its issuer was asked")
	if r.err != "" {
		t.Errorf("an interrupt is no error: %s", r.err)
	}
	w.answer = nil
	if n := w.revoked(all); n == 0 || n > 3 {
		t.Errorf("%d keys revoked; three were under way when the first order left", n)
	}
	w.wants(w.run("journal", "verify"), 0, "chain verified")
	w.wants(w.run(args...), 1, "6 of 6 active keys are proven dead")
	if n := w.count("receipt"); n > 6 {
		t.Errorf("%d receipts for six keys", n)
	}
}

// A kill switch stops all keys that are under way before their next call, and no further one is begun.
func TestKillSwitchSideBySide(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	w.configureKill(w.path("stop"))
	all := w.keyring(9)
	w.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			w.write("stop", "")
		}
		return false
	}
	w.wants(w.run("respond", "--answers", "3", "--execute", "--policy", w.policy("auto", "caps: {run: 50}\n"), w.path("in"), "-o", w.path("run.jsonl")), 4, "kill switch")
	if n, told := w.revoked(all), answered(t, w.read("run.jsonl")); n == 0 || n > 3 || len(told) > 3 {
		t.Errorf("%d keys revoked, %d answered; three were under way", n, len(told))
	}
	w.wants(w.run("journal", "verify"), 0, "chain verified")
}
