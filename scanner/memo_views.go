package scanner

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/quash-sh/quash/scanner/internal/decode"
)

// What views show of a text that is copied in part is inherited by regions. A region is a stretch of a copied run between two cuts,
// and what lies between regions, a zone, is decoded as a text of its own.
//
// A cut is the beginning of a line where nothing that a view undoes, or shows around it, goes on from the line before. All kinds
// look no further than cutReach from what they undo, so that a cut of the base with as much copied on both sides of it is one here,
// and what lies between two cuts is decoded as if nothing else were there. What has no such reach, a code for bytes or characters of two and
// four bytes, shows nothing of what is around it, and where it goes on over a cut of one text there is enough of it within cutReach for
// it to be seen in the other.

// Bounds of cuts and regions, in bytes.
const (
	cutReach = 256
	// cutLead is how much before a cut a zone is decoded with, so that its first line is not taken for the text's.
	cutLead = 16
	// cutWrapped is the shortest line of a code for bytes that may go on in the next.
	cutWrapped = 40
	// cutStep is how far a cut is moved at a time that turns out to be none.
	cutStep = 512
)

// viewMemo is what is remembered of the views of a text.
type viewMemo struct {
	valid bool
	// parts are where views undo something, in order, and none overlaps another.
	parts []viewPart
	shown []memoShown
}

// viewPart is text[from:to]; its views cost so many bytes of the budget. met says that a rule matched in one of them.
type viewPart struct {
	from, to, cost int
	coded, met     bool
}

// memoShown is a candidate of a view.
type memoShown struct {
	kept  *kept
	view  int
	deep  bool
	shift int64
}

// region is a stretch of a text that is copied from shift bytes before in the base, between two cuts.
type region struct {
	from, to, shift int
	atStart, atEnd  bool // of both texts: that edge is no cut and stays
}

// heritage is room for the views of a text that is remembered.
type heritage struct {
	own     *viewMemo // nil: nothing is to be remembered
	runs    []Copy
	regions []region
	parts   []viewPart // of the zone
	heard   heard[heardZone]
}

// feedFrom is feed for a text that comes whole and is remembered. It returns false when its views were searched as a whole although
// parts of it are copies.
func (v *viewed) feedFrom(c Chunk, least int) bool {
	if len(c.Data) > math.MaxInt32 {
		c.Memo.Reset()
		v.feed(c.Data, true)
		return false
	}
	v.raw.feedFrom(c.Data, c.Copies, c.Base, c.Memo, least)
	if v.off || len(c.Data) > viewBlock {
		v.search(c.Data, true)
		return v.off || len(c.Copies) == 0
	}
	own := &c.Memo.views
	own.parts, own.shown = own.parts[:0], own.shown[:0]
	v.own, v.held, v.core = own, c.Data, 0
	defer func() { v.own = nil }()
	raw := len(v.pending)
	told := v.inherit(c, least)
	if !told {
		v.pending = v.pending[:raw]
		own.parts, own.shown = own.parts[:0], own.shown[:0]
		v.heritage.parts = v.heritage.parts[:0]
		v.look(int64(len(c.Data)))
		own.add(v.heritage.parts)
	}
	own.valid = v.cut == 0
	v.core = viewBlock
	v.settle(true)
	v.tell()
	return told || len(c.Copies) == 0
}

// inherit searches the zones of a text and takes over the rest. It returns false when the text is to be searched as a whole.
func (v *viewed) inherit(c Chunk, least int) bool {
	v.runs = follow(c.Base, c.Copies, len(c.Data), max(least, 2*cutReach), v.runs)
	if len(v.runs) == 0 || len(v.x.bare) > 0 || !c.Base.views.valid || !c.Base.setting.shows(c.Memo.setting) {
		return false
	}
	base := &c.Base.views
	v.cutRegions(c, base)
	if len(v.regions) == 0 || c.Base.setting != c.Memo.setting && slices.ContainsFunc(v.regions, base.met) {
		return false
	}
	v.budget = viewLeast + viewRatio*len(c.Data)
	for i := 0; i <= len(v.regions); i++ {
		if !v.zone(c, base, i) {
			return false
		}
	}
	return true
}

// cutRegions finds the regions of a text.
func (v *viewed) cutRegions(c Chunk, base *viewMemo) {
	v.regions = v.regions[:0]
	size := len(c.Data)
	for _, run := range v.runs {
		end := run.To + run.Len
		r := region{from: run.To + cutReach, to: end - cutReach, shift: run.To - run.From}
		if run.To == 0 && run.From == 0 {
			r.from, r.atStart = 0, true
		}
		if end == size && run.From+run.Len == c.Base.size {
			r.to, r.atEnd = size, true
		}
		if r.narrow(c.Data, base, r.from, r.to) {
			v.regions = append(v.regions, r)
		}
	}
}

// narrow sets the edges of a region to the first cut from a place on and the last one up to another. It returns false when nothing is
// left.
func (r *region) narrow(text []byte, base *viewMemo, from, to int) bool {
	if !r.atStart {
		for from < to {
			n := bytes.IndexByte(text[from:to], '\n')
			if n < 0 {
				return false
			}
			if from += n + 1; r.isCut(text, base, &from, +1) {
				break
			}
		}
	}
	if !r.atEnd {
		for from < to {
			n := bytes.LastIndexByte(text[from:to], '\n')
			if n < 0 {
				return false
			}
			if to = from + n + 1; r.isCut(text, base, &to, -1) {
				break
			}
			to = min(to, from+n)
		}
	}
	r.from, r.to = from, to
	return from < to
}

// isCut reports whether the beginning of a line is a cut. Where a view shows it, at is moved to that view's end in a direction.
func (r *region) isCut(text []byte, base *viewMemo, at *int, direction int) bool {
	p := *at
	if where := p - r.shift; where >= 0 {
		i := sort.Search(len(base.parts), func(i int) bool { return base.parts[i].to >= where-1 })
		if i < len(base.parts) && base.parts[i].from <= where+1 {
			if direction > 0 {
				*at = max(p, base.parts[i].to+r.shift)
			} else {
				*at = min(p, base.parts[i].from+r.shift)
			}
			return false
		}
	}
	end := p - 1
	if end > 0 && text[end-1] == '\r' {
		end--
	}
	if end > 0 && (text[end-1] == '=' || text[end-1] == '\\') {
		return false
	}
	for n := 0; n < end; n++ {
		if !keyish(text[end-1-n]) {
			return true
		}
		if n+1 >= cutWrapped {
			return false
		}
	}
	return true
}

// keyish reports whether a byte can be of a code for bytes.
func keyish(c byte) bool {
	return wordByte(c) || c == '+' || c == '/' || c == '='
}

// zone searches what lies before region i, and takes over what the region before that holds. What views show there may reach over a
// cut, which is then moved.
func (v *viewed) zone(c Chunk, base *viewMemo, i int) bool {
	size := len(c.Data)
	budget, pending, shown := v.budget, len(v.pending), len(v.own.shown)
	for {
		from, to := 0, size
		if i > 0 {
			from = v.regions[i-1].to
		}
		if i < len(v.regions) {
			to = v.regions[i].from
		}
		left, right := v.decode(c.Data, from, to)
		switch {
		case v.budget < 0:
			return false
		case !left && !right:
			if i > 0 {
				v.takeOver(c.Base, base, v.regions[i-1])
			}
			v.own.add(v.heritage.parts)
			return v.budget >= 0
		case left:
			r := &v.regions[i-1]
			first := r.from
			if first == r.to {
				return false
			}
			if !r.narrowed(c.Data, base, first, r.to-cutStep) {
				r.from, r.to = first, first // it is searched with what is behind it
			}
		default:
			r := &v.regions[i]
			if !r.narrowed(c.Data, base, r.from+cutStep, r.to) {
				v.regions = slices.Delete(v.regions, i, i+1)
			}
		}
		v.budget, v.pending, v.own.shown = budget, v.pending[:pending], v.own.shown[:shown]
	}
}

// narrowed is narrow for one edge: the other is a cut already.
func (r *region) narrowed(text []byte, base *viewMemo, from, to int) bool {
	start, end := r.atStart, r.atEnd
	r.atStart, r.atEnd = start || from == r.from, end || to == r.to
	ok := r.narrow(text, base, from, to)
	r.atStart, r.atEnd = start, end
	return ok
}

// decode searches the views of a zone and reports whether they reach over its edges.
func (v *viewed) decode(text []byte, from, to int) (left, right bool) {
	v.heritage.parts = v.heritage.parts[:0]
	if from == to {
		return false, false
	}
	lo := max(0, from-cutLead)
	v.block = span{int64(lo), int64(to)}
	v.exploreZone(text[lo:to], standing{first: lo == 0, last: to == len(text), lead: from - lo, inRecord: v.from.Record != ""})
	for _, p := range v.heritage.parts {
		left = left || from > 0 && !p.coded && p.from <= from
		right = right || to < len(text) && !p.coded && p.to >= to
	}
	return left, right
}

// heardZone is what is known of a zone in whose views no rule matched: where they undo something, counted from its beginning, and what
// they and their search cost.
type heardZone struct {
	parts  []viewPart
	budget int
	effort int64
}

// exploreZone searches the views of the zone that block says, unless it was heard of before.
func (v *viewed) exploreZone(text []byte, how standing) {
	lo := int(v.block.from)
	if known := v.heard.of(text, how); known != nil && known.budget <= v.budget && known.effort < v.effort {
		v.budget -= known.budget
		v.effort -= known.effort
		for _, p := range known.parts {
			p.from, p.to = p.from+lo, p.to+lo
			v.heritage.parts = append(v.heritage.parts, p)
		}
		return
	}
	budget, effort, shown, deeper := v.budget, v.effort, len(v.pending), v.deeper
	v.explore(text, nil, 0)
	met := slices.ContainsFunc(v.heritage.parts, func(p viewPart) bool { return p.met })
	if met || v.dear || v.budget < 0 || len(v.pending) > shown || v.deeper > deeper {
		return
	}
	known := v.heard.put(text, how)
	if known == nil {
		return
	}
	known.parts, known.budget, known.effort = known.parts[:0], budget-v.budget, effort-v.effort
	for _, p := range v.heritage.parts {
		p.from, p.to = p.from-lo, p.to-lo
		known.parts = append(known.parts, p)
	}
}

// met reports whether a rule matched in a view of a region.
func (m *viewMemo) met(r region) bool {
	return slices.ContainsFunc(m.within(r), func(p viewPart) bool { return p.met })
}

// within are the parts in a region.
func (m *viewMemo) within(r region) []viewPart {
	first := sort.Search(len(m.parts), func(i int) bool { return m.parts[i].from >= r.from-r.shift })
	last := first
	for last < len(m.parts) && m.parts[last].from < r.to-r.shift {
		last++
	}
	return m.parts[first:last]
}

// takeOver inherits what views show in a region.
func (v *viewed) takeOver(from *Memo, base *viewMemo, r region) {
	lo, hi := r.from-r.shift, r.to-r.shift
	for _, p := range base.within(r) {
		p.from, p.to = p.from+r.shift, p.to+r.shift
		v.own.parts = append(v.own.parts, p)
		v.budget -= p.cost
	}
	for _, s := range base.shown {
		at := int(s.kept.token.from + s.shift)
		if at < lo || at >= hi {
			continue
		}
		s.shift += int64(r.shift)
		v.own.shown = append(v.own.shown, s)
		c := s.kept.candidate
		c.token, c.match, c.kept, c.unplaced = c.token.moved(s.shift), c.match.moved(s.shift), s.kept, true
		v.pending = append(v.pending, shown{c, s.view, s.deep})
	}
}

// undone remembers a part that a view made of the text itself, and what it cost.
func (h *heritage) undone(p *decode.Part, lo, cost int, met bool) {
	if h.own != nil {
		h.parts = append(h.parts, viewPart{lo + p.From, lo + p.To, cost, p.Coded(), met})
	}
}

// add adds the parts of a zone, which lies behind all that were added.
func (m *viewMemo) add(parts []viewPart) {
	slices.SortFunc(parts, func(a, b viewPart) int { return cmp.Compare(a.from, b.from) })
	first := len(m.parts)
	for _, p := range parts {
		if last := len(m.parts) - 1; last >= first && p.from <= m.parts[last].to {
			m.parts[last].to = max(m.parts[last].to, p.to)
			m.parts[last].cost += p.cost
			m.parts[last].coded, m.parts[last].met = m.parts[last].coded && p.coded, m.parts[last].met || p.met
			continue
		}
		m.parts = append(m.parts, p)
	}
}

// show takes a candidate of a view.
func (v *viewed) show(s shown) {
	if v.own != nil {
		s.finding.Reasons = slices.Clip(s.finding.Reasons)
		s.kept = &kept{candidate: s.candidate}
		v.own.shown = append(v.own.shown, memoShown{kept: s.kept, view: s.view, deep: s.deep})
	}
	v.pending = append(v.pending, s)
}
