//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package forge

import (
	"io"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestLockOutlivesTheRun: while a program that a killed run started is still at work, nobody else takes the mirror.
func TestLockOutlivesTheRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	l, err := tryLock(path)
	if l == nil || err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", "exec 4<&0; cat <&4 & wait") // a child of the child, as git's are; 4, for & empties 0
	inherit(cmd, l.file)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l.release()
	if other, err := tryLock(path); other != nil || err != nil {
		t.Errorf("the lock was taken: %v", err)
	}
	_, _ = io.WriteString(stdin, "x")
	_ = stdin.Close()
	_ = cmd.Wait()
	other, err := tryLock(path)
	if other == nil || err != nil {
		t.Fatalf("the lock is still held: %v", err)
	}
	other.release()
}
