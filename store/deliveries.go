package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Delivery is a webhook delivery that was taken.
type Delivery struct {
	// ID is the sender's: GitHub's X-GitHub-Delivery.
	ID string
	// Received is when it was first seen.
	Received time.Time
	// Outcome says in a few words what came of it; empty while nothing has.
	Outcome string
}

// keepDeliveries is how long a delivery is remembered, and a replay of it known for one.
const keepDeliveries = 30 * 24 * time.Hour

const (
	putDelivery     = `INSERT INTO deliveries (id, received, outcome) VALUES ($1, $2, '') ON CONFLICT (id) DO NOTHING`
	getDelivery     = `SELECT received, outcome FROM deliveries WHERE id = $1`
	setOutcome      = `UPDATE deliveries SET outcome = $2 WHERE id = $1`
	pruneDeliveries = `DELETE FROM deliveries WHERE received < $1`
)

// SeenDelivery records a delivery and reports whether this is its first time. Only then accept is called, in the same
// transaction, to enqueue what the delivery asks for: both stand or, with an error, neither does, so that a delivery which
// was cut short is first again when it is sent again. Of two that arrive at once one waits for the other. A nil accept
// enqueues nothing.
func (s *Store) SeenDelivery(ctx context.Context, id string, at time.Time, accept func(*sql.Tx) error) (first bool, err error) {
	err = s.inTx(ctx, "write delivery to", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, putDelivery, name(id), micros(at))
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		first = true
		if accept == nil {
			return nil
		}
		return accept(tx)
	})
	return first && err == nil, err
}

// SetOutcome records what came of a delivery: [ErrNotFound] when it was never seen, or so long ago that it is forgotten.
func (s *Store) SetOutcome(ctx context.Context, id, outcome string) error {
	r, err := s.db.ExecContext(ctx, setOutcome, name(id), text(outcome))
	if err != nil {
		return s.wrap("write delivery to", err)
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		return fmt.Errorf("delivery %s: %w", id, ErrNotFound)
	}
	return s.wrap("write delivery to", err)
}

// Delivery returns what came of a delivery: [ErrNotFound] when it was never seen, or so long ago that it is forgotten.
func (s *Store) Delivery(ctx context.Context, id string) (Delivery, error) {
	d := Delivery{ID: id}
	var received int64
	err := s.db.QueryRowContext(ctx, getDelivery, name(id)).Scan(&received, (*text)(&d.Outcome))
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, fmt.Errorf("delivery %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Delivery{}, s.wrap("read delivery from", err)
	}
	d.Received = fromMicros(received)
	return d, nil
}

// PruneDeliveries forgets the deliveries that were received more than 30 days before now, and says how many.
func (s *Store) PruneDeliveries(ctx context.Context, now time.Time) (int, error) {
	r, err := s.db.ExecContext(ctx, pruneDeliveries, micros(now.Add(-keepDeliveries)))
	if err != nil {
		return 0, s.wrap("prune deliveries of", err)
	}
	n, err := r.RowsAffected()
	return int(n), s.wrap("prune deliveries of", err)
}
