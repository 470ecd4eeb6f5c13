package source

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// Past is what a complete scan saw of a repository's history. With it a later scan reads what came in since, and finds what one
// of everything would: all is placed anew.
type Past struct {
	// Tips are the objects that references named, and the commits that these are tags of.
	Tips []string `json:"tips"`
	// Again are the blobs, commits and tags in which a key was found, whether or not it was allowed, and pointers to what Git LFS keeps
	// elsewhere. They are read once more, since no key is remembered.
	Again []string `json:"again,omitempty"`
	// Packs are the packs that held objects, each by its name and its length in bytes: "pack-12ab.pack 2048".
	Packs []string `json:"packs,omitempty"`
	// Outline is what the scan knew of commits, and of the trees that lead to Again. Without it these are read anew.
	Outline []byte `json:"outline,omitempty"`
	// Submodules are what was seen of the histories of submodules, by their path.
	Submodules map[string]*Past `json:"submodules,omitempty"`
}

// Rememberer is a source that a later scan need not read whole.
type Rememberer interface {
	// Past returns what the scan saw, once it was complete; nil when it has no history. again are the objects that keys were found
	// in ([Noted.Objects]).
	Past(ctx context.Context, again []string) (*Past, error)
}

// Past implements [Rememberer].
func (g *git) Past(ctx context.Context, again []string) (*Past, error) {
	h := g.plan.history
	if h == nil {
		return nil, nil
	}
	again = slices.Concat(again, g.large.missed())
	slices.Sort(again)
	again = slices.Compact(again)
	p := &Past{Tips: []string{}, Again: again, Packs: h.store.Packs()}
	for _, r := range h.refs {
		p.Tips = append(p.Tips, r.id.String())
		if to := h.peel(r.id); to != r.id {
			p.Tips = append(p.Tips, to.String())
		}
	}
	slices.Sort(p.Tips)
	p.Tips = slices.Compact(p.Tips)
	var err error
	if p.Outline, err = h.remember(ctx, again); err != nil {
		return p, err
	}
	return p, g.pastSubmodules(ctx, p)
}

// remember returns the outline that the next scan needs.
func (h *history) remember(ctx context.Context, again []string) ([]byte, error) {
	var at []scanner.Location
	for _, id := range again {
		at = append(at, scanner.Location{Blob: id})
	}
	damage := h.repo.newDamage()
	wanted := h.wanted(at)
	if err := h.settle(ctx, wanted, damage); err != nil {
		return nil, err
	}
	if wanted = h.wanted(at); h.last == nil || h.last.census != h.census || !covers(h.last.wanted, wanted) {
		h.prune(wanted, damage)
	}
	if g := h.outline(h.last); g != nil && damage.err() == nil {
		return g.encode(), nil
	}
	return nil, nil
}

// choose works out which objects are to be read, where not all are: what the new commits bring, and the messages of all tags.
func (h *history) choose(ctx context.Context, o Options) error {
	h.reading = h.census
	if o.Since.IsZero() && o.Past == nil {
		return nil
	}
	n := &arrivals{history: h, ids: map[pack.ID]bool{}, whole: map[pack.ID]bool{}}
	old := h.readBefore(o.Past)
	for i, c := range h.commits {
		if err := ctx.Err(); err != nil {
			return err
		}
		if old[i] || before(c.when, o.Since) {
			continue
		}
		n.ids[h.keys.id(c.key)] = true
		n.bring(c)
	}
	for _, id := range slices.Concat(h.tags, h.blobs) {
		n.ids[id] = true
	}
	for _, id := range h.roots {
		h.census.numbered(id, true)
		n.compare(id, nil, 0)
	}
	if o.Past != nil {
		for _, name := range o.Past.Again {
			if id, err := pack.ParseID(name); err == nil && h.store.Has(id) {
				n.ids[id] = true
			}
		}
	}
	h.only = n.sorted()
	return nil
}

// before reports whether a time in seconds since 1970 is before one that may not be set.
func before(when int64, since time.Time) bool { return !since.IsZero() && when < since.Unix() }

// readBefore says by commit whether an earlier scan read it.
func (h *history) readBefore(past *Past) []bool {
	old := make([]bool, len(h.commits))
	if past == nil {
		return old
	}
	for _, id := range h.stillReached(past.Tips) {
		c, _ := h.commit(id)
		old[c] = true
	}
	for i, c := range slices.Backward(h.commits) {
		for _, parent := range c.parents {
			old[parent] = old[parent] || old[i]
		}
	}
	return old
}

// stillReached returns the commits that references reach among those that the tips did, the first on every line of descent: a tip itself, or where a
// forced push dropped it or a branch is gone, what it was built on, as far as that is still there.
func (h *history) stillReached(tips []string) []pack.ID {
	var todo, reached []pack.ID
	for _, name := range tips {
		if id, err := pack.ParseID(name); err == nil {
			todo = append(todo, id)
		}
	}
	seen := map[pack.ID]bool{}
	for len(todo) > 0 {
		id := h.peel(todo[len(todo)-1])
		todo = todo[:len(todo)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		if _, ok := h.commit(id); ok {
			reached = append(reached, id)
			continue
		}
		o, err := h.store.Object(id)
		if err != nil || o.Type != pack.Commit {
			continue // then more is read, not less
		}
		if c, err := parseCommit(o.Data); err == nil {
			todo = append(todo, c.parents...)
		}
	}
	return reached
}

// arrivals gathers the objects that commits bring in.
type arrivals struct {
	*history
	ids   map[pack.ID]bool
	whole map[pack.ID]bool // trees of which all was taken
}

// bring takes the blobs that a commit has where none of its parents has them.
func (n *arrivals) bring(c revision) {
	if c.tree < 0 {
		return
	}
	var parents []pack.ID
	for _, p := range c.parents {
		if t := n.commits[p].tree; t >= 0 {
			parents = append(parents, n.census.id(t))
		}
	}
	n.compare(n.census.id(c.tree), parents, 0)
}

// compare takes the blobs of a tree that none of those before it has in their place. What cannot be read the census told of.
func (n *arrivals) compare(tree pack.ID, before []pack.ID, depth int) {
	if depth > maxDepth || slices.Contains(before, tree) || n.whole[tree] {
		return
	}
	if len(before) == 0 {
		n.whole[tree] = true
	}
	had := map[string][]pack.ID{}
	for _, id := range before {
		n.entries(id, func(e treeEntry) { had[string(e.name)] = append(had[string(e.name)], e.id) })
	}
	var below []treeEntry
	number := n.census.find(tree)
	n.entries(tree, func(e treeEntry) {
		old := slices.Contains(had[string(e.name)], e.id)
		if n.recalled != nil && e.mode != modeLink {
			n.note(number, e, old)
		}
		switch {
		case e.mode == modeLink || old:
		case e.mode == modeTree:
			below = append(below, treeEntry{id: e.id, name: slices.Clone(e.name)})
		default:
			n.ids[e.id] = true
		}
	})
	if n.recalled != nil {
		n.recalled.noted[number] = true
	}
	for _, e := range below {
		n.compare(e.id, had[string(e.name)], depth+1)
	}
}

// entries calls fn for the entries of a tree, up to where it is damaged. An object that is no tree has none.
func (n *arrivals) entries(tree pack.ID, fn func(treeEntry)) {
	data, err := readTree(n.store, tree)
	for err == nil && len(data) > 0 {
		var e treeEntry
		if e, data, err = nextEntry(data, n.repo.hash); err == nil {
			fn(e)
		}
	}
	if err != nil && n.recalled != nil {
		n.recalled.amiss = true
	}
}

// sorted are the objects that are there, in an order in which they are cheap to read: versions of a file one after the other.
func (n *arrivals) sorted() []pack.ID {
	all := []pack.ID{}
	for id := range n.ids {
		if n.store.Has(id) { // the census tells of those that are missing
			all = append(all, id)
		}
	}
	n.store.Sort(all)
	return n.byPath(all)
}

// readOnly yields the part's share of the objects that were chosen.
func (p gitPart) readOnly(e *emitter) bool {
	store := p.plan.history.store.Fork()
	defer store.Close()
	damage := p.repo.newDamage()
	var known versions
	for _, id := range share(p.plan.history.only, p.i, p.n) {
		o, err := store.Object(id)
		var memo scanner.Chunk
		if err == nil && o.Type == pack.Blob && o.Data != nil {
			memo = known.next(p.plan.history.read(id), o.Data)
		}
		if !p.readObject(e, id, p.plan.history.reading.find(id), o, err, damage, memo) {
			return false
		}
	}
	return e.gaps(damage.gaps())
}

// older reports whether a blob came in with a commit before the time that is asked for.
func (p *placer) older(at []placing) bool {
	return slices.ContainsFunc(at, func(b placing) bool { return b.commit >= 0 && before(p.commits[b.commit].when, p.since) })
}

// Noted gathers, for Past.Again, the objects that findings are in. Its zero value is empty; several goroutines may use it.
type Noted struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

// Add notes where a finding is.
func (n *Noted) Add(at scanner.Location) {
	id := at.Blob
	if id == "" && at.Field == messageField {
		id = at.Commit
	}
	if id == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ids == nil {
		n.ids = map[string]struct{}{}
	}
	n.ids[id] = struct{}{}
}

// Objects are the names of the objects, sorted.
func (n *Noted) Objects() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.ids))
}
