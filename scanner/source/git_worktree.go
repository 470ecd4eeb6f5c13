package source

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync/atomic"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// prepareFiles lists the files of the work tree, and the submodules. With a history, those files are left out later whose content is the
// blob that HEAD has at their path: their keys are found in the history, once.
func (g *git) prepareFiles(ctx context.Context) error {
	if g.options.NoWorktree {
		g.take(g.findSubmodules(ctx, nil))
		return ctx.Err()
	}
	w, err := listFiles(ctx, g.repo.root, &g.counter, g.options)
	if err != nil {
		return err
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
		t.known = g.known
	}
	g.plan.files = t
	g.plan.gaps = append(g.plan.gaps, w.gaps...)
	f := g.findSubmodules(ctx, w.tracked)
	for _, path := range w.histories {
		if g.options.NoHistory || !f.here[path] {
			g.skip(skipHistory, 1)
		}
	}
	g.take(f)
	return ctx.Err()
}

// take takes over the submodules that were found.
func (g *git) take(f *submoduleFinder) {
	g.plan.submodules = f.found
	g.plan.gaps = append(g.plan.gaps, f.gaps...)
	g.saw(sawSubmodules, len(f.found))
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
