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
}

// scope is what decides about the files of a directory: the ignore files above it and the index of its repository.
type scope struct {
	ignore  []ignoreFile
	tracked *tracked
	indexed bool     // tracked was read
	path    []string // of the directory, from the top of its repository
	known   bool     // it is ignored: only what git tracks is read
}

// below is the scope of a directory in this one.
func (s scope) below(name string, known bool) scope {
	s.path = append(slices.Clip(s.path), name)
	s.known = known
	return s
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

// dir lists a directory.
func (w *walk) dir(ctx context.Context, path string, s scope) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	full := filepath.Join(w.root, filepath.FromSlash(path))
	entries, err := os.ReadDir(full)
	if err != nil {
		w.gaps = append(w.gaps, unreadable("directory "+cmp.Or(path, "."), err))
	}
	if path != "" && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == ".git" }) {
		s = w.nested(ctx, full, s)
	}
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == ".gitignore" }) {
		s = w.readIgnore(s, full)
	}
	s.path = slices.Grow(slices.Clip(s.path), 1)
	for _, e := range entries {
		if e.Name() == ".git" {
			continue
		}
		if err := w.entry(ctx, path, s, e); err != nil {
			return err
		}
	}
	return nil
}

// nested is the scope of a repository inside the target. Its files are read as files; its history is not.
func (w *walk) nested(ctx context.Context, dir string, s scope) scope {
	r, ok, err := findRepository(dir)
	if err != nil || !ok {
		return s
	}
	w.skip(skipHistory, 1)
	if w.noIgnore {
		return s
	}
	return w.repository(ctx, r)
}

// entry lists an entry of a directory.
func (w *walk) entry(ctx context.Context, dir string, s scope, e fs.DirEntry) error {
	path := strings.TrimPrefix(dir+"/"+e.Name(), "/")
	inner := append(s.path, e.Name()) // of one entry after the other, in the room that dir has made
	hidden := s.known || !w.noIgnore && ignored(s.ignore, inner, e.IsDir())
	switch {
	case e.IsDir():
		if hidden && (s.tracked == nil || !s.tracked.dirs[strings.Join(inner, "/")]) {
			w.skip(skipIgnored, 1)
			return nil
		}
		return w.dir(ctx, path, s.below(e.Name(), hidden))
	case hidden && (s.tracked == nil || !s.tracked.files[strings.Join(inner, "/")]):
		w.skip(skipIgnored, 1)
	case e.Type()&fs.ModeSymlink != 0:
		w.skip(skipLinks, 1)
	case !e.Type().IsRegular():
		w.skip(skipSpecial, 1)
	default:
		w.files = append(w.files, path)
	}
	return nil
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
	for _, path := range files {
		if !e.live() {
			return false
		}
		ok, err := t.file(e, path)
		if !ok || err != nil && !e.gap(unreadable("file "+path, err)) {
			return false
		}
		t.step()
	}
	return true
}

func (t *tree) file(e *emitter, path string) (bool, error) {
	f, err := openDisk(filepath.Join(t.root, filepath.FromSlash(path)))
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
