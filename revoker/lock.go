package revoker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Locker keeps two workers from one thing. Lock waits until nobody else holds name, or until the context is done; release is
// called once. A lock ends with the process that holds it.
type Locker interface {
	Lock(ctx context.Context, name string) (release func(), err error)
}

// LockDir returns a Locker over files NAME.lock in a folder, which holds between processes as well as within one. The
// folder is made when it is missing. Lock files stay behind, empty.
func LockDir(dir string) Locker { return lockDir(dir) }

type lockDir string

// Lock implements [Locker].
func (d lockDir) Lock(ctx context.Context, name string) (func(), error) {
	if name == "" || name != filepath.Base(name) {
		return nil, fmt.Errorf("lock %q: not a plain name", name)
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, fmt.Errorf("make the lock folder: %w; make it writable", err)
	}
	return lockFile(ctx, filepath.Join(string(d), name+".lock"))
}

// lockFile waits for the exclusive lock of a file. The system's call cannot be called off, so it runs on its own and gives
// the lock back when nobody waits for it any more.
func lockFile(ctx context.Context, path string) (func(), error) {
	if err := ctx.Err(); err != nil { // nothing is begun for nobody
		return nil, fmt.Errorf("lock %q: %w", path, err)
	}
	type result struct {
		release func()
		err     error
	}
	got := make(chan result, 1)
	go func() {
		release, err := lockedfile.MutexAt(path).Lock()
		got <- result{release, err}
	}()
	select {
	case r := <-got:
		if r.err != nil {
			return nil, fmt.Errorf("lock %q: %w; make its folder writable", path, r.err)
		}
		return r.release, nil
	case <-ctx.Done():
		go func() {
			if r := <-got; r.err == nil {
				r.release()
			}
		}()
		return nil, fmt.Errorf("wait for lock %q, which another process holds: %w", path, ctx.Err())
	}
}
