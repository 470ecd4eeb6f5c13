package source

import (
	"crypto/sha1"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrackedPlain reads indexes that git wrote in both ways.
func TestTrackedPlain(t *testing.T) {
	dir := writeTree(t, map[string]string{
		"a": "one\n", "sub/b": "two\n", "sub/deeper/c d": "three\n", "ä": "four\n", strings.Repeat("long/", 40) + strings.Repeat("name", 50): "five\n",
	})
	git := func(args ...string) { gitAt(t, dir, args...) }
	git("init", "-q")
	git("add", ".")
	git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	index := filepath.Join(dir, ".git", "index")
	for _, version := range []int{2, 3, 4} {
		if version == 3 {
			git("update-index", "--skip-worktree", "a")
		}
		if version == 4 {
			git("update-index", "--index-version=4")
		}
		r, ok, err := findRepository(dir)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if err := r.open(Options{}); err != nil {
			t.Fatal(err)
		}
		slow, err := r.storage.Index()
		if err != nil {
			t.Fatal(err)
		}
		want := &tracked{}
		for _, e := range slow.Entries {
			want.add(e.Name, e.Mode == modeLink)
		}
		got, ok := trackedPlain(r.gitDir)
		if ok != (version < 4) || int(slow.Version) != version {
			t.Fatalf("version %d, written as %d: read is %t", version, slow.Version, ok)
		}
		if ok {
			same(t, "files", want.files, got.files)
			same(t, "directories", want.dirs, got.dirs)
			same(t, "links", want.links, got.links)
		}
	}
	git("update-index", "--index-version=2")
	whole, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	// Each is refused, and read by others: cut short, changed, with an extension that must be understood, with too many entries.
	body := string(whole[:len(whole)-sha1.Size])
	for name, text := range map[string]string{
		"short":     string(whole[:len(whole)/2]),
		"changed":   strings.Replace(string(whole), "sub", "sud", 1),
		"extension": summed(body + "link\x00\x00\x00\x00"),
		"too many":  summed(body[:8] + "\x00\x00\xff\xff" + body[12:]),
		"empty":     "",
	} {
		if err := os.WriteFile(index, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := trackedPlain(filepath.Dir(index)); ok {
			t.Errorf("%s: it was read", name)
		}
	}
}

// summed is an index with its sum.
func summed(body string) string {
	sum := sha1.Sum([]byte(body))
	return body + string(sum[:])
}
