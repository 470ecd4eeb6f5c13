package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"
)

// Options say what the jobs work with.
type Options struct {
	// Where is the database of the store ([store.Open]), Store the open store.
	Where string
	Store *store.Store
	// Work says that this process works jobs; without it, it only inserts them, and needs nothing of what follows but Rules.
	Work bool
	// Rules is the version of the rules.
	Rules string
	// Scanner finds keys.
	Scanner *scanner.Scanner
	// Mirrors keep the repositories.
	Mirrors Mirrors
	// CloneURL is where a repository is cloned from, without a credential.
	CloneURL func(name string) string
	// Token is the credential that a clone URL is fetched with, empty for none; nil: there is none.
	Token func(ctx context.Context, url string) (string, error)
	// Lists are the keys that a repository lets stand, by files that are read as one of its commits has them; a file that is not
	// there is fs.ErrNotExist. nil: there are none.
	Lists func(repository string, file func(path string) ([]byte, error)) scanner.Allower
	// Found is told every finding before anything is written about it, and returns it with a place that holds no key.
	Found func(scanner.Finding) scanner.Finding
	// Answer answers a key.
	Answer Answer
	// Approved tells the keys whose plan was approved and not carried out yet: their answers sleep no longer. nil tells nothing.
	Approved func(ctx context.Context) ([]scanner.ID, error)
	// Forge is told about commits, and asked for failed deliveries; nil: nobody is.
	Forge Forge
	// Clean takes every known key out of a text.
	Clean func(string) string
	// Log is where lines go that hold no key.
	Log zerolog.Logger
	// Clock is the time.
	Clock revoker.Clock
	// Observe is told how long a job took and how it ended; nil is told nothing.
	Observe func(kind, result string, took time.Duration)

	// Scans is how many scans run at once; 0: one per processor. Answers is how many keys are answered at once; 0: 8.
	Scans, Answers int
	// Timeout bounds one run of a job; 0: 10 min. A job whose worker was killed is given to another a tenth later.
	Timeout time.Duration
	// Drain is how long running jobs may go on after [Runner.Run] was told to end; 0: 20 s.
	Drain time.Duration
	// Attempts is how often a job is tried before it is set aside; 0: 9. Backoff spaces the tries; nil: from 2 s to an hour.
	Attempts int
	Backoff  func(attempt int) time.Duration
	// Every is how long a repository's reconcile job sleeps; 0: 1 h.
	Every time.Duration
	// Poll is how often the queue is looked at when nobody tells of a new job; 0: 200 ms.
	Poll time.Duration
	// Beat is how often a worker shows that it lives; after five beats without a sign its jobs are given to others. 0: 3 s.
	Beat time.Duration
}

// Mirrors keep bare repositories. forge.Mirrors does.
type Mirrors interface {
	Remote(ctx context.Context, r forge.Repository) (forge.Refs, error)
	Update(ctx context.Context, r forge.Repository, remote forge.Refs) (*forge.Mirror, error)
	Dir(r forge.Repository) string
}

// Answer answers one key of the run: it verifies, plans or acts by policy, and records. places are all that were found of it.
// It may be called again at any time.
type Answer func(ctx context.Context, run string, f scanner.Finding, public bool) (revoker.Outcome, error)

// Forge is the API of the forge. Errors hold no credential.
type Forge interface {
	// Check tells the forge about a commit.
	Check(ctx context.Context, c Check) error
	// Redeliver asks for every delivery since a time that failed and was not delivered since. It says how many.
	Redeliver(ctx context.Context, since time.Time) (int, error)
}

// Runner inserts jobs and works them.
type Runner struct {
	Options
	queue *Queue
}

// Open opens the queue. Nothing is worked yet.
func Open(ctx context.Context, o Options) (*Runner, error) {
	o.Scans, o.Answers = cmp.Or(o.Scans, runtime.GOMAXPROCS(0)), cmp.Or(o.Answers, 8)
	o.Timeout, o.Drain = cmp.Or(o.Timeout, 10*time.Minute), cmp.Or(o.Drain, 20*time.Second)
	o.Attempts, o.Every, o.Poll = cmp.Or(o.Attempts, 9), cmp.Or(o.Every, time.Hour), cmp.Or(o.Poll, 200*time.Millisecond)
	o.Beat = cmp.Or(o.Beat, 3*time.Second)
	if o.Backoff == nil {
		o.Backoff = backoff
	}
	r := &Runner{Options: o}
	q, err := openQueue(ctx, o.Where, r.config())
	if err != nil {
		return nil, err
	}
	r.queue = q
	return r, nil
}

// config is River's configuration.
func (r *Runner) config() *river.Config {
	c := &river.Config{
		Logger:      slog.New(zerolog.NewSlogHandler(r.Log.With().Str("part", "river").Logger())),
		MaxAttempts: r.Attempts, RetryPolicy: retryPolicy(r.Backoff), SkipUnknownJobCheck: true,
	}
	if !r.Work {
		return c
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(r.push))
	river.AddWorker(workers, river.WorkFunc(r.answer))
	river.AddWorker(workers, river.WorkFunc(r.check))
	river.AddWorker(workers, river.WorkFunc(r.reconcile))
	river.AddWorker(workers, river.WorkFunc(r.redeliver))
	river.AddWorker(workers, river.WorkFunc(r.prune))
	c.Workers = workers
	c.Queues = map[string]river.QueueConfig{queueScan: {MaxWorkers: r.Scans}, queueAnswer: {MaxWorkers: r.Answers}}
	c.JobTimeout, c.RescueStuckJobsAfter = r.Timeout, r.Timeout+max(r.Timeout/10, time.Second)
	c.FetchPollInterval, c.FetchCooldown = r.Poll, min(r.Poll, 20*time.Millisecond)
	c.SoftStopTimeout = r.Drain
	c.Middleware = []rivertype.Middleware{river.WorkerMiddlewareFunc(r.around)}
	c.PeriodicJobs = []*river.PeriodicJob{every[Prune](24 * time.Hour)}
	if r.Forge != nil {
		c.PeriodicJobs = append(c.PeriodicJobs, every[Redeliver](r.Every))
	}
	return c
}

// every makes a periodic job without arguments, which also runs at the start.
func every[T river.JobArgs](d time.Duration) *river.PeriodicJob {
	make := func() (river.JobArgs, *river.InsertOpts) { var args T; return args, nil }
	return river.NewPeriodicJob(river.PeriodicInterval(d), make, &river.PeriodicJobOpts{RunOnStart: true})
}

// Run works jobs until the context ends. Then no new one is begun, and those that run have the time of Drain to end; what has
// not ended by then is tried again by whoever works next.
func (r *Runner) Run(ctx context.Context) error {
	if !r.Work {
		<-ctx.Done()
		return nil
	}
	if err := r.queue.client.start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start workers: %w", err)
	}
	beating, still := context.WithCancel(context.WithoutCancel(ctx))
	var hearts sync.WaitGroup
	hearts.Go(func() { r.watch(beating) })
	defer func() { still(); hearts.Wait() }()
	<-ctx.Done()
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Drain+10*time.Second)
	defer cancel()
	r.Log.Info().Dur("at_most", r.Drain).Msg("draining: no new job is begun")
	if err := r.queue.client.stop(lasting); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}

// Close closes the queue.
func (r *Runner) Close() error { return r.queue.db.close() }

// Counts says how many jobs there are, by kind and state.
func (r *Runner) Counts(ctx context.Context) ([]Count, error) { return r.queue.counts(ctx) }

// Push enqueues the scan of a push, in the transaction where there is one and the database can. It reports whether the job is
// new.
func (r *Runner) Push(ctx context.Context, tx *sql.Tx, p Push) (bool, error) {
	p.Rules = r.Rules
	return r.queue.insert(ctx, tx, p)
}

// Reconcile enqueues the comparison of a repository's refs, or wakes it.
func (r *Runner) Reconcile(ctx context.Context, repo Repository) error {
	return r.queue.wake(ctx, Reconcile{repo})
}

// around runs a job: it times it, keeps keys out of its error, and turns a panic into one.
func (r *Runner) around(ctx context.Context, job *rivertype.JobRow, do func(context.Context) error) (err error) {
	started := time.Now()
	defer func() {
		if v := recover(); v != nil {
			err = errors.New("the job came to a point that it never should; its panic is not repeated here")
		}
		err = r.ended(job, err, time.Since(started))
	}()
	return do(ctx)
}

// ended notes how a job ended, and returns the error that stands in its row.
func (r *Runner) ended(job *rivertype.JobRow, err error, took time.Duration) error {
	var snooze *river.JobSnoozeError
	var cancel *river.JobCancelError
	line, result := r.Log.Info(), "done"
	switch {
	case err == nil:
	case errors.As(err, &snooze):
		line, result = r.Log.Debug(), "later"
	case errors.As(err, &cancel), job.Attempt >= job.MaxAttempts:
		line, result = r.Log.Error(), "set_aside"
	default:
		line, result = r.Log.Warn(), "again"
	}
	if err != nil && snooze == nil && cancel == nil {
		err = errors.New(r.Clean(err.Error()))
		line = line.Err(err)
	}
	line.Int64("job", job.ID).Str("kind", job.Kind).Int("attempt", job.Attempt).Dur("took", took).Msg(result)
	if r.Observe != nil {
		r.Observe(job.Kind, result, took)
	}
	return err
}

// prune works a job.
func (r *Runner) prune(ctx context.Context, _ *river.Job[Prune]) error {
	n, err := r.Store.PruneDeliveries(ctx, r.Clock.Now())
	r.Log.Debug().Int("deliveries", n).Msg("forgotten")
	return err
}

// redeliver works a job. GitHub keeps deliveries for three days and sends none again by itself.
func (r *Runner) redeliver(ctx context.Context, _ *river.Job[Redeliver]) error {
	if r.Forge == nil {
		return nil
	}
	n, err := r.Forge.Redeliver(ctx, r.Clock.Now().Add(-3*24*time.Hour))
	if n > 0 {
		r.Log.Warn().Int("deliveries", n).Msg("asked again for what could not be delivered")
	}
	return err
}

// check works a job.
func (r *Runner) check(ctx context.Context, job *river.Job[Check]) error {
	if r.Forge == nil {
		return nil
	}
	return r.Forge.Check(ctx, job.Args)
}
