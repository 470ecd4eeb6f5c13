package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

var errDelta = errors.New("damaged delta")

// Copy is a run of bytes that an object has from its delta base: bytes [To, To+Len) are the base's [From, From+Len).
type Copy struct{ From, To, Len int }

// rebuild makes an object from its base and a delta, in memory that take gives, and appends to copies what stems from the base.
func rebuild(base, delta []byte, take func(int) []byte, copies []Copy) ([]byte, []Copy, error) {
	from, to, ops, err := deltaSizes(delta)
	switch {
	case err != nil:
		return nil, nil, err
	case from != int64(len(base)):
		return nil, nil, errDelta
	case to > trusted && makes(ops) != to: // no memory is taken for a lie
		return nil, nil, errDelta
	}
	out := take(int(to))
	copies, err = apply(out, base, ops, copies)
	if err != nil {
		return nil, nil, err
	}
	return out, copies, nil
}

// deltaSizes reads the head of a delta: the length of its base and of what it makes.
func deltaSizes(delta []byte) (from, to int64, rest []byte, err error) {
	a, n := binary.Uvarint(delta)
	if n <= 0 {
		return 0, 0, nil, errDelta
	}
	b, m := binary.Uvarint(delta[n:])
	if m <= 0 || a > maxRebuilt {
		return 0, 0, nil, errDelta
	}
	if b > maxRebuilt {
		return 0, 0, nil, fmt.Errorf("%d bytes when rebuilt, over the limit of %d", b, int64(maxRebuilt))
	}
	return int64(a), int64(b), delta[n+m:], nil
}

// short is how many bytes are copied at once where fewer are to be copied and there is room.
const short = 16

// apply rebuilds an object from its base and the instructions of a delta. It fills out exactly and appends to copies what was copied;
// runs that follow each other in both are one.
func apply(out, base, delta []byte, copies []Copy) ([]Copy, error) {
	at := 0
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		if op&0x80 == 0 {
			n := int(op)
			if n == 0 || n > len(delta) || n > len(out)-at {
				return nil, errDelta
			}
			if n <= short && len(delta) >= short && len(out)-at >= short {
				*(*[short]byte)(out[at:]) = *(*[short]byte)(delta)
			} else {
				copy(out[at:], delta[:n])
			}
			delta = delta[n:]
			at += n
			continue
		}
		from, n, used := copyArgs(op, delta)
		if used < 0 || from+n > len(base) || n > len(out)-at {
			return nil, errDelta
		}
		delta = delta[used:]
		copy(out[at:], base[from:from+n])
		if last := len(copies) - 1; last >= 0 && copies[last].From+copies[last].Len == from && copies[last].To+copies[last].Len == at {
			copies[last].Len += n
		} else {
			copies = append(copies, Copy{from, at, n})
		}
		at += n
	}
	if at != len(out) {
		return nil, errDelta
	}
	return copies, nil
}

// makes is how many bytes the instructions of a delta make, -1 when they are damaged.
func makes(delta []byte) int64 {
	var sum int64
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		n, used := int(op), int(op)
		if op&0x80 != 0 {
			_, n, used = copyArgs(op, delta)
		}
		if used < 0 || used > len(delta) {
			return -1
		}
		delta = delta[used:]
		sum += int64(n)
	}
	return sum
}

// copyArgs reads the arguments of a copy instruction, those bytes that its bits name, and how many bytes they take: -1 when they are
// cut off. Which bits are set cannot be foreseen, so that it does without branches.
func copyArgs(op byte, args []byte) (from, n, used int) {
	used = bits.OnesCount8(op & 0x7f)
	if len(args) < 8 {
		if used > len(args) {
			return 0, 0, -1
		}
		args = append(make([]byte, 0, 16), args...)[:8]
	}
	v, named := binary.LittleEndian.Uint64(args), uint64(op)
	var all uint64
	for i := 0; i < 7*8; i += 8 {
		is := -(named & 1)
		all |= v & 0xff & is << i
		v >>= 8 & is
		named >>= 1
	}
	from, n = int(all&0xffffffff), int(all>>32)
	if n == 0 {
		n = 0x10000
	}
	return from, n, used
}
