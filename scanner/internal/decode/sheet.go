package decode

import (
	"cmp"
	"slices"
)

// Part is one run of a text as a view shows it.
type Part struct {
	// Text is what the view shows.
	Text []byte
	// From and To bound the run in the text that it was made of.
	From, To int

	// num bytes of the run, without what a line wrap adds, are den bytes of Text; lead of them come before Text.
	num, den, lead int
	pieces         []piece
}

// piece is a stretch of a part's source: size bytes from src on, which became n bytes from at on. at counts bytes of the view or,
// of encoded bytes, of the run without what a line wrap adds. made says that they are others, as many as they were perhaps.
type piece struct {
	at, n, src, size int
	made             bool
}

// Source returns where Text[from:to] stands in the text that the part was made of.
func (p *Part) Source(from, to int) (int, int) {
	first := p.lead + from*p.num/p.den
	last := max(first, p.lead+(to*p.num+p.den-1)/p.den-1)
	q := p.pieces[p.find(first)]
	start := q.src + scale(first-q.at, q.size, q.n)
	q = p.pieces[p.find(last)]
	end := q.src + q.size - scale(q.at+q.n-last-1, q.size, q.n)
	return start, end
}

// find returns the piece that holds a byte.
func (p *Part) find(at int) int {
	i, found := slices.BinarySearchFunc(p.pieces, at, func(q piece, at int) int { return cmp.Compare(q.at, at) })
	if !found {
		i--
	}
	return max(i, 0)
}

// scale maps an offset within n bytes to one within size bytes, rounded down.
func scale(offset, size, n int) int {
	if size == n || n == 0 {
		return min(offset, size)
	}
	return offset * size / n
}

// Changed reports whether the view changed anything that made Text[from:to].
func (p *Part) Changed(from, to int) bool {
	if p.num != p.den {
		return true
	}
	i := p.find(p.lead + max(from, 0))
	j := p.find(p.lead + min(to, len(p.Text)) - 1)
	return i != j || p.pieces[i].made
}

// Touches reports whether something stands in source[from:to] that the view shows otherwise or leaves out.
func (p *Part) Touches(from, to int) bool {
	if from >= p.To || to <= p.From {
		return false
	}
	if p.num != p.den {
		return true
	}
	at := p.From
	for _, q := range p.pieces {
		if q.src > at && at < to && q.src > from || q.made && q.src < to && q.src+q.size > from {
			return true
		}
		at = q.src + q.size
	}
	return p.To > at && at < to
}

// Coded reports whether the part was written in a code for bytes: it is the run itself, and shows nothing of what is around it.
func (p *Part) Coded() bool { return p.num != p.den }

// Sheet is what one view makes of a text: the runs that look so encoded, decoded. Its memory is used again for the next text.
type Sheet struct {
	// Text holds the texts of all parts, each followed by a zero byte.
	Text  []byte
	Parts []Part

	edits  []edit
	starts []int // of the parts in Text
	marks  []int // of the parts' pieces
	pieces []piece
	clean  []byte
	lines  []piece
}

func (s *Sheet) reset() {
	s.Text, s.Parts, s.starts, s.marks, s.pieces = s.Text[:0], s.Parts[:0], s.starts[:0], s.marks[:0], s.pieces[:0]
}

// begin begins a part.
func (s *Sheet) begin(from int, num, den, lead int) {
	s.Parts = append(s.Parts, Part{From: from, num: num, den: den, lead: lead})
	s.starts = append(s.starts, len(s.Text))
	s.marks = append(s.marks, len(s.pieces))
}

// end ends the part that was begun.
func (s *Sheet) end(to int) {
	s.Parts[len(s.Parts)-1].To = to
	s.Text = append(s.Text, 0)
}

// finish gives the parts their texts, once the sheet grows no more.
func (s *Sheet) finish() {
	for i := range s.Parts {
		end, mark := len(s.Text), len(s.pieces)
		if i+1 < len(s.Parts) {
			end, mark = s.starts[i+1], s.marks[i+1]
		}
		s.Parts[i].Text = s.Text[s.starts[i] : end-1 : end-1]
		s.Parts[i].pieces = s.pieces[s.marks[i]:mark:mark]
	}
}
