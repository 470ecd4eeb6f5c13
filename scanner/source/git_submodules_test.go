package source

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// nestedStory makes a repository with a submodule vendor/pay that has a submodule deep. Of each a file with "token" stands in the history
// alone, and one in the work tree.
func nestedStory(t *testing.T) (f *fixture, ids map[string]string) {
	t.Helper()
	deep, inner, f := newFixture(t), newFixture(t), newFixture(t)
	ids = map[string]string{}
	ids["deep"] = deep.commit("deep", "deep.env", "token = deep\n", "old.env", "token = old deep\n")
	deep.git("rm", "-q", "old.env")
	deep.commit("deep, clean")
	inner.git("submodule", "--quiet", "add", "file://"+deep.dir, "deep")
	ids["inner"] = inner.commit("inner", "pay.env", "token = inner\n", "old.env", "token = old inner\n")
	inner.git("rm", "-q", "old.env")
	inner.commit("inner, clean")
	f.git("submodule", "--quiet", "add", "file://"+inner.dir, "vendor/pay")
	f.git("submodule", "--quiet", "update", "--init", "--recursive")
	ids["top"] = f.commit("top", "a.env", "token = top\n")
	return f, ids
}

// tokens are the places of everything with "token" in it: path, repository below the target, commit, whether HEAD has it. A source is read in
// parts, if it has any, one after the other.
func tokens(t *testing.T, dir string, o Options) (found []string, gaps []string, src scanner.Source) {
	t.Helper()
	src = opened(dir, o)(t)
	var at []scanner.Location
	for _, part := range src.(scanner.Splitter).Split(2) {
		texts := part.Chunks(t.Context())
		for c, err := range texts {
			if err != nil {
				gaps = append(gaps, strings.ReplaceAll(err.Error(), dir, "TOP"))
			} else if strings.Contains(string(c.Data), "token") {
				at = append(at, c.From)
			}
		}
	}
	places, err := src.(scanner.Placer).Place(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	for i, all := range places {
		if all == nil {
			all = at[i : i+1]
		}
		for _, l := range all {
			found = append(found, fmt.Sprintf("%s%s in %q %.7s %v", l.Path, l.Field, strings.TrimPrefix(l.Repository, dir), l.Commit, l.InHead))
		}
	}
	slices.Sort(found)
	return found, gaps, src
}

// TestSubmodules: the history of submodules is read, each place with the path of the submodule and its own commit; no file twice.
func TestSubmodules(t *testing.T) {
	f, ids := nestedStory(t)
	want := []string{
		fmt.Sprintf("a.env in \"\" %.7s true", ids["top"]),
		fmt.Sprintf("vendor/pay/deep/deep.env in \"/vendor/pay/deep\" %.7s true", ids["deep"]),
		fmt.Sprintf("vendor/pay/deep/old.env in \"/vendor/pay/deep\" %.7s false", ids["deep"]),
		fmt.Sprintf("vendor/pay/old.env in \"/vendor/pay\" %.7s false", ids["inner"]),
		fmt.Sprintf("vendor/pay/pay.env in \"/vendor/pay\" %.7s true", ids["inner"]),
	}
	found, gaps, src := tokens(t, f.dir, Options{})
	same(t, "places", want, found)
	same(t, "gaps", []string(nil), gaps)
	seen := src.(scanner.Counter).Coverage()
	same(t, "submodules", 2, seen.Seen[sawSubmodules])
	same(t, "commits", 5, seen.Seen["commits"])
	same(t, "skipped", 0, seen.Skipped[skipHistory])
	found, _, _ = tokens(t, f.dir, Options{NoWorktree: true})
	same(t, "places without work tree", want, found)

	found, gaps, src = tokens(t, f.dir, Options{NoHistory: true})
	same(t, "files alone", []string{`a.env in "" `, `vendor/pay/deep/deep.env in "" `, `vendor/pay/pay.env in "" `}, cutFalse(found))
	same(t, "gaps", []string(nil), gaps)
	same(t, "skipped", 2, src.(scanner.Counter).Coverage().Skipped[skipHistory])

	f.write("vendor/pay/deep/deep.env", "token = changed\n")
	found, _, _ = tokens(t, f.dir, Options{})
	same(t, "a changed file is read", slices.Insert(slices.Clone(want), 1, `vendor/pay/deep/deep.env in ""  false`), found)
}

func cutFalse(all []string) []string {
	for i := range all {
		all[i] = strings.TrimSuffix(all[i], " false")
	}
	return all
}

// TestSubmoduleGaps: one that is not here is a gap, wherever it is missed; one that git keeps is read though it is not checked out.
func TestSubmoduleGaps(t *testing.T) {
	f, _ := nestedStory(t)
	dir := filepath.Join(t.TempDir(), "clone")
	f.git("clone", "-q", f.dir, dir)
	gone := []string{"submodule vendor/pay: not checked out (git submodule update --init vendor/pay)"}
	for _, o := range []Options{{}, {NoWorktree: true}, {NoHistory: true}} {
		_, gaps, _ := tokens(t, dir, o)
		same(t, "gaps", gone, gaps)
	}
	all, _, _ := tokens(t, f.dir, Options{})
	f.git("submodule", "--quiet", "deinit", "-f", "vendor/pay")
	found, gaps, _ := tokens(t, f.dir, Options{})
	same(t, "gaps of what is kept", []string(nil), gaps)
	for i := range found {
		found[i] = strings.NewReplacer("/.git/modules/vendor/pay/modules/deep", "/vendor/pay/deep", "/.git/modules/vendor/pay", "/vendor/pay").Replace(found[i])
	}
	same(t, "places", all, found)
	f.git("rm", "-q", "--cached", "vendor/pay")
	f.git("commit", "-qam", "without it")
	found, _, _ = tokens(t, f.dir, Options{})
	same(t, "still kept", len(all), len(found))
}

// TestSubmoduleInside: a submodule that a submodule has is missed too.
func TestSubmoduleInside(t *testing.T) {
	f, _ := nestedStory(t)
	dir := filepath.Join(t.TempDir(), "clone")
	f.git("clone", "-q", f.dir, dir)
	f.dir = dir
	f.git("submodule", "--quiet", "update", "--init")
	_, gaps, _ := tokens(t, f.dir, Options{})
	same(t, "gaps", []string{"submodule vendor/pay/deep: not checked out (git submodule update --init --recursive)"}, gaps)
	f.git("submodule", "--quiet", "update", "--init", "--recursive")
	_, gaps, _ = tokens(t, f.dir, Options{})
	same(t, "gaps after the advice was taken", []string(nil), gaps)
}

// TestSubmoduleCommit: the commit that the repository names is read whatever the branches of the submodule are, and missed where it is not here.
func TestSubmoduleCommit(t *testing.T) {
	f, _ := nestedStory(t)
	sub := &fixture{t: t, dir: filepath.Join(f.dir, "vendor/pay"), clock: 100}
	sub.commit("new", "new.env", "token = new\n")
	f.git("add", "vendor/pay")
	sub.git("checkout", "-q", "HEAD~")
	sub.git("branch", "-q", "-D", "main")
	sub.git("reflog", "expire", "--expire=now", "--all")
	found, _, _ := tokens(t, f.dir, Options{})
	if !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, "vendor/pay/new.env in \"/vendor/pay\"") }) {
		t.Errorf("the commit that the index names is not read: %q", found)
	}
	sub.git("prune", "--expire=now")
	_, gaps, _ := tokens(t, f.dir, Options{})
	if len(gaps) != 1 || !strings.HasPrefix(gaps[0], "submodule vendor/pay: commit ") || !strings.Contains(gaps[0], "(git -C TOP/vendor/pay fetch --all") {
		t.Errorf("gaps %q", gaps)
	}
}

// TestSubmoduleGapsOutward: what is amiss in a submodule is told as such.
func TestSubmoduleGapsOutward(t *testing.T) {
	f, _ := nestedStory(t)
	at := filepath.Join(f.dir, ".git/modules/vendor/pay")
	id := f.git("-C", "vendor/pay", "rev-parse", "HEAD~")
	if err := os.WriteFile(filepath.Join(at, "shallow"), []byte(id+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, gaps, _ := tokens(t, f.dir, Options{})
	if len(gaps) != 1 || !strings.HasPrefix(gaps[0], "submodule vendor/pay: shallow clone: history before") || !strings.HasSuffix(gaps[0], "(git -C TOP/vendor/pay fetch --unshallow)") {
		t.Errorf("gaps %q", gaps)
	}
	if err := os.WriteFile(filepath.Join(at, "shallow"), []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, gaps, _ = tokens(t, f.dir, Options{}); len(gaps) != 1 || !strings.HasPrefix(gaps[0], "submodule vendor/pay: history: ") {
		t.Errorf("gaps %q", gaps)
	}
}

// TestSubmoduleHostile: what leads out of the target is refused, and said; what leads around in it ends.
func TestSubmoduleHostile(t *testing.T) {
	other := newFixture(t)
	other.commit("private", "private.env", "token = private\n")
	const outside = "out of the target"
	for name, c := range map[string]struct {
		do   func(t *testing.T, f *fixture)
		want string // in the only gap; empty: none
	}{
		"absolute gitdir": {func(_ *testing.T, f *fixture) {
			f.write("vendor/pay/.git", "gitdir: "+other.dir+"/.git\n")
		}, outside},
		"gitdir upward": {func(t *testing.T, f *fixture) {
			rel, err := filepath.Rel(filepath.Join(f.dir, "vendor/pay"), filepath.Join(other.dir, ".git"))
			if err != nil {
				t.Fatal(err)
			}
			f.write("vendor/pay/.git", "gitdir: "+rel+"\n")
		}, outside},
		"gitdir to nowhere": {func(_ *testing.T, f *fixture) { f.write("vendor/pay/.git", "gitdir: /nowhere\n") }, "where no repository is"},
		"link to a gitdir": {func(t *testing.T, f *fixture) {
			remove(t, filepath.Join(f.dir, "vendor/pay/.git"))
			symlink(t, filepath.Join(other.dir, ".git"), filepath.Join(f.dir, "vendor/pay/.git"))
		}, outside},
		"link to objects": {func(t *testing.T, f *fixture) {
			objects := filepath.Join(f.dir, ".git/modules/vendor/pay/objects")
			if err := os.RemoveAll(objects); err != nil {
				t.Fatal(err)
			}
			symlink(t, filepath.Join(other.dir, ".git/objects"), objects)
		}, outside},
		"commondir": {func(_ *testing.T, f *fixture) {
			f.write(".git/modules/vendor/pay/commondir", other.dir+"/.git\n")
		}, outside},
		"link in its place": {func(t *testing.T, f *fixture) {
			if err := os.RemoveAll(filepath.Join(f.dir, "vendor")); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(other.dir, "pay"), 0o700); err != nil {
				t.Fatal(err)
			}
			symlink(t, other.dir, filepath.Join(f.dir, "vendor"))
		}, "a symbolic link stands in its place"},
		"hostile .gitmodules": {func(_ *testing.T, f *fixture) {
			f.write(".gitmodules", "[submodule \"../../../x\"]\n\tpath = ../../x\n\turl = ext::sh -c false\n[submodule \"vendor/pay\"]\n\tpath = "+other.dir+"\n\tupdate = !false\n")
		}, ""},
		"one in the other": {func(t *testing.T, f *fixture) {
			f.write("vendor/pay/.git", "gitdir: ../../.git\n")
		}, ""},
		"modules of links": {func(t *testing.T, f *fixture) {
			symlink(t, filepath.Join(f.dir, ".git/modules"), filepath.Join(f.dir, ".git/modules/vendor/pay/modules/round"))
			symlink(t, filepath.Join(other.dir, ".git"), filepath.Join(f.dir, ".git/modules/private"))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := nestedStory(t)
			c.do(t, f)
			found, gaps, _ := tokens(t, f.dir, Options{})
			if slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, "private") }) {
				t.Errorf("another repository was read: %q", found)
			}
			if c.want == "" && len(gaps) > 0 || c.want != "" && (len(gaps) == 0 || !strings.Contains(gaps[0], "submodule vendor/pay: ") || !strings.Contains(gaps[0], c.want)) {
				t.Errorf("gaps %q, want %q", gaps, c.want)
			}
		})
	}
}

func symlink(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skip(err)
	}
}

func TestIsInner(t *testing.T) {
	for path, want := range map[string]bool{
		"a": true, "vendor/pay": true, "..a": true, "": false, ".": false, "..": false, "../a": false, "a/../../b": false, "/a": false, "a/.git/b": false,
		"a/.GIT": false, "a//b": false, "a/": false,
	} {
		same(t, path, want, isInner(path))
	}
}

// TestPastSubmodules: of the history of submodules, too, only what is new is read, and that gives what a scan of everything does.
func TestPastSubmodules(t *testing.T) {
	f, _ := nestedStory(t)
	_, again, src, whole := foundIn(t, f.dir, Options{})
	past := remembered(t, src, again)
	same(t, "submodules", 2, len(past.Submodules))
	_, _, _, part := foundIn(t, f.dir, Options{Past: past})
	if part >= whole {
		t.Errorf("%d chunks were read of %d", part, whole)
	}
	sub := &fixture{t: t, dir: filepath.Join(f.dir, "vendor/pay"), clock: 100}
	sub.commit("new", "new.env", "token = new\n")
	f.git("add", "vendor/pay")
	f.commit("a newer submodule")
	want, _, _, _ := foundIn(t, f.dir, Options{})
	got, again, src, part := foundIn(t, f.dir, Options{Past: past})
	same(t, "places", want, got)
	if part >= whole {
		t.Errorf("%d chunks were read of %d", part, whole)
	}
	got, _, _, _ = foundIn(t, f.dir, Options{Past: remembered(t, src, again)})
	same(t, "places from what that remembered", want, got)
}
