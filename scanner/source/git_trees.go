package source

import (
	"context"
	"fmt"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// placings is where wanted objects stood in a history: paths and the commits that brought them there.
type placings struct {
	*pruned
	paths paths
	found map[int32][]placing // by number of an object
}

// placing says that an object came to a path with a commit.
type placing struct{ path, commit int32 }

// of returns the places of an object, the first first.
func (p *placings) of(n int32) []placing { return p.found[n] }

// add remembers a place of an object.
func (p *placings) add(n, path, commit int32) {
	for _, at := range p.found[n] {
		if at.path == path {
			return
		}
	}
	if len(p.found[n]) < maxPlaces {
		p.found[n] = append(p.found[n], placing{path, commit})
	}
}

// treeWalk visits the trees of a history that lead to wanted objects, commit by commit, parents before children, and each tree
// once for each path it stands at. Whatever a visit meets for the first time was therefore brought in by the commit being visited.
type treeWalk struct {
	*placings
	visits map[int32]uint8 // by tree
	seen   map[treeAt]bool
}

// treeAt is a tree at a path.
type treeAt struct{ tree, path int32 }

// places finds where wanted objects stood.
func (h *history) places(ctx context.Context, wanted map[int32]bool, d *damage) (*placings, error) {
	p, err := h.prune(ctx, wanted, d)
	if err != nil {
		return nil, err
	}
	w := &treeWalk{&placings{p, newPaths(), map[int32][]placing{}}, map[int32]uint8{}, map[treeAt]bool{}}
	for i, c := range h.commits {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w.visit(c.tree, 0, int32(i), 0)
	}
	for _, id := range h.roots {
		w.visit(h.census.find(id), 0, -1, 0)
	}
	return w.placings, nil
}

// prune returns what leads to wanted objects.
func (h *history) prune(ctx context.Context, wanted map[int32]bool, d *damage) (p *pruned, err error) {
	if h.recalled != nil {
		p = h.recalled.prune(h.census, wanted, d)
	} else {
		p, err = h.census.prune(ctx, h.families, wanted, d)
	}
	h.last = p
	return p, err
}

// visit remembers what a tree brings to a path with a commit.
func (w *treeWalk) visit(tree, path, commit int32, depth int) {
	if tree < 0 || depth > maxDepth || !w.enter(tree, path) {
		return
	}
	for _, e := range w.edges[tree] {
		at := w.paths.number(path, w.names[e.name])
		if w.wanted[e.child] {
			w.add(e.child, at, commit)
			continue
		}
		w.visit(e.child, at, commit, depth+1)
	}
}

// enter reports whether a tree is to be visited at a path: not when it was, nor at more than maxPlaces paths, when each
// of its blobs has as many places.
func (w *treeWalk) enter(tree, path int32) bool {
	at := treeAt{tree, path}
	if len(w.edges[tree]) == 0 || w.seen[at] || w.visits[tree] == maxPlaces {
		return false
	}
	w.seen[at] = true
	w.visits[tree]++
	return true
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
