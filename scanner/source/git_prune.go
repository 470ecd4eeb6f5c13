package source

import (
	"context"
	"fmt"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// pruned is the trees of a repository without all that does not lead to some wanted objects: the few that findings are in.
type pruned struct {
	*census
	wanted map[int32]bool
	heads  []uint64 // bits, by the head of an ID: a wanted object may have it
	edges  [][]edge // by number of a tree
	state  []uint8  // by number of a tree: whether it leads to a wanted object
}

// edge is an entry of a tree that may lead to a wanted object, or is one.
type edge struct{ name, child int32 }

// branch is what is kept of a tree for those that are built on it.
type branch struct {
	layout treeLayout
	edges  []edge
	at     []int32 // by edge: where its entry begins
}

const (
	unknown = iota
	underway
	leadsNowhere
	leadsThere
)

func newPruned(c *census, wanted map[int32]bool) *pruned {
	n := len(c.standing) + len(c.outside)
	p := &pruned{census: c, wanted: wanted, heads: make([]uint64, headBits/64), edges: make([][]edge, n), state: make([]uint8, n)}
	for n := range wanted {
		id := c.id(n)
		p.heads[id.Head()%headBits/64] |= 1 << (id.Head() % 64)
	}
	return p
}

// headBits is how many heads of IDs are told apart.
const headBits = 1 << 20

// maybe reports whether an entry of a tree can lead to a wanted object, as far as that is known without looking it up.
func (p *pruned) maybe(e *treeEntry) bool {
	if e.mode == modeTree || e.mode == modeLink {
		return e.mode == modeTree
	}
	return p.heads[e.id.Head()%headBits/64]&(1<<(e.id.Head()%64)) != 0
}

// prune reads the trees anew, delta by delta, and keeps what leads to the wanted objects.
func (c *census) prune(ctx context.Context, families []pack.Family, wanted map[int32]bool, d *damage) (*pruned, error) {
	p := newPruned(c, wanted)
	if len(wanted) == 0 {
		return p, nil
	}
	err := eachTree(ctx, c.store, families, func(n *pack.Node[branch]) {
		if n.Number >= 0 {
			p.edges[n.Number] = p.read(n)
		}
	})
	if err != nil {
		return nil, err
	}
	for i, o := range c.outside {
		b := branch{}
		b.parse(p, nil, o.data, nil)
		p.edges[c.packed()+int32(i)] = b.edges
	}
	for tree := range p.edges {
		p.leads(int32(tree), 0, d)
	}
	return p, nil
}

// read reads the edges of a tree in a pack. Of a damaged tree it reads what can be read: the census tells of the damage.
func (p *pruned) read(n *pack.Node[branch]) []edge {
	if n.Err != nil {
		*n.Own = branch{}
		return nil
	}
	n.Own.parse(p, n.Base, n.Data, n.Copies)
	if len(n.Own.edges) == 0 {
		return nil
	}
	return append([]edge(nil), n.Own.edges...)
}

func (b *branch) parse(p *pruned, base *branch, data []byte, copies []pack.Copy) {
	b.edges, b.at = b.edges[:0], b.at[:0]
	var before *treeLayout
	if base != nil {
		before = &base.layout
	}
	fresh := func(e treeEntry) {
		if !p.maybe(&e) {
			return
		}
		if n := p.find(e.id); n >= 0 && (e.mode == modeTree || p.wanted[n]) {
			p.mu.Lock()
			b.edges = append(b.edges, edge{p.name(e.name), n})
			p.mu.Unlock()
			b.at = append(b.at, b.layout.starts[len(b.layout.starts)-1])
		}
	}
	inherit := func(from, to, by int32) {
		for i, at := range base.at {
			if at >= from && at < to {
				b.edges, b.at = append(b.edges, base.edges[i]), append(b.at, at+by)
			}
		}
	}
	if readLayout(&b.layout, before, data, copies, p.hash, fresh, inherit) != nil {
		b.layout.starts = b.layout.starts[:0]
	}
}

// leads reports whether a tree leads to a wanted object, and drops the edges that do not.
func (p *pruned) leads(tree int32, depth int, d *damage) bool {
	if len(p.edges[tree]) == 0 {
		return false
	}
	if p.state[tree] != unknown {
		return p.state[tree] == leadsThere
	}
	if depth > maxDepth {
		d.add("tree", p.id(tree), fmt.Errorf("nested deeper than %d", maxDepth))
		return false
	}
	p.state[tree] = underway
	kept := p.edges[tree][:0]
	for _, e := range p.edges[tree] {
		if p.wanted[e.child] || p.leads(e.child, depth+1, d) {
			kept = append(kept, e)
		}
	}
	p.edges[tree], p.state[tree] = nil, leadsNowhere
	if len(kept) > 0 {
		p.edges[tree], p.state[tree] = kept, leadsThere
	}
	return len(kept) > 0
}
