package source

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// newWorktree lists the files of the work tree. With a history, those are left out later whose content is the blob that HEAD
// has at their path: their keys are found in the history, once.
func newWorktree(ctx context.Context, g *git) (*tree, []*scanner.Gap, error) {
	w, err := listFiles(ctx, g.repo.root, &g.counter, g.options)
	if err != nil {
		return nil, nil, err
	}
	g.findFolders(g.repo.root, w.files)
	t := &tree{counter: &g.counter, root: g.repo.root, files: w.files, max: g.options.MaxFile}
	var read atomic.Int64
	t.step = func() {
		if n := int(read.Add(1)); n%16 == 0 || n == len(t.files) {
			g.progress("work tree", n, len(t.files))
		}
	}
	if h := g.plan.history; h != nil {
		h.readHead()
		t.known = h.known
	}
	return t, append(w.gaps, g.submodules(ctx, w.tracked)...), nil
}

// submodules returns a gap for each submodule that is not checked out, in those that are too: their files were read.
// The index was read with the list of files where ignore files count.
func (g *git) submodules(ctx context.Context, t *tracked) []*scanner.Gap {
	return g.absent(ctx, g.repo, t, "", 0)
}

// mostNested is how deep submodules are looked for in one another.
const mostNested = 32

// absent returns a gap for each submodule of a repository that is not checked out. dir is where it stands in the work tree of the target.
func (g *git) absent(ctx context.Context, r *repository, t *tracked, dir string, depth int) (gaps []*scanner.Gap) {
	if t == nil {
		var err error
		if t, err = r.tracked(ctx); err != nil {
			return []*scanner.Gap{{
				What: "submodules of " + r.name, Why: "the index cannot be read: " + err.Error(), Next: "git fsck, then git read-tree HEAD", Err: err,
			}}
		}
	}
	for _, path := range t.links {
		root := filepath.Join(r.root, filepath.FromSlash(path))
		entries, _ := os.ReadDir(root)
		if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() != ".git" }) {
			next := "git submodule update --init " + dir + path
			if depth > 0 {
				next = "git submodule update --init --recursive"
			}
			gaps = append(gaps, &scanner.Gap{What: "submodule " + dir + path, Why: "not checked out", Next: next})
			continue
		}
		inner, ok, err := findRepository(root)
		if !ok || depth == mostNested || err == nil && inner.root == "" {
			continue // files without a repository
		}
		if err == nil {
			err = inner.open(g.options)
		}
		if err != nil {
			gaps = append(gaps, &scanner.Gap{What: "submodules of " + dir + path, Why: err.Error(), Next: "git submodule update --init " + dir + path, Err: err})
			continue
		}
		gaps = append(gaps, g.absent(ctx, inner, nil, dir+path+"/", depth+1)...)
	}
	return gaps
}

// maxNormal is the longest file whose line ends are changed to look it up.
const maxNormal = 32 << 20

// readHead lists the blobs of HEAD. What cannot be read is left out: its files are read as files.
func (h *history) readHead() {
	h.inHead = map[string]pack.ID{}
	for _, r := range h.refs {
		c, ok := h.commitOf(r.id)
		if r.name == headName && ok && h.commits[c].tree >= 0 {
			h.listHead(h.census.id(h.commits[c].tree), "", 0)
		}
	}
	h.store.Close()
}

func (h *history) listHead(tree pack.ID, dir string, depth int) {
	data, err := readTree(h.store, tree)
	for err == nil && len(data) > 0 && depth < maxDepth {
		var e treeEntry
		if e, data, err = nextEntry(data, h.repo.hash); err != nil {
			return
		}
		switch path := dir + string(e.name); e.mode {
		case modeLink:
		case modeTree:
			h.listHead(e.id, path+"/", depth+1)
		default:
			h.inHead[path] = e.id
		}
	}
}

// known reports whether a file's content is what HEAD has at its path, as it is or with the line ends that git checks in
// where core.autocrlf is set.
func (h *history) known(path string, f io.ReadSeeker, size int64) (bool, error) {
	want, ok := h.inHead[path]
	if !ok || !h.store.Has(want) {
		return false, nil
	}
	sum := h.blobHash(size)
	if _, err := io.Copy(sum, f); err != nil {
		return false, err
	}
	if pack.MakeID(sum.Sum(nil)) == want {
		return true, nil
	}
	if size > maxNormal {
		return false, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxNormal))
	if err != nil || !bytes.Contains(text, []byte("\r\n")) {
		return false, err
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	sum = h.blobHash(int64(len(text)))
	sum.Write(text)
	return pack.MakeID(sum.Sum(nil)) == want, nil
}

// blobHash begins the name of a blob.
func (h *history) blobHash(size int64) hash.Hash {
	var sum hash.Hash = sha1.New()
	if h.repo.hash == sha256.Size {
		sum = sha256.New()
	}
	fmt.Fprintf(sum, "blob %d\x00", size)
	return sum
}
