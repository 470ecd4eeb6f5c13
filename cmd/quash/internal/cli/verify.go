package cli

import "github.com/spf13/cobra"

const verifyLong = `Verify reads a key from standard input and asks its issuer whether it is live. It
changes nothing.

EXIT STATUS
  1  not live, or not known
  2  usage or configuration
  4  live`

func newVerify(g *globals) *cobra.Command {
	var o oneKey
	var out outputFlags
	cmd := &cobra.Command{Use: "verify --rule ID < key", Short: "ask the issuer whether one key is live", Long: verifyLong, Args: noArgs}
	o.flags(cmd)
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		r, err := g.prepare(cmd, &scanFlags{})
		if err != nil {
			return err
		}
		f, err := r.read(&o)
		if err != nil {
			return err
		}
		if err := r.startKey(ctx, f, &out); err != nil {
			return err
		}
		return r.finish(ctx, r.ask(ctx))
	}
	return cmd
}
