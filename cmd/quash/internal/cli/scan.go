package cli

import (
	"context"
	"errors"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

const scanLong = `Scan reads each TARGET and reports the keys in it: a directory, a git repository
(work tree and whole history), a file, a ticket export, or - for standard input.
Without a target it reads the current directory. A TARGET may be the URL of a
repository (https, ssh, git@host:path, file): it is fetched into a bare mirror that
is removed afterwards, or kept with --cache. Credentials come from git's own helpers
and from ssh; a URL that holds one is refused.

Tickets are read where they are kept, too:

  quash scan github-issues:OWNER/REPOSITORY   issues, pull requests, comments, reviews,
                                              discussions, releases, workflow logs, wiki
  quash scan github-issues:OWNER              that of all its repositories, and its gists
  quash scan agiled-tickets:                  the tickets that agiled.review_key sees

The credential for GitHub is the one of quash org; --parts reads some of that. Agiled
is where agiled.base_url says. With --incremental they read and report what changed
since the last run; all runs together report what one over everything does.

Of a history, --since and --range read a part. With --incremental only what is new
since the last complete scan is read, and that finds what a scan of everything would.

It is offline otherwise: no connection is opened. Ask the issuers with quash respond, which
plans and changes nothing, or with --verify.

EXIT STATUS
  0  complete, and nothing found
  1  keys found
  2  usage or configuration
  3  incomplete, and nothing found in what could be read
  4  with --verify: a key is active`

func newScan(g *globals) *cobra.Command {
	var s scanFlags
	var o outputFlags
	var verify, noStore bool
	cmd := &cobra.Command{
		Use: "scan [TARGET…]", Short: "find keys", Long: scanLong, Args: cobra.ArbitraryArgs,
	}
	s.flags(cmd.Flags())
	o.flags(cmd.Flags())
	cmd.Flags().BoolVar(&verify, "verify", false, "ask the issuers which keys are live (changes nothing)")
	cmd.Flags().BoolVar(&noStore, "no-store", false, "do not record what was found for quash show")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		r, err := g.prepare(cmd, &s)
		if err != nil {
			return err
		}
		r.asks = verify
		if err := r.open(ctx, args); err != nil {
			return err
		}
		defer r.close()
		if verify {
			if err := r.sit(ctx, desk.AtOnce); err != nil {
				return err
			}
		}
		if err := r.start(&o, r.targetNames()); err != nil {
			return err
		}
		err = r.scan(ctx)
		switch {
		case err == nil && verify:
			err = errors.Join(r.override(ctx), r.record(ctx, r.desk.Store), r.ask(ctx))
		case len(r.findings) > 0 && !noStore:
			r.remember(ctx)
		}
		return r.finish(ctx, err)
	}
	return cmd
}

// remember records what was found, for quash show. A scan is right without it, so a store that cannot be written is a note.
func (r *run) remember(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	s, err := store.Open(ctx, desk.StorePath(r.g.stateDir(r.config)))
	if err == nil {
		err = errors.Join(r.record(ctx, s), s.Close())
	}
	if err != nil {
		r.g.note("not recorded for quash show: %v", err)
	}
}

// record puts what was found into the store.
func (r *run) record(ctx context.Context, s *store.Store) error {
	byTarget := map[string][]scanner.Finding{}
	for i, f := range r.findings {
		at := r.from[i].kept
		byTarget[at] = append(byTarget[at], f)
	}
	for target, found := range byTarget {
		if err := s.PutFindings(context.WithoutCancel(ctx), r.g.cleaner.text(target), r.started, found); err != nil {
			return usage(err)
		}
	}
	return nil
}
