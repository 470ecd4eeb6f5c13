package revoker

import "time"

// record is what the journal says of one key: the fold of its entries.
type record struct {
	// intent is the last one. open says that a call may have been made for it or for an earlier one; before says so of the
	// earlier ones alone.
	intent       *Entry
	open, before bool
	// failed says that the last intent came to nothing that we know of. looks are counted since then.
	failed bool
	looks  int
	// receipt is the last one, ordered when it was recorded.
	receipt *Receipt
	ordered time.Time

	// active is the last active verdict, verdict the last of all.
	active, verdict *Verdict
	decision        *Decision
	dead            bool
	confirmed       *Entry
	reviewed        *Entry
	last            Kind
}

// add takes in the next entry.
func (r *record) add(e Entry) {
	if e.Verdict != nil {
		r.verdict = e.Verdict
		if e.Verdict.Validity == Active {
			r.active, r.dead = e.Verdict, false
		}
	}
	if e.Decision != nil {
		r.decision = e.Decision
	}
	switch e.Kind {
	case KindIntent:
		r.before, r.open, r.intent = r.open, true, &e
		r.looks, r.failed = 0, false
	case KindRefused:
		if r.last == KindIntent { // nothing was sent for it
			r.open = r.before
		}
	case KindReceipt:
		r.receipt, r.ordered = e.Receipt, e.At
	case KindFailed:
		r.failed = true
	case KindLook:
		r.looks++
	case KindDead:
		r.dead, r.active = true, nil
	case KindConfirmed:
		r.confirmed = &e
	case KindReviewed:
		r.reviewed = &e
	}
	r.last = e.Kind
}

// stage is how far the record goes by itself.
func (r *record) stage() Stage {
	switch {
	case r.reviewed != nil:
		return StageReviewed
	case r.confirmed != nil:
		return StageConfirmed
	case r.open:
		return StagePending
	case r.verdict != nil && r.verdict.Validity == Inactive:
		return StageDead
	case r.verdict != nil && r.verdict.Validity == Active:
		return StageLeft
	}
	return StageUnknown
}

// outcome is where the response ended, with what is on record.
func (c *response) outcome() Outcome {
	out := Outcome{
		ID: c.f.ID, Rule: c.f.Rule, Stage: c.stage, Reason: c.reason, RetryAfter: c.retry,
		Verdict: c.rec.verdict, Decision: c.rec.decision, Receipt: c.rec.receipt,
		Window: c.window(), Looks: c.rec.looks, Revoked: c.rec.ordered,
	}
	if out.Stage == "" {
		out.Stage = c.rec.stage()
	}
	if c.rec.active != nil && out.Stage != StageDead {
		out.Verdict = c.rec.active
	}
	if c.rec.confirmed != nil {
		out.Confirmed = c.rec.confirmed.At
	}
	if r := c.rec.reviewed; r != nil && r.Activity != nil {
		out.Activity, out.Window = r.Activity, r.Activity.Window
	}
	return out
}
