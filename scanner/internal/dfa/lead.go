package dfa

import (
	"fmt"
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// Lead says which bytes can stand at each of the first places of a match, whatever stands at the others. It is made from an expression
// without its program and refuses most texts after a few bytes, so that the rules whose keywords are common words need no program. It
// is immutable.
type Lead struct {
	// at has, by byte, a bit for each place.
	at [utf8.RuneSelf + 1]uint32
	// least is the length of the shortest match, counted up to LeadMost.
	least int
	// size is how many places say something.
	size int
}

const (
	// LeadMost is how many places are looked at: no more of a text decides.
	LeadMost = 24
	// leadTurns bounds the turns of repeats that are worked out.
	leadTurns = 4096
)

// high stands for all bytes beyond ASCII.
const high = utf8.RuneSelf

// NewLead makes the lead of an expression of package regexp.
func NewLead(expr string) (*Lead, error) {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse the expression of a rule: %w", err)
	}
	w := &leadWork{}
	places := w.places(tree, ended())
	if w.turns > leadTurns {
		return &Lead{}, nil // repeats within repeats: the walkers say it
	}
	l := &Lead{least: LeadMost}
	for i := range places {
		p := &places[i]
		if !p.full() {
			l.size = i + 1
		}
		if p.end {
			l.least = min(l.least, i)
		}
		for c := range l.at {
			if p.has(c) {
				l.at[c] |= 1 << i
			}
		}
	}
	return l, nil
}

// Begins reports whether a match can begin where a text does. Where none can, the first read bytes are enough to know; one more than there are
// says that the end of the text is too.
func (l *Lead) Begins(text []byte) (read int, ok bool) {
	if len(text) < l.least {
		return len(text) + 1, false
	}
	for i, c := range text[:min(l.size, len(text))] {
		if l.at[min(c, high)]>>i&1 == 0 {
			return i + 1, false
		}
	}
	return 0, true
}

// place is the bytes that can stand at one place, and whether the match can have ended before it.
type place struct {
	ascii [2]uint64
	high  bool
	end   bool
}

func (p *place) full() bool { return p.high && p.ascii[0]&p.ascii[1] == 1<<64-1 }

func (p *place) has(c int) bool {
	if c >= high {
		return p.high
	}
	return p.ascii[c>>6]>>(c&63)&1 != 0
}

func (p *place) add(q place) {
	p.ascii[0] |= q.ascii[0]
	p.ascii[1] |= q.ascii[1]
	p.high = p.high || q.high
	p.end = p.end || q.end
}

// addRange adds the characters from lo to hi.
func (p *place) addRange(lo, hi rune) {
	p.high = p.high || hi >= high
	for c := lo; c <= min(hi, high-1); c++ {
		p.ascii[c>>6] |= 1 << (c & 63)
	}
}

// places are the first places of a text.
type places [LeadMost]place

// ended is what stands behind a match: anything.
func ended() places {
	var all places
	for i := range all {
		all[i] = place{ascii: [2]uint64{1<<64 - 1, 1<<64 - 1}, high: true, end: true}
	}
	return all
}

func (p *places) add(q places) {
	for i := range p {
		p[i].add(q[i])
	}
}

// before is a byte and then the rest.
func (rest *places) before(first place) places {
	all := places{first}
	copy(all[1:], rest[:])
	return all
}

// char is a character of a set and then the rest. One beyond ASCII has up to utf8.UTFMax bytes, of which any may be any.
func (rest places) char(set place) places {
	if set.high {
		more := rest
		for range utf8.UTFMax - 1 {
			again := more.before(place{high: true})
			again.add(rest)
			more = again
		}
		more.add(rest)
		rest = more
	}
	return rest.before(set)
}

// leadWork is the making of a lead.
type leadWork struct{ turns int }

// places are those of what an expression reads and the rest behind it.
func (w *leadWork) places(re *syntax.Regexp, rest places) places {
	switch re.Op {
	case syntax.OpNoMatch:
		return places{}
	case syntax.OpLiteral:
		for i := len(re.Rune) - 1; i >= 0; i-- {
			rest = rest.char(literalSet(re.Rune[i], re.Flags&syntax.FoldCase != 0))
		}
	case syntax.OpCharClass:
		var set place
		for i := 0; i+1 < len(re.Rune); i += 2 {
			set.addRange(re.Rune[i], re.Rune[i+1])
		}
		return rest.char(set)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		var set place
		set.addRange(0, unicode.MaxRune)
		return rest.char(set)
	case syntax.OpConcat:
		for i := len(re.Sub) - 1; i >= 0; i-- {
			rest = w.places(re.Sub[i], rest)
		}
	case syntax.OpAlternate:
		var all places
		for _, sub := range re.Sub {
			all.add(w.places(sub, rest))
		}
		return all
	case syntax.OpCapture:
		return w.places(re.Sub[0], rest)
	case syntax.OpStar:
		return w.repeat(re.Sub[0], 0, -1, rest)
	case syntax.OpPlus:
		return w.repeat(re.Sub[0], 1, -1, rest)
	case syntax.OpQuest:
		return w.repeat(re.Sub[0], 0, 1, rest)
	case syntax.OpRepeat:
		return w.repeat(re.Sub[0], re.Min, re.Max, rest)
	}
	return rest // what is left reads nothing, and is taken to hold
}

// repeat are the places of a repeat. From LeadMost times on, one more changes nothing there.
func (w *leadWork) repeat(sub *syntax.Regexp, least, most int, rest places) places {
	if most < 0 || most-least > LeadMost {
		most = least + LeadMost
	}
	all := rest
	for range most - least {
		if w.turns++; w.turns > leadTurns {
			return rest
		}
		again := w.places(sub, all)
		again.add(rest)
		if again == all {
			break
		}
		all = again
	}
	for range min(least, LeadMost) {
		if w.turns++; w.turns > leadTurns {
			return rest
		}
		all = w.places(sub, all)
	}
	return all
}

// literalSet is one character, in either case where that does not count.
func literalSet(r rune, fold bool) (set place) {
	set.addRange(r, r)
	if fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			set.addRange(f, f)
		}
	}
	return set
}
