package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// OpenJournal opens the journal in the store, or makes an empty one. All processes that open it write one chain; an entry about a
// key is refused when this process held the key's lock ([Store.Locker]) and lost it.
func (s *Store) OpenJournal(ctx context.Context) (*revoker.RowJournal, error) {
	j, err := revoker.OpenRows(ctx, rows{s})
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", s.name, err)
	}
	return j, nil
}

// VerifyJournal checks the journal in the store, as [revoker.VerifyRows] does, and returns how many entries it has.
func (s *Store) VerifyJournal(ctx context.Context) (int, error) {
	n, err := revoker.VerifyRows(ctx, rows{s})
	if err != nil {
		return 0, fmt.Errorf("store %s: %w", s.name, err)
	}
	return n, nil
}

// Locker returns the store's locks, which hold between all processes that use the store. They end with the process that holds
// them. Lock's release is safe to call when the lock was lost.
func (s *Store) Locker() revoker.Locker { return s.locks }

// rows are the journal's tables.
type rows struct{ s *Store }

const (
	// One statement, so one moment in both databases. The head is number 0.
	loadJournal = `SELECT 0, signing_key, head FROM journals WHERE name = 'journal'
		UNION ALL SELECT seq, id, line FROM journal_entries WHERE seq > $1 ORDER BY 1`
	loadKey = `SELECT seq, id, line FROM journal_entries WHERE id = $1 ORDER BY seq`
	// Whoever writes the row first goes first: it is locked until the transaction ends.
	takeTurn = `INSERT INTO journals (name, signing_key, head, turn) VALUES ('journal', '', '', 0)
		ON CONFLICT (name) DO UPDATE SET turn = journals.turn + 1`
	putKeyOfHead = `UPDATE journals SET signing_key = $1 WHERE name = 'journal'`
	putSigned    = `UPDATE journals SET head = $1 WHERE name = 'journal'`
	putEntry     = `INSERT INTO journal_entries (seq, id, line) VALUES ($1, $2, $3)`
)

// query is what a transaction and a database are asked alike.
type query interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// read reads rows of three columns.
func read(ctx context.Context, q query, text string, arg any) (all []revoker.Row, err error) {
	r, err := q.QueryContext(ctx, text, arg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for r.Next() {
		var row revoker.Row
		if err := r.Scan(&row.Seq, &row.ID, &row.Line); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, r.Err()
}

func load(ctx context.Context, q query, after int64) (revoker.RowState, error) {
	all, err := read(ctx, q, loadJournal, after)
	if err != nil || len(all) == 0 || all[0].Seq != 0 {
		return revoker.RowState{Rows: all}, err
	}
	return revoker.RowState{Key: string(all[0].ID), Head: all[0].Line, Rows: all[1:]}, nil
}

// Load implements [revoker.Rows].
func (r rows) Load(ctx context.Context, after int64) (revoker.RowState, error) {
	s, err := load(ctx, r.s.db, after)
	return s, r.s.wrap("read journal from", err)
}

// Of implements [revoker.Rows].
func (r rows) Of(ctx context.Context, id scanner.ID) ([]revoker.Row, error) {
	all, err := read(ctx, r.s.db, loadKey, string(id))
	return all, r.s.wrap("read journal from", err)
}

// Change implements [revoker.Rows].
func (r rows) Change(ctx context.Context, after int64, next func(revoker.RowState) (revoker.RowChange, error)) error {
	return r.s.inTx(ctx, "write journal to", func(tx *sql.Tx) error {
		if r.s.engine.durable != "" {
			if _, err := tx.ExecContext(ctx, r.s.engine.durable); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, takeTurn); err != nil {
			return err
		}
		state, err := load(ctx, tx, after)
		if err != nil {
			return err
		}
		change, err := next(state)
		if err != nil {
			return err
		}
		return r.put(ctx, tx, change)
	})
}

// put writes a change, if the locks that it is written under are still held.
func (r rows) put(ctx context.Context, tx *sql.Tx, c revoker.RowChange) error {
	if c.Key != "" {
		if _, err := tx.ExecContext(ctx, putKeyOfHead, c.Key); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, putSigned, c.Head); err != nil {
		return err
	}
	if c.Row == nil {
		return nil
	}
	if _, err := tx.ExecContext(ctx, putEntry, c.Row.Seq, string(c.Row.ID), c.Row.Line); err != nil {
		return err
	}
	for _, name := range c.Under {
		if err := r.s.locks.still(ctx, tx, name); err != nil {
			return err
		}
	}
	return nil
}
