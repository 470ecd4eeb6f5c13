//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package forge

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
)

// tryLock takes the exclusive lock of a file, which it makes when it is missing; nil when somebody else holds it.
func tryLock(path string) (*lock, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	release, err := revoker.LockDir(filepath.Dir(path)).Lock(ctx, strings.TrimSuffix(filepath.Base(path), ".lock"))
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &lock{release: release}, nil
}

// inherit does nothing: here a lock belongs to its process.
func inherit(*exec.Cmd, *os.File) {}
