package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// worker opens what only workers need.
func (s *serving) worker(ctx context.Context, o *jobs.Options) (err error) {
	if err := s.openClerk(ctx); err != nil {
		return err
	}
	if o.Scanner, err = s.scanner(); err != nil {
		return err
	}
	_, access, err := s.g.github(s.config, s.f.app)
	if err != nil {
		return err
	}
	if o.Mirrors, err = s.mirrors(access); err != nil {
		return err
	}
	if o.Forge, err = s.forge(access); err != nil {
		return err
	}
	o.Answer, o.Approved, o.Token, o.Lists = s.answer, s.clerk.Approved, tokenFor(access), s.lists
	o.Found = func(f scanner.Finding) scanner.Finding {
		s.g.env.Redactor.Add(f.Parts)
		f.At = s.g.cleaner.place(f.At)
		return f
	}
	return nil
}

// openClerk opens the desk, with the service's store.
func (s *serving) openClerk(ctx context.Context) error {
	s.g.quiet = true // what notes say is in the log
	state, err := desk.OpenState(ctx, s.dir, s.store)
	if err != nil {
		return err
	}
	d, err := desk.New(s.g.world(), s.config, s.set, state)
	if err != nil {
		return err
	}
	s.clerk = &desk.Clerk{Desk: d, Order: s.order, By: cmp.Or(s.f.answer.by, "quash serve")}
	return nil
}

// answer implements [jobs.Answer].
func (s *serving) answer(ctx context.Context, run string, f scanner.Finding, public bool) (revoker.Outcome, error) {
	exposure := revoker.ExposureInternal
	if public {
		exposure = revoker.ExposurePublic
	}
	out, err := s.clerk.Answer(ctx, run, f, exposure)
	s.metrics.Answer(string(out.Stage))
	return out, err
}

// lists reads what a pushed commit lets stand. A list that cannot be read lets nothing stand, which the log says.
func (s *serving) lists(repository string, file func(path string) ([]byte, error)) scanner.Allower {
	var lists scanner.AllowLists
	for _, path := range append([]string{".quashignore"}, s.f.baselines...) {
		data, err := file(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		more, err := s.g.allowList(lists, path, data, err)
		if err != nil {
			s.g.log.Warn().Str("repository", repository).Str("error", s.g.cleaner.complaint(err.Error())).Msg("nothing in the list is let stand")
			continue
		}
		lists = more
	}
	return lists
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
	return scanner.New(s.set, scanner.Options{KeepAllowed: true, IDKey: key, Skip: c.Skip, MinConfidence: least, Workers: 1, Exclude: source.Excludes(c.Exclude)})
}

// mirrors keeps bare repositories with the git program, where there is one.
func (s *serving) mirrors(access forge.Access) (*forge.Mirrors, error) {
	dir := s.f.cache
	if dir == "" {
		dir = filepath.Join(s.dir, "mirrors")
	}
	git, _ := exec.LookPath("git")
	return forge.OpenMirrors(forge.MirrorOptions{
		Dir: dir, Git: git, Env: s.g.env.LookupEnv, Clock: s.g.env.clock(), Access: access,
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

// forge is GitHub's API, where the configuration asks for something of it; nil elsewhere.
func (s *serving) forge(access forge.Access) (jobs.Forge, error) {
	if !s.config.Webhook.Checks && s.config.Webhook.Hook == "" {
		return nil, nil
	}
	if access.Token == nil {
		return nil, errors.New("webhook.checks and webhook.hook need a credential: an App's, or providers.github.credential")
	}
	api := cmp.Or(s.g.githubAPI(s.config), forge.GitHubAPI)
	var claim forge.Token
	if s.f.app.id != 0 {
		app, err := s.f.app.open(forge.GitHubOptions{API: api, Clock: s.g.env.clock(), Agent: "quash/" + Version()}, nil)
		if err != nil {
			return nil, err
		}
		claim = app.Claim
	}
	return jobs.NewGitHub(jobs.GitHubOptions{
		API: api, App: claim,
		Token: access.Token, Hook: s.config.Webhook.Hook, Checks: s.config.Webhook.Checks, Agent: "quash/" + Version(), Timeout: 30 * time.Second,
	})
}
