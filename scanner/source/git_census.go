package source

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// census is what the trees of a repository say of its objects: where each stands, and which are missing.
//
// Every tree in the packs is read, once, and of one that is stored as a delta only the entries that the delta brings. So the
// cost goes with the size of the packs and not with the number of commits times that of files. Trees outside packs are read
// where those in packs, commits or references lead to them.
//
// Objects are known by numbers: those of the store, then those of objects outside packs.
type census struct {
	store *pack.Store
	hash  int

	standing []standing     // by number, of objects in packs
	isTree   []bool         // likewise: an entry of a tree says so
	locks    [64]sync.Mutex // of standing, by number
	log      *entryLog

	mu      sync.Mutex
	names   []string
	nameOf  map[string]int32
	outside []outsider
	number  map[pack.ID]int32 // of outside: its place there
	bad     []badObject
	odd     map[pack.ID]bool // those among bad that are of another type
	unread  []badObject      // in packs, of a type that is not known
}

// standing is a place where an object stands: in a tree, under a name. Of several, the one in the tree with the lowest number
// counts, so that it does not depend on the order of reading.
type standing struct{ tree, name int32 }

var nowhere = standing{-1, -1}

// outsider is an object outside packs: a loose one, or one that is missing.
type outsider struct {
	id      pack.ID
	tree    bool
	missing bool
	at      standing
}

// badObject is one that cannot be read.
type badObject struct {
	id  pack.ID
	err error
}

func newCensus(store *pack.Store, hash int) *census {
	return &census{
		store: store, hash: hash, log: newEntryLog(store.Count()), number: map[pack.ID]int32{}, odd: map[pack.ID]bool{}, nameOf: map[string]int32{},
		standing: slices.Repeat([]standing{nowhere}, store.Count()), isTree: make([]bool, store.Count()),
	}
}

// take reads the trees: those of the packs on all processors, then those outside.
func (c *census) take(ctx context.Context, families []pack.Family, step func()) error {
	trees := slices.DeleteFunc(slices.Clone(families), func(f pack.Family) bool { return f.Type != pack.Tree && f.Type != 0 })
	err := walkAll(ctx, c.store, trees, func() func(*pack.Node[treeLayout]) {
		l := c.log.logger()
		return func(n *pack.Node[treeLayout]) {
			if n.Type == pack.Tree || n.Err != nil {
				step()
				c.packedTree(n, l)
			}
		}
	})
	if err != nil {
		return err
	}
	c.sort()
	return c.readOutside(ctx, step)
}

// packedTree reads a tree in a pack. Of a damaged one it reads what can be read.
func (c *census) packedTree(n *pack.Node[treeLayout], l *entryLogger) {
	unread := n.Err != nil && n.Type == 0
	if n.Err == nil && n.Number >= 0 {
		n.Err = c.logged(n, l)
	}
	if n.Err == nil {
		return
	}
	n.Own.starts = n.Own.starts[:0]
	c.mu.Lock()
	defer c.mu.Unlock()
	if unread {
		c.unread = append(c.unread, badObject{n.ID, n.Err})
	} else {
		c.bad = append(c.bad, badObject{n.ID, n.Err})
	}
}

// logged notes where the objects of a tree stand, and logs its entries.
func (c *census) logged(n *pack.Node[treeLayout], l *entryLogger) error {
	n.Own.number = n.Number
	base := int32(-1)
	err := n.Own.read(n, c.hash, func(e treeEntry) {
		name, ok := l.names[string(e.name)]
		if !ok {
			c.mu.Lock()
			name = c.name(e.name)
			l.names[c.names[name]] = name
			c.mu.Unlock()
		}
		l.pieces = append(l.pieces, edge{name, c.entry(n.Number, e, name)})
	}, func(first, count int) {
		base = n.Base.number
		l.pieces = append(l.pieces, edge{int32(-count), int32(first)})
	})
	l.put(n.Number, base)
	return err
}

// walkAll walks families on all processors, each with a function of its own.
func walkAll[T any](ctx context.Context, store *pack.Store, families []pack.Family, visitor func() func(*pack.Node[T])) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			s, visit := store.Fork(), visitor()
			defer s.Close()
			w := pack.NewWalker(s, func(n *pack.Node[T]) bool {
				visit(n)
				return ctx.Err() == nil
			})
			for i := int(next.Add(1)) - 1; i < len(families); i = int(next.Add(1)) - 1 {
				if !w.Walk(families[i]) {
					return ctx.Err()
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// entry notes where an object stands, and returns its number; -1 where an entry leads to no object of the repository.
func (c *census) entry(tree int32, e treeEntry, name int32) int32 {
	if e.mode == modeLink {
		return -1
	}
	n, ok := c.store.Number(e.id)
	if !ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := c.add(e.id, e.mode == modeTree)
		if c.packed()+i != tree && c.outside[i].at.after(tree) {
			c.outside[i].at = standing{tree, name}
		}
		return c.packed() + i
	}
	if n == tree {
		return -1 // no honest tree holds itself
	}
	want := pack.Blob
	if e.mode == modeTree {
		want = pack.Tree
	}
	if k := c.store.Kind(n); k != 0 && k != want {
		c.otherwise(e.id, k, want)
	}
	lock := &c.locks[int(n)%len(c.locks)]
	lock.Lock()
	defer lock.Unlock()
	c.isTree[n] = c.isTree[n] || e.mode == modeTree
	if c.standing[n].after(tree) {
		c.standing[n] = standing{tree, name}
	}
	return n
}

// otherwise notes an object that is not of the type that a tree says.
func (c *census) otherwise(id pack.ID, is, want pack.Type) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.odd[id] {
		c.odd[id] = true
		c.bad = append(c.bad, badObject{id, fmt.Errorf("it is a %s, not a %s", is, want)})
	}
}

// after reports whether a place in a tree comes before this one.
func (s standing) after(tree int32) bool { return s.tree < 0 || tree < s.tree }

// name numbers a name.
func (c *census) name(name []byte) int32 {
	i, ok := c.nameOf[string(name)]
	if !ok {
		i = int32(len(c.names))
		c.names = append(c.names, string(name))
		c.nameOf[c.names[i]] = i
	}
	return i
}

// add adds an object outside packs and returns its place among them.
func (c *census) add(id pack.ID, tree bool) int32 {
	i, ok := c.number[id]
	if !ok {
		i = int32(len(c.outside))
		c.number[id] = i
		c.outside = append(c.outside, outsider{id: id, tree: tree, at: nowhere})
	}
	return i
}

// sort orders the objects outside packs by name, whichever was met first.
func (c *census) sort() {
	slices.SortFunc(c.outside, func(a, b outsider) int { return a.id.Compare(b.id) })
	now := make([]int32, len(c.outside))
	for i, o := range c.outside {
		now[c.number[o.id]], c.number[o.id] = int32(i), int32(i)
	}
	if len(now) > 0 {
		c.log.renumber(c.packed(), now)
	}
	for _, bad := range [][]badObject{c.bad, c.unread} {
		slices.SortFunc(bad, func(a, b badObject) int { return a.id.Compare(b.id) })
	}
}

// readOutside looks for the objects outside packs, and reads the trees among them, whose entries may be such objects too.
func (c *census) readOutside(ctx context.Context, step func()) error {
	l := c.log.logger()
	for i := 0; i < len(c.outside); i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		o := c.outside[i]
		if !o.tree {
			c.outside[i].missing = !c.store.Has(o.id)
			continue
		}
		step()
		data, err := readTree(c.store, o.id)
		c.outside[i].missing = errors.Is(err, pack.ErrMissing)
		tree := c.packed() + int32(i)
		for err == nil && len(data) > 0 {
			var e treeEntry
			if e, data, err = nextEntry(data, c.hash); err == nil {
				name := c.name(e.name)
				l.pieces = append(l.pieces, edge{name, c.entry(tree, e, name)})
			}
		}
		for int(tree) >= len(l.at) {
			l.at = append(l.at, 0)
		}
		l.put(tree, -1)
		if err != nil && !c.outside[i].missing {
			c.bad = append(c.bad, badObject{o.id, err})
		}
	}
	return nil
}

// packed is the number of the first object outside packs.
func (c *census) packed() int32 { return int32(len(c.standing)) }

// find returns the number of an object, -1 when it is not known.
func (c *census) find(id pack.ID) int32 {
	if n, ok := c.store.Number(id); ok {
		return n
	}
	if i, ok := c.number[id]; ok {
		return c.packed() + i
	}
	return -1
}

// id returns the name of an object.
func (c *census) id(n int32) pack.ID {
	if n < c.packed() {
		return c.store.Name(n)
	}
	return c.outside[n-c.packed()].id
}

func (c *census) at(n int32) standing {
	if n < c.packed() {
		return c.standing[n]
	}
	return c.outside[n-c.packed()].at
}

// path is a path at which an object stands, in whatever commit; empty where it stands nowhere.
func (c *census) path(n int32) string {
	if n < 0 {
		return ""
	}
	var names []string
	for s := c.at(n); s.tree >= 0 && len(names) < maxDepth; s = c.at(s.tree) {
		names = append(names, c.names[s.name])
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// absent are the numbers of the objects that are missing.
func (c *census) absent() []int32 {
	var all []int32
	for i, o := range c.outside {
		if o.missing {
			all = append(all, c.packed()+int32(i))
		}
	}
	return all
}
