package decode

import (
	"bytes"
	"encoding/binary"
)

// leastWide is how many ASCII characters in a row make a run of UTF-16 or UTF-32.
const leastWide = 8

// wide16 and wide32 decode runs of ASCII characters that have zero bytes between them. So no byte order mark is needed, and
// a text that is in part of another kind is read too.
func wide16(s *Sheet, m *Marks) { s.wide(m, 2) }

func wide32(s *Sheet, m *Marks) { s.wide(m, 4) }

// wide decodes the runs with size bytes for a character. What stands before the first zero byte of one may be the low byte of its
// character or not belong to it, so both are tried.
func (s *Sheet) wide(m *Marks, size int) {
	if !m.zeros {
		return
	}
	text := m.text
	for at := 0; ; {
		n := bytes.IndexByte(text[at:], 0)
		if n < 0 {
			break
		}
		zero := at + n
		at = zerosEnd(text, zero)
		low, high, from := wideRun(text, zero-1, size, 0), 0, at-(size-1)
		if from >= zero { // only there can the zeros before a character end
			high = wideRun(text, from, size, size-1)
		}
		if low >= leastWide {
			s.wideRun(text, zero-1, low, size, 0)
			at = zero - 1 + low*size
		}
		if high >= leastWide {
			s.wideRun(text, from, high, size, size-1)
			at = max(at, from+high*size)
		}
	}
	s.finish()
}

// zerosEnd returns where the zero bytes end that begin at text[from]. Pictures and holes in files have many.
func zerosEnd(text []byte, from int) int {
	for from+8 <= len(text) && binary.LittleEndian.Uint64(text[from:]) == 0 {
		from += 8
	}
	for from < len(text) && text[from] == 0 {
		from++
	}
	return from
}

// wideRun returns how many characters stand from text[from] on, size bytes each with the low-th of them not zero.
func wideRun(text []byte, from, size, low int) int {
	if from < 0 {
		return 0
	}
	n := 0
	for i := from; i+size <= len(text); i += size {
		for j, c := range text[i : i+size] {
			if j == low && !printable(c) || j != low && c != 0 {
				return n
			}
		}
		n++
	}
	return n
}

func (s *Sheet) wideRun(text []byte, from, n, size, low int) {
	s.lines = append(s.lines[:0], piece{n: n * size, src: from, size: n * size})
	s.encoded(0, n*size, size, 1, func(dst []byte) []byte {
		for i := range n {
			dst = append(dst, text[from+i*size+low])
		}
		return dst
	})
}
