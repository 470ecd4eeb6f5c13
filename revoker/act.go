package revoker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// act decides about an active key and carries the decision out.
func (c *response) act(ctx context.Context, v Verdict) error {
	d, err := c.decide(ctx, v)
	if err != nil {
		return err
	}
	if d.Verb != Execute {
		return c.hold(ctx, d)
	}
	again, err := c.verify(ctx, KindVerified)
	switch {
	case err != nil:
		return err
	case again.Validity == Inactive:
		return c.inactive(ctx, again)
	case again.Validity != Active:
		return c.unclear(again)
	}
	if what := changed(v, again); what != "" {
		d.Verb, d.Needs = Leave, NeedsRightOwner
		d.Reason = fmt.Sprintf("the key's %s changed between decision and revoke; find out whose key it is", what)
		return c.hold(ctx, d)
	}
	if d, err = c.intend(ctx, again); err != nil {
		return err
	}
	if d.Verb != Execute {
		return c.hold(ctx, d)
	}
	return c.revoke(ctx, again)
}

// identity are the facts that say which key it is and whose. They are the same for as long as it is that key.
var identity = [...]string{"organization", "owner", "owner_id", "key_id", "created"}

// changed names the facts of identity in which two verdicts differ.
func changed(a, b Verdict) string {
	var names []string
	for _, name := range identity {
		if a.Facts[name] != b.Facts[name] {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// decide asks the policy. Executions are counted only when it would execute, since that reads the whole journal.
func (c *response) decide(ctx context.Context, v Verdict) (Decision, error) {
	s := Situation{Now: c.Clock.Now(), Provider: c.p.Name, Plan: c.Plan}
	if c.p.Revoker != nil {
		s.Action = c.p.Action
	}
	if c.Facts != nil {
		s.Facts = c.Facts(c.f, v)
	}
	d := c.Policy.Decide(c.f, v, c.past, s)
	switch {
	case d.Verb != Execute:
		return d, nil
	case !c.Execute:
		d.Verb, d.Needs, d.Reason = Propose, NeedsExecute, d.Reason+", but this is a dry run"
		return d, nil
	}
	var err error
	if s.Used, s.Tripped, err = c.tally(ctx, s.Now); err != nil {
		return Decision{}, fmt.Errorf("count executions: %w", err)
	}
	return c.Policy.Decide(c.f, v, c.past, s), nil
}

// tally counts the other keys on which was executed, and says what opened the run's circuit breaker: a key of somebody else, or a
// revoke that did not end as it should.
func (c *response) tally(ctx context.Context, now time.Time) (used Used, tripped string, err error) {
	run, provider, hour := map[scanner.ID]bool{}, map[scanner.ID]bool{}, map[scanner.ID]bool{}
	for e, err := range c.Journal.Entries(ctx, "") {
		switch {
		case err != nil:
			return Used{}, "", err
		case e.ID == c.f.ID:
		case e.Kind == KindIntent:
			mine := e.Run == c.Run
			run[e.ID] = run[e.ID] || mine
			provider[e.ID] = provider[e.ID] || mine && c.Provider(e.Rule).Name == c.p.Name
			hour[e.ID] = hour[e.ID] || now.Sub(e.At) < time.Hour
		case e.Run == c.Run && tripped == "":
			tripped = trip(e)
		}
	}
	return Used{Run: count(run), Provider: count(provider), Hour: count(hour)}, tripped, nil
}

// count counts the keys that are marked.
func count(marked map[scanner.ID]bool) (n int) {
	for _, yes := range marked {
		if yes {
			n++
		}
	}
	return n
}

// trip says why an entry opens the circuit breaker, or nothing.
func trip(e Entry) string {
	switch {
	case e.Kind == KindRefused && e.Decision != nil && e.Decision.Needs == NeedsRightOwner:
		return fmt.Sprintf("%s belongs to somebody else (%s)", e.ID, e.Decision.Reason)
	case e.Kind == KindFailed:
		return fmt.Sprintf("the revoke of %s did not end as it should (%s)", e.ID, e.Note)
	}
	return ""
}

// hold records a decision not to execute.
func (c *response) hold(ctx context.Context, d Decision) error {
	kind, stage := KindPlanned, StagePlanned
	if d.Verb != Propose {
		kind, stage = KindRefused, StageLeft
	}
	if err := c.append(ctx, Entry{Kind: kind, Note: d.Reason, Decision: &d}); err != nil {
		return err
	}
	return c.end(stage, d.Reason)
}

// intend decides once more, alone among all workers so that no cap is passed, and records the intent if it is to execute.
func (c *response) intend(ctx context.Context, v Verdict) (Decision, error) {
	release, err := c.Lock.Lock(ctx, executeLock)
	if err != nil {
		return Decision{}, err
	}
	defer release()
	d, err := c.decide(ctx, v)
	if err != nil || d.Verb != Execute {
		return d, err
	}
	return d, c.append(ctx, Entry{Kind: KindIntent, Note: d.Reason, Decision: &d})
}

// revoke makes the call that the intent on record announces.
func (c *response) revoke(ctx context.Context, v Verdict) error {
	if err := c.call(ctx, "revoke"); err != nil {
		return errors.Join(err, c.append(ctx, Entry{Kind: KindRefused, Note: "not sent: " + err.Error()}))
	}
	receipt, err := c.p.Revoker.Revoke(ctx, c.f, v)
	if err == nil && receipt.State != Requested && receipt.State != Done && receipt.State != Manual {
		err = fmt.Errorf("the provider reports state %q, which means nothing", receipt.State)
	}
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		if err := c.append(ctx, Entry{Kind: KindRefused, Note: refusal.Error()}); err != nil {
			return err
		}
		return c.end(StageFailed, refusal.Error())
	case err != nil:
		return c.failed(ctx, err)
	}
	if err := c.append(ctx, Entry{Kind: KindReceipt, Note: string(receipt.State), Receipt: &receipt}); err != nil {
		return err
	}
	again, err := c.verify(ctx, KindLook)
	if err != nil {
		return err
	}
	return c.watch(ctx, again)
}

// failed records a call whose outcome is not known, and looks once whether it took effect.
func (c *response) failed(ctx context.Context, cause error) error {
	why := "outcome of the revoke unknown: " + cause.Error()
	if err := c.append(ctx, Entry{Kind: KindFailed, Note: why}); err != nil {
		return err
	}
	v, err := c.verify(ctx, KindLook)
	switch {
	case err != nil:
		return err
	case v.Validity == Inactive:
		return c.confirm(ctx, v)
	}
	c.retry = max(v.RetryAfter, c.Backoff.first())
	return c.end(StageFailed, why)
}
