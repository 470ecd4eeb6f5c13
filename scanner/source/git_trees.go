package source

import (
	"bytes"
	"context"
	"fmt"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// treeWalk visits the trees of a history.
type treeWalk struct {
	*history
	trees  map[pack.ID]int32
	visits []uint8 // by tree
	seen   map[treeAt]bool
	before map[int32][]byte // by path: the tree visited there last
	damage *damage
}

// treeAt is a tree at a path.
type treeAt struct{ tree, path int32 }

func newTreeWalk(h *history, d *damage) *treeWalk {
	return &treeWalk{history: h, trees: map[pack.ID]int32{}, seen: map[treeAt]bool{}, before: map[int32][]byte{}, damage: d}
}

// all visits the trees of all commits and those that references name.
func (w *treeWalk) all(ctx context.Context, roots []pack.ID, progress func(stage string, done, total int)) error {
	for i, c := range w.commits {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.visit(c.tree, 0, int32(i), 0)
		if i%256 == 0 {
			progress("trees", i, len(w.commits))
		}
	}
	for _, id := range roots {
		w.visit(id, 0, -1, 0)
	}
	progress("trees", len(w.commits), len(w.commits))
	return nil
}

// visit remembers what a tree brings to a path with a commit.
func (w *treeWalk) visit(id pack.ID, path, commit int32, depth int) {
	if !w.enter(id, path) {
		return
	}
	if depth > maxDepth {
		w.damage.add("tree", id, fmt.Errorf("nested deeper than %d", maxDepth))
		return
	}
	data, err := readTree(w.store, id)
	if err != nil {
		w.damage.add("tree", id, err)
		return
	}
	before := w.before[path]
	w.before[path] = data
	for len(data) > 0 {
		var e treeEntry
		if e, data, err = nextEntry(data, w.repo.hash); err != nil {
			w.damage.add("tree", id, err)
			return
		}
		var same bool
		if before, same = w.skip(before, e); same {
			continue
		}
		switch e.mode {
		case modeLink:
		case modeTree:
			w.visit(e.id, w.paths.number(path, e.name), commit, depth+1)
		default:
			w.blobs.add(e.id, w.paths.number(path, e.name), commit)
		}
	}
}

// enter reports whether a tree is to be visited at a path: not when it was, nor at more than maxPlaces paths, when each
// of its blobs has as many places.
func (w *treeWalk) enter(id pack.ID, path int32) bool {
	t, ok := w.trees[id]
	if !ok {
		t = int32(len(w.visits))
		w.trees[id] = t
		w.visits = append(w.visits, 0)
	}
	at := treeAt{t, path}
	if w.seen[at] || w.visits[t] == maxPlaces {
		return false
	}
	w.seen[at] = true
	w.visits[t]++
	return true
}

// skip passes over the entries of an earlier tree that come before e, and reports whether it has the very same entry.
func (w *treeWalk) skip(before []byte, e treeEntry) (rest []byte, same bool) {
	for len(before) > 0 {
		if bytes.HasPrefix(before, e.raw) {
			return before[len(e.raw):], true
		}
		b, next, err := nextEntry(before, w.repo.hash)
		if err != nil || compareEntries(b, e) > 0 {
			return before, false
		}
		before = next
	}
	return nil, false
}

// compareEntries orders entries as trees have them: by name, that of a tree as if a slash stood after it.
func compareEntries(a, b treeEntry) int {
	n := min(len(a.name), len(b.name))
	if c := bytes.Compare(a.name[:n], b.name[:n]); c != 0 {
		return c
	}
	return int(a.after(n)) - int(b.after(n))
}

func (e treeEntry) after(n int) byte {
	switch {
	case n < len(e.name):
		return e.name[n]
	case e.mode == modeTree:
		return '/'
	default:
		return 0
	}
}

// readTree reads a tree object.
func readTree(store *pack.Store, id pack.ID) ([]byte, error) {
	o, err := store.Object(id)
	if err != nil {
		return nil, err
	}
	if o.Type != pack.Tree {
		return nil, fmt.Errorf("it is a %s, not a tree", o.Type)
	}
	return o.Data, nil
}
