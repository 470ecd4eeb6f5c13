package decode

import (
	"bytes"
	"math/bits"
	"slices"
)

// The classes of bytes whose places are marked.
const (
	marksKey = iota // what keys are made of
	marksBackslash
	marksPercent
	marksAmpersand
	marksEquals
	marksEnd   // \n and \r
	marksQuote // " and '
	marksOdd   // peculiar: a character can begin with it that is not what it seems
	classesMarked
)

// cell is how many bytes of a text one word of marks is for.
const cell = 64

// Marks says where in a text the bytes stand with which each kind begins: one pass over the text for all kinds together, after
// which a kind reads a bit for each byte, and only where its bit is set the text. Its memory is used again for the next text.
type Marks struct {
	text  []byte
	cells int
	// bits hold cells words for each class: bit i%64 of word i/64 is for byte i.
	bits []uint64
	// long are the longest runs of key bytes that hold leastBase64 bytes and more.
	long []run
	// apart are places in rows of words of two or four key bytes, as bytes are listed in hexadecimal digits.
	apart []int
	// zeros says that there is a zero byte.
	zeros bool
}

// run is text[from:to].
type run struct{ from, to int }

// Mark takes the marks of a text, which must not change while they are used.
func (m *Marks) Mark(text []byte) {
	m.text, m.cells = text, (len(text)+cell-1)/cell
	n := classesMarked * m.cells
	m.bits = slices.Grow(m.bits[:0], n)[:n]
	full := len(text) / cell
	m.zeros = markCells(m.bits, m.cells, text[:full*cell])
	if full < m.cells {
		var tail [cell]byte
		size := copy(tail[:], text[full*cell:])
		markCells(m.bits[full:], m.cells, tail[:])
		m.zeros = m.zeros || bytes.IndexByte(tail[:size], 0) >= 0
	}
	m.refine()
}

// Zeros reports whether the text has a zero byte.
func (m *Marks) Zeros() bool { return m.zeros }

func (m *Marks) of(class int) []uint64 { return m.bits[class*m.cells:][:m.cells:m.cells] }

// next returns the first marked byte of a class from at on, -1 when there is none.
func (m *Marks) next(class, at int) int {
	words := m.of(class)
	w := at / cell
	if w >= len(words) {
		return -1
	}
	x := words[w] >> (at % cell) << (at % cell)
	for x == 0 {
		if w++; w >= len(words) {
			return -1
		}
		x = words[w]
	}
	return w*cell + bits.TrailingZeros64(x)
}

// refine leaves, of the marks that are everywhere, those that a kind can begin with, and finds the long runs: a quote counts behind a
// key byte, the end of a line behind leastTail of them or a backslash, and = before a line's end or two of them.
func (m *Marks) refine() {
	m.long, m.apart = m.long[:0], m.apart[:0]
	key := m.of(marksKey)
	slash, equals, ends, quotes := m.of(marksBackslash)[:len(key)], m.of(marksEquals)[:len(key)], m.of(marksEnd)[:len(key)], m.of(marksQuote)[:len(key)]
	var before, by2, by4, by8, slashes, end uint64 // of the word before: where runs of so many key bytes end
	for w, k := range key {
		k2 := k & (k<<1 | before>>63)
		k4 := k2 & (k2<<2 | by2>>62)
		k8 := k4 & (k4<<4 | by4>>60)
		if k24 := k8 & (k8<<8 | by8>>56) & (k8<<16 | by8>>48); k24 != 0 {
			m.addLong(w, k24)
		}
		for row := rows(k); row != 0; row &= row - 1 {
			m.apart = append(m.apart, w*cell+bits.TrailingZeros64(row))
		}
		e, s := ends[w], slash[w]
		if w > 0 {
			same := equals[w-1]
			equals[w-1] = same & ^(same>>1 | equals[w]<<63) & ((before>>1|k<<63)&(before>>2|k<<62) | end>>1 | e<<63)
		}
		quotes[w] &= k<<1 | before>>63
		ends[w] = e & (k8<<1 | by8>>63 | s<<1 | slashes>>63)
		before, by2, by4, by8, slashes, end = k, k2, k4, k8, s, e
	}
	if last := len(key) - 1; last >= 0 {
		equals[last] &= ^(equals[last] >> 1) & (before>>1&(before>>2) | end>>1)
	}
}

// rows marks, of the places of key bytes in a cell, where words of equal length stand in a row at equal distances: six words of two
// bytes with one byte between, as in 67 68 and 67:68, or four of four with one or two, as in 0x67,0x68.
func rows(k uint64) uint64 {
	pair := k &^ (k << 1) & (k >> 1) &^ (k >> 2)
	two := pair & (pair >> 3)
	quad := k &^ (k << 1) & (k >> 1) & (k >> 2) & (k >> 3) &^ (k >> 4)
	return two&(two>>6)&(two>>12) | quad&(quad>>5)&(quad>>10)&(quad>>15) | quad&(quad>>6)&(quad>>12)&(quad>>18)
}

// addLong adds the runs of key bytes that have become leastBase64 bytes long where a word has bits.
func (m *Marks) addLong(w int, found uint64) {
	done := 0
	if n := len(m.long); n > 0 {
		done = m.long[n-1].to
	}
	for ; found != 0; found &= found - 1 {
		if at := w*cell + bits.TrailingZeros64(found); at >= done {
			done = m.keysEnd(at)
			m.long = append(m.long, run{at + 1 - leastBase64, done})
		}
	}
}

// keysEnd returns where the run of key bytes ends that text[at] is of.
func (m *Marks) keysEnd(at int) int {
	words := m.of(marksKey)
	w := at / cell
	x := ^words[w] >> (at % cell) << (at % cell)
	for x == 0 {
		if w++; w == len(words) {
			return len(m.text)
		}
		x = ^words[w]
	}
	return w*cell + bits.TrailingZeros64(x)
}

// markCellsGo is markCells for any machine: eight bytes at a time, it looks up the classes of each and turns that square of bits.
func markCellsGo(dst []uint64, stride int, text []byte) bool {
	for w := 0; w < len(text)/cell; w++ {
		var k, slash, percent, ampersand, equals, end, quote, odd uint64
		for i := 0; i < cell; i += 8 {
			b := text[w*cell+i:][:8:8]
			x := turned(uint64(marked[b[0]]) | uint64(marked[b[1]])<<8 | uint64(marked[b[2]])<<16 | uint64(marked[b[3]])<<24 |
				uint64(marked[b[4]])<<32 | uint64(marked[b[5]])<<40 | uint64(marked[b[6]])<<48 | uint64(marked[b[7]])<<56)
			k |= x & 0xFF << i
			slash |= x >> 8 & 0xFF << i
			percent |= x >> 16 & 0xFF << i
			ampersand |= x >> 24 & 0xFF << i
			equals |= x >> 32 & 0xFF << i
			end |= x >> 40 & 0xFF << i
			quote |= x >> 48 & 0xFF << i
			odd |= x >> 56 << i
		}
		for c, x := range [...]uint64{k, slash, percent, ampersand, equals, end, quote, odd} {
			dst[c*stride+w] = x
		}
	}
	return bytes.IndexByte(text, 0) >= 0
}

// turned turns a square of eight by eight bits about its diagonal (Warren, Hacker's Delight, section 7-3).
func turned(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00AA00AA00AA00AA
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000CCCC0000CCCC
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000F0F0F0F0
	return x ^ t ^ t<<28
}

// marked has a bit for each class that a byte is of.
var marked = markedBytes()

func markedBytes() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case peculiar[c]:
			t[i] = 1 << marksOdd
		case class[c]&keyByte != 0:
			t[i] = 1 << marksKey
		}
	}
	for c, of := range map[byte]int{
		'\\': marksBackslash, '%': marksPercent, '&': marksAmpersand, '=': marksEquals,
		'\n': marksEnd, '\r': marksEnd, '"': marksQuote, '\'': marksQuote,
	} {
		t[c] |= 1 << of
	}
	return t
}
