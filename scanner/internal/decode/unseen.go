package decode

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// unseen finds characters that a reader does not see, and those that look like ASCII: by package norm's compatibility forms (NFKC)
// and by plain.
func unseen(dst []edit, m *Marks) []edit {
	text := m.text
	for i := m.next(marksOdd, 0); i >= 0; i = m.next(marksOdd, i) {
		e, size := unseenAt(text, i)
		if e.to > 0 {
			joined := i > 0 && class[text[i-1]]&keyByte != 0 || len(dst) > 0 && dst[len(dst)-1].to == i
			e.weak = !joined && (e.n == 0 || class[e.out[0]]&word == 0)
			dst = append(dst, e)
		}
		i += size
	}
	return dst
}

// Bytes of Latin-1 and its relatives for the two characters that matter here.
const (
	noBreak    = 0xA0
	softHyphen = 0xAD
)

// peculiar are the first bytes of characters that unseenAt may replace, and of Latin-1's. markCellsAVX2 has them too.
var peculiar = peculiarBytes()

func peculiarBytes() (t [256]bool) {
	for _, c := range []byte{0xC2, 0xCA, 0xCB, 0xCD, 0xD8, 0xE1, 0xE2, 0xE3, 0xEF, 0xF0, 0xF3, noBreak, softHyphen} {
		t[c] = true
	}
	return t
}

// unseenAt returns the edit of the character at text[i], without an end when it stays, and the character's size.
func unseenAt(text []byte, i int) (edit, int) {
	r, n := utf8.DecodeRune(text[i:])
	if r == utf8.RuneError && n <= 1 {
		r, n = rune(text[i]), 1
		if r != noBreak && r != softHyphen {
			return edit{}, 1
		}
	}
	e := edit{from: i, to: i + n}
	if invisible(r) || 0xE0000 <= r && r <= 0xE01EF {
		return e, n
	}
	if p := plain(r); p < utf8.RuneSelf {
		return replace(i, i+n, byte(p)), n
	}
	form := norm.NFKC.Properties(text[i:]).Decomposition()
	if len(form) == 0 || len(form) > len(e.out) || !ascii(form) {
		return edit{}, n
	}
	e.n = uint8(copy(e.out[:], form))
	return e, n
}
