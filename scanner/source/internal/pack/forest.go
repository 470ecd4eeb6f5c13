package pack

import (
	"math/bits"
	"slices"
	"sort"
)

// forest is the objects of one pack as trees: what is stored whole is a root, a delta hangs below its base. Objects are numbered
// in order of offset.
type forest struct {
	pack  int32
	index *index
	name  []int32 // position in the index
	child []int32 // that takes most work, -1: none
	next  []int32 // of the same base, the one with the lowest offset first
	roots []int32 // by family
}

// survey is a forest and what is known of its objects until the families are known.
type survey struct {
	*forest
	offset []int64
	kind   []Type  // of a delta: its root's; 0 where there is no root
	base   []int32 // -1: none
	length int64   // where the last object ends

	// weight and count are those of an object and all that is below it: the bytes of the pack that rebuilding takes, and how many there are.
	weight []int64
	count  []int32
}

// newForest reads the header of every object. An object whose header is damaged, or whose base is not in the pack, is left without a root.
func newForest(f *file, x *index, number int32) *survey {
	n := x.count
	t := &survey{
		forest: &forest{pack: number, index: x, child: make([]int32, n), next: make([]int32, n)},
		kind:   make([]Type, n), base: make([]int32, n), weight: make([]int64, n), count: make([]int32, n), length: f.size,
	}
	t.name, t.offset = x.byOffset()
	for i := range t.base {
		t.base[i] = t.root(f, x, i)
		t.child[i], t.next[i] = -1, -1
	}
	t.join()
	return t
}

// byOffset are the positions of all objects in order of offset, and their offsets.
func (x *index) byOffset() (names []int32, offsets []int64) {
	at := make([]int64, x.count)
	names, other := make([]int32, x.count), make([]int32, x.count)
	var most int64
	for i := range at {
		if off, ok := x.offset(i); ok { // of a damaged index: 0, where no object is
			at[i] = off
		}
		names[i], most = int32(i), max(most, at[i])
	}
	const digit = 11 // bits
	for shift := 0; shift < bits.Len64(uint64(most)); shift += digit {
		var begin [1<<digit + 1]int32
		for _, off := range at {
			begin[off>>shift&(1<<digit-1)+1]++
		}
		for i := range 1 << digit {
			begin[i+1] += begin[i]
		}
		for _, n := range names {
			d := at[n] >> shift & (1<<digit - 1)
			other[begin[d]] = n
			begin[d]++
		}
		names, other = other, names
	}
	offsets = make([]int64, x.count)
	for i, n := range names {
		offsets[i] = at[n]
	}
	return names, offsets
}

// root notes the type of an object stored whole, and returns the number of a delta's base.
func (t *survey) root(f *file, x *index, i int) int32 {
	e, err := f.header(t.offset[i], x.hash)
	if err != nil {
		return -1
	}
	switch e.typ {
	case offsetDelta:
		return t.number(e.base)
	case refDelta:
		if off, ok := x.find(e.ref); ok {
			return t.number(off)
		}
		return -1
	default:
		t.kind[i] = e.typ
		return -1
	}
}

// number is the object at an offset, -1 when none is there.
func (t *survey) number(off int64) int32 {
	i := sort.Search(len(t.offset), func(i int) bool { return t.offset[i] >= off })
	if i == len(t.offset) || t.offset[i] != off {
		return -1
	}
	return int32(i)
}

// join hangs the deltas below their bases, from the roots down, so that deltas in a circle stay outside; then it hands types
// down and weights up.
func (t *survey) join() {
	for i := len(t.base) - 1; i >= 0; i-- { // the child with the lowest offset comes first
		if b := t.base[i]; b >= 0 {
			t.next[i] = t.child[b]
			t.child[b] = int32(i)
		}
	}
	order := make([]int32, 0, len(t.base))
	for i, k := range t.kind {
		if k != 0 {
			order = append(order, int32(i))
		}
	}
	for at := 0; at < len(order); at++ {
		i := order[at]
		t.weight[i], t.count[i] = t.extent(i), 1
		for c := t.child[i]; c >= 0; c = t.next[c] {
			t.kind[c] = t.kind[i]
			order = append(order, c)
		}
	}
	for _, i := range slices.Backward(order) {
		if b := t.base[i]; b >= 0 {
			t.weight[b] += t.weight[i]
			t.count[b] += t.count[i]
		}
		t.heaviestFirst(i)
	}
}

// heaviestFirst puts the child of an object that takes most work before the others.
func (t *survey) heaviestFirst(i int32) {
	best, before := t.child[i], int32(-1)
	for at, c := best, int32(-1); at >= 0; c, at = at, t.next[at] {
		if t.weight[at] > t.weight[best] {
			best, before = at, c
		}
	}
	if before >= 0 {
		t.next[before], t.next[best], t.child[i] = t.next[best], t.child[i], best
	}
}

// extent is how many bytes of the pack an object takes.
func (t *survey) extent(i int32) int64 {
	end := t.length
	if int(i)+1 < len(t.offset) {
		end = t.offset[i+1]
	}
	return end - t.offset[i]
}
