package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

const revokeLong = `Revoke reads a key from standard input, asks its issuer whether it is live, and
says what would be done. With --execute and a policy it revokes the key, looks until
the issuer refuses it, and reviews what it did.

EXIT STATUS
  1  not live now, or not known
  2  usage or configuration, or stopped before the key was answered
  4  still live`

func newRevoke(g *globals) *cobra.Command {
	var k oneKey
	var out outputFlags
	var a answerFlags
	var since string
	cmd := &cobra.Command{
		Use: "revoke --rule ID < key", Short: "answer one key: plan its revocation, or with --execute do it", Long: revokeLong, Args: noArgs,
	}
	k.flags(cmd)
	out.flags(cmd.Flags())
	a.flags(cmd.Flags())
	cmd.Flags().StringVar(&since, "since", "", "when the key was first exposed (RFC 3339 or a date)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		from, err := parseTime(since)
		if err != nil {
			return usage(fmt.Errorf("--since: %w", err))
		}
		r, err := g.prepare(cmd, &scanFlags{})
		if err != nil {
			return err
		}
		o, err := a.order(r.config)
		if err != nil {
			return err
		}
		f, err := r.read(&k)
		if err != nil {
			return err
		}
		f.At.Time = from
		if err := r.startKey(ctx, f, &out); err != nil {
			return err
		}
		return r.finish(ctx, r.answer(ctx, r.about(o), nil))
	}
	return cmd
}
