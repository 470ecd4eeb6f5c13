package scanner

import (
	"github.com/quash-sh/quash/scanner/internal/prefilter"
)

// gaps finds the keywords that touch what was not copied. The prefilter reads one long text faster than many short ones, and a text made
// from another has many gaps of a few bytes: so they are put side by side, each with as much around it as a keyword can need, and read
// as one text. What is found across two of them is dropped.
type gaps struct {
	filter *prefilter.Filter
	text   []byte
	all    []gapSpan
	// near are the gaps with what is around them, joined where they overlap.
	near   []gapSpan
	joined []byte
	found  []prefilter.Hit
	next   int // of all, the first that later keywords can touch
	// told and fresh are the keywords that are known and those that were read.
	told, fresh []memoHit
	heardPieces
}

// gapSpan is text[from:to]; of a seam both are the place between two copies. Of what is read, keywords that end before byte after are known
// already.
type gapSpan struct{ from, to, after int }

// joinMost is the length in bytes from which a gap is read where it stands.
const joinMost = 2 << 10

// search appends to hits the keywords of a text that touch what runs leave of it or, of a seam, lie on both sides, in order. What is known
// of those that were heard of before comes with them.
func (g *gaps) search(f *prefilter.Filter, text []byte, runs []Copy, hits []memoHit) []memoHit {
	g.filter, g.text, g.next, g.spent, g.spending = f, text, 0, 0, 0
	g.list(runs)
	g.told, g.fresh, g.unheard = g.told[:0], g.fresh[:0], g.unheard[:0]
	g.recall()
	first := 0
	for i, n := range g.near {
		if n.to-n.from >= joinMost {
			g.read(g.near[first:i])
			g.read(g.near[i : i+1])
			first = i + 1
		}
	}
	g.read(g.near[first:])
	return g.merge(hits)
}

// merge appends to hits those that are known and those that were read, in order, as far as they touch a gap.
func (g *gaps) merge(hits []memoHit) []memoHit {
	told, fresh := g.told, g.fresh
	for len(told)+len(fresh) > 0 {
		from := &fresh
		if len(fresh) == 0 || len(told) > 0 && told[0].end < fresh[0].end {
			from = &told
		}
		h := (*from)[0]
		*from = (*from)[1:]
		if end := int(h.end); g.touches(end-g.filter.Len(h.keyword()), end) {
			hits = append(hits, h)
		}
	}
	return hits
}

// list lists the gaps, and what is to be read.
func (g *gaps) list(runs []Copy) {
	g.all, g.near = g.all[:0], g.near[:0]
	at, size, reach := 0, len(g.text), max(g.filter.Max()-1, 0)
	for i := 0; i <= len(runs); i++ {
		from, to := at, size
		if i < len(runs) {
			to, at = runs[i].To, runs[i].To+runs[i].Len
		}
		if from == to && (i == 0 || to == size) {
			continue
		}
		g.all = append(g.all, gapSpan{from: from, to: to})
		from, to = max(0, from-reach), min(size, to+reach)
		if last := len(g.near) - 1; last >= 0 && from <= g.near[last].to {
			g.near[last].to = to
		} else {
			g.near = append(g.near, gapSpan{from: from, to: to})
		}
	}
}

// read finds the keywords in stretches of the text.
func (g *gaps) read(near []gapSpan) {
	if len(near) == 0 {
		return
	}
	text := g.text[near[0].from:near[0].to]
	if len(near) > 1 {
		g.joined = g.joined[:0]
		for _, n := range near {
			g.joined = append(g.joined, g.text[n.from:n.to]...)
		}
		text = g.joined
	}
	g.found = g.filter.Scan(text, g.found[:0])
	begin := 0 // of near[0] in what was read
	for _, h := range g.found {
		for h.End > begin+near[0].to-near[0].from {
			begin += near[0].to - near[0].from
			near = near[1:]
		}
		size, end := g.filter.Len(h.Keyword), near[0].from+h.End-begin
		if h.End-size >= begin && end > near[0].after {
			g.fresh = append(g.fresh, memoHit{end: int32(end), what: int32(h.Keyword) << 1})
		}
	}
}

// touches reports whether text[from:to] touches a gap. It is to be asked in order of to.
func (g *gaps) touches(from, to int) bool {
	for g.next < len(g.all) && g.all[g.next].to+g.filter.Max() <= to {
		g.next++
	}
	for _, gap := range g.all[g.next:] {
		if gap.from >= to {
			break
		}
		if from < gap.to {
			return true
		}
	}
	return false
}
