package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/sourcetest"
)

// texts of the story that story builds.
const (
	textReadme  = "# shop\n"
	textReadme2 = "# shop\nsee the wiki\n"
	textKey     = "token = gone-later\n"
	textSide    = "token = on-a-side-branch\n"
	textEvil    = "token = in-the-merge-alone\n"
	textNote    = "token = in-a-note"
	textStash   = "token = in-a-stash\n"
	textTagged  = "token = in-a-tagged-blob\n"
)

// story builds a repository with everything that a history can hide a key in, and returns its texts.
func story(f *fixture) map[string]string {
	texts := map[string]string{}
	message := func(id, text string) { texts["message "+id] = text }
	blob := func(path, text string) { texts[strings.TrimPrefix(path+" ", " ")+blobName(text)] = text }

	f.git("config", "core.autocrlf", "false")
	message(f.commit("first", "README.md", textReadme), "first\n")
	message(f.commit("add a key", "config/a.env", textKey, "empty", ""), "add a key\n")
	f.git("rm", "-q", "config/a.env")
	message(f.commit("take it out"), "take it out\n")
	f.git("checkout", "-q", "-b", "side")
	message(f.commit("on the side\n\ntoken = in-a-message", "side/b.env", textSide), "on the side\n\ntoken = in-a-message\n")
	f.git("checkout", "-q", "main")
	message(f.commit("more", "README.md", textReadme2), "more\n")
	f.git("merge", "-q", "--no-ff", "--no-commit", "side")
	message(f.commit("merge side", "side/c.env", textEvil), "merge side\n")
	f.git("tag", "-a", "v1.0", "-m", "token = in-a-tag")
	texts["message "+f.git("rev-parse", "v1.0")] = "token = in-a-tag\n"
	f.git("tag", "oddly", f.gitInput(textTagged, "hash-object", "-w", "--stdin"))
	f.git("notes", "add", "-m", textNote)
	message(f.git("rev-parse", "refs/notes/commits"), "Notes added by 'git notes add'\n")
	f.write("README.md", textStash)
	f.git("stash", "push", "-q", "-m", "wip")
	head := f.git("rev-parse", "--short", "HEAD")
	message(f.git("rev-parse", "refs/stash"), "On main: wip")
	message(f.git("rev-parse", "refs/stash^2"), "index on main: "+head+" merge side\n")

	blob("README.md", textReadme)
	blob("README.md", textReadme2)
	blob("README.md", textStash)
	blob("config/a.env", textKey)
	blob("side/b.env", textSide)
	blob("side/c.env", textEvil)
	blob("", textTagged)
	blob(f.git("rev-parse", "HEAD"), textNote+"\n")
	return texts
}

// seen is the coverage of the story; the empty file is a blob without a chunk.
func seen(files int) scanner.Coverage {
	c := scanner.Coverage{Seen: map[string]int{"blobs": 9, "branches": 2, "commits": 9, "tags": 2}}
	if files > 0 {
		c.Seen["files"] = files
	}
	return c
}

func opened(dir string, o Options) func(t *testing.T) scanner.Source {
	return func(t *testing.T) scanner.Source {
		t.Helper()
		src, err := Open(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
}

// TestGitForms reads one history in every form that git can give it.
func TestGitForms(t *testing.T) {
	forms := []struct {
		name  string
		shape func(f *fixture) (dir string)
		files int
	}{
		{"loose", func(f *fixture) string { return f.dir }, 4},
		{"packed", func(f *fixture) string {
			f.git("gc", "-q", "--prune=now")
			return f.dir
		}, 4},
		{"packed twice", func(f *fixture) string {
			f.git("gc", "-q", "--prune=now")
			f.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq", "--max-pack-size=1k")
			f.git("multi-pack-index", "write")
			return f.dir
		}, 4},
		{"git directory", func(f *fixture) string { return filepath.Join(f.dir, ".git") }, 0},
		{"bare", func(f *fixture) string {
			dir := filepath.Join(f.t.TempDir(), "bare")
			f.git("clone", "-q", "--mirror", f.dir, dir)
			return dir
		}, 0},
		{"alternates", func(f *fixture) string {
			dir := filepath.Join(f.t.TempDir(), "borrower.git")
			f.git("clone", "-q", "--mirror", "--shared", f.dir, dir)
			return dir
		}, 0},
		{"linked work tree", func(f *fixture) string {
			dir := filepath.Join(f.t.TempDir(), "linked")
			f.git("worktree", "add", "-q", dir, "side")
			return dir
		}, 3},
		{"sparse checkout", func(f *fixture) string {
			f.git("sparse-checkout", "set", "--cone", "--sparse-index", "config")
			return f.dir
		}, 2},
		{"split index", func(f *fixture) string {
			f.git("update-index", "--split-index")
			return f.dir
		}, 4},
		{"detached", func(f *fixture) string {
			f.git("checkout", "-q", "--detach", "side")
			return f.dir
		}, 3},
	}
	original := newFixture(t)
	texts := story(original)
	for _, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			f := &fixture{t: t, dir: t.TempDir(), clock: original.clock}
			if err := os.CopyFS(f.dir, os.DirFS(original.dir)); err != nil {
				t.Fatal(err)
			}
			f.git("update-index", "--refresh") // the copies have times of their own
			sourcetest.Run(t, sourcetest.Case{Open: opened(form.shape(f), Options{}), Texts: texts, Coverage: seen(form.files)})
		})
	}
}

// TestGitSHA256 reads a repository with SHA-256 names, whose index the git program lists.
func TestGitSHA256(t *testing.T) {
	f := newFixture(t, "--object-format=sha256")
	first := f.commit("first", "a", "one\n")
	second := f.commit("second", "a", "two\n", "b", "three\n")
	f.git("gc", "-q")
	texts := map[string]string{
		"message " + first: "first\n", "message " + second: "second\n",
		"a " + f.git("rev-parse", first+":a"): "one\n", "a " + f.git("rev-parse", "HEAD:a"): "two\n", "b " + f.git("rev-parse", "HEAD:b"): "three\n",
	}
	sourcetest.Run(t, sourcetest.Case{Open: opened(f.dir, Options{}), Texts: texts, Coverage: scanner.Coverage{
		Seen: map[string]int{"blobs": 3, "branches": 1, "commits": 2, "files": 2},
	}})
	without := Options{Git: filepath.Join(t.TempDir(), "no-git")}
	got, gaps, _ := mustDrain(t, f.dir, without)
	same(t, "texts without git", texts, got)
	if len(gaps) != 2 || !strings.Contains(gaps[0], "not installed") || !strings.Contains(gaps[1], "submodules of ") {
		t.Errorf("gaps without git: %q", gaps)
	}
	f.git("config", "extensions.refStorage", "reftable")
	_, _, err := drain(t.Context(), opened(f.dir, without)(t))
	if err == nil || !strings.Contains(err.Error(), "refstorage = reftable") || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("references without git: %v", err)
	}
}

// drain reads a source: its texts by name, its gaps, and the error that ended it.
func drain(ctx context.Context, src scanner.Source) (map[string]string, []*scanner.Gap, error) {
	texts := map[string]string{}
	var gaps []*scanner.Gap
	for c, err := range src.Chunks(ctx) {
		var gap *scanner.Gap
		switch {
		case errors.As(err, &gap):
			gaps = append(gaps, gap)
		case err != nil:
			return texts, gaps, err
		default:
			texts[sourcetest.Name(c.From)] += string(c.Data)
		}
	}
	return texts, gaps, nil
}

// mustDrain reads a target with no error but gaps.
func mustDrain(t *testing.T, target string, o Options) (map[string]string, []string, scanner.Source) {
	t.Helper()
	src := opened(target, o)(t)
	texts, gaps, err := drain(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, g := range gaps {
		words = append(words, g.What+": "+g.Why+" → "+g.Next)
	}
	return texts, words, src
}

// without returns the texts but those whose name has a part.
func without(texts map[string]string, part string) map[string]string {
	rest := maps.Clone(texts)
	maps.DeleteFunc(rest, func(name, _ string) bool { return strings.Contains(name, part) })
	return rest
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// TestGitEmpty reads a repository without a commit.
func TestGitEmpty(t *testing.T) {
	f := newFixture(t)
	texts, gaps, _ := mustDrain(t, f.dir, Options{})
	same(t, "texts", map[string]string{}, texts)
	same(t, "gaps", []string(nil), gaps)
	f.write("new", "first\n")
	texts, _, _ = mustDrain(t, f.dir, Options{})
	same(t, "texts", map[string]string{"new": "first\n"}, texts)
}

func TestGitProgress(t *testing.T) {
	f := newFixture(t)
	for i := range 20 {
		f.write(fmt.Sprint("f", i), fmt.Sprint(i, "\n"), fmt.Sprint("g", i), fmt.Sprint(i, " too\n"), fmt.Sprint("h", i), fmt.Sprint(i, " as well\n"), fmt.Sprint("i", i), fmt.Sprint("four ", i, "\n"))
	}
	f.commit("first")
	last := map[string]Progress{}
	mustDrain(t, f.dir, Options{Progress: func(p Progress) { last[p.Stage] = p }})
	same(t, "progress", map[string]Progress{
		"commits": {"commits", 1, 1}, "trees": {"trees", 1, 1}, "history": {"history", 81, 81}, "work tree": {"work tree", 80, 80},
	}, last)
}

func TestGitOldStashes(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	for _, text := range []string{"older\n", "newer\n"} {
		f.write("a", text)
		f.git("stash", "push", "-q")
	}
	texts, _, _ := mustDrain(t, f.dir, Options{})
	for _, text := range []string{"older\n", "newer\n"} {
		if texts["a "+blobName(text)] != text {
			t.Errorf("stash %q is not read", text)
		}
	}
}

func TestGitHistoryAndWorktreeOptions(t *testing.T) {
	f := newFixture(t)
	id := f.commit("first", "a", "one\n", "b", "two\n")
	f.write("b", "changed\n", "c", "new\n")
	history := map[string]string{"message " + id: "first\n", "a " + blobName("one\n"): "one\n", "b " + blobName("two\n"): "two\n"}
	changed := map[string]string{"b": "changed\n", "c": "new\n"}
	both := maps.Clone(history)
	maps.Copy(both, changed)
	for _, c := range []struct {
		o    Options
		want map[string]string
	}{
		{Options{}, both},
		{Options{NoWorktree: true}, history},
		{Options{NoHistory: true}, map[string]string{"a": "one\n", "b": "changed\n", "c": "new\n"}},
	} {
		texts, gaps, _ := mustDrain(t, f.dir, c.o)
		same(t, "texts", c.want, texts)
		same(t, "gaps", []string(nil), gaps)
	}
	if _, err := Open(t.Context(), f.dir, Options{NoHistory: true, NoWorktree: true}); err == nil || !strings.Contains(err.Error(), "nothing is left to read") {
		t.Errorf("with nothing to read: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(f.dir, ".git"), Options{NoHistory: true}); err == nil {
		t.Error("a bare repository without its history was opened")
	}
}

func TestGitWorktreeFiles(t *testing.T) {
	f := newFixture(t)
	f.commit("first", ".gitignore", "*.env\nbuild/\n", "a", "one\n", "sub/.gitignore", "!keep.env\n")
	f.write("tracked.env", "tracked and ignored\n", "build/in/x", "deep\n")
	f.git("add", "-f", "tracked.env", "build/in/x")
	f.git("commit", "-q", "-m", "ignored files")
	f.write(
		"tracked.env", "changed\n", "build/in/x", "changed too\n", "build/in/y", "not tracked\n", "staged.env", "staged\n",
		"left.env", "left out\n", "sub/keep.env", "kept\n", "sub/left.env", "left out\n", "copy", "one\n", "new", "untracked\n",
	)
	f.git("add", "-f", "staged.env")
	texts, gaps, src := mustDrain(t, f.dir, Options{})
	files := maps.Collect(func(yield func(string, string) bool) {
		for name, text := range texts {
			if !strings.Contains(name, " ") && !yield(name, text) {
				return
			}
		}
	})
	same(t, "files", map[string]string{
		"tracked.env": "changed\n", "build/in/x": "changed too\n", "staged.env": "staged\n", "sub/keep.env": "kept\n",
		"copy": "one\n", "new": "untracked\n",
	}, files)
	same(t, "gaps", []string(nil), gaps)
	same(t, "skipped", map[string]int{skipIgnored: 3}, src.(scanner.Counter).Coverage().Skipped)

	texts, _, _ = mustDrain(t, f.dir, Options{NoIgnore: true})
	for _, name := range []string{"left.env", "sub/left.env", "build/in/y"} {
		if texts[name] == "" {
			t.Errorf("%s is not read with NoIgnore", name)
		}
	}
}

// TestGitLineEnds: a file checked out with other line ends is not read a second time.
func TestGitLineEnds(t *testing.T) {
	f := newFixture(t)
	f.git("config", "core.autocrlf", "true")
	f.commit("first", "a.txt", "one\r\ntwo\r\n")
	if f.git("rev-parse", "HEAD:a.txt") != blobName("one\ntwo\n") {
		t.Fatal("git did not change the line ends")
	}
	texts, _, _ := mustDrain(t, f.dir, Options{})
	if _, ok := texts["a.txt"]; ok || len(texts) != 2 {
		t.Errorf("read: %q", slices.Sorted(maps.Keys(texts)))
	}
	f.write("a.txt", "one\r\nthree\r\n")
	texts, _, _ = mustDrain(t, f.dir, Options{})
	same(t, "changed file", "one\r\nthree\r\n", texts["a.txt"])
}

func TestGitOddNames(t *testing.T) {
	f := newFixture(t)
	names := []string{"caf\xe9.env", "new\nline", "sp ace/ä", "-dash", "[x]"}
	for _, n := range names {
		f.write(n, "text of "+n+"\n")
	}
	f.commit("first")
	f.write("un\xfftracked", "later\n")
	texts, gaps, _ := mustDrain(t, f.dir, Options{})
	for _, n := range names {
		if text := "text of " + n + "\n"; texts[n+" "+blobName(text)] != text {
			t.Errorf("%q is not read", n)
		}
	}
	same(t, "untracked", "later\n", texts["un\xfftracked"])
	same(t, "gaps", []string(nil), gaps)
	same(t, "texts", len(names)+2, len(texts))
}

func TestGitLargeBlobs(t *testing.T) {
	large := strings.Repeat("0123456789abcdef 0123456789abcdef\n", 1<<20) // 35 MB: streamed
	medium := large[:pieceSize+17]
	f := newFixture(t)
	f.commit("first", "medium", medium)
	texts := map[string]string{"medium " + blobName(medium): medium, "message " + f.git("rev-parse", "HEAD"): "first\n"}
	coverage := scanner.Coverage{Seen: map[string]int{"blobs": 1, "branches": 1, "commits": 1}}
	sourcetest.Run(t, sourcetest.Case{Open: opened(f.dir, Options{NoWorktree: true}), Texts: texts, Coverage: coverage})
	f.commit("second", "large", large)
	for _, form := range []string{"loose", "packed"} {
		got, gaps, _ := mustDrain(t, f.dir, Options{NoWorktree: true})
		if got["large "+blobName(large)] != large || got["medium "+blobName(medium)] != medium || len(gaps) > 0 {
			t.Errorf("%s: read wrongly; gaps %q", form, gaps)
		}
		f.git("gc", "-q")
	}
	_, gaps, src := mustDrain(t, f.dir, Options{MaxFile: 1 << 20})
	same(t, "skipped", map[string]int{skipLarge: 4}, src.(scanner.Counter).Coverage().Skipped)
	same(t, "gaps", 4, len(gaps))
}

func TestGitBinaryBlobs(t *testing.T) {
	f := newFixture(t)
	wide := "\xff\xfet\x00o\x00k\x00"
	f.commit("first", "image", "PNG\x00\x01", "wide.txt", wide)
	texts, _, src := mustDrain(t, f.dir, Options{NoWorktree: true})
	same(t, "wide text", wide, texts["wide.txt "+blobName(wide)])
	same(t, "skipped", map[string]int{skipBinary: 1}, src.(scanner.Counter).Coverage().Skipped)
	same(t, "texts", 2, len(texts))
}

// TestGitProgramRunsNothing: what a repository's configuration names is not run when the git program reads it.
func TestGitProgramRunsNothing(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	trap := filepath.Join(t.TempDir(), "ran")
	script := filepath.Join(t.TempDir(), "trap.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntouch "+trap+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.git("update-index", "--split-index")
	for _, key := range []string{"core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "core.alternateRefsCommand"} {
		f.git("config", key, script)
	}
	texts, gaps, _ := mustDrain(t, f.dir, Options{})
	same(t, "gaps", []string(nil), gaps)
	same(t, "texts", 2, len(texts))
	if _, err := os.Stat(trap); err == nil {
		t.Error("a program that the repository names was run")
	}
}
