package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

func newJournal(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use: "journal", Short: "read and check the record of what was done", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newJournalVerify(g), newJournalShow(g))
	return cmd
}

func (g *globals) journalPath(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	c, err := g.load()
	return filepath.Join(c.StateDir(g.state, g.env.getenv), "journal.jsonl"), err
}

func newJournalVerify(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "verify [FILE]", Short: "check that no entry was changed, dropped or added", Args: cobra.MaximumNArgs(1),
		Long: "Verify checks the chain of hashes, the signed head, and the end that the store remembers.\nIt exits 0 when the journal is as it was written, and 2 when it is not.",
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := g.journalPath(args)
			if err != nil {
				return err
			}
			n, err := revoker.VerifyJournal(path)
			if err != nil {
				return usage(err)
			}
			if err := g.compareWithStore(cmd, path, n); err != nil {
				return usage(err)
			}
			_, err = fmt.Fprintf(g.env.Stdout, "%s: %d entries, chain verified\n", path, n)
			return err
		},
	}
}

// compareWithStore holds the journal's length against what the store beside it remembers.
func (g *globals) compareWithStore(cmd *cobra.Command, path string, n int) error {
	db := filepath.Join(filepath.Dir(path), "quash.db")
	if _, err := os.Stat(db); err != nil {
		return nil // a copy of a journal has no store beside it
	}
	s, err := store.Open(cmd.Context(), db)
	if err != nil {
		return err
	}
	seq, _, err := s.JournalHead(cmd.Context(), path)
	err = errors.Join(err, s.Close())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case int64(n) < seq:
		return fmt.Errorf("journal %s: it has %d entries and the store saw %d: its end is missing; restore it from a copy", path, n, seq)
	}
	return nil
}

func newJournalShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "show [ID]", Short: "print the entries, of one key or of all", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := g.journalPath(nil)
			if err != nil {
				return err
			}
			if _, err := os.Stat(path); err != nil {
				return usage(fmt.Errorf("read journal: %w; nothing was answered yet, or name its directory with --state", err))
			}
			j, err := revoker.OpenJournal(cmd.Context(), path)
			if err != nil {
				return usage(err)
			}
			var id scanner.ID
			if len(args) > 0 {
				id = scanner.ID(args[0])
			}
			for e, err := range j.Entries(cmd.Context(), id) {
				if err != nil {
					return usage(err)
				}
				if _, err := fmt.Fprintln(g.env.Stdout, entryLine(e)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// entryLine is an entry on one line for a person.
func entryLine(e revoker.Entry) string {
	parts := []string{fmt.Sprintf("%4d", e.Seq), e.At.UTC().Format("2006-01-02 15:04:05"), string(e.ID), fmt.Sprintf("%-15s", e.Kind), e.Rule}
	if e.Note != "" {
		parts = append(parts, e.Note)
	}
	if e.Decision != nil {
		parts = append(parts, string(e.Decision.Verb)+": "+e.Decision.Reason)
	}
	if e.Receipt != nil {
		parts = append(parts, e.Receipt.Action+" "+string(e.Receipt.State)+" "+e.Receipt.Reference)
	}
	if e.Approval != nil {
		parts = append(parts, "approved by "+e.Approval.By+", asked for by "+e.Approval.Requested)
	}
	return strings.Join(parts, "  ")
}
