// Package prefilter finds every occurrence of many keywords in one pass over a text.
//
// It is a dense Aho-Corasick automaton (Aho and Corasick, 1975) with every failure link resolved beforehand, over byte
// classes: bytes that no keyword tells apart share a column, and letters of either case share one too (ASCII), so that
// folding costs nothing at search time. One table look-up per byte, whatever the number of keywords.
//
// What a look-up costs is where the table is found. A state is a row of 64 columns, those of the most frequent letters first,
// so that nearly all look-ups in it meet one cache line; a state's number takes two bytes; and states are numbered by depth, so that
// those which nearly all bytes lead to share few pages. Where keywords have more than 64 different bytes, the rarest share
// a column, and what is found is compared with the text.
//
// A look-up has to wait for the one before it. Six positions of the text are therefore walked at once, as many as the registers of amd64
// hold; each stream starts early enough to see a keyword that straddles its border.
package prefilter

import "strings"

// Hit is an occurrence: keyword number Keyword ends before byte End of the text.
type Hit struct {
	End     int
	Keyword int
}

// Filter is the automaton. It is immutable and safe for concurrent use.
type Filter struct {
	keywords []string // in lower case
	max      int
	column   [256]uint8
	// shared says that a column has bytes that keywords tell apart.
	shared bool
	// One of the two is the table: small where the states are few enough for its numbers.
	small table[uint16]
	large table[uint32]
	// ends are, by state, the keywords that end there, longest first, as a range of list.
	ends [][2]uint32
	list []int
}

// table holds, per state and column, the next state, with the highest bit set when that one ends keywords.
type table[N uint16 | uint32] []N

const (
	// columns is how many a row of the table has, and rowShift its logarithm.
	columns  = 1 << rowShift
	rowShift = 6
	// streams is how many positions of a text are walked at once.
	streams = 6
	// interleaveMin is the text length in bytes from which streams pay off (BenchmarkScan).
	interleaveMin = 256
	// room is for how many hits of a stream no memory is taken from the heap.
	room = 32
	// frequent are the bytes of text, in falling order of how often they come, as far as that matters. All that no keyword has come
	// before them.
	frequent = "etaonirsldcupmhfgb_-.0y1vkw\"2/x3:=q845j6z79,'(@$"
)

// New builds the automaton. Keywords are compared without regard to ASCII case; empty ones are never found.
func New(keywords []string) *Filter {
	f := &Filter{keywords: make([]string, len(keywords))}
	total := 1
	for i, k := range keywords {
		f.keywords[i] = lower(k)
		f.max = max(f.max, len(k))
		total += len(k)
	}
	f.classify()
	if total < 1<<15 {
		f.small = build[uint16](f, total)
	} else {
		f.large = build[uint32](f, total)
	}
	return f
}

// Max is the length in bytes of the longest keyword.
func (f *Filter) Max() int { return f.max }

// Len returns the length in bytes of a keyword.
func (f *Filter) Len(keyword int) int { return len(f.keywords[keyword]) }

func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// lower folds the ASCII letters of a keyword.
func lower(k string) string {
	b := []byte(k)
	for i, c := range b {
		b[i] = fold(c)
	}
	return string(b)
}

// classify gives every byte that occurs in a keyword a column of its own, as far as there are so many, and all others column 0.
func (f *Filter) classify() {
	var used [256]bool
	for _, k := range f.keywords {
		for i := range len(k) {
			used[k[i]] = true
		}
	}
	n := 1
	add := func(c byte) {
		if !used[c] || f.column[c] != 0 {
			return
		}
		f.column[c] = uint8(min(n, columns-1))
		f.shared = f.shared || n >= columns
		n++
	}
	for i := range len(frequent) {
		add(frequent[i])
	}
	for c := range 256 {
		add(byte(c))
	}
	for c := byte('A'); c <= 'Z'; c++ {
		f.column[c] = f.column[fold(c)]
	}
}

// build makes the table, for most states.
func build[N uint16 | uint32](f *Filter, most int) table[N] {
	b := &builder[N]{f, make(table[N], columns, most<<rowShift), accepting[N]()}
	b.link(b.trie())
	return b.next
}

// accepting is the bit of a state that ends keywords.
func accepting[N uint16 | uint32]() N { return ^(^N(0) >> 1) }

// builder is an automaton that is being built.
type builder[N uint16 | uint32] struct {
	*Filter
	next   table[N]
	accept N
}

// trie makes a state of every beginning of a keyword, the shorter first, and the edges between them. It returns the states that
// keywords end in, by keyword.
func (b *builder[N]) trie() []N {
	at := make([]N, len(b.keywords))
	for depth := range b.max {
		for id, k := range b.keywords {
			if depth >= len(k) {
				continue
			}
			edge := int(at[id])<<rowShift | int(b.column[k[depth]])
			if b.next[edge] == 0 {
				b.next[edge] = N(len(b.next) >> rowShift)
				b.next = b.next[:len(b.next)+columns]
			}
			at[id] = b.next[edge]
		}
	}
	return at
}

func (b *builder[N]) row(state N) table[N] { return b.next[int(state)<<rowShift:][:columns] }

// link resolves failure links, the shorter states first: a state's row is that of the longest other state that its text ends with,
// but for its own edges.
func (b *builder[N]) link(last []N) {
	states := len(b.next) >> rowShift
	fail := make([]N, states)
	own := make([][]int, states)
	for id, state := range last {
		if state > 0 {
			own[state] = append(own[state], id)
		}
	}
	b.ends = make([][2]uint32, states)
	misses := make(table[N], columns) // of the root, which lead to itself
	for s := range states {
		row := b.row(N(s))
		from := uint32(len(b.list))
		b.list = append(b.list, own[s]...)
		if s > 0 {
			misses = b.row(fail[s])
			shorter := b.ends[fail[s]]
			b.list = append(b.list, b.list[shorter[0]:shorter[1]]...)
		}
		b.ends[s] = [2]uint32{from, uint32(len(b.list))}
		for c, miss := range misses {
			child := row[c]
			if child == 0 {
				row[c] = miss
				continue
			}
			fail[child] = miss &^ b.accept
			row[c] |= miss & b.accept
			if len(own[child]) > 0 {
				row[c] |= b.accept
			}
		}
	}
}

// Scan appends to hits every occurrence in text, in order of End and, at one End, the longest keyword first.
func (f *Filter) Scan(text []byte, hits []Hit) []Hit {
	if f.large != nil {
		return scan(f, f.large, text, hits)
	}
	return scan(f, f.small, text, hits)
}

func scan[N uint16 | uint32](f *Filter, next table[N], text []byte, hits []Hit) []Hit {
	if len(text) < interleaveMin || len(text) < 8*f.max {
		return scan1(f, next, text, 0, 0, hits)
	}
	return scanAll(f, next, text, hits)
}

// scan1 walks text[from:] from the root and keeps hits that end after the first skip bytes of it.
func scan1[N uint16 | uint32](f *Filter, next table[N], text []byte, from, skip int, hits []Hit) []Hit {
	accept := accepting[N]()
	s := N(0)
	for i := from; i < len(text); i++ {
		s = next[int(s)<<rowShift|int(f.column[text[i]])]
		if s&accept != 0 {
			s &^= accept
			if i >= from+skip {
				hits = f.emit(int(s), text, i+1, hits)
			}
		}
	}
	return hits
}

// emit adds the keywords of a state that ends some.
func (f *Filter) emit(state int, text []byte, end int, hits []Hit) []Hit {
	e := f.ends[state]
	for _, k := range f.list[e[0]:e[1]] {
		if f.shared && !f.is(k, text[:end]) {
			continue
		}
		hits = append(hits, Hit{End: end, Keyword: k})
	}
	return hits
}

// is reports whether a text ends with a keyword.
func (f *Filter) is(keyword int, text []byte) bool {
	return strings.HasSuffix(lower(string(text[len(text)-f.Len(keyword):])), f.keywords[keyword])
}

// scanAll walks all streams at once. Each but the first begins max-1 bytes early, at the root, and drops what ends there:
// those hits belong to the stream before.
func scanAll[N uint16 | uint32](f *Filter, next table[N], text []byte, hits []Hit) []Hit {
	lead := f.max - 1
	stride := (len(text) - lead) / streams
	steps := stride + lead
	accept := uint(accepting[N]())
	var rooms [streams - 1][room]Hit
	var part [streams - 1][]Hit
	for i := range part {
		part[i] = rooms[i][:0]
	}
	var states [streams]uint
	for i := walk(next, &f.column, &states, text, stride, steps, 0); i < steps; i = walk(next, &f.column, &states, text, stride, steps, i+1) {
		for n, s := range states {
			if s&accept == 0 {
				continue
			}
			s &^= accept
			states[n] = s
			if n == 0 {
				hits = f.emit(int(s), text, i+1, hits)
			} else {
				part[n-1] = f.late(int(s), text, n*stride, i, part[n-1])
			}
		}
	}
	for _, p := range part {
		hits = append(hits, p...)
	}
	rest := max(0, (streams-1)*stride+steps-lead)
	return scan1(f, next, text, rest, lead, hits)
}

// walkAll is walk for any machine: it walks the streams of a text, which begin a stride apart, from byte i of each on, to where one of them ends
// a keyword, and returns that byte or how many steps there are.
func walkAll[N uint16 | uint32](next table[N], column *[256]uint8, states *[streams]uint, text []byte, stride, steps, i int) int {
	accept := uint(accepting[N]())
	s0, s1, s2, s3, s4, s5 := states[0], states[1], states[2], states[3], states[4], states[5]
	at := func(n int) []byte { return text[n*stride:][:steps] }
	a, b, c, d, e, f := at(0), at(1), at(2), at(3), at(4), at(5)
	b, c, d, e, f = b[:len(a)], c[:len(a)], d[:len(a)], e[:len(a)], f[:len(a)]
	for ; i < len(a); i++ {
		s0 = uint(next[s0<<rowShift|uint(column[a[i]])])
		s1 = uint(next[s1<<rowShift|uint(column[b[i]])])
		s2 = uint(next[s2<<rowShift|uint(column[c[i]])])
		s3 = uint(next[s3<<rowShift|uint(column[d[i]])])
		s4 = uint(next[s4<<rowShift|uint(column[e[i]])])
		s5 = uint(next[s5<<rowShift|uint(column[f[i]])])
		if (s0|s1|s2|s3|s4|s5)&accept != 0 {
			break
		}
	}
	*states = [streams]uint{s0, s1, s2, s3, s4, s5}
	return i
}

func (f *Filter) late(state int, text []byte, base, i int, hits []Hit) []Hit {
	if i < f.max-1 {
		return hits
	}
	return f.emit(state, text, base+i+1, hits)
}
