package decode

import (
	"html"
	"unicode/utf8"
)

// longestName is the length of the longest HTML entity with its & and ; ("&CounterClockwiseContourIntegral;").
const longestName = 33

// Reference reads the character reference at the start of b: decimal, hexadecimal or one of the five names that XML has by
// itself. n is its length in bytes, 0 where there is none. A number that is no character gives U+FFFD.
func Reference(b []byte) (r rune, n int) {
	if len(b) < 4 || b[0] != '&' {
		return 0, 0
	}
	if b[1] == '#' {
		return number(b)
	}
	switch {
	case hasPrefix(b, "&lt;"):
		return '<', 4
	case hasPrefix(b, "&gt;"):
		return '>', 4
	case hasPrefix(b, "&amp;"):
		return '&', 5
	case hasPrefix(b, "&quot;"):
		return '"', 6
	case hasPrefix(b, "&apos;"):
		return '\'', 6
	}
	return 0, 0
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// number reads &#45; and &#x2d; at the start of b.
func number(b []byte) (rune, int) {
	i, base := 2, rune(10)
	if len(b) > 2 && b[2]|0x20 == 'x' {
		i, base = 3, 16
	}
	first, r := i, rune(0)
	for ; i < len(b) && i-first <= 8; i++ {
		d := digit(b[i])
		if d >= base {
			break
		}
		r = min(r*base+d, utf8.MaxRune+1)
	}
	if i == first || i >= len(b) || b[i] != ';' {
		return 0, 0
	}
	if !utf8.ValidRune(r) {
		r = utf8.RuneError
	}
	return r, i + 1
}

// digit is the value of a hexadecimal digit, 99 for anything else.
func digit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10
	}
	return 99
}

// entity reads the HTML entity at the start of b and returns its text and length; the length is 0 where there is none.
func entity(b []byte) (string, int) {
	if r, n := Reference(b); n > 0 {
		return string(r), n
	}
	for i := 1; i < len(b) && i < longestName; i++ {
		if b[i] == ';' {
			name := string(b[:i+1])
			if s := html.UnescapeString(name); s != name {
				return s, i + 1
			}
			return "", 0
		}
		if digit(b[i]) == 99 && !letter(b[i]) {
			return "", 0
		}
	}
	return "", 0
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
