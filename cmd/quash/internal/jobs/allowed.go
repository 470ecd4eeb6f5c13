package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
)

// A repository may let keys stand. Their issuers are asked all the same: what it says keeps a key out of the store and out of
// what the forge is told, until its issuer accepts it.

// sift takes out of the findings what a comment, or the repository's lists as a commit has them, let stand.
func (r *Runner) sift(of Repository, dir, commit string, f *found) {
	var lists scanner.Allower = scanner.AllowLists{}
	if r.Lists != nil && len(f.findings) > 0 {
		lists = r.Lists(of.Name, func(path string) ([]byte, error) { return fileAt(dir, commit, path) })
	}
	all := f.findings
	f.findings = nil
	for _, x := range all {
		if x.Allowed = lists.Allowed(x) || x.Allowed; x.Allowed {
			f.allowed = append(f.allowed, x)
		} else {
			f.findings = append(f.findings, x)
		}
	}
}

// questions are all keys that an issuer is asked about, each once; one that is allowed at all of its places is marked.
func (f found) questions() []scanner.Finding {
	seen := map[scanner.ID]bool{}
	return append(once(f.findings, seen), once(f.allowed, seen)...)
}

// maxList is the greatest length in bytes of a list of allowed keys.
const maxList = 4 << 20

// fileAt reads a file as a commit, or the one that a tag names, has it.
func fileAt(dir, commit, path string) ([]byte, error) {
	repo, err := git.PlainOpen(dir)
	if err != nil {
		return nil, err
	}
	id := plumbing.NewHash(commit)
	if t, err := repo.TagObject(id); err == nil {
		id = t.Target
	}
	c, err := repo.CommitObject(id)
	if err != nil {
		return nil, fs.ErrNotExist
	}
	f, err := c.File(path)
	switch {
	case errors.Is(err, object.ErrFileNotFound):
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, err
	case !f.Mode.IsRegular() || f.Size > maxList:
		return nil, fmt.Errorf("%s: not a file of at most %d MiB", path, maxList>>20)
	}
	text, err := f.Contents()
	return []byte(text), err
}

// override reports whether an allowed key is told like any other: its issuer accepts it. The first time it is, it is recorded,
// and the forge is told about the commit once more.
func (r *Runner) override(ctx context.Context, k Key, f scanner.Finding, out revoker.Outcome) (bool, error) {
	if out.Verdict == nil || out.Verdict.Validity != revoker.Active {
		return false, nil
	}
	at := r.CloneURL(k.Repository.Name)
	known, err := r.Store.Key(ctx, k.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return false, err
	case !out.Live(), slices.ContainsFunc(known.Places, func(p store.Place) bool { return p.Target == at }):
		return true, nil
	}
	r.Log.Warn().Str("id", string(k.ID)).Str("repository", k.Repository.Name).Msg("allowed, and live: it is told all the same")
	f = desk.Override(f)
	if err := r.Store.PutFindings(context.WithoutCancel(ctx), at, r.Clock.Now(), []scanner.Finding{f}); err != nil || r.Forge == nil || k.Head == "" {
		return true, err
	}
	_, err = r.queue.insert(ctx, nil, Check{Repository: k.Repository, Head: k.Head, Keys: 1, Complete: true, Live: true, Notes: []Note{note(f)}})
	return true, err
}
