package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// A worker that is killed leaves its jobs marked as running. River gives them to another when they are older than a job can
// be; that is too long to wait while a key is live. So every worker writes a heartbeat, and a job whose worker's heart has stood
// still for a while is made available at once. No clocks are compared: a heart stands still when this process has not seen its
// number change. Should a worker only have been slow, its job is worked twice, which does no harm.

const (
	makeHearts = `CREATE TABLE IF NOT EXISTS worker_hearts (id TEXT PRIMARY KEY, beat BIGINT NOT NULL)`
	beatHeart  = `INSERT INTO worker_hearts (id, beat) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET beat = worker_hearts.beat + 1`
	readHearts = `SELECT id, beat FROM worker_hearts`
	dropHeart  = `DELETE FROM worker_hearts WHERE id = $1`
	giveUp     = `UPDATE river_job SET state = 'discarded', finalized_at = CURRENT_TIMESTAMP WHERE id = $1 AND state = 'running' AND attempt = $2 AND attempt >= max_attempts`
	giveBack   = `UPDATE river_job SET state = 'available' WHERE id = $1 AND state = 'running' AND attempt = $2 AND attempt < max_attempts`
)

// stillBeats is for how many of its own beats a worker sees another's heart stand still before it takes its jobs.
const stillBeats = 5

// heart is what this process saw of another worker.
type heart struct {
	beat  int64
	still int // for how many of our own beats
}

// watch beats, and looks after the jobs of dead workers, until the context ends.
func (r *Runner) watch(ctx context.Context) {
	seen := map[string]heart{}
	tick := time.NewTicker(r.Beat)
	defer tick.Stop()
	for {
		if err := errors.Join(r.look(ctx, seen), r.wakeApproved(ctx)); err != nil && ctx.Err() == nil {
			r.Log.Warn().Str("error", r.Clean(err.Error())).Msg("heartbeat")
		}
		select {
		case <-ctx.Done():
			// Gone in order: nobody waits for this heart.
			_, _ = r.queue.db.sql.ExecContext(context.WithoutCancel(ctx), dropHeart, r.queue.client.id)
			return
		case <-tick.C:
		}
	}
}

// look beats once, and gives back the jobs of the dead.
func (r *Runner) look(ctx context.Context, seen map[string]heart) error {
	if _, err := r.queue.db.sql.ExecContext(ctx, beatHeart, r.queue.client.id); err != nil {
		return err
	}
	beats, err := r.hearts(ctx)
	if err != nil {
		return err
	}
	running, err := r.queue.client.list(ctx, river.NewJobListParams().States(rivertype.JobStateRunning).First(1000))
	if err != nil {
		return err
	}
	for _, j := range running.Jobs {
		if n := len(j.AttemptedBy); n > 0 {
			beats[j.AttemptedBy[n-1]] += 0 // known by its jobs alone
		}
	}
	for id, beat := range beats {
		h, ok := seen[id]
		if !ok || h.beat != beat {
			seen[id] = heart{beat: beat}
			continue
		}
		h.still++
		seen[id] = h
	}
	return r.giveBack(ctx, running.Jobs, seen)
}

// wakeApproved wakes the answers that sleep until a person says yes, once somebody has.
func (r *Runner) wakeApproved(ctx context.Context) error {
	if r.Approved == nil {
		return nil
	}
	ids, err := r.Approved(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	sleeping, err := r.queue.client.list(ctx, river.NewJobListParams().Kinds(Key{}.Kind()).States(rivertype.JobStateScheduled).First(10_000))
	if err != nil {
		return err
	}
	for _, j := range sleeping.Jobs {
		var k Key
		if err := json.Unmarshal(j.EncodedArgs, &k); err != nil || !slices.Contains(ids, k.ID) {
			continue
		}
		if _, err := r.queue.client.retry(ctx, j.ID); err != nil {
			return err
		}
		r.Log.Info().Int64("job", j.ID).Str("id", string(k.ID)).Msg("approved: answered again")
	}
	return nil
}

// giveBack makes the jobs of dead workers available.
func (r *Runner) giveBack(ctx context.Context, running []*rivertype.JobRow, seen map[string]heart) error {
	for _, j := range running {
		n := len(j.AttemptedBy)
		if n == 0 || j.AttemptedBy[n-1] == r.queue.client.id || seen[j.AttemptedBy[n-1]].still < stillBeats {
			continue
		}
		for _, query := range [...]string{giveUp, giveBack} {
			if _, err := r.queue.db.sql.ExecContext(ctx, query, j.ID, j.Attempt); err != nil {
				return fmt.Errorf("take job %d from a dead worker: %w", j.ID, err)
			}
		}
		r.Log.Warn().Int64("job", j.ID).Str("kind", j.Kind).Msg("taken from a worker that died")
	}
	for id, h := range seen {
		if h.still < stillBeats || id == r.queue.client.id {
			continue
		}
		delete(seen, id)
		if _, err := r.queue.db.sql.ExecContext(ctx, dropHeart, id); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) hearts(ctx context.Context) (map[string]int64, error) {
	rows, err := r.queue.db.sql.QueryContext(ctx, readHearts)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	all := map[string]int64{}
	for rows.Next() {
		var id string
		var beat int64
		if err := rows.Scan(&id, &beat); err != nil {
			return nil, err
		}
		all[id] = beat
	}
	return all, rows.Err()
}
