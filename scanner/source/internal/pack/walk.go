package pack

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/quash-sh/quash/scanner/source/internal/inflate"
)

// Family is an object that is stored whole, with all that is built on it, and on that, by deltas; or several such, where they are small.
// Members of a family have one type. Objects that no delta tree holds make families without a type.
type Family struct {
	// Weight is a measure of the work: bytes of the pack.
	Weight int64
	// Objects is how many there are.
	Objects int
	Type    Type

	forest *forest
	// roots are those of the forest from first on, up to end.
	first, end int32
}

// Families returns the families of the objects in packs, those that are heavy first, and how many objects they have in all. Equal stores give equal
// orders. Objects that are damaged to the point that their type is not known come as families of type 0.
func (s *Store) Families() (all []Family, objects int, problems []Problem) {
	for i := range s.packs {
		f, err := s.file(int32(i))
		if err != nil {
			problems = append(problems, Problem{s.packs[i].path, err})
			continue
		}
		err = guarded(func() error {
			t := newForest(f, s.packs[i].index, int32(i))
			objects += len(t.base)
			all = t.families(all)
			s.packs[i].kinds = t.kinds()
			return nil
		})
		if err != nil {
			problems = append(problems, Problem{s.packs[i].path, err})
		}
	}
	slices.SortStableFunc(all, func(a, b Family) int { return cmp.Or(cmp.Compare(b.heavy(), a.heavy()), a.before(b)) })
	return all, objects, problems
}

// heavyFamily is the weight from which on families come by weight, so that what takes long begins early. The others come as they stand in
// the packs: neighbours are read together.
const heavyFamily = 1 << 20

func (f Family) heavy() int64 {
	if f.Weight < heavyFamily {
		return 0
	}
	return f.Weight
}

// before compares families by where their first roots stand.
func (f Family) before(g Family) int {
	return cmp.Or(cmp.Compare(f.forest.pack, g.forest.pack), cmp.Compare(f.forest.roots[f.first], g.forest.roots[g.first]))
}

// smallFamily is the weight up to which small families are taken together.
const smallFamily = 64 << 10

// families appends the families of a forest.
func (t *survey) families(all []Family) []Family {
	for kind := range Tag + 1 {
		first := len(all)
		for i, k := range t.kind {
			if k != kind || k != 0 && t.base[i] >= 0 {
				continue
			}
			one := Family{Type: k, Weight: t.extent(int32(i)), Objects: 1, forest: t.forest, first: int32(len(t.roots))}
			if k != 0 {
				one.Weight, one.Objects = t.weight[i], int(t.count[i])
			}
			t.roots = append(t.roots, int32(i))
			one.end = int32(len(t.roots))
			if last := len(all) - 1; last >= first && all[last].Weight+one.Weight <= smallFamily {
				all[last].Weight += one.Weight
				all[last].Objects += one.Objects
				all[last].end = one.end
			} else {
				all = append(all, one)
			}
		}
	}
	return all
}

// kinds are the types by place in the index.
func (t *survey) kinds() []Type {
	all := make([]Type, len(t.kind))
	for i, k := range t.kind {
		all[t.name[i]] = k
	}
	return all
}

// Node is one object of a family, as a walk comes to it. T is what the walker's user keeps of an object for those built on it.
type Node[T any] struct {
	ID ID
	// Number is the object's number, -1 when no pack has it.
	Number int32
	Object
	// Err says why the object could not be read.
	Err error
	// Copies are the runs that it has from the object that it was built on; Base is what was kept of that. Base is nil when there is none.
	Copies []Copy
	Base   *T
	// Own is to be filled with what is to be kept of this object. It may hold what was kept of another, whose memory can be used again.
	Own *T
}

// maxHeld bounds the bytes of bases that a walk holds at once. What would go beyond it is read singly.
const maxHeld = maxRebuilt + 256<<20

// mostFree bounds the bytes of buffers of one class that a walk keeps for later.
const mostFree = 2 << 20

// Walker walks families. It is for one goroutine, and keeps its buffers from one family to the next.
type Walker[T any] struct {
	store *Store
	visit func(*Node[T]) bool

	kind   Type // of the family under way
	frames []*frame[T]
	spare  []*frame[T]
	free   [48][][]byte // by class: the number of bits of the length
	held   int
	last   []byte // what was taken last
	copies []Copy
	node   Node[T]
}

// frame is an object that others are built on, while they are.
type frame[T any] struct {
	data []byte
	own  T
	at   int32
	next int32 // the child that comes next, -1: none
	last int32 // the heaviest child, which takes the frame over
	// known says that the object is in an earlier pack too: it was not visited.
	known bool
}

// NewWalker returns a walker that calls visit for every object, bases before what is built on them. The node is valid during the call; visit returns false to
// end the walk.
func NewWalker[T any](s *Store, visit func(*Node[T]) bool) *Walker[T] {
	return &Walker[T]{store: s, visit: visit}
}

// Walk visits the objects of a family. It returns false when visit did.
func (w *Walker[T]) Walk(f Family) bool {
	w.kind = f.Type
	for _, root := range f.forest.roots[f.first:f.end] {
		if f.Type == 0 {
			if !w.single(w.name(f.forest, root)) {
				return false
			}
			continue
		}
		on := true
		err := guarded(func() error { on = w.family(f.forest, root); return nil })
		if err != nil { // what the pack still has, or another one, is read; the rest is told object by object
			w.frames, w.held = w.frames[:0], 0
			on = w.singly(f.forest, root)
		}
		if !on {
			return false
		}
	}
	return true
}

// family goes down the tree of a root depth-first. Of an object's children the heaviest comes last and takes over its place, so that a chain
// holds two objects, and a tree of n objects in the order of log n.
func (w *Walker[T]) family(t *forest, root int32) bool {
	if !w.enter(t, root, nil) {
		return false
	}
	for len(w.frames) > 0 {
		top := w.frames[len(w.frames)-1]
		switch c := top.next; {
		case c < 0 && top.last < 0:
			w.leave()
		case c < 0:
			w.frames = w.frames[:len(w.frames)-1]
			top.at, top.last = top.last, -1
			on := w.enter(t, top.at, top)
			w.drop(top)
			if !on {
				return false
			}
		default:
			top.next = t.next[c]
			if c != top.last && !w.enter(t, c, top) {
				return false
			}
		}
	}
	return true
}

// enter builds an object on its base, visits it, and opens a frame when others are built on it.
func (w *Walker[T]) enter(t *forest, i int32, base *frame[T]) bool {
	id := w.name(t, i)
	known := w.store.inEarlier(t.pack, id)
	if known && t.child[i] < 0 {
		return true
	}
	own := w.frame()
	own.at, own.next, own.last, own.known = i, t.child[i], t.child[i], known
	n := &w.node
	*n = Node[T]{ID: id, Number: w.store.packs[t.pack].first + t.name[i], Own: &own.own}
	if n.Err = w.build(n, t, own, base); n.Err != nil || n.Data == nil || w.held > maxHeld {
		w.drop(own)
		return w.singly(t, i)
	}
	if !known && !w.visit(n) {
		return false
	}
	if own.next < 0 {
		w.drop(own)
		return true
	}
	w.frames = append(w.frames, own)
	return true
}

// build reads an object into a frame. One that is large, and that nothing is built on, is left for reading as a stream.
func (w *Walker[T]) build(n *Node[T], t *forest, own, base *frame[T]) error {
	f, err := w.store.file(t.pack)
	if err != nil {
		return err
	}
	off, _ := t.index.offset(int(t.name[own.at]))
	e, err := f.header(off, w.store.hash)
	switch {
	case err != nil:
		return err
	case e.size > maxRebuilt, base == nil && own.next < 0 && e.size > Large:
		return nil
	case base == nil:
		own.data = w.take(int(e.size))
		err = f.inflate(&w.store.inflate, e.body, own.data)
	default:
		if own.data, err = w.onBase(f, e, base.data); err == nil && !base.known {
			n.Base, n.Copies = &base.own, w.copies
		}
	}
	n.Object = Object{Type: w.kind, Size: int64(len(own.data)), Data: own.data}
	return err
}

func (w *Walker[T]) onBase(f *file, e entry, base []byte) (data []byte, err error) {
	delta, err := w.store.deltaAt(f, link{body: e.body, size: e.size})
	if err != nil {
		return nil, err
	}
	w.last = nil
	data, w.copies, err = rebuild(base, delta, w.take, w.copies[:0])
	if err != nil {
		data = w.last // taken for nothing
	}
	return data, err
}

func (w *Walker[T]) name(t *forest, i int32) ID {
	return MakeID(w.store.packs[t.pack].index.name(int(t.name[i])))
}

// singly reads an object, and all that is built on it, each for itself: a copy that is stored elsewhere may be whole.
func (w *Walker[T]) singly(t *forest, i int32) bool {
	todo := []int32{i}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if id := w.name(t, i); !w.store.inEarlier(t.pack, id) && !w.single(id) {
			return false
		}
		for c := t.child[i]; c >= 0; c = t.next[c] {
			todo = append(todo, c)
		}
	}
	return true
}

// single reads an object for itself.
func (w *Walker[T]) single(id ID) bool {
	var own T
	n := &w.node
	*n = Node[T]{ID: id, Number: -1, Own: &own}
	if number, ok := w.store.Number(id); ok {
		n.Number = number
	}
	n.Object, n.Err = w.store.Object(id)
	return w.visit(n)
}

func (w *Walker[T]) frame() *frame[T] {
	if last := len(w.spare) - 1; last >= 0 {
		f := w.spare[last]
		w.spare = w.spare[:last]
		return f
	}
	return &frame[T]{}
}

// leave closes the last frame.
func (w *Walker[T]) leave() {
	top := w.frames[len(w.frames)-1]
	w.frames = w.frames[:len(w.frames)-1]
	w.drop(top)
}

// drop keeps a frame and its memory for others.
func (w *Walker[T]) drop(f *frame[T]) {
	if f.data != nil {
		w.held -= len(f.data)
		if class := bits.Len(uint(cap(f.data) - 1)); len(w.free[class])<<class < mostFree {
			w.free[class] = append(w.free[class], f.data)
		}
		f.data = nil
	}
	w.spare = append(w.spare, f)
}

// take gives memory for n bytes, which may hold anything, with room behind it for inflating.
func (w *Walker[T]) take(n int) []byte {
	w.held += n
	class := bits.Len(uint(n + inflate.Room - 1))
	if last := len(w.free[class]) - 1; last >= 0 {
		w.last = w.free[class][last][:n]
		w.free[class] = w.free[class][:last]
	} else {
		w.last = make([]byte, n, 1<<class)
	}
	return w.last
}
