package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
)

// A key that was pushed and forced away a moment later stands in a commit that no ref leads to when the mirror is fetched. GitHub
// still gives such a commit to whoever asks for it by its name, and so it is asked for. It is kept under a ref of ours, so that
// the mirror does not lose it.

// droppedRefs is where such commits are kept.
const droppedRefs = "refs/quash/dropped/"

// tokenUser is the user name that goes with a token at GitHub.
const tokenUser = "x-access-token"

// fetchDropped fetches those of the commits that the mirror has not. What the forge does not give is no error here: the scan
// finds it missing and says so.
func (r *Runner) fetchDropped(ctx context.Context, of Repository, dir string, commits ...string) error {
	repo, err := git.PlainOpen(dir)
	if err != nil {
		return fmt.Errorf("open mirror of %s: %w", of.Name, err)
	}
	for _, id := range commits {
		if id == "" || repo.Storer.HasEncodedObject(plumbing.NewHash(id)) == nil {
			continue
		}
		err := r.fetchOne(ctx, repo, r.CloneURL(of.Name), id)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		line := r.Log.Info()
		if err != nil {
			line = r.Log.Warn().Str("error", r.Clean(err.Error()))
		}
		line.Str("repository", of.Name).Str("commit", id).Msg("fetch what no ref leads to")
	}
	return nil
}

func (r *Runner) fetchOne(ctx context.Context, repo *git.Repository, url, id string) error {
	var auth transport.AuthMethod
	if r.Token != nil {
		token, err := r.Token(ctx, url)
		if err != nil {
			return err
		}
		if token != "" {
			auth = &http.BasicAuth{Username: tokenUser, Password: token}
		}
	}
	remote := git.NewRemote(repo.Storer, &config.RemoteConfig{Name: "forge", URLs: []string{url}})
	err := remote.FetchContext(ctx, &git.FetchOptions{
		RefSpecs: []config.RefSpec{config.RefSpec(id + ":" + droppedRefs + id)}, Tags: git.NoTags, Auth: auth,
	})
	if errors.Is(err, git.NoErrAlreadyUpToDate) {
		return nil
	}
	return err
}
