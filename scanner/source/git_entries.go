package source

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
)

// entryLog is what is in the trees of a repository, as the census read it: of a tree that is stored as a delta the entries that the delta
// brings, and which of its base's entries it keeps. So no tree is read again when it is asked where an object stood, and all of them
// take the memory of what their deltas bring.
//
// A record has numbers of as few bytes as they need: that of the base plus one, how many pieces follow, and for each piece two numbers. Of
// an entry they are twice that of its name, and that of the object plus one; of a run of the base's entries twice its length plus one, and
// its first entry.
type entryLog struct {
	at []uint32 // by number of a tree: where its record begins, plus one; 0: it has none

	mu     sync.Mutex
	chunks [][]byte

	// The objects from first on have other numbers than the chunks up to old say: first plus what now says of them.
	first int32
	now   []int32
	old   int
}

// edge is an entry of a tree: the number of its name and that of the object, -1 where it leads to none of the repository's. Where name is
// below 0 it is a piece of a record instead, -name entries of the base from the one on that child counts to.
type edge struct{ name, child int32 }

const (
	// logChunk is how many units a chunk of a log holds; a longer record has a chunk for itself. A record begins at a unit.
	logChunk = 1 << 14
	logUnit  = 4 // bytes
)

func newEntryLog(objects int) *entryLog { return &entryLog{at: make([]uint32, objects)} }

// record returns the base of a tree, -1 for none, and its pieces.
func (l *entryLog) record(tree int32) (base int32, r pieces) {
	at := l.at[tree] - 1
	r = pieces{log: l, data: l.chunks[at/logChunk][at%logChunk*logUnit:], old: int(at/logChunk) < l.old}
	base = int32(r.number()) - 1
	r.left = int(r.number())
	return base, r
}

// pieces reads a record.
type pieces struct {
	log  *entryLog
	data []byte
	left int
	old  bool
}

func (p *pieces) number() uint64 {
	v, n := uint64(p.data[0]), 1
	if v >= 0x80 {
		v, n = binary.Uvarint(p.data)
	}
	p.data = p.data[n:]
	return v
}

// next returns the next piece of those that are left.
func (p *pieces) next() edge {
	p.left--
	name, child := p.number(), int32(p.number())
	if name&1 != 0 {
		return edge{-int32(name >> 1), child}
	}
	child--
	if p.old && child >= p.log.first {
		child = p.log.first + p.log.now[child-p.log.first]
	}
	return edge{int32(name >> 1), child}
}

// has reports whether a tree has a record. What is no tree has none.
func (l *entryLog) has(tree int32) bool { return tree >= 0 && int(tree) < len(l.at) && l.at[tree] != 0 }

// trees are the numbers of those that have a record, in the order of the log: what is built on each other is close.
func (l *entryLog) trees() []int32 {
	var all []int32
	for i, at := range l.at {
		if at != 0 {
			all = append(all, int32(i))
		}
	}
	slices.SortFunc(all, func(a, b int32) int { return cmp.Compare(l.at[a], l.at[b]) })
	return all
}

// renumber gives the objects from first on, in all that was logged, other numbers: first plus what now says of them.
func (l *entryLog) renumber(first int32, now []int32) {
	l.first, l.now, l.old = first, now, len(l.chunks)
}

// entryLogger writes to a log, for one goroutine.
type entryLogger struct {
	*entryLog
	rest   []byte // of the chunk that is being filled
	next   uint32 // where rest begins
	pieces []edge // of the record under way
	data   []byte // likewise
	names  map[string]int32
}

func (l *entryLog) logger() *entryLogger { return &entryLogger{entryLog: l, names: map[string]int32{}} }

// put writes the record of a tree, and begins the next.
func (l *entryLogger) put(tree, base int32) {
	l.data = binary.AppendUvarint(l.data[:0], uint64(base+1))
	l.data = binary.AppendUvarint(l.data, uint64(len(l.pieces)))
	for _, p := range l.pieces {
		name, child := uint64(p.name)<<1, uint64(p.child+1)
		if p.name < 0 {
			name, child = uint64(-p.name)<<1|1, uint64(p.child)
		}
		l.data = binary.AppendUvarint(binary.AppendUvarint(l.data, name), child)
	}
	size := (len(l.data) + logUnit - 1) / logUnit
	if size*logUnit > len(l.rest) {
		l.rest = make([]byte, max(size, logChunk)*logUnit)
		l.mu.Lock()
		l.next = uint32(len(l.chunks)) * logChunk
		l.chunks = append(l.chunks, l.rest)
		l.mu.Unlock()
	}
	copy(l.rest, l.data)
	l.at[tree] = l.next + 1
	l.rest, l.next, l.pieces = l.rest[size*logUnit:], l.next+uint32(size), l.pieces[:0]
}

// entryReader puts the entries of trees together. It is for one goroutine, and keeps those that it put together last.
type entryReader struct {
	*entryLog
	known [1 << 13]knownEntries // by the last bits of the tree's number
	kept  []edge                // the edges of known
	end   int                   // how many edges were put into kept, ever
	spare [2][]edge
	chain []int32
}

// knownEntries are the entries of a tree, whose number plus one is given: length of them, which were put into kept from the one on
// that from counts to. They are there until others take their place.
type knownEntries struct{ tree, length, from int }

// mostEntries is how many edges a reader keeps. The entries of a tree with more than an eighth of them are not kept.
const mostEntries = 1 << 19

// entries returns the entries of a tree. They are valid until the next call.
func (r *entryReader) entries(tree int32) []edge {
	if !r.has(tree) {
		return nil
	}
	var list []edge
	r.chain = r.chain[:0]
	for t, ok := tree, false; t >= 0 && !ok; {
		if list, ok = r.keeps(t); !ok {
			r.chain = append(r.chain, t)
			t, _ = r.record(t)
		}
	}
	for _, t := range slices.Backward(r.chain) {
		list = r.build(t, list)
	}
	return list
}

// keeps returns the entries of a tree if they are kept.
func (r *entryReader) keeps(tree int32) ([]edge, bool) {
	k := r.known[int(tree)%len(r.known)]
	if k.tree != int(tree)+1 || r.end-k.from > mostEntries {
		return nil, false
	}
	at := k.from % mostEntries
	return r.kept[at : at+k.length], true
}

// build puts the entries of a tree together from those of its base, and keeps them.
func (r *entryReader) build(tree int32, base []edge) []edge {
	list := r.spare[0][:0]
	_, pieces := r.record(tree)
	for pieces.left > 0 {
		p := pieces.next()
		if p.name < 0 {
			list = append(list, base[p.child:p.child-p.name]...)
		} else {
			list = append(list, p)
		}
	}
	r.spare[0], r.spare[1] = r.spare[1], list // which may be the next one's base
	r.keep(tree, list)
	return list
}

// keep puts entries where the oldest ones are. They never go on at the beginning.
func (r *entryReader) keep(tree int32, list []edge) {
	if len(list) > mostEntries/8 {
		return
	}
	if r.kept == nil {
		r.kept = make([]edge, mostEntries)
	}
	if rest := mostEntries - r.end%mostEntries; rest < len(list) {
		r.end += rest
	}
	r.known[int(tree)%len(r.known)] = knownEntries{int(tree) + 1, len(list), r.end}
	copy(r.kept[r.end%mostEntries:], list)
	r.end += len(list)
}

// toward tells which trees may lead to wanted objects. It takes one that keeps entries of a tree that does for one that does too, so that it looks
// only at what trees bring.
type toward struct {
	*entryLog
	wanted []bool  // by number of an object
	state  []uint8 // by number of a tree
}

func newToward(l *entryLog, wanted map[int32]bool, objects int) *toward {
	t := &toward{entryLog: l, wanted: make([]bool, objects), state: make([]uint8, len(l.at))}
	for n := range wanted {
		t.wanted[n] = true
	}
	return t
}

// all works out what leads is asked for, so that many may ask at a time.
func (t *toward) all() {
	for tree := range t.at {
		t.may(int32(tree), 0)
	}
}

// leads reports whether an object is a tree that may lead to a wanted object.
func (t *toward) leads(object int32) bool { return t.may(object, 0) }

func (t *toward) may(tree int32, depth int) bool {
	switch {
	case !t.has(tree) || t.state[tree] == leadsNowhere:
		return false
	case t.state[tree] != unknown || depth > maxDepth:
		return true
	}
	t.state[tree] = underway
	base, own := t.record(tree)
	found := t.may(base, depth+1)
	for !found && own.left > 0 {
		if e := own.next(); e.name >= 0 && e.child >= 0 {
			found = t.wanted[e.child] || t.may(e.child, depth+1)
		}
	}
	t.state[tree] = leadsNowhere
	if found {
		t.state[tree] = leadsThere
	}
	return found
}
