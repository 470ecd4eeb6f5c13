package scanner

import (
	"bytes"
	"math"
)

// What a keyword leads to is decided by few bytes around it, mostly: that no value follows, or that the first byte behind it is not one of
// the key. While it is looked at, every step therefore notes which bytes it looked at ([text.looksAt]), and in a text that was made from
// this one the outcome holds where those were copied. A step that cannot tell notes all that a rule can look at.

// scope is how far before its beginning and behind its end a keyword's outcome can depend on the text, in bytes: that no rule
// matches there, where nothing closer is known, and all of it.
type scope struct{ noneBefore, noneAfter, before, after int }

// scopesOf works out the scopes of all keywords.
func (x *index) scopesOf() []scope {
	all := make([]scope, len(x.wants))
	for k, wants := range x.wants {
		s := &all[k]
		for _, r := range wants {
			c := x.rules[r]
			before, after := c.span.Match+2, max(c.span.Match+peek, gapReach)+1
			if c.anchored {
				before = c.offset + 2
			}
			far := c.span.Match + c.span.Context + lineReach + peek + 2
			s.noneBefore, s.noneAfter = max(s.noneBefore, before), max(s.noneAfter, after)
			s.before, s.after = max(s.before, far), max(s.after, far)
		}
	}
	return all
}

// looksAt notes that a stretch of the text decides about what the keyword leads to that is looked at.
func (t *text) looksAt(at span) {
	t.looked.from, t.looked.to = min(t.looked.from, at.from), max(t.looked.to, at.to)
}

// looksAround notes what is looked at of a match: its lines, unless parts of the key may stand anywhere near.
func (t *text) looksAround(c *compiled, match, tok span) {
	if t.notes == nil {
		return
	}
	if len(c.near()) > 0 {
		t.looksAt(unbounded)
		return
	}
	at := span{match.from - lineReach, tok.to + lineReach}
	w := t.window(at)
	if i := bytes.LastIndexByte(t.bytes(span{w.from, match.from}), '\n'); i >= 0 {
		at.from = w.from + int64(i)
	}
	if i := bytes.IndexByte(t.bytes(span{tok.to, w.to}), '\n'); i >= 0 {
		at.to = tok.to + int64(i) + 1
	}
	t.looksAt(at)
}

// unbounded stands for all that a rule can look at.
var unbounded = span{math.MinInt64, math.MaxInt64}
