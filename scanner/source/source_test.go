package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/sourcetest"
)

func TestFile(t *testing.T) {
	dir := writeTree(t, map[string]string{"a.env": "one\ntwo\n", "image": "x\x00"})
	name := filepath.Join(dir, "a.env")
	sourcetest.Run(t, sourcetest.Case{
		Open:     opened(name, Options{}),
		Texts:    map[string]string{filepath.ToSlash(name): "one\ntwo\n"},
		Coverage: scanner.Coverage{Seen: map[string]int{"files": 1}},
	})
	image := filepath.Join(dir, "image") // somebody named it
	sourcetest.Run(t, sourcetest.Case{
		Open:     opened(image, Options{}),
		Texts:    map[string]string{filepath.ToSlash(image): "x\x00"},
		Coverage: scanner.Coverage{Seen: map[string]int{"files": 1}},
	})
	_, gaps, _ := mustDrain(t, name, Options{MaxFile: 3})
	same(t, "gaps", []string{"file " + name + ": 8 bytes, over the limit of 3 → raise the limit on file sizes"}, gaps)
}

func TestStdin(t *testing.T) {
	text := strings.Repeat("0123456789\n", pieceSize/10)
	sourcetest.Run(t, sourcetest.Case{
		Open: func(t *testing.T) scanner.Source {
			return opened("-", Options{Stdin: strings.NewReader(text)})(t)
		},
		Texts:    map[string]string{"-": text},
		Coverage: scanner.Coverage{Seen: map[string]int{"files": 1}},
	})
}

// TestStdinCancelled: standard input that never comes does not hold up the end.
func TestStdinCancelled(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = w.Write([]byte(strings.Repeat("x", headSize+1)))
		cancel()
	}()
	src, err := Open(ctx, "-", Options{Stdin: r})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, _, err := drain(ctx, src)
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still waits for input")
	}
}

// failing is a reader that breaks off.
type failing struct{ left int }

func (f *failing) Read(b []byte) (int, error) {
	if f.left == 0 {
		return 0, errors.New("the line went dead")
	}
	n := min(len(b), f.left)
	f.left -= n
	return copy(b[:n], strings.Repeat("x", n)), nil
}

func TestStdinBreaksOff(t *testing.T) {
	for _, n := range []int{headSize, headSize + 5, pieceSize, pieceSize + 1, pieceSize + 9} {
		src := opened("-", Options{Stdin: &failing{n}})(t)
		texts, gaps, err := drain(t.Context(), src)
		if err != nil || len(texts["-"]) != n || len(gaps) != 1 || gaps[0].Why != "the line went dead" {
			t.Errorf("after %d bytes: %d read, gaps %v, %v", n, len(texts["-"]), gaps, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := writeTree(t, map[string]string{"sub/file": "x\n"})
	f := newFixture(t)
	missing := filepath.Join(dir, "missing")
	for _, c := range []struct {
		target, kind string
		want         []string
	}{
		{missing, "", []string{`open "` + missing + `": no such file or directory; give a file, a directory`}},
		{dir, "nonsense", []string{`no source is called "nonsense"; --source takes one of `, "dir, ", "git, "}},
		{dir, "git", []string{": not a git repository: no .git, ", "looks like a directory: leave --source out, or give --source dir"}},
		{dir, "file", []string{": not a file; it looks like a directory"}},
		{filepath.Join(dir, "sub", "file"), "git", []string{": not a git repository; it looks like a file: leave --source out"}},
		{filepath.Join(dir, "sub", "file"), "dir", []string{": not a directory; it looks like a file"}},
		{f.dir, "file", []string{"it looks like a git repository: leave --source out, or give --source git"}},
		{"-", "", []string{"there is no standard input; give a path"}},
		{dir, "stdin", []string{"not standard input: that is written -; it looks like a directory"}},
	} {
		_, err := Open(t.Context(), c.target, Options{Kind: c.kind})
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s as %q: %v\nwant %s", c.target, c.kind, err, want)
			}
		}
	}
	if _, err := Open(t.Context(), missing, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause of %v is hidden", err)
	}
}

// TestForcedDir: --source dir reads the files of a repository without its history.
func TestForcedDir(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	texts, _, _ := mustDrain(t, f.dir, Options{Kind: "dir"})
	same(t, "texts", map[string]string{"a": "one\n"}, texts)
}

// TestFileGone: a target that is deleted after it was opened ends the source.
func TestFileGone(t *testing.T) {
	name := filepath.Join(writeTree(t, map[string]string{"a": "x"}), "a")
	src := opened(name, Options{})(t)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, _, err := drain(t.Context(), src); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestRegisterTwice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a name was taken twice")
		}
	}()
	register(Kind{Name: "dir"})
}
