package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errDelta = errors.New("damaged delta")

// apply rebuilds an object from its base and a delta.
func apply(base, delta []byte) ([]byte, error) {
	from, delta, err := varint(delta)
	if err != nil || from != uint64(len(base)) {
		return nil, errDelta
	}
	size, delta, err := varint(delta)
	if err != nil {
		return nil, err
	}
	if size > maxRebuilt {
		return nil, fmt.Errorf("%d bytes when rebuilt, over the limit of %d", size, int64(maxRebuilt))
	}
	out := make([]byte, 0, min(size, 16<<20)) // more only when the delta keeps its word
	for len(delta) > 0 {
		var piece []byte
		if piece, delta, err = instruction(base, delta); err != nil {
			return nil, err
		}
		if uint64(len(out)+len(piece)) > size {
			return nil, errDelta
		}
		out = append(out, piece...)
	}
	if uint64(len(out)) != size {
		return nil, errDelta
	}
	return out, nil
}

// instruction reads the first instruction of a delta: it returns the bytes to add, of the base or of the delta, and what
// follows.
func instruction(base, delta []byte) (piece, rest []byte, err error) {
	op := delta[0]
	delta = delta[1:]
	if op&0x80 == 0 {
		n := int(op)
		if n == 0 || n > len(delta) {
			return nil, nil, errDelta
		}
		return delta[:n], delta[n:], nil
	}
	var args [8]byte // offset in 0-3, size in 4-6
	for i := range 7 {
		if op&(1<<i) == 0 {
			continue
		}
		if len(delta) == 0 {
			return nil, nil, errDelta
		}
		args[i], delta = delta[0], delta[1:]
	}
	at, n := uint64(binary.LittleEndian.Uint32(args[:])), uint64(binary.LittleEndian.Uint32(args[4:]))
	if n == 0 {
		n = 0x10000
	}
	if at+n > uint64(len(base)) {
		return nil, nil, errDelta
	}
	return base[at : at+n], delta, nil
}

// varint reads a little-endian number of seven bits a byte.
func varint(b []byte) (uint64, []byte, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, errDelta
	}
	return n, b[size:], nil
}
