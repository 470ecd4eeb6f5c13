package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/sourcetest"
)

// writeTree writes files below a new directory.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDir(t *testing.T) {
	long := strings.Repeat("a line of the long file\n", 2*pieceSize/24)
	wide := "\xfe\xff\x00t\x00o\x00k"
	dir := writeTree(t, map[string]string{
		"a.txt": "one\r\ntwo\r\n", "long": long, "piece": long[:pieceSize], "piece+1": long[:pieceSize+1], "no end": "x", "empty": "",
		"sub/deep/er/b": "deep\n", "caf\xe9": "a name that is no UTF-8\n", "wide": wide,
		"image": "PNG\x00\x01", "late zero": strings.Repeat("x", binaryHead) + "\x00",
		".gitignore": "*.log\n/out/\n", "x.log": "left out", "sub/y.log": "left out", "out/z": "left out", "sub/out/z": "read\n",
		"sub/.gitignore": "!keep.log\n", "sub/keep.log": "kept\n",
		".git/config": "left out", "nested/.git/HEAD": "left out", "nested/file": "read\n",
	})
	if err := os.Symlink("..", filepath.Join(dir, "sub", "loop")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.txt", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	sourcetest.Run(t, sourcetest.Case{
		Open: opened(dir, Options{}),
		Texts: map[string]string{
			"a.txt": "one\r\ntwo\r\n", "long": long, "piece": long[:pieceSize], "piece+1": long[:pieceSize+1], "no end": "x",
			"sub/deep/er/b": "deep\n", "caf\xe9": "a name that is no UTF-8\n", "wide": wide, "late zero": strings.Repeat("x", binaryHead) + "\x00",
			".gitignore": "*.log\n/out/\n", "sub/out/z": "read\n", "sub/.gitignore": "!keep.log\n", "sub/keep.log": "kept\n", "nested/file": "read\n",
		},
		Coverage: scanner.Coverage{
			Seen:    map[string]int{"files": 15},
			Skipped: map[string]int{skipBinary: 1, skipIgnored: 3, skipLinks: 2},
		},
	})
	texts, gaps, src := mustDrain(t, dir, Options{NoIgnore: true, MaxFile: pieceSize})
	same(t, "ignored file", "left out", texts["out/z"])
	same(t, "skipped", map[string]int{skipBinary: 1, skipLarge: 2, skipLinks: 2}, src.(scanner.Counter).Coverage().Skipped)
	if len(gaps) != 2 || !strings.HasPrefix(gaps[0], "file long: ") || !strings.Contains(gaps[1], "over the limit") {
		t.Errorf("gaps %q", gaps)
	}
}

// TestDirInRepository: the rules of the repository around a directory hold in it, and what git tracks is read.
func TestDirInRepository(t *testing.T) {
	f := newFixture(t)
	f.write(".gitignore", "*.env\nsub/skip\n", "sub/.gitignore", "skip2\n", "sub/tracked.env", "tracked\n", ".git/info/exclude", "skip3\n")
	f.git("add", "-f", "sub/tracked.env")
	f.write("sub/a.env", "left out", "sub/skip", "left out", "sub/in/skip2", "left out", "sub/in/skip3", "left out", "sub/in/b", "read\n")
	texts, gaps, src := mustDrain(t, filepath.Join(f.dir, "sub"), Options{})
	same(t, "texts", map[string]string{"tracked.env": "tracked\n", "in/b": "read\n", ".gitignore": "skip2\n"}, texts)
	same(t, "gaps", []string(nil), gaps)
	same(t, "skipped", map[string]int{skipIgnored: 4, skipHistory: 1}, src.(scanner.Counter).Coverage().Skipped)
}

// TestDirNestedRepository: a repository inside the target has rules and tracked files of its own.
func TestDirNestedRepository(t *testing.T) {
	f := newFixture(t)
	f.dir = filepath.Join(f.dir, "outer", "repo")
	f.write("a.env", "tracked\n", "b.env", "left out")
	f.git("init", "-q")
	f.write(".gitignore", "*.env\n")
	f.git("add", "-f", "a.env")
	texts, gaps, src := mustDrain(t, filepath.Dir(f.dir), Options{Kind: "dir"})
	same(t, "texts", map[string]string{"repo/a.env": "tracked\n", "repo/.gitignore": "*.env\n"}, texts)
	same(t, "gaps", []string(nil), gaps)
	same(t, "skipped", map[string]int{skipIgnored: 1, skipHistory: 2}, src.(scanner.Counter).Coverage().Skipped)
}

func TestUserExcludes(t *testing.T) {
	home := writeTree(t, map[string]string{
		".config/git/ignore": "standard\n", "named/.gitconfig": "[core]\n\texcludesFile = ~/mine\n", "named/mine": "by-name\n",
		"xdg/git/ignore": "other\n",
	})
	dir := writeTree(t, map[string]string{"standard": "1", "by-name": "2", "other": "3"})
	for _, c := range []struct {
		env  map[string]string
		left string
	}{
		{map[string]string{"HOME": home}, "standard"},
		{map[string]string{"HOME": filepath.Join(home, "named")}, "by-name"},
		{map[string]string{"HOME": home, "XDG_CONFIG_HOME": filepath.Join(home, "xdg")}, "other"},
		{map[string]string{}, ""},
	} {
		env := func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }
		texts, _, _ := mustDrain(t, dir, Options{Env: env})
		if _, read := texts[c.left]; read || len(texts) != 3-min(len(c.left), 1) {
			t.Errorf("%v: read %q", c.env, texts)
		}
	}
	f := newFixture(t)
	f.git("config", "core.excludesFile", filepath.Join(home, "named", "mine"))
	f.write("by-name", "left out", "standard", "read\n")
	texts, _, _ := mustDrain(t, f.dir, Options{Env: func(string) (string, bool) { return home, true }})
	same(t, "with the repository's own", map[string]string{"standard": "read\n"}, texts)
}
