package source

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestPastLoss: a scan that knows what an earlier one saw tells of what was lost since, as one of everything does, though it reads
// none of it.
func TestPastLoss(t *testing.T) {
	needGit(t)
	packed := func(f *fixture) { f.git("repack", "-dq") }
	loose := func(*fixture) {}
	lose := func(object string) func(*fixture) {
		return func(f *fixture) { remove(f.t, f.loose(f.git("rev-parse", object))) }
	}
	for _, c := range []struct {
		name   string
		before func(*fixture) // after the first commit, and after the second
		after  func(*fixture)
		lost   bool
	}{
		{"nothing", loose, loose, false},
		{"nothing in packs", packed, loose, false},
		{"packed since", loose, packed, false},
		{"packed anew", packed, func(f *fixture) { f.git("repack", "-adfq") }, false},
		{"a blob", loose, lose("HEAD~2:a"), true},
		{"a tree", loose, lose("HEAD~2:sub"), true},
		{"a commit", loose, lose("HEAD~2"), true},
		{"a tag", loose, lose("refs/tags/v1"), true},
		{"a pack", packed, removePack, true},
		{"an index", packed, func(f *fixture) { remove(f.t, packFiles(f, ".idx")[0]) }, true},
		{"the end of a pack", packed, cutPack, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.commit("first", "a", "one\n", "sub/b", "deep one\n")
			f.git("tag", "-a", "-m", "one", "v1")
			c.before(f)
			f.commit("second", "a", "two\n", "key", "token\n")
			c.before(f)
			o := Options{NoWorktree: true}
			_, again, src, _ := foundIn(t, f.dir, o)
			o.Past = remembered(t, src, again)
			// What one scan hands on, the next hands on too.
			_, again, src, _ = foundIn(t, f.dir, o)
			if src.(*git).plan.history.recalled == nil {
				t.Fatal("the whole history was read")
			}
			o.Past = remembered(t, src, again)
			f.commit("third", "a", "three\n")
			c.after(f)
			_, want, _ := mustDrain(t, f.dir, Options{NoWorktree: true})
			_, got, _ := mustDrain(t, f.dir, o)
			same(t, "gaps", want, got)
			same(t, "gaps are told of", c.lost, len(got) > 0)
		})
	}
}

// packFiles are the files of packs with an ending, the oldest first.
func packFiles(f *fixture, ending string) []string {
	all, err := filepath.Glob(filepath.Join(f.dir, ".git", "objects", "pack", "*"+ending))
	if err != nil || len(all) == 0 {
		f.t.Fatalf("no pack: %v", err)
	}
	made := func(path string) time.Time {
		info, err := os.Stat(path)
		if err != nil {
			f.t.Fatal(err)
		}
		return info.ModTime()
	}
	slices.SortFunc(all, func(a, b string) int { return made(a).Compare(made(b)) })
	return all
}

func removePack(f *fixture) {
	for _, ending := range []string{".pack", ".idx"} {
		remove(f.t, packFiles(f, ending)[0])
	}
}

// cutPack takes from a pack the object that stands last.
func cutPack(f *fixture) {
	path := packFiles(f, ".pack")[0]
	text, err := os.ReadFile(path)
	if err != nil {
		f.t.Fatal(err)
	}
	remove(f.t, path)
	if err := os.WriteFile(path, text[:len(text)-25], 0o600); err != nil {
		f.t.Fatal(err)
	}
}
