package scanner

import (
	"iter"
	"slices"

	"github.com/quash-sh/quash/scanner/internal/decode"
	"github.com/quash-sh/quash/scanner/internal/prefilter"
)

// Text is a text in a chunk that holds several: Data[From:To]. It may lie within another, as a value does within its record.
type Text struct {
	From, To int
	// Quoted says that who made the text has put a backslash before each quote in its strings, and that it has no others: there is nothing
	// to be undone of which the strings are not texts themselves.
	Quoted bool
}

// TextsApart is what stands between texts in a chunk that are not within one another, and at its beginning: no line, word or string
// goes on over it.
const TextsApart = "\n\n"

// Apart yields the texts of a chunk as chunks of their own; the chunk itself where it is one text.
func (c Chunk) Apart() iter.Seq[Chunk] {
	return func(yield func(Chunk) bool) {
		if c.At == nil {
			yield(c)
			return
		}
		for i, t := range c.Texts {
			if !yield(Chunk{Data: c.Data[t.From:t.To], From: c.At(i)}) {
				return
			}
		}
	}
}

// Short texts cost more to begin and to end than to read. So those of a chunk are read together, once for their keywords and once for what
// looks encoded, and only a text in which there is some of it is searched. What of the two stands in a text does not depend on what is around
// it, as long as that is a quote or [TextsApart]; but for the mark of a diff's line before it.

// several is the memory of a search of many texts.
type several struct {
	hits  []prefilter.Hit
	next  int    // of hits: the first that ends in the text that was looked at last, or behind its beginning
	coded []bool // by text: something in it looks encoded
	text  text
	silences
}

// texts searches the texts of a chunk, each as if it came by itself.
func (v *viewer) texts(x *index, c Chunk, emit func(candidate), gap func(Gap)) {
	s := &v.several
	s.hits, s.next = x.filter.Scan(c.Data, s.hits[:0]), 0
	v.encoded(c)
	tools := x.tools.Get().(*tools)
	defer x.tools.Put(tools)
	number := 0
	whole := func(c candidate) {
		if c, ok := c.told(); ok {
			emit(c)
		}
	}
	where := func() Location { return c.At(number) }
	for i, t := range c.Texts {
		number = i
		if s.coded[i] {
			v.text(x, c.At(i), emit, gap).feed(c.Data[t.From:t.To], true)
			continue
		}
		if hits := s.within(t); len(hits) > 0 || len(x.bare) > 0 {
			open := s.text.open[:0]
			s.text = tools.text(x, whole)
			s.text.open, s.text.from, s.text.where, s.text.effort.gap = open, c.From, where, gap
			s.text.known(&s.silences, c.Data[t.From:t.To], hits, t.From)
		}
	}
}

// encoded notes in which texts of a chunk something looks encoded, or may do so by itself.
func (v *viewer) encoded(c Chunk) {
	s := &v.several
	s.coded = slices.Grow(s.coded[:0], len(c.Texts))[:len(c.Texts)]
	clear(s.coded)
	if v.off {
		return
	}
	marks, sheet := &v.marks[0], &v.sheets[0]
	marks.Mark(c.Data)
	for i, t := range c.Texts {
		s.coded[i] = marks.Zeros() || t.To > t.From && (c.Data[t.From] == '+' || c.Data[t.From] == '-')
	}
	for _, kind := range decode.Kinds {
		if kind.Rendered {
			continue // the source of records gives that view itself
		}
		kind.Decode(sheet, marks)
		for n := range sheet.Parts {
			p := &sheet.Parts[n]
			for i, t := range c.Texts {
				s.coded[i] = s.coded[i] || !(t.Quoted && kind.Name == decode.Escapes) && p.Touches(t.From, t.To)
			}
		}
	}
}

// within are the hits that end in a text. Most texts begin a little behind the one before.
func (s *several) within(t Text) []prefilter.Hit {
	first := s.next
	if first > 0 && s.hits[first-1].End > t.From {
		first, _ = slices.BinarySearchFunc(s.hits[:first], t.From+1, func(h prefilter.Hit, at int) int { return h.End - at })
	}
	for first < len(s.hits) && s.hits[first].End <= t.From {
		first++
	}
	s.next = first
	last := first
	for last < len(s.hits) && s.hits[last].End <= t.To {
		last++
	}
	return s.hits[first:last]
}

// known searches a whole text of which it is known which keywords end in it, by their ends from -start.
func (t *text) known(q *silences, data []byte, hits []prefilter.Hit, start int) {
	t.buf, t.seen = data, int64(len(data))
	for _, h := range hits {
		if from := h.End - t.x.filter.Len(h.Keyword); from >= start {
			t.ask(q, h.Keyword, span{int64(from - start), int64(h.End - start)})
		}
	}
	t.matchBare(true)
	t.settle(true)
}
