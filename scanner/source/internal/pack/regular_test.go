//go:build unix

package pack

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOnlyRegularFiles: what would never answer or never end stands where a repository has files; each is told of, and the rest is read.
func TestOnlyRegularFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for _, at := range []string{"info/alternates", "pack/pack-odd.idx", "11/" + "11111111111111111111111111111111111111"} {
		for _, what := range []string{pipe, os.DevNull, t.TempDir()} {
			t.Run(filepath.Base(filepath.Dir(at))+" "+filepath.Base(what), func(t *testing.T) {
				dir := deltas(t, "sha1", 3)
				objects := in("repack -adq")(t, dir)
				want := len(catFile(t, dir)) // git itself would wait for the pipe
				to := filepath.Join(objects, at)
				_ = os.MkdirAll(filepath.Dir(to), 0o700)
				if err := os.Symlink(what, to); err != nil {
					t.Fatal(err)
				}
				if filepath.Ext(to) == ".idx" {
					_ = os.WriteFile(filepath.Join(objects, "pack", "pack-odd.pack"), nil, 0o600)
				}
				s, problems := Open(objects, 20)
				defer s.Close()
				id, _ := ParseID("1111111111111111111111111111111111111111")
				_, err := s.Object(id)
				if loose := filepath.Base(filepath.Dir(to)) == "11"; loose == errors.Is(err, ErrMissing) || loose != (len(problems) == 0) {
					t.Errorf("object: %v; problems: %v", err, problems)
				}
				if got := len(walkAll(t, s)); got != want {
					t.Errorf("read %d objects, want %d", got, want)
				}
			})
		}
	}
}
