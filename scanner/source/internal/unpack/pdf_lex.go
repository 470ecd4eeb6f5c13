package unpack

import (
	"bytes"
	"strconv"
)

// Values of PDF (ISO 32000-1, 7.3): float64, pdfName, []byte for a string, []any, pdfDict, pdfRef, and pdfWord for anything else, such
// as an operator.
type (
	pdfName string
	pdfWord string
	pdfDict map[string]any
	pdfRef  int
)

// pdfLex reads values. Where text is none of them it passes over it byte by byte.
type pdfLex struct {
	b     []byte
	i     int
	count *int // of values that were read; nil where they are not kept
	over  bool // a bound ended the reading
}

const (
	// maxNesting is how deep arrays and dictionaries nest.
	maxNesting = 64
	// maxValues is how many values are kept, of some 50 bytes each.
	maxValues = 1 << 20
)

func pdfSpace(c byte) bool {
	return c == 0 || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' '
}

func pdfMark(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

// skip passes over white space and comments.
func (l *pdfLex) skip() {
	for l.i < len(l.b) {
		switch c := l.b[l.i]; {
		case pdfSpace(c):
			l.i++
		case c == '%':
			for l.i < len(l.b) && l.b[l.i] != '\n' && l.b[l.i] != '\r' {
				l.i++
			}
		default:
			return
		}
	}
}

// next reads a value; nil at the end.
func (l *pdfLex) next(depth int) any {
	l.skip()
	if l.count == nil {
		l.count = new(int)
	}
	if *l.count++; l.i < len(l.b) && (depth > maxNesting || *l.count > maxValues) {
		l.i, l.over = len(l.b), true
	}
	if l.i >= len(l.b) {
		return nil
	}
	c := l.b[l.i]
	l.i++
	switch c {
	case '/':
		return pdfName(l.word())
	case '(':
		return l.literal()
	case '[':
		return l.array(depth)
	case '<':
		if l.i < len(l.b) && l.b[l.i] == '<' {
			l.i++
			return l.dict(depth)
		}
		return l.hex()
	case '>', ']', ')', '{', '}':
		if c == '>' && l.i < len(l.b) && l.b[l.i] == '>' {
			l.i++
		}
		return pdfWord(c)
	}
	l.i--
	word := l.word()
	if n, err := strconv.ParseFloat(word, 64); err == nil && word[0] <= '9' {
		return n
	}
	return pdfWord(word)
}

// word reads up to white space or a mark.
func (l *pdfLex) word() string {
	from := l.i
	for l.i < len(l.b) && !pdfSpace(l.b[l.i]) && !pdfMark(l.b[l.i]) {
		l.i++
	}
	return string(l.b[from:min(l.i, from+256)])
}

// array reads values up to "]". References are three values that become one.
func (l *pdfLex) array(depth int) any {
	all := []any{}
	for {
		v := l.next(depth + 1)
		if v == nil || v == pdfWord(']') {
			return all
		}
		all = referred(append(all, v))
	}
}

// referred makes "12 0 R" at the end of a list a reference.
func referred(all []any) []any {
	if n := len(all); n >= 3 && all[n-1] == pdfWord("R") {
		if id, ok := all[n-3].(float64); ok && id >= 0 && id < 1<<31 {
			return append(all[:n-3], pdfRef(id))
		}
	}
	return all
}

func (l *pdfLex) dict(depth int) any {
	d := pdfDict{}
	var all []any
	for {
		v := l.next(depth + 1)
		if v == nil || v == pdfWord('>') {
			break
		}
		all = referred(append(all, v))
	}
	for len(all) >= 2 {
		if name, ok := all[0].(pdfName); ok {
			d[string(name)] = all[1]
			all = all[2:]
			continue
		}
		all = all[1:]
	}
	return d
}

// literal reads a string up to the parenthesis that closes it.
func (l *pdfLex) literal() []byte {
	var s []byte
	for depth := 1; l.i < len(l.b); l.i++ {
		c := l.b[l.i]
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.i++
				return s
			}
		case '\\':
			l.i++
			s = l.escape(s)
			continue
		}
		s = append(s, c)
	}
	return s
}

// escape reads what follows a backslash, up to its last byte.
func (l *pdfLex) escape(s []byte) []byte {
	if l.i >= len(l.b) {
		return s
	}
	c := l.b[l.i]
	if i := bytes.IndexByte([]byte("nrtbf"), c); i >= 0 {
		return append(s, "\n\r\t\b\f"[i])
	}
	if c == '\r' || c == '\n' { // the string goes on in the next line
		if c == '\r' && l.i+1 < len(l.b) && l.b[l.i+1] == '\n' {
			l.i++
		}
		return s
	}
	if c < '0' || c > '7' {
		return append(s, c)
	}
	n := 0
	for k := 0; k < 3 && l.i < len(l.b) && '0' <= l.b[l.i] && l.b[l.i] <= '7'; k++ {
		n = n*8 + int(l.b[l.i]-'0')
		l.i++
	}
	l.i--
	return append(s, byte(n))
}

func (l *pdfLex) hex() []byte {
	var s []byte
	half := -1
	for ; l.i < len(l.b); l.i++ {
		c := l.b[l.i]
		if c == '>' {
			l.i++
			break
		}
		d := hexDigit(c)
		switch {
		case d < 0:
		case half < 0:
			half = d
		default:
			s = append(s, byte(half<<4|d))
			half = -1
		}
	}
	if half >= 0 {
		s = append(s, byte(half<<4))
	}
	return s
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
