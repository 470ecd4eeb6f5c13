package scanner

import (
	"bytes"
	"encoding/binary"
	"math"
)

// heardPieces are what of the gaps of a text was heard of before. Gaps that stand close to each other are taken together, with what is around them,
// and cut where their own bytes say so: a stretch that differs from an earlier one in a line has all but one of its pieces.
type heardPieces struct {
	heard    heard[heardGap]
	spent    int64   // on what was known
	unheard  []piece // that are read for the first time
	spending int     // of these, the first that later keywords can be in
	rest     []gapSpan
}

// piece is text[from:to], and the keywords in it that end behind byte lo, up to hi. What is around these bytes decides about most of those. spent is what was
// spent on them.
type piece struct {
	from, to, lo, hi int
	spent            int64
}

// heardGap is what is known of a piece: the keywords in it, and what was spent on them.
type heardGap struct {
	hits  []memoHit
	spent int64
}

const (
	// heardAround is how many bytes around gaps are compared with what was heard: most of what decides about a keyword stands within.
	heardAround = 128
	// heardLeast is how many bytes to be read are worth a comparison.
	heardLeast = 128
	// A piece has pieceLeast bytes and more, up to pieceMost; of the lines from there on one in 1<<pieceBits begins another.
	pieceLeast = 1 << 10
	pieceMost  = 8 << 10
	pieceBits  = 5
)

// pieceEnd returns where the piece ends that begins at a place.
func pieceEnd(text []byte, from, to int) int {
	const word = 8
	if to-from < 2*pieceLeast {
		return to
	}
	at, end := from+pieceLeast, min(from+pieceMost, to)
	for {
		n := bytes.IndexByte(text[at:end], '\n')
		if at += n + 1; n < 0 || to-at < pieceLeast {
			break
		}
		around := binary.LittleEndian.Uint64(text[at-1-word:]) ^ binary.LittleEndian.Uint64(text[at:])<<1
		if around*0x9E3779B97F4A7C15>>(64-pieceBits) == 0 {
			return at
		}
	}
	return end
}

// recall takes out of what is to be read what is known from before.
func (g *gaps) recall() {
	size, around := len(g.text), max(heardAround, g.filter.Max())
	g.rest = g.rest[:0]
	for i := 0; i < len(g.near); {
		first, read, end := i, 0, g.near[i].from
		for ; i < len(g.near) && g.near[i].from-around <= end+around; i++ {
			end = g.near[i].to
			read += g.near[i].to - g.near[i].from
		}
		near := g.near[first:i]
		if read < heardLeast {
			g.rest = append(g.rest, near...)
			continue
		}
		g.recallPieces(max(0, near[0].from-around), min(size, end+around), around, near)
	}
	g.near, g.rest = g.rest, g.near
}

// recallPieces is recall for what is near each other in a stretch.
func (g *gaps) recallPieces(from, to, around int, near []gapSpan) {
	for p := (piece{lo: from}); p.lo < to; p.lo = p.hi {
		p.hi = pieceEnd(g.text, p.lo, to)
		p.from, p.to = max(from, p.lo-around), min(to, p.hi+around)
		known := g.heard.of(g.text[p.from:p.to], g.standing(p))
		if known == nil {
			g.unheard = append(g.unheard, p)
			near = g.toRead(p, near)
			continue
		}
		for _, h := range known.hits {
			h.end += int32(p.from)
			g.told = append(g.told, h)
		}
		g.spent += known.spent
	}
}

// toRead has that read of what is near each other that keywords of a piece can be in. It returns what can have some of the next piece.
func (g *gaps) toRead(p piece, near []gapSpan) []gapSpan {
	for len(near) > 0 && near[0].to <= p.lo {
		near = near[1:]
	}
	for _, n := range near {
		if n.from >= p.hi {
			break
		}
		n.to = min(n.to, p.hi)
		if last := len(g.rest) - 1; n.from < p.lo && last >= 0 && g.rest[last].to == p.lo {
			g.rest[last].to = n.to // the piece before was not known either
			continue
		}
		if n.from < p.lo {
			n.from, n.after = max(n.from, p.lo-max(g.filter.Max()-1, 0)), p.lo
		}
		g.rest = append(g.rest, n)
	}
	return near
}

func (g *gaps) standing(p piece) standing {
	return standing{first: p.from == 0, last: p.to == len(g.text), lead: p.lo - p.from, rest: p.to - p.hi}
}

// spend counts what was spent on a keyword. It is to be told in order.
func (g *gaps) spend(end int, spent int64) {
	for g.spending < len(g.unheard) && g.unheard[g.spending].hi < end {
		g.spending++
	}
	if g.spending < len(g.unheard) && g.unheard[g.spending].lo < end {
		g.unheard[g.spending].spent += spent
	}
}

// keep remembers what was read of a text: all of its keywords in hits, in order. An outcome is known where nothing else decided about it.
func (g *gaps) keep(hits []memoHit) {
	for _, p := range g.unheard {
		hits = hits[behind(hits, 0, p.lo):]
		if p.spent > int64(p.hi-p.lo) {
			continue
		}
		known := g.heard.put(g.text[p.from:p.to], g.standing(p))
		if known == nil {
			continue
		}
		lo, hi := p.from, p.to
		if lo == 0 {
			lo = math.MinInt
		}
		if hi == len(g.text) {
			hi = math.MaxInt
		}
		known.hits, known.spent = known.hits[:0], p.spent
		for ; len(hits) > 0 && int(hits[0].end) <= p.hi; hits = hits[1:] {
			h := hits[0]
			if int(h.end)-g.filter.Len(h.keyword()) < p.from {
				continue
			}
			if h.matched() || !h.within(lo, hi) {
				h.what, h.before, h.after = h.what&^1, 0, 0
			}
			h.end -= int32(p.from)
			known.hits = append(known.hits, h)
		}
	}
}
