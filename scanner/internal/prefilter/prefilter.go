// Package prefilter finds every occurrence of many keywords in one pass over a text.
//
// It is a dense Aho-Corasick automaton (Aho and Corasick, 1975) with every failure link resolved beforehand, over byte
// classes: bytes that no keyword tells apart share a column, and letters of either case share one too (ASCII), so that
// folding costs nothing at search time. One table look-up per byte, whatever the number of keywords.
//
// A look-up has to wait for the one before it. Four positions of the text are therefore walked at once; each quarter
// starts early enough to see a keyword that straddles its border.
package prefilter

// Hit is an occurrence: keyword number Keyword ends before byte End of the text.
type Hit struct {
	End     int
	Keyword int
}

// Filter is the automaton. It is immutable and safe for concurrent use.
type Filter struct {
	class [256]uint32
	// next holds, per state and class, the next state's row offset; accept is set when that state ends keywords.
	// States are numbered by depth, so that those which nearly all bytes lead to share few pages.
	next  []uint32
	width uint32
	// ends are, by state, the keywords that end there, longest first, as a range of list.
	ends   [][2]uint32
	list   []int
	length []int
	max    int
}

const (
	accept = 1 << 31
	// interleaveMin is the text length in bytes from which four streams pay off (BenchmarkScan).
	interleaveMin = 256
	// room is for how many hits of a stream no memory is taken from the heap.
	room = 48
)

// New builds the automaton. Keywords are compared without regard to ASCII case; empty ones are never found.
func New(keywords []string) *Filter {
	f := &Filter{}
	for _, k := range keywords {
		f.length = append(f.length, len(k))
		f.max = max(f.max, len(k))
	}
	f.classify(keywords)
	f.link(f.trie(keywords))
	return f
}

// Max is the length in bytes of the longest keyword.
func (f *Filter) Max() int { return f.max }

// Len returns the length in bytes of a keyword.
func (f *Filter) Len(keyword int) int { return f.length[keyword] }

func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// classify gives every byte that occurs in a keyword a class of its own and all others class 0.
func (f *Filter) classify(keywords []string) {
	f.width = 1
	for _, k := range keywords {
		for i := range len(k) {
			if c := fold(k[i]); f.class[c] == 0 {
				f.class[c] = f.width
				f.width++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		f.class[c] = f.class[fold(c)]
	}
}

// trie makes a state of every beginning of a keyword, the shorter first, and the edges between them. It returns the states that
// keywords end in, by keyword.
func (f *Filter) trie(keywords []string) []uint32 {
	total := 1
	for _, k := range keywords {
		total += len(k)
	}
	f.next = make([]uint32, 0, total*int(f.width))
	f.newState()
	at := make([]uint32, len(keywords))
	for depth := range f.max {
		for id, k := range keywords {
			if depth >= len(k) {
				continue
			}
			edge := at[id] + f.class[fold(k[depth])]
			if f.next[edge] == 0 {
				f.next[edge] = f.newState()
			}
			at[id] = f.next[edge]
		}
	}
	return at
}

// newState adds a row and returns its offset.
func (f *Filter) newState() uint32 {
	row := len(f.next)
	f.next = f.next[:row+int(f.width)]
	return uint32(row)
}

// link resolves failure links, the shorter states first: a state's row is that of the longest other state that its text ends with,
// but for its own edges.
func (f *Filter) link(last []uint32) {
	states := len(f.next) / int(f.width)
	fail := make([]uint32, states)
	own := make([][]int, states)
	for id, row := range last {
		if row > 0 {
			own[row/f.width] = append(own[row/f.width], id)
		}
	}
	f.ends = make([][2]uint32, states)
	misses := make([]uint32, f.width) // of the root, which lead to itself
	for s := range states {
		row := f.next[s*int(f.width):][:f.width]
		from := uint32(len(f.list))
		f.list = append(f.list, own[s]...)
		if s > 0 {
			misses = f.next[fail[s]:][:f.width]
			shorter := f.ends[fail[s]/f.width]
			f.list = append(f.list, f.list[shorter[0]:shorter[1]]...)
		}
		f.ends[s] = [2]uint32{from, uint32(len(f.list))}
		for c, miss := range misses {
			to := row[c]
			if to == 0 {
				row[c] = miss
				continue
			}
			child := to / f.width
			fail[child] = miss &^ accept
			row[c] |= miss & accept
			if len(own[child]) > 0 {
				row[c] |= accept
			}
		}
	}
}

// Scan appends to hits every occurrence in text, in order of End and, at one End, the longest keyword first.
func (f *Filter) Scan(text []byte, hits []Hit) []Hit {
	if len(text) < interleaveMin || len(text) < 8*f.max {
		return f.scan1(text, 0, 0, hits)
	}
	return f.scan4(text, hits)
}

// scan1 walks text[from:] from the root and keeps hits that end after the first skip bytes of it.
func (f *Filter) scan1(text []byte, from, skip int, hits []Hit) []Hit {
	s := uint32(0)
	for i, c := range text[from:] {
		s = f.next[s+f.class[c]]
		if s&accept != 0 {
			s &^= accept
			if i >= skip {
				hits = f.emit(s, from+i+1, hits)
			}
		}
	}
	return hits
}

func (f *Filter) emit(s uint32, end int, hits []Hit) []Hit {
	e := f.ends[s/f.width]
	for _, k := range f.list[e[0]:e[1]] {
		hits = append(hits, Hit{End: end, Keyword: k})
	}
	return hits
}

// scan4 walks four quarters at once. Each but the first begins max-1 bytes early, at the root, and drops what ends there:
// those hits belong to the quarter before.
func (f *Filter) scan4(text []byte, hits []Hit) []Hit {
	lead := f.max - 1
	quarter := (len(text) - lead) / 4
	steps := quarter + lead
	a, b := text[:steps], text[quarter:][:steps]
	c, d := text[2*quarter:][:steps], text[3*quarter:][:steps]
	next, class := f.next, &f.class
	var rooms [3][room]Hit
	part := [3][]Hit{rooms[0][:0], rooms[1][:0], rooms[2][:0]}
	var s0, s1, s2, s3 uint32
	for i := range steps {
		s0 = next[s0+class[a[i]]]
		s1 = next[s1+class[b[i]]]
		s2 = next[s2+class[c[i]]]
		s3 = next[s3+class[d[i]]]
		if (s0|s1|s2|s3)&accept == 0 {
			continue
		}
		if s0&accept != 0 {
			s0 &^= accept
			hits = f.emit(s0, i+1, hits)
		}
		if s1&accept != 0 {
			s1 &^= accept
			part[0] = f.late(s1, quarter, i, part[0])
		}
		if s2&accept != 0 {
			s2 &^= accept
			part[1] = f.late(s2, 2*quarter, i, part[1])
		}
		if s3&accept != 0 {
			s3 &^= accept
			part[2] = f.late(s3, 3*quarter, i, part[2])
		}
	}
	for _, p := range part {
		hits = append(hits, p...)
	}
	rest := max(0, 3*quarter+steps-lead)
	return f.scan1(text, rest, lead, hits)
}

func (f *Filter) late(s uint32, base, i int, hits []Hit) []Hit {
	if i < f.max-1 {
		return hits
	}
	return f.emit(s, base+i+1, hits)
}
