package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

const (
	putPlan    = `INSERT INTO plans (hash, made, plan) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING`
	getPlan    = `SELECT plan FROM plans WHERE hash = $1`
	putPlanKey = `INSERT INTO plan_keys (id, hash) VALUES ($1, $2) ON CONFLICT (id, hash) DO NOTHING`
	getPlanOf  = `SELECT p.plan FROM plans p JOIN plan_keys k ON k.hash = p.hash WHERE k.id = $1 ORDER BY p.made DESC LIMIT 1`
	putHead    = `INSERT INTO journal_head (journal, seq, hash) VALUES ($1, $2, $3)
		ON CONFLICT (journal) DO UPDATE SET seq = excluded.seq, hash = excluded.hash WHERE excluded.seq >= journal_head.seq`
	getHead = `SELECT seq, hash FROM journal_head WHERE journal = $1`
)

// PutPlan records a plan.
func (s *Store) PutPlan(ctx context.Context, p revoker.Plan) error {
	record, err := json.Marshal(p)
	if err != nil {
		return err
	}
	ids := map[scanner.ID]bool{}
	for _, a := range p.Actions {
		ids[a.ID] = true
	}
	return s.inTx(ctx, "write plan to", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, putPlan, text(p.Hash), micros(p.Made), string(record)); err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(ids)) {
			if _, err := tx.ExecContext(ctx, putPlanKey, name(id), text(p.Hash)); err != nil {
				return err
			}
		}
		return nil
	})
}

// PlanOf returns the plan that was made last of those that name a key: [ErrNotFound] when there is none.
func (s *Store) PlanOf(ctx context.Context, id scanner.ID) (revoker.Plan, error) {
	var p revoker.Plan
	err := s.getJSON(ctx, "read plan from", "plan for "+string(id), &p, getPlanOf, name(id))
	return p, err
}

// Plan returns the plan with a hash: [ErrNotFound] when there is none.
func (s *Store) Plan(ctx context.Context, hash string) (revoker.Plan, error) {
	var p revoker.Plan
	err := s.getJSON(ctx, "read plan from", "plan "+hash, &p, getPlan, text(hash))
	return p, err
}

// PutJournalHead records how long a journal is and how it ends: a second witness, outside the journal's directory of files,
// against lines cut off its end. It never goes back.
func (s *Store) PutJournalHead(ctx context.Context, journal string, seq int64, hash string) error {
	_, err := s.db.ExecContext(ctx, putHead, name(journal), seq, text(hash))
	return s.wrap("write journal head to", err)
}

// JournalHead returns the recorded end of a journal: [ErrNotFound] when none was recorded.
func (s *Store) JournalHead(ctx context.Context, journal string) (seq int64, hash string, err error) {
	err = s.db.QueryRowContext(ctx, getHead, name(journal)).Scan(&seq, (*text)(&hash))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", ErrNotFound
	}
	return seq, hash, s.wrap("read journal head from", err)
}
