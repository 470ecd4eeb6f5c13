package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
	"github.com/quash-sh/quash/cmd/quash/internal/service"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
)

// serving is a process of quash serve.
type serving struct {
	g      *globals
	f      *serveFlags
	config config.Config
	set    *rules.Set
	order  desk.Order
	dir    string
	store  *store.Store
	// clerk belongs to workers. The store of its desk is the service's.
	clerk   *desk.Clerk
	runner  *jobs.Runner
	metrics *service.Metrics
}

func (g *globals) serve(ctx context.Context, f *serveFlags) (err error) {
	if err := f.check(); err != nil {
		return usage(err)
	}
	g.room()
	s := &serving{g: g, f: f}
	if s.config, err = g.load(); err != nil {
		return err
	}
	receiver, err := s.secrets()
	if err != nil {
		return usage(err)
	}
	if s.order, err = f.answer.order(s.config); err != nil {
		return err
	}
	if s.set, err = g.ruleSet(s.config); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return usage(fmt.Errorf("listen: %w; name another address with --listen", err))
	}
	return s.run(ctx, l, receiver)
}

// secrets makes the receiver, where this process is one, of the webhook's secrets.
func (s *serving) secrets() (*service.Receiver, error) {
	if s.f.role == roleWorker {
		return nil, nil
	}
	secrets, err := s.config.Secrets(s.g.env.getenv)
	if err != nil {
		return nil, err
	}
	for _, secret := range secrets {
		s.g.env.Redactor.AddSecret(scanner.NewSecret(string(secret)))
	}
	return service.NewReceiver(service.Receiver{Secrets: secrets, Now: s.g.env.Now, Log: s.logger("receiver")})
}

func (s *serving) logger(part string) zerolog.Logger {
	return s.g.log.With().Str("part", part).Logger()
}

// open opens the database and, for a worker, all that keys are answered with.
func (s *serving) open(ctx context.Context) (err error) {
	s.dir = s.g.stateDir(s.config)
	where := s.f.store
	if where == "" {
		where = desk.StorePath(s.dir)
	}
	if s.store, err = store.Open(ctx, where); err != nil {
		return err
	}
	o := jobs.Options{
		Where: where, Store: s.store, Rules: s.set.Version(), Work: s.f.role != roleReceiver, Log: s.logger("jobs"), Clock: s.g.env.clock(),
		CloneURL: s.cloneURL, Clean: s.g.cleaner.text, Scans: s.f.scans, Answers: s.f.answer.atOnce, Timeout: s.f.timeout, Drain: s.f.drain,
		Every: s.f.reconcile, Beat: s.f.beat, Attempts: s.f.attempts,
		Backoff: func(n int) time.Duration { return min(s.f.firstTry<<(2*min(n-1, 8)), time.Hour) },
		Observe: func(kind, result string, took time.Duration) { s.metrics.Job(kind, result, took) },
	}
	if o.Work {
		if err := s.worker(ctx, &o); err != nil {
			return errors.Join(err, s.store.Close())
		}
	}
	if s.runner, err = jobs.Open(ctx, o); err != nil {
		return errors.Join(err, s.store.Close())
	}
	s.metrics = service.NewMetrics(Version(), s.runner.Counts)
	return nil
}

// cloneURL is where a repository is cloned from.
func (s *serving) cloneURL(name string) string {
	return strings.TrimSuffix(s.f.forge, "/") + "/" + name + ".git"
}

// run serves and works until the context ends.
func (s *serving) run(ctx context.Context, l net.Listener, receiver *service.Receiver) error {
	srv := &service.Server{
		Metrics: s.metrics, Jobs: s.runner.Counts, Ready: s.ready, CertFile: s.f.cert, KeyFile: s.f.key, Log: s.logger("server"), Drain: s.f.drain,
	}
	if receiver != nil {
		receiver.Deliveries, receiver.Queue, receiver.Observe = s.store, s.runner, s.metrics.Delivery
		srv.Receiver = receiver
	}
	if err := srv.Check(); err != nil {
		return usage(errors.Join(err, l.Close()))
	}
	s.g.log.Info().Str("version", Version()).Str("role", s.f.role).Str("listen", l.Addr().String()).Str("rules", s.set.Version()).
		Bool("execute", s.f.answer.execute).Msg("serve")
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return srv.Serve(ctx, l) })
	group.Go(func() error { return s.runner.Run(ctx) })
	err := group.Wait()
	s.g.log.Info().Err(err).Msg("end")
	return err
}

// ready asks the database for something.
func (s *serving) ready(ctx context.Context) error {
	_, err := s.store.ScanState(ctx, "")
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (s *serving) close(ctx context.Context) error {
	err := s.runner.Close()
	if s.clerk != nil {
		return errors.Join(err, s.clerk.Desk.Close(ctx))
	}
	return errors.Join(err, s.store.Close())
}
