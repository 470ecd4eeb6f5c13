package revoker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// Responder responds to leaked keys. Every field that has an effect is a value, so that a test can stand in for it. It may be
// used by many goroutines; its fields are not changed while it is.
type Responder struct {
	// Run names the run; caps and the circuit breaker count by it. Required.
	Run string
	// Execute allows revokes. Without it the responder verifies, looks and plans, and no mutating request leaves.
	Execute bool
	// Policy decides. The zero value plans and never executes.
	Policy Policy
	// Plan is the plan that is carried out; nil: none is.
	Plan *Plan
	// Provider says what can be done about the keys of a rule. Required.
	Provider func(rule string) Provider
	// Journal is the record. Required.
	Journal Journal
	// Lock keeps two workers from one key, and counts executions one at a time. Required.
	Lock Locker
	// Clock is the time. Required.
	Clock Clock
	// Kill is asked before every call. Required.
	Kill KillSwitch
	// Facts are what the operator knows of a key. nil: nothing.
	Facts func(f scanner.Finding, v Verdict) Facts
	// Exposed is when the key was first exposed, over all its places. nil: the time of the finding's place.
	Exposed func(f scanner.Finding) time.Time
	// Backoff spaces the looks after a revoke.
	Backoff Backoff
}

// Backoff spaces repeated questions: First, then twice that, and so on up to Max, until Total has passed since the order. An
// issuer that asks for more time gets it. Zero: 1 s, 5 min and 60 min.
type Backoff struct{ First, Max, Total time.Duration }

func (b Backoff) first() time.Duration { return cmp.Or(b.First, time.Second) }
func (b Backoff) max() time.Duration   { return cmp.Or(b.Max, 5*time.Minute) }
func (b Backoff) total() time.Duration { return cmp.Or(b.Total, time.Hour) }

// executeLock is the lock under which executions are counted and intents are written. No finding has this ID.
const executeLock = "execute"

// Respond brings the key as far as policy and issuer allow and says how far that is. It may be called again at any time,
// after an error or a crash too; what is done is not done again.
//
// An error means that the response stopped early: the journal could not be written or read, a kill switch was on ([ErrStopped]),
// the context ended, or the configuration is wrong. The outcome is right even then.
func (r *Responder) Respond(ctx context.Context, f scanner.Finding) (Outcome, error) {
	out := Outcome{ID: f.ID, Rule: f.Rule, Stage: StageUnknown}
	if err := r.check(f); err != nil {
		return out, err
	}
	release, err := r.Lock.Lock(ctx, string(f.ID))
	if err != nil {
		return out, fmt.Errorf("respond to %s: %w", f.ID, err)
	}
	defer release()
	c := &response{Responder: r, f: f, p: r.Provider(f.Rule)}
	for e, err := range r.Journal.Entries(ctx, f.ID) {
		if err != nil {
			return out, fmt.Errorf("respond to %s: %w", f.ID, err)
		}
		c.past = append(c.past, e)
		c.rec.add(e)
	}
	err = c.run(ctx)
	return c.outcome(), err
}

// check says what the caller left out.
func (r *Responder) check(f scanner.Finding) error {
	switch {
	case f.ID == "" || f.Rule == "" || string(f.ID) == executeLock:
		return fmt.Errorf("respond to %q of rule %q: not a finding with ID and rule", f.ID, f.Rule)
	case r.Run == "" || r.Provider == nil || r.Journal == nil || r.Lock == nil || r.Clock == nil || r.Kill == nil:
		return errors.New("respond: Run, Provider, Journal, Lock, Clock and Kill are required")
	}
	return nil
}

// response is one call of Respond.
type response struct {
	*Responder
	f    scanner.Finding
	p    Provider
	past []Entry
	rec  record

	stage  Stage
	reason string
	retry  time.Duration
}

// end notes where the response ended.
func (c *response) end(stage Stage, reason string) error {
	c.stage, c.reason = stage, reason
	return nil
}

// run takes the first step that is not done yet.
func (c *response) run(ctx context.Context) error {
	switch {
	case c.rec.reviewed != nil:
		return c.end(StageReviewed, c.rec.reviewed.Note)
	case c.rec.confirmed != nil:
		return c.review(ctx)
	case c.p.Verifier == nil:
		return c.end("", fmt.Sprintf("nothing can verify a key of rule %s; configure its provider", c.f.Rule))
	}
	v, err := c.verify(ctx, KindVerified)
	if err != nil {
		return err
	}
	switch {
	case v.Validity == Inactive:
		return c.inactive(ctx, v)
	case c.rec.receipt != nil:
		return c.watch(ctx, v)
	case v.Validity != Active:
		return c.unclear(v)
	case c.rec.open && !(c.rec.intent.Decision.Action.Idempotent && c.p.Action.Idempotent):
		return c.stuck(ctx)
	}
	return c.act(ctx, v)
}

// call asks the kill switch; what names the call that would follow.
func (c *response) call(ctx context.Context, what string) error {
	if err := c.Kill(ctx); err != nil {
		return fmt.Errorf("%w: stopped before the %s of %s: %w", ErrStopped, what, c.f.ID, err)
	}
	return ctx.Err()
}

// append writes an entry of this key. What it records has happened or is about to, so it is written even when the context has ended.
func (c *response) append(ctx context.Context, e Entry) error {
	e.At, e.ID, e.Rule, e.Run = c.Clock.Now().UTC(), c.f.ID, c.f.Rule, c.Run
	if err := c.Journal.Append(context.WithoutCancel(ctx), e); err != nil {
		return fmt.Errorf("record %q for %s, so nothing more is done about it: %w", e.Kind, c.f.ID, err)
	}
	c.past = append(c.past, e)
	c.rec.add(e)
	return nil
}

// verify asks the issuer and records the answer as an entry of that kind.
func (c *response) verify(ctx context.Context, kind Kind) (Verdict, error) {
	if err := c.call(ctx, "verify"); err != nil {
		return Verdict{}, err
	}
	v, err := c.p.Verifier.Verify(ctx, c.f)
	if err != nil {
		return Verdict{}, fmt.Errorf("verify %s: %w", c.f.ID, err)
	}
	return v, c.append(ctx, Entry{Kind: kind, Note: v.Reason, Verdict: &v})
}

// inactive ends with a key that is not live: ours if we ever ordered it, else it was dead on arrival.
func (c *response) inactive(ctx context.Context, v Verdict) error {
	if c.rec.open {
		return c.confirm(ctx, v)
	}
	if !c.rec.dead {
		if err := c.append(ctx, Entry{Kind: KindDead, Note: "inactive before we did anything", Verdict: &v}); err != nil {
			return err
		}
	}
	return c.end(StageDead, "inactive before we did anything: "+v.Reason)
}

// unclear ends with a key of which the issuer did not say whether it is live.
func (c *response) unclear(v Verdict) error {
	c.retry = max(v.RetryAfter, c.Backoff.first())
	return c.end("", "the issuer gave no clear answer: "+v.Reason)
}

// stuck ends with a live key on which a call was made whose outcome nobody knows and that must not be made twice.
func (c *response) stuck(ctx context.Context) error {
	const why = "outcome of the first call unknown; not repeated, since the action is not idempotent: a person must look at the issuer"
	if !c.rec.failed {
		if err := c.append(ctx, Entry{Kind: KindFailed, Note: why}); err != nil {
			return err
		}
	}
	c.retry = c.Backoff.max()
	return c.end(StageFailed, why)
}
