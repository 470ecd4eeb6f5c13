package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

const keysLong = `Keys is the inventory of your own keys, known by finding ID and never by value. It
gives a work order its key's name and a report its owner, and keys audit lists what is
unnamed, ownerless, overdue, unused or wider than it needs to be.

Names follow Agiled's guide: integration - environment - owner, for instance
"Warehouse sync - production - Ops".`

func newKeys(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "the inventory of your own keys", Long: keysLong, Args: noArgs, RunE: showHelp,
	}
	cmd.AddCommand(newKeysAdd(g), newKeysList(g), newKeysAudit(g), newKeysRotate(g))
	return cmd
}

// inStore opens the store of the configuration, does something, and closes it.
func (g *globals) inStore(ctx context.Context, do func(*store.Store) error) error {
	c, err := g.load()
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, desk.StorePath(g.stateDir(c)))
	if err != nil {
		return usage(err)
	}
	return usage(errors.Join(do(s), s.Close()))
}

func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

// printPoints prints what is wrong with keys, a line each.
func (g *globals) printPoints(all []store.KeyRecord) error {
	var errs []error
	for _, k := range all {
		for _, p := range k.Audit(g.env.Now()) {
			_, err := fmt.Fprintf(g.env.Stdout, "%s  %s: %s\n", k.ID, k.Name, p)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
