package revoker

import (
	"context"
	"fmt"
	"time"
)

// watch looks at a key whose revoke was ordered until it is dead or the time for that has passed. v is the look that was just
// taken. A dry run does not wait.
func (c *response) watch(ctx context.Context, v Verdict) error {
	deadline := c.rec.ordered.Add(c.Backoff.total())
	for step := c.Backoff.first(); v.Validity != Inactive; step = min(2*step, c.Backoff.max()) {
		left := deadline.Sub(c.Clock.Now())
		if !c.Execute || left <= 0 || v.RetryAfter > left {
			return c.pending(max(v.RetryAfter, c.Backoff.max()))
		}
		if err := c.Clock.Sleep(ctx, max(v.RetryAfter, min(step, left))); err != nil {
			return err
		}
		var err error
		if v, err = c.verify(ctx, KindLook); err != nil {
			return err
		}
	}
	return c.confirm(ctx, v)
}

// pending ends with a key that is not dead yet.
func (c *response) pending(retry time.Duration) error {
	c.retry = retry
	state, passed := c.rec.receipt.State, c.Clock.Now().Sub(c.rec.ordered)
	switch {
	case state == Manual:
		return c.end(StagePending, "a person has to revoke it; it is not dead yet")
	case !c.Execute && passed < c.Backoff.total():
		return c.end(StagePending, fmt.Sprintf("%s, not dead yet", state))
	}
	return c.end(StagePending, fmt.Sprintf("unconfirmed: %s, but not dead %s after the order: a person must look at the issuer", state, passed.Round(time.Second)))
}

// confirm records that a key which we ordered dead is dead, and goes on to the review.
func (c *response) confirm(ctx context.Context, v Verdict) error {
	note := "inactive after our revoke"
	if c.rec.receipt == nil {
		note = "inactive, no receipt of ours"
	}
	if err := c.append(ctx, Entry{Kind: KindConfirmed, Note: note, Verdict: &v}); err != nil {
		return err
	}
	return c.review(ctx)
}

// window is the time in which the key was exposed.
func (c *response) window() Window {
	w := Window{From: c.f.At.Time}
	if c.Exposed != nil {
		w.From = c.Exposed(c.f)
	}
	if c.rec.confirmed != nil {
		w.To = c.rec.confirmed.At
	}
	return w
}

// review asks what happened while the key was exposed. A review that fails leaves the key confirmed and is tried again by the
// next call.
func (c *response) review(ctx context.Context) error {
	if c.p.Reviewer == nil {
		return c.end(StageConfirmed, c.rec.confirmed.Note+"; there is no review for this kind of key")
	}
	if err := c.call(ctx, "review"); err != nil {
		return err
	}
	var v Verdict
	if c.rec.active != nil {
		v = *c.rec.active
	}
	w := c.window()
	activity, err := c.p.Reviewer.Review(ctx, c.f, v, w)
	if err != nil {
		c.retry = c.Backoff.max()
		return c.end(StageConfirmed, fmt.Sprintf("%s; the review failed and is tried again: %v", c.rec.confirmed.Note, err))
	}
	activity.Window = w
	if err := c.append(ctx, Entry{Kind: KindReviewed, Note: c.rec.confirmed.Note, Activity: &activity}); err != nil {
		return err
	}
	return c.end(StageReviewed, c.rec.confirmed.Note)
}
