//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package forge

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// tryLock takes the exclusive lock of a file, which it makes when it is missing; nil when somebody else holds it. The lock
// belongs to the open file: it lasts until everybody who inherited it has ended, too.
func tryLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close() // nothing was written to it
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return &lock{file: f, release: func() { _ = f.Close() }}, nil
}

// inherit lets a program and all that it starts hold the lock, so that a killed run's git does not write to a mirror that
// the next run took.
func inherit(cmd *exec.Cmd, f *os.File) {
	if f != nil {
		cmd.ExtraFiles = []*os.File{f}
	}
}
