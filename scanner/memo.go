package scanner

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/quash-sh/quash/scanner/internal/prefilter"
)

// Of a text that was made from another by copying parts of it, only what is new is searched. What the prefilter and the rules
// say about a keyword depends on the bytes within reach of it, so that where all of these were copied, the answer is the one that the
// other text gave: it is inherited, with its place shifted. What is done with the answers of a text, such as choosing between candidates at
// one place, is done for each text anew.
//
//	gap      a stretch that was not copied, or the seam between two copied ones
//	hit      a keyword. Those that touch a gap are looked for, the others are inherited.
//	outcome  the candidates that a hit led to. It is inherited when the bytes that the rules of the keyword look at were copied
//	         with it, and worked out otherwise.

// Memo is what the engine remembers of a chunk for those made from it. The source carries it along unopened and drops it
// when no later chunk is made from that one. The zero value remembers nothing. A memo may be given again, for another chunk.
type Memo struct {
	valid   bool
	setting setting
	size    int
	hits    []memoHit
	links   []memoLink
	views   viewMemo
}

// setting is what outcomes depend on besides the text.
type setting struct {
	path, view          string
	pathKnown, inRecord bool
}

// memoHit is a keyword that ends before byte end of the text.
type memoHit struct {
	end int32
	// what is the keyword's number, times two, plus one where a rule matched there that more than the match decides about.
	what int32
}

func (h memoHit) keyword() int  { return int(h.what >> 1) }
func (h memoHit) matched() bool { return h.what&1 != 0 }

// memoLink says that the hit that ends before byte end led to a candidate. Links are in the order of hits.
type memoLink struct {
	end     int32
	keyword int32
	kept    *kept
	// shift is how far the candidate has moved since it was found.
	shift int64
}

// kept is a candidate as it was found, with the parts that it claims.
type kept struct {
	candidate
	taken []span
}

// Reset makes the memo remember nothing: of a chunk that was not searched as a whole.
func (m *Memo) Reset() { m.valid = false }

func settingOf(from Location) setting {
	return setting{from.Path, from.View, from.Path != "" || from.Blob == "", from.Record != ""}
}

// minRun is the least length, in bytes, of a copied run that is worth a look at what it brings.
const minRun = 24

// follow returns the runs of a chunk of size bytes that are copied from what base remembers, in order. Short ones are left out.
func follow(base *Memo, copies []Copy, size, least int, runs []Copy) []Copy {
	runs = runs[:0]
	if base == nil || !base.valid {
		return runs
	}
	at := 0
	for _, c := range copies {
		if c.Len < least || c.To < at || c.From < 0 || c.Len > size-c.To || c.Len > base.size-c.From {
			continue
		}
		runs = append(runs, c)
		at = c.To + c.Len
	}
	return runs
}

// scope is how far before its beginning and behind its end a keyword's outcome can depend on the text, in bytes: that no rule
// matches there, and all of it.
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

// memory is room for what is worked out of a text that is remembered.
type memory struct {
	runs    []Copy
	fresh   []memoHit
	found   []prefilter.Hit
	links   []memoLink
	refused refusals
}

// remembering is the search of a whole text, some of which is known from another.
type remembering struct {
	*text
	*memory
	base, own *Memo
	// same says that outcomes can be inherited, and not only that there are none.
	same bool
}

// feedFrom is feed for a whole text, of which copies say what base remembers. It fills own.
func (t *text) feedFrom(data []byte, copies []Copy, base, own *Memo, least int) {
	t.buf = data
	m := &remembering{text: t, memory: &t.tools.memory, base: base, own: own}
	own.valid, own.setting, own.size, own.hits, own.links = true, settingOf(t.from), len(data), own.hits[:0], own.links[:0]
	own.views.valid = false
	m.runs, m.fresh = follow(base, copies, len(data), max(least, t.x.filter.Max()), m.runs), m.fresh[:0]
	m.same = len(m.runs) > 0 && base.setting == own.setting
	at := 0
	for i, run := range m.runs {
		m.gap(at, run.To, i > 0)
		m.inherit(run)
		at = run.To + run.Len
	}
	m.gap(at, len(data), len(m.runs) > 0)
	t.seen = t.end()
	m.flush(math.MaxInt32)
	t.settle(true)
	t.tools.waiting = t.waiting
	t.x.tools.Put(t.tools)
	t.tools = nil
}

// gap finds the keywords that touch data[from:to], or of a seam those that lie on both sides of it. seam says that something was
// copied before it.
func (m *remembering) gap(from, to int, seam bool) {
	size := len(m.buf)
	if from == to && (!seam || to == size) {
		return
	}
	near := max(m.x.filter.Max()-1, 0)
	lo, hi := max(0, from-near), min(size, to+near)
	m.found = m.x.filter.Scan(m.buf[lo:hi], m.found[:0])
	for _, h := range m.found {
		end := lo + h.End
		start := end - m.x.filter.Len(h.Keyword)
		if end > from && start < to {
			m.fresh = append(m.fresh, memoHit{int32(end), int32(h.Keyword) << 1})
		}
	}
}

// flush looks at the keywords found in gaps that come before a place.
func (m *remembering) flush(before int32) {
	n := 0
	for _, h := range m.fresh {
		if h.end >= before {
			break
		}
		m.look(h)
		n++
	}
	m.fresh = m.fresh[:copy(m.fresh, m.fresh[n:])]
}

// inherit takes the keywords of a run, and their outcomes where these depend on nothing else.
func (m *remembering) inherit(run Copy) {
	hits := m.base.hits
	end := int32(run.From + run.Len)
	i := sort.Search(len(hits), func(i int) bool { return int(hits[i].end) > run.From })
	shift := int32(run.To - run.From)
	lo, hi := m.bounds(run)
	for ; i < len(hits) && hits[i].end <= end; i++ {
		h := hits[i]
		k := h.keyword()
		start := int(h.end) - m.x.filter.Len(k)
		if start < run.From {
			continue
		}
		at := memoHit{h.end + shift, h.what}
		if len(m.fresh) > 0 {
			m.before(at)
		}
		s := &m.x.scopes()[k]
		switch {
		case !h.matched() && start-s.noneBefore >= lo && int(h.end)+s.noneAfter <= hi:
			m.own.hits = append(m.own.hits, at)
		case h.matched() && m.same && start-s.before >= lo && int(h.end)+s.after <= hi:
			m.own.hits = append(m.own.hits, at)
			m.outcome(h, at, int64(shift))
		default:
			at.what &^= 1
			m.look(at)
		}
	}
}

// before looks at the keywords found in gaps that come before one that is inherited: the sooner it ends and the longer it is.
func (m *remembering) before(at memoHit) {
	n := 0
	for _, h := range m.fresh {
		if c := cmp.Compare(h.end, at.end); c > 0 || c == 0 && m.x.filter.Len(h.keyword()) < m.x.filter.Len(at.keyword()) {
			break
		}
		m.look(h)
		n++
	}
	m.fresh = m.fresh[:copy(m.fresh, m.fresh[n:])]
}

// bounds are those, in the base, of what is known to be the same around a run: where the run is at the beginning of both texts, or at the
// end of both, there is no bound.
func (m *remembering) bounds(run Copy) (lo, hi int) {
	lo, hi = run.From, run.From+run.Len
	if run.From == 0 && run.To == 0 {
		lo = math.MinInt
	}
	if hi == m.base.size && run.To+run.Len == len(m.buf) {
		hi = math.MaxInt
	}
	return lo, hi
}

// outcome inherits the candidates of a hit.
func (m *remembering) outcome(old, at memoHit, shift int64) {
	links := m.base.links
	i, _ := slices.BinarySearchFunc(links, old, func(l memoLink, h memoHit) int {
		return cmp.Or(cmp.Compare(l.end, h.end), cmp.Compare(m.x.filter.Len(h.keyword()), m.x.filter.Len(int(l.keyword))))
	})
	for ; i < len(links) && links[i].end == old.end && int(links[i].keyword) == old.keyword(); i++ {
		l := memoLink{at.end, int32(at.keyword()), links[i].kept, links[i].shift + shift}
		m.own.links = append(m.own.links, l)
		m.text.again(l)
	}
}

// look works out what a keyword leads to.
func (m *remembering) look(h memoHit) {
	k := h.keyword()
	hit := span{int64(h.end) - int64(m.x.filter.Len(k)), int64(h.end)}
	m.text.matched, m.text.notes = false, &m.links
	m.links = m.links[:0]
	for _, r := range m.x.wants[k] {
		m.text.match(m.x.rules[r], m.x.keywords[k], hit)
	}
	m.text.notes = nil
	if m.text.matched {
		h.what |= 1
	}
	for _, l := range m.links {
		m.own.links = append(m.own.links, memoLink{h.end, int32(k), l.kept, l.shift})
	}
	m.own.hits = append(m.own.hits, h)
}

// again takes a candidate that was found in another text.
func (t *text) again(l memoLink) {
	c := l.kept.candidate
	c.token, c.match = c.token.moved(l.shift), c.match.moved(l.shift)
	c.kept, c.unplaced = l.kept, true
	if t.twice(c.rule, c.token, c.match) != nil {
		return
	}
	taken := l.kept.taken
	if l.shift != 0 {
		taken = slices.Clone(taken)
		for i := range taken {
			taken[i] = taken[i].moved(l.shift)
		}
	}
	t.open = append(t.open, c)
	t.claims.add(c, taken)
}

func (s span) moved(by int64) span { return span{s.from + by, s.to + by} }

// twice returns the candidate that a match has led to already: one with several keywords comes up once for each.
func (t *text) twice(c *compiled, token, match span) *candidate {
	for i := max(0, len(t.open)-4); i < len(t.open); i++ {
		if o := &t.open[i]; o.rule == c && o.token == token && o.match == match {
			return o
		}
	}
	return nil
}

// note remembers that the keyword that is being looked at led to a candidate, where that is wanted. taken is what a new one claims.
func (t *text) note(c *candidate, taken []span) {
	if t.notes == nil {
		return
	}
	if c.kept == nil {
		c.finding.Reasons = slices.Clip(c.finding.Reasons)
		c.kept = &kept{candidate: *c, taken: taken}
	}
	*t.notes = append(*t.notes, memoLink{kept: c.kept, shift: c.token.from - c.kept.token.from})
}
