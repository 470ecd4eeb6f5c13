package scanner

import (
	"regexp"
	"slices"

	"github.com/quash-sh/quash/scanner/internal/dfa"
	"github.com/quash-sh/quash/scanner/internal/prefilter"
)

// tools are what a text is searched with and what is of use to the next one: the automata of the rules whose keywords came up,
// with the states they have met, and the room for hits.
type tools struct {
	forward, backward []*dfa.Walker // by rule
	shorter           []*dfa.Walker // by rule, forward in texts within its limits
	hits              []prefilter.Hit
	waiting           []waiting
	room              []byte // for what is held of a text that comes in pieces
	lengths           []int
	// loose are those that do not count.
	loose, looseBefore []*dfa.Walker // by rule
	lasts              []lastTry     // by rule
	trails             []trail       // by rule
	turn               uint          // counts texts
	walked             int64         // what was spent on the text, see effort
	memory             memory
	// finders and edges are what stands near keys.
	finders map[*seeker]*finder
	edges   edges
	bare    *bareSearch // nil where there are no bare rules
}

func (x *index) newTools() any {
	n := len(x.rules)
	return &tools{
		forward: make([]*dfa.Walker, n), backward: make([]*dfa.Walker, n), shorter: make([]*dfa.Walker, n), loose: make([]*dfa.Walker, n), looseBefore: make([]*dfa.Walker, n),
		lasts: make([]lastTry, n), trails: make([]trail, n), bare: x.newBareSearch(),
	}
}

// ahead is the automaton that reads a rule's matches from their beginning on.
func (t *tools) ahead(c *compiled) *dfa.Walker {
	if t.forward[c.number] == nil {
		t.forward[c.number] = c.program().Forward().Meter(&t.walked)
	}
	return t.forward[c.number]
}

// aheadIn is ahead for a text that is at hand: where that is within the limits of the rule's short form, the automaton of it, which says the
// same and has fewer states to be worked out.
func (t *tools) aheadIn(c *compiled, text []byte) *dfa.Walker {
	e := c.within(text)
	if e == &c.expression {
		return t.ahead(c)
	}
	if t.shorter[c.number] == nil {
		t.shorter[c.number] = e.program().Forward().Meter(&t.walked)
	}
	return t.shorter[c.number]
}

// back is the one that reads them from their end back.
func (t *tools) back(c *compiled) *dfa.Walker {
	if t.backward[c.number] == nil {
		t.backward[c.number] = c.program().Backward().Meter(&t.walked)
	}
	return t.backward[c.number]
}

// looseAhead is the one that reads them from their beginning on without counting.
func (t *tools) looseAhead(c *compiled) *dfa.Walker {
	if t.loose[c.number] == nil {
		t.loose[c.number] = c.looseForward().Meter(&t.walked)
	}
	return t.loose[c.number]
}

// looseBack is the one that reads them from their end back without counting.
func (t *tools) looseBack(c *compiled) *dfa.Walker {
	if t.looseBefore[c.number] == nil {
		t.looseBefore[c.number] = c.looseBackward().Meter(&t.walked)
	}
	return t.looseBefore[c.number]
}

// peek is how many bytes behind a match its end can depend on: a \b or $ looks at one character.
const peek = 4

// match runs one rule at one keyword.
func (t *text) match(c *compiled, keyword string, hit span) {
	if t.effort.over {
		return
	}
	if kind := c.outline.Literal; kind != "" {
		read, ok := worth(kind, t.bytes(t.window(span{hit.from, hit.from + gapReach})))
		if !ok {
			t.looksAt(span{hit.from, hit.from + int64(read)})
			return
		}
	}
	t.effort.now = t.effort.least + t.effort.ratio*hit.to
	if m, ok := t.locate(c, keyword, hit); ok {
		t.judge(c, m.re, m.groups, m.base)
	}
	if t.spent() {
		t.giveUp(c, hit)
	}
}

// located is a match of an expression: the bounds of its groups, counted from base.
type located struct {
	re     *regexp.Regexp
	groups []int
	base   int64
	// long says that it is none, for it is longer than the rule's longest match.
	long bool
}

// locate finds a rule's match at a keyword: the one that begins first of those that hold the keyword.
//
// The rule's automaton says where a match can begin and end at most, and most keywords end here: they are in no key. Where the
// pattern does not begin with the keyword, the possible beginnings are tried from the left. The expression then sees all of
// the longest match that is possible there, the byte before it and the character behind it, so that it does not end early and no
// \b or $ is satisfied at an edge that is not the text's. What is longer than the rule's longest match is not a match.
func (t *text) locate(c *compiled, keyword string, hit span) (located, bool) {
	if c.anchored {
		start := hit.from - int64(c.offset)
		if start < t.base {
			t.looksAt(span{start, hit.to})
			return located{}, false
		}
		if read, ok := c.lead().Begins(t.bytes(t.window(span{start, start + dfa.LeadMost}))); !ok {
			t.looksAt(span{start, start + int64(read)})
			return located{}, false
		}
		n, ok := t.reach(c, "", start)
		if !ok {
			return located{}, false
		}
		return t.try(c, span{start, start + int64(n)}, hit)
	}
	return t.around(c, keyword, hit)
}

// around is locate for a rule whose keyword can stand anywhere in a match.
//
// A beginning is tried for one keyword only: if nothing matches there that holds it, nothing does that holds a later one, and if
// something does, that is the match of the later ones in it too. So the tries are no more than the bytes of the text.
func (t *text) around(c *compiled, keyword string, hit span) (located, bool) {
	most := int64(c.span.Match)
	last := &t.tools.lasts[c.number]
	if last.turn != t.tools.turn {
		*last = lastTry{turn: t.tools.turn}
	}
	if last.found.from <= hit.from && hit.to <= last.found.to {
		t.looksAt(unbounded)
		return last.located, true
	}
	left := t.window(span{max(hit.from-most, last.tried), hit.from})
	if left.len() < shortLeft && !c.starts().within(t.buf, int(left.from-t.base), int(left.to-t.base)) {
		last.tried = hit.from + 1
		t.looksAt(unbounded)
		return located{}, false
	}
	n, ok := t.reach(c, keyword, hit.to)
	if !ok {
		return located{}, false
	}
	if left.from > left.to {
		t.looksAt(unbounded)
		return located{}, false
	}
	if read, ok := t.tools.looseBack(c).Behind(keyword, t.bytes(left)); !ok {
		if t.looksAt(span{hit.from - int64(read), hit.to}); int64(read) > left.len() && left.from > t.base {
			t.looksAt(unbounded)
		}
		return located{}, false
	}
	t.looksAt(unbounded)
	t.tools.lengths = t.beginnings(c, keyword, left)
	for _, back := range slices.Backward(t.tools.lengths) {
		at := span{hit.from - int64(back), hit.to + int64(n)}
		last.tried = at.from + 1
		view := t.window(span{at.from, at.to + peek})
		end, ok := t.tools.aheadIn(c, t.bytes(view)).Begin(t.bytes(view), view.to == t.end())
		t.tools.walked += effortExpression * int64(end)
		if !ok || at.from+int64(end) < hit.to {
			continue
		}
		if t.spent() {
			break
		}
		if m, ok := t.try(c, at, hit); ok {
			last.located, last.found = m, span{m.base + int64(m.groups[0]), m.base + int64(m.groups[1])}
			return m, true
		}
	}
	return located{}, false
}

// beginnings are by how many bytes before the keyword the matches that hold it can begin, in rising order. Where few bytes begin one, or few
// places are left, the automaton that does not count says it well enough: each of its beginnings is tried. The one that counts has a state of
// hundreds of places for each byte, and is for crowds of keys.
func (t *text) beginnings(c *compiled, keyword string, left span) []int {
	lengths := t.tools.looseBack(c).Before(keyword, t.bytes(left), t.tools.lengths[:0])
	if c.starts().few || len(lengths) <= mostTried {
		return lengths
	}
	return t.tools.back(c).Before(keyword, t.bytes(left), lengths[:0])
}

// mostTried is how many beginnings are tried that were not counted.
const mostTried = 64

// reach returns how far a match can go that begins at a place or, where there is a keyword, goes on there behind it. ok is false when
// there is none.
//
// A loose automaton looks first: it has few states, and most keywords end there. Walks in vain can be as long as the longest match, and a
// text can be made of keywords. When they have come to vainMost bytes in a text, it walks on from where it came last time. The one that
// counts looks only where the loose one was wrong before: it has a state for each byte of a repeat.
func (t *text) reach(c *compiled, keyword string, from int64) (n int, ok bool) {
	view := t.window(span{from, from + int64(c.span.Match) + peek})
	data, ends := t.bytes(view), view.to == t.end()
	tr := &t.tools.trails[c.number]
	if tr.turn != t.tools.turn {
		*tr = trail{turn: t.tools.turn}
	}
	if loose := t.tools.looseAhead(c); tr.vain > vainMost && loose.InVain(&tr.Trail, keyword, data, from, ends) {
		t.looksAt(span{from, tr.End() + 1})
		return 0, false
	} else if n, ok = far(loose, keyword, data, ends); ok && tr.wrong > wrongMost+tr.right {
		t.looksAt(span{from, from + int64(loose.Read())})
		data, ends = data[:min(n+peek, len(data))], ends && n+peek >= len(data)
		n, ok = far(t.tools.aheadIn(c, data), keyword, data, ends)
		t.tools.walked += effortExpression * int64(n)
	} else {
		t.looksAt(span{from, from + int64(loose.Read())})
	}
	if !ok {
		tr.vain += n
	}
	return n, ok
}

// far walks a text from where a match begins or, where there is a keyword, from behind it.
func far(w *dfa.Walker, keyword string, text []byte, ends bool) (n int, ok bool) {
	if keyword == "" {
		return w.Begin(text, ends)
	}
	return w.After(keyword, text, ends)
}

const (
	// vainMost is how many bytes of a text are walked in vain for a rule before it is done with care.
	vainMost = 4 << 10
	// wrongMost is how many beginnings of matches, beyond those that were right, are tried in vain for a rule before they are looked at
	// with care.
	wrongMost = 4
)

// trail is what walks in vain have left.
type trail struct {
	turn  uint // of the text
	vain  int  // bytes
	wrong int  // beginnings that were tried in vain, and
	right int  // those that were not
	dfa.Trail
}

// shortLeft is how few bytes are left to begin a match in, in a text of keyword beside keyword, that each is looked at before the text
// behind the keyword.
const shortLeft = 64

// lastTry is what was tried last of a rule whose keyword can stand anywhere in a match.
type lastTry struct {
	turn  uint  // of the text
	tried int64 // beginnings before this one were tried
	found span
	located
}

// try runs a rule's expression where a match can begin, on what it can hold at most. The match must hold the keyword.
func (t *text) try(c *compiled, at, hit span) (located, bool) {
	most := int64(c.span.Match)
	lead := min(at.from, 1)
	w := t.window(span{at.from - lead, min(at.to, at.from+most) + peek})
	t.tools.walked += effortExpression * w.len()
	t.looksAt(span{at.from - 1, at.to + peek + 1})
	re, m := c.search(t.bytes(w), int(lead))
	if m != nil && w.from+int64(m[1]) > at.to { // farther than a match can go: a $ took the window's edge for the text's
		w = t.window(span{w.from, at.from + most + peek})
		t.tools.walked += effortExpression * w.len()
		t.looksAt(unbounded)
		re, m = c.search(t.bytes(w), int(lead))
	}
	if m == nil {
		t.tools.trails[c.number].wrong++
		return located{}, false
	}
	if to := w.from + int64(m[1]); to < hit.to || to-at.from > most {
		return located{long: to-at.from > most}, false
	}
	t.tools.trails[c.number].right++
	return located{re: re, groups: m, base: w.from}, true
}
