package pack

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/inflate"
)

// Type is the type of an object, as packs number it.
type Type uint8

// The types of objects. The two kinds of delta are seen inside packs only.
const (
	Commit Type = 1
	Tree   Type = 2
	Blob   Type = 3
	Tag    Type = 4

	offsetDelta Type = 6
	refDelta    Type = 7
)

// String names the type as git does.
func (t Type) String() string {
	switch t {
	case Commit:
		return "commit"
	case Tree:
		return "tree"
	case Blob:
		return "blob"
	case Tag:
		return "tag"
	default:
		return "object"
	}
}

// Limits in bytes. An object stored whole and over Large is streamed. Git itself makes no deltas of files over 512 MiB
// (core.bigFileThreshold), so that maxRebuilt refuses nothing that git made.
const (
	Large      = 32 << 20
	maxRebuilt = 512 << 20
	maxPack    = 1 << 62
	// trusted is the length up to which memory is taken on a delta's word.
	trusted    = 16 << 20
	cacheBytes = 64 << 20
)

// maxChain bounds a delta chain; git's own bound is 4095.
const maxChain = 5000

// ErrMissing says that no object of the store has the name.
var ErrMissing = errors.New("missing from the repository")

// Object is one object.
type Object struct {
	Type Type
	// Size is the length in bytes.
	Size int64
	// Data is the content, nil when Size is over Large and the object can be streamed. It is shared: do not change it.
	Data []byte

	open func() (io.ReadCloser, error)
}

// Open reads the content from its start. An error of a streamed object can come late, from Read.
func (o Object) Open() (io.ReadCloser, error) {
	if o.open != nil {
		return o.open()
	}
	return io.NopCloser(bytes.NewReader(o.Data)), nil
}

// Problem is a file of the object directories that cannot be read.
type Problem struct {
	Path string
	Err  error
}

// Store is the objects of a repository. It is for one goroutine, Fork and Has excepted.
type Store struct {
	hash  int
	dirs  []string
	packs []*packed
	last  int // the pack that had the object asked for last

	files   []*file // by pack, those in use
	cache   *cache
	broken  map[place]error // what could not be read, so that what is built on it fails at once
	inflate inflate.Decoder
	delta   []byte
}

// Open opens an object directory and its alternates. hash is the length of object names, 20 or 32 bytes. What cannot be
// read comes back as problems; the store has the rest.
func Open(objects string, hash int) (*Store, []Problem) {
	s := &Store{hash: hash}
	var problems []Problem
	s.dirs, problems = withAlternates(objects)
	for _, dir := range s.dirs {
		found, p := readPacks(dir, hash)
		s.packs = append(s.packs, found...)
		problems = append(problems, p...)
	}
	s.number()
	s.reset()
	return s, problems
}

// Fork returns a store of the same objects for another goroutine. It shares the indexes and has files and a cache of
// its own.
func (s *Store) Fork() *Store {
	f := &Store{hash: s.hash, dirs: s.dirs, packs: s.packs}
	f.reset()
	return f
}

func (s *Store) reset() {
	s.files = make([]*file, len(s.packs))
	s.cache = newCache(cacheBytes)
	s.broken = map[place]error{}
}

// Close gives back the files and the objects that are kept. The store can be used again, and opens files anew.
func (s *Store) Close() {
	s.cache = newCache(cacheBytes)
	for i, f := range s.files {
		if f != nil {
			s.packs[i].release()
			s.files[i] = nil
		}
	}
}

// readPacks loads the pack indexes of an object directory.
func readPacks(objects string, hash int) (packs []*packed, problems []Problem) {
	dir := filepath.Join(objects, "pack")
	names, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		problems = append(problems, Problem{dir, err})
	}
	for _, n := range names {
		base, ok := strings.CutSuffix(n.Name(), ".idx")
		// An index without its pack says nothing, as for git: what it names is elsewhere, or missing.
		if !ok || !slices.ContainsFunc(names, func(e fs.DirEntry) bool { return e.Name() == base+".pack" }) {
			continue
		}
		path := filepath.Join(dir, n.Name())
		x, err := readIndex(path, hash)
		if err != nil {
			problems = append(problems, Problem{path, err})
			continue
		}
		promised := slices.ContainsFunc(names, func(e fs.DirEntry) bool { return e.Name() == base+".promisor" })
		packs = append(packs, &packed{path: filepath.Join(dir, base+".pack"), index: x, promised: promised})
	}
	return packs, problems
}

// withAlternates returns an object directory and those that it borrows from.
func withAlternates(objects string) (dirs []string, problems []Problem) {
	dirs = []string{filepath.Clean(objects)}
	for i := 0; i < len(dirs); i++ {
		list, err := ReadRegular(filepath.Join(dirs[i], "info", "alternates"), maxAlternates)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, Problem{filepath.Join(dirs[i], "info", "alternates"), err})
		}
		for line := range strings.Lines(string(list)) {
			line = strings.TrimRight(line, "\r\n")
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if plain, ok := unquoted(line); ok {
				line = plain
			}
			if !filepath.IsAbs(line) {
				line = filepath.Join(dirs[i], line)
			}
			line = filepath.Clean(line)
			if slices.Contains(dirs, line) {
				continue
			}
			if _, err := os.Stat(line); err != nil {
				problems = append(problems, Problem{line, err})
				continue
			}
			dirs = append(dirs, line)
		}
	}
	return dirs, problems
}

// maxAlternates bounds the bytes of a list of alternates.
const maxAlternates = 16 << 20

// unquoted is a path that git wrote in quotes, with escapes as in C; false where it is not one.
func unquoted(line string) (string, bool) {
	if !strings.HasPrefix(line, `"`) {
		return "", false
	}
	plain, err := strconv.Unquote(line) // Go's escapes are those of git, and more
	return plain, err == nil
}

// Sort orders the names so that reading the objects one after the other is cheap: loose ones first, then by pack and
// offset. Equal stores give equal orders.
func (s *Store) Sort(ids []ID) {
	type key struct {
		at place
		id ID
	}
	keys := make([]key, len(ids))
	for i, id := range ids {
		at, ok := s.find(id)
		if !ok {
			at.pack = -1
		}
		keys[i] = key{at, id}
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.at.pack, b.at.pack), cmp.Compare(a.at.offset, b.at.offset), a.id.Compare(b.id))
	})
	for i, k := range keys {
		ids[i] = k.id
	}
}

// find looks an object up in the packs.
func (s *Store) find(id ID) (place, bool) {
	for k := range s.packs {
		i := (s.last + k) % len(s.packs)
		if off, ok := s.packs[i].index.find(id); ok {
			s.last = i
			return place{int32(i), off}, true
		}
	}
	return place{}, false
}

// Promised reports whether a pack of a partial clone is among the packs.
func (s *Store) Promised() bool {
	return slices.ContainsFunc(s.packs, func(p *packed) bool { return p.promised })
}

// Has reports whether an object is there, without reading it. Any goroutine may call it.
func (s *Store) Has(id ID) bool {
	for _, p := range s.packs {
		if _, ok := p.index.find(id); ok {
			return true
		}
	}
	for _, dir := range s.dirs {
		if _, err := os.Stat(loosePath(dir, id)); err == nil {
			return true
		}
	}
	return false
}

// inEarlier reports whether a pack before the given one has the object too.
func (s *Store) inEarlier(pack int32, id ID) bool {
	for _, p := range s.packs[:pack] {
		if _, ok := p.index.find(id); ok {
			return true
		}
	}
	return false
}

// Object reads an object, from whatever has it whole. The error is ErrMissing when it is nowhere; any other says what is damaged.
func (s *Store) Object(id ID) (Object, error) {
	at, ok := s.find(id)
	if !ok {
		return s.loose(id)
	}
	o, err := s.packedObject(at)
	for i := 0; err != nil && i < len(s.packs); i++ {
		if off, ok := s.packs[i].index.find(id); ok && int32(i) != at.pack {
			if o, other := s.packedObject(place{int32(i), off}); other == nil {
				return o, nil
			}
		}
	}
	if err != nil {
		if loose, other := s.loose(id); other == nil {
			return loose, nil
		}
	}
	return o, err
}

// file returns a pack, mapped.
func (s *Store) file(i int32) (*file, error) {
	if s.files[i] == nil {
		f, err := s.packs[i].acquire()
		if err != nil {
			return nil, err
		}
		s.files[i] = f
	}
	return s.files[i], nil
}
