package revoker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

func TestG12TimeoutAfterTheIssuerActed(t *testing.T) {
	for _, idempotent := range []bool{true, false} {
		t.Run(fmt.Sprintf("idempotent %t", idempotent), func(t *testing.T) {
			a := selfRevoke
			a.Idempotent = idempotent
			b := newBench(t, a)
			b.issuer.onRevoke = func(int) (bool, Receipt, error) { return true, Receipt{}, errTimeout }
			out := b.respond(t)
			wantStage(t, out, StageReviewed)
			if !strings.Contains(out.Reason, "no receipt of ours") {
				t.Errorf("reason %q", out.Reason)
			}
			wantRevokes(t, b.issuer, 1)
		})
	}
}

func TestG12NotIdempotentIsNeverRepeated(t *testing.T) {
	a := selfRevoke
	a.Idempotent = false
	b := newBench(t, a)
	b.issuer.onRevoke = func(int) (bool, Receipt, error) { return false, Receipt{}, errTimeout }
	for range 4 {
		out := b.respond(t)
		wantStage(t, out, StageFailed)
		wantRevokes(t, b.issuer, 1)
	}
	if out := b.respond(t); !strings.Contains(out.Reason, "outcome of the first call unknown; not repeated") || !out.Live() {
		t.Errorf("reason %q", out.Reason)
	}
	failed := slices.DeleteFunc(b.kinds(t), func(k Kind) bool { return k != KindFailed })
	if len(failed) != 1 {
		t.Errorf("the failure is recorded %d times, so that it would stop later runs too", len(failed))
	}
	b.issuer.alive = false
	wantStage(t, b.respond(t), StageReviewed)
	wantRevokes(t, b.issuer, 1)
}

func TestG12IdempotentIsRepeatedAfterALook(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.issuer.onRevoke = func(n int) (bool, Receipt, error) {
		if n < 3 {
			return false, Receipt{}, errTimeout
		}
		return true, Receipt{State: Done}, nil
	}
	wantStage(t, b.respond(t), StageFailed)
	wantStage(t, b.respond(t), StageFailed)
	wantStage(t, b.respond(t), StageReviewed)
	wantRevokes(t, b.issuer, 3)
}

func TestG11ReceiptIsRecordedThoughTheContextEnded(t *testing.T) {
	b := newBench(t, Action{Name: "rotate", Bind: "self"})
	ctx, cancel := context.WithCancel(t.Context())
	b.issuer.onRevoke = func(int) (bool, Receipt, error) {
		cancel()
		return true, Receipt{State: Done}, nil
	}
	out, err := b.Respond(ctx, found(1))
	if !errors.Is(err, context.Canceled) || !has(b.kinds(t), KindReceipt) {
		t.Errorf("error %v, entries %v", err, b.kinds(t))
	}
	wantStage(t, out, StagePending)
	wantStage(t, b.respond(t), StageReviewed)
	wantRevokes(t, b.issuer, 1)
}

func TestRefusalMeansNothingWasSent(t *testing.T) {
	a := selfRevoke
	a.Idempotent = false
	b := newBench(t, a)
	b.issuer.onRevoke = func(n int) (bool, Receipt, error) {
		if n == 1 {
			return false, Receipt{}, fmt.Errorf("acme: %w", &Refusal{Why: "two keys match"})
		}
		return true, Receipt{State: Done}, nil
	}
	out := b.respond(t)
	wantStage(t, out, StageFailed)
	if !strings.Contains(out.Reason, "two keys match") || !has(b.kinds(t), KindRefused) {
		t.Errorf("reason %q, entries %v", out.Reason, b.kinds(t))
	}
	wantStage(t, b.respond(t), StageReviewed)
}

func TestRefusedKeyThatDiesIsDeadOnArrival(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.issuer.onRevoke = func(int) (bool, Receipt, error) { return false, Receipt{}, &Refusal{Why: "two keys match"} }
	b.respond(t)
	b.issuer.alive = false
	wantStage(t, b.respond(t), StageDead)
}

func TestAnEarlierCallStaysOpen(t *testing.T) {
	for name, second := range map[string]func(b *bench){
		"the provider refuses the second call": func(b *bench) {
			b.issuer.onRevoke = func(int) (bool, Receipt, error) { return false, Receipt{}, &Refusal{Why: "two keys match"} }
		},
		"the policy forbids a second call": func(b *bench) { b.Policy.Never.IDs = []scanner.ID{found(1).ID} },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, selfRevoke)
			b.issuer.onRevoke = func(int) (bool, Receipt, error) { return false, Receipt{}, errTimeout }
			wantStage(t, b.respond(t), StageFailed)
			second(b)
			if out := b.respond(t); !out.Live() {
				t.Errorf("outcome %+v", out)
			}
			b.issuer.alive = false // the first call may well have done it
			wantStage(t, b.respond(t), StageReviewed)
		})
	}
}

func TestG13AcceptedIsNotRevoked(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.issuer.lag = 3
	b.issuer.onRevoke = func(int) (bool, Receipt, error) { return true, Receipt{State: Requested}, nil }
	out := b.respond(t)
	wantStage(t, out, StageReviewed)
	if diff := cmp.Diff([]time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, b.clock.slept); diff != "" || out.Looks != 4 {
		t.Errorf("%d looks, waits (-want +got):\n%s", out.Looks, diff)
	}
}

func TestG13LiveForever(t *testing.T) {
	for _, state := range []State{Requested, Done} {
		b := newBench(t, selfRevoke)
		b.Backoff = Backoff{First: time.Second, Max: time.Minute, Total: 10 * time.Minute}
		b.issuer.onRevoke = func(int) (bool, Receipt, error) { return false, Receipt{State: state}, nil }
		out := b.respond(t)
		wantStage(t, out, StagePending)
		if !strings.Contains(out.Reason, "unconfirmed") || !strings.Contains(out.Reason, "a person must look") || out.RetryAfter <= 0 || !out.Live() {
			t.Errorf("outcome %+v", out)
		}
		if waited := b.clock.Now().Sub(start); waited != 10*time.Minute {
			t.Errorf("waited %s, want 10 min", waited)
		}
		looks := out.Looks
		if again := b.respond(t); again.Stage != StagePending || again.Looks != looks {
			t.Errorf("the next call waits again: %+v", again)
		}
		if has(b.kinds(t), KindConfirmed) || b.issuer.revokes != 1 {
			t.Errorf("%d revokes, entries %v", b.issuer.revokes, b.kinds(t))
		}
	}
}

func TestG14ParallelWorkersRevokeOnce(t *testing.T) {
	b := newBench(t, Action{Name: "rotate", Bind: "self"})
	dir := t.TempDir()
	var done sync.WaitGroup
	for n := range 8 {
		r := *b.Responder
		j, err := OpenJournal(t.Context(), dir+"/journal.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		r.Run, r.Journal, r.Lock = fmt.Sprint("run-", n), j, LockDir(dir)
		done.Go(func() {
			if out, err := r.Respond(t.Context(), found(1)); err != nil || out.Stage != StageReviewed {
				t.Errorf("worker %d: %+v, %v", n, out, err)
			}
		})
	}
	done.Wait()
	wantRevokes(t, b.issuer, 1)
	if b.issuer.reviews != 1 {
		t.Errorf("%d reviews", b.issuer.reviews)
	}
	if _, err := VerifyJournal(dir + "/journal.jsonl"); err != nil {
		t.Error(err)
	}
}

func TestG14RevokedByAPersonMeanwhile(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.issuer.onVerify = func(n int, _ *Verdict) {
		if n == 1 {
			b.issuer.alive = false
		}
	}
	out := b.respond(t)
	wantStage(t, out, StageDead)
	wantRevokes(t, b.issuer, 0)
	if out.Live() {
		t.Error("a dead key counts as live")
	}
}

func TestWaitingForALockEndsWithTheContext(t *testing.T) {
	b := newBench(t, selfRevoke)
	b.Lock = LockDir(t.TempDir())
	release, err := b.Lock.Lock(t.Context(), string(found(1).ID))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.Respond(ctx, found(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
	release()
	wantStage(t, b.respond(t), StageReviewed)
}

func TestG11NothingIsDoneThatCannotBeRecorded(t *testing.T) {
	full := newBench(t, selfRevoke)
	full.respond(t)
	for last := range len(full.kinds(t)) {
		b := newBench(t, selfRevoke)
		b.Journal = &brittle{Journal: b.Journal, left: last}
		_, err := b.Respond(t.Context(), found(1))
		mustHave(t, err, "record", "no space left", "nothing more is done")
		b.issuer.mu.Lock()
		calls, revokes := b.issuer.verifies+b.issuer.revokes+b.issuer.reviews, b.issuer.revokes
		b.issuer.mu.Unlock()
		if want := map[bool]int{true: 1}[last > 2]; revokes != want {
			t.Errorf("%d entries fit: %d revokes, want %d", last, revokes, want)
		}
		if calls > last+1 {
			t.Errorf("%d entries fit, and %d calls were made", last, calls)
		}
	}
}

// brittle is a journal that is full after some entries.
type brittle struct {
	Journal
	left int
}

func (b *brittle) Append(ctx context.Context, e Entry) error {
	if b.left == 0 {
		return errors.New("no space left on device")
	}
	b.left--
	return b.Journal.Append(ctx, e)
}
