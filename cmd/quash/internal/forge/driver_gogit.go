package forge

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/memory"
)

// library is go-git as a driver, for machines without the git program. It reads no repository with SHA-256 names, and no
// file:// URL, for which it would run git.
type library struct {
	// progress is told how far the other side is; nil is told nothing.
	progress Fetched
}

// auth is the token as go-git takes it.
func auth(token string) transport.AuthMethod {
	if token == "" {
		return nil
	}
	return &http.BasicAuth{Username: tokenUser, Password: token}
}

// remoteConfig describes the repository for one call; nothing of it is written down.
func remoteConfig(url string) *config.RemoteConfig {
	return &config.RemoteConfig{Name: "mirrored", URLs: []string{url}}
}

// refs implements remote.
func (library) refs(ctx context.Context, url, token string) (Refs, error) {
	r := Refs{Tips: map[string]string{}}
	list, err := git.NewRemote(memory.NewStorage(), remoteConfig(url)).ListContext(ctx, &git.ListOptions{Auth: auth(token)})
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return r, nil
	}
	if err != nil {
		return r, refused(ctx, err)
	}
	for _, ref := range list {
		switch {
		case ref.Name() == plumbing.HEAD && ref.Type() == plumbing.SymbolicReference:
			r.Head = ref.Target().String()
		case ref.Name() == plumbing.HEAD && r.Head == "":
			r.Head = ref.Hash().String()
		case ref.Name() != plumbing.HEAD && ref.Type() == plumbing.HashReference && !strings.HasSuffix(ref.Name().String(), "^{}"):
			r.Tips[ref.Name().String()] = ref.Hash().String()
		}
	}
	return r, nil
}

// refused is an error of go-git as a *failure, or the context's.
func refused(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return explain(err.Error())
}

func storage(dir string) *filesystem.Storage {
	return filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRUDefault())
}

// fetch implements remote. The lock is the process's own. References that are gone are removed first: one of them may be in
// the way of a new one.
func (l library) fetch(ctx context.Context, dir, url, token string, want patterns, _ *os.File) error {
	now, err := l.refs(ctx, url, token)
	if err != nil {
		return err
	}
	if err := l.prune(ctx, dir, now); err != nil {
		return err
	}
	s := storage(dir)
	defer s.Close()
	var specs []config.RefSpec
	for _, spec := range want.specs() {
		specs = append(specs, config.RefSpec(spec))
	}
	err = git.NewRemote(s, remoteConfig(url)).FetchContext(ctx, &git.FetchOptions{
		RefSpecs: specs, Auth: auth(token), Tags: git.NoTags, Force: true, Progress: &said{progress: l.progress},
	})
	if errors.Is(err, git.NoErrAlreadyUpToDate) || errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return nil
	}
	return refused(ctx, err)
}

// prune removes the references that a repository no longer has, with the folders that are empty then.
func (l library) prune(ctx context.Context, dir string, now Refs) error {
	tips, err := l.tips(ctx, dir)
	if err != nil {
		return err
	}
	s := storage(dir)
	defer s.Close()
	for name := range tips {
		if _, ok := now.Tips[name]; ok {
			continue
		}
		if err := s.RemoveReference(plumbing.ReferenceName(name)); err != nil {
			return refused(ctx, err)
		}
		for parent := path.Dir(name); strings.Count(parent, "/") > 1; parent = path.Dir(parent) {
			if os.Remove(filepath.Join(dir, filepath.FromSlash(parent))) != nil {
				break // it holds other references
			}
		}
	}
	return nil
}

// tips implements local.
func (library) tips(ctx context.Context, dir string) (map[string]string, error) {
	s := storage(dir)
	defer s.Close()
	iter, err := s.IterReferences()
	if err != nil {
		return nil, refused(ctx, err)
	}
	tips := map[string]string{}
	err = iter.ForEach(func(r *plumbing.Reference) error {
		if r.Type() == plumbing.HashReference && r.Name() != plumbing.HEAD {
			tips[r.Name().String()] = r.Hash().String()
		}
		return nil
	})
	return tips, err
}

// object implements local.
func (library) object(ctx context.Context, dir, id string) ([]byte, error) {
	s := storage(dir)
	defer s.Close()
	o, err := s.EncodedObject(plumbing.AnyObject, plumbing.NewHash(id))
	if err != nil {
		return nil, refused(ctx, err)
	}
	r, err := o.Reader()
	if err != nil {
		return nil, refused(ctx, err)
	}
	defer r.Close()
	return io.ReadAll(r)
}

// sound implements local: what the references name is there.
func (l library) sound(ctx context.Context, dir string) error {
	tips, err := l.tips(ctx, dir)
	s := storage(dir)
	defer s.Close()
	for _, id := range tips {
		err = errors.Join(err, s.HasEncodedObject(plumbing.NewHash(id)))
	}
	return err
}
