package inflate

import "encoding/binary"

// fast decodes while there is room on both sides. It reports whether the block has ended, and false for ok when the
// stream is damaged.
func (d *Decoder) fastGo() (ended, ok bool) {
	src, dst, t := d.src, d.all, d.use
	in, out, b, n := d.in, d.out, d.bits, d.n
	ok = true
	for in+16 <= len(src) && out+Room <= len(dst) {
		words := (*[16]byte)(src[in:])
		b |= binary.LittleEndian.Uint64(words[:8]) << (n & 63)
		used := (63 - n) >> 3 & 7
		n |= 56
		e := t.lit[b&(1<<litBits-1)]
		if e&isLiteral != 0 {
			to := (*[3]byte)(dst[out:])
			b >>= e & 63
			n -= uint(e & 63)
			to[0] = byte(e >> 16)
			e = t.lit[b&(1<<litBits-1)]
			if e&isLiteral != 0 {
				b >>= e & 63
				n -= uint(e & 63)
				to[1] = byte(e >> 16)
				e = t.lit[b&(1<<litBits-1)]
				if e&isLiteral != 0 {
					b >>= e & 63
					n -= uint(e & 63)
					to[2] = byte(e >> 16)
					out += 3
					in += int(used)
					continue
				}
				out++
			}
			out++
			b |= binary.LittleEndian.Uint64(words[used:used+8]) << (n & 63)
			used += (63 - n) >> 3
			n |= 56
		}
		in += int(used)
		if e&isSpecial != 0 {
			if e&isLink != 0 {
				b, n = b>>litBits, n-litBits
				e = t.lit[int(e>>16)+int(b&(1<<(e>>8&0xf)-1))]
				if e&isLiteral != 0 {
					b >>= e & 63
					n -= uint(e & 63)
					dst[out] = byte(e >> 16)
					out++
					continue
				}
			}
			if e&isSpecial != 0 {
				ended, ok = e&isEnd != 0, e&isEnd != 0
				b, n = b>>(e&63), n-uint(e&63)
				break
			}
		}
		length := e.value(b)
		b >>= e & 63
		n -= uint(e & 63)
		e = t.dist[b&(1<<distBits-1)]
		if e&isLink != 0 {
			b, n = b>>distBits, n-distBits
			e = t.dist[int(e>>16)+int(b&(1<<(e>>8&0xf)-1))]
		}
		back := e.value(b)
		b >>= e & 63
		n -= uint(e & 63)
		from := out - back
		if ok = from >= 0 && e&isSpecial == 0; !ok {
			break
		}
		if back >= 8 && length <= 16 {
			copyWords((*[16]byte)(dst[out:]), (*[16]byte)(dst[from:]))
		} else {
			copyMatch(dst, out, back, length)
		}
		out += length
	}
	d.in, d.out, d.bits, d.n = in, out, b&(1<<(n&63)-1), n
	return ended, ok
}

// copyWords copies 16 bytes, the first 8 before the others, so that the two may lie 8 bytes apart.
func copyWords(to, from *[16]byte) {
	binary.LittleEndian.PutUint64(to[:8], binary.LittleEndian.Uint64(from[:8]))
	binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(from[8:]))
}

// copyMatch writes length bytes at out, copied from back bytes before it. It may write up to 15 bytes more than that.
func copyMatch(dst []byte, out, back, length int) {
	from := out - back
	switch {
	case back >= 8 && length <= 32:
		copyWords((*[16]byte)(dst[out:]), (*[16]byte)(dst[from:]))
		for end := out + length - 16; out < end; out, from = out+8, from+8 {
			binary.LittleEndian.PutUint64(dst[out+16:], binary.LittleEndian.Uint64(dst[from+16:]))
		}
	case back >= length:
		copy(dst[out:out+length], dst[from:from+length])
	case back == 1:
		v := uint64(dst[from]) * 0x0101010101010101
		for end := out + length; out < end; out += 8 {
			binary.LittleEndian.PutUint64(dst[out:], v)
		}
	default:
		for done := 0; done < length; {
			done += copy(dst[out+done:out+length], dst[from:out+done])
		}
	}
}
