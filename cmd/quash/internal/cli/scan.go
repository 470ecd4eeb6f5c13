package cli

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

const scanLong = `Scan reads each TARGET and reports the keys in it: a directory, a git repository
(work tree and whole history), a file, a ticket export, or - for standard input.
Without a target it reads the current directory.

It is offline: no connection is opened. Ask the issuers with quash respond, which
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
		r, err := g.begin(cmd, &s, &o, args)
		if err != nil {
			return err
		}
		defer r.abort()
		if verify {
			return r.scanAndVerify(cmd.Context())
		}
		if err := r.scan(cmd.Context()); err != nil {
			return err
		}
		if len(r.findings) > 0 && !noStore {
			r.remember(cmd.Context())
		}
		return r.end(cmd.Context())
	}
	return cmd
}

// scanAndVerify scans and asks the issuers: a response that only looks and makes no plan.
func (r *run) scanAndVerify(ctx context.Context) error {
	d, err := r.g.desk(ctx, r.config, r.set)
	if err != nil {
		return err
	}
	r.desk = d
	if err := r.scan(ctx); err != nil {
		return errors.Join(err, d.close(ctx))
	}
	res := d.responder(&answerFlags{}, revoker.Policy{}, r.name())
	if err := errors.Join(r.record(ctx), r.answer(ctx, res, nil), d.close(ctx)); err != nil {
		return errors.Join(err, r.end(ctx))
	}
	return r.end(ctx)
}

// remember records what was found, for quash show. A scan is right without it, so a store that cannot be written is a note.
func (r *run) remember(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	s, err := store.Open(ctx, filepath.Join(r.config.StateDir(r.g.state, r.g.env.getenv), "quash.db"))
	if err != nil {
		r.g.note("not recorded for quash show: %v", err)
		return
	}
	r.desk = &desk{store: s}
	if err := errors.Join(r.record(ctx), s.Close()); err != nil {
		r.g.note("not recorded for quash show: %v", err)
	}
}
