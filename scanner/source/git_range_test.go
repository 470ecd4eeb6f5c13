package source

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

func ranged(t testing.TB, dir string, r Revisions) []string {
	t.Helper()
	a, err := Range(context.Background(), dir, r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return additions(t, a)
}

func TestRange(t *testing.T) {
	f := newFixture(t)
	first := f.commit("first", "a", "one\n")
	f.git("checkout", "-q", "-b", "side")
	side := f.commit("side", "side", "from the side\n")
	f.git("checkout", "-q", "main")
	f.commit("second", "a", "one\ntwo\n", "b", "bee\n")
	f.git("mv", "b", "moved")
	f.commit("moved")
	f.git("merge", "-q", "--no-commit", "side")
	f.commit("merged", "evil", "in the merge alone\n")
	f.commit("back", "a", "one\n")
	f.commit("again", "a", "one\ntwo\n")
	last := f.git("rev-parse", "HEAD")
	all := Revisions{From: []string{last}}
	got := strings.Join(ranged(t, f.dir, all), "|")
	for _, text := range []string{"message: first|a: one|", "message: second|a: one\ntwo|b: bee|message: moved|", "message: side|side: from the side|",
		"message: merged|evil: in the merge alone|message: back|message: again"} {
		if !strings.Contains(got, text) {
			t.Errorf("%q is missing in %q", text, got)
		}
	}
	want(t, "A..B", ranged(t, f.dir, Revisions{From: []string{side}, Not: []string{first}}), "message: side", "side: from the side")
	want(t, "nothing", ranged(t, f.dir, Revisions{From: []string{first}, Not: []string{last}}))
	none := strings.Repeat("0", 40)
	want(t, "a new branch", ranged(t, f.dir, Revisions{From: []string{first}, Not: []string{none}}), "message: first", "a: one")
	want(t, "a deletion", ranged(t, f.dir, Revisions{From: []string{none}, Not: []string{first}}))
	gone := strings.Repeat("ab", 20)
	want(t, "a forced push over what is not here", ranged(t, f.dir, Revisions{From: []string{first}, Not: []string{gone}}), "message: first", "a: one")
	f.git("update-ref", "refs/remotes/origin/main", first)
	want(t, "what the remote has", ranged(t, f.dir, Revisions{From: []string{side}, Remote: "origin"}), "message: side", "side: from the side")
	want(t, "what another has", ranged(t, f.dir, Revisions{From: []string{first}, Remote: "other"}), "message: first", "a: one")
	want(t, "what is known", ranged(t, f.dir, Revisions{From: []string{last}, KnownRefs: true}))
}

func TestRangePlaces(t *testing.T) {
	f := newFixture(t)
	first := f.commit("first", "a", "one\n")
	second := f.commit("second\n\nbody\n", "dir/b", "bee\n")
	a, err := Range(context.Background(), f.dir, Revisions{From: []string{second}, Not: []string{first}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	var got []scanner.Location
	for c, err := range a.Chunks(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c.From)
	}
	by := scanner.Location{Repository: f.dir, Commit: second, Author: "Ann Lee", AuthorEmail: "ann@acme.example", Line: 1, Time: got[0].Time}
	message, blob := by, by
	message.Field = "message"
	blob.Path, blob.Blob = "dir/b", blobName("bee\n")
	if diff := cmp.Diff([]scanner.Location{message, blob}, got); diff != "" {
		t.Error(diff)
	}
	if got[0].Time.Location() != time.UTC || got[0].Time.IsZero() {
		t.Errorf("time %v", got[0].Time)
	}
	if diff := cmp.Diff(map[string]int{"commits": 1, "blobs": 1}, a.Coverage().Seen); diff != "" {
		t.Error(diff)
	}
	if a.Commits() != 1 {
		t.Errorf("%d commits", a.Commits())
	}
	data, err := Range(context.Background(), f.dir, Revisions{From: []string{first}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	if _, err := data.File(context.Background(), "dir/b"); !os.IsNotExist(err) {
		t.Errorf("a file of a later commit: %v", err)
	}
}

// What a later commit of the range changes beside a key is no news; what a merge takes from a parent is none either.
func TestRangeSift(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "KEY\n")
	f.git("checkout", "-q", "-b", "side")
	f.commit("side", "a", "KEY\nside\n")
	f.git("checkout", "-q", "main")
	f.commit("main", "a", "main\nKEY\n")
	f.tryMerge("side")
	f.commit("merged", "a", "main\nKEY\nside\nevil KEY\n")
	a, err := Range(context.Background(), f.dir, Revisions{From: []string{"HEAD"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	var got []string
	for c, err := range a.Chunks(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; {
			n := strings.Index(string(c.Data[i:]), "KEY")
			if n < 0 {
				break
			}
			at := c.From
			at.Offset, at.Length = int64(i+n), 3
			if ok, err := a.Sift(context.Background(), at); ok && err == nil {
				got = append(got, strings.ReplaceAll(string(c.Data[:i+n+3]), "\n", "/"))
			}
			i += n + 3
		}
	}
	want(t, "keys that commits add", got, "KEY", "main/KEY/side/evil KEY")
}

// TestRangeSubmodule: that a submodule moved on is counted; its commits are not this repository's.
func TestRangeSubmodule(t *testing.T) {
	sub, f := newFixture(t), newFixture(t)
	one := sub.commit("one", "x", "one\n")
	two := sub.commit("two", "x", "two\n")
	f.commit("begin", "a", "text\n")
	for _, id := range []string{one, two, one} {
		f.git("update-index", "--add", "--cacheinfo", "160000,"+id+",sub")
		f.git("commit", "-q", "-m", "sub")
	}
	f.git("rm", "-q", "--cached", "sub")
	f.git("commit", "-q", "-m", "no sub")
	a, err := Range(t.Context(), f.dir, Revisions{From: []string{"HEAD"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	same(t, "left out", map[string]int{skipPointers: 3}, a.Coverage().Skipped)
	want(t, "texts", additions(t, a), "message: begin", "a: text", "message: sub", "message: sub", "message: sub", "message: no sub")
}

func TestRangeShallow(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	f.commit("second", "b", "bee\n")
	f.commit("third", "c", "see\n")
	f.cloneSelf("--depth", "2")
	got := ranged(t, f.dir, Revisions{From: []string{"HEAD"}})
	if len(got) == 0 || !strings.HasPrefix(got[0], "error: shallow clone: commits before") {
		t.Errorf("a shallow clone: %q", got)
	}
	want(t, "what is not cut", ranged(t, f.dir, Revisions{From: []string{"HEAD"}, Not: []string{"HEAD~1"}}), "message: third", "c: see")
}

// In a push that is being received, objects are in a directory of their own that the environment names.
func TestRangeQuarantine(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	second := f.commit("second", "b", "bee\n")
	f.git("reset", "-q", "--hard", "HEAD~1")
	objects := filepath.Join(f.dir, ".git", "objects")
	quarantine := filepath.Join(f.t.TempDir(), "quarantine")
	f.write(".git/x", "")
	for _, id := range strings.Fields(f.git("rev-list", "--objects", "--no-object-names", second, "^HEAD")) {
		to := filepath.Join(quarantine, id[:2], id[2:])
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(f.loose(id), to); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GIT_OBJECT_DIRECTORY", quarantine)
	t.Setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects)
	want(t, "in quarantine", ranged(t, f.dir, Revisions{From: []string{second}, KnownRefs: true}), "message: second", "b: bee")
}

func TestRangeErrors(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	for name, r := range map[string]Revisions{
		"nowhere":  {From: []string{"nowhere"}},
		"not here": {From: []string{"HEAD"}, Not: []string{"origin/main"}},
		"--all":    {From: []string{"--all"}},
	} {
		if _, err := Range(context.Background(), f.dir, r, Options{}); err == nil || !strings.Contains(err.Error(), "names no commit") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// References may name what is no commit.
func TestRangeOtherObjects(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	f.git("tag", "-a", "-m", "of a blob", "blob", "HEAD:a")
	f.git("tag", "-a", "-m", "of a tag", "nested", "blob")
	want(t, "a tag of a tag of a blob", ranged(t, f.dir, Revisions{From: []string{"nested"}}),
		"message: of a tag", "message: of a blob", "blob "+blobName("one\n")+": one")
	tree := f.git("rev-parse", "HEAD^{tree}")
	want(t, "a tree", ranged(t, f.dir, Revisions{From: []string{tree}}), "error: tree "+tree+": it is no commit (name a commit)")
}

func TestParseRange(t *testing.T) {
	for text, r := range map[string]Revisions{
		"A..B":                      {From: []string{"B"}, Not: []string{"A"}},
		"main..":                    {From: []string{"HEAD"}, Not: []string{"main"}},
		"..topic/x":                 {From: []string{"topic/x"}, Not: []string{"HEAD"}},
		"v1.0..v1.1":                {From: []string{"v1.1"}, Not: []string{"v1.0"}},
		"main":                      {From: []string{"main"}},
		"A...B":                     {Apart: [][2]string{{"A", "B"}}},
		"...B":                      {Apart: [][2]string{{"HEAD", "B"}}},
		"A...":                      {Apart: [][2]string{{"A", "HEAD"}}},
		"^A B":                      {From: []string{"B"}, Not: []string{"A"}},
		"B ^A ^C":                   {From: []string{"B"}, Not: []string{"A", "C"}},
		"B --not A C":               {From: []string{"B"}, Not: []string{"A", "C"}},
		"--not A ^B":                {From: []string{"B"}, Not: []string{"A"}},
		"--not A --not B":           {From: []string{"B"}, Not: []string{"A"}},
		"A..B C ^D":                 {From: []string{"B", "C"}, Not: []string{"A", "D"}},
		"HEAD --not --remotes":      {From: []string{"HEAD"}, Remote: "*"},
		"HEAD --not --remotes=acme": {From: []string{"HEAD"}, Remote: "acme"},
		"HEAD@{2 days ago}.. x":     {From: []string{"HEAD", "x"}, Not: []string{"HEAD@{2 days ago}"}},
		"HEAD^..HEAD":               {From: []string{"HEAD"}, Not: []string{"HEAD^"}},
		"HEAD^2":                    {From: []string{"HEAD^2"}},
	} {
		got, err := ParseRange(text)
		if diff := cmp.Diff(r, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	for text, why := range map[string]string{
		"": "nothing to read", "^A": "nothing to read", "--not A": "nothing to read", "^": "nothing is named", "A....B": "of ranges", "A..B..C": "of ranges",
		"^A..B": "left out", "--not A..B": "left out", "A^!": "A~..A", "A^@": "A~..A", "A^-": "A~..A", "A^-2": "A~..A",
		"--all": "no revision", "-n1 A": "no revision", "--remotes": "no revision", "--output=x A": "no revision",
	} {
		if _, err := ParseRange(text); err == nil || !strings.Contains(err.Error(), "A..B") || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestRangeForms: every form gives the commits that git rev-list has for it.
func TestRangeForms(t *testing.T) {
	f := newFixture(t)
	f.commit("base", "a", "one\n")
	f.git("checkout", "-q", "-b", "side")
	f.commit("side one", "s", "one\n")
	f.commit("side two", "s", "two\n")
	f.git("checkout", "-q", "main")
	f.commit("main one", "m", "one\n")
	f.git("tag", "fork")
	f.git("merge", "-q", "-m", "merge", "side~")
	f.commit("main two", "m", "two\n")
	f.git("update-ref", "refs/remotes/origin/main", "fork")
	f.git("checkout", "-q", "--orphan", "apart")
	f.commit("apart")
	f.git("checkout", "-q", "main")
	for _, form := range []string{
		"side..main", "main..side", "side...main", "main...side", "main...fork", "...side", "side..", "..side", "main", "^side main", "main ^side ^fork", "main --not side fork",
		"side main --not fork", "--not side --not main", "main --not --remotes", "main side --not --remotes=origin", "fork..side fork..main", "main...apart", "HEAD~2..HEAD", "main^..main",
	} {
		r, err := ParseRange(form)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Range(t.Context(), f.dir, r, Options{})
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		var got []string
		for _, id := range a.commits {
			got = append(got, id.String())
		}
		slices.Sort(got)
		wanted := strings.Fields(f.git(append([]string{"rev-list"}, strings.Fields(form)...)...))
		slices.Sort(wanted)
		same(t, form, wanted, got)
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, form := range []string{"nowhere...main", "main...nowhere", "main...HEAD:a"} {
		r, err := ParseRange(form)
		if err == nil {
			_, err = Range(t.Context(), f.dir, r, Options{})
		}
		if err == nil {
			t.Errorf("%s: no error", form)
		}
	}
}
