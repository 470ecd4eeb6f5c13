package source

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// pointerTo is the pointer to a text.
func pointerTo(text string) string {
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%x\nsize %d\n", sha256.Sum256([]byte(text)), len(text))
}

// keep puts a text where Git LFS keeps files, and returns the pointer to it.
func (f *fixture) keep(text string) string {
	oid := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	f.write(filepath.Join(".git/lfs/objects", oid[:2], oid[2:4], oid), text)
	return pointerTo(text)
}

func TestParsePointer(t *testing.T) {
	whole := pointerTo("x")
	oid := strings.Repeat("0a", 32)
	for text, want := range map[string]bool{
		whole: true, whole + "\n": false, strings.TrimSuffix(whole, "\n"): false, "": false, whole[:60]: false,
		strings.Replace(whole, "git-lfs", "hawser", 1):                         true,
		strings.Replace(whole, "oid", "ext-0-foo sha256:"+oid+"\noid", 1):      true,
		strings.Replace(whole, "v1", "v2", 1):                                  false,
		strings.Replace(whole, "size 1", "size -1", 1):                         false,
		strings.Replace(whole, "size 1", "size 99999999999999999999999999", 1): false,
		strings.Replace(whole, "sha256:", "sha256:../", 1):                     false,
		whole + strings.Repeat("x", maxPointer):                                false,
	} {
		if p, ok := parsePointer([]byte(text)); ok != want || ok && (len(p.oid) != 64 || p.size != 1) {
			t.Errorf("%q: %v %+v", text, ok, p)
		}
	}
}

func FuzzPointer(f *testing.F) {
	f.Add([]byte(pointerTo("x")))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, ok := parsePointer(text)
		if ok && (strings.Trim(p.oid, "0123456789abcdef") != "" || len(p.oid) != 64 || p.size < 0) {
			t.Errorf("%+v", p)
		}
	})
}

// TestLFS: what pointers name is read where it is, in history and work tree, once; what is not here is one gap.
func TestLFS(t *testing.T) {
	f := newFixture(t)
	old, now, plain := "token = old\n", "token = now\n", "token = fetched\n"
	first := f.commit("first", "art/a.txt", f.keep(old), "b", pointerTo("token = elsewhere\n"), "plain", "token = plain\n")
	second := f.commit("second", "art/a.txt", f.keep(now))
	want := []string{
		fmt.Sprintf("art/a.txt!lfs/a.txt in \"\" %.7s false", first),
		fmt.Sprintf("art/a.txt!lfs/a.txt in \"\" %.7s true", second),
		fmt.Sprintf("plain in \"\" %.7s true", first),
	}
	slices.Sort(want)
	missing := []string{"git LFS: what the pointer b names is not here (git lfs fetch --all)"}
	found, gaps, src := tokens(t, f.dir, Options{})
	same(t, "places", want, found)
	same(t, "gaps", missing, gaps)
	same(t, "files seen", 2, src.(scanner.Counter).Coverage().Seen["LFS files"])

	f.write("art/a.txt", now) // as it is checked out
	found, _, _ = tokens(t, f.dir, Options{})
	same(t, "places, checked out", want, found)
	found, _, _ = tokens(t, f.dir, Options{NoHistory: true})
	same(t, "files", []string{`art/a.txt in ""  false`, `plain in ""  false`}, found)
	f.write("art/a.txt", "token = mine\n")
	found, _, _ = tokens(t, f.dir, Options{})
	same(t, "a changed file is read", len(want)+1, len(found))

	f.write("b", f.keep(plain))
	found, gaps, _ = tokens(t, f.dir, Options{NoHistory: true})
	same(t, "pointer in the work tree", []string{`art/a.txt in ""  false`, `b!lfs/b in ""  false`, `plain in ""  false`}, found)
	same(t, "gaps of the work tree", []string(nil), gaps)
	found, _, _ = tokens(t, filepath.Join(f.dir, "art"), Options{})
	same(t, "a directory of it", []string{`a.txt in ""  false`}, found)
}

// TestLFSMany: what is missing is told once, whatever reads it; what is damaged is told.
func TestLFSMany(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		f.write(fmt.Sprintf("f%02d", i), pointerTo(fmt.Sprint(i)))
	}
	f.commit("many")
	for _, o := range []Options{{}, {NoHistory: true}, {NoWorktree: true}} {
		_, gaps, _ := tokens(t, f.dir, o)
		same(t, "gaps", []string{"git LFS: what 30 pointers name is not here, among them f00 (git lfs fetch --all)"}, gaps)
	}
	bare := t.TempDir()
	f.git("clone", "-q", "--bare", f.dir, bare)
	_, gaps, _ := tokens(t, bare, Options{})
	if len(gaps) != 1 || !strings.Contains(gaps[0], "(in a clone of it: git lfs fetch --all, then scan that)") {
		t.Errorf("gaps of a bare repository: %q", gaps)
	}
	g := newFixture(t)
	p := g.keep("token = whole\n")
	g.commit("one", "a", strings.Replace(p, "size 14", "size 99", 1))
	found, gaps, _ := tokens(t, g.dir, Options{})
	same(t, "places", 1, len(found))
	same(t, "gaps", []string{"git LFS file a: 14 bytes are here of 99 (git lfs fsck, then git lfs fetch --all)"}, gaps)
	_, gaps, _ = tokens(t, g.dir, Options{MaxFile: 130})
	same(t, "gaps", 1, len(gaps))
	oid := strings.Fields(p)[3][len("sha256:"):]
	g.write(filepath.Join(".git/lfs/objects", oid[:2], oid[2:4], oid), p) // a pointer to itself
	if _, gaps, _ = tokens(t, g.dir, Options{}); len(gaps) != 1 {
		t.Errorf("gaps of a pointer to itself: %q", gaps)
	}
}

// TestLFSAdditions: what is staged, and what a range adds, is read through its pointers.
func TestLFSAdditions(t *testing.T) {
	f := newFixture(t)
	f.commit("begin", "a", f.keep("one\n"))
	f.write("a", f.keep("token = staged\n"))
	f.git("add", "a")
	want(t, "staged", lastOf(staged(t, f.dir)), "a!lfs/a: token = staged")
	f.git("commit", "-qm", "second")
	want(t, "range", lastOf(ranged(t, f.dir, Revisions{From: []string{"HEAD"}, Not: []string{"HEAD~"}})), "a!lfs/a: token = staged")
	f.git("config", "lfs.storage", "elsewhere")
	want(t, "moved", lastOf(ranged(t, f.dir, Revisions{From: []string{"HEAD"}, Not: []string{"HEAD~"}})), "error: git LFS: what the pointer a names is not here (git lfs fetch --all)")
	if err := os.Rename(filepath.Join(f.dir, ".git/lfs"), filepath.Join(f.dir, ".git/elsewhere")); err != nil {
		t.Fatal(err)
	}
	want(t, "followed", lastOf(ranged(t, f.dir, Revisions{From: []string{"HEAD"}, Not: []string{"HEAD~"}})), "a!lfs/a: token = staged")
	found, gaps, _ := tokens(t, f.dir, Options{})
	same(t, "history", 1, len(found))
	same(t, "gaps", []string(nil), gaps)
}

func lastOf(all []string) []string { return all[max(0, len(all)-1):] }

// TestPastLFS: what is not here is told by the next scan too, and read once it is here.
func TestPastLFS(t *testing.T) {
	f := newFixture(t)
	f.commit("one", "a", pointerTo("token = late\n"), "b", "one\n")
	src := opened(f.dir, Options{})(t)
	read := func(src scanner.Source) (texts []string, gaps []scanner.Gap) {
		all, some, err := drain(t.Context(), src)
		if err != nil {
			t.Fatal(err)
		}
		for name := range all {
			texts = append(texts, strings.Fields(name)[0])
		}
		for _, g := range some {
			gaps = append(gaps, *g)
		}
		slices.Sort(texts)
		return texts, gaps
	}
	_, gaps := read(src)
	same(t, "lasting", true, len(gaps) == 1 && Lasting(gaps))
	same(t, "others are not", false, Lasting([]scanner.Gap{{What: "x"}}))
	past, err := src.(Rememberer).Past(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	src = opened(f.dir, Options{Past: past})(t)
	texts, gaps := read(src)
	same(t, "read again", []string{"a"}, texts)
	same(t, "gaps", 1, len(gaps))
	if past, err = src.(Rememberer).Past(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	f.keep("token = late\n")
	texts, gaps = read(opened(f.dir, Options{Past: past})(t))
	same(t, "read once it is here", []string{"a", "a!lfs/a"}, texts)
	same(t, "gaps", 0, len(gaps))
}
