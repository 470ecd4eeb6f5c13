package scanner

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner/internal/dfa"
)

// nearParts are the parts that stand beside a rule's keys.
func nearParts(r *rules.Rule) []nearPart {
	var parts []nearPart
	for name, n := range r.Near {
		sight := r.NearSight(name)
		part := nearPart{
			name: name, within: n.Within, optional: n.Optional, shared: n.Shared, sight: sight,
			seeker: newSeeker(r.NearRegexp(name).String(), name, sight.Part),
		}
		for _, rival := range r.Rivals() {
			part.rivals = append(part.rivals, newSeeker(rival.Expression(), "token", rival.Span().Match))
		}
		parts = append(parts, part)
	}
	slices.SortFunc(parts, func(a, b nearPart) int { return strings.Compare(a.name, b.name) })
	return parts
}

// seeker is an expression that is looked for around keys: that of a part, or of the keys that may want it.
type seeker struct {
	expression
	group string // that holds the value; where the expression has none of that name, all of a match is the value
	most  int    // the greatest length of a match
}

func newSeeker(expr, group string, most int) *seeker {
	return &seeker{expression: expression{text: expr}, group: group, most: most}
}

// margin is how far beside a place the text decides whether a match of the seeker that begins there counts.
func (s *seeker) margin() int64 { return int64(s.most + peek) }

// spot is a match of a seeker, and the value in it.
type spot struct {
	match, at span
	value     string
}

// finder looks for a seeker in one text, each place once, whatever the number of keys that stand near it.
//
// A match is tried at every place, and counts unless it stands within one that begins before it. So what counts depends on the
// text within a margin alone, and not on where the search began.
type finder struct {
	*seeker
	walker, loose *dfa.Walker

	turn     uint  // of the text
	from, to int64 // the beginnings that were tried
	spots    []spot
	end      int64 // of what was found, the furthest
	vain     int   // bytes walked for nothing
	trail    dfa.Trail
}

// finder is the one of a seeker.
func (t *tools) finder(s *seeker) *finder {
	if f, ok := t.finders[s]; ok {
		return f
	}
	f := &finder{seeker: s, walker: s.program().Forward().Meter(&t.walked)}
	if t.finders == nil {
		t.finders = map[*seeker]*finder{}
	}
	t.finders[s] = f
	return f
}

// within returns what begins in a stretch of the text, in order. The text must be there up to a margin before and behind it.
func (f *finder) within(t *text, w span) []spot {
	from := max(t.base, w.from-f.margin())
	if f.turn != t.tools.turn || from < f.from || from > f.to {
		f.turn, f.from, f.to, f.end, f.vain, f.trail = t.tools.turn, from, from, 0, 0, dfa.Trail{}
		f.spots = f.spots[:0]
	}
	starts := f.starts()
	t.tools.walked += max(0, w.to-f.to)
	for ; f.to < w.to && !t.spent(); f.to++ {
		if i := int(f.to - t.base); starts.within(t.buf, i, i) {
			f.try(t, f.to)
		}
	}
	first := f.first(w.from)
	if first > len(f.spots)/2 {
		f.spots = slices.Delete(f.spots, 0, first)
		f.from, first = from, 0
	}
	return f.spots[first:f.first(w.to)]
}

// first is the number of the first spot that begins at a place or behind it.
func (f *finder) first(at int64) int {
	return sort.Search(len(f.spots), func(i int) bool { return f.spots[i].match.from >= at })
}

// try tries a match that begins at a place.
func (f *finder) try(t *text, at int64) {
	lead := min(at-t.base, 1)
	n, ok := f.reach(t, at)
	if !ok || at+int64(n) <= f.end {
		return
	}
	view := t.window(span{at - lead, at + int64(min(n, f.most)) + peek})
	re := f.form(lead > 0)
	t.tools.walked += effortExpression * view.len()
	m := re.FindSubmatchIndex(t.bytes(view))
	if m == nil {
		return
	}
	match := span{at, view.from + int64(m[1])}
	group := 2 * max(0, re.SubexpIndex(f.group))
	if match.to <= f.end || match.len() > int64(f.most) || m[group] < 0 {
		return
	}
	f.end = match.to
	value := span{max(at, view.from+int64(m[group])), view.from + int64(m[group+1])}
	f.spots = append(f.spots, spot{match, value, string(t.bytes(value))})
}

// reach is how far a match can go that begins at a place; see text.reach.
func (f *finder) reach(t *text, at int64) (n int, ok bool) {
	view := t.window(span{at, at + f.margin()})
	data, ends := t.bytes(view), view.to == t.end()
	if f.vain > vainMost {
		if f.loose == nil {
			f.loose = f.seeker.loose().Forward().Meter(&t.tools.walked)
		}
		if f.loose.InVain(&f.trail, "", data, at, ends) {
			return 0, false
		}
	}
	n, ok = f.walker.Begin(data, ends)
	if !ok {
		f.vain += n
	}
	return n, ok
}

// taken are keys that overlap none of each other, in order of place.
type taken []spot

// add adds a key unless it overlaps one that is there.
func (k *taken) add(s spot) {
	i, found := slices.BinarySearchFunc(*k, s, func(a, b spot) int { return cmp.Compare(a.match.from, b.match.from) })
	if found || i > 0 && (*k)[i-1].match.to > s.match.from || i < len(*k) && (*k)[i].match.from < s.match.to {
		return
	}
	*k = slices.Insert(*k, i, s)
}

// over reports whether a key stands over some of a stretch.
func (k taken) over(at span) bool {
	i := sort.Search(len(k), func(i int) bool { return k[i].match.to > at.from })
	return i < len(k) && k[i].match.from < at.to
}
