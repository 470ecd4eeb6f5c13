package source

import (
	"context"
	"fmt"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// placings is where wanted objects stood in a history: paths and the commits that brought them there.
type placings struct {
	*census
	wanted map[int32]bool
	// entries gives those of a tree, or at least the ones that lead to wanted objects. They are valid until the next call. reader makes
	// such a function, for one goroutine.
	entries func(tree int32) []edge
	reader  func() func(tree int32) []edge
	// leads reports whether an object is a tree that may lead to wanted objects.
	leads func(object int32) bool
	old   []edge // of changes
	paths paths
	found map[int32][]placing // by number of an object
}

// placing says that an object came to a path with a commit.
type placing struct{ path, commit int32 }

// fork returns placings for another goroutine, to which no place is added.
func (p *placings) fork() *placings {
	forked := *p
	forked.entries, forked.old = p.reader(), nil
	return &forked
}

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

// changes appends to a list the entries of a tree but those with which it begins and ends as another tree does. was are those of the other
// in their place, which are valid until the next call.
func (p *placings) changes(tree, before int32, list []edge) (now, was []edge) {
	p.old = append(p.old[:0], p.entries(before)...)
	all, old := p.entries(tree), p.old
	for len(all) > 0 && len(old) > 0 && all[0] == old[0] {
		all, old = all[1:], old[1:]
	}
	for len(all) > 0 && len(old) > 0 && all[len(all)-1] == old[len(old)-1] {
		all, old = all[:len(all)-1], old[:len(old)-1]
	}
	return append(list, all...), old
}

// treeWalk visits the trees of a history, commit by commit, parents before children, and each tree once for each path it stands at.
// Whatever a visit meets for the first time was therefore brought in by the commit being visited. What the tree has that was visited
// last at its path needs no second visit.
type treeWalk struct {
	*placings
	visits []uint8         // by tree
	first  []int32         // by tree: the path that it was visited at first, plus one
	seen   map[treeAt]bool // the others
	last   []int32         // by path: the tree that was visited last, plus one
	stack  []edge          // what is left to do of the trees that are being visited
	damage *damage
}

// treeAt is a tree at a path.
type treeAt struct{ tree, path int32 }

// places finds where wanted objects stood.
func (h *history) places(ctx context.Context, wanted map[int32]bool, d *damage) (*placings, error) {
	p := h.placings(wanted, d)
	if len(wanted) == 0 {
		return p, nil
	}
	objects := len(h.census.standing) + len(h.census.outside)
	w := &treeWalk{placings: p, visits: make([]uint8, objects), first: make([]int32, objects), seen: map[treeAt]bool{}, damage: d}
	for i, c := range h.commits {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w.visit(c.tree, 0, int32(i), 0)
	}
	for _, id := range h.roots {
		w.visit(h.census.find(id), 0, -1, 0)
	}
	return p, nil
}

// placings returns some that have no place yet.
func (h *history) placings(wanted map[int32]bool, d *damage) *placings {
	p := &placings{census: h.census, wanted: wanted, paths: newPaths(), found: map[int32][]placing{}}
	if h.recalled == nil {
		p.reader = func() func(int32) []edge { return (&entryReader{entryLog: h.census.log}).entries }
		p.entries, p.leads = p.reader(), newToward(h.census.log, wanted, len(h.census.standing)+len(h.census.outside)).leads
		return p
	}
	h.prune(wanted, d)
	p.leads = func(object int32) bool { return object >= 0 && len(h.last.edges[object]) > 0 }
	p.entries = func(tree int32) []edge {
		if tree < 0 {
			return nil
		}
		return h.last.edges[tree]
	}
	p.reader = func() func(int32) []edge { return p.entries }
	return p
}

// prune works out what leads to wanted objects.
func (h *history) prune(wanted map[int32]bool, d *damage) {
	if h.recalled != nil {
		h.last = h.recalled.prune(h.census, wanted, d)
	} else {
		h.last = h.census.prune(wanted, d)
	}
}

// visit remembers what a tree brings to a path with a commit.
func (w *treeWalk) visit(tree, path, commit int32, depth int) {
	if !w.enter(tree, path) {
		return
	}
	if depth > maxDepth {
		w.damage.add("tree", w.id(tree), fmt.Errorf("nested deeper than %d", maxDepth))
		return
	}
	for int(path) >= len(w.last) {
		w.last = append(w.last, 0)
	}
	from := len(w.stack)
	w.stack, _ = w.changes(tree, w.last[path]-1, w.stack)
	w.last[path] = tree + 1
	for i, to := from, len(w.stack); i < to; i++ {
		switch e := w.stack[i]; {
		case w.wanted[e.child]:
			w.add(e.child, w.paths.number(path, w.names[e.name]), commit)
		case w.leads(e.child):
			w.visit(e.child, w.paths.number(path, w.names[e.name]), commit, depth+1)
		}
	}
	w.stack = w.stack[:from]
}

// enter reports whether a tree is to be visited at a path: not when it was, nor at more than maxPlaces paths, when each
// of its blobs has as many places.
func (w *treeWalk) enter(tree, path int32) bool {
	at := treeAt{tree, path}
	if !w.leads(tree) || w.first[tree] == path+1 || w.visits[tree] == maxPlaces || w.seen[at] {
		return false
	}
	if w.visits[tree]++; w.visits[tree] == 1 {
		w.first[tree] = path + 1
	} else {
		w.seen[at] = true
	}
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
