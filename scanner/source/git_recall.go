package source

import (
	"context"
	"maps"
	"slices"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// recalled is the part of a census that a scan with a past takes: what the outline of the past tells of old trees, and what the trees
// of new commits say. It has the places of the blobs that are read again, and of those that the repository did not have before, which is
// enough as long as no key is found in another; then the whole census is taken after all.
type recalled struct {
	again map[int32]bool
	edges map[int32][]edge // by tree
	noted map[int32]bool   // the trees that edges has all of
	amiss bool             // something is missing or damaged, of which the census tells
	packs *pack.Store      // the packs that were there before
	loose []pack.ID        // what was there before in no pack, sorted
}

// recall makes the commits and the census from an outline. It reports whether all that it speaks of is there.
func (h *history) recall(l *loader, g *outline, packs []string) bool {
	h.census = newCensus(h.store, h.repo.hash)
	h.recalled = &recalled{again: map[int32]bool{}, edges: map[int32][]edge{}, noted: map[int32]bool{}, packs: h.store.Only(packs), loose: g.loose}
	for i := range h.commits {
		h.commits[i].tree = h.census.numbered(l.keys.id(l.trees[l.sorted[i]]), true)
	}
	again := make([]int32, len(g.again))
	for i, id := range g.again {
		if !h.store.Has(id) {
			return false
		}
		again[i] = h.census.numbered(id, false)
		h.recalled.again[again[i]] = true
	}
	trees := make([]int32, len(g.trees))
	for i, t := range g.trees {
		trees[i] = h.census.numbered(t.id, true)
		h.recalled.noted[trees[i]] = true
	}
	for i, t := range g.trees {
		for _, e := range t.edges {
			entry, child := treeEntry{mode: modeTree, name: []byte(g.names[e.name])}, int32(0)
			if e.to < len(again) {
				child, entry.mode = again[e.to], 0
			} else {
				child = trees[e.to-len(again)]
			}
			entry.id = h.census.id(child)
			name := h.census.name(entry.name)
			h.census.entry(trees[i], entry, name)
			h.recalled.edges[trees[i]] = append(h.recalled.edges[trees[i]], edge{name, child})
		}
	}
	return true
}

// numbered returns the number of an object, which it adds where no pack has it.
func (c *census) numbered(id pack.ID, tree bool) int32 {
	if n, ok := c.store.Number(id); ok {
		return n
	}
	return c.packed() + c.add(id, tree)
}

// note notes an entry of a tree that a commit brings. old says that a parent has it in its place.
func (h *history) note(tree int32, e treeEntry, old bool) {
	r := h.recalled
	child := h.census.numbered(e.id, e.mode == modeTree)
	if !old {
		h.census.entry(tree, e, h.census.name(e.name))
		r.amiss = r.amiss || child >= h.census.packed() && !h.store.Has(e.id)
	}
	if r.noted[tree] {
		return
	}
	if e.mode != modeTree && !r.again[child] && r.isNew(e.id) {
		r.again[child] = true
	}
	if e.mode == modeTree || r.again[child] {
		r.edges[tree] = append(r.edges[tree], edge{h.census.name(e.name), child})
	}
}

// isNew reports whether the repository did not have an object when the earlier scan read it: then no commit that was there has it.
func (r *recalled) isNew(id pack.ID) bool {
	_, packed := r.packs.Number(id)
	_, loose := slices.BinarySearchFunc(r.loose, id, pack.ID.Compare)
	return !packed && !loose
}

// prune is what leads to the wanted objects, which are among those that are read again.
func (r *recalled) prune(c *census, wanted map[int32]bool, d *damage) *pruned {
	p := newPruned(c, wanted)
	for tree, edges := range r.edges {
		p.edges[tree] = append([]edge(nil), edges...)
	}
	for tree := range p.edges {
		p.leads(int32(tree), 0, d)
	}
	return p
}

// settle takes the whole census where the recalled one does not have all the wanted objects.
func (h *history) settle(ctx context.Context, wanted map[int32]bool, d *damage) error {
	if h.recalled == nil || covers(h.recalled.again, wanted) {
		return nil
	}
	trees := make([]pack.ID, len(h.commits))
	for i, c := range h.commits {
		trees[i] = h.census.id(c.tree)
	}
	h.recalled = nil
	h.survey()
	defer h.store.Close()
	return h.count(ctx, trees, func(string, int, int) {}, d)
}

// covers reports whether all of some is in all.
func covers(all, some map[int32]bool) bool {
	for n := range maps.Keys(some) {
		if !all[n] {
			return false
		}
	}
	return true
}
