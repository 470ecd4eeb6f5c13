package decode

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// escapes finds what a backslash begins.
func escapes(dst []edit, m *Marks) []edit {
	text := m.text
	for i := 0; ; {
		i = m.next(marksBackslash, i)
		if i < 0 || i+1 >= len(text) {
			return dst
		}
		e, ok := escape(text, i)
		if ok {
			dst = append(dst, e)
			i = e.to
			continue
		}
		i += 2
	}
}

// escape reads the escape at text[i], a backslash that is not the last byte.
func escape(text []byte, i int) (edit, bool) {
	switch c := text[i+1]; c {
	case 'n', 'r', 't':
		e := replace(i, i+2, control[c])
		e.weak = i+2 >= len(text) || !wordByte(text[i+2])
		return e, true
	case '\\', '\'':
		e := replace(i, i+2, c)
		e.weak = c == '\'' || i+2 >= len(text) || !strings.ContainsRune(`uUx"/`, rune(text[i+2]))
		return e, true
	case '"', '/', '_', '-', '=', ':', '@', '+', '&':
		return replace(i, i+2, c), true
	case 'u', 'U', 'x':
		return hexEscape(text, i)
	case '0', '1', '2', '3':
		return octal(text, i)
	}
	return edit{}, false
}

// control are the characters that a letter after a backslash stands for.
var control = [...]byte{'n': '\n', 'r': '\r', 't': '\t'}

// octal reads \101.
func octal(text []byte, i int) (edit, bool) {
	if i+4 > len(text) {
		return edit{}, false
	}
	v := 0
	for _, c := range text[i+1 : i+4] {
		if c < '0' || c > '7' {
			return edit{}, false
		}
		v = v<<3 | int(c-'0')
	}
	return replace(i, i+4, byte(v)), printable(byte(v))
}

// hexEscape reads \x41, \u0041, \u{41}, \U00000041 and pairs of surrogates.
func hexEscape(text []byte, i int) (edit, bool) {
	switch text[i+1] {
	case 'x':
		v, ok := hexValue(text, i+2, 2)
		if !ok || !printable(byte(v)) {
			return edit{}, false
		}
		return replace(i, i+4, byte(v)), true
	case 'U':
		v, ok := hexValue(text, i+2, 8)
		return runeEdit(i, i+10, v), ok && readable(v)
	}
	if i+2 < len(text) && text[i+2] == '{' {
		v, to := braced(text, i+3)
		return runeEdit(i, to, v), to > 0 && readable(v)
	}
	v, ok := hexValue(text, i+2, 4)
	if !ok {
		return edit{}, false
	}
	if utf16.IsSurrogate(v) {
		low, ok := hexValue(text, i+8, 4)
		if r := utf16.DecodeRune(v, low); ok && r != utf8.RuneError && text[i+6] == '\\' && text[i+7] == 'u' {
			return runeEdit(i, i+12, r), true
		}
		return edit{}, false
	}
	return runeEdit(i, i+6, v), readable(v)
}

// braced reads the digits and the brace of \u{41}; to is 0 where that is not there.
func braced(text []byte, i int) (v rune, to int) {
	for n := range 7 {
		if i+n >= len(text) {
			return 0, 0
		}
		c := text[i+n]
		if c == '}' && n > 0 {
			return v, i + n + 1
		}
		d := digit(c)
		if d > 15 || n == 6 {
			return 0, 0
		}
		v = v<<4 | d
	}
	return 0, 0
}

// hexValue reads n hexadecimal digits at text[i].
func hexValue(text []byte, i, n int) (rune, bool) {
	if i+n > len(text) {
		return 0, false
	}
	v := rune(0)
	for _, c := range text[i : i+n] {
		d := digit(c)
		if d > 15 {
			return 0, false
		}
		v = v<<4 | d
	}
	return v, true
}

// runeEdit is an edit that puts a character.
func runeEdit(from, to int, r rune) edit {
	e := edit{from: from, to: to}
	if readable(r) {
		e.n = uint8(len(utf8.AppendRune(e.out[:0], r)))
	}
	return e
}

// readable reports whether r is a character that can stand in a text.
func readable(r rune) bool {
	return r >= ' ' && utf8.ValidRune(r) || r == '\n' || r == '\r' || r == '\t'
}

// printable reports whether a byte can stand in ASCII text.
func printable(c byte) bool {
	return ' ' <= c && c <= '~' || c == '\n' || c == '\r' || c == '\t'
}

func wordByte(c byte) bool { return class[c]&word != 0 }

// percents finds %41 and %u0041.
func percents(dst []edit, m *Marks) []edit {
	for i := 0; ; {
		if i = m.next(marksPercent, i); i < 0 {
			return dst
		}
		e, ok := percent(m.text, i)
		if !ok {
			i++
			continue
		}
		dst = append(dst, e)
		i = e.to
	}
}

func percent(text []byte, i int) (edit, bool) {
	if v, ok := hexValue(text, i+1, 2); ok {
		return replace(i, i+3, byte(v)), printable(byte(v)) || v >= 0x80
	}
	if i+1 < len(text) && text[i+1] == 'u' {
		v, ok := hexValue(text, i+2, 4)
		return runeEdit(i, i+6, v), ok && readable(v) && !utf16.IsSurrogate(v)
	}
	return edit{}, false
}

// entities finds the references of HTML and XML.
func entities(dst []edit, m *Marks) []edit {
	for i := 0; ; {
		if i = m.next(marksAmpersand, i); i < 0 {
			return dst
		}
		e, ok := entityEdit(m.text, i)
		if !ok {
			i++
			continue
		}
		dst = append(dst, e)
		i = e.to
	}
}

func entityEdit(text []byte, i int) (edit, bool) {
	if i+3 >= len(text) || text[i+1] != '#' && !letter(text[i+1]) || bytes.IndexByte(text[i+2:min(len(text), i+longestName)], ';') < 0 {
		return edit{}, false
	}
	s, n := entity(text[i:])
	e := edit{from: i, to: i + n}
	e.n = uint8(copy(e.out[:], s))
	return e, n > 0 && len(s) <= len(e.out)
}

// quotedPrintable finds =41 and the = at the end of a line that goes on. Since = is everywhere, the reason for a view is what
// other texts hardly have: =3D, two such bytes in a row, and such an end where a mail program would put it.
func quotedPrintable(dst []edit, m *Marks) []edit {
	text := m.text
	for i := 0; ; i++ {
		i = m.next(marksEquals, i)
		if i < 0 || i+1 >= len(text) {
			return dst
		}
		switch c := text[i+1]; {
		case c == '\n' || c == '\r':
			if e, ok := softBreak(text, i); ok {
				dst = append(dst, e)
				i = e.to - 1
			}
		case class[c]&hexDigit != 0:
			if v, ok := hexValue(text, i+1, 2); ok && (printable(byte(v)) || v >= 0x80) {
				e := replace(i, i+3, byte(v))
				e.weak = v != '=' && (len(dst) == 0 || dst[len(dst)-1].to != i)
				dst = append(dst, e)
				i += 2
			}
		}
	}
}

// Lengths of the lines, in bytes, at whose end a soft break is believed. RFC 2045 allows 76.
const shortestBroken, longestBroken = 56, 77

func softBreak(text []byte, i int) (edit, bool) {
	to := i + 1
	if text[to] == '\r' {
		to++
	}
	if to >= len(text) || text[to] != '\n' {
		return edit{}, false
	}
	length := i - bytes.LastIndexByte(text[max(0, i-longestBroken-1):i], '\n') - max(0, i-longestBroken-1)
	return edit{from: i, to: to + 1, weak: length < shortestBroken || length > longestBroken}, true
}
