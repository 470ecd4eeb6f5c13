package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// index is a pack index of version 2: the sorted names of a pack's objects and their offsets.
type index struct {
	hash    int // bytes of a name
	count   int
	fanout  []byte // 256 counts of 4 bytes
	names   []byte
	offsets []byte // 4 bytes each; with the top bit set, a place in wide
	wide    []byte // 8 bytes each
}

const fanoutSize = 256 * 4

// readIndex loads an index file.
func readIndex(path string, hash int) (*index, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseIndex(data, hash)
}

// parseIndex checks the layout of an index: header, fanout, names, CRCs, offsets, wide offsets, two sums.
func parseIndex(data []byte, hash int) (*index, error) {
	if !bytes.HasPrefix(data, []byte("\xfftOc\x00\x00\x00\x02")) {
		return nil, errors.New("not a pack index of version 2")
	}
	rest := data[8:]
	if len(rest) < fanoutSize {
		return nil, errors.New("pack index is cut off")
	}
	x := &index{hash: hash, fanout: rest[:fanoutSize]}
	for i := 1; i < 256; i++ {
		if x.below(i-1) > x.below(i) {
			return nil, errors.New("pack index has a wrong table")
		}
	}
	x.count = x.below(255)
	rest = rest[fanoutSize:]
	need := x.count*(hash+8) + 2*hash
	if len(rest) < need || (len(rest)-need)%8 != 0 {
		return nil, fmt.Errorf("pack index is cut off: %d objects do not fit", x.count)
	}
	x.names, rest = rest[:x.count*hash], rest[x.count*hash:]
	rest = rest[x.count*4:]
	x.offsets, rest = rest[:x.count*4], rest[x.count*4:]
	x.wide = rest[:len(rest)-2*hash]
	return x, nil
}

// below counts the names whose first byte is at most b.
func (x *index) below(b int) int { return int(binary.BigEndian.Uint32(x.fanout[4*b:])) }

func (x *index) name(i int) []byte { return x.names[i*x.hash : (i+1)*x.hash] }

// find returns the offset of an object in the pack.
func (x *index) find(id ID) (int64, bool) {
	i, ok := x.search(id)
	if !ok {
		return 0, false
	}
	return x.offset(i)
}

// search returns the position of an object's name. Names are sums, evenly spread: the place to look first is where the name would stand if they were
// so exactly. From there the search doubles its step, so that an index that is not even costs no more than a binary search.
func (x *index) search(id ID) (int, bool) {
	if int(id.size) != x.hash {
		return 0, false
	}
	name := id.bytes()
	lo, hi := 0, x.below(int(name[0]))
	if name[0] > 0 {
		lo = x.below(int(name[0]) - 1)
	}
	if lo == hi {
		return 0, false
	}
	share := uint64(binary.BigEndian.Uint32(name[1:]))
	at := lo + int(uint64(hi-lo)*share>>32)
	for step := 4; lo < hi; {
		switch c := bytes.Compare(x.name(at), name); {
		case c == 0:
			return at, true
		case c < 0:
			lo = at + 1
			at = min(at+step, hi-1)
		default:
			hi = at
			at = max(at-step, lo)
		}
		step *= 4
		if step > hi-lo {
			at = lo + (hi-lo)/2
		}
	}
	return 0, false
}

func (x *index) offset(i int) (int64, bool) {
	off := binary.BigEndian.Uint32(x.offsets[4*i:])
	if off&(1<<31) == 0 {
		return int64(off), true
	}
	at := int(off&^(1<<31)) * 8
	if at+8 > len(x.wide) {
		return 0, false
	}
	wide := binary.BigEndian.Uint64(x.wide[at:])
	return int64(wide), wide < 1<<62
}
