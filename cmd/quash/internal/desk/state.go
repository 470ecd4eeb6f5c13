package desk

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/store"
)

// State is what stays between runs: the store, the journal of what was done, and the locks that keep two workers from one key.
type State struct {
	// Dir is the state directory.
	Dir     string
	Store   *store.Store
	Journal Journal
	Locks   revoker.Locker
}

// Journal is a journal that tells where it ends.
type Journal interface {
	revoker.Journal
	Head(ctx context.Context) (seq int64, hash string, err error)
}

// StorePath is the store of a state directory.
func StorePath(dir string) string { return filepath.Join(dir, "quash.db") }

// JournalPath is the journal of a state directory.
func JournalPath(dir string) string { return filepath.Join(dir, "journal.jsonl") }

// OpenState opens the state that is kept in a directory. The store may be one that is open already, in a database elsewhere; once the
// state is open it belongs to it. nil is the directory's own. In a shared store ([store.Store.Shared]) are also journal and locks,
// for the workers of all machines; beside any other they are files in the directory.
func OpenState(ctx context.Context, dir string, s *store.Store) (*State, error) {
	var err error
	undo := func() error { return nil }
	if s == nil {
		if s, err = store.Open(ctx, StorePath(dir)); err != nil {
			return nil, err
		}
		undo = s.Close
	}
	if s.Shared() {
		j, err := s.OpenJournal(ctx)
		if err != nil {
			return nil, errors.Join(err, undo())
		}
		return &State{Dir: dir, Store: s, Journal: j, Locks: s.Locker()}, nil
	}
	j, err := revoker.OpenJournal(ctx, JournalPath(dir))
	if err != nil {
		return nil, errors.Join(err, undo())
	}
	return &State{Dir: dir, Store: s, Journal: j, Locks: revoker.LockDir(filepath.Join(dir, "locks"))}, nil
}

// Close notes the journal's end in the store, where a journal that was cut short is held against it, and closes the store.
func (s *State) Close(ctx context.Context) error {
	if s.Store.Shared() {
		return s.Store.Close() // it would be its own witness
	}
	ctx = context.WithoutCancel(ctx)
	seq, hash, err := s.Journal.Head(ctx)
	if err == nil && seq > 0 {
		var path string
		if path, err = filepath.Abs(JournalPath(s.Dir)); err == nil {
			err = s.Store.PutJournalHead(ctx, path, seq, hash)
		}
	}
	return errors.Join(err, s.Store.Close())
}
