package source

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// together is how many commits one goroutine compares with their parents at a time.
const together = 1 << 10

// treeWalk finds which wanted objects a run of commits brings, and where: what the tree of a commit has and that of its first parent has not. Since
// parents come before children, the first commit that brings an object to a path is the first that has it there. A walk is for one goroutine.
type treeWalk struct {
	*placings
	quiet  [1 << 15]treePair
	seen   map[treeAt]bool
	visits map[int32]int   // by tree: at how many paths it was visited
	was    map[int32]int32 // by name: what the tree before has; of changed
	now    []edge
	stack  []treeChange // what is left to do of the trees that are being visited
	global []int32      // by path: its number among those of all walks, 0 where it has none yet

	run walked
}

// walked is what a walk found in a run of commits.
type walked struct {
	walk *treeWalk
	came []arrival
	deep []int32 // trees that are nested too deep
	cut  bool    // some trees were not visited at all of their paths
}

// arrival says that an object came to a path, by the walk's number, with a commit.
type arrival struct{ object, path, commit int32 }

// treeAt is a tree at a path.
type treeAt struct{ tree, path int32 }

// treePair is a tree, whose number plus one is given, and one that stood in its place before.
type treePair struct{ tree, before int32 }

// treeChange is an entry of a tree and what the tree before has under its name, -1 where that says nothing of it.
type treeChange struct{ name, child, was int32 }

// places finds where wanted objects stood.
func (h *history) places(ctx context.Context, wanted map[int32]bool, d *damage) (*placings, error) {
	p := h.placings(wanted, d)
	if len(wanted) == 0 {
		return p, nil
	}
	runs := make([]walked, (len(h.commits)+together-1)/together)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(runtime.GOMAXPROCS(0), len(runs)) {
		group.Go(func() error {
			w := newTreeWalk(p)
			for i := int(next.Add(1)) - 1; i < len(runs) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				runs[i] = w.commits(h, i*together, min((i+1)*together, len(h.commits)))
			}
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	w := newTreeWalk(p)
	for _, id := range h.roots {
		w.visit(treeChange{child: h.census.find(id), was: -1}, 0, -1, 0)
	}
	for _, run := range append(runs, w.end()) {
		p.join(run, d)
	}
	return p, nil
}

func newTreeWalk(p *placings) *treeWalk {
	return &treeWalk{placings: p.fork(), seen: map[treeAt]bool{}, visits: map[int32]int{}, was: map[int32]int32{}}
}

// commits walks the commits from one up to another.
func (w *treeWalk) commits(h *history, from, to int) walked {
	for i := from; i < to; i++ {
		w.visit(treeChange{child: h.commits[i].tree, was: h.before(i)}, 0, int32(i), 0)
	}
	return w.end()
}

// end ends a run.
func (w *treeWalk) end() walked {
	run := w.run
	run.walk, w.run = w, walked{}
	clear(w.seen)
	clear(w.visits)
	return run
}

// join adds what was found in a run.
func (p *placings) join(run walked, d *damage) {
	for _, a := range run.came {
		p.add(a.object, p.adopt(run.walk, a.path), a.commit)
	}
	for _, tree := range run.deep {
		d.add("tree", p.id(tree), fmt.Errorf("nested deeper than %d", maxDepth))
	}
	p.cut = p.cut || run.cut
}

// adopt returns the number of a path that a walk gave another.
func (p *placings) adopt(w *treeWalk, path int32) int32 {
	if path == 0 {
		return 0
	}
	if more := len(w.paths.nodes) - len(w.global); more > 0 {
		w.global = append(w.global, make([]int32, more)...)
	}
	if w.global[path] == 0 {
		n := w.paths.nodes[path]
		w.global[path] = p.paths.number(p.adopt(w, n.parent), n.name)
	}
	return w.global[path]
}

// visit notes what a commit brings with a tree at a path. It reports whether that is nothing, and would be at any path.
func (w *treeWalk) visit(c treeChange, path, commit int32, depth int) bool {
	pair := treePair{c.child + 1, c.was}
	known := &w.quiet[(uint32(c.child)*31+uint32(c.was))%uint32(len(w.quiet))]
	switch {
	case c.child == c.was || !w.leads(c.child) || *known == pair:
		return true
	case !w.enter(c.child, path):
		return false
	case depth > maxDepth:
		w.run.deep = append(w.run.deep, c.child)
		return false
	}
	from, quiet := len(w.stack), true
	w.changed(c)
	for i, to := from, len(w.stack); i < to; i++ {
		e := w.stack[i]
		at := w.paths.number(path, e.name)
		if !w.wanted[e.child] {
			quiet = w.visit(e, at, commit, depth+1) && quiet
			continue
		}
		w.run.came, quiet = append(w.run.came, arrival{e.child, at, commit}), false
	}
	w.stack = w.stack[:from]
	if quiet {
		*known = pair
	}
	return quiet
}

// enter reports whether a tree is to be visited at a path: not when it was, in this run, at maxPlaces others, since each of its blobs
// has as many places by then.
func (w *treeWalk) enter(tree, path int32) bool {
	at := treeAt{tree, path}
	if path == 0 || w.seen[at] {
		return true
	}
	if w.visits[tree] == maxPlaces {
		w.run.cut = true
		return false
	}
	w.visits[tree]++
	w.seen[at] = true
	return true
}

// changed puts on the stack what a tree has otherwise than the tree before, as far as it is wanted or leads there.
func (w *treeWalk) changed(c treeChange) {
	var old []edge
	w.now, old = w.changes(c.child, c.was, w.now[:0])
	clear(w.was)
	for _, e := range old {
		w.was[e.name] = e.child
	}
	for _, e := range w.now {
		wanted := w.wanted[e.child]
		if !wanted && !w.leads(e.child) {
			continue
		}
		was, there := w.was[e.name]
		switch {
		case there && was == e.child:
			continue
		case !there || wanted || w.wanted[was]:
			was = -1
		}
		w.stack = append(w.stack, treeChange{e.name, e.child, was})
	}
}
