package scanner

import (
	"cmp"
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
// Where more than crowd halves stand in sight of a key none of them is taken: the key is told of without its part, and the halves for
// themselves. A text that is made of halves so costs little more than another of its length.
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
	sight            rules.NearSight
	*seeker          // of the part
	rivals           []*seeker
}

// crowd is how many halves in sight of a key are told apart.
const crowd = 256

// cellMost is the greatest length of a cell that decides: it does not hold halves that are out of each other's reach.
func (n *nearPart) cellMost() int64 { return int64(2*n.within + n.sight.Key) }

// half is one half of a key where it stands.
type half struct {
	at    span
	value string
	// number is the same for equal values.
	number int
	isKey  bool
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
		p := t.pairing(&n, token, match)
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
	ownNumber  int
	// halves are all that are in seen, by place.
	halves []half
	// values is how many different values they have.
	values int
	// both says which cells hold keys, and parts that no narrower cell has settled; mine which hold the key's own value.
	both, mine [cellKinds][]bool
	// crowded says that there are too many halves in sight.
	crowded bool
}

// pairing finds the halves in sight of a key. The cells are not worked out for a key that has no part in sight.
func (t *text) pairing(n *nearPart, token, match span) *pairing {
	p := &pairing{part: n, match: match, own: token}
	wanted := span{match.from - int64(n.sight.Around), match.to + int64(n.sight.Around)}
	parts := t.sought(n.seeker, wanted)
	if len(parts) == 0 || len(parts) == 1 && parts[0].at.overlaps(match) {
		return p
	}
	keys := taken{{match, token, string(t.bytes(token))}}
	inSight := len(parts)
	defer func() { t.tools.walked += effortHalf * int64(inSight) }()
	for _, rival := range n.rivals {
		spots := t.sought(rival, wanted)
		if inSight += len(spots); inSight > crowd {
			p.crowded = true
			return p
		}
		for _, s := range spots {
			keys.add(s)
		}
	}
	if p.take(keys, parts) {
		p.cut(t.edges(), t.sightOf(wanted), n.cellMost())
	}
	return p
}

// sought are the places of an expression of which all that decides about them is within a stretch of the text.
func (t *text) sought(s *seeker, wanted span) []spot {
	view := t.window(wanted)
	if wanted.from > 0 {
		view.from = min(wanted.from+s.margin(), view.to)
	}
	if wanted.to == view.to {
		view.to = max(view.from, wanted.to-s.margin())
	}
	return t.tools.finder(s).within(t, view)
}

// take makes halves of keys and parts, and returns false where no part is left. What stands in a key is no part.
func (p *pairing) take(keys taken, parts []spot) bool {
	for _, s := range parts {
		if !keys.over(s.at) {
			p.halves = append(p.halves, half{at: s.at, value: s.value})
		}
	}
	if len(p.halves) == 0 {
		return false
	}
	for _, k := range keys {
		p.halves = append(p.halves, half{at: k.at, value: k.value, isKey: true})
	}
	slices.SortStableFunc(p.halves, func(a, b half) int { return cmp.Compare(a.at.from, b.at.from) })
	numbers := map[string]int{}
	for i := range p.halves {
		h := &p.halves[i]
		n, ok := numbers[h.value]
		if !ok {
			n = len(numbers)
			numbers[h.value] = n
		}
		h.number = n
		if h.at == p.own {
			p.ownNumber = n
		}
	}
	p.values = len(numbers)
	return true
}

// cut finds the cells of all halves. A cell counts that is whole in sight and no longer than most.
func (p *pairing) cut(edges *edges, in seen, most int64) {
	for kind := range cellKinds {
		p.both[kind], p.mine[kind] = []bool{false}, []bool{false}
		var cell span
		number, keys, parts := 0, false, false
		for i := range p.halves {
			h := &p.halves[i]
			if i == 0 || h.at.from >= cell.to {
				cell = edges.cell(kind, h.at.from, in, p.halves)
				number, keys, parts = len(p.both[kind]), false, false
				p.both[kind], p.mine[kind] = append(p.both[kind], false), append(p.mine[kind], false)
			}
			if !in.whole(cell) || cell.len() > most {
				continue
			}
			h.cells[kind] = number
			keys, parts = keys || h.isKey, parts || !h.isKey && !p.settled(h, kind)
			p.both[kind][number] = keys && parts
			p.mine[kind][number] = p.mine[kind][number] || h.isKey && h.number == p.ownNumber
		}
	}
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
	if p.crowded {
		return nil, "too many places of " + p.part.name + " near by, none taken"
	}
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
	seen := [2][]bool{make([]bool, p.values), make([]bool, p.values)}
	for i := range p.halves {
		h := &p.halves[i]
		list, known := &parts, seen[0]
		if h.isKey {
			list, known = &keys, seen[1]
		}
		if h.cells[kind] != cell || p.settled(h, kind) || known[h.number] {
			continue
		}
		known[h.number] = true
		*list = append(*list, h)
		inTurn = inTurn && (last == nil || last.isKey != h.isKey)
		last = h
	}
	return keys, parts, inTurn
}

func (h *half) equals(g *half) bool { return h.number == g.number }

// ofCell chooses among the parts of a cell.
func (p *pairing) ofCell(keys, parts []*half, inTurn bool) (part *half, why string) {
	i := slices.IndexFunc(keys, func(h *half) bool { return h.number == p.ownNumber })
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
		return h.at.from >= from && h.at.to <= to && h.number != p.ownNumber && !h.equals(part) && p.settled(&h, cellKinds-1)
	})
}

// placesMost is how many places of a part one key takes, the nearest: it may stand a thousand times beside a thousand keys.
const placesMost = 16

// places are where a part's value stands within reach of the key.
func (p *pairing) places(part *half) []span {
	var at []span
	for i := range p.halves {
		if h := &p.halves[i]; !h.isKey && h.equals(part) && gap(h.at, p.match) <= int64(p.part.within) {
			at = append(at, h.at)
		}
	}
	if len(at) > placesMost {
		slices.SortStableFunc(at, func(a, b span) int { return cmp.Compare(gap(a, p.match), gap(b, p.match)) })
		at = at[:placesMost]
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
		} else if !part.equals(h) {
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
		if !k.isKey || k.number == p.ownNumber || p.settled(k, cellKinds) {
			continue
		}
		if p.reaches(k, parts) {
			return nil, p.contested()
		}
	}
	return part, ""
}

// reaches reports whether a key is within reach of one of several parts of one value, which are in order.
func (p *pairing) reaches(k *half, parts []*half) bool {
	i := sort.Search(len(parts), func(i int) bool { return parts[i].at.from >= k.at.from })
	for _, h := range parts[max(0, i-1):min(i+1, len(parts))] {
		if gap(h.at, k.at) <= int64(p.part.within) {
			return true
		}
	}
	return false
}

// anothers reports whether a cell has settled about a part without this key.
func (p *pairing) anothers(part *half) bool {
	if p.part.shared {
		return false
	}
	for kind := range cellKinds {
		if cell := part.cells[kind]; p.both[kind][cell] {
			return !p.mine[kind][cell]
		}
	}
	return false
}

// gap is how many bytes stand between two spans.
func gap(a, b span) int64 { return max(0, a.from-b.to, b.from-a.to) }
