package scanner

import (
	"math"

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
	heard       heard[heardGap]
	spent       int64 // on what was known
	// unheard are the stretches that are read for the first time.
	unheard  []gapSpan
	spending int // of these, the first that later keywords can be in
}

// gapSpan is text[from:to]; of a seam both are the place between two copies. spent is what was spent on what was read there.
type gapSpan struct {
	from, to int
	spent    int64
}

// joinMost is the length in bytes from which a gap is read where it stands.
const joinMost = 2 << 10

// search appends to hits the keywords of a text that touch what runs leave of it or, of a seam, lie on both sides, in order. What is known
// of those that were heard of before comes with them.
func (g *gaps) search(f *prefilter.Filter, text []byte, runs []Copy, hits []memoHit) []memoHit {
	g.filter, g.text, g.next, g.spent, g.spending = f, text, 0, 0, 0
	g.list(runs)
	g.told, g.fresh, g.unheard = g.told[:0], g.fresh[:0], g.unheard[:0]
	if len(runs) > 0 {
		g.recall()
	}
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

// recall takes out of what is to be read what is known from before: the keywords of gaps that stand close to each other, with what is
// around them.
func (g *gaps) recall() {
	left := 0
	for i := 0; i < len(g.near); {
		s := g.near[i].around(len(g.text))
		first, size := i, g.near[i].to-g.near[i].from
		for i++; i < len(g.near) && g.near[i].around(len(g.text)).from <= s.to; i++ {
			s.to = g.near[i].around(len(g.text)).to
			size += g.near[i].to - g.near[i].from
		}
		if size < heardLeast {
			left += copy(g.near[left:], g.near[first:i])
			continue
		}
		known := g.heard.of(g.text[s.from:s.to], g.standing(s))
		if known == nil {
			left += copy(g.near[left:], g.near[first:i])
			g.unheard = append(g.unheard, s)
			continue
		}
		for _, h := range known.hits {
			h.end += int32(s.from)
			g.told = append(g.told, h)
		}
		g.spent += known.spent
	}
	g.near = g.near[:left]
}

const (
	// heardAround is how many bytes around gaps are compared with what was heard: most of what decides about a keyword stands within.
	heardAround = 128
	// heardLeast is how many bytes to be read are worth a comparison.
	heardLeast = 128
)

// around is a stretch with what is around it.
func (s gapSpan) around(size int) gapSpan {
	return gapSpan{from: max(0, s.from-heardAround), to: min(size, s.to+heardAround)}
}

func (g *gaps) standing(s gapSpan) standing {
	return standing{first: s.from == 0, last: s.to == len(g.text)}
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

// heardGap is what is known of what was read of a text: the keywords in it, and what was spent on them.
type heardGap struct {
	hits  []memoHit
	spent int64
}

// spend counts what was spent on a keyword. It is to be told in order.
func (g *gaps) spend(end int, spent int64) {
	for g.spending < len(g.unheard) && g.unheard[g.spending].to < end {
		g.spending++
	}
	if g.spending < len(g.unheard) && g.unheard[g.spending].from < end {
		g.unheard[g.spending].spent += spent
	}
}

// keep remembers what was read of a text: all of its keywords in hits, in order. An outcome is known where nothing else decided about it.
func (g *gaps) keep(hits []memoHit) {
	for _, s := range g.unheard {
		hits = hits[behind(hits, 0, s.from):]
		if s.spent > int64(s.to-s.from) {
			continue
		}
		known := g.heard.put(g.text[s.from:s.to], g.standing(s))
		if known == nil {
			continue
		}
		lo, hi := s.from, s.to
		if lo == 0 {
			lo = math.MinInt
		}
		if hi == len(g.text) {
			hi = math.MaxInt
		}
		known.hits, known.spent = known.hits[:0], s.spent
		for ; len(hits) > 0 && int(hits[0].end) <= s.to; hits = hits[1:] {
			h := hits[0]
			if int(h.end)-g.filter.Len(h.keyword()) < s.from {
				continue
			}
			if h.matched() || !h.within(lo, hi) {
				h.what, h.before, h.after = h.what&^1, 0, 0
			}
			h.end -= int32(s.from)
			known.hits = append(known.hits, h)
		}
	}
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
		size := g.filter.Len(h.Keyword)
		if h.End-size >= begin {
			g.fresh = append(g.fresh, memoHit{end: int32(near[0].from + h.End - begin), what: int32(h.Keyword) << 1})
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
