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

// The texts of the repository that lost builds; none is reached by a reference but the first.
const (
	textKept    = "token = kept\n"
	textReset   = "token = reset away\n"
	textBranch  = "token = on a branch that is gone\n"
	textDropped = "token = with a commit that nothing names\n"
	textAdded   = "token = added and never committed\n"
)

// lost builds a repository with objects that no reference leads to, and returns its commits by text.
func lost(f *fixture) map[string]string {
	by := map[string]string{textKept: f.commit("kept", "a", textKept)}
	by[textReset] = f.commit("reset away", "d/b", textReset)
	f.git("reset", "-q", "--hard", "HEAD~")
	f.git("checkout", "-q", "-b", "gone")
	by[textBranch] = f.commit("token = in a lost message", "c", textBranch)
	f.git("tag", "-a", "-m", "token = in a lost tag", "away")
	f.git("checkout", "-q", "main")
	f.git("tag", "-d", "away")
	tree := strings.Fields(f.gitInput("100644 blob "+f.gitInput(textDropped, "hash-object", "-w", "--stdin")+"\te", "mktree"))[0]
	by[textDropped] = f.git("commit-tree", "-p", "main", "-m", "named by nothing", tree)
	f.git("branch", "-qD", "gone")
	f.write("f", textAdded)
	f.git("add", "f")
	f.git("rm", "-q", "--cached", "f")
	if err := os.Remove(filepath.Join(f.dir, "f")); err != nil {
		f.t.Fatal(err)
	}
	return by
}

// TestGitUnreachable: what no reference leads to has no place, or with Unreachable the commit that brought it in.
func TestGitUnreachable(t *testing.T) {
	for name, shape := range map[string][]string{
		"loose":  {"status"},
		"packed": {"repack", "-adfq", "--keep-unreachable"},
		"cruft":  {"gc", "-q", "--cruft", "--prune=never"}, // old entries of reflogs are dropped
	} {
		t.Run(name, func(t *testing.T) {
			head, before := "reflog/HEAD@{1}", "reflog/HEAD@{4}"
			if name == "cruft" {
				head, before = "", ""
			}
			f := newFixture(t)
			by := lost(f)
			f.git(shape...)
			same(t, "by default", []string{"a " + by[textKept] + " [main] false"}, lostPlaces(t, f, Options{}, by))
			same(t, "unreachable", []string{
				"  [] true", // what was added alone
				"a " + by[textKept] + " [main] false",
				"c " + by[textBranch] + " [" + head + "] true",
				"d/b " + by[textReset] + " [" + before + "] true",
				"e " + by[textDropped] + " [] true",
			}, lostPlaces(t, f, Options{Unreachable: true}, by))
			texts, gaps, src := mustDrain(t, f.dir, Options{Unreachable: true, NoWorktree: true})
			same(t, "gaps", []string(nil), gaps)
			same(t, "message", "token = in a lost message\n", texts["message "+by[textBranch]])
			same(t, "coverage", map[string]int{"blobs": 5, "branches": 1, "commits": 1, "tags": 0, "unreachable commits": 3}, withTags(src.(scanner.Counter).Coverage().Seen))
			if !slices.ContainsFunc(slices.Collect(values(texts)), func(s string) bool { return s == "token = in a lost tag\n" }) {
				t.Error("the tag that is gone was not read")
			}
		})
	}
}

func withTags(seen map[string]int) map[string]int {
	seen["tags"] += 0
	return seen
}

func values(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// lostPlaces are the places of all texts, as "path commit refs unreachable".
func lostPlaces(t *testing.T, f *fixture, o Options, by map[string]string) []string {
	t.Helper()
	o.NoWorktree = true
	_, _, src := mustDrain(t, f.dir, o)
	var at []scanner.Location
	for text := range by {
		at = append(at, scanner.Location{Blob: blobName(text)})
	}
	at = append(at, scanner.Location{Blob: blobName(textAdded)})
	places, err := src.(scanner.Placer).Place(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, l := range slices.Concat(places...) {
		all = append(all, fmt.Sprint(l.Path, " ", l.Commit, " ", l.Refs, " ", l.Unreachable))
	}
	skipped := src.(scanner.Counter).Coverage().Skipped[skipUnreachable]
	if want := len(at) - len(all); o.Unreachable && skipped != 0 || !o.Unreachable && skipped != want {
		t.Errorf("%d blobs are counted as unreachable", skipped)
	}
	slices.Sort(all)
	return all
}

// TestGitPruned: that objects which nothing reaches lack others is no damage.
func TestGitPruned(t *testing.T) {
	f := newFixture(t)
	by := lost(f)
	remove(t, f.loose(blobName(textReset)))
	remove(t, f.loose(f.git("rev-parse", by[textBranch]+"^{tree}")))
	_, gaps, _ := mustDrain(t, f.dir, Options{Unreachable: true})
	same(t, "gaps", []string(nil), gaps)
}

func TestReflogs(t *testing.T) {
	f := newFixture(t)
	first := f.commit("first")
	f.git("checkout", "-q", "-b", "side")
	second := f.commit("second")
	if err := os.WriteFile(filepath.Join(f.dir, ".git", "logs", "refs", "odd"), []byte("one\n\n x y z\n"+strings.Repeat("0", 40)+" "+first+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	src := opened(f.dir, Options{})(t)
	var got []string
	for _, r := range src.(*git).repo.reflogs() {
		got = append(got, r.name+" "+r.id.String())
	}
	same(t, "reflogs", []string{
		"reflog/HEAD@{0} " + second, "reflog/HEAD@{1} " + first, "reflog/HEAD@{2} " + first,
		"reflog/main@{0} " + first, "reflog/side@{0} " + second, "reflog/side@{1} " + first,
		"reflog/odd@{0} " + first,
	}, got)
}
