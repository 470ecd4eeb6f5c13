package inflate

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// An entry of a decoding table says what a code means:
//
//	literal   bit 31, the byte in bits 16-23, its code's length in bits 0-7
//	match     the base of a length or distance in bits 16-30, the code's length in bits 8-12, that plus the number of extra bits in bits 0-7
//	special   bit 15 and one of: link, end of block, no such code
//
// A link leads to a sub-table: its start in bits 16-30, its width in bits 8-11, the bits to skip in bits 0-7.
type entry uint32

const (
	isLiteral entry = 1 << 31
	isSpecial entry = 1 << 15
	isLink    entry = 1 << 14
	isEnd     entry = 1 << 13

	invalid = isSpecial
)

// consumed is how many bits an entry takes, extra bits included.
func (e entry) consumed() uint { return uint(e & 0x3f) }

// value is the length or distance of a match, with its extra bits taken from b.
func (e entry) value(b uint64) int {
	return int(e>>16) + int((b&(1<<e.consumed()-1))>>(uint(e>>8)&0x1f))
}

const (
	litBits    = 11
	distBits   = 8
	preBits    = 7
	maxCode    = 15
	litSymbols = 288
	// The largest tables of a primary width and codes of at most 15 bits, as zlib's enough.c counts them.
	litTable  = 2342
	distTable = 402
)

// lengthBase and lengthExtra are RFC 1951, section 3.2.5, for codes 257 and up.
var (
	lengthBase = [29]uint16{
		3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
		163, 195, 227, 258,
	}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase    = [30]uint16{
		1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
		3073, 4097, 6145, 8193, 12289, 16385, 24577,
	}
	distExtra = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// What each symbol means, without the length of its code.
var (
	litMeaning  = literalMeanings()
	distMeaning = matchMeanings(distBase[:], distExtra[:], 32)
	preMeaning  = plainMeanings(19)
)

func literalMeanings() []entry {
	m := make([]entry, 256, litSymbols)
	for i := range m {
		m[i] = isLiteral | entry(i)<<16
	}
	m = append(m, isSpecial|isEnd)
	return append(m, matchMeanings(lengthBase[:], lengthExtra[:], litSymbols-257)...)
}

// matchMeanings leaves symbols that have no meaning invalid.
func matchMeanings(base []uint16, extra []uint8, n int) []entry {
	m := make([]entry, n)
	for i := range m {
		m[i] = invalid
		if i < len(base) {
			m[i] = entry(base[i])<<16 | entry(extra[i])
		}
	}
	return m
}

func plainMeanings(n int) []entry {
	m := make([]entry, n)
	for i := range m {
		m[i] = entry(i) << 16
	}
	return m
}

// coded is a meaning with the length of the code that is left to take.
func coded(m entry, n int) entry { return m + entry(n)<<8 + entry(n) }

// tables are those for literals and lengths, and for distances.
type tables struct {
	lit  [litTable]entry
	dist [distTable]entry
}

// fixed are those of RFC 1951, section 3.2.6.
var fixed = fixedTables()

func fixedTables() (t tables) {
	lens := slices.Concat(bytes.Repeat([]byte{8}, 144), bytes.Repeat([]byte{9}, 112), bytes.Repeat([]byte{7}, 24), bytes.Repeat([]byte{8}, 8))
	var b builder
	b.build(t.lit[:], litBits, lens, litMeaning)
	b.build(t.dist[:], distBits, bytes.Repeat([]byte{5}, 32), distMeaning)
	return t
}

// builder makes decoding tables. Its arrays are kept from one table to the next.
type builder struct {
	count [codeLengths]int
	// sorted are the symbols that have a code; behind them is room for those that have none, whose order nobody asks for.
	sorted [2 * litSymbols]uint16
}

// codeLengths is how many lengths a code can have, none included, as a power of two.
const codeLengths = maxCode + 1

// sort orders the symbols by the length of their codes and reports the length of the longest and how complete the code is: the
// share of the code space that is used, in units of the longest code. It looks at eight symbols at once where they have no code, as
// most symbols in a short text.
func (b *builder) sort(lens []uint8) (longest, used int) {
	b.tally(lens)
	for longest = maxCode; longest > 0 && b.count[longest] == 0; longest-- {
	}
	next := [codeLengths]int{litSymbols, 0}
	for n := 1; n < maxCode; n++ {
		next[n+1] = next[n] + b.count[n]
	}
	for n := 1; n <= longest; n++ {
		used = used<<1 + b.count[n]
	}
	sym := 0
	for ; len(lens)-sym >= 8; sym += 8 {
		word := binary.LittleEndian.Uint64(lens[sym:])
		for at := sym; word != 0; word, at = word>>8, at+1 {
			n := word % codeLengths
			b.sorted[next[n]] = uint16(at)
			next[n]++
		}
	}
	for ; sym < len(lens); sym++ {
		n := lens[sym] % codeLengths
		b.sorted[next[n]] = uint16(sym)
		next[n]++
	}
	return longest, used
}

// tally counts the symbols by the length of their codes. The count of those without one is too low.
func (b *builder) tally(lens []uint8) {
	var odd [codeLengths]int // of every other symbol: a count that was just written is not waited for
	clear(b.count[:])
	for ; len(lens) >= 8; lens = lens[8:] {
		for word := binary.LittleEndian.Uint64(lens); word != 0; word >>= 16 {
			b.count[word%codeLengths]++
			odd[word>>8%codeLengths]++
		}
	}
	for _, n := range lens {
		odd[n%codeLengths]++
	}
	for n, more := range odd {
		b.count[n] += more
	}
}

// build fills a table for the code in which symbol i has a code of lens[i] bits. It reports whether the code is one that
// RFC 1951 allows: complete, or at most one symbol with a code of one bit.
func (b *builder) build(table []entry, width int, lens []uint8, meaning []entry) bool {
	longest, used := b.sort(lens)
	if used != 1<<longest || longest == 0 {
		return b.degenerate(table, width, longest, used, meaning)
	}
	code, n, sym := 0, 1, 0
	for b.count[n] == 0 {
		n++
	}
	end := 1 << min(n, width)
	for n <= width {
		for range b.count[n] {
			table[code] = coded(meaning[b.sorted[sym]], n)
			sym++
			if code == 1<<n-1 {
				spread(table, end, width)
				return true
			}
			code = advance(code, n)
		}
		for n++; ; n++ {
			if n <= width {
				copy(table[end:2*end], table[:end])
				end *= 2
			}
			if b.count[n] > 0 {
				break
			}
		}
	}
	b.link(table, width, code, n, sym, meaning)
	return true
}

// advance returns the code after this one, of n bits, both with the bits in reverse order.
func advance(code, n int) int {
	bit := 1 << (bits.Len(uint(code^(1<<n-1))) - 1)
	return code&(bit-1) | bit
}

// spread repeats the first end entries over the whole table.
func spread(table []entry, end, width int) {
	for ; end < 1<<width; end *= 2 {
		copy(table[end:2*end], table[:end])
	}
}

// link makes the sub-tables, for the codes that are longer than the table is wide, from the given code on.
func (b *builder) link(table []entry, width, code, n, sym int, meaning []entry) {
	end, start, prefix, left := 1<<width, 0, -1, b.count[n]
	for {
		if p := code & (1<<width - 1); p != prefix {
			prefix, start = p, end
			sub := n - width
			for used := left; used < 1<<sub; {
				sub++
				used = used<<1 + b.count[width+sub]
			}
			end = start + 1<<sub
			table[prefix] = entry(start)<<16 | isSpecial | isLink | entry(sub)<<8 | entry(width)
		}
		e := coded(meaning[b.sorted[sym]], n-width)
		for i := start + code>>width; i < end; i += 1 << (n - width) {
			table[i] = e
		}
		sym++
		if code == 1<<n-1 {
			return
		}
		code = advance(code, n)
		for left--; left == 0; left = b.count[n] {
			n++
		}
	}
}

// degenerate fills a table for a code of no symbol, or of one with a code of one bit: the other codes are invalid.
func (b *builder) degenerate(table []entry, width, longest, used int, meaning []entry) bool {
	if longest > 1 || used > 1 {
		return false
	}
	table[0], table[1] = invalid, invalid
	if used == 1 {
		table[0] = coded(meaning[b.sorted[0]], 1)
	}
	spread(table, 2, width)
	return true
}
