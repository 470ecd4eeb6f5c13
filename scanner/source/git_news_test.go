package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quash-sh/quash/scanner"
)

// foundIn reads a repository and returns the places of everything with the word "token" in it, and where it stands.
func foundIn(t *testing.T, dir string, o Options) (places []string, again []string, src scanner.Source, read int) {
	t.Helper()
	src = opened(dir, o)(t)
	var noted Noted
	var at []scanner.Location
	for c, err := range src.Chunks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		read++
		if strings.Contains(string(c.Data), "token") {
			at = append(at, c.From)
			noted.Add(c.From)
		}
	}
	found, err := src.(scanner.Placer).Place(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	for i, all := range found {
		if all == nil {
			all = at[i : i+1]
		}
		for _, l := range all {
			places = append(places, fmt.Sprint(l.Path, l.Field, " ", l.Blob, " ", l.Commit, " ", l.Refs, " ", l.InHead, l.Author))
		}
	}
	slices.Sort(places)
	return places, noted.Objects(), src, read
}

// grow adds up to six commits to branches that are there or not, through git fast-import: on top of what is there, on top of
// another branch, or from nothing, as forced pushes do.
func grow(f *fixture, rt *rapid.T, generation int, branches map[string]bool) {
	var b strings.Builder
	names := []string{"main", "b1", "b2"}
	begun := map[string]bool{}
	for i := range rapid.IntRange(0, 6).Draw(rt, "commits") {
		branch := rapid.SampledFrom(names).Draw(rt, "branch")
		text := rapid.SampledFrom([]string{"m", "token", "n"}).Draw(rt, "message")
		fmt.Fprintf(&b, "commit refs/heads/%s\ncommitter A <a@acme.example> %d +0000\ndata %d\n%s\n", branch, 1_700_000_000+rapid.IntRange(0, 9).Draw(rt, "time"), len(text), text)
		other := rapid.SampledFrom(names).Draw(rt, "other")
		at := "refs/heads/" + other
		if !begun[other] {
			at += "^0"
		}
		switch {
		case !begun[branch] && branches[other] && rapid.IntRange(0, 3).Draw(rt, "begin") > 0:
			fmt.Fprintf(&b, "from %s\n", at)
		case i > 0 && begun[branch] && branches[other] && other != branch && rapid.Bool().Draw(rt, "merge"):
			fmt.Fprintf(&b, "merge %s\n", at)
		}
		begun[branch], branches[branch] = true, true
		for range rapid.IntRange(0, 3).Draw(rt, "changes") {
			path := rapid.SampledFrom([]string{"a", "b", "d/a", "d/b", "d/e/a", "f/a"}).Draw(rt, "path")
			if rapid.IntRange(0, 3).Draw(rt, "kind") == 0 {
				fmt.Fprintf(&b, "D %s\n", path)
				continue
			}
			text := rapid.SampledFrom([]string{"token one\n", "token two\n", "six\n", fmt.Sprintf("token %d\n", generation)}).Draw(rt, "text")
			fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
		}
	}
	f.gitInput(b.String(), "fast-import", "--quiet", "--force")
}

// TestPastEqualsWhole: a scan that knows what an earlier one saw finds what a scan of everything does, however branches grew, were
// forced, deleted and packed in between.
func TestPastEqualsWhole(t *testing.T) {
	t.Parallel()
	needGit(t)
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t)
		branches := map[string]bool{}
		grow(f, rt, 0, branches)
		o := Options{NoWorktree: true}
		_, again, src, _ := foundIn(t, f.dir, o)
		past := src.(Rememberer).Past()
		past.Again = again
		grow(f, rt, 1, branches)
		if gone := rapid.SampledFrom([]string{"", "main", "b1"}).Draw(rt, "gone"); branches[gone] {
			f.git("update-ref", "-d", "refs/heads/"+gone)
		}
		if rapid.IntRange(0, 4).Draw(rt, "gc") == 0 {
			f.git("repack", "-adq")
			f.git("prune", "--expire=now")
		}
		whole, want, _, _ := foundIn(t, f.dir, o)
		o.Past = past
		part, got, _, _ := foundIn(t, f.dir, o)
		if !slices.Equal(whole, part) {
			rt.Fatalf("whole %q\npart %q\n%s", whole, part, f.git("log", "--graph", "--all", "--oneline"))
		}
		if missing := slices.DeleteFunc(want, func(id string) bool { return slices.Contains(got, id) || !reached(f, id) }); len(missing) > 0 {
			rt.Fatalf("the next scan would not look at %v", missing)
		}
	})
}

// reached reports whether a reference leads to an object.
func reached(f *fixture, id string) bool {
	return strings.Contains(f.git("rev-list", "--objects", "--all"), id)
}

// TestPastReadsNews: what an earlier scan saw is not read again but for what a key was in.
func TestPastReadsNews(t *testing.T) {
	f := newFixture(t)
	for i := range 20 {
		f.commit("plain", fmt.Sprint("a", i), fmt.Sprint("plain ", i, "\n"))
	}
	f.commit("key", "key", "token\n")
	o := Options{NoWorktree: true}
	_, again, src, _ := foundIn(t, f.dir, o)
	o.Past = src.(Rememberer).Past()
	o.Past.Again = again
	_, _, _, read := foundIn(t, f.dir, o)
	same(t, "read of nothing new", 1, read)
	f.commit("more", "a0", "other\n", "new/a1", "plain 1\n")
	_, _, _, read = foundIn(t, f.dir, o)
	same(t, "read", 4, read) // the key, the message, two blobs at new places
}

// TestSince: only what came in since is given; older keys in files that changed since are.
func TestSince(t *testing.T) {
	f := newFixture(t)
	f.commit("token = in an old message", "old", "token old\n", "both", "token both\n")
	f.git("tag", "-a", "-m", "token = in an old tag", "v1")
	since := f.git("for-each-ref", "--format=%(creatordate:iso-strict)", "refs/tags/v1")
	at, err := time.Parse(time.RFC3339, since)
	if err != nil {
		t.Fatal(err)
	}
	second := f.commit("token = in a new message", "new", "token new\n", "both", "token both\nmore\n", "moved", "token old\n")
	f.git("tag", "-a", "-m", "token = in a new tag", "v2")
	places, _, _, _ := foundIn(t, f.dir, Options{NoWorktree: true, Since: at.Add(time.Second)})
	var got []string
	for _, p := range places {
		got = append(got, strings.Fields(p)[0])
	}
	same(t, "places", []string{"both", "message", "message", "new"}, got)
	if !strings.Contains(strings.Join(places, "\n"), second) {
		t.Errorf("%q", places)
	}
}
