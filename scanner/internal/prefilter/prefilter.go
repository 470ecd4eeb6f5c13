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
	next   []uint32
	width  uint32
	ends   map[uint32][]int // row offset of a state -> keywords that end there, longest first
	length []int
	max    int
}

const (
	accept = 1 << 31
	// interleaveMin is the text length in bytes from which four streams pay off (BenchmarkScan).
	interleaveMin = 256
)

// New builds the automaton. Keywords are compared without regard to ASCII case; empty ones are never found.
func New(keywords []string) *Filter {
	f := &Filter{ends: map[uint32][]int{}}
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

// node is a state while the automaton is built.
type node struct {
	next []int32 // by class; -1 is none
	ends []int
	fail int32
}

func (f *Filter) newNode() node {
	n := node{next: make([]int32, f.width)}
	for i := range n.next {
		n.next[i] = -1
	}
	return n
}

func (f *Filter) trie(keywords []string) []node {
	nodes := []node{f.newNode()}
	for id, k := range keywords {
		if k == "" {
			continue
		}
		at := int32(0)
		for i := range len(k) {
			c := f.class[fold(k[i])]
			if nodes[at].next[c] < 0 {
				nodes[at].next[c] = int32(len(nodes))
				nodes = append(nodes, f.newNode())
			}
			at = nodes[at].next[c]
		}
		nodes[at].ends = append(nodes[at].ends, id)
	}
	return nodes
}

// link resolves failure links breadth first and writes the dense table.
func (f *Filter) link(nodes []node) {
	queue := []int32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		n := &nodes[at]
		for c, to := range n.next {
			back := int32(0)
			if at != 0 {
				back = nodes[n.fail].next[c]
			}
			if to < 0 {
				n.next[c] = max(back, 0)
				continue
			}
			nodes[to].fail = max(back, 0)
			nodes[to].ends = append(nodes[to].ends, nodes[nodes[to].fail].ends...)
			queue = append(queue, to)
		}
	}
	f.next = make([]uint32, len(nodes)*int(f.width))
	for s, n := range nodes {
		if len(n.ends) > 0 {
			f.ends[uint32(s)*f.width] = n.ends
		}
		for c, to := range n.next {
			v := uint32(to) * f.width
			if len(nodes[to].ends) > 0 {
				v |= accept
			}
			f.next[s*int(f.width)+c] = v
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
	for _, k := range f.ends[s] {
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
	var part [4][]Hit
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
			part[0] = f.emit(s0, i+1, part[0])
		}
		if s1&accept != 0 {
			s1 &^= accept
			part[1] = f.late(s1, quarter, i, part[1])
		}
		if s2&accept != 0 {
			s2 &^= accept
			part[2] = f.late(s2, 2*quarter, i, part[2])
		}
		if s3&accept != 0 {
			s3 &^= accept
			part[3] = f.late(s3, 3*quarter, i, part[3])
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
