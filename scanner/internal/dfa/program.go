package dfa

import (
	"fmt"
	"regexp/syntax"
	"sync"
	"unicode"
	"unicode/utf8"
)

// set is a set of byte classes.
type set [4]uint64

func (s *set) has(c uint8) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *set) add(c uint8) { s[c>>6] |= 1 << (c & 63) }

// edge leads to a point by reading a byte of a set.
type edge struct{ set, to int32 }

// graph is the edges of a program in one direction, by the point that they lead from.
type graph struct {
	sets []set
	free row[int32] // to points that are reached without reading
	read row[edge]
	last []bool // points from which the end is reached where the text ends
}

// row is lists by number, one behind the other.
type row[T any] struct {
	from []int32 // where each begins, and at the end where the last one ends
	all  []T
}

func (r *row[T]) at(i int32) []T { return r.all[r.from[i]:r.from[i+1]] }

// begin begins the next list; its elements are appended to all.
func (r *row[T]) begin() { r.from = append(r.from, int32(len(r.all))) }

// Program is an expression as a graph of points. It is immutable and safe for concurrent use.
type Program struct {
	class   [256]uint8
	classes int
	// high is the class of all bytes beyond ASCII.
	high         uint8
	start, match int32
	forward      graph
	// backward is made when it is first wanted, which it is of few.
	backward func() *graph
}

// Compile makes a program of an expression of package regexp.
func Compile(expr string) (*Program, error) {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse the expression of a rule: %w", err)
	}
	return compile(tree)
}

func compile(tree *syntax.Regexp) (*Program, error) {
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("compile the expression of a rule: %w", err)
	}
	p := &Program{start: int32(prog.Start)}
	sets, read := p.classify(prog)
	p.forward = ahead(prog, sets, read)
	p.match = p.forward.closeLast(prog)
	p.backward = sync.OnceValue(func() *graph { return behind(prog, sets, read) })
	return p, nil
}

// freely are the points that an instruction leads to without reading.
func freely(inst *syntax.Inst) []uint32 {
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return []uint32{inst.Out, inst.Arg}
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		return []uint32{inst.Out}
	}
	return nil
}

// ahead is the graph forward; read is the number of the set that each instruction reads, or -1. What holds at the end of a text alone leads nowhere.
func ahead(prog *syntax.Prog, sets []set, read []int32) graph {
	n := len(prog.Inst)
	g := graph{sets: sets, last: make([]bool, n)}
	g.free, g.read = row[int32]{make([]int32, 0, n+1), make([]int32, 0, n)}, row[edge]{make([]int32, 0, n+1), make([]edge, 0, n)}
	for i := range prog.Inst {
		inst := &prog.Inst[i]
		g.free.begin()
		g.read.begin()
		if read[i] >= 0 {
			g.read.all = append(g.read.all, edge{read[i], int32(inst.Out)})
			continue
		}
		if atEnd(inst) {
			continue
		}
		for _, to := range freely(inst) {
			g.free.all = append(g.free.all, int32(to))
		}
	}
	g.free.begin()
	g.read.begin()
	return g
}

// behind is the graph backward, in which what holds at the end of a text alone is taken to hold.
func behind(prog *syntax.Prog, sets []set, read []int32) *graph {
	n := len(prog.Inst)
	g := &graph{sets: sets, last: make([]bool, n)}
	g.free.from, g.read.from = make([]int32, n+1), make([]int32, n+1)
	each := func(free func(from, to int32), reads func(from, to int32)) {
		for i := range prog.Inst {
			inst := &prog.Inst[i]
			if read[i] >= 0 {
				reads(int32(i), int32(inst.Out))
				continue
			}
			for _, to := range freely(inst) {
				free(int32(i), int32(to))
			}
		}
	}
	each(func(_, to int32) { g.free.from[to]++ }, func(_, to int32) { g.read.from[to]++ })
	g.free.all, g.read.all = make([]int32, ends(g.free.from)), make([]edge, ends(g.read.from))
	each(func(from, to int32) {
		g.free.from[to]--
		g.free.all[g.free.from[to]] = from
	}, func(from, to int32) {
		g.read.from[to]--
		g.read.all[g.read.from[to]] = edge{read[from], from}
	})
	return g
}

// ends turns the sizes of lists into where they end, and returns the size of all.
func ends(sizes []int32) (sum int32) {
	for i := range sizes {
		sum += sizes[i]
		sizes[i] = sum
	}
	return sum
}

// atEnd reports whether an instruction holds at the end of a text alone.
func atEnd(inst *syntax.Inst) bool {
	return inst.Op == syntax.InstEmptyWidth && syntax.EmptyOp(inst.Arg)&syntax.EmptyEndText != 0
}

// closeLast finds the points from which the end is reached without reading, by instructions too that hold at the end of a text alone, and
// returns the end. Most instructions lead to ones behind them: two or three turns find all.
func (g *graph) closeLast(prog *syntax.Prog) (match int32) {
	for more := true; more; {
		more = false
		for i := len(prog.Inst) - 1; i >= 0; i-- {
			inst := &prog.Inst[i]
			if g.last[i] {
				continue
			}
			if inst.Op == syntax.InstMatch { // a program has one
				match = int32(i)
				g.last[i], more = true, true
			}
			for _, to := range freely(inst) {
				if g.last[to] {
					g.last[i], more = true, true
				}
			}
		}
	}
	return match
}

// reads reports whether an instruction reads a character.
func reads(inst *syntax.Inst) bool {
	switch inst.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

// members are the characters that an instruction reads: which of ASCII, and whether any beyond.
type members struct {
	ascii [utf8.RuneSelf]bool
	high  bool
}

// membersOf works out the members of the instructions that read: all that differ, and by instruction which it has, or -1. The instructions of a
// repeat share theirs.
func membersOf(prog *syntax.Prog) (all []*members, read []int32) {
	type source struct {
		first *rune
		n     int
		arg   uint32
	}
	seen, last, lastNumber := map[source]int32{}, source{}, int32(-1)
	read = make([]int32, len(prog.Inst))
	for i := range prog.Inst {
		inst := &prog.Inst[i]
		if read[i] = -1; !reads(inst) || len(inst.Rune) == 0 {
			continue
		}
		from := source{&inst.Rune[0], len(inst.Rune), inst.Arg}
		if from != last {
			n, ok := seen[from]
			if !ok {
				n = int32(len(all))
				seen[from] = n
				all = append(all, newMembers(inst))
			}
			last, lastNumber = from, n
		}
		read[i] = lastNumber
	}
	return all, read
}

func newMembers(inst *syntax.Inst) *members {
	m := &members{high: readsHigh(inst)}
	if first := inst.Rune[0]; len(inst.Rune) == 1 {
		for c := first; ; {
			if c < utf8.RuneSelf {
				m.ascii[c] = true
			}
			if syntax.Flags(inst.Arg)&syntax.FoldCase != 0 {
				c = unicode.SimpleFold(c)
			}
			if c == first {
				return m
			}
		}
	}
	for i := 0; i+1 < len(inst.Rune); i += 2 {
		for c := inst.Rune[i]; c <= min(inst.Rune[i+1], utf8.RuneSelf-1); c++ {
			m.ascii[c] = true
		}
	}
	return m
}

// classify groups the bytes that no instruction tells apart and returns the sets of the classes that instructions read, and by instruction the
// number of its set, or -1.
func (p *Program) classify(prog *syntax.Prog) (sets []set, read []int32) {
	all, read := membersOf(prog)
	p.classes = 1
	for _, m := range all {
		p.split(m.ascii[:])
	}
	p.high = uint8(p.classes)
	p.classes++
	for c := utf8.RuneSelf; c < 256; c++ {
		p.class[c] = p.high
	}
	sets = make([]set, len(all))
	for i, m := range all {
		for c, ok := range m.ascii {
			if ok {
				sets[i].add(p.class[c])
			}
		}
		if m.high {
			sets[i].add(p.high)
		}
	}
	return sets, read
}

// split divides the classes by membership in one more set.
func (p *Program) split(in []bool) {
	var half [utf8.RuneSelf]uint8 // class -> class of its members, 0: none yet
	for c, ok := range in {
		if !ok {
			continue
		}
		old := p.class[c]
		if half[old] == 0 {
			half[old] = uint8(p.classes)
			p.classes++
		}
		p.class[c] = half[old]
	}
	p.tidy()
}

// tidy numbers the classes of ASCII bytes anew, without those that have lost all their members.
func (p *Program) tidy() {
	var number [256]int
	p.classes = 0
	for c := range utf8.RuneSelf {
		old := p.class[c]
		if number[old] == 0 {
			p.classes++
			number[old] = p.classes
		}
		p.class[c] = uint8(number[old] - 1)
	}
}

// readsHigh reports whether an instruction reads some character beyond ASCII, or a byte that is none.
func readsHigh(inst *syntax.Inst) bool {
	switch inst.Op {
	case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	if n := len(inst.Rune); n > 1 && inst.Rune[n-1] >= utf8.RuneSelf {
		return true
	}
	return len(inst.Rune) == 1 && (inst.Rune[0] >= utf8.RuneSelf || foldsHigh(inst))
}

// foldsHigh reports whether a letter without case stands for one beyond ASCII too, as k does for the Kelvin sign.
func foldsHigh(inst *syntax.Inst) bool {
	return syntax.Flags(inst.Arg)&syntax.FoldCase != 0 && (inst.MatchRune('\u212A') || inst.MatchRune('\u017F'))
}
