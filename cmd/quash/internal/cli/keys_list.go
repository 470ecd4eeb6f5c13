package cli

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

func newKeysList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the inventory", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.inStore(cmd.Context(), func(s *store.Store) error {
				all, err := s.KeyRecords(cmd.Context())
				if err != nil {
					return err
				}
				if len(all) == 0 {
					_, err := fmt.Fprintln(g.env.Stdout, "the inventory is empty\n  next: quash keys add --rule ID < key")
					return err
				}
				return g.table(all)
			})
		},
	}
}

// table prints keys, a line each.
func (g *globals) table(all []store.KeyRecord) error {
	w := tabwriter.NewWriter(g.env.Stdout, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(w, "ID\tSTATE\tNAME\tOWNER\tENVIRONMENT\tPRESET\tEXPIRES\tROTATE BY\tSTORED AT")
	errs := []error{err}
	for _, k := range all {
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			k.ID, keyState(k), k.Name, k.Owner, k.Environment, k.Preset, date(k.Expires), date(k.RotateBy), k.StoredAt)
		errs = append(errs, err)
	}
	return errors.Join(append(errs, w.Flush())...)
}

func keyState(k store.KeyRecord) string {
	switch {
	case !k.Retired.IsZero():
		return "retired " + date(k.Retired)
	case k.ReplacedBy != "":
		return "replaced by " + string(k.ReplacedBy)
	}
	return "in use"
}
