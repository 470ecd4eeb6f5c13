package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// Review asks the issuer what a key did, without asking whether it is live. The window begins where since says, or else when the
// key was first exposed at its places, and ends with the key's confirmed death, or now.
func (d *Desk) Review(ctx context.Context, f scanner.Finding, places []scanner.Location, since time.Time) (revoker.Outcome, error) {
	reviewer := d.Provider(f.Rule).Reviewer
	if reviewer == nil {
		return revoker.Outcome{}, fmt.Errorf("%s: nothing can be asked of the issuer of %s about what a key did", f.ID, f.Rule)
	}
	o, err := d.past(ctx, f)
	if err != nil {
		return o, err
	}
	if o.Window.From = since; since.IsZero() {
		o.Window.From = FirstExposed(places)
	}
	var v revoker.Verdict
	if o.Verdict != nil {
		v = *o.Verdict
	}
	a, err := reviewer.Review(ctx, f, v, o.Window)
	if err != nil {
		return o, fmt.Errorf("review %s: %w", f.ID, err)
	}
	o.Activity = &a
	return o, nil
}

// past is what the journal says of a key: the last answer that it was live, and its death.
func (d *Desk) past(ctx context.Context, f scanner.Finding) (revoker.Outcome, error) {
	o := revoker.Outcome{
		ID: f.ID, Rule: f.Rule, Stage: revoker.StageUnknown, Reason: "reviewed; not asked whether it is live now",
		Window: revoker.Window{To: d.world.Clock.Now()},
	}
	var errs []error
	for e, err := range d.Journal.Entries(ctx, f.ID) {
		errs = append(errs, err)
		switch {
		case e.Kind == revoker.KindConfirmed:
			o.Stage, o.Confirmed, o.Window.To, o.Reason = revoker.StageReviewed, e.At, e.At, "reviewed again"
		case e.Kind == revoker.KindReceipt:
			o.Receipt, o.Revoked, o.Looks = e.Receipt, e.At, 0
		case e.Kind == revoker.KindLook:
			o.Looks++
		case e.Kind == revoker.KindDead:
			o.Stage = revoker.StageDead
		}
		if e.Verdict != nil && e.Verdict.Validity == revoker.Active {
			o.Verdict = e.Verdict
		}
	}
	return o, errors.Join(errs...)
}
