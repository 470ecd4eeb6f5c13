package source

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
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

// remembered is what a source that was read remembers.
func remembered(t *testing.T, src scanner.Source, again []string) *Past {
	t.Helper()
	past, err := src.(Rememberer).Past(t.Context(), again)
	if err != nil || len(past.Outline) == 0 {
		t.Fatalf("%+v, %v", past, err)
	}
	return past
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
		past := remembered(t, src, again)
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
	o.Past = remembered(t, src, again)
	_, _, _, read := foundIn(t, f.dir, o)
	same(t, "read of nothing new", 1, read)
	f.commit("more", "a0", "other\n", "new/a1", "plain 1\n")
	_, _, src, read = foundIn(t, f.dir, o)
	same(t, "read", 4, read) // the key, the message, two blobs at new places
	if src.(*git).plan.history.recalled == nil {
		t.Error("the whole history was read")
	}
	f.commit("another key", "other", "token two\n")
	_, again, src, _ = foundIn(t, f.dir, o)
	same(t, "objects with a key", 2, len(again))
	if src.(*git).plan.history.recalled == nil {
		t.Error("the whole history was read for a key that it cannot have")
	}
}

// TestPastOldObject: a key in an object that the repository had before is placed by the whole history, which may have it elsewhere.
func TestPastOldObject(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "plain\n")
	f.git("checkout", "-q", "-b", "gone")
	f.commit("second", "b", "token of old\n")
	f.git("checkout", "-q", "main")
	f.git("branch", "-qD", "gone")
	f.git("repack", "-adkq")
	o := Options{NoWorktree: true}
	src := opened(f.dir, o)(t)
	for range src.Chunks(t.Context()) {
	}
	o.Past = remembered(t, src, nil) // what nothing reached was given no place
	third := f.commit("third", "c", "token of old\n")
	places, _, src, _ := foundIn(t, f.dir, o)
	same(t, "places", 1, len(places))
	if !strings.Contains(places[0], third) || src.(*git).plan.history.recalled != nil {
		t.Errorf("%q, recalled: %v", places, src.(*git).plan.history.recalled != nil)
	}
}

// TestPastDamaged: an outline that is cut off or of another form is not used, and nothing changes but the cost.
func TestPastDamaged(t *testing.T) {
	f := newFixture(t)
	f.commit("one", "a", "token one\n", "d/b", "plain\n")
	f.commit("two", "d/b", "token two\n")
	o := Options{NoWorktree: true}
	want, again, src, _ := foundIn(t, f.dir, o)
	whole := remembered(t, src, again)
	for _, damaged := range [][]byte{nil, {0}, whole.Outline[1:], whole.Outline[:len(whole.Outline)-1], append(slices.Clone(whole.Outline), 0)} {
		o.Past = &Past{Tips: whole.Tips, Again: again, Outline: damaged}
		got, _, src, _ := foundIn(t, f.dir, o)
		if !slices.Equal(want, got) || src.(*git).plan.history.recalled != nil {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}

// TestPastHole: a repository that lost an object which is to be read says so.
func TestPastHole(t *testing.T) {
	f := newFixture(t)
	f.commit("one", "a", "token one\n", "b", "plain\n")
	_, again, src, _ := foundIn(t, f.dir, Options{NoWorktree: true})
	past := remembered(t, src, again)
	f.commit("two", "b", "more\n")
	for _, lost := range []string{f.git("rev-parse", "HEAD:a"), f.git("rev-parse", "HEAD:b"), f.git("rev-parse", "HEAD^{tree}")} {
		path := filepath.Join(f.dir, ".git", "objects", lost[:2], lost[2:])
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		src := opened(f.dir, Options{NoWorktree: true, Past: past})(t)
		gaps := 0
		for _, err := range src.Chunks(t.Context()) {
			var gap *scanner.Gap
			if errors.As(err, &gap) && strings.Contains(gap.What, lost) {
				gaps++
			}
		}
		same(t, "gaps", 1, gaps)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzOutline: whatever is read back as an outline is written the same, and nothing else is read.
func FuzzOutline(f *testing.F) {
	id := func(b byte) pack.ID { return pack.MakeID(bytes.Repeat([]byte{b}, 20)) }
	o := &outline{
		hash: 20, commits: []outlineCommit{{id: id(1), tree: id(2), when: -5}, {id: id(3), tree: id(2), when: 1 << 40, parents: []int32{0}}},
		names: []string{"a", ""}, again: []pack.ID{id(4)}, trees: []outlineTree{{id(2), []outlineEdge{{0, 0}, {1, 1}}}},
		loose: []pack.ID{id(5), id(6)},
	}
	f.Add(o.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		o := decodeOutline(data, 20)
		if o == nil {
			return
		}
		if d := decodeOutline(o.encode(), 20); d == nil || !reflect.DeepEqual(o, d) {
			t.Errorf("%+v is read as %+v", o, d)
		}
	})
}

// TestVersions: what a text has in common with the one before is what it says.
func TestVersions(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var v versions
		var last []byte
		size := rapid.SampledFrom([]int{3, 2 * block}).Draw(rt, "size")
		for range 5 {
			text := bytes.Repeat([]byte("ab"), rapid.IntRange(0, size).Draw(rt, "length"))
			for range rapid.IntRange(0, 2).Draw(rt, "changes") {
				if len(text) > 0 {
					text[rapid.IntRange(0, len(text)-1).Draw(rt, "at")] = 'c'
				}
			}
			c := v.next("p", text)
			for _, run := range c.Copies {
				if run.Len <= 0 || !bytes.Equal(last[run.From:run.From+run.Len], text[run.To:run.To+run.Len]) {
					rt.Fatalf("%+v of %q in %q", run, last, text)
				}
			}
			if bytes.Equal(last, text) && len(text) > 0 && (len(c.Copies) != 1 || c.Copies[0].Len != len(text)) {
				rt.Fatalf("the same text is %+v", c.Copies)
			}
			if n := len(c.Copies); n == 2 && c.Copies[0].To+c.Copies[0].Len > c.Copies[1].To {
				rt.Fatalf("%+v overlap", c.Copies)
			}
			last = text
		}
	})
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
