package source

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

const (
	// maxPlaces bounds the paths that are remembered of one blob, and of one tree. A repository of a few hundred bytes can
	// describe more paths than can be visited; the bound costs places of a blob, never a blob.
	maxPlaces = 64
	// maxDepth is the deepest path that is followed, as deep as git itself goes.
	maxDepth = 2048
)

// history is what the references of a repository reach: commits, tags and blobs, and where each blob stood first. No
// blob is read for it.
//
// Trees are visited commit by commit, parents before children, and each tree once for each path it stands at. Whatever a
// visit meets for the first time was therefore brought in by the commit being visited.
type history struct {
	repo  *repository
	store *pack.Store
	refs  []ref
	gaps  []*scanner.Gap

	commits  []revision // parents before children; of equals the older first
	commitAt map[pack.ID]int32
	tags     []pack.ID
	tagged   map[pack.ID]pack.ID // by tag: the object that it names
	blobs    blobs
	paths    paths
}

// revision is a commit in memory.
type revision struct {
	id, tree pack.ID
	parents  []int32 // those that are there
	when     int64
}

// readHistory reads commits and trees.
func readHistory(ctx context.Context, r *repository, progress func(stage string, done, total int)) (*history, error) {
	h := &history{
		repo:     r,
		commitAt: map[pack.ID]int32{},
		tagged:   map[pack.ID]pack.ID{},
		blobs:    blobs{at: map[pack.ID]int32{}},
		paths:    paths{nodes: []pathNode{{parent: -1}}, at: map[pathNode]int32{}},
	}
	var problems []pack.Problem
	h.store, problems = r.objects()
	defer h.store.Close()
	for _, p := range problems {
		h.gaps = append(h.gaps, &scanner.Gap{What: "object store " + p.Path, Why: cause(p.Err), Next: "git fsck --full", Err: p.Err})
	}
	refs, gaps, err := r.refs(ctx)
	if err != nil {
		return nil, err
	}
	h.refs = refs
	h.gaps = append(h.gaps, gaps...)
	damage := &damage{partial: r.partial}
	l := &loader{history: h, progress: progress, seen: map[pack.ID]bool{}, damage: damage}
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	w := newTreeWalk(h, damage)
	if err := w.all(ctx, l.roots, progress); err != nil {
		return nil, err
	}
	h.gaps = append(h.gaps, damage.gaps()...)
	return h, nil
}

// commitOf returns the commit that a reference's object is or, as a tag, names.
func (h *history) commitOf(id pack.ID) (int32, bool) {
	for range len(h.tagged) + 1 {
		to, ok := h.tagged[id]
		if !ok {
			break
		}
		id = to
	}
	c, ok := h.commitAt[id]
	return c, ok
}

// loader reads commits and tags from the references down.
type loader struct {
	*history
	progress func(stage string, done, total int)
	seen     map[pack.ID]bool
	cut      map[pack.ID]bool // whose parents a shallow clone left out
	parents  [][]pack.ID      // by commit
	todo     []pack.ID
	roots    []pack.ID // trees that references name
	damage   *damage
}

func (l *loader) load(ctx context.Context) error {
	if err := l.readShallow(); err != nil {
		return err
	}
	for _, r := range l.refs {
		l.todo = append(l.todo, r.id)
	}
	slices.Reverse(l.todo)
	for len(l.todo) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := l.todo[len(l.todo)-1]
		l.todo = l.todo[:len(l.todo)-1]
		if !l.seen[id] {
			l.seen[id] = true
			l.visit(id)
		}
		if len(l.commits)%1024 == 1 {
			l.progress("commits", len(l.commits), 0)
		}
	}
	l.progress("commits", len(l.commits), len(l.commits))
	l.order()
	l.shallowGap()
	return nil
}

// visit reads an object that a reference, a tag or a commit names.
func (l *loader) visit(id pack.ID) {
	o, err := l.store.Object(id)
	if err != nil {
		l.damage.add("commit", id, err)
		return
	}
	switch o.Type {
	case pack.Commit:
		c, err := parseCommit(o.Data)
		if err != nil {
			l.damage.add("commit", id, err)
			return
		}
		if l.cut[id] {
			c.parents = nil
		}
		l.commits = append(l.commits, revision{id: id, tree: c.tree, when: c.when})
		l.parents = append(l.parents, c.parents)
		l.todo = append(l.todo, c.parents...)
	case pack.Tag:
		t, err := parseTag(o.Data)
		if err != nil {
			l.damage.add("tag", id, err)
			return
		}
		l.tags = append(l.tags, id)
		l.tagged[id] = t.object
		l.todo = append(l.todo, t.object)
	case pack.Tree:
		l.roots = append(l.roots, id)
	case pack.Blob:
		l.blobs.add(id, -1, -1)
	}
}

func (l *loader) readShallow() error {
	ids, err := l.repo.shallow()
	if err != nil {
		return fmt.Errorf("open %q: its list of shallow commits is damaged: %w; see git fetch --unshallow", l.repo.name, err)
	}
	l.cut = map[pack.ID]bool{}
	for _, id := range ids {
		l.cut[id] = true
	}
	return nil
}

// shallowGap reports what a shallow clone left out: everything before the oldest commit that was cut off.
func (l *loader) shallowGap() {
	for _, c := range l.commits { // in order of time
		if l.cut[c.id] {
			day := time.Unix(c.when, 0).UTC().Format(time.DateOnly)
			l.gaps = append(l.gaps, &scanner.Gap{What: "shallow clone", Why: "history before " + day + " is missing", Next: "git fetch --unshallow"})
			return
		}
	}
}

// order sorts the commits: parents before children, and of those that could come next the oldest.
func (l *loader) order() {
	for i, c := range l.commits {
		l.commitAt[c.id] = int32(i)
	}
	children := make([][]int32, len(l.commits))
	waits := make([]int, len(l.commits))
	for i, parents := range l.parents {
		for _, id := range parents {
			if p, ok := l.commitAt[id]; ok {
				children[p] = append(children[p], int32(i))
				waits[i]++
			}
		}
	}
	ready := &oldest{commits: l.commits}
	for i := range l.commits {
		if waits[i] == 0 {
			heap.Push(ready, int32(i))
		}
	}
	sorted := make([]revision, 0, len(l.commits))
	for ready.Len() > 0 {
		i := heap.Pop(ready).(int32)
		c := l.commits[i]
		for _, id := range l.parents[i] {
			if p, ok := l.commitAt[id]; ok {
				c.parents = append(c.parents, p) // already its place in sorted
			}
		}
		l.commitAt[c.id] = int32(len(sorted))
		sorted = append(sorted, c)
		for _, child := range children[i] {
			if waits[child]--; waits[child] == 0 {
				heap.Push(ready, child)
			}
		}
	}
	l.commits = append(sorted, l.circular(waits)...)
}

// circular returns the commits that are their own ancestors, which only a forged object store can have.
func (l *loader) circular(waits []int) []revision {
	var rest []revision
	for i, c := range l.commits {
		if waits[i] > 0 {
			l.damage.add("commit", c.id, errors.New("it is its own ancestor"))
			rest = append(rest, c)
		}
	}
	return rest
}

// oldest is a heap of commits, the oldest on top.
type oldest struct {
	commits []revision
	heap    []int32
}

// Len implements heap.Interface, as do the others.
func (o *oldest) Len() int      { return len(o.heap) }
func (o *oldest) Swap(i, j int) { o.heap[i], o.heap[j] = o.heap[j], o.heap[i] }
func (o *oldest) Push(x any)    { o.heap = append(o.heap, x.(int32)) }
func (o *oldest) Less(i, j int) bool {
	a, b := &o.commits[o.heap[i]], &o.commits[o.heap[j]]
	return cmp.Or(cmp.Compare(a.when, b.when), a.id.Compare(b.id)) < 0
}
func (o *oldest) Pop() any {
	last := o.heap[len(o.heap)-1]
	o.heap = o.heap[:len(o.heap)-1]
	return last
}
