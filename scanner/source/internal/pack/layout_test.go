package pack

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// told is an object as git tells it.
type told struct {
	typ  string
	data string
}

// catFile asks git for every object of a repository.
func catFile(t testing.TB, dir string) map[ID]told {
	t.Helper()
	r := bufio.NewReader(strings.NewReader(git(t, dir, "cat-file", "--batch-all-objects", "--batch", "--unordered")))
	all := map[ID]told{}
	for {
		head, err := r.ReadString('\n')
		if err == io.EOF {
			return all
		}
		var name, typ string
		var size int
		if _, err := fmt.Sscan(head, &name, &typ, &size); err != nil {
			t.Fatalf("%q: %v", head, err)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(r, data); err != nil {
			t.Fatal(err)
		}
		id, err := ParseID(name)
		if err != nil {
			t.Fatal(err)
		}
		all[id] = told{typ, string(data[:size])}
	}
}

// everything makes a repository with objects of every kind, on a branch that is there and on one that is gone: long chains, tags of
// commits, trees, blobs and tags, an empty tree and an empty file, links, and names that are not text.
func everything(t *testing.T, format string, versions int) string {
	t.Helper()
	dir := deltas(t, format, versions)
	blob := strings.TrimSpace(gitInput(t, dir, strings.NewReader("a blob that only a tag names\n"), "hash-object", "-w", "--stdin"))
	empty := strings.TrimSpace(gitInput(t, dir, strings.NewReader(""), "hash-object", "-w", "--stdin"))
	nothing := strings.TrimSpace(gitInput(t, dir, strings.NewReader(""), "mktree"))
	odd := fmt.Sprintf("100644 blob %s\tn\xff\xfe\x00120000 blob %s\tlink\x00040000 tree %s\tnone\x00", empty, blob, nothing)
	tree := strings.TrimSpace(gitInput(t, dir, strings.NewReader(odd), "mktree", "-z"))
	for name, of := range map[string]string{"blob": blob, "tree": tree, "empty": nothing, "commit": "main"} {
		git(t, dir, "tag", "-a", "-m", "a tag of a "+name, name, of)
	}
	git(t, dir, "tag", "-a", "-m", "a tag of a tag", "tag", "refs/tags/tree")
	git(t, dir, "symbolic-ref", "HEAD", "refs/heads/main")
	git(t, dir, "branch", "gone", "main~20")
	lost := strings.TrimSpace(git(t, dir, "commit-tree", "-p", "gone", "-m", "lost", tree))
	git(t, dir, "update-ref", "refs/heads/gone", lost)
	git(t, dir, "update-ref", "-d", "refs/heads/gone")
	return dir
}

// layout is a way in which git stores objects. make returns the object directory.
type layout struct {
	name     string
	versions int
	make     func(t *testing.T, dir string) string
}

// in runs git commands, one a line, in the repository itself.
func in(commands ...string) func(*testing.T, string) string {
	return func(t *testing.T, dir string) string {
		for _, c := range commands {
			git(t, dir, strings.Fields(c)...)
		}
		return filepath.Join(dir, ".git", "objects")
	}
}

var layouts = []layout{
	{"as imported", 120, in()},
	{"offset deltas", 120, in("repack -adfkq --depth=50")},
	{"reference deltas", 120, in("-c repack.useDeltaBaseOffset=false repack -adfkq --depth=50")},
	{"deep chains", 900, in("repack -adfkq --depth=4095 --window=5")},
	{"cruft pack", 120, in("repack --cruft -dq")},
	{"cruft pack and index of packs", 120, in("repack --cruft -dq", "multi-pack-index write")},
	{"several packs and an index of them", 120, in("repack -adfkq --max-pack-size=16k", "multi-pack-index write --bitmap")},
	{"several packs that share objects", 120, func(t *testing.T, dir string) string {
		in("repack -adkq")(t, dir)
		objects := in("count-objects")(t, dir)
		for _, from := range []string{"main~10", "main~40", "main~100"} {
			gitInput(t, dir, strings.NewReader(from+"\n"), "pack-objects", "-q", "--revs", filepath.Join(objects, "pack", "pack"))
		}
		return objects
	}},
	{"loose", 60, loosened},
	{"alternates", 60, func(t *testing.T, dir string) string {
		in("repack -adkq")(t, dir)
		second, third := filepath.Join(t.TempDir(), "second"), filepath.Join(t.TempDir(), "third")
		git(t, dir, "clone", "-q", "--bare", "--shared", dir, second)
		git(t, second, "clone", "-q", "--bare", "--shared", second, third)
		return filepath.Join(third, "objects")
	}},
	{"alternates in quotes", 60, func(t *testing.T, dir string) string {
		in("repack -adkq")(t, dir)
		second := filepath.Join(t.TempDir(), "second\there")
		git(t, dir, "clone", "-q", "--bare", "--shared", dir, second)
		list := filepath.Join(second, "objects", "info", "alternates")
		if err := os.WriteFile(list, []byte(strconv.Quote(filepath.Join(dir, ".git", "objects"))+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(second, "objects")
	}},
	{"indexes of version 1", 120, func(t *testing.T, dir string) string {
		in("repack -adfkq")(t, dir)
		objects := in("count-objects")(t, dir)
		packs, _ := filepath.Glob(filepath.Join(objects, "pack", "*.pack"))
		git(t, dir, "index-pack", "--index-version=1", packs[0])
		return objects
	}},
	{"fetched", 120, func(t *testing.T, dir string) string { // a thin pack, which is completed with bases that the first has too
		clone := filepath.Join(t.TempDir(), "clone")
		git(t, dir, "update-ref", "refs/heads/old", "main~30")
		git(t, dir, "-c", "protocol.file.allow=always", "clone", "-q", "--bare", "--single-branch", "--no-tags", "-b", "old", "file://"+dir, clone)
		git(t, clone, "-c", "fetch.unpackLimit=1", "fetch", "-q", "file://"+dir, "+refs/*:refs/*")
		return filepath.Join(clone, "objects")
	}},
	{"places of 64 bits", 120, func(t *testing.T, dir string) string {
		objects := in("repack -adfkq")(t, dir)
		packs, _ := filepath.Glob(filepath.Join(objects, "pack", "*.pack"))
		if len(packs) != 1 {
			t.Fatalf("%d packs", len(packs))
		}
		index := strings.TrimSuffix(packs[0], ".pack") + ".idx"
		if err := os.Remove(index); err != nil {
			t.Fatal(err)
		}
		git(t, dir, "index-pack", "--index-version=2,0x40", "-o", index, packs[0]) // all places from 64 on are written wide
		return objects
	}},
}

// loosened unpacks everything.
func loosened(t *testing.T, dir string) string {
	objects := filepath.Join(dir, ".git", "objects")
	packs, _ := filepath.Glob(filepath.Join(objects, "pack", "*.pack"))
	for _, path := range packs {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range []string{".pack", ".idx", ".rev"} {
			_ = os.Remove(strings.TrimSuffix(path, ".pack") + end) // not every version of git writes all
		}
		gitInput(t, dir, bytes.NewReader(data), "unpack-objects", "-q")
	}
	if left, _ := filepath.Glob(filepath.Join(objects, "pack", "*.pack")); len(left) > 0 {
		t.Fatal("not all is loose")
	}
	return objects
}

// TestLayoutsEqualGit: every object that git has, in whatever way it is stored, is read as git reads it, one by one and in a walk.
func TestLayoutsEqualGit(t *testing.T) {
	for format, size := range map[string]int{"sha1": 20, "sha256": 32} {
		for _, l := range layouts {
			t.Run(format+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				objects := l.make(t, everything(t, format, l.versions))
				want := catFile(t, filepath.Dir(objects))
				for name, file := range map[string]string{"cruft pack": "*.mtimes", "index of": "multi-pack-index"} {
					made, _ := filepath.Glob(filepath.Join(objects, "pack", file))
					if strings.Contains(l.name, name) && len(made) != 1 {
						t.Fatalf("git made %d files %s", len(made), file)
					}
				}
				s, problems := Open(objects, size)
				defer s.Close()
				if len(problems) > 0 {
					t.Fatal(problems)
				}
				if l.name == "places of 64 bits" && len(s.packs[0].index.wide) == 0 {
					t.Fatal("the index has no place of 64 bits")
				}
				kinds := map[string]int{}
				for id, w := range want {
					kinds[w.typ]++
					o, err := s.Object(id)
					if err != nil || o.Type.String() != w.typ || string(o.Data) != w.data || !s.Has(id) {
						t.Errorf("%s: a %s of %d bytes, %v; want a %s of %d", id, o.Type, len(o.Data), err, w.typ, len(w.data))
					}
				}
				if len(kinds) != 4 || kinds["tag"] < 5 {
					t.Errorf("git has %v", kinds)
				}
				walked := walkAll(t, s)
				for n := range int32(s.Count()) {
					if id := s.Name(n); walked[id] != want[id] {
						t.Errorf("%s: the walk gives a %s of %d bytes", id, walked[id].typ, len(walked[id].data))
					}
				}
				if loose := s.Loose(); len(walked)+len(loose) < len(want) {
					t.Errorf("%d objects in packs and %d loose; git has %d", len(walked), len(loose), len(want))
				}
			})
		}
	}
}

// walkAll walks everything in packs. Each object comes once.
func walkAll(t *testing.T, s *Store) map[ID]told {
	t.Helper()
	families, _, problems := s.Families()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	all := map[ID]told{}
	w := NewWalker(s, func(n *Node[struct{}]) bool {
		if _, twice := all[n.ID]; twice || n.Err != nil {
			t.Errorf("%s: seen before: %v, %v", n.ID, twice, n.Err)
		}
		all[n.ID] = told{n.Type.String(), string(n.Data)}
		return true
	})
	for _, f := range families {
		if !w.Walk(f) {
			t.Fatal("the walk ended")
		}
	}
	return all
}

// FuzzWalk walks a pack and its index of which some bytes are others: objects come as they are or with an error, each once, and
// nothing panics or hangs.
func FuzzWalk(f *testing.F) {
	dir := deltas(f, "sha1", 12)
	git(f, dir, "repack", "-adfq")
	objects := filepath.Join(dir, ".git", "objects", "pack")
	packs, _ := filepath.Glob(filepath.Join(objects, "*.pack"))
	var files [2][]byte
	for i, end := range []string{".pack", ".idx"} {
		var err error
		if files[i], err = os.ReadFile(strings.TrimSuffix(packs[0], ".pack") + end); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(uint(200), byte(1), uint(20), byte(0))
	f.Add(uint(12), byte(0x70), uint(1100), byte(3))
	f.Fuzz(func(t *testing.T, inPack uint, pack byte, inIndex uint, index byte) {
		to := t.TempDir()
		if err := os.Mkdir(filepath.Join(to, "pack"), 0o700); err != nil {
			t.Fatal(err)
		}
		for i, end := range []string{".pack", ".idx"} {
			data := bytes.Clone(files[i])
			at, by := []uint{inPack, inIndex}[i], []byte{pack, index}[i]
			data[at%uint(len(data))] ^= by
			if err := os.WriteFile(filepath.Join(to, "pack", "p"+end), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, _ := Open(to, 20)
		defer s.Close()
		families, _, _ := s.Families()
		seen := map[ID]bool{}
		w := NewWalker(s, func(n *Node[struct{}]) bool {
			if index == 0 && seen[n.ID] {
				t.Errorf("%s comes twice", n.ID)
			}
			seen[n.ID] = true
			return true
		})
		for _, family := range families {
			w.Walk(family)
		}
	})
}
