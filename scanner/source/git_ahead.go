package source

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// keyed is what the shape of a history needs of a commit: the keys of its tree and its parents, and its time.
type keyed struct {
	when    int64
	tree    int32
	parents []int32
}

// readAhead is the commits in packs, read as they stand there and on all processors. Those are left out that are damaged, or name what no pack
// has: they are read one by one, when it is their turn.
type readAhead struct {
	at   []int32 // by key: the place in list, plus one
	list []keyed
}

// readAhead reads the commits of the families; nil where these are not known.
func (h *history) readAhead(ctx context.Context) (*readAhead, error) {
	commits := slices.DeleteFunc(slices.Clone(h.families), func(f pack.Family) bool { return f.Type != pack.Commit })
	if len(commits) == 0 {
		return nil, nil
	}
	n := 0
	for _, f := range commits {
		n += f.Objects
	}
	a := &readAhead{at: make([]int32, h.store.Count()), list: make([]keyed, n)}
	var filled atomic.Int32
	err := walkAll(ctx, h.store, commits, func() func(*pack.Node[struct{}]) {
		return func(n *pack.Node[struct{}]) {
			if c, ok := h.keyed(n); ok && a.at[n.Number] == 0 { // one is met again where its pack is cut off
				at := filled.Add(1)
				a.list[at-1], a.at[n.Number] = c, at
			}
		}
	})
	return a, err
}

// keyed reads a commit in a pack; false where that needs more than the packs.
func (h *history) keyed(n *pack.Node[struct{}]) (k keyed, ok bool) {
	if n.Err != nil || n.Number < 0 || n.Type != pack.Commit {
		return k, false
	}
	c, err := parseCommit(n.Data)
	if err != nil {
		return k, false
	}
	k.when = c.when
	k.tree, ok = h.store.Number(c.tree)
	for _, p := range c.parents {
		key, there := h.store.Number(p)
		k.parents, ok = append(k.parents, key), ok && there
	}
	return k, ok
}

// commit returns what was read of a commit; nil where nothing was.
func (a *readAhead) commit(key int32) *keyed {
	if a == nil || int(key) >= len(a.at) || a.at[key] == 0 {
		return nil
	}
	return &a.list[a.at[key]-1]
}
