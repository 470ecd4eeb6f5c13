package source

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner"
)

// walk lists the files below a directory, in order of their names.
type walk struct {
	*counter
	root     string // of the target
	noIgnore bool
	excludes []ignoreRule // the user's own
	options  Options
	files    []string // with slashes, relative to root
	tracked  *tracked // by the repository that the target is the top of, once its index was read
	gaps     []*scanner.Gap
	list     lister
	// histories are the directories of repositories inside the target.
	histories []string
}

// scope is what decides about the files of a directory: the ignore files above it and the index of its repository.
type scope struct {
	ignore  []ignoreFile
	tracked *tracked
	indexed bool     // tracked was read
	path    []string // of the directory, from the top of its repository
	known   bool     // it is ignored: only what git tracks is read
	// above stands before the paths of the walk in those from the top of the repository, or inside is how much of them does not.
	above  string
	inside int
}

// below is the scope of a directory in this one.
func (s scope) below(name string, known bool) scope {
	s.path = append(slices.Clip(s.path), name)
	s.known = known
	return s
}

// holds reports whether git tracks a file of the walk, or a file in a directory.
func (s scope) holds(path string, dir bool) bool {
	if s.tracked == nil {
		return false
	}
	path = s.above + path[s.inside:]
	if dir {
		return s.tracked.dirs[path]
	}
	return s.tracked.files[path]
}

// listFiles lists the files of a target.
func listFiles(ctx context.Context, root string, c *counter, o Options) (*walk, error) {
	w := &walk{counter: c, root: root, noIgnore: o.NoIgnore, options: o}
	s := scope{}
	if !w.noIgnore {
		w.excludes = parseIgnore(userExcludes(o.Env))
		s = w.enclosing(ctx)
	}
	return w, w.dir(ctx, "", s)
}

// enclosing is the scope of the target: that of the repository it lies in, with the ignore files above it, or none.
func (w *walk) enclosing(ctx context.Context) scope {
	r, below := enclosing(w.root)
	if r == nil {
		return scope{ignore: []ignoreFile{{rules: w.excludes}}}
	}
	s := w.repository(ctx, r)
	if len(below) == 0 && s.indexed {
		w.tracked = s.tracked
	}
	return w.descend(r.root, s, below)
}

// enclosing finds the repository in whose work tree a directory lies, and the way from its top to the directory.
func enclosing(dir string) (r *repository, below []string) {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if r, ok, _ := findRepository(dir); ok && r != nil && r.root != "" {
			return r, below
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		below = append([]string{filepath.Base(dir)}, below...)
		dir = up
	}
	return nil, nil
}

// descend goes from the top of a repository to a directory in it, taking in the ignore files on the way.
func (w *walk) descend(top string, s scope, names []string) scope {
	for _, name := range names {
		s = w.readIgnore(s, top)
		s = s.below(name, false)
		s.above += name + "/"
		top = filepath.Join(top, name)
	}
	return s
}

// repository is the scope of a repository's top directory.
func (w *walk) repository(ctx context.Context, r *repository) scope {
	s := scope{ignore: []ignoreFile{{rules: w.excludes}}, tracked: &tracked{}}
	if err := r.open(w.options); err != nil {
		w.gaps = append(w.gaps, &scanner.Gap{What: "repository " + r.name, Why: err.Error(), Next: "git fsck", Err: err})
		return s
	}
	if r.excludes != "" {
		s.ignore[0].rules = parseIgnore(readExcludes(r.excludes, w.options.Env))
	}
	text, _ := readSmall(filepath.Join(r.commonDir, "info", "exclude"))
	s.ignore = append(s.ignore, ignoreFile{rules: parseIgnore(string(text))})
	t, err := r.tracked(ctx)
	if err != nil {
		w.gaps = append(w.gaps, &scanner.Gap{
			What: "index of " + r.name, Why: "files that are ignored and tracked all the same may be left out: " + err.Error(),
			Next: "install git, or read ignored files too", Err: err,
		})
		return s
	}
	s.tracked, s.indexed = t, true
	return s
}

// readIgnore adds a directory's .gitignore to the scope.
func (w *walk) readIgnore(s scope, dir string) scope {
	if w.noIgnore {
		return s
	}
	text, err := readSmall(filepath.Join(dir, ".gitignore"))
	if err != nil || len(text) == 0 {
		return s
	}
	s.ignore = append(slices.Clip(s.ignore), ignoreFile{depth: len(s.path), rules: parseIgnore(string(text))})
	return s
}

// dirEntry is an entry of a directory.
type dirEntry struct {
	path string // with slashes, from where the walk begins
	name string // the end of it
	kind fs.FileMode
}

// listPortable lists the entries of a directory in order of their names, with path before each. With an error come those that were read.
func listPortable(dir, path string) ([]dirEntry, error) {
	list, err := os.ReadDir(dir)
	entries := make([]dirEntry, len(list))
	for i, e := range list {
		entries[i] = dirEntry{strings.TrimPrefix(path+"/"+e.Name(), "/"), e.Name(), e.Type()}
	}
	return entries, err
}

// dir lists a directory.
func (w *walk) dir(ctx context.Context, path string, s scope) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	full := filepath.Join(w.root, filepath.FromSlash(path))
	entries, err := w.list.entries(full, path)
	if err != nil {
		w.gaps = append(w.gaps, unreadable("directory "+cmp.Or(path, "."), err))
	}
	if path != "" && slices.ContainsFunc(entries, func(e dirEntry) bool { return e.name == ".git" }) {
		s = w.nested(ctx, full, path, s)
	}
	if slices.ContainsFunc(entries, func(e dirEntry) bool { return e.name == ".gitignore" }) {
		s = w.readIgnore(s, full)
	}
	s.path = slices.Grow(slices.Clip(s.path), 1)
	for _, e := range entries {
		if e.name == ".git" {
			continue
		}
		if err := w.entry(ctx, s, e); err != nil {
			return err
		}
	}
	return nil
}

// nested is the scope of a repository inside the target. Its files are read as files; its history is, where it is a submodule's.
func (w *walk) nested(ctx context.Context, dir, path string, s scope) scope {
	r, ok, err := findRepository(dir)
	if err != nil || !ok {
		return s
	}
	w.histories = append(w.histories, path)
	if w.noIgnore {
		return s
	}
	s = w.repository(ctx, r)
	s.inside = len(path) + 1
	return s
}

// entry lists an entry of a directory. What git tracks is never left out, which is known sooner than what ignore files say.
func (w *walk) entry(ctx context.Context, s scope, e dirEntry) error {
	dir := e.kind.IsDir()
	tracked := s.holds(e.path, dir)
	hidden := (dir || !tracked) && w.hides(s, e)
	switch {
	case hidden && !tracked:
		w.skip(skipIgnored, 1)
	case dir:
		return w.dir(ctx, e.path, s.below(e.name, hidden))
	case e.kind&fs.ModeSymlink != 0:
		w.skip(skipLinks, 1)
	case !e.kind.IsRegular():
		w.skip(skipSpecial, 1)
	default:
		w.files = append(w.files, e.path)
	}
	return nil
}

// hides reports whether an entry is ignored.
func (w *walk) hides(s scope, e dirEntry) bool {
	inner := append(s.path, e.name) // of one entry after the other, in the room that dir has made
	return s.known || !w.noIgnore && ignored(s.ignore, inner, e.kind.IsDir())
}

// tree reads files of a directory.
type tree struct {
	*counter
	root  string
	files []string
	max   int64
	step  func() // after each file
	// known reports whether the content of an open file is already read as part of the history; nil when there is none.
	known func(path string, f io.ReadSeeker, size int64) (bool, error)
}

// read yields files.
func (t *tree) read(e *emitter, files []string) bool {
	t.lend(e)
	defer t.giveBack(e)
	root := openRoot(t.root)
	defer root.Close()
	for _, path := range files {
		if !e.live() {
			return false
		}
		ok, err := t.file(e, root, path)
		if !ok || err != nil && !e.gap(unreadable("file "+path, err)) {
			return false
		}
		t.step()
	}
	return true
}

func (t *tree) file(e *emitter, root *diskRoot, path string) (bool, error) {
	f, err := root.open(path)
	if err != nil {
		return true, err
	}
	defer f.Close()
	size := f.info.Size()
	if t.max > 0 && size > t.max {
		t.skip(skipLarge, 1)
		return e.gap(tooLarge("file "+path, size, t.max)), nil
	}
	if t.known != nil {
		known, err := t.known(path, f, size)
		if err != nil || known {
			t.saw("files", 1)
			return true, err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return true, err
		}
	}
	ok, err := t.content(e, scanner.Location{Path: path, Line: 1}, bounded(f, size))
	if errors.Is(err, errBinary) {
		t.skip(skipBinary, 1)
		return ok, nil
	}
	t.saw("files", 1)
	return ok, err
}

// bounded is a file of that size as it is read: up to where it ended when it was opened, which saves asking whether it goes on. What
// has no size, as what the kernel makes up, is read to its end.
func bounded(f *diskFile, size int64) io.Reader {
	if size <= 0 {
		return f
	}
	return &sized{f, size}
}

type sized struct {
	*diskFile
	left int64
}

// Read implements io.Reader.
func (s *sized) Read(p []byte) (int, error) {
	n, err := s.diskFile.Read(p[:min(int64(len(p)), s.left)])
	if s.left -= int64(n); err == nil && s.left == 0 {
		err = io.EOF
	}
	return n, err
}
