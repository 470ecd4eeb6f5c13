package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// additions reads an addition to its end: "path: text" for blobs, "message: text" for messages, in order.
func additions(t testing.TB, a *Addition) []string {
	t.Helper()
	var all []string
	joined := ""
	for c, err := range a.Chunks(context.Background()) {
		if err != nil {
			all = append(all, "error: "+err.Error())
			continue
		}
		if joined += string(c.Data); c.More {
			continue
		}
		name := c.From.Path
		if name == "" {
			name = c.From.Field
		}
		all = append(all, name+": "+strings.TrimSuffix(joined, "\n"))
		joined = ""
	}
	_ = a.Close()
	return all
}

func staged(t testing.TB, dir string) []string {
	t.Helper()
	a, err := Staged(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return additions(t, a)
}

func want(t testing.TB, what string, got []string, texts ...string) {
	t.Helper()
	if diff := cmp.Diff(texts, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestStaged(t *testing.T) {
	f := newFixture(t)
	f.write("a b.txt", "one\n", "dir/c.txt", "see\n", "d.bin", "x\x00y", "empty", "")
	f.git("add", "-A")
	f.write("a b.txt", "work tree\n", "untracked", "no\n")
	want(t, "before the first commit", staged(t, f.dir), "a b.txt: one", "dir/c.txt: see")
	f.git("commit", "-q", "-m", "begin")
	want(t, "nothing staged", staged(t, f.dir))
	f.git("add", "a b.txt")
	want(t, "changed", staged(t, f.dir), "a b.txt: work tree")
	want(t, "from a directory below", staged(t, filepath.Join(f.dir, "dir")), "a b.txt: work tree")
	f.git("mv", "dir/c.txt", "dir/moved.txt")
	f.git("update-index", "--chmod=+x", "empty")
	f.git("rm", "-q", "-f", "d.bin")
	want(t, "moved, made executable, deleted", staged(t, f.dir), "a b.txt: work tree")
	f.git("add", "-N", "untracked")
	want(t, "intended to be added", staged(t, f.dir), "a b.txt: work tree")
}

func TestStagedLinks(t *testing.T) {
	f := newFixture(t)
	sub := newFixture(t)
	sub.commit("sub", "x", "y")
	if err := os.Symlink("some/where", filepath.Join(f.dir, "link")); err != nil {
		t.Skip(err)
	}
	f.git("add", "-A")
	f.git("submodule", "--quiet", "add", sub.dir, "sub")
	a, err := Staged(t.Context(), f.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	same(t, "left out", map[string]int{skipPointers: 1}, a.Coverage().Skipped)
	got := staged(t, f.dir)
	if len(got) != 2 || !strings.HasPrefix(got[0], ".gitmodules: ") || got[1] != "link: some/where" {
		t.Errorf("a link and a submodule gave %q", got)
	}
}

// A file may turn into a submodule and back: the commit that stood there is no text.
func TestStagedAfterLink(t *testing.T) {
	f := newFixture(t)
	f.commit("begin", "a", "text\n")
	id := f.git("rev-parse", "HEAD")
	f.git("update-index", "--cacheinfo", "160000,"+id+",a")
	f.git("commit", "-q", "-m", "a submodule")
	f.git("update-index", "--cacheinfo", "100644,"+blobName("back\n")+",a")
	f.gitInput("back\n", "hash-object", "-w", "--stdin")
	want(t, "back", staged(t, f.dir), "a: back")
	a, err := Staged(context.Background(), f.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	if ok, err := a.Sift(context.Background(), scanner.Location{Path: "a", Blob: blobName("back\n"), Length: 4}); !ok || err != nil {
		t.Errorf("Sift said %v, %v", ok, err)
	}
}

func TestStagedMerge(t *testing.T) {
	f := newFixture(t)
	f.commit("begin", "a", "one\n")
	f.git("checkout", "-q", "-b", "side")
	f.commit("side", "a", "side\n", "side", "from the side\n")
	f.git("checkout", "-q", "main")
	f.commit("main", "a", "main\n")
	f.tryMerge("side")
	got := staged(t, f.dir)
	want(t, "a conflict", got, "error: file a: not merged yet (git add a)", "side: from the side")
	f.write("a", "both\n")
	f.git("add", "a")
	want(t, "the merge against the branch that is checked out", staged(t, f.dir), "a: both", "side: from the side")
}

// tryMerge merges and accepts a conflict.
func (f *fixture) tryMerge(branch string) {
	f.t.Helper()
	f.git("-c", "alias.try=!git merge -q "+branch+" || true", "try")
}

// layout is a repository that git knows and other programs may not: the matrix of facts/libraries.md.
type layout struct {
	name  string
	init  []string
	setUp func(f *fixture)
	needs string // a git of at least this version
}

func layouts() []layout {
	git := func(args ...string) func(f *fixture) { return func(f *fixture) { f.git(args...) } }
	return []layout{
		{name: "plain"},
		{name: "index version 4", setUp: git("update-index", "--index-version", "4")},
		{name: "untracked cache", setUp: git("update-index", "--force-untracked-cache")},
		{name: "multi-pack-index and commit-graph", setUp: func(f *fixture) {
			f.git("repack", "-q", "-a", "-d")
			f.git("multi-pack-index", "write")
			f.git("commit-graph", "write", "--reachable")
		}},
		{name: "sparse checkout", setUp: git("sparse-checkout", "set", "kept")},
		{name: "sparse index", setUp: git("sparse-checkout", "set", "--cone", "--sparse-index", "kept")},
		{name: "split index", setUp: git("update-index", "--split-index")},
		{name: "sha256", init: []string{"--object-format=sha256"}},
		{name: "reftable", init: []string{"--ref-format=reftable"}, needs: "2.45"},
		{name: "preciousObjects", setUp: func(f *fixture) {
			f.git("config", "core.repositoryFormatVersion", "1")
			f.git("config", "extensions.preciousObjects", "true")
		}},
		{name: "linked work tree", setUp: func(f *fixture) {
			dir := filepath.Join(f.t.TempDir(), "linked")
			f.git("worktree", "add", "-q", dir)
			f.dir = dir
		}},
		{name: "shared clone", setUp: func(f *fixture) { f.cloneSelf("--shared") }},
		{name: "shallow clone", setUp: func(f *fixture) { f.cloneSelf("--depth", "1") }},
		{name: "partial clone", setUp: func(f *fixture) {
			f.git("config", "uploadpack.allowFilter", "true")
			f.cloneSelf("--filter=blob:none")
		}},
	}
}

// cloneSelf goes on in a clone.
func (f *fixture) cloneSelf(args ...string) {
	dir := filepath.Join(f.t.TempDir(), "clone")
	f.git(append(append([]string{"clone", "-q"}, args...), "file://"+f.dir, dir)...)
	f.dir = dir
}

// build makes the layout, with two commits in it.
func (l layout) build(t *testing.T) *fixture {
	t.Helper()
	needGit(t)
	if l.needs != "" && olderGit(t, l.needs) {
		t.Skipf("git %s is needed", l.needs)
	}
	f := newFixture(t, l.init...)
	f.commit("begin", "kept/a", "one\ntwo\n", "left/b", "bee\n")
	f.commit("more", "kept/a", "one\ntwo\nthree\n")
	if l.setUp != nil {
		l.setUp(f)
	}
	return f
}

func olderGit(t *testing.T, than string) bool {
	var major, minor, wantMajor, wantMinor int
	f := &fixture{t: t, dir: t.TempDir()}
	if _, err := fmt.Sscanf(f.git("version"), "git version %d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(than, "%d.%d", &wantMajor, &wantMinor); err != nil {
		t.Fatal(err)
	}
	return major < wantMajor || major == wantMajor && minor < wantMinor
}

func TestStagedLayouts(t *testing.T) {
	for _, l := range layouts() {
		t.Run(l.name, func(t *testing.T) {
			f := l.build(t)
			begin := f.git("rev-parse", "HEAD")
			f.write("kept/a", "one\ntwo\nthree\nfour\n", "kept/new", "new\n")
			f.git("add", "kept")
			want(t, "staged", staged(t, f.dir), "kept/a: one\ntwo\nthree\nfour", "kept/new: new")
			a, err := Staged(context.Background(), f.dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			c := a.changes[slices.IndexFunc(a.changes, func(c change) bool { return c.path == "kept/a" })]
			for offset, added := range map[int64]bool{0: false, 8: false, 14: true} {
				at := scanner.Location{Path: c.path, Blob: c.id.String(), Offset: offset, Length: 3}
				if got, err := a.Sift(context.Background(), at); got != added || err != nil {
					t.Errorf("byte %d: added is %v (%v), want %v", offset, got, err, added)
				}
			}
			f.git("commit", "-q", "-m", "third")
			r, err := Range(context.Background(), f.dir, Revisions{From: []string{"HEAD"}, Not: []string{begin}}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			want(t, "range", additions(t, r), "message: third", "kept/a: one\ntwo\nthree\nfour", "kept/new: new")
		})
	}
}

// The index that a partial commit uses is another file than the repository's.
func TestStagedOtherIndex(t *testing.T) {
	f := newFixture(t)
	f.commit("begin", "a", "one\n")
	f.write("a", "two\n")
	f.git("add", "a")
	index, err := os.ReadFile(filepath.Join(f.dir, ".git", "index"))
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(f.dir, ".git", "next-index")
	if err := os.WriteFile(other, index, 0o600); err != nil {
		t.Fatal(err)
	}
	f.git("reset", "-q")
	want(t, "the repository's index", staged(t, f.dir))
	t.Setenv("GIT_INDEX_FILE", other)
	want(t, "the index that git names", staged(t, f.dir), "a: two")
}

func TestStagedLarge(t *testing.T) {
	f := newFixture(t)
	f.write("large", strings.Repeat("0123456789abcde\n", 400_000)+"end", "small", "small\n", "zero.bin", strings.Repeat("\x00", 5<<20))
	f.git("add", "-A")
	got := staged(t, f.dir)
	if len(got) != 2 || !strings.HasSuffix(got[0], "\nend") || len(got[0]) != 6_400_003+len("large: ") || got[1] != "small: small" {
		t.Errorf("%d texts", len(got))
	}
	a, err := Staged(context.Background(), f.dir, Options{MaxFile: 1000})
	if err != nil {
		t.Fatal(err)
	}
	got = additions(t, a)
	if len(got) != 3 || !strings.HasPrefix(got[0], "error: file large: 6400003 bytes") || got[1] != "small: small" {
		t.Errorf("with a limit: %.200q", got)
	}
}

func TestStagedFile(t *testing.T) {
	f := newFixture(t)
	f.commit("begin", "a", "one\n", ".quashignore", "# committed\n")
	f.write(".quashignore", "# staged\n")
	f.git("add", "-A")
	f.write(".quashignore", "# work tree\n")
	a, err := Staged(context.Background(), f.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	got, err := a.File(context.Background(), ".quashignore")
	if string(got) != "# staged\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err = a.File(context.Background(), ".quash.yaml"); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	want(t, "after asking for files", additions(t, a), ".quashignore: # staged")
}

func TestStagedMissingBlob(t *testing.T) {
	f := newFixture(t)
	f.write("a", "one\n", "b", "bee\n")
	f.git("add", "-A")
	if err := os.Remove(f.loose(blobName("one\n"))); err != nil {
		t.Fatal(err)
	}
	want(t, "a blob is missing", staged(t, f.dir),
		"error: blob "+blobName("one\n")+" a: missing from the object store (git fsck --full)", "b: bee")
}

func TestStagedErrors(t *testing.T) {
	dir := t.TempDir()
	needGit(t)
	_, err := Staged(context.Background(), dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "ot a git repository") {
		t.Errorf("outside a repository: %v", err)
	}
	_, err = Staged(context.Background(), dir, Options{Git: filepath.Join(dir, "no-git")})
	if err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("without git: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := newFixture(t)
	f.write("a", "one\n")
	f.git("add", "-A")
	a, err := Staged(ctx, f.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	var last error
	for _, err := range a.Chunks(ctx) {
		last = err
	}
	if last != context.Canceled {
		t.Errorf("cancelled: %v", last)
	}
	_ = a.Close()
}

// newsOf compares two texts at the place where mark stands in the new one.
func newsOf(now, was, mark string) bool {
	a, b := pack.MakeID(make([]byte, 20)), pack.MakeID(append(make([]byte, 19), 1))
	texts := map[string]string{a.String(): now, b.String(): was}
	n := news{read: func(id string) ([]byte, bool) { return []byte(texts[id]), true }, newID: b}
	at := scanner.Location{Blob: a.String(), Offset: int64(strings.LastIndex(now, mark)), Length: int64(len(mark))}
	return n.added(at, []pack.ID{b})
}

func TestNews(t *testing.T) {
	long := strings.Repeat("x", 3*lineReach)
	for _, c := range []struct {
		name, was, now string
		added          bool
	}{
		{"untouched", "a\nKEY\nb\n", "a\nKEY\nb\n", false},
		{"line before it", "a\nKEY\n", "a\nnew\nKEY\n", false},
		{"line after it", "KEY\n", "KEY\nnew\n", false},
		{"line end after it", "KEY", "KEY\n", false},
		{"new line", "a\n", "a\nKEY\n", true},
		{"new file", "", "KEY\n", true},
		{"changed line", "KEY # fine\n", "KEY\n", true},
		{"changed line, other way", "KEY\n", "x=KEY\n", true},
		{"moved", "KEY\na\nb\n", "a\nb\nKEY\n", false},
		{"indented", "a\nKEY\n", "  a\n\tKEY\n", false},
		{"line ends", "a\nKEY\nb\n", "a\r\nKEY\r\nb\r\n", false},
		{"once more, beside", "KEY\n", "KEY\nKEY\n", true},
		{"once more, below", "KEY\nb\n", "KEY\nb\nKEY\n", true},
		{"far end of a long line", "KEY" + long + "a\n", "KEY" + long + "b\n", false},
		{"near end of a long line", "KEYa" + long + "\n", "KEYb" + long + "\n", true},
	} {
		if got := newsOf(c.now, c.was, "KEY"); got != c.added {
			t.Errorf("%s: added is %v, want %v", c.name, got, c.added)
		}
	}
	if !newsOf("a\nB\nC\nd\n", "a\nB\nbetween\nC\nd\n", "B\nC") {
		t.Error("lines that were put together are not news")
	}
	if newsOf("new\nB\nC\n", "B\nC\n", "B\nC") {
		t.Error("a run that stood there is news")
	}
}

// A line that the old text has nowhere is news, however the texts differ; one of a text that did not change never is.
func TestNewsProperty(t *testing.T) {
	lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", " c ", "", "a\r"}), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		was, before, after := lines.Draw(t, "was"), lines.Draw(t, "before"), lines.Draw(t, "after")
		old := strings.Join(was, "\n")
		now := strings.Join(slices.Concat(before, []string{"KEY"}, after), "\n")
		if !newsOf(now, old, "KEY") {
			t.Fatalf("%q is not news to %q", now, old)
		}
		if newsOf(now, now, "KEY") {
			t.Fatalf("%q is news to itself", now)
		}
	})
}

func FuzzParseRaw(f *testing.F) {
	zero, one := strings.Repeat("0", 40), strings.Repeat("1", 40)
	f.Add([]byte(":100644 100644 " + zero + " " + one + " R100\x00a\x00b\x00"))
	f.Add([]byte("::100644 100644 100644 " + zero + " " + one + " " + one + " MM\x00a\x00rest"))
	f.Add([]byte(":000000 000000 " + zero + " " + zero + " U\x00a\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		changes, rest, err := parseRaw(data)
		if err == nil && len(rest) > 0 && rest[0] == ':' {
			t.Error("a change was passed over")
		}
		for _, c := range changes {
			if c.path == "" || c.id.IsZero() && !c.unmerged() {
				t.Errorf("change %+v", c)
			}
		}
	})
}
