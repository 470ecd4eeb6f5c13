package scanner

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner/internal/decode"
	"github.com/quash-sh/quash/scanner/internal/prefilter"
)

// Bounds of what is made of a text. A text is looked at in blocks that begin at fixed offsets, each with the bytes around it, so that
// what is found does not depend on the pieces in which the text came.
const (
	// viewBlock is the size of a block in bytes.
	viewBlock = 1 << 20
	// viewReach is how much before and behind it is decoded too. A key whose encoded form is longer than that is found where no
	// block ends within it.
	viewReach = 16 << 10
	// viewDepth is how many times an encoding is undone within another.
	viewDepth = 3
	// viewRatio bounds what all views of a block hold together, as a multiple of its size, with viewLeast allowed in any case.
	viewRatio = 8
	viewLeast = 64 << 10
	// viewNear is how far from a key a view must have changed something for the key to be the view's.
	viewNear = 64
)

// ViewInfo says what one view undoes.
type ViewInfo struct {
	// Name is what Location.View calls it. Views within views are joined with ">", the outermost first.
	Name string
	// Undoes says it for a person.
	Undoes string
}

// Views lists the views under which every text is searched, in the order in which they are tried.
func Views() []ViewInfo {
	all := make([]ViewInfo, len(decode.Kinds))
	for i, k := range decode.Kinds {
		all[i] = ViewInfo{k.Name, k.Undoes}
	}
	return all
}

// viewer holds the memory of views from one text to the next.
type viewer struct {
	sheets [viewDepth + 1]decode.Sheet
	marks  [viewDepth + 1]decode.Marks
	hits   [viewDepth + 1][]prefilter.Hit
	views  [viewDepth + 1]view // of the part that is being searched, and those above it
	buf    []byte
	off    bool   // make no views
	now    viewed // the text that is being searched
	plain  text   // now as it stands
	inView text   // a part of a view
	several
	heritage
}

// viewer takes one that is at rest.
func (s *Scanner) viewer() *viewer {
	v := s.index.viewers.Get().(*viewer)
	v.off = s.noViews
	return v
}

// viewed is one text as it arrives, searched as it stands and under its views.
type viewed struct {
	*viewer
	x    *index
	from Location
	emit func(candidate)
	gap  func(Gap)
	raw  *text

	held  []byte
	base  int64 // offset of held[0] in the text
	core  int64 // where the next block begins
	lines lineCounter

	size    int64 // of a block, and
	around  int64 // how much of the text before and behind it is decoded too
	block   span  // that is being looked at, with what is around it
	budget  int
	effort  int64 // what the search of the block's views may cost yet
	dear    bool  // it cost more, which was told
	met     bool  // a rule matched in the part of the text that is looked at
	deeper  int   // places that are encoded deeper than viewDepth
	cut     int   // blocks whose views were too large
	pending []shown
	// asItStands takes the candidates of raw.
	asItStands func(candidate)
}

// shown is a candidate and the view that shows it: 0 is the text as it stands, and of others the less changed has the lower number.
type shown struct {
	candidate
	view int
	deep bool // it is encoded deeper than viewDepth
}

// view is a part that was decoded, and the view in which it was encoded.
type view struct {
	part *decode.Part
	up   *view
	kind int // of decode.Kinds
}

// name is what Location.View calls it.
func (w *view) name() string {
	name := decode.Kinds[w.kind].Name
	if w.up != nil {
		name = w.up.name() + ">" + name
	}
	return name
}

// rank orders views by how much they change.
func (w *view) rank() int {
	if w.up == nil {
		return w.kind + 1
	}
	return (w.up.rank()+1)*(len(decode.Kinds)+1) + w.kind
}

// text begins a text in the memory of the one before it, which has ended.
func (r *viewer) text(x *index, from Location, emit func(candidate), gap func(Gap)) *viewed {
	v := &r.now
	*v = viewed{
		viewer: r, x: x, from: from, emit: emit, gap: gap, raw: &r.plain, lines: newLineCounter(from), size: x.viewBlock, around: x.viewReach,
		pending: v.pending[:0], asItStands: v.asItStands,
	}
	if v.asItStands == nil {
		v.asItStands = func(c candidate) { v.pending = append(v.pending, shown{candidate: c}) }
	}
	v.raw.begin(x, from, v.asItStands)
	v.raw.effort.gap = gap
	v.effort = x.effort.least + x.effort.ratio*v.size
	return v
}

// feed takes the next piece, as text.feed does.
func (v *viewed) feed(data []byte, last bool) {
	v.raw.feed(data, last)
	v.search(data, last)
}

// search takes the next piece after the text as it stands was searched.
func (v *viewed) search(data []byte, last bool) {
	if len(v.held) == 0 {
		v.held = data
	} else {
		v.held = append(v.held, data...)
		v.buf = v.held // it may have grown
	}
	end := v.base + int64(len(v.held))
	if v.off {
		v.core = end
	}
	for v.core < end && (last || end >= v.core+v.size+v.around) {
		v.look(end)
		v.core += v.size
	}
	v.settle(last)
	if last {
		v.tell()
		return
	}
	drop := max(0, v.core-v.around-v.base)
	drop = min(drop, int64(len(v.held)))
	v.lines.drop(v.held, drop)
	v.buf = append(v.buf[:0], v.held[drop:]...)
	v.held = v.buf
	v.base += drop
}

// look searches the views of the block that begins at core.
func (v *viewed) look(end int64) {
	v.block = span{max(v.base, v.core-v.around), min(end, v.core+v.size+v.around)}
	text := v.held[v.block.from-v.base : v.block.to-v.base]
	v.budget = viewLeast + viewRatio*len(text)
	v.effort = v.x.effort.least + v.x.effort.ratio*int64(len(text))
	v.explore(text, nil, 0)
	if v.budget < 0 {
		v.cut++
	}
}

// explore searches the views of a text, which is itself the view up unless that is nil.
func (v *viewed) explore(text []byte, up *view, depth int) {
	marks := &v.marks[depth]
	marks.Mark(text)
	for i, kind := range decode.Kinds {
		if up == nil && kind.Rendered && v.from.Record != "" {
			continue // the source of records gives that view itself
		}
		sheet := &v.sheets[depth]
		kind.Decode(sheet, marks)
		if len(sheet.Parts) == 0 {
			continue
		}
		if v.budget -= len(sheet.Text); v.budget < 0 {
			return
		}
		v.hits[depth] = v.x.filter.Scan(sheet.Text, v.hits[depth][:0])
		hits, start := v.hits[depth], 0
		for n := range sheet.Parts {
			w := &v.views[depth]
			*w = view{&sheet.Parts[n], up, i}
			stop := start + len(w.part.Text)
			first := 0
			for first < len(hits) && hits[first].End <= stop {
				first++
			}
			budget := v.budget
			v.part(w, hits[:first], start, depth)
			if up == nil {
				v.undone(w.part, int(v.block.from-v.base), len(w.part.Text)+1+budget-v.budget, v.met)
				v.met = false
			}
			hits, start = hits[first:], stop+1
			if v.budget < 0 {
				return
			}
		}
	}
}

// part searches one part of a view, where it has a keyword, and the views of it. The keywords' offsets count from -start.
func (v *viewed) part(w *view, hits []prefilter.Hit, start, depth int) {
	if w.up != nil && !w.up.part.Changed(w.part.From, w.part.To) {
		return // the view above has it as the text has it
	}
	if v.effort > 0 && (len(v.x.bare) > 0 || slices.ContainsFunc(hits, func(h prefilter.Hit) bool {
		at := h.End - start
		return at > 0 && w.part.Changed(at-v.x.filter.Len(h.Keyword)-v.x.reach, at+v.x.reach)
	})) {
		v.searchPart(w, depth)
	}
	if depth < viewDepth {
		v.explore(w.part.Text, w, depth+1)
	}
}

// searchPart searches the text of a part.
func (v *viewed) searchPart(w *view, depth int) {
	t := &v.inView
	t.begin(v.x, v.from, func(c candidate) { v.found(c, w, depth) })
	t.effort = effort{least: v.effort, view: w.name()}
	if !v.dear {
		t.effort.gap = v.gap
	}
	t.feed(w.part.Text, true)
	v.effort -= t.effort.used
	v.dear, v.met = v.dear || t.effort.over, v.met || t.matched
}

// found takes a candidate of a view, at the place that it has in the text. Those that begin outside of the block are another's.
func (v *viewed) found(c candidate, w *view, depth int) {
	from, to := int(c.token.from), int(c.token.to)
	if !w.part.Changed(from-viewNear, to+viewNear) {
		return
	}
	if c.rule.outline.Literal != "" && strings.Contains(w.name(), "lines") {
		return // a literal that ends with its line would run on into the next
	}
	for u := w; u != nil; u = u.up {
		from, to = u.part.Source(from, to)
	}
	c.token = span{v.block.from + int64(from), v.block.from + int64(to)}
	if c.token.from < v.core || c.token.from >= v.core+v.size {
		return
	}
	name := w.name()
	if v.from.View != "" {
		name = v.from.View + ">" + name
	}
	c.finding.At = v.place(c.token, name)
	c.allowed = c.allowed || v.allowComment(c.token)
	v.show(shown{c, w.rank(), depth == viewDepth})
}

// place is where a key stands that a view shows.
func (v *viewed) place(tok span, view string) Location {
	at := v.from
	at.Offset += tok.from
	at.Length = tok.len()
	at.Line, at.Column = v.lines.at(v.held, tok.from-v.base)
	at.EndLine, at.EndColumn = v.lines.at(v.held, tok.to-v.base)
	at.View = view
	return at
}

// allowComment reports whether the line on which the encoded key stands says quash:allow.
func (v *viewed) allowComment(tok span) bool {
	return (&text{buf: v.held, base: v.base}).allowComment(tok)
}

// settle hands on, in order of place, what no later candidate can overlap: of a key that several views show only the first.
func (v *viewed) settle(last bool) {
	if len(v.pending) == 0 {
		return
	}
	frontier := min(v.raw.frontier(), v.core)
	slices.SortStableFunc(v.pending, func(a, b shown) int {
		return cmp.Or(byPlace(a.candidate, b.candidate), cmp.Compare(a.view, b.view))
	})
	done := 0
	for done < len(v.pending) {
		n, end := done+1, v.pending[done].token.to
		for n < len(v.pending) && v.pending[n].token.from < end {
			end = max(end, v.pending[n].token.to)
			n++
		}
		if !last && end > frontier {
			break
		}
		v.hand(v.pending[done:n])
		done = n
	}
	v.pending = slices.Delete(v.pending, 0, done)
}

// frontier is where in the text the next candidate can begin that was not handed on yet.
func (t *text) frontier() int64 {
	at := t.end() - int64(2*t.x.reach) - int64(t.x.filter.Max())
	if len(t.open) > 0 {
		at = min(at, t.open[0].token.from)
	}
	return at
}

// hand hands on the candidates of a cluster.
func (v *viewed) hand(cluster []shown) {
	byView := slices.SortedStableFunc(slices.Values(cluster), func(a, b shown) int { return cmp.Compare(a.view, b.view) })
	var kept []candidate
	for _, c := range byView {
		known := slices.IndexFunc(kept, func(k candidate) bool { return sameKey(k, c.candidate) })
		switch {
		case c.view > 0 && known >= 0 && !c.deep && v.truer(c.candidate, kept[known]):
			c.backed(kept[known])
			kept[known] = c.candidate
		case c.view > 0 && known >= 0:
		case c.deep:
			v.deeper++
		default:
			kept = append(kept, c.candidate)
		}
	}
	slices.SortStableFunc(kept, byPlace)
	for _, c := range kept {
		if c.unplaced {
			c.finding.At = v.place(c.token, c.finding.At.View)
		}
		if c, ok := c.told(); ok {
			v.emit(c)
		}
	}
}

// truer reports whether a candidate of a view says more of a key than what was seen with less changed: whose it is, where a general
// rule had seen it, the rest of it, where what was seen ends at an escaped character, or where it begins, where an escaped character
// stands before it.
func (v *viewed) truer(c, seen candidate) bool {
	if seen.general() != c.general() {
		return seen.general()
	}
	whole, part := c.finding.Token().value(), seen.finding.Token().value()
	at := seen.token.to - v.base
	if c.general() && len(whole) < len(part) && strings.HasSuffix(part, whole) {
		return true
	}
	return seen.rule == c.rule && len(whole) > len(part) && strings.HasPrefix(whole, part) &&
		0 <= at && at < int64(len(v.held)) && strings.IndexByte(`%\&=`, v.held[at]) >= 0
}

// sameKey reports whether a candidate of a view is a key that was seen with less changed: the same value there, or another
// reading of the same place by the same rule or by one that reads any value.
func sameKey(seen, c candidate) bool {
	return seen.token.overlaps(c.token) &&
		(seen.finding.Token().Equal(c.finding.Token()) ||
			seen.token.from == c.token.from && (seen.rule == c.rule || c.general()) ||
			seen.token.to == c.token.to && c.general())
}

// tell gives the gaps that the bounds of views left.
func (v *viewed) tell() {
	if v.gap == nil {
		return
	}
	if v.deeper > 0 {
		v.gap(Gap{
			What: v.from.named(),
			Why:  fmt.Sprintf("%d places are encoded more than %d times over and were not read", v.deeper, viewDepth),
			Next: "decode the file by hand, and scan the result",
		})
	}
	if v.cut > 0 {
		v.gap(Gap{
			What: v.from.named(),
			Why:  fmt.Sprintf("decoded, %d blocks of it grow to more than %d times their size and were not read to the end", v.cut, viewRatio),
			Next: "decode the file by hand, and scan the result",
		})
	}
}

// named names the text at a place, for a person.
func (l Location) named() string {
	var b bytes.Buffer
	for _, part := range [...]struct{ what, name string }{{"file", l.Path}, {"record", l.Record}, {"field", l.Field}, {"blob", l.Blob}} {
		if part.name == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(part.what + " " + part.name)
	}
	if b.Len() == 0 {
		return "the text"
	}
	return b.String()
}
