package desk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// AtOnce is how many keys are answered at the same time where nobody says another number. The pace that is kept at every
// issuer (revoker/provider) puts off no request of so many keys for longer than it waits.
const AtOnce = 8

// Round answers the keys of one run.
type Round struct {
	desk *Desk
	run  string
	// atOnce is how many keys are answered at the same time.
	atOnce int

	mu sync.Mutex
	// verdicts are what issuers said in this round, each of whom is asked once about a key.
	verdicts map[scanner.ID]revoker.Verdict
}

// Round begins the round of a run, which answers so many keys at a time.
func (d *Desk) Round(run string, atOnce int) *Round {
	return &Round{desk: d, run: run, atOnce: atOnce, verdicts: map[scanner.ID]revoker.Verdict{}}
}

// End says how the answer to a key ended.
type End int

// The ends.
const (
	// Answered says that there is an answer, or an error that belongs to this key alone.
	Answered End = iota
	// NoIssuer says that nobody can be asked about keys of this rule.
	NoIssuer
	// NotBegun says that the round was interrupted before the key's turn, Interrupted that it was in the middle.
	NotBegun
	Interrupted
	// Stopped says that a kill switch stopped the round before the key's turn; the error is with the key that met the switch.
	Stopped
)

// Answer is what became of one key.
type Answer struct {
	Finding scanner.Finding
	End     End
	// Verdict is what the issuer said, nil when it said nothing. Outcome is where a response ended, nil when it was not
	// answered that far.
	Verdict *revoker.Verdict
	Outcome *revoker.Outcome
	Err     error
}

// Live reports whether the key was active when last seen and is not proven dead since.
func (a Answer) Live() bool {
	if a.Outcome != nil {
		return a.Outcome.Live()
	}
	return a.Verdict != nil && a.Verdict.Validity == revoker.Active
}

// Ask asks the issuers of the keys whether they are live, once for each key and once a round. It changes nothing. The answers
// come in the order of the findings.
func (r *Round) Ask(ctx context.Context, found []scanner.Finding) iter.Seq[Answer] {
	return r.each(ctx, found, func(f scanner.Finding) (a Answer) {
		v, err := r.verify(ctx, f)
		if a.Err = err; v.Validity != "" {
			a.Verdict = &v
		}
		return a
	})
}

// Respond answers the keys, each once, as the order says. The answers come in the order of the findings.
func (r *Round) Respond(ctx context.Context, o Order, found []scanner.Finding) iter.Seq[Answer] {
	res := r.desk.Responder(o, r.run)
	return r.each(ctx, found, func(f scanner.Finding) (a Answer) {
		out, err := res.Respond(ctx, f)
		if err != nil && out.Reason == "" {
			out.Reason = "stopped before its answer was at its end; the same command goes on"
		}
		if a.Err = err; err == nil || out.Verdict != nil { // else there is nothing to say
			a.Outcome, a.Verdict = &out, out.Verdict
		}
		return a
	})
}

// verify is what the issuer of a key says. The answer is put on record.
func (r *Round) verify(ctx context.Context, f scanner.Finding) (revoker.Verdict, error) {
	r.mu.Lock()
	v, asked := r.verdicts[f.ID]
	r.mu.Unlock()
	if asked {
		return v, nil
	}
	v, err := r.desk.Provider(f.Rule).Verifier.Verify(ctx, f)
	if err != nil {
		return revoker.Verdict{}, fmt.Errorf("verify %s: %w", f.ID, err)
	}
	r.mu.Lock()
	r.verdicts[f.ID] = v
	r.mu.Unlock()
	e := revoker.Entry{
		At: r.desk.world.Clock.Now().UTC(), ID: f.ID, Kind: revoker.KindVerified, Rule: f.Rule, Run: r.run, Note: v.Reason, Verdict: &v,
	}
	return v, narrator{r.desk.Journal, r.desk.world, 0}.Append(context.WithoutCancel(ctx), e)
}

// each answers every key of the findings once, several at a time.
func (r *Round) each(ctx context.Context, found []scanner.Finding, answer func(scanner.Finding) Answer) iter.Seq[Answer] {
	var stopped atomic.Bool
	return inOrder(r.atOnce, keys(found), func(f scanner.Finding) (a Answer) {
		switch {
		case ctx.Err() != nil:
			return Answer{Finding: f, End: NotBegun}
		case stopped.Load():
			return Answer{Finding: f, End: Stopped}
		case r.desk.Provider(f.Rule).Verifier == nil:
			return Answer{Finding: f, End: NoIssuer}
		}
		a = answer(f)
		a.Finding = f
		switch {
		case a.Err != nil && errors.Is(a.Err, ctx.Err()):
			a.End, a.Err = Interrupted, nil
		case errors.Is(a.Err, revoker.ErrStopped):
			stopped.Store(true)
		}
		if a.Verdict != nil && !f.Allowed { // of what is let stand the store knows nothing
			a.Err = errors.Join(a.Err, r.desk.Store.PutVerdict(context.WithoutCancel(ctx), f.ID, *a.Verdict))
		}
		return a
	})
}

// keys are the findings without further places of the same key.
func keys(found []scanner.Finding) []scanner.Finding {
	var all []scanner.Finding
	seen := map[scanner.ID]bool{}
	for _, f := range found {
		if !seen[f.ID] {
			seen[f.ID] = true
			all = append(all, f)
		}
	}
	return all
}
