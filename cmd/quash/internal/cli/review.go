package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/quash-sh/quash/report"
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
	k, err := g.stored(ctx, g.stateDir(r.config), id)
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
	defer r.close()
	if err := r.sit(ctx, 1); err != nil {
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
func (r *run) reviewKey(ctx context.Context, id scanner.ID, since time.Time) error {
	at := slices.IndexFunc(r.findings, func(f scanner.Finding) bool { return f.ID == id })
	if at < 0 {
		return usage(fmt.Errorf("%s: not found again where it was last seen, so its issuer cannot be asked about it; scan the place where it stands", id))
	}
	o, err := r.desk.Review(ctx, r.findings[at], r.places()[id], since)
	if err != nil {
		return usage(err)
	}
	r.live = o.Live()
	r.out.send(report.Item{Outcome: &o})
	return nil
}
