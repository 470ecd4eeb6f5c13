package pack

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"pgregory.net/rapid"
)

// git runs git in dir.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return gitInput(t, dir, nil, args...)
}

func gitInput(t testing.TB, dir string, in io.Reader, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is not installed")
		}
		t.Skip("git is not installed")
	}
	cmd := exec.Command("git", append([]string{"-c", "gc.auto=0", "-c", "user.name=A", "-c", "user.email=a@acme.example"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, in
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// build makes a repository with blobs that are deltas of each other, and returns it.
func build(t testing.TB, format string) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "--object-format="+format)
	for i := range 12 {
		text := strings.Repeat("some line of text\n", 200+i) + strings.Repeat(fmt.Sprint(i), 50*i)
		for name, text := range map[string]string{"a": text, "b": fmt.Sprint(i), "empty": ""} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		git(t, dir, "add", "-A")
		git(t, dir, "commit", "-q", "-m", fmt.Sprint("commit ", i))
	}
	git(t, dir, "tag", "-a", "-m", "tagged", "v1")
	return dir
}

// names lists all objects that git knows.
func names(t testing.TB, dir string) []ID {
	t.Helper()
	var ids []ID
	for name := range strings.FieldsSeq(git(t, dir, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")) {
		id, err := ParseID(name)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// check reads objects and compares their names with the sums of their contents.
func check(t testing.TB, s *Store, ids []ID, size int) {
	t.Helper()
	for _, id := range ids {
		o, err := s.Object(id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		var sum hash.Hash = sha1.New()
		if size == sha256.Size {
			sum = sha256.New()
		}
		fmt.Fprintf(sum, "%s %d\x00", o.Type, o.Size)
		r, err := o.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(sum, r); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		r.Close()
		if MakeID(sum.Sum(nil)) != id || !s.Has(id) {
			t.Errorf("%s: wrong content", id)
		}
	}
}

func TestStore(t *testing.T) {
	for _, format := range []struct {
		name string
		size int
	}{{"sha1", 20}, {"sha256", 32}} {
		dir := build(t, format.name)
		ids := names(t, dir)
		borrower := t.TempDir()
		for _, form := range []struct {
			name string
			args []string
		}{
			{"loose", []string{"status"}},
			{"some packed", []string{"repack", "-q"}},
			{"offset deltas", []string{"repack", "-adfq", "--depth=50"}},
			{"reference deltas", []string{"-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"}},
			{"many packs", []string{"repack", "-adfq", "--max-pack-size=1k"}},
			{"alternates", []string{"clone", "-q", "--bare", "--shared", ".", filepath.Join(borrower, "second")}},
		} {
			t.Run(format.name+"/"+form.name, func(t *testing.T) {
				git(t, dir, form.args...)
				objects := filepath.Join(dir, ".git", "objects")
				if form.name == "alternates" {
					objects = filepath.Join(borrower, "second", "objects")
				}
				s, problems := Open(objects, format.size)
				defer s.Close()
				if len(problems) > 0 {
					t.Error(problems)
				}
				check(t, s, ids, format.size)
				again := slices.Clone(ids)
				slices.Reverse(again)
				s.Sort(again)
				sorted := slices.Clone(ids)
				s.Sort(sorted)
				if !slices.Equal(again, sorted) {
					t.Error("the order depends on the order before")
				}
				f := s.Fork()
				defer f.Close()
				check(t, f, again, format.size)
				if _, err := s.Object(MakeID(bytes.Repeat([]byte{7}, format.size))); !errors.Is(err, ErrMissing) {
					t.Errorf("an object that is not there: %v", err)
				}
			})
		}
	}
}

// TestStreams reads objects over Large, whole ones, from a pack and from a file of its own.
func TestStreams(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	if err := os.WriteFile(filepath.Join(dir, "large"), bytes.Repeat([]byte("0123456789abcdef"), Large/16+1), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "large")
	ids := names(t, dir)
	for range 2 {
		s, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
		check(t, s, ids, 20)
		id, _ := ParseID(strings.TrimSpace(git(t, dir, "rev-parse", "HEAD:large")))
		if o, err := s.Object(id); err != nil || o.Data != nil || o.Size != Large+16 {
			t.Errorf("%d bytes, in memory: %v, %v", o.Size, o.Data != nil, err)
		}
		s.Close()
		git(t, dir, "repack", "-adq")
	}
}

func TestAlternatesProblems(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for dir, lines := range map[string]string{a: "# comment\n\n" + b + "\n/not/there\n", b: a + "\n"} {
		if err := os.MkdirAll(filepath.Join(dir, "info"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "info", "alternates"), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, problems := Open(a, 20)
	if !slices.Equal(s.dirs, []string{a, b}) || len(problems) != 1 || problems[0].Path != "/not/there" {
		t.Errorf("directories %v, problems %v", s.dirs, problems)
	}
}

// TestCircularDeltas: deltas that are each other's base are an error, not a hang or an exhausted stack.
func TestCircularDeltas(t *testing.T) {
	dir := build(t, "sha1")
	git(t, dir, "-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
	packs, _ := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.pack"))
	data, err := os.ReadFile(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	s, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
	defer s.Close()
	circles := 0
	for _, id := range names(t, dir) {
		at, ok := s.find(id)
		if !ok {
			continue
		}
		f, err := s.file(at.pack)
		if err != nil {
			t.Fatal(err)
		}
		e, err := f.header(at.offset, 20)
		if err != nil || e.typ != refDelta {
			continue
		}
		turned := bytes.Clone(data)
		copy(turned[e.body-20:], id.bytes())
		if err := os.Remove(packs[0]); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(packs[0], turned, 0o600); err != nil {
			t.Fatal(err)
		}
		again, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
		if _, err := again.Object(id); err == nil || !strings.Contains(err.Error(), "a chain of more than") {
			t.Errorf("%s is its own base: %v", id, err)
		}
		again.Close()
		circles++
	}
	if circles == 0 {
		t.Error("the pack has no reference delta")
	}
}

func TestManyPacks(t *testing.T) {
	dir := t.TempDir()
	git(t, dir, "init", "-q")
	for i := range 70 {
		name := filepath.Join(dir, "f")
		if err := os.WriteFile(name, []byte(fmt.Sprint(i)), 0o600); err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSpace(git(t, dir, "hash-object", "-w", "f"))
		cmd := exec.Command("git", "pack-objects", "-q", ".git/objects/pack/pack")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(id+"\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	ids := names(t, dir)
	git(t, dir, "prune-packed")
	s, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
	check(t, s, ids, 20)
	check(t, s, ids, 20)
	s.Close()
	check(t, s, ids[:3], 20)
	s.Close()
}

// TestApply builds deltas at random.
func TestApply(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		base := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "base")
		var ops, want []byte
		for range rapid.IntRange(0, 6).Draw(rt, "ops") {
			if len(base) > 0 && rapid.Bool().Draw(rt, "copy") {
				at := rapid.IntRange(0, len(base)-1).Draw(rt, "at")
				n := rapid.IntRange(1, len(base)-at).Draw(rt, "n")
				ops = append(ops, 0x80|1|2|0x10|0x20, byte(at), byte(at>>8), byte(n), byte(n>>8))
				want = append(want, base[at:at+n]...)
				continue
			}
			add := rapid.SliceOfN(rapid.Byte(), 1, 127).Draw(rt, "add")
			ops = append(append(ops, byte(len(add))), add...)
			want = append(want, add...)
		}
		delta := append(number(len(want)), ops...)
		delta = append(number(len(base)), delta...)
		got, _, err := rebuild(base, delta, allocate, nil)
		if err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("%q, %v; want %q", got, err, want)
		}
		if len(ops) > 0 {
			if _, _, err := rebuild(base, delta[:len(delta)-1], allocate, nil); err == nil {
				rt.Fatal("a delta that is cut off was applied")
			}
		}
	})
}

func number(n int) []byte {
	var b []byte
	for ; n > 127; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// TestApplyLimits: a size in a delta that nobody could mean is refused before memory is taken.
func TestApplyLimits(t *testing.T) {
	delta := append(number(1), number(maxRebuilt+1)...)
	if _, _, err := rebuild([]byte("x"), delta, allocate, nil); err == nil || !strings.Contains(err.Error(), "over the limit") {
		t.Errorf("got %v", err)
	}
}

// FuzzApply: what a delta makes of its base is what go-git makes of it, and what it says to be copied is.
func FuzzApply(f *testing.F) {
	f.Add([]byte("base text"), []byte("\x09\x05\x91\x00\x03\x02ab"))
	f.Add([]byte("base text"), []byte("\x09\x0a\x91\x00\x05\x91\x05\x04\x01!"))
	room := make([]byte, trusted) // so short a delta says no more that is believed
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		if len(base) > 1<<12 || len(delta) > 256 {
			return
		}
		out, copies, err := rebuild(base, delta, func(n int) []byte { return room[:n] }, nil)
		if err != nil {
			if out != nil {
				t.Error("an error and a text")
			}
			return
		}
		if want, err := packfile.PatchDelta(base, delta); err != nil && len(out) > 0 || !bytes.Equal(want, out) {
			t.Errorf("%q, want %q, %v", out, want, err)
		}
		at := 0
		for _, c := range copies {
			if c.Len <= 0 || c.To < at || !bytes.Equal(out[c.To:c.To+c.Len], base[c.From:c.From+c.Len]) {
				t.Errorf("%+v of %q in %q", c, base, out)
			}
			at = c.To + c.Len
		}
	})
}

func FuzzIndex(f *testing.F) {
	dir := build(f, "sha1")
	git(f, dir, "repack", "-adq")
	files, _ := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.idx"))
	data, err := os.ReadFile(files[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := parseIndex(bytes.NewReader(data), int64(len(data)), 20)
		if err != nil {
			return
		}
		for i := range min(x.count, 1000) {
			x.find(MakeID(x.name(i)))
		}
	})
}

// FuzzPack reads every place of a pack as if an object stood there.
func FuzzPack(f *testing.F) {
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\x33x\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27" + strings.Repeat("s", 20)))
	missing := filepath.Join(f.TempDir(), "p.pack") // of which no object is read as a stream
	empty := &index{hash: 20, fanout: make([]byte, fanoutSize)}
	empty.divide()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 12+20 {
			return
		}
		s := &Store{hash: 20, packs: []*packed{{path: missing, index: empty}}}
		s.reset()
		s.files[0] = newFile(data, 20)
		for i := range min(len(data), 64) {
			o, err := s.packedObject(place{0, int64(i)})
			if err == nil && o.Data != nil && int64(len(o.Data)) != o.Size {
				t.Error("a wrong size")
			}
		}
	})
}

// TestIndexWithoutPack: an index whose pack is gone is as if it were not there.
func TestIndexWithoutPack(t *testing.T) {
	dir := build(t, "sha1")
	git(t, dir, "repack", "-adq")
	packs, _ := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.pack"))
	if err := os.Remove(packs[0]); err != nil {
		t.Fatal(err)
	}
	s, problems := Open(filepath.Join(dir, ".git", "objects"), 20)
	defer s.Close()
	_, objects, more := s.Families()
	if len(problems)+len(more) > 0 || objects != 0 {
		t.Errorf("%d objects, problems %v, %v", objects, problems, more)
	}
}
