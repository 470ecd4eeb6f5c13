package decode

import "bytes"

// edit replaces text[from:to] by the first n bytes of out.
type edit struct {
	from, to int
	out      [8]byte
	n        uint8
	// weak says that the edit alone is no reason for a view: such as \n before a space.
	weak bool
}

// margin is how much of the text around an edit a view shows, in bytes: what a rule looks at beside a key.
const margin = 192

// slack is how much further a view reaches for a space or a line's end, so that it does not begin within a word.
const slack = 64

// replace is an edit that puts one byte.
func replace(from, to int, c byte) edit { return edit{from: from, to: to, out: [8]byte{c}, n: 1} }

// render makes a part of each neighbourhood of the sheet's edits.
func (s *Sheet) render(text []byte) {
	for i := 0; i < len(s.edits); {
		if s.edits[i].weak {
			i++
			continue
		}
		from := before(text, s.edits[i].from)
		first := i
		for first > 0 && s.edits[first-1].from >= from {
			first--
		}
		if first > 0 {
			from = max(from, s.edits[first-1].to)
		}
		to, last := s.neighbourhood(text, i)
		s.part(text, from, to, s.edits[first:last])
		i = last
	}
	s.finish()
}

// neighbourhood returns where the neighbourhood of edit i and of those that follow close by ends, and the edit after it.
func (s *Sheet) neighbourhood(text []byte, i int) (to, last int) {
	to = after(text, s.edits[i].to)
	for last = i + 1; last < len(s.edits) && s.edits[last].from < to; last++ {
		if e := s.edits[last]; !e.weak {
			to = after(text, e.to)
		}
		to = max(to, s.edits[last].to)
	}
	return to, last
}

// before returns where the neighbourhood of a place begins.
func before(text []byte, at int) int {
	at -= margin
	for least := at - slack; at > 0 && at > least; at-- {
		if text[at-1] <= ' ' {
			break
		}
	}
	return max(at, 0)
}

// after returns where the neighbourhood of a place ends.
func after(text []byte, at int) int {
	at += margin
	for most := at + slack; at < len(text) && at < most; at++ {
		if text[at] <= ' ' {
			break
		}
	}
	return min(at, len(text))
}

func (s *Sheet) part(text []byte, from, to int, edits []edit) {
	s.begin(from, 1, 1, 0)
	start := len(s.Text)
	at := from
	literal := func(end int) {
		if end > at {
			s.pieces = append(s.pieces, piece{at: len(s.Text) - start, n: end - at, src: at, size: end - at})
			s.Text = append(s.Text, text[at:end]...)
		}
	}
	for _, e := range edits {
		literal(e.from)
		if e.n > 0 {
			out := e.out[:e.n]
			made := !bytes.Equal(out, text[e.from:e.to])
			s.pieces = append(s.pieces, piece{len(s.Text) - start, len(out), e.from, e.to - e.from, made})
			s.Text = append(s.Text, out...)
		}
		at = e.to
	}
	literal(to)
	if len(s.pieces) == s.marks[len(s.marks)-1] { // nothing is left
		s.pieces = append(s.pieces, piece{0, 0, from, to - from, true})
	}
	s.end(to)
}
