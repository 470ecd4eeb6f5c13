package source

import "fmt"

// pruned is the trees of a repository without all that does not lead to some wanted objects: the few that findings are in.
type pruned struct {
	*census
	wanted map[int32]bool
	edges  [][]edge // by number of a tree
	state  []uint8  // by number of a tree: whether it leads to a wanted object
}

const (
	unknown = iota
	underway
	leadsNowhere
	leadsThere
)

func newPruned(c *census, wanted map[int32]bool) *pruned {
	n := len(c.standing) + len(c.outside)
	return &pruned{census: c, wanted: wanted, edges: make([][]edge, n), state: make([]uint8, n)}
}

// prune keeps of the trees what leads to the wanted objects.
func (c *census) prune(wanted map[int32]bool, d *damage) *pruned {
	p := newPruned(c, wanted)
	if len(wanted) == 0 {
		return p
	}
	r := &entryReader{entryLog: c.log}
	var kept []edge
	for _, tree := range c.log.trees() {
		kept = kept[:0]
		for _, e := range r.entries(tree) {
			if e.child >= 0 && (c.log.has(e.child) || wanted[e.child]) {
				kept = append(kept, e)
			}
		}
		if len(kept) > 0 {
			p.edges[tree] = append([]edge(nil), kept...)
		}
	}
	for tree := range p.edges {
		p.leads(int32(tree), 0, d)
	}
	return p
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
