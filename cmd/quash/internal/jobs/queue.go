package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/quash-sh/quash/revoker"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// Queue holds jobs in the database of the store.
type Queue struct {
	client client
	// db is the database behind it.
	db database
}

// client is what is used of River's client, whose type depends on the driver.
type client struct {
	id    string
	start func(ctx context.Context) error
	stop  func(ctx context.Context) error
	retry func(ctx context.Context, id int64) (*rivertype.JobRow, error)
	list  func(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
}

func clientOf[T any](c *river.Client[T]) client {
	return client{c.ID(), c.Start, c.Stop, c.JobRetry, c.JobList}
}

// database is what differs between the databases.
type database struct {
	// insert inserts a job; on SQLite in the transaction, which is nil for none.
	insert func(ctx context.Context, tx *sql.Tx, args river.JobArgs) (*rivertype.JobInsertResult, error)
	// sql is the database by itself.
	sql   *sql.DB
	close func() error
}

// Count says how many jobs of a kind are in a state.
type Count struct {
	Kind, State string
	Jobs        int
}

const countJobs = `SELECT kind, CAST(state AS TEXT), COUNT(*) FROM river_job GROUP BY 1, 2`

// openQueue opens the queue in the database at where ([store.Open]), whose schema it brings up to date.
func openQueue(ctx context.Context, where string, config *river.Config) (*Queue, error) {
	if _, _, address := strings.Cut(where, "://"); address {
		return openPostgres(ctx, where, config)
	}
	return openSQLite(ctx, where, config)
}

func openSQLite(ctx context.Context, path string, config *river.Config) (*Queue, error) {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open queue %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // busy_timeout alone is not enough (river#913)
	release, err := revoker.LockDir(filepath.Dir(path)).Lock(ctx, filepath.Base(path)+"-queue")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open queue %s: %w", path, err), db.Close())
	}
	defer release()
	c, err := open[*sql.Tx](ctx, riversqlite.New(db), db, config)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open queue %s: %w", path, err), db.Close())
	}
	insert := func(ctx context.Context, tx *sql.Tx, args river.JobArgs) (*rivertype.JobInsertResult, error) {
		if tx != nil {
			return c.InsertTx(ctx, tx, args, nil)
		}
		return c.Insert(ctx, args, nil)
	}
	return &Queue{clientOf(c), database{insert, db, db.Close}}, nil
}

// queueLock is the advisory lock under which the queue's schema is migrated.
const queueLock = 0x71756575 // "queu"

func openPostgres(ctx context.Context, address string, config *river.Config) (*Queue, error) {
	pool, err := pgxpool.New(ctx, address)
	if err != nil {
		return nil, errors.New("open queue postgres://…: not an address of PostgreSQL; check --store")
	}
	db := stdlib.OpenDBFromPool(pool)
	var c *river.Client[pgx.Tx]
	err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(queueLock)); err != nil {
			return err
		}
		defer func() {
			_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(queueLock))
		}() // else it ends with the connection
		c, err = open[pgx.Tx](ctx, riverpgxv5.New(pool), db, config)
		return err
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open queue in PostgreSQL: %w", err)
	}
	insert := func(ctx context.Context, _ *sql.Tx, args river.JobArgs) (*rivertype.JobInsertResult, error) {
		return c.Insert(ctx, args, nil)
	}
	closing := func() error { defer pool.Close(); return db.Close() }
	return &Queue{clientOf(c), database{insert, db, closing}}, nil
}

// open migrates River's tables and makes a client. The caller holds a lock.
func open[T any](ctx context.Context, driver riverdriver.Driver[T], db *sql.DB, config *river.Config) (*river.Client[T], error) {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: config.Logger})
	if err != nil {
		return nil, err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, makeHearts); err != nil {
		return nil, err
	}
	return river.NewClient(driver, config)
}

// insert inserts a job, in the transaction where there is one and the database can. It reports whether the job is new.
func (q *Queue) insert(ctx context.Context, tx *sql.Tx, args river.JobArgs) (bool, error) {
	r, err := q.db.insert(ctx, tx, args)
	if err != nil {
		return false, fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return !r.UniqueSkippedAsDuplicate, nil
}

// wake inserts a job, or brings forward the one that sleeps.
func (q *Queue) wake(ctx context.Context, args river.JobArgs) error {
	r, err := q.db.insert(ctx, nil, args)
	if err == nil && r.UniqueSkippedAsDuplicate && r.Job.State == rivertype.JobStateScheduled {
		_, err = q.client.retry(ctx, r.Job.ID)
	}
	if err != nil {
		return fmt.Errorf("wake %s: %w", args.Kind(), err)
	}
	return nil
}

// retryPolicy spaces the tries of a job.
type retryPolicy func(attempt int) time.Duration

// NextRetry implements river.ClientRetryPolicy.
func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(p(len(job.Errors) + 1))
}

// backoff is 2 s, then four times as much each time, up to an hour: nine tries in about five hours.
func backoff(attempt int) time.Duration {
	return min(2*time.Second<<(2*min(attempt-1, 8)), time.Hour)
}

// counts reads how many jobs there are, by kind and state.
func (q *Queue) counts(ctx context.Context) ([]Count, error) {
	rows, err := q.db.sql.QueryContext(ctx, countJobs)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []Count
	for rows.Next() {
		var n Count
		if err := rows.Scan(&n.Kind, &n.State, &n.Jobs); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, rows.Err()
}
