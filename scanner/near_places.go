package scanner

import (
	"bytes"

	"github.com/quash-sh/quash/rules"
)

// places asks the rule where a match counts; false: not here. Where the path is not known yet (a blob of a history) the answer is
// kept for the time when it is.
func (t *text) places(c *compiled, tok, match span) (*rules.Places, bool) {
	places, ok := c.rule.Places(rules.Occurrence{
		Token: string(t.bytes(tok)), Match: string(t.bytes(match)), Line: string(t.bytes(t.line(tok))),
	})
	if !ok || places == nil {
		return nil, ok
	}
	if known := t.from.Path != "" || t.from.Blob == ""; known {
		return nil, places.Hold(t.from.Path)
	}
	return places, true
}

// line is the line of a key, or the lines if it has several, within lineReach of it.
func (t *text) line(tok span) span {
	w := t.window(span{tok.from - lineReach, tok.to + lineReach})
	before, after := t.bytes(span{w.from, tok.from}), t.bytes(span{tok.to, w.to})
	from := w.from + int64(bytes.LastIndexByte(before, '\n')+1)
	to := w.to
	if i := bytes.IndexByte(after, '\n'); i >= 0 {
		to = tok.to + int64(i)
	}
	return span{from, to}
}
