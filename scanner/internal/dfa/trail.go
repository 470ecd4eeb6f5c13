package dfa

import (
	"fmt"
	"regexp/syntax"
)

// counted is from how many times on a repeat is not counted in a loose program.
const counted = 8

// Loose makes a program of an expression in which long repeats repeat without end. It matches more, and as its states do not count,
// walks that begin at different places soon are in one state.
func Loose(expr string) (*Program, error) {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse the expression of a rule: %w", err)
	}
	return LooseTree(tree)
}

// LooseTree is Loose for an expression that was parsed, whose tree it changes. Written out and read again, a class costs a look at each of
// its characters.
func LooseTree(tree *syntax.Regexp) (*Program, error) { return compile(loosen(tree)) }

func loosen(re *syntax.Regexp) *syntax.Regexp {
	for i, sub := range re.Sub {
		re.Sub[i] = loosen(sub)
	}
	if re.Op == syntax.OpRepeat && (re.Max > counted || re.Min > counted) {
		re.Op = syntax.OpStar
		if re.Min > 0 {
			re.Op = syntax.OpPlus
		}
	}
	return re
}

// Trail is what a walk in vain has left: the states at some places, for walks that come by there. It is of one walker and one text.
type Trail struct {
	first int64   // the number of the first mark, which is its place / stride
	marks []int32 // the states there
	end   int64   // where the walk ended, and
	last  int32   // in which state
	age   int     // of the walker's states
}

// stride is the distance of marks in bytes.
const stride = 32

// End is how far into the text the last walk decided that is known to be in vain.
func (t *Trail) End() int64 { return t.end }

// InVain reports whether there is no match in a text whose first byte is at the place at: one that begins there or, where a keyword is
// given, one that goes on behind it; ends as for Begin. Where the walk meets the trail in the state that left it, the rest is known. It is for walkers
// forward.
func (w *Walker) InVain(t *Trail, keyword string, text []byte, at int64, ends bool) bool {
	s := w.from(keyword)
	first, met := (at+stride-1)/stride, false
	if t.age != w.age || first < t.first {
		*t = Trail{age: w.age}
	}
	w.own = w.own[:0]
	place, end := at, at+int64(len(text))
	skipped := at // as far as nothing was walked
	for place < end && s != dead && !w.states[s].end {
		if place%stride == 0 {
			n := int(place/stride - t.first)
			switch {
			case met:
				t.marks = append(t.marks, s)
			case n < len(t.marks) && t.marks[n] == s:
				met = true
				t.marks = t.marks[n-len(w.own):]
				copy(t.marks, w.own)
				skipped += t.end - place
				place, s = t.end, t.last
				continue
			default:
				w.own = append(w.own, s)
			}
		}
		s = w.onward(s, text[place-at])
		place++
	}
	*w.walked += place - skipped
	if w.states[s].end || ends && place == end && w.states[s].last {
		*t = Trail{}
		return false
	}
	if !met {
		t.marks = append(t.marks[:0], w.own...)
	}
	t.first, t.end, t.last = first, place, s
	return true
}

// onward is the state behind a byte.
func (w *Walker) onward(s int32, c byte) int32 {
	class := w.p.class[c]
	to := w.next[s*int32(w.p.classes)+int32(class)]
	if to == 0 {
		to = w.step(s, class)
	}
	return to - 1
}
