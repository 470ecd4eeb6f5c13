package source

import (
	"slices"
	"sync"
)

// entryLog is what is in the trees of a repository, as the census read it: of a tree that is stored as a delta the entries that the delta
// brings, and which of its base's entries it keeps. So no tree is read again when it is asked where an object stood, and all of them
// take the memory of what their deltas bring.
//
// A record is a run of edges. The first says how many pieces follow, and has the number of the base, -1 for none. A piece is an entry or,
// where name is below 0, -name entries of the base, from the one on that child counts to.
type entryLog struct {
	at []uint32 // by number of a tree: where its record begins, plus one; 0: it has none

	mu     sync.Mutex
	chunks [][]edge
}

// edge is an entry of a tree: the number of its name and that of the object, -1 where it leads to none of the repository's.
type edge struct{ name, child int32 }

// logChunk is how many edges a chunk of a log holds. A longer record has a chunk for itself.
const logChunk = 1 << 12

func newEntryLog(objects int) *entryLog { return &entryLog{at: make([]uint32, objects)} }

// record returns the base of a tree, -1 for none, and its pieces.
func (l *entryLog) record(tree int32) (base int32, pieces []edge) {
	at := l.at[tree] - 1
	r := l.chunks[at/logChunk][at%logChunk:]
	return r[0].child, r[1 : 1+r[0].name]
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
	slices.SortFunc(all, func(a, b int32) int { return int(l.at[a]) - int(l.at[b]) })
	return all
}

// renumber gives the objects from first on other numbers: first plus what now says of them.
func (l *entryLog) renumber(first int32, now []int32) {
	for _, t := range l.trees() {
		_, pieces := l.record(t)
		for i, p := range pieces {
			if p.name >= 0 && p.child >= first {
				pieces[i].child = first + now[p.child-first]
			}
		}
	}
}

// entryLogger writes to a log, for one goroutine.
type entryLogger struct {
	*entryLog
	rest   []edge // of the chunk that is being filled
	next   uint32 // where rest begins
	pieces []edge // of the record under way
	names  map[string]int32
}

func (l *entryLog) logger() *entryLogger { return &entryLogger{entryLog: l, names: map[string]int32{}} }

// put writes the record of a tree, and begins the next.
func (l *entryLogger) put(tree, base int32) {
	size := len(l.pieces) + 1
	if size > len(l.rest) {
		l.rest = make([]edge, max(size, logChunk))
		l.mu.Lock()
		l.next = uint32(len(l.chunks)) * logChunk
		l.chunks = append(l.chunks, l.rest)
		l.mu.Unlock()
	}
	l.rest[0] = edge{int32(len(l.pieces)), base}
	copy(l.rest[1:], l.pieces)
	l.at[tree] = l.next + 1
	l.rest, l.next, l.pieces = l.rest[size:], l.next+uint32(size), l.pieces[:0]
}

// entryReader puts the entries of trees together. It is for one goroutine.
type entryReader struct {
	*entryLog
	known [1 << 13]knownEntries // by the last bits of the tree's number
	held  int                   // edges in known
	spare []edge
	chain []int32
}

// knownEntries are the entries of a tree, whose number plus one is given.
type knownEntries struct {
	tree int32
	list []edge
}

// mostEntries bounds the edges that a reader holds.
const mostEntries = 1 << 20

// entries returns the entries of a tree. They are valid until the next call.
func (r *entryReader) entries(tree int32) []edge {
	if !r.has(tree) {
		return nil
	}
	var list []edge
	r.chain = r.chain[:0]
	for t := tree; t >= 0; {
		if k := &r.known[int(t)%len(r.known)]; k.tree == t+1 {
			list = k.list
			break
		}
		r.chain = append(r.chain, t)
		t, _ = r.record(t)
	}
	for _, t := range slices.Backward(r.chain) {
		list = r.build(t, list)
	}
	return list
}

// build puts the entries of a tree together from those of its base, and keeps them.
func (r *entryReader) build(tree int32, base []edge) []edge {
	list := r.spare[:0]
	_, pieces := r.record(tree)
	for _, p := range pieces {
		if p.name < 0 {
			list = append(list, base[p.child:p.child-p.name]...)
		} else {
			list = append(list, p)
		}
	}
	k := &r.known[int(tree)%len(r.known)]
	if r.held += len(list) - len(k.list); r.held > mostEntries {
		clear(r.known[:])
		r.held = len(list)
	}
	r.spare = k.list
	*k = knownEntries{tree + 1, list}
	return list
}
