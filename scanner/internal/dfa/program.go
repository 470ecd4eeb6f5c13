package dfa

import (
	"fmt"
	"regexp/syntax"
	"unicode/utf8"
)

// set is a set of byte classes.
type set [4]uint64

func (s *set) has(c uint8) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *set) add(c uint8) { s[c>>6] |= 1 << (c & 63) }

// edge leads to a point by reading a byte of a set.
type edge struct {
	set set
	to  int32
}

// graph is the edges of a program in one direction, by point.
type graph struct {
	free [][]int32 // to points that are reached without reading
	read [][]edge
	last []bool // points from which the end is reached where the text ends
}

// Program is an expression as a graph of points. It is immutable and safe for concurrent use.
type Program struct {
	class   [256]uint8
	classes int
	// high is the class of all bytes beyond ASCII.
	high              uint8
	start, match      int32
	forward, backward graph
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
	p := &Program{start: int32(prog.Start), match: -1}
	sets := p.classify(prog)
	p.forward, p.backward = newGraph(len(prog.Inst)), newGraph(len(prog.Inst))
	for i := range prog.Inst {
		p.connect(int32(i), &prog.Inst[i], sets[i])
	}
	p.closeLast(prog)
	return p, nil
}

func newGraph(n int) graph { return graph{make([][]int32, n), make([][]edge, n), make([]bool, n)} }

// atEnd reports whether an instruction holds at the end of a text alone.
func atEnd(inst *syntax.Inst) bool {
	return inst.Op == syntax.InstEmptyWidth && syntax.EmptyOp(inst.Arg)&syntax.EmptyEndText != 0
}

// closeLast finds the points from which the end is reached without reading, by instructions too that hold at the end of a text alone: these
// lead nowhere else forward, and are taken to hold backward.
func (p *Program) closeLast(prog *syntax.Prog) {
	for todo := []int32{p.match}; len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i >= 0 && !p.forward.last[i] {
			p.forward.last[i] = true
			todo = append(todo, p.backward.free[i]...)
		}
	}
	for i := range prog.Inst {
		if atEnd(&prog.Inst[i]) {
			p.forward.free[i] = nil
		}
	}
}

// connect adds the edges of an instruction, in both directions.
func (p *Program) connect(i int32, inst *syntax.Inst, s set) {
	free := func(to uint32) {
		p.forward.free[i] = append(p.forward.free[i], int32(to))
		p.backward.free[to] = append(p.backward.free[to], i)
	}
	switch inst.Op {
	case syntax.InstMatch:
		p.match = i // a program has one
	case syntax.InstFail:
	case syntax.InstAlt, syntax.InstAltMatch:
		free(inst.Out)
		free(inst.Arg)
	case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
		free(inst.Out)
	default:
		p.forward.read[i] = append(p.forward.read[i], edge{s, int32(inst.Out)})
		p.backward.read[inst.Out] = append(p.backward.read[inst.Out], edge{s, i})
	}
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

// membersOf works out the members of every instruction that reads. The instructions of a repeat share theirs.
func membersOf(prog *syntax.Prog) []*members {
	type source struct {
		first *rune
		n     int
		arg   uint32
	}
	seen := map[source]*members{}
	all := make([]*members, len(prog.Inst))
	for i := range prog.Inst {
		inst := &prog.Inst[i]
		if !reads(inst) || len(inst.Rune) == 0 {
			continue
		}
		from := source{&inst.Rune[0], len(inst.Rune), inst.Arg}
		if seen[from] == nil {
			m := &members{high: readsHigh(inst)}
			for c := range m.ascii {
				m.ascii[c] = inst.MatchRune(rune(c))
			}
			seen[from] = m
		}
		all[i] = seen[from]
	}
	return all
}

// classify groups the bytes that no instruction tells apart and returns, by instruction, the set of the classes it reads.
func (p *Program) classify(prog *syntax.Prog) []set {
	all := membersOf(prog)
	p.classes = 1
	sets := map[*members]*set{}
	for _, m := range all {
		if m != nil && sets[m] == nil {
			sets[m] = &set{}
			p.split(m.ascii[:])
		}
	}
	p.high = uint8(p.classes)
	p.classes++
	for c := utf8.RuneSelf; c < 256; c++ {
		p.class[c] = p.high
	}
	for m, s := range sets {
		for c, ok := range m.ascii {
			if ok {
				s.add(p.class[c])
			}
		}
		if m.high {
			s.add(p.high)
		}
	}
	read := make([]set, len(all))
	for i, m := range all {
		if m != nil {
			read[i] = *sets[m]
		}
	}
	return read
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
