package cli

import (
	"fmt"

	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

func newKeysAudit(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "audit", Short: "list keys that are unnamed, ownerless, overdue, unused or too wide", Args: noArgs,
		Long: "Audit lists what is wrong with the keys of the inventory. It exits 1 when anything is.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			wrong := false
			err := g.inStore(cmd.Context(), func(s *store.Store) error {
				all, err := s.KeyRecords(cmd.Context())
				if err != nil {
					return err
				}
				for _, k := range all {
					wrong = wrong || len(k.Audit(g.env.Now())) > 0
				}
				if err := g.printPoints(all); err != nil || wrong {
					return err
				}
				_, err = fmt.Fprintf(g.env.Stdout, "%d keys, nothing to say\n", len(all))
				return err
			})
			if err == nil && wrong {
				return code(ExitFound)
			}
			return err
		},
	}
}
