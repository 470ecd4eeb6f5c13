package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"pgregory.net/rapid"

	"github.com/quash-sh/quash/scanner"
)

// placed reads a repository and returns the places of the blob with a text.
func placed(t *testing.T, f *fixture, text string, o Options) []scanner.Location {
	t.Helper()
	_, _, src := mustDrain(t, f.dir, o)
	at := scanner.Location{Repository: f.dir, Blob: blobName(text), Line: 1, Column: 9, EndLine: 1, EndColumn: 13, Offset: 8, Length: 4}
	places, err := src.(scanner.Placer).Place(t.Context(), []scanner.Location{at})
	if err != nil {
		t.Fatal(err)
	}
	return places[0]
}

func TestPlace(t *testing.T) {
	f := newFixture(t)
	story(f)
	commit := func(subject string) string { return f.git("log", "--all", "--format=%H", "--grep=^"+subject+"$") }
	when := func(id string) time.Time {
		at, err := time.Parse(time.RFC3339, f.git("show", "-s", "--format=%aI", id))
		if err != nil {
			t.Fatal(err)
		}
		return at.UTC()
	}
	side := f.git("rev-parse", "refs/heads/side")
	for _, c := range []struct {
		text, path, commit string
		refs               []string
		inHead             bool
		removed            string
	}{
		{textKey, "config/a.env", commit("add a key"), []string{"main", "side", "v1.0"}, false, commit("take it out")},
		{textSide, "side/b.env", side, []string{"main", "side", "v1.0"}, true, ""},
		{textEvil, "side/c.env", commit("merge side"), []string{"main", "v1.0"}, true, ""},
		{textReadme, "README.md", commit("first"), []string{"main", "side", "v1.0"}, false, commit("more")},
		{textReadme2, "README.md", commit("more"), []string{"main", "v1.0"}, true, ""},
		{textStash, "README.md", f.git("rev-parse", "stash"), []string{"stash"}, false, ""},
		{textNote + "\n", f.git("rev-parse", "HEAD"), f.git("rev-parse", "refs/notes/commits"), []string{"notes/commits"}, false, ""},
	} {
		want := []scanner.Location{{
			Path: c.path, Line: 1, Column: 9, EndLine: 1, EndColumn: 13, Offset: 8, Length: 4, Repository: f.dir, Blob: blobName(c.text),
			Commit: c.commit, Author: "Ann Lee", AuthorEmail: "ann@acme.example", Time: when(c.commit), Refs: c.refs, InHead: c.inHead,
		}}
		if c.removed != "" {
			want[0].RemovedIn, want[0].Removed = c.removed, when(c.removed)
		}
		same(t, c.path, want, placed(t, f, c.text, Options{}))
	}
}

// TestPlaceMoved: one place for each path, the one in HEAD first.
func TestPlaceMoved(t *testing.T) {
	f := newFixture(t)
	const text = "token = moved about\n"
	first := f.commit("first", "old.env", text)
	f.git("mv", "old.env", "new.env")
	second := f.commit("second")
	f.commit("third", "other", "x\n")
	f.git("checkout", "-q", "-b", "back", first)
	third := f.commit("fourth", "side.env", text)
	f.git("checkout", "-q", "main")
	var got []string
	for _, l := range placed(t, f, text, Options{}) {
		got = append(got, fmt.Sprint(l.Path, " ", l.Commit, " ", l.InHead, " ", l.Refs))
	}
	same(t, "places", []string{
		"new.env " + second + " true [main]", "old.env " + first + " false [back main]", "side.env " + third + " false [back]",
	}, got)
}

// TestPlaceTwice: a key brought in on two branches apart is held by both, however it came there.
func TestPlaceTwice(t *testing.T) {
	f := newFixture(t)
	const text = "token = twice\n"
	base := f.commit("base", "a", "one\n")
	first := f.commit("here", "k.env", text)
	f.git("checkout", "-q", "-b", "other", base)
	f.commit("there", "k.env", text, "b", "two\n")
	f.git("checkout", "-q", "-b", "none", base)
	got := placed(t, f, text, Options{})
	same(t, "places", 1, len(got))
	same(t, "commit", first, got[0].Commit)
	same(t, "refs", []string{"main", "other"}, got[0].Refs)
}

// TestPlaceMany: a key at more paths than are remembered has the right references at those that are.
func TestPlaceMany(t *testing.T) {
	f := newFixture(t)
	const text = "token = everywhere\n"
	base := f.commit("base", "a", "one\n")
	var all []string
	for i := range maxPlaces + 6 {
		all = append(all, fmt.Sprintf("d%02d/k.env", i), text)
	}
	first := f.commit("here", all...)
	f.git("checkout", "-q", "-b", "other", base)
	f.commit("there", "d05/k.env", text, "d06/x", "two\n")
	var got []string
	for _, l := range placed(t, f, text, Options{})[:8] {
		got = append(got, fmt.Sprint(l.Path, " ", l.Commit == first, " ", l.Refs))
	}
	same(t, "places", []string{
		"d05/k.env true [main other]", "d00/k.env true [main]", "d01/k.env true [main]", "d02/k.env true [main]",
		"d03/k.env true [main]", "d04/k.env true [main]", "d06/k.env true [main]", "d07/k.env true [main]",
	}, got)
}

func TestPlaceMessages(t *testing.T) {
	f := newFixture(t)
	id := f.commit("token = in-a-message", "a", "one\n")
	f.git("tag", "-a", "v1", "-m", "tagged")
	_, _, src := mustDrain(t, f.dir, Options{})
	at := []scanner.Location{
		{Commit: id, Field: messageField, Line: 1},
		{Path: "untracked", Line: 1},
		{Commit: id, Blob: f.git("rev-parse", "v1"), Field: messageField, Refs: []string{"v1"}},
	}
	places, err := src.(scanner.Placer).Place(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	want := at[0]
	want.Refs = []string{"main", "v1"}
	same(t, "places", [][]scanner.Location{{want}, nil, nil}, places)

	_, _, src = mustDrain(t, f.dir, Options{NoHistory: true})
	places, err = src.(scanner.Placer).Place(t.Context(), at)
	same(t, "places without history", make([][]scanner.Location, 3), places)
	same(t, "error", nil, err)
}

// TestPlaceAgainstTrees makes histories at random and compares every place with the trees of all commits, as go-git
// reads them.
func TestPlaceAgainstTrees(t *testing.T) {
	needGit(t)
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t)
		importHistory(f, rt)
		if rapid.Bool().Draw(rt, "packed") {
			f.git("repack", "-adfq")
		}
		texts, _, src := mustDrain(t, f.dir, Options{NoWorktree: true})
		var at []scanner.Location
		for name := range texts {
			if fields := strings.Fields(name); fields[0] != "message" {
				at = append(at, scanner.Location{Blob: fields[len(fields)-1]})
			}
		}
		places, err := src.(scanner.Placer).Place(t.Context(), at)
		if err != nil {
			rt.Fatal(err)
		}
		o := newOracle(t, f.dir)
		got := map[string]string{}
		for _, l := range slices.Concat(places...) {
			spot := l.Blob + " " + l.Path
			got[spot] = fmt.Sprintf("%v %v", l.InHead, l.Refs)
			if !o.trees[l.Commit][spot] {
				rt.Fatalf("commit %s does not have %s", l.Commit, spot)
			}
			for _, parent := range o.parents[l.Commit] {
				if o.trees[parent][spot] {
					rt.Fatalf("%s came in before %s", spot, l.Commit)
				}
			}
		}
		if want := o.places(); !maps.Equal(want, got) {
			rt.Fatalf("want %v\ngot  %v\n%s", want, got, f.git("log", "--graph", "--all", "--oneline"))
		}
	})
}

// importHistory makes up to a dozen commits on three branches, with merges, through git fast-import.
func importHistory(f *fixture, rt *rapid.T) {
	var b strings.Builder
	branches := []string{"main", "b1", "b2"}
	begun := map[string]bool{}
	for i := range rapid.IntRange(1, 12).Draw(rt, "commits") {
		branch := rapid.SampledFrom(branches).Draw(rt, "branch")
		fmt.Fprintf(&b, "commit refs/heads/%s\nmark :%d\ncommitter A <a@acme.example> %d +0000\ndata 1\nm\n", branch, i+1, 1_700_000_000+rapid.IntRange(0, 5).Draw(rt, "time"))
		if i > 0 {
			from := rapid.IntRange(1, i).Draw(rt, "from")
			if !begun[branch] {
				fmt.Fprintf(&b, "from :%d\n", from)
			} else if rapid.Bool().Draw(rt, "merge") {
				fmt.Fprintf(&b, "merge :%d\n", from)
			}
		}
		begun[branch] = true
		for range rapid.IntRange(0, 3).Draw(rt, "changes") {
			path := rapid.SampledFrom([]string{"a", "b", "d/a", "d/b", "d/e/a", "f/a"}).Draw(rt, "path")
			if rapid.IntRange(0, 3).Draw(rt, "kind") == 0 {
				fmt.Fprintf(&b, "D %s\n", path)
				continue
			}
			text := rapid.SampledFrom([]string{"one\n", "two\n", "six\n"}).Draw(rt, "text")
			fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
		}
	}
	f.gitInput(b.String(), "fast-import", "--quiet", "--force")
}

// oracle knows the whole tree of every commit.
type oracle struct {
	trees   map[string]map[string]bool // by commit: "blob path"
	parents map[string][]string
	reached map[string][]string // by branch: its commits
	head    string
}

func newOracle(t *testing.T, dir string) *oracle {
	t.Helper()
	o := &oracle{trees: map[string]map[string]bool{}, parents: map[string][]string{}, reached: map[string][]string{}}
	repo, err := gogit.PlainOpen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if head, err := repo.Head(); err == nil {
		o.head = head.Hash().String()
	}
	branches, err := repo.Branches()
	if err != nil {
		t.Fatal(err)
	}
	err = branches.ForEach(func(r *plumbing.Reference) error {
		commits, err := repo.Log(&gogit.LogOptions{From: r.Hash()})
		if err != nil {
			return err
		}
		return commits.ForEach(func(c *object.Commit) error {
			name := r.Name().Short()
			o.reached[name] = append(o.reached[name], c.Hash.String())
			return o.add(c)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *oracle) add(c *object.Commit) error {
	spots := map[string]bool{}
	o.trees[c.Hash.String()] = spots
	for _, p := range c.ParentHashes {
		o.parents[c.Hash.String()] = append(o.parents[c.Hash.String()], p.String())
	}
	files, err := c.Files()
	if err != nil {
		return err
	}
	return files.ForEach(func(f *object.File) error {
		spots[f.Hash.String()+" "+f.Name] = true
		return nil
	})
}

// places says by spot whether HEAD has it and which branches reach it.
func (o *oracle) places() map[string]string {
	refs := map[string][]string{}
	for _, branch := range slices.Sorted(maps.Keys(o.reached)) {
		spots := map[string]bool{}
		for _, commit := range o.reached[branch] {
			maps.Copy(spots, o.trees[commit])
		}
		for spot := range spots {
			refs[spot] = append(refs[spot], branch)
		}
	}
	places := map[string]string{}
	for spot, names := range refs {
		places[spot] = fmt.Sprintf("%v %v", o.trees[o.head][spot], names)
	}
	return places
}

// TestPlaceRemoved: the commit that took a key away is told wherever it stands on the way to HEAD.
func TestPlaceRemoved(t *testing.T) {
	f := newFixture(t)
	const onSide, inMerge, elsewhere, back = "token = side\n", "token = merge\n", "token = elsewhere\n", "token = back\n"
	f.commit("base", "a", "one\n")
	f.git("checkout", "-q", "-b", "side")
	f.commit("brings it", "side.env", onSide, "merge.env", inMerge, "back.env", back)
	f.git("rm", "-q", "side.env", "back.env")
	removed := f.commit("takes it out")
	f.commit("brings it back", "back.env", back)
	f.git("rm", "-q", "back.env")
	again := f.commit("takes it out again")
	f.git("checkout", "-q", "main")
	f.commit("meanwhile", "b", "two\n")
	f.git("merge", "-q", "--no-ff", "--no-commit", "side")
	f.git("rm", "-q", "-f", "merge.env")
	merge := f.commit("merge side, but for a file")
	f.git("checkout", "-q", "-b", "other")
	f.commit("never merged", "else.env", elsewhere)
	f.git("rm", "-q", "else.env")
	f.commit("gone there")
	f.git("checkout", "-q", "main")
	for text, want := range map[string]string{onSide: removed, inMerge: merge, elsewhere: "", back: again} {
		got := placed(t, f, text, Options{})
		same(t, "places of "+text, 1, len(got))
		same(t, "removal of "+text, want, got[0].RemovedIn)
		same(t, "time of "+text, want == "", got[0].Removed.IsZero())
	}
}
