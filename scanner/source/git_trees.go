package source

import (
	"fmt"
	"slices"

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
	cut   bool                // enters of found lacks commits
}

// placing says that an object came to a path, first with a commit, -1 for none. It entered there with every commit whose tree has it there and
// whose first parent's has not.
type placing struct {
	path, commit int32
	enters       []int32
}

// fork returns placings for another goroutine, with paths of its own, to which no place is added.
func (p *placings) fork() *placings {
	forked := *p
	forked.entries, forked.old, forked.paths = p.reader(), nil, newPaths()
	return &forked
}

// of returns the places of an object, the first first.
func (p *placings) of(n int32) []placing { return p.found[n] }

// add remembers that an object came to a path with a commit.
func (p *placings) add(n, path, commit int32) {
	all := p.found[n]
	i := slices.IndexFunc(all, func(at placing) bool { return at.path == path })
	if i < 0 && len(all) < maxPlaces {
		i, all = len(all), append(all, placing{path: path, commit: commit})
		p.found[n] = all
	}
	if i >= 0 && commit >= 0 {
		all[i].enters = append(all[i].enters, commit)
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

// placings returns some that have no place yet.
func (h *history) placings(wanted map[int32]bool, d *damage) *placings {
	p := &placings{census: h.census, wanted: wanted, paths: newPaths(), found: map[int32][]placing{}}
	if h.recalled == nil {
		p.reader = func() func(int32) []edge { return (&entryReader{entryLog: h.census.log}).entries }
		t := newToward(h.census.log, wanted, len(h.census.standing)+len(h.census.outside))
		t.all()
		p.entries, p.leads = p.reader(), t.leads
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
