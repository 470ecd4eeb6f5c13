//go:build unix

package source

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestGitPipes: a repository may have a pipe, or a device, where a file should be. Nothing waits for it.
func TestGitPipes(t *testing.T) {
	for _, file := range []string{"HEAD", "config", "packed-refs", "shallow", "index", "refs/heads/odd", "objects/info/alternates", "logs/refs/stash"} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f := newFixture(t)
			f.commit("first", "a", "one\n")
			at := filepath.Join(f.dir, ".git", file)
			_ = os.MkdirAll(filepath.Dir(at), 0o700)
			_ = os.Remove(at)
			if err := syscall.Mkfifo(at, 0o600); err != nil {
				t.Skip(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			done := make(chan error, 1)
			go func() {
				src, err := Open(ctx, f.dir, Options{})
				if err == nil {
					_, _, err = drain(ctx, src)
				}
				done <- err
			}()
			select {
			case err := <-done:
				if fatal := slices.Contains([]string{"config", "shallow"}, file); (err != nil) != fatal || ctx.Err() != nil {
					t.Errorf("%v", err)
				}
			case <-ctx.Done():
				t.Error("it waits")
			}
		})
	}
}

// TestGitSharedByLinks: references, objects and configuration may be links into another repository.
func TestGitSharedByLinks(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	f.git("branch", "side")
	f.git("pack-refs", "--all")
	f.commit("second", "a", "two\n")
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"config", "refs", "objects", "info", "packed-refs", "HEAD"} {
		if err := os.Symlink(filepath.Join(f.dir, ".git", name), filepath.Join(dir, ".git", name)); err != nil {
			t.Fatal(err)
		}
	}
	texts, gaps, _ := mustDrain(t, dir, Options{})
	same(t, "texts", 4, len(texts))
	same(t, "gaps", []string(nil), gaps)
}
