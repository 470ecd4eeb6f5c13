package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

func newJournal(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use: "journal", Short: "read and check the record of what was done", Args: noArgs, RunE: showHelp,
	}
	cmd.AddCommand(newJournalVerify(g), newJournalShow(g))
	return cmd
}

func (g *globals) journalPath(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	c, err := g.load()
	return desk.JournalPath(g.stateDir(c)), err
}

func newJournalVerify(g *globals) *cobra.Command {
	var where string
	cmd := &cobra.Command{
		Use: "verify [FILE]", Short: "check that no entry was changed, dropped or added",
		Args: someArgs(0, 1, "at most one journal file"),
		Long: "Verify checks the chain of hashes, the signed head, and the end that the store remembers; with --store, the\njournal that workers share.\nIt exits 0 when the journal is as it was written, and 2 when it is not.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if where != "" {
				return g.verifyShared(cmd.Context(), where)
			}
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
	sharedFlag(cmd.Flags(), &where)
	return cmd
}

// compareWithStore holds the journal against what the store beside it remembers: how long it was, and how it ended then.
func (g *globals) compareWithStore(cmd *cobra.Command, path string, n int) error {
	db := desk.StorePath(filepath.Dir(path))
	if _, err := os.Stat(db); err != nil {
		return nil // a copy of a journal has no store beside it
	}
	s, err := store.Open(cmd.Context(), db)
	if err != nil {
		return err
	}
	seq, hash, err := s.JournalHead(cmd.Context(), absolute(path))
	err = errors.Join(err, s.Close())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case int64(n) < seq:
		return fmt.Errorf("journal %s: it has %d entries and the store saw %d, so its end is missing; restore it from a copy", path, n, seq)
	}
	return endedSo(path, seq, hash)
}

// endedSo says whether an entry of a journal that is whole has a hash.
func endedSo(path string, seq int64, hash string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := bytes.Split(data, []byte("\n"))
	var e revoker.Entry
	if seq < 1 || seq > int64(len(lines)) || json.Unmarshal(lines[seq-1], &e) != nil || e.Hash != hash {
		return fmt.Errorf("journal %s: entry %d is not the one that the store saw, so it is another journal; restore it from a copy", path, seq)
	}
	return nil
}

func newJournalShow(g *globals) *cobra.Command {
	var where string
	cmd := &cobra.Command{
		Use: "show [ID]", Short: "print the entries, of one key or of all", Args: maybeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if where != "" {
				return inShared(ctx, where, func(_ *store.Store, j revoker.Journal) error { return g.showEntries(ctx, j, args) })
			}
			path, err := g.journalPath(nil)
			if err != nil {
				return err
			}
			if _, err := os.Stat(path); err != nil {
				return usage(fmt.Errorf("read journal: %w; nothing was answered yet, or name its directory with --state", err))
			}
			j, err := revoker.OpenJournal(ctx, path)
			if err != nil {
				return usage(err)
			}
			return g.showEntries(ctx, j, args)
		},
	}
	sharedFlag(cmd.Flags(), &where)
	return cmd
}

// entryLine is an entry on one line for a person.
func entryLine(e revoker.Entry) string {
	parts := []string{fmt.Sprintf("%4d", e.Seq), e.At.UTC().Format("2006-01-02 15:04:05"), string(e.ID), fmt.Sprintf("%-15s", e.Kind), e.Rule}
	if d := e.Decision; d != nil && d.Action.Name != "" {
		parts = append(parts, strings.TrimSpace(d.Action.Name+" "+d.Action.Call))
	}
	if r := e.Receipt; r != nil {
		parts = append(parts, strings.TrimSpace(r.Action+" "+r.Reference))
	}
	if a := e.Approval; a != nil {
		parts = append(parts, "approved by "+a.By+", asked for by "+a.Requested)
	}
	if e.Note != "" {
		parts = append(parts, e.Note)
	}
	return plain(strings.Join(parts, "  "))
}
