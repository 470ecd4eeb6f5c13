package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

const reviewLong = `Review asks the issuer, with your own credential, what happened while a key was
exposed: what it could change and what changed, what may outlive it, and what
cannot be seen. It changes nothing, and does not ask whether the key is live.

The key is read again where the last scan saw it.

EXIT STATUS
  1  reviewed; the key is dead, or nobody asked
  2  usage or configuration
  4  reviewed; the key was live when last seen`

func newReview(g *globals) *cobra.Command {
	var out outputFlags
	var since string
	cmd := &cobra.Command{Use: "review ID", Short: "what a key did while it was exposed", Long: reviewLong, Args: oneID}
	out.flags(cmd.Flags())
	cmd.Flags().StringVar(&since, "since", "", "begin of the window (default: the first time the key was seen in public)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		from, err := parseTime(since)
		if err != nil {
			return usage(fmt.Errorf("--since: %w", err))
		}
		return g.review(cmd, scanner.ID(args[0]), from, &out)
	}
	return cmd
}

func (g *globals) review(cmd *cobra.Command, id scanner.ID, from time.Time, out *outputFlags) error {
	ctx := cmd.Context()
	r, err := g.prepare(cmd, &scanFlags{minConfidence: "low"})
	if err != nil {
		return err
	}
	k, err := g.stored(ctx, r.config.StateDir(g.state, g.env.getenv), id)
	if err != nil {
		return err
	}
	r.flags.only = []string{k.Rule}
	targets := placesOf(k)
	if len(targets) == 0 {
		return usage(fmt.Errorf("%s: it was read from standard input, where it cannot be read again; scan the place where it stands", id))
	}
	if err := r.open(ctx, targets); err != nil {
		return err
	}
	if r.desk, err = g.desk(ctx, r.config, r.set); err != nil {
		return err
	}
	if err := r.start(out, targets); err != nil {
		return err
	}
	err = r.scan(ctx)
	if err == nil {
		err = r.reviewKey(ctx, id, from)
	}
	return r.finish(ctx, err)
}

// placesOf are the targets in which a key was found, each once.
func placesOf(k store.Key) []string {
	var targets []string
	seen := map[string]bool{"-": true}
	for _, p := range k.Places {
		if !seen[p.Target] {
			seen[p.Target] = true
			targets = append(targets, p.Target)
		}
	}
	return targets
}

// reviewKey reviews one key of those that the scan found again.
func (r *run) reviewKey(ctx context.Context, id scanner.ID, from time.Time) error {
	var found scanner.Finding
	for _, f := range r.findings {
		if f.ID == id {
			found = f
			break
		}
	}
	p := r.desk.issuers.Provider(found.Rule)
	switch {
	case found.ID == "":
		return usage(fmt.Errorf("%s: not found again where it was last seen, so its issuer cannot be asked about it; scan the place where it stands", id))
	case p.Reviewer == nil:
		return usage(fmt.Errorf("%s: nothing can be asked of the issuer of %s about what a key did", id, found.Rule))
	}
	o, err := r.past(ctx, found)
	if err != nil {
		return usage(err)
	}
	if !from.IsZero() {
		o.Window.From = from
	}
	var v revoker.Verdict
	if o.Verdict != nil {
		v = *o.Verdict
	}
	a, err := p.Reviewer.Review(ctx, found, v, o.Window)
	if err != nil {
		return usage(fmt.Errorf("review %s: %w", id, err))
	}
	o.Activity, r.live = &a, o.Live()
	r.out.send(report.Item{Outcome: &o})
	return nil
}

// past is what the journal says of a key: the last answer that it was live, and its death. The window is the key's exposure,
// from its first place to its confirmed death or now.
func (r *run) past(ctx context.Context, f scanner.Finding) (revoker.Outcome, error) {
	o := revoker.Outcome{
		ID: f.ID, Rule: f.Rule, Stage: revoker.StageUnknown, Reason: "reviewed; not asked whether it is live now",
		Window: revoker.Window{From: r.exposed()[f.ID], To: r.started},
	}
	var errs []error
	for e, err := range r.desk.journal.Entries(ctx, f.ID) {
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
