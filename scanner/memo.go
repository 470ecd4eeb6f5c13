package scanner

import (
	"cmp"
	"math"
	"slices"
)

// Of a text that was made from another by copying parts of it, only what is new is searched. What the prefilter and the rules
// say about a keyword depends on the bytes within reach of it, so that where all of these were copied, the answer is the one that the
// other text gave: it is inherited, with its place shifted. What is done with the answers of a text, such as choosing between candidates at
// one place, is done for each text anew.
//
//	gap      a stretch that was not copied, or the seam between two copied ones
//	hit      a keyword. Those that touch a gap are looked for, the others are inherited.
//	outcome  the candidates that a hit led to. It is inherited when the bytes that decided about it were copied with it, and worked
//	         out otherwise.

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
	// before and after are how many bytes of the text before that end and from it on decided about its outcome.
	before, after int32
	// what is the keyword's number, times two, plus one where a rule matched there that more than the match decides about.
	what int32
}

func (h *memoHit) keyword() int  { return int(h.what >> 1) }
func (h *memoHit) matched() bool { return h.what&1 != 0 }

// within reports whether all that decided about its outcome is between two places.
func (h *memoHit) within(lo, hi int) bool {
	return int(h.end)-int(h.before) >= lo && int(h.end)+int(h.after) <= hi
}

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

// shows reports whether the same views are made in another setting.
func (s setting) shows(other setting) bool { return s.inRecord == other.inRecord }

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

// memory is room for what is worked out of a text that is remembered.
type memory struct {
	runs    []Copy
	gaps    gaps
	fresh   []memoHit
	links   []memoLink
	refused refusals
}

// remembering is the search of a whole text, some of which is known from another.
type remembering struct {
	*text
	*memory
	base, own *Memo
	at        int // of the base's hits, behind those of the run before
	// same says that outcomes can be inherited, and not only that there are none.
	same bool
}

// feedFrom is feed for a whole text, of which copies say what base remembers. It fills own.
func (t *text) feedFrom(data []byte, copies []Copy, base, own *Memo, least int) {
	t.buf = data
	m := &remembering{text: t, memory: &t.tools.memory, base: base, own: own}
	own.valid, own.setting, own.size, own.hits, own.links = true, settingOf(t.from), len(data), own.hits[:0], own.links[:0]
	own.views.valid = false
	m.runs = follow(base, copies, len(data), max(least, t.x.filter.Max()), m.runs)
	m.same = len(m.runs) > 0 && base.setting == own.setting
	m.fresh = m.gaps.search(t.x.filter, data, m.runs, m.fresh[:0])
	t.tools.walked += m.gaps.spent
	next := m.fresh
	for _, run := range m.runs {
		next = m.inherit(run, next)
	}
	for _, h := range next {
		m.fromGap(h)
	}
	if !t.effort.over {
		m.gaps.keep(own.hits)
	}
	m.gaps.text = nil
	t.seen = t.end()
	t.matchBare(true)
	t.settle(true)
	t.tools.waiting = t.waiting
	t.x.tools.Put(t.tools)
	t.tools = nil
}

// inherit takes the keywords of a run, and their outcomes where these depend on nothing else. fresh are those found in gaps that come from
// the run on; it returns those that come behind it.
func (m *remembering) inherit(run Copy, fresh []memoHit) []memoHit {
	shift := int32(run.To - run.From)
	m.at = behind(m.base.hits, m.at, run.From)
	hits := m.base.hits[m.at:]
	hits = hits[:behind(hits, 0, run.From+run.Len)]
	m.at += len(hits)
	lo, hi := m.bounds(run)
	for {
		before := int32(math.MaxInt32)
		if len(fresh) > 0 {
			before = fresh[0].end - shift
		}
		if hits = hits[m.alike(hits, before, shift, lo, hi):]; len(hits) == 0 {
			return fresh
		}
		h := &hits[0]
		if hits = hits[1:]; int(h.end)-m.x.filter.Len(h.keyword()) >= run.From {
			at := *h
			at.end += shift
			fresh = m.before(at, fresh)
			m.again(h, at, lo, hi)
		}
	}
}

// behind is the first of the hits, which are in order, that ends behind a place. It is looked for from one of them on, with growing steps:
// runs that follow each other are mostly copied from places that do.
func behind(hits []memoHit, from, place int) int {
	lo, hi, step := 0, from, 1
	if from > 0 && int(hits[from-1].end) > place {
		hi = from - 1
	} else {
		for lo = from; hi < len(hits) && int(hits[hi].end) <= place; step *= 2 {
			lo, hi = hi+1, hi+step
		}
		hi = min(hi, len(hits))
	}
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); int(hits[mid].end) > place {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// alike inherits keywords where no rule matched, for the same reason as in the base, as long as they follow each other and end before a
// place. It returns how many.
func (m *remembering) alike(hits []memoHit, before, shift int32, lo, hi int) int {
	own := m.own.hits
	n := 0
	for ; n < len(hits); n++ {
		h := &hits[n]
		if h.matched() || h.end >= before || !h.within(lo, hi) {
			break
		}
		own = append(own, memoHit{h.end + shift, h.before, h.after, h.what})
	}
	m.own.hits = own
	return n
}

// again inherits the outcome of a hit where it is known, or looks at it.
func (m *remembering) again(h *memoHit, at memoHit, lo, hi int) {
	switch {
	case !h.within(lo, hi) || h.matched() && !m.same:
		at.what &^= 1
		m.look(at)
	case h.matched():
		m.own.hits = append(m.own.hits, at)
		m.outcome(*h, at, int64(at.end-h.end))
	default:
		m.own.hits = append(m.own.hits, at)
	}
}

// before looks at the keywords found in gaps that come before one that is inherited: the sooner it ends and the longer it is. It returns
// the others.
func (m *remembering) before(at memoHit, fresh []memoHit) []memoHit {
	for i, h := range fresh {
		if c := cmp.Compare(h.end, at.end); c > 0 || c == 0 && m.x.filter.Len(h.keyword()) < m.x.filter.Len(at.keyword()) {
			return fresh[i:]
		}
		m.fromGap(h)
	}
	return nil
}

// fromGap takes a keyword of a gap, which is looked at unless what came of it is known.
func (m *remembering) fromGap(h memoHit) {
	if h.before > 0 {
		m.own.hits = append(m.own.hits, h)
		return
	}
	m.look(h)
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
	k, spent := h.keyword(), m.tools.walked
	hit := span{int64(h.end) - int64(m.x.filter.Len(k)), int64(h.end)}
	m.text.matched, m.text.notes, m.text.looked = false, &m.links, hit
	m.links = m.links[:0]
	for _, r := range m.x.wants[k] {
		m.text.match(m.x.rules[r], m.x.keywords[k], hit)
	}
	m.text.notes = nil
	m.gaps.spend(int(h.end), m.tools.walked-spent)
	s, looked := &m.x.scopes()[k], m.text.looked
	before, after := s.noneBefore, s.noneAfter
	if m.text.matched {
		h.what |= 1
		before, after = s.before, s.after
	}
	h.before = int32(hit.to - max(looked.from, hit.from-int64(before)))
	h.after = int32(min(looked.to, hit.to+int64(after)) - hit.to)
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
