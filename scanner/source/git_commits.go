package source

import (
	"cmp"
	"container/heap"
	"errors"
	"slices"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// keyring gives objects numbers: to those in packs the store's own, to the others those after them, as they come.
type keyring struct {
	store  *pack.Store
	packed int32
	other  []pack.ID
	at     map[pack.ID]int32 // of other: its number
}

func newKeyring(store *pack.Store) *keyring {
	return &keyring{store: store, packed: int32(store.Count()), at: map[pack.ID]int32{}}
}

// find returns the number of an object; false when it has none.
func (k *keyring) find(id pack.ID) (int32, bool) {
	if n, ok := k.store.Number(id); ok {
		return n, true
	}
	n, ok := k.at[id]
	return n, ok
}

// number returns the number of an object, which gets one where it has none.
func (k *keyring) number(id pack.ID) int32 {
	n, ok := k.find(id)
	if !ok {
		n = k.packed + int32(len(k.other))
		k.other, k.at[id] = append(k.other, id), n
	}
	return n
}

// id returns the object with a number.
func (k *keyring) id(n int32) pack.ID {
	if n < k.packed {
		return k.store.Name(n)
	}
	return k.other[n-k.packed]
}

// revision is a commit in memory.
type revision struct {
	key     int32   // in the keyring
	tree    int32   // in the census
	parents []int32 // those that are there
	when    int64
	lost    bool // no reference reaches it
}

// id returns the name of a commit.
func (h *history) id(commit int32) pack.ID { return h.keys.id(h.commits[commit].key) }

// commit returns the commit with a name; false where it is none of the history's.
func (h *history) commit(id pack.ID) (int32, bool) {
	key, ok := h.keys.find(id)
	if !ok {
		return 0, false
	}
	i, ok := h.commitAt[key]
	return i, ok
}

// reading is commits in the order in which they were read.
type reading struct {
	trees   []int32 // by commit: the key of its tree
	parents []int32 // keys, those of the first commit first
	end     []int32 // by commit: where its parents end in parents
	sorted  []int32 // by commit, sorted: its place in the order of reading
}

// of returns the keys of a commit's parents.
func (r *reading) of(i int32) []int32 {
	if i == 0 {
		return r.parents[:r.end[0]]
	}
	return r.parents[r.end[i-1]:r.end[i]]
}

// order sorts the commits: parents before children, and of those that could come next the oldest, but all that references reach
// before the others.
func (l *loader) order() {
	l.commitAt = make(map[int32]int32, len(l.commits))
	for i, c := range l.commits {
		l.commitAt[c.key] = int32(i)
	}
	first, children, waits := l.children()
	ready := &oldest{commits: l.commits, keys: l.keys}
	for i, n := range waits {
		if n == 0 {
			heap.Push(ready, int32(i))
		}
	}
	sorted := make([]revision, 0, len(l.commits))
	parents := make([]int32, 0, len(children))
	l.sorted = make([]int32, 0, len(l.commits))
	for ready.Len() > 0 {
		i := heap.Pop(ready).(int32)
		c, from := l.commits[i], len(parents)
		for _, key := range l.of(i) {
			if p, ok := l.commitAt[key]; ok {
				parents = append(parents, p) // already its place in sorted
			}
		}
		c.parents = parents[from:len(parents):len(parents)]
		l.commitAt[c.key] = int32(len(sorted))
		sorted, l.sorted = append(sorted, c), append(l.sorted, i)
		for _, child := range children[first[i]:first[i+1]] {
			if waits[child]--; waits[child] == 0 {
				heap.Push(ready, child)
			}
		}
	}
	l.commits = append(sorted, l.circular(waits)...)
}

// children returns the children of all commits, those of commit i from first[i] on, and how many parents each commit has.
func (l *loader) children() (first, children, waits []int32) {
	first, waits = make([]int32, len(l.commits)+1), make([]int32, len(l.commits))
	each := func(fn func(child, parent int32)) {
		for i := range int32(len(l.commits)) {
			for _, key := range l.of(i) {
				if p, ok := l.commitAt[key]; ok {
					fn(i, p)
				}
			}
		}
	}
	each(func(child, parent int32) { first[parent+1]++; waits[child]++ })
	for i := range l.commits {
		first[i+1] += first[i]
	}
	children = make([]int32, first[len(l.commits)])
	next := slices.Clone(first)
	each(func(child, parent int32) {
		children[next[parent]] = child
		next[parent]++
	})
	return first, children, waits
}

// circular returns the commits that are their own ancestors, which only a forged object store can have.
func (l *loader) circular(waits []int32) []revision {
	var rest []revision
	for i, c := range l.commits {
		if waits[i] > 0 {
			l.damage.add("commit", l.keys.id(c.key), errors.New("it is its own ancestor"))
			rest, l.sorted = append(rest, c), append(l.sorted, int32(i))
		}
	}
	return rest
}

// oldest is a heap of commits, the oldest on top.
type oldest struct {
	commits []revision
	keys    *keyring
	heap    []int32
}

// Len implements heap.Interface, as do the others.
func (o *oldest) Len() int      { return len(o.heap) }
func (o *oldest) Swap(i, j int) { o.heap[i], o.heap[j] = o.heap[j], o.heap[i] }
func (o *oldest) Push(x any)    { o.heap = append(o.heap, x.(int32)) }
func (o *oldest) Less(i, j int) bool {
	a, b := &o.commits[o.heap[i]], &o.commits[o.heap[j]]
	if a.lost != b.lost {
		return b.lost
	}
	if a.when != b.when {
		return cmp.Less(a.when, b.when)
	}
	return o.keys.id(a.key).Compare(o.keys.id(b.key)) < 0
}

func (o *oldest) Pop() any {
	last := o.heap[len(o.heap)-1]
	o.heap = o.heap[:len(o.heap)-1]
	return last
}
