package revoker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

func TestRespondWritesEachStepInOrder(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.issuer.lag = 2
	exposed := start.Add(-48 * time.Hour)
	b.Exposed = func(scanner.Finding) time.Time { return exposed }
	out := b.respond(t)
	wantStage(t, out, StageReviewed)
	want := []Kind{KindVerified, KindVerified, KindIntent, KindReceipt, KindLook, KindLook, KindLook, KindConfirmed, KindReviewed}
	if diff := cmp.Diff(want, b.kinds(t)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if out.Looks != 3 || !out.Confirmed.Equal(start.Add(3*time.Second)) || !out.Revoked.Equal(start) || out.Verdict.Owner() != "Acme" {
		t.Errorf("outcome %+v", out)
	}
	if diff := cmp.Diff(Window{From: exposed, To: out.Confirmed}, out.Activity.Window); diff != "" || out.Window != out.Activity.Window {
		t.Errorf("window (-want +got):\n%s", diff)
	}
	if out.Live() {
		t.Error("a dead key counts as live")
	}
}

func TestRespondAgainMakesNoCall(t *testing.T) {
	b := newBench(t, selfRevoke)
	first := b.respond(t)
	before := [3]int{b.issuer.verifies, b.issuer.revokes, b.issuer.reviews}
	again := b.respond(t)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the second outcome differs (-first +second):\n%s", diff)
	}
	if after := [3]int{b.issuer.verifies, b.issuer.revokes, b.issuer.reviews}; after != before {
		t.Errorf("calls %v, then %v", before, after)
	}
}

func TestG01AccidentalRun(t *testing.T) {
	for name, set := range map[string]func(*Responder){
		"no policy":       func(r *Responder) { r.Policy = Policy{} },
		"no --execute":    func(r *Responder) { r.Execute = false },
		"no owner listed": func(r *Responder) { r.Policy.Owners = nil },
		"other provider":  func(r *Responder) { r.Policy.Owners[0].Provider = "other" },
		"no rule matches": func(r *Responder) { r.Policy.Rules[0].Match.Rule = Patterns{"other-*"} },
		"mode dry-run":    func(r *Responder) { r.Policy.Rules[0].Mode = ModeDryRun },
		"mode approve":    func(r *Responder) { r.Policy.Rules[0].Mode = ModeApprove },
		"no mode":         func(r *Responder) { r.Policy.Rules[0].Mode = "" },
		"provider of no name": func(r *Responder) {
			p := r.Provider("")
			p.Name = ""
			r.Provider = func(string) Provider { return p }
			r.Policy.Owners[0].Provider = ""
		},
		"nothing can revoke": func(r *Responder) {
			p := r.Provider("")
			p.Revoker = nil
			r.Provider = func(string) Provider { return p }
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, selfRevoke)
			set(b.Responder)
			out := b.respond(t)
			wantRevokes(t, b.issuer, 0)
			if has(b.kinds(t), KindIntent) || !out.Live() || out.Decision == nil || out.Decision.Needs == "" {
				t.Errorf("outcome %+v, entries %v", out, b.kinds(t))
			}
		})
	}
}

func TestG03WrongTenant(t *testing.T) {
	for _, c := range []struct {
		name    string
		fact    string
		value   string
		revokes int
	}{
		{"organization changes", "organization", "Other", 0},
		{"owner changes", "owner", "bob", 0},
		{"owner id changes", "owner_id", "u2", 0},
		{"key id changes", "key_id", "k2", 0},
		{"a fact vanishes", "owner_id", "", 0},
		{"a fact appears", "created", "2026-03-02", 0},
		{"our own look moves last use", "last_used", "2026-03-02", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, selfRevoke)
			b.issuer.onVerify = func(n int, v *Verdict) {
				if n == 2 {
					v.Facts[c.fact] = c.value
				}
			}
			out := b.respond(t)
			wantRevokes(t, b.issuer, c.revokes)
			if c.revokes == 0 {
				wantStage(t, out, StageLeft)
				if has(b.kinds(t), KindIntent) || !strings.Contains(out.Reason, c.fact) {
					t.Errorf("reason %q, entries %v", out.Reason, b.kinds(t))
				}
			}
		})
	}
}

func TestG03OwnersList(t *testing.T) {
	byValue := Action{Name: "report", Bind: "value", Idempotent: true}
	for _, c := range []struct {
		name      string
		list      string
		facts     map[string]string
		inventory string
		action    Action
		want      string // what it needs; "" is executed
	}{
		{"listed", "Acme", map[string]string{"organization": "Acme"}, "", selfRevoke, ""},
		{"listed by pattern", "Ac*", map[string]string{"organization": "Acme"}, "", selfRevoke, ""},
		{"listed by id", "o-17", map[string]string{"organization": "Acme", "owner_id": "o-17"}, "", selfRevoke, ""},
		{"case matters", "acme", map[string]string{"organization": "Acme"}, "", selfRevoke, NeedsRightOwner},
		{"other", "Acme", map[string]string{"organization": "Acme Labs"}, "", selfRevoke, NeedsRightOwner},
		{"only the person is listed", "ann", map[string]string{"organization": "Other", "owner": "ann"}, "", selfRevoke, NeedsRightOwner},
		{"unknown", "Acme", nil, "", selfRevoke, NeedsKnownOwner},
		{"unknown, in the inventory", "Acme", nil, "Acme", selfRevoke, ""},
		{"foreign, whatever the inventory says", "Acme", map[string]string{"owner": "bob"}, "Acme", selfRevoke, NeedsRightOwner},
		{"everybody is nobody for self-revoke", "*", map[string]string{"owner": "bob"}, "", selfRevoke, NeedsRightOwner},
		{"everybody, by value", "*", nil, "", byValue, ""},
		{"everybody, by value with our credential", "*", nil, "", Action{Name: "admin", Bind: "value", Operator: true}, NeedsKnownOwner},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.action)
			b.Policy.Owners[0].Owner = c.list
			b.issuer.facts = c.facts
			b.Facts = func(scanner.Finding, Verdict) Facts { return Facts{Owner: c.inventory} }
			out := b.respond(t)
			if out.Decision.Needs != c.want {
				t.Errorf("needs %q (%s), want %q", out.Decision.Needs, out.Reason, c.want)
			}
			wantRevokes(t, b.issuer, map[bool]int{true: 1}[c.want == ""])
		})
	}
}

func TestG04OnlyActiveIsRevoked(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer Verdict
		want   Stage
	}{
		{"unknown", Verdict{Validity: Unknown, Reason: "503"}, StageUnknown},
		{"no validity", Verdict{}, StageUnknown},
		{"inactive", Verdict{Validity: Inactive, Reason: "401"}, StageDead},
		{"active without control", Verdict{Validity: Active, Facts: map[string]string{"organization": "Acme"}}, StageLeft},
	} {
		for _, nth := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s at verify %d", c.name, nth), func(t *testing.T) {
				b := newBench(t, selfRevoke)
				if nth == 2 && c.answer.Validity == Active {
					c.answer.Facts = b.issuer.facts
				}
				b.issuer.onVerify = func(n int, v *Verdict) {
					if n >= nth {
						*v = c.answer
					}
				}
				wantStage(t, b.respond(t), c.want)
				wantRevokes(t, b.issuer, 0)
				if has(b.kinds(t), KindIntent) {
					t.Error("an intent is on record")
				}
			})
		}
	}
}

func TestG04RetryAfterIsHonoured(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.issuer.onVerify = func(_ int, v *Verdict) { *v = Verdict{Validity: Unknown, RetryAfter: 90 * time.Second} }
	if out := b.respond(t); out.RetryAfter != 90*time.Second || out.Live() {
		t.Errorf("outcome %+v, want to be called again in 90 s", out)
	}
	b = newBench(t, selfRevoke)
	b.issuer.onVerify = func(n int, v *Verdict) {
		if n == 3 || n == 4 {
			*v = Verdict{Validity: Unknown, RetryAfter: 90 * time.Second}
		}
	}
	wantStage(t, b.respond(t), StageReviewed)
	if diff := cmp.Diff([]time.Duration{90 * time.Second, 90 * time.Second}, b.clock.slept); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
}

func TestDeadOnArrivalIsRecordedOnce(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.issuer.alive = false
	wantStage(t, b.respond(t), StageDead)
	wantStage(t, b.respond(t), StageDead)
	wantRevokes(t, b.issuer, 0)
	if diff := cmp.Diff([]Kind{KindVerified, KindDead, KindVerified}, b.kinds(t)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestManualWaitsForAPerson(t *testing.T) {
	b := newBench(t, Action{Name: "manual"})
	b.Policy.Rules[0].WithoutApproval = nil
	b.Backoff.Total = time.Minute
	b.issuer.manual = true
	out := b.respond(t)
	wantStage(t, out, StagePending)
	if out.RetryAfter == 0 || out.Receipt.State != Manual {
		t.Errorf("outcome %+v", out)
	}
	b.issuer.alive = false
	wantStage(t, b.respond(t), StageReviewed)
	wantRevokes(t, b.issuer, 1)
}

func TestDryRunDoesNotWait(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.issuer.onRevoke = func(int) (bool, Receipt, error) { return false, Receipt{State: Requested}, nil }
	b.Backoff.Total = 10 * time.Second
	wantStage(t, b.respond(t), StagePending)
	b.Backoff.Total = time.Hour
	b.Execute = false
	slept := len(b.clock.slept)
	out := b.respond(t)
	wantStage(t, out, StagePending)
	if len(b.clock.slept) != slept || strings.Contains(out.Reason, "unconfirmed") {
		t.Errorf("a dry run waited, or gave up: %q", out.Reason)
	}
}

func TestG18KillSwitchStopsBeforeTheNextCall(t *testing.T) {
	full := newBench(t, selfRevoke)
	full.issuer.lag = 2
	full.respond(t)
	total := full.issuer.verifies + full.issuer.revokes + full.issuer.reviews
	for stop := range total {
		t.Run(fmt.Sprint("after call ", stop), func(t *testing.T) {
			b := newBench(t, selfRevoke)
			b.issuer.lag = 2
			calls := func() int { return b.issuer.verifies + b.issuer.revokes + b.issuer.reviews }
			killed := errors.New("somebody pressed it")
			b.Kill = func(context.Context) error {
				if calls() >= stop {
					return killed
				}
				return nil
			}
			out, err := b.Respond(t.Context(), found(1))
			if !errors.Is(err, ErrStopped) || !errors.Is(err, killed) || calls() != stop {
				t.Errorf("%d calls, error %v; want %d calls", calls(), err, stop)
			}
			if live := b.issuer.alive && b.issuer.verifies > 0; live && !out.Live() {
				t.Errorf("a live key does not count as live: %+v", out)
			}
			b.Kill = func(context.Context) error { return nil }
			wantStage(t, b.respond(t), StageReviewed)
			wantRevokes(t, b.issuer, 1)
		})
	}
}

func TestG18KillBeforeTheRevokeLeavesNothingOpen(t *testing.T) {
	b := newBench(t, Action{Name: "rotate", Bind: "self"})
	b.Kill = func(ctx context.Context) error {
		if has(b.kinds(t), KindIntent) {
			return errors.New("on")
		}
		return nil
	}
	if _, err := b.Respond(t.Context(), found(1)); !errors.Is(err, ErrStopped) {
		t.Errorf("error %v", err)
	}
	b.Kill = func(context.Context) error { return nil }
	wantStage(t, b.respond(t), StageReviewed)
	wantRevokes(t, b.issuer, 1)
}

func TestReviewIsTriedAgain(t *testing.T) {
	b := newBench(t, selfRevoke)
	fails := true
	review := reviewFunc(func(ctx context.Context, f scanner.Finding, v Verdict, w Window) (Activity, error) {
		if fails {
			return Activity{}, errors.New("acme: 503")
		}
		if v.Validity != Active || v.Owner() != "Acme" {
			t.Errorf("the review gets verdict %+v, want the last active one", v)
		}
		return b.issuer.Review(ctx, f, v, w)
	})
	b.Provider = func(string) Provider {
		p := b.issuer.provider(selfRevoke)
		p.Reviewer = review
		return p
	}
	out := b.respond(t)
	wantStage(t, out, StageConfirmed)
	if !strings.Contains(out.Reason, "acme: 503") || out.Live() {
		t.Errorf("outcome %+v", out)
	}
	fails = false
	verifies := b.issuer.verifies
	wantStage(t, b.respond(t), StageReviewed)
	if b.issuer.verifies != verifies {
		t.Error("a confirmed key was verified again")
	}
}

type reviewFunc func(context.Context, scanner.Finding, Verdict, Window) (Activity, error)

func (fn reviewFunc) Review(ctx context.Context, f scanner.Finding, v Verdict, w Window) (Activity, error) {
	return fn(ctx, f, v, w)
}

func TestWithoutReviewItStaysConfirmed(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.Provider = func(string) Provider {
		p := b.issuer.provider(selfRevoke)
		p.Reviewer = nil
		return p
	}
	wantStage(t, b.respond(t), StageConfirmed)
	wantStage(t, b.respond(t), StageConfirmed)
	if has(b.kinds(t), KindReviewed) {
		t.Error("a review is on record")
	}
}

func TestRespondRefusesWhatItCannotDo(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.Provider = func(string) Provider { return Provider{Name: "acme"} }
	out := b.respond(t)
	wantStage(t, out, StageUnknown)
	if !strings.Contains(out.Reason, "nothing can verify") {
		t.Errorf("reason %q", out.Reason)
	}
	_, err := b.Respond(t.Context(), scanner.Finding{})
	mustHave(t, err, "not a finding")
	b.Kill = nil
	_, err = b.Respond(t.Context(), found(1))
	mustHave(t, err, "Kill", "required")
}
