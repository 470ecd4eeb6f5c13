package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
)

// sharedFlag is the flag of commands that read what workers of quash serve share.
func sharedFlag(f *pflag.FlagSet, where *string) {
	f.StringVar(where, "store", "", "database that quash serve was given: postgres://…; journal and plans are in it")
}

// shared opens a store that several machines share. A path is refused before a file is made there.
func shared(ctx context.Context, where string) (*store.Store, error) {
	if !strings.Contains(where, "://") {
		return nil, usage(errors.New("--store: beside a database in a file, journal and plans are files; leave --store out, and name their directory with --state"))
	}
	s, err := store.Open(ctx, where)
	return s, usage(err)
}

// inShared does something with the journal in a shared store.
func inShared(ctx context.Context, where string, do func(*store.Store, revoker.Journal) error) (err error) {
	s, err := shared(ctx, where)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	j, err := s.OpenJournal(ctx)
	if err != nil {
		return usage(err)
	}
	return do(s, j)
}

// verifyShared checks the journal in a shared store.
func (g *globals) verifyShared(ctx context.Context, where string) error {
	s, err := shared(ctx, where)
	if err != nil {
		return err
	}
	n, err := s.VerifyJournal(ctx)
	if err = errors.Join(err, s.Close()); err != nil {
		return usage(err)
	}
	_, err = fmt.Fprintf(g.env.Stdout, "journal in the store: %d entries, chain verified\n", n)
	return err
}

// showEntries prints the entries of a key, or of all.
func (g *globals) showEntries(ctx context.Context, j revoker.Journal, args []string) error {
	var id scanner.ID
	if len(args) > 0 {
		id = scanner.ID(args[0])
	}
	for e, err := range j.Entries(ctx, id) {
		if err != nil {
			return usage(err)
		}
		if _, err := fmt.Fprintln(g.env.Stdout, entryLine(e)); err != nil {
			return err
		}
	}
	return nil
}

// sharedPlan is the plan in a file, or the waiting one of a key in a shared store.
func sharedPlan(ctx context.Context, s *store.Store, name string) (revoker.Plan, error) {
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return desk.ReadPlan(name)
	}
	p, err := s.PlanOf(ctx, scanner.ID(name))
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w; name a plan's file, or the ID of a key that waits, as the log of quash serve tells it", err)
	}
	return p, err
}
