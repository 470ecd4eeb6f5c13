package scanner

import (
	"regexp"
	"slices"
	"sort"

	"github.com/quash-sh/quash/rules"
)

// Some keys come in two halves with no fixed place to each other: an id here, its secret a line below. One half is what the
// rule's pattern matches, the key; the other is a near part. The scanner pairs them only where no other pairing is
// as good; a wrong pair would ask an issuer about somebody else's key.
//
// The text around a key is cut into cells: lines, items (what stands between braces or list dashes), paragraphs (what stands
// between blank lines or section headers), each inside the next. The narrowest cell that holds the key and a part decides:
//
//	one key, one part            they are a pair
//	as many of each, in turn     the first with the first, and so on: any other pairing leaves halves at the ends alone
//	anything else                nobody's
//
// Halves that a narrower cell has settled are not looked at in a wider one. Where no cell decides, the one part within reach
// is the key's if the key is the only one within reach of it. Equal values count once. A part that a rule calls shared
// (an account id) may belong to several keys.
//
// All of this depends only on the bytes within sight of the key, so that it is the same in any chunking.

// The cells, narrowest first.
const (
	lineCell = iota
	itemCell
	paragraphCell
	cellKinds
)

// nearPart is a further part of a key that may stand beside the match.
type nearPart struct {
	name             string
	within           int
	optional, shared bool
	re               *regexp.Regexp
	group            int
	sight            rules.NearSight
}

// cellMost is the greatest length of a cell that decides: it does not hold halves that are out of each other's reach.
func (n *nearPart) cellMost() int64 { return int64(2*n.within + n.sight.Key) }

// half is one half of a key where it stands.
type half struct {
	at    span
	value string
	isKey bool
	// cells are the numbers of the cells it stands in; 0: too long, or not whole in sight.
	cells [cellKinds]int
}

// beside are the parts that were found of a key, and what was not.
type beside struct {
	values map[string]string
	// taken are the places of the values.
	taken []span
	// missing are the parts that the key cannot do without; reasons say why others were not taken.
	missing, reasons []string
}

// beside looks for the parts of a key that stand near it.
func (t *text) beside(c *compiled, token, match span) beside {
	found := beside{values: map[string]string{}}
	for _, n := range c.near() {
		p := t.pairing(c, &n, token, match)
		h, why := p.choose()
		switch {
		case h != nil:
			found.values[n.name] = h.value
			found.taken = append(found.taken, p.places(h)...)
		case why != "":
			found.reasons = append(found.reasons, why)
		case !n.optional:
			found.missing = append(found.missing, n.name)
		}
	}
	return found
}

// near takes what was found of the parts beside the key. Without a part that it cannot do without, it is no key.
func (j *judgement) near(found beside) {
	j.refused = len(found.missing) > 0
	j.reasons = append(j.reasons, found.reasons...)
}

// pairing is the choice of one part of one key.
type pairing struct {
	part *nearPart
	// match is the whole match, and own the key in it.
	match, own span
	ownValue   string
	// halves are all that are in sight, by place.
	halves []half
	// both says which cells hold keys and parts.
	both [cellKinds]map[int]bool
}

// pairing finds the halves in sight of a key. The cells are not worked out for a key that has no part in sight.
func (t *text) pairing(c *compiled, n *nearPart, token, match span) *pairing {
	p := &pairing{part: n, match: match, own: token, ownValue: string(t.bytes(token))}
	wanted := span{match.from - int64(n.sight.Around), match.to + int64(n.sight.Around)}
	view := t.window(wanted)
	keys := []half{{at: token, value: p.ownValue, isKey: true}}
	covered := []span{match}
	for _, m := range n.re.FindAllSubmatchIndex(t.bytes(view), -1) {
		at := span{view.from + int64(m[2*n.group]), view.from + int64(m[2*n.group+1])}
		if m[2*n.group] >= 0 && !at.overlaps(match) {
			p.halves = append(p.halves, half{at: at, value: string(t.bytes(at))})
		}
	}
	if len(p.halves) == 0 {
		return p
	}
	for _, rival := range c.rule.Rivals() {
		keys, covered = t.rivals(rival, view, keys, covered)
	}
	p.halves = slices.DeleteFunc(p.halves, func(h half) bool {
		return slices.ContainsFunc(covered, h.at.overlaps)
	})
	p.halves = append(p.halves, keys...)
	slices.SortFunc(p.halves, func(a, b half) int { return int(a.at.from - b.at.from) })
	p.cut(t.bytes(view), view, wanted, n.cellMost())
	return p
}

// rivals adds the keys of a rule that are in view and overlap none of those that are known.
func (t *text) rivals(r *rules.Rule, view span, keys []half, covered []span) ([]half, []span) {
	re := r.Regexp()
	group := 2 * max(0, re.SubexpIndex("token"))
	for _, m := range re.FindAllSubmatchIndex(t.bytes(view), -1) {
		match := span{view.from + int64(m[0]), view.from + int64(m[1])}
		if m[group] < 0 || match.len() > int64(r.Span().Match) || slices.ContainsFunc(covered, match.overlaps) {
			continue
		}
		at := span{view.from + int64(m[group]), view.from + int64(m[group+1])}
		keys = append(keys, half{at: at, value: string(t.bytes(at)), isKey: true})
		covered = append(covered, match)
	}
	return keys, covered
}

// cut finds the cells of all halves. A cell counts that is whole in view and no longer than most.
func (p *pairing) cut(data []byte, view, wanted span, most int64) {
	edges := edgesOf(data, view.from, p.halves)
	for kind := range cellKinds {
		p.both[kind] = map[int]bool{}
		var at []int64
		if wanted.from <= 0 {
			at = append(at, view.from)
		}
		for _, e := range edges {
			if e.kind >= kind {
				at = append(at, e.at)
			}
		}
		if wanted.to > view.to {
			at = append(at, view.to+1)
		}
		holds := map[int][2]bool{}
		for i := range p.halves {
			h := &p.halves[i]
			right := sort.Search(len(at), func(i int) bool { return at[i] > h.at.from })
			if right == 0 || right == len(at) || at[right]-at[right-1] > most {
				continue
			}
			h.cells[kind] = right
			held := holds[right]
			held[toInt(h.isKey)] = true
			holds[right] = held
			p.both[kind][right] = held[0] && held[1]
		}
	}
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// settled reports whether a cell narrower than kind has decided about a half.
func (p *pairing) settled(h *half, kind int) bool {
	for k := range kind {
		if p.both[k][h.cells[k]] {
			return true
		}
	}
	return false
}

// choose returns the part that is the key's, or says why none is taken although there are some; neither where there is none.
func (p *pairing) choose() (part *half, why string) {
	own := slices.IndexFunc(p.halves, func(h half) bool { return h.at == p.own })
	if own < 0 {
		return nil, ""
	}
	for kind := range cellKinds {
		cell := p.halves[own].cells[kind]
		if cell == 0 {
			break
		}
		if p.both[kind][cell] {
			if keys, parts, inTurn := p.inCell(kind, cell); len(parts) > 0 {
				return p.ofCell(keys, parts, inTurn)
			}
		}
	}
	return p.inReach()
}

// inCell lists the distinct keys and parts of a cell that no narrower one has settled, and whether they stand in turn.
func (p *pairing) inCell(kind, cell int) (keys, parts []*half, inTurn bool) {
	inTurn = true
	var last *half
	for i := range p.halves {
		h := &p.halves[i]
		list := &parts
		if h.isKey {
			list = &keys
		}
		if h.cells[kind] != cell || p.settled(h, kind) || slices.ContainsFunc(*list, h.equals) {
			continue
		}
		*list = append(*list, h)
		inTurn = inTurn && (last == nil || last.isKey != h.isKey)
		last = h
	}
	return keys, parts, inTurn
}

func (h *half) equals(g *half) bool { return h.value == g.value }

// ofCell chooses among the parts of a cell.
func (p *pairing) ofCell(keys, parts []*half, inTurn bool) (part *half, why string) {
	i := slices.IndexFunc(keys, func(h *half) bool { return h.value == p.ownValue })
	switch {
	case p.part.shared && len(parts) == 1:
		return p.reached(parts[0])
	case i >= 0 && inTurn && len(keys) == len(parts):
		return p.reached(parts[i])
	case len(parts) > 1:
		return nil, p.several()
	}
	return nil, p.contested()
}

// reached drops a part that is farther away than the rule says.
func (p *pairing) reached(h *half) (*half, string) {
	switch {
	case gap(h.at, p.match) > int64(p.part.within):
		return nil, ""
	case !p.part.shared && p.crosses(h):
		return nil, p.contested()
	}
	return h, ""
}

// crosses reports whether a half that a cell has settled about stands between the key and a part: then the cells are not
// those of the pairs.
func (p *pairing) crosses(part *half) bool {
	from, to := min(p.own.to, part.at.to), max(p.own.from, part.at.from)
	return slices.ContainsFunc(p.halves, func(h half) bool {
		return h.at.from >= from && h.at.to <= to && h.value != p.ownValue && !h.equals(part) && p.settled(&h, cellKinds-1)
	})
}

// places are where a part's value stands within reach of the key.
func (p *pairing) places(part *half) []span {
	var at []span
	for i := range p.halves {
		if h := &p.halves[i]; !h.isKey && h.equals(part) && gap(h.at, p.match) <= int64(p.part.within) {
			at = append(at, h.at)
		}
	}
	return at
}

func (p *pairing) several() string {
	return "several values of " + p.part.name + " near by, none taken"
}

func (p *pairing) contested() string {
	return p.part.name + " near by may belong to another key, not taken"
}

// inReach chooses where no cell decides: the one part within reach, if no other key that has no part yet is in reach of it.
func (p *pairing) inReach() (part *half, why string) {
	var parts []*half
	for i := range p.halves {
		h := &p.halves[i]
		if h.isKey || gap(h.at, p.match) > int64(p.part.within) || p.anothers(h) {
			continue
		}
		if part == nil {
			part = h
		} else if part.value != h.value {
			return nil, p.several()
		}
		parts = append(parts, h)
	}
	switch {
	case part == nil || p.part.shared:
		return part, ""
	case p.crosses(part):
		return nil, p.contested()
	}
	for i := range p.halves {
		k := &p.halves[i]
		if !k.isKey || k.value == p.ownValue || p.settled(k, cellKinds) {
			continue
		}
		if slices.ContainsFunc(parts, func(h *half) bool { return gap(h.at, k.at) <= int64(p.part.within) }) {
			return nil, p.contested()
		}
	}
	return part, ""
}

// anothers reports whether a cell has settled about a part without this key.
func (p *pairing) anothers(part *half) bool {
	if p.part.shared {
		return false
	}
	for kind := range cellKinds {
		if cell := part.cells[kind]; p.both[kind][cell] {
			return !slices.ContainsFunc(p.halves, func(h half) bool {
				return h.isKey && h.cells[kind] == cell && h.value == p.ownValue
			})
		}
	}
	return false
}

// gap is how many bytes stand between two spans.
func gap(a, b span) int64 { return max(0, a.from-b.to, b.from-a.to) }
