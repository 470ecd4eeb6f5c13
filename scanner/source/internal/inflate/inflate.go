package inflate

import (
	"encoding/binary"
	"errors"
)

// ErrCorrupt says that a stream is not well formed, is cut short, or does not have the length or the sum that it should.
var ErrCorrupt = errors.New("damaged zlib stream")

// longest is the longest match, in bytes.
const longest = 258

// Room is how much output must be left for the fast loop, in bytes: a run of literals, a longest match and what it writes over.
const Room = 3 + longest + 32

// Decoder inflates streams, one after the other. The zero value is ready; it is for one goroutine.
type Decoder struct {
	tables         // of the last block that had its own
	use    *tables // of the block under way
	pre    [1 << preBits]entry
	lens   [litSymbols + 32]uint8
	build  builder

	src  []byte
	in   int
	bits uint64
	n    uint // bits held

	dst []byte
	all []byte // dst and what its memory has behind it
	out int
}

// Inflate decompresses the zlib stream at the beginning of src into dst, which it fills exactly, and returns how many bytes of src the
// stream takes, its sum included. The error is ErrCorrupt.
//
// Up to Room bytes of dst's capacity behind its length are written over where they are there, which is faster.
func (d *Decoder) Inflate(dst, src []byte) (int, error) {
	if len(src) < 2 || src[0]&0xf != 8 || src[0]>>4 > 7 || src[1]&0x20 != 0 || (int(src[0])<<8|int(src[1]))%31 != 0 {
		return 0, ErrCorrupt
	}
	d.src, d.in, d.bits, d.n = src, 2, 0, 0
	d.dst, d.all, d.out = dst, dst[:min(cap(dst), len(dst)+Room)], 0
	defer func() { d.src, d.dst, d.all = nil, nil, nil }()
	for last := false; !last; {
		if !d.need(3) {
			return 0, ErrCorrupt
		}
		head := d.take(3)
		last = head&1 != 0
		if !d.block(head >> 1) {
			return 0, ErrCorrupt
		}
	}
	d.align()
	if d.out != len(dst) || len(src)-d.in < 4 || binary.BigEndian.Uint32(src[d.in:]) != adler(dst) {
		return 0, ErrCorrupt
	}
	return d.in + 4, nil
}

func (d *Decoder) block(kind uint64) bool {
	switch kind {
	case 0:
		return d.stored()
	case 1:
		d.use = &fixed
	case 2:
		if d.use = &d.tables; !d.dynamicCode() {
			return false
		}
	default:
		return false
	}
	ended, ok := d.fast()
	return ok && (ended || d.careful())
}

// need makes sure that n bits are held, at most 48; it reports whether the input has them.
func (d *Decoder) need(n uint) bool {
	for d.n < n {
		if d.in >= len(d.src) {
			return false
		}
		d.bits |= uint64(d.src[d.in]) << d.n
		d.in++
		d.n += 8
	}
	return true
}

// fill holds as many bits as there are, up to 56.
func (d *Decoder) fill() {
	if len(d.src)-d.in >= 8 {
		d.bits |= binary.LittleEndian.Uint64(d.src[d.in:]) << (d.n & 63)
		d.in += int(63-d.n) >> 3
		d.n |= 56
		d.bits &= 1<<(d.n&63) - 1
		return
	}
	for d.n <= 48 && d.in < len(d.src) {
		d.bits |= uint64(d.src[d.in]) << d.n
		d.in++
		d.n += 8
	}
}

// take removes n bits that are held.
func (d *Decoder) take(n uint) uint64 {
	v := d.bits & (1<<n - 1)
	d.bits >>= n
	d.n -= n
	return v
}

// align drops the rest of a byte and gives back the whole bytes that are held.
func (d *Decoder) align() {
	d.in -= int(d.n / 8)
	d.bits, d.n = 0, 0
}

// stored copies a block that is not compressed.
func (d *Decoder) stored() bool {
	d.align()
	if len(d.src)-d.in < 4 {
		return false
	}
	n := int(binary.LittleEndian.Uint16(d.src[d.in:]))
	if n != int(^binary.LittleEndian.Uint16(d.src[d.in+2:])) {
		return false
	}
	d.in += 4
	if n > len(d.src)-d.in || n > len(d.dst)-d.out {
		return false
	}
	copy(d.dst[d.out:], d.src[d.in:d.in+n])
	d.in += n
	d.out += n
	return true
}

// preOrder is the order in which the lengths of the code of lengths stand (RFC 1951, section 3.2.7).
var preOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamicCode reads the codes at the head of a block and sets the tables.
func (d *Decoder) dynamicCode() bool {
	if !d.need(14) {
		return false
	}
	lits, dists, pres := int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
	if lits > 286 || dists > 30 {
		return false
	}
	var pre [19]uint8
	for _, at := range preOrder[:pres] {
		if !d.need(3) {
			return false
		}
		pre[at] = uint8(d.take(3))
	}
	if !d.build.build(d.pre[:], preBits, pre[:], preMeaning) || !d.lengths(lits+dists) || d.lens[256] == 0 {
		return false
	}
	return d.build.build(d.lit[:], litBits, d.lens[:lits], litMeaning) &&
		d.build.build(d.dist[:], distBits, d.lens[lits:lits+dists], distMeaning)
}

// repeats are the symbols 16, 17 and 18: extra bits and least count.
var repeats = [3]struct {
	extra uint
	least int
}{{2, 3}, {3, 3}, {7, 11}}

// lengths reads n lengths of codes.
func (d *Decoder) lengths(n int) bool {
	lens := d.lens[:n]
	for i := 0; i < len(lens); {
		if d.n < 14 { // a symbol and its extra bits
			d.fill()
		}
		e := d.pre[d.bits&(1<<preBits-1)]
		if e&isSpecial != 0 || e.consumed() > d.n {
			return false
		}
		d.bits >>= e.consumed()
		d.n -= e.consumed()
		sym := uint8(e >> 16)
		if sym < 16 {
			lens[i] = sym
			i++
			continue
		}
		r := repeats[sym-16]
		if r.extra > d.n || sym == 16 && i == 0 {
			return false
		}
		count := r.least + int(d.take(r.extra))
		if count > len(lens)-i {
			return false
		}
		if sym != 16 {
			clear(lens[i : i+count])
			i += count
			continue
		}
		for range count {
			lens[i] = lens[i-1]
			i++
		}
	}
	return true
}

// careful decodes to the end of a block, one symbol at a time.
func (d *Decoder) careful() bool {
	for {
		d.fill()
		e, ok := d.symbol(d.use.lit[:], litBits)
		switch {
		case !ok:
			return false
		case e&isLiteral != 0:
			if d.out >= len(d.dst) {
				return false
			}
			d.dst[d.out] = byte(e >> 16)
			d.out++
			continue
		case e&isSpecial != 0:
			return true
		}
		n := int(e >> 16)
		d.fill()
		dist, ok := d.symbol(d.use.dist[:], distBits)
		from := d.out - int(dist>>16)
		if !ok || from < 0 || n > len(d.dst)-d.out {
			return false
		}
		for i := range n {
			d.dst[d.out+i] = d.dst[from+i]
		}
		d.out += n
	}
}

// symbol takes one symbol; of a match, bits 16 and up are the length or distance. The end of a block is the only special entry that it returns.
func (d *Decoder) symbol(table []entry, width uint) (entry, bool) {
	e := table[d.bits&(1<<width-1)]
	if e&isLink != 0 {
		if d.n < width {
			return 0, false
		}
		d.take(width)
		e = table[uint64(e>>16)+d.bits&(1<<(e>>8&0xf)-1)]
	}
	if e.consumed() > d.n || e&(isSpecial|isEnd) == invalid {
		return 0, false
	}
	if e&(isLiteral|isSpecial) == 0 {
		v := e.value(d.bits)
		d.take(e.consumed())
		return entry(v) << 16, true
	}
	d.take(e.consumed())
	return e, true
}
