package source

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// With Git LFS a repository holds pointers, small texts that name a file by its SHA-256 and length, and the files are beside the objects, as
// far as they were fetched (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). What a pointer names is read as a member of it,
// "art/logo.psd!lfs/logo.psd", once for each pointer of a history, and in a work tree where the file is not in its place. What is not here
// is one gap for all.

// lfsMember begins the name of what a pointer names, behind the pointer's path.
const lfsMember = unpack.Separator + "lfs/"

// maxPointer is the length that pointers are below, in bytes.
const maxPointer = 1024

// pointerForm is how a pointer is written. Those of before 2014 name another specification.
var pointerForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^version https://(?:git-lfs|hawser)\.github\.com/spec/v1\n(?:ext-[0-9]-[^ \n]+ [^\n]+\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n$`)
})

// pointer is what a pointer says.
type pointer struct {
	oid  string
	size int64
}

// parsePointer reads a text as a pointer.
func parsePointer(text []byte) (p pointer, ok bool) {
	if len(text) >= maxPointer || !bytes.HasPrefix(text, []byte("version https://")) {
		return p, false
	}
	m := pointerForm().FindSubmatch(text)
	if m == nil {
		return p, false
	}
	p.oid = string(m[1])
	p.size, _ = strconv.ParseInt(string(m[2]), 10, 64)
	return p, true
}

// large are the files of a repository that Git LFS keeps.
type large struct {
	// find says where they are; it is asked once, when the first pointer is met.
	find func() string
	max  int64  // as Options.MaxFile
	next string // how to fetch them

	mu     sync.Mutex
	at     string
	found  bool               // at is known
	any    bool               // it is there
	absent map[pack.ID]string // the path of each pointer whose file is not here, by blob
	files  map[string]bool    // likewise, of files of a work tree
	ended  int                // parts of the source
}

// fetchLarge is how to fetch what Git LFS keeps elsewhere.
const fetchLarge = "git lfs fetch --all"

// large are the files that Git LFS keeps for the repository.
func (r *repository) large(o Options) *large {
	next := fetchLarge
	if r.root == "" {
		next = "in a clone of it: " + fetchLarge + ", then scan that"
	}
	return &large{max: o.MaxFile, next: next, find: func() string { return within(r.commonDir, cmp.Or(r.largeDir, "lfs")) }}
}

// path is where a file is.
func (l *large) path(oid string) string {
	return filepath.Join(l.folder(), oid[:2], oid[2:4], oid)
}

// folder is where all files are.
func (l *large) folder() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.found {
		l.at, l.found = filepath.Join(l.find(), "objects"), true
		_, err := os.Stat(l.at)
		l.any = err == nil
	}
	return l.at
}

// some reports whether any file is here.
func (l *large) some() bool { return l.folder() != "" && l.any }

// lacks notes a pointer whose file is not here.
func (l *large) lacks(from scanner.Location) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id, err := pack.ParseID(from.Blob); err == nil {
		if l.absent == nil {
			l.absent = map[pack.ID]string{}
		}
		l.absent[id] = from.Path
		return
	}
	if l.files == nil {
		l.files = map[string]bool{}
	}
	l.files[from.Path] = true
}

// gap yields what is not here, when the last of n parts has ended.
func (l *large) gap(e *emitter, n int) bool {
	if l == nil || !e.live() {
		return e.live()
	}
	l.mu.Lock()
	l.ended++
	last, count := l.ended == n, len(l.absent)+len(l.files)
	paths := slices.Sorted(maps.Values(l.absent))
	for path := range l.files {
		paths = append(paths, path)
	}
	l.mu.Unlock()
	if !last || count == 0 {
		return true
	}
	why := fmt.Sprintf("what %d pointers name is not here, among them %s", count, slices.Min(paths))
	if count == 1 {
		why = "what the pointer " + paths[0] + " names is not here"
	}
	return e.gap(&scanner.Gap{What: "git LFS", Why: why, Next: l.next, Err: errAbsent})
}

// errAbsent is why what Git LFS keeps elsewhere cannot be read.
var errAbsent = errors.New("not fetched")

// missed are the blobs of pointers whose files are not here.
func (l *large) missed() (all []string) {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.absent {
		all = append(all, id.String())
	}
	return all
}

// Lasting reports whether all gaps are such as the next scan with a [Past] tells again, or sees mended: files that Git LFS keeps elsewhere. A
// scan with no others may be remembered.
func Lasting(gaps []scanner.Gap) bool {
	return !slices.ContainsFunc(gaps, func(g scanner.Gap) bool { return !errors.Is(g.Err, errAbsent) })
}

// pointer reads a text as a pointer, where what it names is to be read.
func (c *counter) pointer(from scanner.Location, text []byte) (p pointer, ok bool) {
	if c.large == nil || len(text) >= maxPointer {
		return p, false
	}
	if p, ok = parsePointer(text); ok {
		ok = !strings.Contains(from.Path, lfsMember)
	}
	return p, ok
}

// pointed gives on what a pointer names. It returns false when the consumer wants no more.
func (c *counter) pointed(e *emitter, from scanner.Location, p pointer) bool {
	f, info, err := openFile(c.large.path(p.oid))
	if errors.Is(err, fs.ErrNotExist) {
		c.large.lacks(from)
		return e.live()
	}
	what := "git LFS file " + from.Path
	if err != nil {
		return e.gap(unreadable(what, err))
	}
	defer f.Close()
	if max := c.large.max; max > 0 && info.Size() > max {
		c.skip(skipLarge, 1)
		return e.gap(tooLarge(what, info.Size(), max))
	}
	if info.Size() != p.size && !e.gap(&scanner.Gap{What: what, Why: fmt.Sprintf("%d bytes are here of %d", info.Size(), p.size), Next: "git lfs fsck, then " + c.large.next}) {
		return false
	}
	from.Path += lfsMember + path.Base(from.Path)
	c.saw("LFS files", 1)
	var ok bool
	if from.Blob == "" {
		ok, err = c.content(e, from, f)
	} else {
		ok, err = c.give(e, from, f)
	}
	switch {
	case !ok:
		return false
	case errors.Is(err, errBinary):
		c.skip(skipBinary, 1)
	case err != nil:
		return e.gap(unreadable(what, err))
	}
	return true
}

// smudged reports whether a file of the work tree is what HEAD's pointer at its path names, and that is here: it is read with the history.
func (g *git) smudged(path string, f io.ReadSeeker, size int64) (bool, error) {
	h := g.plan.history
	id, ok := h.inHead[path]
	if !ok || g.large == nil || !g.large.some() {
		return false, nil
	}
	store := h.store.Fork()
	defer store.Close()
	o, err := store.Object(id)
	if err != nil {
		return false, nil // its file is read
	}
	p, ok := parsePointer(o.Data)
	if !ok || p.size != size {
		return false, nil
	}
	kept, info, err := openFile(g.large.path(p.oid))
	if err != nil {
		return false, nil // likewise
	}
	kept.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil || info.Size() != size {
		return false, err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)) == p.oid, err
}
