package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

const reviewLong = `Review asks the issuer, with your own credential, what happened while a key was
exposed: what it could change and what changed, what may outlive it, and what
cannot be seen. It changes nothing.

The key is read again where the last scan saw it.`

func newReview(g *globals) *cobra.Command {
	var out outputFlags
	var since string
	cmd := &cobra.Command{Use: "review ID", Short: "what a key did while it was exposed", Long: reviewLong, Args: cobra.ExactArgs(1)}
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
	c, err := g.load()
	if err != nil {
		return err
	}
	k, err := g.stored(ctx, c.StateDir(g.state, g.env.getenv), id)
	if err != nil {
		return err
	}
	var targets []string
	seen := map[string]bool{}
	for _, p := range k.Places {
		if !seen[p.Target] && p.Target != "-" {
			seen[p.Target] = true
			targets = append(targets, p.Target)
		}
	}
	r, err := g.begin(cmd, &scanFlags{minConfidence: "low", only: []string{k.Rule}}, out, targets)
	if err != nil {
		return err
	}
	defer r.abort()
	if r.desk, err = g.desk(ctx, r.config, r.set); err != nil {
		return err
	}
	if err := r.scan(ctx); err != nil {
		return errors.Join(err, r.desk.close(ctx))
	}
	if err := errors.Join(r.reviewKey(ctx, id, from), r.desk.close(ctx)); err != nil {
		return errors.Join(err, r.end(ctx))
	}
	return r.end(ctx)
}

// reviewKey reviews one key of those that the scan found again.
func (r *run) reviewKey(ctx context.Context, id scanner.ID, from time.Time) error {
	var found *scanner.Finding
	for i := range r.findings {
		if r.findings[i].ID == id {
			found = &r.findings[i]
			break
		}
	}
	if found == nil {
		return usage(fmt.Errorf("%s: not found again where it was last seen, so its issuer cannot be asked about it", id))
	}
	p := r.desk.issuers.Provider(found.Rule)
	if p.Reviewer == nil {
		return usage(fmt.Errorf("%s: nothing can be asked of the issuer of %s about what a key did", id, found.Rule))
	}
	w, v, err := r.window(ctx, id, from)
	if err != nil {
		return usage(err)
	}
	if err := r.desk.kill(ctx); err != nil {
		return usage(err)
	}
	a, err := p.Reviewer.Review(ctx, *found, v, w)
	if err != nil {
		return usage(fmt.Errorf("review %s: %w", id, err))
	}
	o := revoker.Outcome{ID: id, Rule: found.Rule, Stage: revoker.StageUnknown, Reason: "reviewed; validity not asked", Activity: &a, Window: w}
	r.out.send(report.Item{Outcome: &o})
	return nil
}

// window is the key's exposure, from its first place to its confirmed death or now, and what the issuer last said of it alive.
func (r *run) window(ctx context.Context, id scanner.ID, from time.Time) (revoker.Window, revoker.Verdict, error) {
	w := revoker.Window{From: from, To: r.started}
	if from.IsZero() {
		w.From = r.exposed()[id]
	}
	var v revoker.Verdict
	for e, err := range r.desk.journal.Entries(ctx, id) {
		if err != nil {
			return w, v, err
		}
		if e.Kind == revoker.KindConfirmed {
			w.To = e.At
		}
		if e.Verdict != nil && e.Verdict.Validity == revoker.Active {
			v = *e.Verdict
		}
	}
	return w, v, nil
}
