package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
	"github.com/quash-sh/quash/cmd/quash/internal/service"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
	"github.com/quash-sh/quash/store"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

const serveLong = `Serve takes GitHub's webhooks: every push is fetched, scanned, and its keys are
answered, as quash respond answers them. Without --execute and a policy, it
verifies and plans, and changes nothing; plans are written to the folder plans
of the state directory, for quash approve.

It wants the webhook's secret: webhook.secret_file in the configuration, or
QUASH_WEBHOOK_SECRET. In the webhook's settings at GitHub, the payload URL is
https://HOST/webhooks/github, and the events are pushes, branch or tag creation
and branch or tag deletion.

One process does it all, with SQLite. To use many machines, give each the same
PostgreSQL with --store, and a role: receivers take deliveries, workers do the
work. Workers that execute share one --state directory: journal and locks are
files in it.

SIGTERM drains: no delivery is taken, and running jobs have time to end.
/healthz, /readyz and /metrics tell how it is.`

// The roles.
const (
	roleAll      = "all"
	roleReceiver = "receiver"
	roleWorker   = "worker"
)

// serveFlags are serve's own.
type serveFlags struct {
	answer               answerFlags
	listen, role, store  string
	cert, key            string
	forge, cache         string
	scans, answers       int
	timeout, drain, beat time.Duration
	reconcile, firstTry  time.Duration
	attempts             int
	app                  orgFlags // of which the App's are used
}

func newServe(g *globals) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{Use: "serve", Short: "take webhooks, scan every push, answer its keys", Long: serveLong, Args: noArgs}
	fl := cmd.Flags()
	f.answer.flags(fl)
	fl.Lookup("wait").DefValue, f.answer.wait = "1m0s", time.Minute
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on")
	fl.StringVar(&f.role, "role", roleAll, "what this process does: receiver, worker or all")
	fl.StringVar(&f.store, "store", "", "database: a SQLite file, or postgres://… (default: quash.db in the state directory)")
	fl.StringVar(&f.cert, "tls-cert", "", "TLS certificate (PEM); it is read again when it changes")
	fl.StringVar(&f.key, "tls-key", "", "key of the TLS certificate (PEM)")
	fl.StringVar(&f.forge, "forge", "https://github.com", "where repositories are cloned from: this, a slash and their names")
	fl.StringVar(&f.cache, "cache", "", "directory of the mirrors (default: mirrors in the state directory)")
	fl.Int64Var(&f.app.appID, "app-id", 0, "authenticate as this GitHub App")
	fl.Int64Var(&f.app.appInstallation, "app-installation", 0, "the id of the App's installation")
	fl.StringVar(&f.app.appKey, "app-key", "", "file of the App's private key")
	fl.IntVar(&f.scans, "scans", 0, "how many scans run at once (default: one per processor)")
	fl.IntVar(&f.answers, "answers", 8, "how many keys are answered at once")
	fl.DurationVar(&f.timeout, "timeout", 10*time.Minute, "how long a job may take; it is tried again afterwards")
	fl.DurationVar(&f.drain, "drain", 20*time.Second, "how long running jobs may go on when the process is to end")
	fl.DurationVar(&f.beat, "beat", 3*time.Second, "how often a worker shows that it lives; after five beats without a sign others take its jobs")
	fl.DurationVar(&f.reconcile, "reconcile", time.Hour, "how often the refs of a repository are compared with what was scanned")
	fl.IntVar(&f.attempts, "attempts", 9, "how often a job is tried before it is set aside")
	fl.DurationVar(&f.firstTry, "retry", 2*time.Second, "how long to wait before a job is tried again; four times as long each time")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return g.serve(cmd.Context(), f) }
	return cmd
}

// check says what is wrong with the flags.
func (f *serveFlags) check() error {
	origin, err := url.Parse(f.forge)
	switch {
	case !slices.Contains([]string{roleAll, roleReceiver, roleWorker}, f.role):
		return errors.New("--role: not known; it is receiver, worker or all")
	case (f.cert == "") != (f.key == ""):
		return errors.New("--tls-cert and --tls-key belong together; give both")
	case err != nil || origin.User != nil || origin.RawQuery != "" || !slices.Contains([]string{"https", "http", "ssh", "file"}, origin.Scheme):
		return errors.New("--forge: not the URL of a forge; write https://HOST, without user, password or query")
	case f.timeout <= f.answer.wait:
		return errors.New("--timeout: not longer than --wait; a job looks that long for a key's death")
	}
	return nil
}

// service is a process of quash serve.
type serving struct {
	g      *globals
	f      *serveFlags
	config config.Config
	set    *rules.Set
	// desk belongs to workers. Its store is the service's.
	desk    *desk
	store   *store.Store
	dir     string
	policy  revoker.Policy
	runner  *jobs.Runner
	metrics *service.Metrics
	// base are responders without a run, for public repositories and for others.
	base map[bool]revoker.Responder
}

func (g *globals) serve(ctx context.Context, f *serveFlags) (err error) {
	if err := f.check(); err != nil {
		return usage(err)
	}
	s := &serving{g: g, f: f}
	if s.config, err = g.load(); err != nil {
		return err
	}
	receiver, err := s.secrets()
	if err != nil {
		return usage(err)
	}
	if s.policy, err = f.answer.load(s.config); err != nil {
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
	s.dir = s.config.StateDir(s.g.state, s.g.env.getenv)
	where := s.f.store
	if where == "" {
		where = filepath.Join(s.dir, "quash.db")
	}
	if s.store, err = store.Open(ctx, where); err != nil {
		return err
	}
	o := jobs.Options{
		Where: where, Store: s.store, Rules: s.set.Version(), Work: s.f.role != roleReceiver, Log: s.logger("jobs"), Clock: clock{s.g.env},
		CloneURL: s.cloneURL, Clean: s.g.cleaner.text, Scans: s.f.scans, Answers: s.f.answers, Timeout: s.f.timeout, Drain: s.f.drain,
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

// worker opens what only workers need.
func (s *serving) worker(ctx context.Context, o *jobs.Options) (err error) {
	if err := s.openDesk(ctx); err != nil {
		return err
	}
	if o.Scanner, err = s.scanner(); err != nil {
		return err
	}
	access, err := (&orgRun{run: &run{g: s.g, config: s.config}, flags: &s.f.app}).access()
	if err != nil {
		return err
	}
	if o.Mirrors, err = s.mirrors(access); err != nil {
		return err
	}
	if o.Forge, err = s.github(access); err != nil {
		return err
	}
	o.Answer, o.Token = s.answer, tokenFor(access)
	o.Found = func(f scanner.Finding) scanner.Finding {
		s.g.env.Redactor.Add(f.Parts)
		f.At = s.g.cleaner.place(f.At)
		return f
	}
	s.base = map[bool]revoker.Responder{}
	for _, public := range []bool{false, true} {
		a := s.f.answer
		if a.exposure == "" {
			a.exposure = string(revoker.ExposureInternal)
			if public {
				a.exposure = string(revoker.ExposurePublic)
			}
		}
		s.base[public] = *s.desk.responder(&a, s.policy, "serve")
	}
	return nil
}

// openDesk opens the journal and the issuers, with the service's store.
func (s *serving) openDesk(ctx context.Context) (err error) {
	s.g.quiet = true // what notes say is in the log
	d := &desk{g: s.g, config: s.config, dir: s.dir, store: s.store}
	if d.kill, err = s.g.killSwitch(s.config); err != nil {
		return err
	}
	if d.journal, err = revoker.OpenJournal(ctx, d.journalPath()); err != nil {
		return err
	}
	d.record = narrator{Journal: d.journal, g: s.g}
	o, err := s.g.providerOptions(s.config, s.set)
	if err != nil {
		return err
	}
	o.Kill, o.Agiled.Past, o.Agiled.Inventory = d.kill, d.journal, inventory{d.store}
	if d.issuers, err = provider.New(o); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	s.desk = d
	return nil
}

func (s *serving) scanner() (*scanner.Scanner, error) {
	key, err := s.config.Secret("id_key", s.config.IDKey, s.g.env.getenv)
	if err != nil {
		return nil, err
	}
	c := s.config.Scan
	least, err := new(scanFlags).confidence(c, config.Scan{})
	if err != nil {
		return nil, err
	}
	return scanner.New(s.set, scanner.Options{IDKey: key, Skip: c.Skip, MinConfidence: least, Workers: 1, Exclude: source.Excludes(c.Exclude)})
}

// mirrors keeps bare repositories with the git program, where there is one.
func (s *serving) mirrors(access forge.Access) (*forge.Mirrors, error) {
	dir := s.f.cache
	if dir == "" {
		dir = filepath.Join(s.dir, "mirrors")
	}
	git, _ := exec.LookPath("git")
	return forge.OpenMirrors(forge.MirrorOptions{
		Dir: dir, Git: git, Env: s.g.env.LookupEnv, Clock: clock{s.g.env}, Access: access,
	})
}

// tokenFor shows the forge's token to its own hosts, over TLS.
func tokenFor(access forge.Access) func(context.Context, string) (string, error) {
	return func(ctx context.Context, address string) (string, error) {
		at, err := url.Parse(address)
		if err != nil || access.Token == nil || at.Scheme != "https" || !slices.Contains(access.Hosts, at.Hostname()) {
			return "", err
		}
		return access.Token(ctx)
	}
}

// github is GitHub's API, where the configuration asks for something of it; nil elsewhere.
func (s *serving) github(access forge.Access) (jobs.Forge, error) {
	if !s.config.Webhook.Checks && s.config.Webhook.Hook == "" {
		return nil, nil
	}
	if access.Token == nil {
		return nil, errors.New("webhook.checks and webhook.hook need a credential: an App's, or providers.github.credential")
	}
	return jobs.NewGitHub(jobs.GitHubOptions{
		API:   cmp.Or(s.config.Providers["github"].BaseURL, s.g.env.getenv("GITHUB_API_URL"), forge.GitHubAPI),
		Token: access.Token, Hook: s.config.Webhook.Hook, Checks: s.config.Webhook.Checks, Agent: "quash/" + Version(), Timeout: 30 * time.Second,
	})
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
	if s.desk != nil {
		return errors.Join(err, s.desk.close(ctx))
	}
	return errors.Join(err, s.store.Close())
}

// lookAgain is how long an answer waits for a person, an hour of the day or a cap, before it looks again.
const lookAgain = 5 * time.Minute

// answer implements [jobs.Answer].
func (s *serving) answer(ctx context.Context, run string, f scanner.Finding, public bool) (revoker.Outcome, error) {
	known, err := s.store.Key(ctx, f.ID)
	if err != nil {
		return revoker.Outcome{}, err
	}
	res := s.base[public]
	res.Run = run
	res.Exposed = func(scanner.Finding) time.Time { return exposedAt(known) }
	waiting := s.waiting(f.ID)
	if s.f.answer.execute {
		res.Plan = waiting
	}
	out, err := res.Respond(ctx, f)
	s.metrics.Answer(string(out.Stage))
	if err != nil || out.Stage != revoker.StagePlanned || out.Decision == nil || out.Verdict == nil || out.Decision.Action.Name == "" {
		return out, err
	}
	if s.f.answer.execute && slices.Contains([]string{revoker.NeedsApproval, revoker.NeedsHour, revoker.NeedsCap}, out.Decision.Needs) {
		out.RetryAfter = lookAgain
	}
	if waiting != nil {
		return out, nil
	}
	return out, s.plan(ctx, f, known, res.Facts(f, *out.Verdict), out)
}

// exposedAt is when a key was first exposed, over all its places.
func exposedAt(k store.Key) time.Time {
	var first time.Time
	for _, p := range k.Places {
		if t := p.At.Time; !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

func (s *serving) planPath(id scanner.ID) string {
	return filepath.Join(s.dir, "plans", string(id)+".json")
}

// waiting is the plan of a key that may still be approved and carried out; nil: there is none.
func (s *serving) waiting(id scanner.ID) *revoker.Plan {
	p, err := readPlan(s.planPath(id))
	if err != nil || p.Check(s.g.env.Now()) != nil {
		return nil
	}
	return &p
}

// plan writes the plan of a key.
func (s *serving) plan(ctx context.Context, f scanner.Finding, known store.Key, facts revoker.Facts, out revoker.Outcome) error {
	var from []scanner.Location
	for _, p := range known.Places {
		from = append(from, p.At)
	}
	a := revoker.NewPlanAction(f, s.desk.issuers.Provider(f.Rule).Name, *out.Verdict, facts, *out.Decision, from)
	if rule, ok := s.set.Rule(f.Rule); ok && a.Action.Name == "manual" {
		a.Steps = rule.Manual
	}
	by := s.f.answer.by
	if by == "" {
		by = "quash serve"
	}
	p, err := revoker.MakePlan(by, s.g.env.Now(), planLife, []revoker.PlanAction{a})
	if err != nil {
		return err
	}
	data, err := p.Encode()
	if err == nil {
		err = os.MkdirAll(filepath.Dir(s.planPath(f.ID)), 0o700)
	}
	if err == nil {
		err = os.WriteFile(s.planPath(f.ID), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write plan: %w; make the state directory writable", err)
	}
	s.g.log.Warn().Str("id", string(f.ID)).Str("plan", s.planPath(f.ID)).Str("needs", out.Decision.Needs).Msg("plan waits")
	return s.store.PutPlan(context.WithoutCancel(ctx), p)
}
