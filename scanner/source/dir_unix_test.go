//go:build linux

package source

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// TestDirSpecialFiles: a pipe without a writer and a socket do not hold up the scan.
func TestDirSpecialFiles(t *testing.T) {
	dir := writeTree(t, map[string]string{"a": "one\n"})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	t.Chdir(dir) // the name of a socket is short
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: "socket"}); err != nil {
		t.Fatal(err)
	}
	texts, gaps, src := mustDrain(t, ".", Options{})
	same(t, "texts", map[string]string{"a": "one\n"}, texts)
	same(t, "gaps", []string(nil), gaps)
	same(t, "skipped", map[string]int{skipSpecial: 2}, src.(scanner.Counter).Coverage().Skipped)

	// A pipe that takes a file's place after the listing is a gap.
	tr := &tree{counter: &counter{}, root: dir, step: func() {}}
	e := &emitter{ctx: t.Context(), yield: func(_ scanner.Chunk, err error) bool { gaps = append(gaps, err.Error()); return true }}
	tr.read(e, []string{"pipe"})
	same(t, "gaps", []string{"file pipe: not a regular file (check the disk, then scan again)"}, gaps)
}

// asNobody runs fn with the rights of another user, on a thread that is thrown away afterwards.
func asNobody(t *testing.T, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0); errno != 0 {
				t.Error(errno)
				return
			}
		}
		fn()
	}()
	<-done
}

func TestDirUnreadable(t *testing.T) {
	dir := writeTree(t, map[string]string{"a": "one\n", "locked": "two\n", "shut/b": "three\n", "z": "four\n"})
	for _, name := range []string{"locked", "shut"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "shut"), 0o700) })
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	asNobody(t, func() {
		src, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Error(err)
			return
		}
		texts, gaps, err := drain(t.Context(), src)
		same(t, "texts", map[string]string{"a": "one\n", "z": "four\n"}, texts)
		same(t, "error", nil, err)
		same(t, "gaps", []scanner.Gap{
			{What: "directory shut", Why: "permission denied", Next: "run as a user who may read it"},
			{What: "file locked", Why: "permission denied", Next: "run as a user who may read it"},
		}, plain(gaps))
		_, err = Open(t.Context(), filepath.Join(dir, "locked"), Options{})
		if want := `open "` + filepath.Join(dir, "locked") + `": permission denied; run as a user who may read it`; err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	})
}

// plain drops the errors, which cannot be compared.
func plain(gaps []*scanner.Gap) []scanner.Gap {
	var all []scanner.Gap
	for _, g := range gaps {
		all = append(all, scanner.Gap{What: g.What, Why: g.Why, Next: g.Next})
	}
	return all
}
