package source

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// outline is what a scan hands on to the next of the shape of a history, so that it need not be read again: the commits, and those
// trees that lead to the blobs in which keys were found.
type outline struct {
	hash    int // bytes of a name
	commits []outlineCommit
	names   []string
	again   []pack.ID // the blobs
	trees   []outlineTree
	loose   []pack.ID // objects of the history that no pack has
}

// outlineCommit is a commit. Its parents, which are places in the outline, come before it.
type outlineCommit struct {
	id, tree pack.ID
	when     int64
	parents  []int32
}

// outlineTree is a tree, less what does not lead to a blob of again.
type outlineTree struct {
	id    pack.ID
	edges []outlineEdge
}

// outlineEdge is an entry of a tree. to is a place in again; from len(again) on, in trees.
type outlineEdge struct{ name, to int }

const (
	// outlineVersion begins an outline. It changes with the form.
	outlineVersion = 2
	// maxOutline bounds the edges that are handed on. Of a repository full of keys the trees are read anew.
	maxOutline = 4 << 20
)

// outline gathers what is handed on; nil when that is too much, or commits lack their trees.
func (h *history) outline(p *pruned) *outline {
	g := &outline{hash: h.repo.hash, loose: h.looseSeen()}
	for _, c := range h.commits {
		if c.tree < 0 {
			return nil
		}
		g.commits = append(g.commits, outlineCommit{h.keys.id(c.key), h.census.id(c.tree), c.when, c.parents})
	}
	number := map[int32]int{} // by number in the census: what an edge to it says
	for _, n := range slices.Sorted(maps.Keys(p.wanted)) {
		number[n] = len(number)
		g.again = append(g.again, h.census.id(n))
	}
	edges := 0
	for t, out := range p.edges {
		if len(out) > 0 {
			number[int32(t)] = len(number)
			edges += len(out)
		}
	}
	if edges > maxOutline {
		return nil
	}
	names := map[int32]int{}
	for t, out := range p.edges {
		if len(out) == 0 {
			continue
		}
		tree := outlineTree{id: h.census.id(int32(t))}
		for _, e := range out {
			if _, ok := names[e.name]; !ok {
				names[e.name] = len(g.names)
				g.names = append(g.names, h.census.names[e.name])
			}
			if to, ok := number[e.child]; ok {
				tree.edges = append(tree.edges, outlineEdge{names[e.name], to})
			}
		}
		g.trees = append(g.trees, tree)
	}
	return g
}

// encode writes an outline: lists that begin with their length, numbers of as few bytes as they need, names of objects as they are.
func (g *outline) encode() []byte {
	out := []byte{outlineVersion}
	number := func(n int) { out = binary.AppendUvarint(out, uint64(n)) }
	id := func(id pack.ID) { out = id.Append(out) }
	number(len(g.commits))
	for i, c := range g.commits {
		id(c.id)
		id(c.tree)
		out = binary.AppendVarint(out, c.when)
		number(len(c.parents))
		for _, parent := range c.parents {
			number(i - int(parent))
		}
	}
	number(len(g.names))
	for _, name := range g.names {
		number(len(name))
		out = append(out, name...)
	}
	number(len(g.again))
	for _, a := range g.again {
		id(a)
	}
	number(len(g.trees))
	for _, t := range g.trees {
		id(t.id)
		number(len(t.edges))
		for _, e := range t.edges {
			number(e.name)
			number(e.to)
		}
	}
	number(len(g.loose))
	for _, l := range g.loose {
		id(l)
	}
	return out
}

// decodeOutline reads an outline; nil when it is none that this version wrote whole.
func decodeOutline(data []byte, hash int) *outline {
	if len(data) == 0 || data[0] != outlineVersion {
		return nil
	}
	r := &outlineReader{data: data[1:], hash: hash}
	g := &outline{hash: hash, commits: make([]outlineCommit, r.number(len(data)/hash))}
	for i := range g.commits {
		c := outlineCommit{id: r.id(), tree: r.id(), when: r.signed()}
		for range r.number(i) {
			c.parents = append(c.parents, int32(i-r.number(i)))
		}
		g.commits[i] = c
	}
	for range r.number(len(data)) {
		g.names = append(g.names, string(r.take(r.number(len(data)))))
	}
	for range r.number(len(data) / hash) {
		g.again = append(g.again, r.id())
	}
	g.trees = make([]outlineTree, r.number(len(data)/hash))
	for i := range g.trees {
		t := outlineTree{id: r.id()}
		for range r.number(len(data)) {
			t.edges = append(t.edges, outlineEdge{r.number(len(g.names) - 1), r.number(len(g.again) + len(g.trees) - 1)})
		}
		g.trees[i] = t
	}
	for range r.number(len(data) / hash) {
		g.loose = append(g.loose, r.id())
	}
	if r.bad || len(r.data) > 0 {
		return nil
	}
	return g
}

// outlineReader reads what encode writes. After something that is not right it gives zeros.
type outlineReader struct {
	data []byte
	hash int
	bad  bool
}

// number reads a number up to a limit.
func (r *outlineReader) number(limit int) int {
	n, size := binary.Uvarint(r.data)
	if size <= 0 || n > uint64(max(limit, 0)) || r.bad {
		r.bad = true
		return 0
	}
	r.data = r.data[size:]
	return int(n)
}

func (r *outlineReader) signed() int64 {
	n, size := binary.Varint(r.data)
	if size <= 0 || r.bad {
		r.bad = true
		return 0
	}
	r.data = r.data[size:]
	return n
}

func (r *outlineReader) take(n int) []byte {
	if n > len(r.data) || r.bad {
		r.bad = true
		return nil
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

func (r *outlineReader) id() pack.ID { return pack.MakeID(r.take(r.hash)) }

// byName are the commits of an outline, with tree, parents and time alone. An outline that is nil has none.
func (g *outline) byName() map[pack.ID]commit {
	if g == nil {
		return nil
	}
	all := make(map[pack.ID]commit, len(g.commits))
	for _, c := range g.commits {
		known := commit{tree: c.tree, when: c.when}
		for _, parent := range c.parents {
			known.parents = append(known.parents, g.commits[parent].id)
		}
		all[c.id] = known
	}
	return all
}
