package source

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// TestGitMissingObjects: each missing object is named, with what to do, and everything else is read.
func TestGitMissingObjects(t *testing.T) {
	for _, c := range []struct {
		name, object string
		lost         []string // parts of the names of texts that cannot be reached
	}{
		{"blob", "HEAD~1:a", []string{"a " + blobName("two\n")}},
		{"tree", "HEAD~1:sub", []string{"sub/b " + blobName("deep two\n")}},
		{"commit", "HEAD~1", []string{blobName("two\n"), blobName("deep two\n"), blobName("one\n"), blobName("deep one\n")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			first := f.commit("first", "a", "one\n", "sub/b", "deep one\n")
			second := f.commit("second", "a", "two\n", "sub/b", "deep two\n")
			f.commit("third", "a", "three\n", "sub/b", "deep three\n")
			want, _, _ := mustDrain(t, f.dir, Options{})
			id := f.git("rev-parse", c.object)
			for _, lost := range c.lost {
				want = without(want, lost)
			}
			if c.name == "commit" {
				want = without(without(want, first), second)
			}
			remove(t, f.loose(id))
			texts, gaps, _ := mustDrain(t, f.dir, Options{})
			same(t, "texts", want, texts)
			same(t, "gaps", []string{
				c.name + " " + id + ": missing from the repository → git fsck --full, then fetch it from another copy or clone anew",
			}, gaps)
		})
	}
}

// TestGitManyMissingObjects: a repository that lacks thousands does not fill the report.
func TestGitManyMissingObjects(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		f.write(fmt.Sprint("f", i), fmt.Sprint("text ", i, "\n"))
	}
	f.commit("first")
	for i := range 30 {
		remove(t, f.loose(blobName(fmt.Sprint("text ", i, "\n"))))
	}
	_, gaps, _ := mustDrain(t, f.dir, Options{NoWorktree: true})
	same(t, "gaps", maxNamed+1, len(gaps))
	same(t, "the rest", "10 more objects: missing or damaged → git fsck --full", gaps[maxNamed])
	texts, _, _ := mustDrain(t, f.dir, Options{})
	same(t, "a file whose blob is missing", "text 7\n", texts["f7"])
}

// TestGitDamagedPack turns one byte of a pack and of its index at many places. Nothing may panic, nothing may hang, and
// whatever is not read must be a gap.
func TestGitDamagedPack(t *testing.T) {
	f := newFixture(t)
	text := strings.Repeat("a line of text that repeats itself\n", 20)
	for i := range 8 {
		f.commit(fmt.Sprint("commit ", i), "a", fmt.Sprint(text, i, "\n"), fmt.Sprint("sub/f", i), fmt.Sprint(i, text))
	}
	f.git("gc", "-q", "--aggressive", "--prune=now")
	whole, _, _ := mustDrain(t, f.dir, Options{NoWorktree: true})
	for _, pattern := range []string{"*.pack", "*.idx"} {
		files, err := filepath.Glob(filepath.Join(f.dir, ".git", "objects", "pack", pattern))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(files[0], 0o600); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(data)-20; i += 7 {
			for _, flip := range []byte{0xff, 0x10} {
				damagedPack(t, f, files[0], data, i, flip, whole)
			}
		}
		if err := os.WriteFile(files[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func damagedPack(t *testing.T, f *fixture, file string, data []byte, i int, flip byte, whole map[string]string) {
	t.Helper()
	turned := bytes.Clone(data)
	turned[i] ^= flip
	if err := os.WriteFile(file, turned, 0o600); err != nil {
		t.Fatal(err)
	}
	texts, gaps, err := drain(t.Context(), opened(f.dir, Options{NoWorktree: true})(t))
	if err != nil {
		t.Errorf("%s, byte %d: %v", filepath.Ext(file), i, err)
	}
	if len(gaps) == 0 && !maps.Equal(texts, whole) {
		t.Errorf("%s, byte %d: %d of %d texts or other ones, and no gap", filepath.Ext(file), i, len(texts), len(whole))
	}
}

func TestGitTruncatedPack(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", strings.Repeat("abc\n", 1000))
	f.git("gc", "-q")
	files, _ := filepath.Glob(filepath.Join(f.dir, ".git", "objects", "pack", "*.pack"))
	if err := os.Truncate(files[0], 40); err != nil {
		t.Fatal(err)
	}
	_, gaps, _ := mustDrain(t, f.dir, Options{NoWorktree: true})
	if len(gaps) != 1 || !strings.HasPrefix(gaps[0], "commit ") {
		t.Errorf("gaps %q", gaps)
	}
}

func TestGitShallow(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	f.commit("second", "a", "two\n")
	dir := filepath.Join(t.TempDir(), "shallow")
	f.git("clone", "-q", "--depth=1", "file://"+f.dir, dir)
	texts, gaps, src := mustDrain(t, dir, Options{})
	same(t, "gaps", []string{"shallow clone: history before 2023-11-15 is missing → git fetch --unshallow"}, gaps)
	same(t, "texts", []string{"a " + blobName("two\n"), "message " + f.git("rev-parse", "HEAD")}, slices.Sorted(maps.Keys(texts)))
	same(t, "commits", 1, src.(scanner.Counter).Coverage().Seen["commits"])

	f.dir = dir
	f.git("fetch", "-q", "--unshallow")
	_, gaps, _ = mustDrain(t, dir, Options{})
	same(t, "gaps after the advice was taken", []string(nil), gaps)
}

func TestGitPartialClone(t *testing.T) {
	f := newFixture(t)
	f.git("config", "uploadpack.allowFilter", "true")
	f.git("config", "uploadpack.allowAnySHA1InWant", "true")
	f.commit("first", "a", "one\n", "b", "two\n")
	f.commit("second", "a", "three\n")
	dir := filepath.Join(t.TempDir(), "partial")
	f.git("clone", "-q", "--filter=blob:none", "file://"+f.dir, dir)
	texts, gaps, _ := mustDrain(t, dir, Options{})
	same(t, "gaps", []string{"partial clone: 1 objects were never fetched → git fetch --refetch --no-filter"}, gaps)
	same(t, "texts", 4, len(texts)) // two messages and what is checked out

	f.dir = dir
	f.git("fetch", "-q", "--refetch", "--no-filter")
	_, gaps, _ = mustDrain(t, dir, Options{})
	same(t, "gaps after the advice was taken", []string(nil), gaps)
}

// TestGitBrokenReference: an empty file, which a crash leaves, does not hide the other references.
func TestGitBrokenReference(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	f.git("branch", "gone")
	f.write(".git/refs/heads/gone", "0000000000000000000000000000000000000000\n")
	texts, gaps, _ := mustDrain(t, f.dir, Options{})
	same(t, "texts", 2, len(texts))
	same(t, "gaps", []string{"reference refs/heads/gone: it names no object → git fsck, then git fetch or git update-ref -d refs/heads/gone"}, gaps)

	f.write(".git/refs/heads/gone", "")
	texts, gaps, _ = mustDrain(t, f.dir, Options{})
	same(t, "texts", 2, len(texts))
	same(t, "gaps", []string{"reference refs/heads/gone: its file is empty → git fsck, then git fetch or git update-ref -d refs/heads/gone"}, gaps)

	f.write(".git/refs/heads/gone.lock", "half a name") // somebody is writing
	remove(t, filepath.Join(f.dir, ".git", "refs", "heads", "gone"))
	_, gaps, _ = mustDrain(t, f.dir, Options{})
	same(t, "gaps beside a lock", []string(nil), gaps)

	for _, c := range []struct{ file, text, want string }{
		{"HEAD", "", "reference HEAD: its file is empty"},
		{"HEAD", "text", "reference HEAD: it names no object"},
		{"packed-refs", "no reference\n", "reference in packed-refs: a line names no object"},
	} {
		f.write(".git/"+c.file, c.text)
		texts, gaps, _ = mustDrain(t, f.dir, Options{NoWorktree: true})
		same(t, "texts with a damaged "+c.file, 2, len(texts))
		if len(gaps) != 1 || !strings.HasPrefix(gaps[0], c.want) {
			t.Errorf("%s: gaps %q", c.file, gaps)
		}
		f.write(".git/HEAD", "ref: refs/heads/main\n")
	}
}

func TestGitUnreadableIndex(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	f.write(".git/index", "DIRC no index")
	texts, gaps, _ := mustDrain(t, f.dir, Options{})
	same(t, "texts", 2, len(texts))
	if len(gaps) != 2 || !strings.HasPrefix(gaps[0], "index of ") || !strings.HasPrefix(gaps[1], "submodules of ") {
		t.Errorf("gaps %q", gaps)
	}
}

func TestGitBadRepositories(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	for _, c := range []struct{ name, config, want string }{
		{"syntax", "[core\n", "configuration is damaged"},
		{"hash", "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = sha3\n", "extension objectformat = sha3"},
		{"references", "[core]\nrepositoryformatversion = 1\n[extensions]\nrefstorage = other\n", "extension refstorage = other"},
	} {
		f.write(".git/config", c.config)
		if _, err := Open(t.Context(), f.dir, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := os.Rename(filepath.Join(f.dir, ".git", "HEAD"), filepath.Join(f.dir, ".git", "gone")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), f.dir, Options{}); err == nil || !strings.Contains(err.Error(), "HEAD or refs is missing") {
		t.Errorf("repository without HEAD: %v", err)
	}
	texts, _, _ := mustDrain(t, f.dir, Options{Kind: "dir"})
	same(t, "its files", map[string]string{"a": "one\n"}, texts)
	f.write(".git/HEAD", "ref: refs/heads/main\n")
	f.write(".git/config", "", ".git/commondir", "../nowhere\n")
	if _, err := Open(t.Context(), f.dir, Options{}); err == nil || !strings.Contains(err.Error(), "commondir points to") {
		t.Errorf("a part of a repository that is nowhere: %v", err)
	}
	remove(t, filepath.Join(f.dir, ".git", "commondir"))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".git"), []byte("gitdir: /nowhere/at/all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, Options{}); err == nil || !strings.Contains(err.Error(), "where no repository is") {
		t.Errorf("work tree without its repository: %v", err)
	}
	f.write(".git/config", "", ".git/shallow", "no name\n")
	if _, _, err := drain(t.Context(), opened(f.dir, Options{})(t)); err == nil || !strings.Contains(err.Error(), "shallow") {
		t.Errorf("damaged list of shallow commits: %v", err)
	}
}

// forge writes a loose object under a name of its choice.
func (f *fixture) forge(id, kind string, body []byte) {
	f.t.Helper()
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	fmt.Fprintf(z, "%s %d\x00%s", kind, len(body), body)
	if err := z.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.write(filepath.Join(".git", "objects", id[:2], id[2:]), out.String())
}

// TestGitForgedObjects: objects that no honest repository has end the scan neither early nor never.
func TestGitForgedObjects(t *testing.T) {
	f := newFixture(t)
	f.commit("first", "a", "one\n")
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	body := fmt.Sprintf("tree %s\nparent %s\n\ncircle\n", f.git("rev-parse", "HEAD^{tree}"), a)
	f.forge(a, "commit", []byte(body))
	f.write(".git/refs/heads/circle", a+"\n")
	tree := append([]byte("40000 again\x00"), bytes.Repeat([]byte{0xbb}, 20)...)
	f.forge(b, "tree", append(tree, append([]byte("100644 f\x00"), bytes.Repeat([]byte{0xcc}, 20)...)...))
	f.forge(strings.Repeat("c", 40), "blob", []byte("in the spiral\n"))
	f.write(".git/refs/heads/spiral", b+"\n")
	tag := strings.Repeat("d", 40)
	f.forge(tag, "tag", []byte("object "+tag+"\ntype tag\ntag knot\n\nknotted\n"))
	f.write(".git/refs/tags/knot", tag+"\n")
	texts, gaps, src := mustDrain(t, f.dir, Options{NoWorktree: true})
	for name, want := range map[string]string{
		"f " + strings.Repeat("c", 40): "in the spiral\n",
		"message " + a:                 "circle\n", "message " + tag: "knotted\n",
	} {
		same(t, name, want, texts[name])
	}
	if len(gaps) != 1 || !strings.HasPrefix(gaps[0], "commit "+a+": it is its own ancestor") {
		t.Errorf("gaps %q", gaps)
	}
	if _, err := src.(scanner.Placer).Place(t.Context(), []scanner.Location{{Blob: strings.Repeat("c", 40)}, {Commit: a, Field: messageField}}); err != nil {
		t.Error(err)
	}
}

// TestGitBomb: a few objects that describe more paths than can be visited.
func TestGitBomb(t *testing.T) {
	f := newFixture(t)
	below := f.gitInput("token = in-a-bomb\n", "hash-object", "-w", "--stdin")
	kind, mode := "blob", "100644"
	for range 12 {
		var list strings.Builder
		for i := range 10 {
			fmt.Fprintf(&list, "%s %s %s\tf%d\n", mode, kind, below, i)
		}
		below = f.gitInput(list.String(), "mktree")
		kind, mode = "tree", "040000"
	}
	f.git("update-ref", "refs/heads/main", f.git("commit-tree", "-m", "bomb", below))
	texts, gaps, src := mustDrain(t, f.dir, Options{NoWorktree: true})
	same(t, "gaps", []string(nil), gaps)
	same(t, "texts", 2, len(texts))
	places, err := src.(scanner.Placer).Place(t.Context(), []scanner.Location{{Blob: blobName("token = in-a-bomb\n")}})
	if err != nil || len(places[0]) != maxGiven {
		t.Errorf("%d places, %v", len(places[0]), err)
	}
}
