package scanner

import (
	"bytes"
	"math"

	"github.com/quash-sh/quash/scanner/internal/dfa"
)

// A rule without keywords has no literal that would lead to its matches: it is bare. All bare rules are looked for as one set, in a pass
// of their own over the text that says where a match of one of them can begin (dfa.Leads); there the rule is matched as one that begins
// with its keyword is, with a keyword of no length. The matches of a rule are those that package regexp finds in the whole text, from
// left to right, each behind the one before it.
//
// What comes of a place therefore depends on the text before it, without a bound. So nothing of it is remembered for texts that are copied
// from this one: these are searched for bare rules as a whole, and so are their views, which Stats.Whole counts. Nothing of all this is done
// where no bare rule is in use.

const (
	// bareBlock is how many bytes are looked at in one go.
	bareBlock = 4 << 10
	// bareTimes is how many times more than for other rules the search may cost, see effort: each byte of a text can begin a match, and each
	// beginning costs some of the longest match.
	bareTimes = 16
)

// bareSearch is the search of one text for bare rules.
type bareSearch struct {
	at      int64 // the first place that was not looked at
	next    []int64
	passing []passing
	walked  int64
	over    bool
	starts  []dfa.Start
}

// passing is what begins like a match and is longer than the longest, which is no match.
type passing struct {
	dfa.Course
	least, at int64 // where the longest match would end, and how far the text was read
	on        bool
}

// newBareSearch is nil where there are no bare rules.
func (x *index) newBareSearch() *bareSearch {
	if len(x.bare) == 0 {
		return nil
	}
	return &bareSearch{next: make([]int64, len(x.bare)), passing: make([]passing, len(x.bare))}
}

// reset begins a text.
func (b *bareSearch) reset() {
	b.at, b.walked, b.over = 0, 0, false
	clear(b.next)
	clear(b.passing)
}

// leadsOf joins the leads of the bare rules.
func (x *index) leadsOf() *dfa.Leads {
	all := make([]*dfa.Lead, len(x.bare))
	for i, c := range x.bare {
		all[i] = c.lead()
	}
	return dfa.NewLeads(all)
}

// matchBare matches the bare rules wherever all is there that they can look at. What it costs is counted apart, so that it does not matter
// in which pieces the text comes.
func (t *text) matchBare(last bool) {
	b := t.tools.bare
	if b == nil {
		return
	}
	to := t.end()
	if !last {
		to -= int64(t.x.reach)
	}
	t.tools.walked, b.walked = b.walked, t.tools.walked
	for n := range b.passing {
		t.pass(n)
	}
	for b.at < to && !b.over {
		block := min(bareBlock, to-b.at)
		b.starts = t.x.leads().Starts(t.bytes(t.window(span{b.at, b.at + block + dfa.LeadMost})), int(block), b.starts[:0])
		for _, s := range b.starts {
			if at := b.at + int64(s.At); at >= b.next[s.Lead] && !b.over {
				t.matchBareAt(s.Lead, at)
			}
		}
		b.at += block
	}
	b.at = max(b.at, to)
	t.tools.walked, b.walked = b.walked, t.tools.walked
}

// matchBareAt matches a bare rule where a match of it can begin.
func (t *text) matchBareAt(n int, at int64) {
	b, c, hit := t.tools.bare, t.x.bare[n], span{at, at}
	t.effort.now = bareTimes * (t.effort.least + t.effort.ratio*at)
	m, ok := t.locate(c, "", hit)
	switch {
	case ok:
		b.next[n] = m.base + int64(m.groups[1])
		t.judge(c, m.re, m.groups, m.base)
	case m.long:
		b.passing[n] = passing{Course: t.tools.looseAhead(c).Course(), least: at + int64(c.span.Match), at: at, on: true}
		b.next[n] = math.MaxInt64
		t.pass(n)
	}
	if t.spent() {
		b.over = true
		t.tellDear(c, hit, bareTimes*t.x.effort.ratio)
	}
}

// pass goes on with what is longer than the longest match, to where it ends, or the line.
func (t *text) pass(n int) {
	p := &t.tools.bare.passing[n]
	w := t.tools.looseAhead(t.x.bare[n])
	for p.on && p.at < t.end() {
		piece := t.bytes(t.window(span{p.at, p.at + bareBlock}))
		from := min(max(0, p.least-p.at), int64(len(piece)))
		line := bytes.IndexByte(piece[from:], '\n')
		if line >= 0 {
			piece = piece[:from+int64(line)]
		}
		size, ended := w.Along(&p.Course, piece)
		p.at += int64(size)
		if ended || line >= 0 {
			p.on, t.tools.bare.next[n] = false, p.at
		}
	}
}
