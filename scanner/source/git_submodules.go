package source

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// Submodules are repositories of their own. Of one that is here its whole history is read, with the same options: where it is checked out,
// and where git keeps it (.git/modules) though it is checked out no more. One that the index names and that is not here is a gap.
//
// What a repository says of where its submodules are is not believed: .gitmodules only names what was found in .git/modules, and a .git file
// or a link that leads out of the target is a gap. Each object store is read once.

const (
	// mostNested is how deep submodules are looked for in one another.
	mostNested = 32
	// mostModules bounds the directories that are looked through for repositories of submodules, of one repository.
	mostModules = 20_000
)

// submoduleFinder looks for submodules.
type submoduleFinder struct {
	ctx   context.Context
	top   *git
	roots []string // what may hold their repositories, links followed
	seen  map[string]bool
	found []*submodule
	here  map[string]bool // where one was found, by path
	gaps  []*scanner.Gap
}

// link is a submodule: as an index has it, or a repository that is kept for one.
type link struct {
	path   string
	commit pack.ID // zero where no index has it
	gitDir string  // that is kept
}

// findSubmodules looks for the submodules of the target. t is its index; nil: it is read.
func (g *git) findSubmodules(ctx context.Context, t *tracked) *submoduleFinder {
	f := &submoduleFinder{ctx: ctx, top: g, seen: map[string]bool{}, here: map[string]bool{}}
	for _, dir := range [...]string{g.repo.root, g.repo.gitDir, g.repo.commonDir} {
		if real, err := realPath(dir); err == nil {
			f.roots = append(f.roots, real)
		}
	}
	if real, err := realPath(g.repo.commonDir); err == nil {
		f.seen[real] = true
	}
	f.repository(g.repo, t, "", 0)
	return f
}

// realPath is an absolute path without links.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// repository looks for the submodules of a repository. dir is where that stands in the work tree of the target: "vendor/pay/".
func (f *submoduleFinder) repository(r *repository, t *tracked, dir string, depth int) {
	if depth > mostNested || f.ctx.Err() != nil {
		return
	}
	modules := f.modules(r)
	for _, l := range f.links(r, t) {
		f.link(r, l, modules, dir, depth)
	}
	if f.top.options.NoHistory {
		return
	}
	for _, l := range modules {
		f.module(l, dir, depth)
	}
}

// links are the submodules in the index of a repository.
func (f *submoduleFinder) links(r *repository, t *tracked) []link {
	if t == nil && r.root != "" {
		var err error
		if t, err = r.tracked(f.ctx); err != nil {
			f.gaps = append(f.gaps, &scanner.Gap{
				What: "submodules of " + r.name, Why: "the index cannot be read: " + err.Error(), Next: "git fsck, then git read-tree HEAD", Err: err,
			})
		}
	}
	if t == nil {
		return nil
	}
	var all []link
	for _, path := range slices.Compact(slices.Sorted(slices.Values(t.links))) {
		all = append(all, link{path: path, commit: t.commits[path]})
	}
	return all
}

// modules are the repositories of submodules that a repository keeps, with the path that .gitmodules has for their name.
func (f *submoduleFinder) modules(r *repository) (all []link) {
	paths := modulePaths(r.root)
	for _, dir := range slices.Compact([]string{r.gitDir, r.commonDir}) {
		left := mostModules
		top := filepath.Join(dir, "modules")
		_ = filepath.WalkDir(top, func(full string, d fs.DirEntry, err error) error { // links are not followed
			if left--; err != nil || left < 0 || !d.IsDir() {
				return nil
			}
			if full == top || !isGitDir(full) {
				return nil
			}
			rel, _ := filepath.Rel(top, full)
			path := filepath.ToSlash(rel)
			if named := paths[path]; named != "" {
				path = named
			}
			all = append(all, link{path: path, gitDir: full})
			return fs.SkipDir
		})
	}
	return all
}

// modulePaths reads .gitmodules: the path of each submodule by its name. A path that leads out of the work tree is none.
func modulePaths(root string) map[string]string {
	if root == "" {
		return nil
	}
	text, _ := readSmall(filepath.Join(root, ".gitmodules"))
	conf := config.New()
	if config.NewDecoder(bytes.NewReader(text)).Decode(conf) != nil {
		return nil
	}
	paths := map[string]string{}
	for _, s := range conf.Section("submodule").Subsections {
		if path := s.Option("path"); isInner(path) {
			paths[s.Name] = path
		}
	}
	return paths
}

// isInner reports whether a path with slashes is one of a file below a work tree, and not in the repository.
func isInner(path string) bool {
	return fs.ValidPath(path) && path != "." && filepath.IsLocal(filepath.FromSlash(path)) &&
		!slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool { return strings.EqualFold(part, ".git") })
}

// isLinked reports whether a link stands on the way from a directory to a path below it, or at its end.
func isLinked(dir, path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		dir = filepath.Join(dir, part)
		if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// link looks at a submodule that the index of a repository has.
func (f *submoduleFinder) link(r *repository, l link, modules []link, dir string, depth int) {
	what, next := "submodule "+dir+l.path, "git submodule update --init "+dir+l.path
	if depth > 0 {
		next = "git submodule update --init --recursive"
	}
	switch {
	case !isInner(l.path):
		f.refuse(what, "its path leads out of the repository", "git rm --cached it")
		return
	case isLinked(r.root, l.path):
		f.refuse(what, "a symbolic link stands in its place", "scan what it leads to by its own name")
		return
	}
	root := filepath.Join(r.root, filepath.FromSlash(l.path))
	entries, _ := os.ReadDir(root)
	if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() != ".git" }) {
		i := slices.IndexFunc(modules, func(m link) bool { return m.path == l.path })
		if i < 0 || f.top.options.NoHistory {
			f.refuse(what, "not checked out", next)
			return
		}
		l.gitDir = modules[i].gitDir
		f.module(l, dir, depth)
		return
	}
	inner, ok, err := findRepository(root)
	switch {
	case err != nil:
		f.gaps = append(f.gaps, &scanner.Gap{What: what, Why: err.Error(), Next: next, Err: err})
	case !ok || inner.root == "":
		if !f.top.options.NoHistory {
			f.refuse(what, "its files are here and its history is not", next)
		}
	case f.add(inner, l, dir, what):
		f.repository(inner, nil, dir+l.path+"/", depth+1)
	}
}

// module looks at the repository of a submodule that is kept and not checked out.
func (f *submoduleFinder) module(l link, dir string, depth int) {
	inner := &repository{name: l.gitDir, gitDir: l.gitDir, commonDir: l.gitDir}
	if f.add(inner, l, dir, "submodule "+dir+l.path) {
		f.repository(inner, nil, dir+l.path+"/", depth+1)
	}
}

// refuse adds a gap.
func (f *submoduleFinder) refuse(what, why, next string) {
	f.gaps = append(f.gaps, &scanner.Gap{What: what, Why: why, Next: next})
}

// add adds the repository of a submodule, unless it was met before, and reports whether others are to be looked for in it.
func (f *submoduleFinder) add(r *repository, l link, dir, what string) bool {
	real, err := realPath(r.commonDir)
	for _, at := range [...]string{r.gitDir, r.commonDir, filepath.Join(r.commonDir, "objects")} {
		if err == nil && !f.inside(at) {
			f.refuse(what, "its repository is at "+at+", out of the target", "scan it by its own name")
			return false
		}
	}
	f.here[dir+l.path] = true
	if f.seen[real] && err == nil {
		return false
	}
	f.seen[real] = true
	if err == nil {
		err = r.open(f.top.options)
	}
	if err != nil {
		f.gaps = append(f.gaps, &scanner.Gap{What: what, Why: err.Error(), Next: "git -C " + r.name + " fsck", Err: err})
		return false
	}
	if !f.top.options.NoHistory {
		r.pinned = l.commit
		f.found = append(f.found, f.top.submodule(r, dir+l.path))
	}
	return true
}

// inside reports whether a directory, links followed, lies in the target.
func (f *submoduleFinder) inside(dir string) bool {
	real, err := realPath(dir)
	return err == nil && slices.ContainsFunc(f.roots, func(root string) bool {
		rel, err := filepath.Rel(root, real)
		return err == nil && filepath.IsLocal(rel)
	})
}

// pin has the commit read that the repository around names, whatever branch it is on.
func (h *history) pin() {
	id := h.repo.pinned
	switch {
	case id.IsZero() || slices.ContainsFunc(h.refs, func(r ref) bool { return r.id == id }):
	case h.store.Has(id):
		h.refs = append(h.refs, ref{"refs/superproject", id})
	default:
		h.gaps = append(h.gaps, &scanner.Gap{
			What: "commit " + id.String(), Why: "the repository around names it, and it is not here", Next: "git fetch --all, or in the repository around git submodule update",
			Err: errors.New("missing commit of a submodule"),
		})
	}
}
