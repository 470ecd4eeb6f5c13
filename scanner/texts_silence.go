package scanner

import "encoding/binary"

// Most keywords in prose lead to nothing, for the few bytes around them: no value follows, or what stands there is no name. What people
// write to each other says the same again and again, in a text, under its views and in the texts after it. So it is remembered for which
// bytes a keyword led to nothing ([text.looksAt]), and where it stands in the same ones it is not looked at again.

const (
	// silencePlaces is how many outcomes are remembered, at most: a power of two.
	silencePlaces = 1 << 10
	// silenceMost is how many bytes may have decided about one.
	silenceMost = 96
)

// silences remembers keywords that led to nothing, by what they stood in.
type silences struct{ all []silence }

// silence is a keyword that led to nothing, and the bytes that decided about that: before of them stand before the keyword's end.
type silence struct {
	keyword      int32
	cost         int32 // of the look, see effort
	before, size uint8
	bytes        [silenceMost]byte
}

// at is where the outcome of a keyword is kept, that ends before a byte of a text.
func (q *silences) at(text []byte, keyword, end int) *silence {
	if q.all == nil {
		q.all = make([]silence, silencePlaces)
	}
	around := uint64(keyword)
	if end+4 <= len(text) {
		around |= uint64(binary.LittleEndian.Uint32(text[end:])) << 32
	}
	return &q.all[around*0x9E3779B97F4A7C15>>54]
}

// holds reports whether the keyword that ends there leads to nothing again.
func (k *silence) holds(text []byte, keyword, end int) bool {
	from, size := end-int(k.before), int(k.size)
	return size > 0 && int(k.keyword) == keyword && from >= 0 && from+size <= len(text) && string(text[from:from+size]) == string(k.bytes[:size])
}

// ask looks at a keyword, unless it is known to lead to nothing.
func (t *text) ask(q *silences, keyword int, hit span) {
	known := q.at(t.buf, keyword, int(hit.to))
	if cost := int64(known.cost); known.holds(t.buf, keyword, int(hit.to)) && t.tools.walked+cost <= t.effort.least {
		t.tools.walked += cost
		return
	}
	t.matched, t.looked = false, hit
	before := t.tools.walked
	for _, r := range t.x.wants[keyword] {
		t.match(t.x.rules[r], t.x.keywords[keyword], hit)
	}
	if t.matched || t.effort.over {
		return
	}
	s := &t.x.scopes()[keyword]
	from, to := max(t.looked.from, hit.from-int64(s.noneBefore)), min(t.looked.to, hit.to+int64(s.noneAfter))
	if from < 0 || to > t.end() || to-from > silenceMost {
		return
	}
	*known = silence{keyword: int32(keyword), cost: int32(t.tools.walked - before), before: uint8(hit.to - from), size: uint8(to - from)}
	copy(known.bytes[:], t.buf[from:to])
}
