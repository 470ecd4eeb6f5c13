package unpack

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// pdfText reads the text that a content stream writes (ISO 32000-1, 9.4): strings in one line follow each other, unless so much room
// is between them as a space takes.
type pdfText struct {
	doc   *document
	fonts pdfDict
	font  *pdfFont
	l     pdfLex
	stack []any
	out   []byte
	y     float64 // of the line
}

// roomOfSpace is how far to the right, in thousandths of the size of a font, is taken for a space.
const roomOfSpace = 180

// maxOperands is how many operands an operator has at most.
const maxOperands = 64

func (t *pdfText) run() {
	for {
		v := t.l.next(0)
		if v == nil {
			return
		}
		op, ok := v.(pdfWord)
		if !ok {
			if len(t.stack) < maxOperands {
				t.stack = append(t.stack, v)
			} else {
				t.doc.limit("more than %d operands of one operator", maxOperands)
			}
			continue
		}
		t.operator(op)
		t.stack = t.stack[:0]
		*t.l.count = 0
	}
}

func (t *pdfText) operand(fromEnd int) any {
	if i := len(t.stack) - fromEnd; i >= 0 {
		return t.stack[i]
	}
	return nil
}

func (t *pdfText) operator(op pdfWord) {
	switch op {
	case "Tf":
		name, _ := t.operand(2).(pdfName)
		t.font = t.doc.font(t.fonts[string(name)])
	case "Tj":
		t.show(t.operand(1))
	case "'", "\"":
		t.separate('\n')
		t.show(t.operand(1))
	case "TJ":
		list, _ := t.operand(1).([]any)
		for _, v := range list {
			if n, ok := v.(float64); ok && n < -roomOfSpace {
				t.separate(' ')
				continue
			}
			t.show(v)
		}
	case "Td", "TD":
		if y, _ := t.operand(1).(float64); y != 0 {
			t.separate('\n')
		} else if x, _ := t.operand(2).(float64); x != 0 {
			t.separate(' ')
		}
	case "Tm":
		if y, _ := t.operand(1).(float64); y != t.y {
			t.y = y
			t.separate('\n')
		} else {
			t.separate(' ')
		}
	case "T*", "ET":
		t.separate('\n')
	}
}

// separate puts a space or a line break behind what was written.
func (t *pdfText) separate(c byte) {
	n := len(t.out)
	switch {
	case n == 0 || t.out[n-1] == '\n':
	case t.out[n-1] == ' ':
		t.out[n-1] = c
	default:
		t.out = append(t.out, c)
	}
}

func (t *pdfText) show(v any) {
	s, ok := v.([]byte)
	if !ok {
		return
	}
	if t.font == nil {
		t.out = append(t.out, s...)
		return
	}
	t.out = t.font.decode(t.out, s)
}

// pdfFont says what the codes of a font mean.
type pdfFont struct {
	wide  bool // codes have two bytes
	chars map[uint32]string
	spans []pdfSpan
	total *int // characters in all fonts
	over  bool // there are more than are told apart
}

// pdfSpan maps the codes from one to another to characters that follow each other.
type pdfSpan struct{ from, to, char uint32 }

// How many characters are told apart, in all fonts, and how many ranges of them in one.
const (
	maxChars  = 1 << 18
	maxRanges = 1 << 10
)

// decode appends what a string means. A code of which nothing is known is taken for a character of Latin-1 where it has one byte.
func (f *pdfFont) decode(dst, s []byte) []byte {
	for len(s) > 0 {
		n := 1
		code := uint32(s[0])
		if f.wide && len(s) > 1 {
			n, code = 2, uint32(binary.BigEndian.Uint16(s))
		}
		s = s[n:]
		if c, ok := f.char(code); ok {
			dst = append(dst, c...)
		} else if n == 1 {
			dst = append(dst, string(rune(code))...)
		}
	}
	return dst
}

func (f *pdfFont) char(code uint32) (string, bool) {
	if c, ok := f.chars[code]; ok {
		return c, true
	}
	for _, s := range f.spans {
		if s.from <= code && code <= s.to {
			return string(rune(s.char + code - s.from)), true
		}
	}
	return "", false
}

// font reads a font that a page refers to.
func (d *document) font(v any) *pdfFont {
	ref, _ := v.(pdfRef)
	if f, ok := d.fonts[int(ref)]; ok && ref != 0 {
		return f
	}
	dict := d.dict(v)
	if dict == nil {
		return nil
	}
	f := &pdfFont{total: &d.chars, chars: map[uint32]string{}, wide: dict["Subtype"] == pdfName("Type0")}
	if to, ok := dict["ToUnicode"].(pdfRef); ok {
		d.told[int(to)] = true
		f.read(d.decoded(d.objects[int(to)]))
		if f.over {
			d.limit("more than %s characters or %s ranges of them in its fonts", lex.Number(maxChars), lex.Number(maxRanges))
		}
	}
	d.fonts[int(ref)] = f
	return f
}

// read reads a table of characters: lists between "beginbfchar" and "endbfchar", or the same of ranges (ISO 32000-1, 9.10.3).
func (f *pdfFont) read(b []byte) {
	var list []any
	for l := (pdfLex{b: b}); ; {
		v := l.next(0)
		if v == nil {
			return
		}
		word, ok := v.(pdfWord)
		if !ok {
			if len(list) < maxChars {
				list = append(list, v)
			} else {
				f.over = true
			}
			continue
		}
		switch word {
		case "endbfchar":
			for ; len(list) >= 2; list = list[2:] {
				f.set(list[0], list[1])
			}
		case "endbfrange":
			for ; len(list) >= 3; list = list[3:] {
				f.span(list[0], list[1], list[2])
			}
		}
		list = list[:0]
	}
}

func pdfCode(v any) (uint32, bool) {
	s, ok := v.([]byte)
	var n uint32
	for _, c := range s[:min(len(s), 4)] {
		n = n<<8 | uint32(c)
	}
	return n, ok && len(s) > 0
}

func (f *pdfFont) set(code, char any) {
	n, ok := pdfCode(code)
	s, _ := char.([]byte)
	if *f.total++; *f.total >= maxChars {
		f.over = true
	} else if ok {
		f.chars[n] = decode16(s, binary.BigEndian)
	}
}

// span maps a range of codes to a character and those after it, or to a list.
func (f *pdfFont) span(from, to, what any) {
	a, ok := pdfCode(from)
	b, ok2 := pdfCode(to)
	if !ok || !ok2 || b < a {
		return
	}
	if list, ok := what.([]any); ok {
		for i, v := range list {
			f.set(binary.BigEndian.AppendUint32(nil, a+uint32(i)), v)
		}
		return
	}
	s, _ := what.([]byte)
	units := make([]uint16, len(s)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(s[2*i:])
	}
	switch r := utf16.Decode(units); {
	case len(r) != 1:
	case len(f.spans) >= maxRanges:
		f.over = true
	default:
		f.spans = append(f.spans, pdfSpan{a, b, uint32(r[0])})
	}
}
