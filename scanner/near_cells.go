package scanner

import (
	"bytes"
	"slices"
	"sort"
)

// edges are the places in one text where cells end and others begin: by kind those at which a cell of that kind ends. They are
// found once, whatever the number of keys near them.
type edges struct {
	turn     uint  // of the text
	from, to int64 // the places that were looked at
	at       [cellKinds][]int64
}

// edges finds those of the text, as far as they are asked for.
func (t *text) edges() *edges {
	e := &t.tools.edges
	if e.turn != t.tools.turn {
		*e = edges{turn: t.tools.turn, at: e.at}
		e.clear(0)
	}
	return e
}

func (e *edges) clear(at int64) {
	e.from, e.to = at, at
	for kind := range e.at {
		e.at[kind] = e.at[kind][:0]
	}
}

// sightOf is where cells can be seen around a key from within a stretch of the text, and sees to it that the edges there are known. Where
// the text itself begins or ends there, so does a cell.
func (t *text) sightOf(wanted span) seen {
	e, view := t.edges(), t.window(wanted)
	if wanted.to == view.to {
		view.to = max(view.from, wanted.to-longestHeader)
	}
	if view.from < e.from || view.from > e.to {
		e.clear(view.from)
	}
	for ; e.to < view.to; e.to++ {
		e.look(t.buf, int(e.to-t.base), e.to)
	}
	for kind, at := range e.at {
		if n := searchPlace(at, view.from); n > len(at)/2 {
			e.at[kind] = slices.Delete(at, 0, n)
			e.from = view.from
		}
	}
	return seen{view, wanted.from <= 0, wanted.to > view.to}
}

// seen is where cells can be seen, and whether the text begins and ends there.
type seen struct {
	span
	begins, ends bool
}

// whole reports whether a cell is in sight from its beginning to its end.
func (s seen) whole(cell span) bool {
	return (cell.from >= s.from || s.begins) && (cell.to <= s.to || s.ends)
}

// look finds the edge at a place, which is data[i].
func (e *edges) look(data []byte, i int, at int64) {
	last := -1
	if i > 0 && data[i-1] == '\n' {
		last = lineKind(data[i:])
	}
	if (data[i] == '{' || data[i] == '}') && isBrace(data, i) {
		last = max(last, itemCell)
	}
	for kind := range last + 1 {
		e.at[kind] = append(e.at[kind], at)
	}
}

// searchPlace is the number of the first place that is not before at.
func searchPlace(places []int64, at int64) int {
	return sort.Search(len(places), func(i int) bool { return places[i] >= at })
}

// cell is the cell of a kind that a place is in. What is inside a half is no edge. Where no edge is in sight it ends beyond.
func (e *edges) cell(kind int, place int64, in seen, halves []half) span {
	at := e.at[kind]
	cell := span{in.from - 1, in.to + 1}
	if in.begins {
		cell.from = in.from
	}
	for i := searchPlace(at, place+1) - 1; i >= 0; {
		inside, ok := insideOf(halves, at[i])
		if !ok {
			cell.from = max(cell.from, at[i])
			break
		}
		i = searchPlace(at, inside.from+1) - 1
	}
	for i := searchPlace(at, place+1); i < len(at); {
		inside, ok := insideOf(halves, at[i])
		if !ok {
			cell.to = min(cell.to, at[i])
			break
		}
		i = searchPlace(at, inside.to)
	}
	return cell
}

// insideOf returns the half that an edge is inside of.
func insideOf(halves []half, at int64) (span, bool) {
	i := sort.Search(len(halves), func(i int) bool { return halves[i].at.from >= at })
	if i == 0 || halves[i-1].at.to <= at {
		return span{}, false
	}
	return halves[i-1].at, true
}

// longestHeader bounds how much of a line is looked at to tell what begins with it.
const longestHeader = 200

// lineKind says what ends where a line begins: a paragraph before a blank line, a section header or a rule of dashes, an item
// before the dash of a list, else only a line.
func lineKind(rest []byte) int {
	rest = rest[:min(len(rest), longestHeader)]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	} else if len(rest) < longestHeader && len(bytes.TrimSpace(rest)) == 0 {
		return lineCell // the text ends here
	}
	line := bytes.TrimSpace(rest)
	switch {
	case len(line) == 0, bytes.HasPrefix(line, []byte("---")),
		line[0] == '[' && line[len(line)-1] == ']' && len(line) > 2:
		return paragraphCell
	case bytes.HasPrefix(line, []byte("- ")):
		return itemCell
	}
	return lineCell
}

// isBrace reports whether a brace stands for an object: those of templates, ${…} and {{…}}, do not.
func isBrace(data []byte, i int) bool {
	same := func(j int) bool { return j >= 0 && j < len(data) && data[j] == data[i] }
	return !same(i-1) && !same(i+1) && (i == 0 || data[i-1] != '$')
}
