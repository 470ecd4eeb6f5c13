package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// openRemote fetches a repository that a URL names into a bare mirror and opens that: a mirror that goes with the run, or one
// that is kept in the folder of --cache. Its own .quash.yaml and .quashignore do not count: who can push there does not decide
// what is seen here.
func (r *run) openRemote(ctx context.Context, name string, idKey scanner.Secret) (target, error) {
	repository, err := forge.Named(name)
	if err != nil {
		return target{}, err
	}
	lists, err := r.g.baselines(nil, r.flags.baseline)
	if err != nil {
		return target{}, err
	}
	t := target{name: repository.URL, lists: lists, repository: &repository}
	if err := r.newScanner(&t, "", config.Scan{}, idKey); err != nil {
		return target{}, err
	}
	mirror, err := r.fetch(ctx, repository, &t, forge.MirrorOptions{Own: true})
	if err == nil {
		t.source, err = r.openSource(ctx, &t, mirror)
	}
	if err != nil {
		return target{}, errors.Join(fmt.Errorf("%s: %w; see that git ls-remote %s works: credentials come from its helpers", repository.URL, err, repository.URL), t.close())
	}
	return t, nil
}

// fetch makes the mirror, or brings it up to date, with the credentials that the options name, and returns where it is. The target's
// close gives it back.
func (r *run) fetch(ctx context.Context, repository forge.Repository, t *target, o forge.MirrorOptions) (string, error) {
	dir := r.flags.cache
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "quash-"); err != nil {
			return "", err
		}
		t.closers = append(t.closers, func() error { return os.RemoveAll(dir) })
	}
	git, err := exec.LookPath("git")
	if err != nil {
		r.g.note("the git program is not installed; quash fetches by itself, and only what asks for no credential")
	}
	o.Dir, o.Git, o.Env, o.Clock = dir, git, r.g.env.LookupEnv, r.g.env.clock()
	o.Fetched = func(stage string, done, total int) {
		r.bar.source(source.Progress{Stage: stage, Done: done, Total: total})
	}
	mirrors, err := forge.OpenMirrors(o)
	if err != nil {
		return "", err
	}
	refs, err := mirrors.Remote(ctx, repository)
	if err != nil {
		return "", err
	}
	mirror, err := mirrors.Update(ctx, repository, refs)
	if err != nil {
		return "", err
	}
	t.closers = append(t.closers, mirror.Close)
	return mirror.Dir, nil
}

// close gives back what the target holds, the last first.
func (t *target) close() error {
	var all []error
	for i := len(t.closers) - 1; i >= 0; i-- {
		all = append(all, t.closers[i]())
	}
	t.closers = nil
	return errors.Join(all...)
}

// close gives back what targets hold that were not scanned to their end. What cannot be removed is told.
func (r *run) close() {
	for i := range r.targets {
		if err := r.targets[i].close(); err != nil {
			r.g.note("a fetched repository was not removed: %v", err)
		}
	}
}
