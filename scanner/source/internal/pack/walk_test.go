package pack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// deltas makes a repository with long chains and branching ones: versions of a few files, each a small change of one before.
func deltas(t testing.TB, format string, versions int) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "--object-format="+format)
	r := rand.New(rand.NewPCG(7, 7))
	var in bytes.Buffer
	texts := make([][]string, 3)
	for i := range texts {
		for range 200 {
			texts[i] = append(texts[i], fmt.Sprintf("line %d of %d\n", r.IntN(1e6), i))
		}
	}
	for v := range versions {
		lines := texts[v%3]
		lines[r.IntN(len(lines))] = fmt.Sprintf("version %d: %d\n", v, r.IntN(1e9))
		body := strings.Join(lines, "")
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@b.example> %d +0000\ndata 2\nv\nM 644 inline dir/f%d\ndata %d\n%s\n", v+1, v%3, len(body), body)
	}
	gitInput(t, dir, &in, "fast-import", "--quiet", "--depth=30")
	return dir
}

// TestWalkEqualsGit: the walk gives every object once, as git has it, bases first, with copies that are true.
func TestWalkEqualsGit(t *testing.T) {
	for _, c := range []struct{ name, format, repack string }{
		{"offset deltas", "sha1", "repack -adfq --depth=50"},
		{"reference deltas", "sha1", "-c repack.useDeltaBaseOffset=false repack -adfq --depth=200"},
		{"sha256", "sha256", "repack -adfq"},
		{"cruft and kept packs", "sha1", "repack -dq"},
		{"as imported", "sha1", "count-objects"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := deltas(t, c.format, 300)
			git(t, dir, strings.Fields(c.repack)...)
			size := map[string]int{"sha1": 20, "sha256": 32}[c.format]
			s, problems := Open(filepath.Join(dir, ".git", "objects"), size)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			defer s.Close()
			seen := checkWalk(t, s)
			for _, id := range names(t, dir) {
				if _, packed := s.find(id); packed && seen[id] != 1 {
					t.Errorf("%s was visited %d times", id, seen[id])
				}
			}
		})
	}
}

// checkWalk walks everything and holds each node against the object that the store reads singly.
func checkWalk(t *testing.T, s *Store) map[ID]int {
	t.Helper()
	fams, objects, problems := s.Families()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	single := s.Fork()
	defer single.Close()
	seen, copies := map[ID]int{}, 0
	w := NewWalker(s, func(n *Node[[]byte]) bool {
		seen[n.ID]++
		o, err := single.Object(n.ID)
		if err != nil || n.Err != nil || o.Type != n.Type || !bytes.Equal(o.Data, n.Data) {
			t.Fatalf("%s: %v, %v; %s of %d bytes, want %s of %d", n.ID, n.Err, err, n.Type, len(n.Data), o.Type, len(o.Data))
		}
		for _, c := range n.Copies {
			copies++
			if !bytes.Equal(n.Data[c.To:c.To+c.Len], (*n.Base)[c.From:c.From+c.Len]) {
				t.Fatalf("%s: a copy that is none", n.ID)
			}
		}
		*n.Own = append((*n.Own)[:0], n.Data...)
		return true
	})
	for _, f := range fams {
		if !w.Walk(f) {
			t.Fatal("the walk ended")
		}
	}
	if copies == 0 || objects < len(seen) {
		t.Errorf("%d copies, %d objects in all, %d seen", copies, objects, len(seen))
	}
	if w.held != 0 || len(w.frames) != 0 {
		t.Errorf("%d bytes and %d frames are still held", w.held, len(w.frames))
	}
	return seen
}

// TestWalkManyPacks: an object that several packs have is visited once, and what is built on it in one of them gets no false copies.
func TestWalkManyPacks(t *testing.T) {
	dir := deltas(t, "sha1", 60)
	git(t, dir, "repack", "-adfq")
	kept, _ := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.pack"))
	if err := os.WriteFile(strings.TrimSuffix(kept[0], ".pack")+".keep", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "more"), []byte("more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "-c", "core.safecrlf=false", "add", "more")
	git(t, dir, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "more")
	git(t, dir, "repack", "-adfq", "--pack-kept-objects")
	s, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
	defer s.Close()
	if len(s.packs) != 2 {
		t.Fatalf("%d packs", len(s.packs))
	}
	for id, n := range checkWalk(t, s) {
		if n != 1 {
			t.Errorf("%s was visited %d times", id, n)
		}
	}
}

// TestWalkDamaged: whatever byte of a pack is wrong, every object is visited, with its content or an error, and objects that
// the damage does not touch with their content.
func TestWalkDamaged(t *testing.T) {
	dir := deltas(t, "sha1", 60)
	git(t, dir, "repack", "-adfq")
	s, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
	want := checkWalk(t, s)
	path := s.packs[0].path
	s.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 12; at < len(data); at += 1 + len(data)/400 {
		bad := bytes.Clone(data)
		bad[at] ^= byte(1 + at%255)
		_ = os.Remove(path)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
		fams, _, _ := s.Families()
		seen := map[ID]int{}
		w := NewWalker(s, func(n *Node[struct{}]) bool {
			seen[n.ID]++
			if (n.Err == nil) != (n.Data != nil) {
				t.Fatalf("byte %d: %s has neither content nor an error, or both", at, n.ID)
			}
			return true
		})
		for _, f := range fams {
			w.Walk(f)
		}
		s.Close()
		for id := range want {
			if seen[id] == 0 {
				t.Errorf("byte %d: %s was not visited", at, id)
			}
		}
	}
}

// BenchmarkWalk reads a repository, QUASH_REPO, as git cat-file --batch-all-objects does.
func BenchmarkWalk(b *testing.B) {
	dir := os.Getenv("QUASH_REPO")
	if dir == "" {
		b.Skip("QUASH_REPO names no bare repository")
	}
	for b.Loop() {
		s, _ := Open(filepath.Join(dir, "objects"), 20)
		fams, _, _ := s.Families()
		var total int64
		w := NewWalker(s, func(n *Node[struct{}]) bool {
			total += n.Size
			return true
		})
		for _, f := range fams {
			w.Walk(f)
		}
		b.SetBytes(total)
		s.Close()
	}
}

// TestNumbers: numbers and names are each other's inverse.
func TestNumbers(t *testing.T) {
	dir := deltas(t, "sha1", 300)
	git(t, dir, "repack", "-adfq")
	for i := range 3 {
		git(t, dir, "commit", "-q", "--allow-empty", "-m", fmt.Sprint(i))
		git(t, dir, "repack", "-dq")
	}
	s, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
	defer s.Close()
	seen := map[int32]bool{}
	for _, id := range names(t, dir) {
		n, ok := s.Number(id)
		if !ok || seen[n] || int(n) >= s.Count() || s.Name(n) != id {
			t.Fatalf("%s has the number %d, %v; that is %s", id, n, ok, s.Name(n))
		}
		seen[n] = true
		for _, off := range []int{0, 5, 19} {
			near := id.bytes()
			near = bytes.Clone(near)
			near[off] ^= 1
			if _, ok := s.Number(MakeID(near)); ok {
				t.Errorf("found %x", near)
			}
		}
	}
	if len(s.packs) < 2 || len(seen) != s.Count() {
		t.Errorf("%d packs, %d of %d numbers", len(s.packs), len(seen), s.Count())
	}
}

// TestWalkCutOff: a pack that gets shorter while it is read ends neither the process nor the walk: every object is visited, with its
// content or an error.
func TestWalkCutOff(t *testing.T) {
	dir := deltas(t, "sha1", 600)
	git(t, dir, "repack", "-adfq")
	s, _ := Open(filepath.Join(dir, ".git", "objects"), 20)
	defer s.Close()
	fams, objects, _ := s.Families()
	path := s.packs[0].path
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 5000); err != nil {
		t.Fatal(err)
	}
	seen, failed := map[ID]bool{}, 0
	w := NewWalker(s, func(n *Node[struct{}]) bool {
		seen[n.ID] = true
		if n.Err != nil {
			failed++
		}
		return true
	})
	for _, f := range fams {
		w.Walk(f)
	}
	if len(seen) != objects || failed == 0 {
		t.Errorf("%d of %d objects visited, %d failed", len(seen), objects, failed)
	}
}
