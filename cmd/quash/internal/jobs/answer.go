package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/riverqueue/river"
)

// patience is how long a key is looked at again whose issuer gives no clear answer, or whose death is not confirmed. A job that
// is older is set aside for a person.
const patience = 7 * 24 * time.Hour

// answer works a job: it reads the key again where it stands, and answers it.
func (r *Runner) answer(ctx context.Context, job *river.Job[Key]) error {
	k := job.Args
	f, err := r.reread(ctx, k)
	if err != nil {
		return err
	}
	out, err := r.Answer(ctx, k.Run, f, k.Repository.Public)
	told := true
	if k.Allowed {
		var failed error
		told, failed = r.override(ctx, k, f, out)
		err = errors.Join(err, failed)
	}
	if told && out.Verdict != nil {
		err = errors.Join(err, r.Store.PutVerdict(context.WithoutCancel(ctx), k.ID, *out.Verdict))
	}
	r.Log.Info().Str("id", string(k.ID)).Str("rule", k.Rule).Str("repository", k.Repository.Name).Str("stage", string(out.Stage)).Msg("answered")
	switch {
	case errors.Is(err, revoker.ErrStopped):
		return river.JobSnooze(time.Minute) // a kill switch is on
	case err != nil:
		return err
	case out.RetryAfter <= 0:
		return nil
	case time.Since(job.CreatedAt) > patience:
		return fmt.Errorf("answer %s: %s after %s; a person must look at its issuer", k.ID, out.Stage, patience)
	}
	return river.JobSnooze(out.RetryAfter)
}

// reread finds a key again. What is no longer in the mirror is fetched.
func (r *Runner) reread(ctx context.Context, k Key) (scanner.Finding, error) {
	dir := r.Mirrors.Dir(r.repository(k.Repository))
	src, err := openPlace(dir, k)
	if err != nil {
		if dir, _, err = r.fetch(ctx, k.Repository); err == nil {
			src, err = openPlace(dir, k)
		}
	}
	if err != nil {
		return scanner.Finding{}, fmt.Errorf("read %s again: %w", k.ID, err)
	}
	var f scanner.Finding
	_, err = r.Scanner.Scan(ctx, src, scanner.SinkFunc(func(_ context.Context, x scanner.Finding) error {
		if x = r.Found(x); x.ID == k.ID && x.Rule == k.Rule && f.ID == "" {
			f = x
		}
		return nil
	}))
	if err == nil && f.ID == "" {
		err = fmt.Errorf("it is not at its place any more; rules or id_key have changed since it was found")
	}
	if err != nil {
		return f, fmt.Errorf("read %s again: %w", k.ID, err)
	}
	return f, nil
}

// place is a source of one blob or one message.
type place struct {
	*changeWalk
	key Key
}

// openPlace opens the place of a key, when the mirror has it.
func openPlace(dir string, k Key) (scanner.Source, error) {
	repo, err := git.PlainOpen(dir)
	if err != nil {
		return nil, fmt.Errorf("open mirror: %w", err)
	}
	for _, id := range []string{k.Commit, k.Blob} {
		if id == "" {
			continue
		}
		if err := repo.Storer.HasEncodedObject(plumbing.NewHash(id)); err != nil {
			return nil, fmt.Errorf("object %s: %w", id, err)
		}
	}
	w := &changeWalk{Changes: &Changes{repo: repo, name: k.Repository.Name}, seen: map[plumbing.Hash]bool{}}
	return &place{w, k}, nil
}

// Chunks implements scanner.Source.
func (p *place) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		p.ctx, p.yield = ctx, yield
		if err := p.read(); err != nil && !errors.Is(err, errStopped) {
			yield(scanner.Chunk{}, err)
		}
	}
}

func (p *place) read() error {
	at := scanner.Location{Repository: p.name, Commit: p.key.Commit, Blob: p.key.Blob, Path: p.key.Path, Line: 1}
	id := plumbing.NewHash(cmp.Or(p.key.Blob, p.key.Commit))
	if t, err := p.repo.TagObject(id); err == nil {
		at.Field = fieldMessage
		return p.text(t.Tagger, at, t.Message)
	}
	if c, err := p.repo.CommitObject(plumbing.NewHash(p.key.Commit)); err == nil {
		if at.Author, at.AuthorEmail, at.Time = c.Author.Name, c.Author.Email, c.Author.When.UTC(); p.key.Blob == "" {
			at.Field = fieldMessage
			return p.text(c.Author, at, c.Message)
		}
	}
	return p.blob(at, id)
}
