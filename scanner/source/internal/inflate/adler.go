package inflate

import "encoding/binary"

const (
	adlerBase = 65521
	// adlerWords is how many words of 8 bytes are summed before the lanes of 16 bits are emptied: 255 times 22 times 23 / 2 fits.
	adlerWords = 22
	// adlerBlocks is how many of such runs are summed before the remainders are taken.
	adlerBlocks = 24

	evenBytes = 0x00ff00ff00ff00ff
	evenLanes = 0x0000ffff0000ffff
)

// adlerOn goes on with an Adler-32 sum, whose halves are a and b, for any machine. It takes 8 bytes at a time: every other one is a lane of 16 bits in
// low, the others are in high; the lanes of lows and highs are the sums of what those were before each word.
func adlerOn(a, b uint64, p []byte) uint32 {
	for blocks := 0; len(p) >= 8; {
		words := min(len(p)/8, adlerWords)
		var low, high, lows, highs uint64
		for range words {
			v := binary.LittleEndian.Uint64(p)
			p = p[8:]
			lows += low
			highs += high
			low += v & evenBytes
			high += v >> 8 & evenBytes
		}
		n := uint64(words) * 8
		b += a * n
		b += 8 * (lanes(lows) + lanes(highs))
		b += weighed(low, 8) + weighed(high, 7)
		a += lanes(low) + lanes(high)
		if blocks++; blocks == adlerBlocks {
			a, b, blocks = a%adlerBase, b%adlerBase, 0
		}
	}
	for _, c := range p {
		a += uint64(c)
		b += a
	}
	return uint32(b%adlerBase)<<16 | uint32(a%adlerBase)
}

// lanes adds the four lanes of 16 bits up.
func lanes(v uint64) uint64 {
	v = v&evenLanes + v>>16&evenLanes
	return v&0xffffffff + v>>32
}

// weighed adds the four lanes up, the first times weight, each other times two less than the one before.
func weighed(v, weight uint64) uint64 {
	return v&0xffff*weight + v>>16&0xffff*(weight-2) + v>>32&0xffff*(weight-4) + v>>48*(weight-6)
}
