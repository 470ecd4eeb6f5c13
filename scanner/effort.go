package scanner

import "fmt"

// What the search of a text costs is in proportion to its length for all texts but those made to be dear: of keywords upon keywords, of keys
// begun and never ended, of halves of keys by the thousand. Each of the ways in which that comes about has a bound of its own beside the
// code for it; effort is the bound over all of them.
//
// It counts bytes: those that automata walk and that parts of keys are looked for in, once each, and effortExpression times those that
// take longer, which expressions look at, and automata that count and so may have a state for each byte. A text may cost effortLeast, and
// effortRatio for each of its bytes up to the place that is looked at. Beyond that the search of it stops, and a [Gap] tells which text, at
// which rule and where. What the views of a block show counts for itself, and may cost as much as the block. Usual text costs a tenth of a
// byte for each of its own, dense lists of keys some tens.
//
// The count is made per walk and not per byte. It depends on the text up to a place, and so neither on the pieces in which the text
// comes, nor on other texts, nor on the number of workers, with one exception: what is known of a text from another that it was copied
// from is not searched again, and so not counted. What was heard of before (see heard) counts what it cost then.
const (
	effortLeast      = 4 << 20
	effortRatio      = 128
	effortExpression = 8
	// effortHalf is what a half of a key in sight of another counts, which is compared with the others there.
	effortHalf = 64
)

// effort bounds what the search of a text may cost.
type effort struct {
	least, ratio int64
	// used is what it has cost, once the text has ended.
	used int64
	// now is how much it may have cost at the keyword that is looked at.
	now int64
	// view is the view whose text it is; empty: the text as it stands.
	view string
	// over says that it cost more.
	over bool
	// gap is told of that; nil is told nothing.
	gap func(Gap)
}

// spent reports whether the search has cost too much.
func (t *text) spent() bool { return t.tools.walked > t.effort.now }

// giveUp ends the search of the text at a keyword, of which a rule is looked for.
func (t *text) giveUp(c *compiled, hit span) {
	if !t.effort.over {
		t.effort.over = true
		t.tellDear(c, hit, t.x.effort.ratio)
	}
}

// tellDear tells that the search for a rule was given up at a place, because it cost more than so many times what there is of the text.
func (t *text) tellDear(c *compiled, hit span, times int64) {
	e := &t.effort
	if e.gap == nil {
		return
	}
	if t.where != nil {
		t.from, t.where = t.where(), nil
	}
	what, where := "it", fmt.Sprintf(" at byte %d", t.from.Offset+hit.from)
	if e.view != "" {
		what, where = "what the view "+e.view+" shows of it", ""
	}
	e.gap(Gap{
		What: t.from.named(),
		Why:  fmt.Sprintf("to search %s costs more than %d times its length, and was given up%s at the rule %s", what, times, where, c.outline.ID),
		Next: "look through the rest by hand: such a text is made to hold a scan up",
	})
}
