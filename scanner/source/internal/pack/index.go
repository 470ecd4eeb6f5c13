package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// index is a pack index: the sorted names of a pack's objects and their offsets.
type index struct {
	hash    int // bytes of a name
	count   int
	fanout  []byte // 256 counts of 4 bytes
	names   []byte
	starts  []int32 // by the first bits of a name: how many names come before
	shift   int     // what is left of the first 32 bits of a name for those bits
	offsets []byte  // 4 bytes each; with the top bit set, a place in wide
	wide    []byte  // 8 bytes each
}

const fanoutSize = 256 * 4

// isWide marks an offset that is a place in wide.
const isWide = 1 << 31

// readIndex loads an index file.
func readIndex(path string, hash int) (*index, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return parseIndex(f, info.Size(), hash)
}

// parseIndex checks the layout of an index: header, fanout, names, CRCs, offsets, wide offsets, two sums. The CRCs and sums are not read.
// Version 1 has no header, and after the fanout an offset before each name.
func parseIndex(r io.ReaderAt, size int64, hash int) (*index, error) {
	const magic = "\xfftOc\x00\x00\x00\x02"
	head := make([]byte, len(magic)+fanoutSize)
	n, err := r.ReadAt(head, 0)
	switch {
	case !bytes.HasPrefix(head, []byte(magic[:4])):
		return parseIndexOne(r, size, hash)
	case !bytes.HasPrefix(head, []byte(magic)):
		return nil, errors.New("pack index is of neither version 1 nor 2")
	case n < len(head):
		return nil, errors.Join(errors.New("pack index is cut off"), err)
	}
	x := &index{hash: hash, fanout: head[len(magic):]}
	if err := x.measure(); err != nil {
		return nil, err
	}
	wide := size - int64(len(head)) - int64(x.count)*int64(hash+8) - int64(2*hash)
	if wide < 0 || wide%8 != 0 {
		return nil, fmt.Errorf("pack index is cut off: %d objects do not fit", x.count)
	}
	x.names = make([]byte, x.count*hash)
	x.offsets = make([]byte, int64(x.count)*4+wide)
	if _, err := r.ReadAt(x.names, int64(len(head))); err != nil {
		return nil, err
	}
	if _, err := r.ReadAt(x.offsets, int64(len(head)+x.count*(hash+4))); err != nil {
		return nil, err
	}
	x.offsets, x.wide = x.offsets[:x.count*4], x.offsets[x.count*4:]
	x.divide()
	return x, nil
}

// measure takes the count of objects from the fanout.
func (x *index) measure() error {
	for i := 1; i < 256; i++ {
		if x.below(i-1) > x.below(i) {
			return errors.New("pack index has a wrong table")
		}
	}
	x.count = x.below(255)
	return nil
}

// parseIndexOne reads an index of version 1: fanout, offset and name of each object, two sums.
func parseIndexOne(r io.ReaderAt, size int64, hash int) (*index, error) {
	x := &index{hash: hash, fanout: make([]byte, fanoutSize)}
	if _, err := r.ReadAt(x.fanout, 0); err != nil {
		return nil, errors.Join(errors.New("pack index is cut off"), err)
	}
	if err := x.measure(); err != nil {
		return nil, err
	}
	each := 4 + hash
	if int64(x.count)*int64(each) != size-fanoutSize-int64(2*hash) {
		return nil, fmt.Errorf("not a pack index: %d objects do not make %d bytes", x.count, size)
	}
	rows := make([]byte, x.count*each)
	if _, err := r.ReadAt(rows, fanoutSize); err != nil {
		return nil, err
	}
	x.offsets, x.names = make([]byte, 0, x.count*4), make([]byte, 0, x.count*hash)
	for row := range slices.Chunk(rows, each) {
		at := binary.BigEndian.Uint32(row)
		if at&isWide != 0 { // which version 2 keeps in its other table
			at, x.wide = isWide|uint32(len(x.wide)/8), binary.BigEndian.AppendUint64(x.wide, uint64(at))
		}
		x.offsets, x.names = binary.BigEndian.AppendUint32(x.offsets, at), append(x.names, row[4:]...)
	}
	x.divide()
	return x, nil
}

// Names are sums, evenly spread: where there is a bucket for every namesEach of them, none holds many.
const (
	namesEach = 4
	mostSplit = 24 // bits
)

// divide counts the names by their first bits, of more than the 8 that the file's own table counts by.
func (x *index) divide() {
	width := min(bits.Len(uint(x.count/namesEach)), mostSplit)
	x.shift = 32 - width
	x.starts = make([]int32, 1<<width+1)
	for at := 0; at < len(x.names); at += x.hash {
		x.starts[binary.BigEndian.Uint32(x.names[at:])>>x.shift+1]++
	}
	for i := 1; i < len(x.starts); i++ {
		x.starts[i] += x.starts[i-1]
	}
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

// search returns the position of an object's name.
func (x *index) search(id ID) (int, bool) {
	if int(id.size) != x.hash {
		return 0, false
	}
	head, rest := binary.BigEndian.Uint64(id.sum[:]), id.bytes()[8:]
	bucket := head >> 32 >> x.shift
	lo, hi := int(x.starts[bucket]), int(x.starts[bucket+1])
	for lo < hi {
		at := int(uint(lo+hi) >> 1)
		name := x.name(at)
		switch here := binary.BigEndian.Uint64(name); {
		case here < head || here == head && bytes.Compare(name[8:], rest) < 0:
			lo = at + 1
		case here > head || !bytes.Equal(name[8:], rest):
			hi = at
		default:
			return at, true
		}
	}
	return 0, false
}

func (x *index) offset(i int) (int64, bool) {
	off := binary.BigEndian.Uint32(x.offsets[4*i:])
	if off&isWide == 0 {
		return int64(off), true
	}
	at := int(off&^isWide) * 8
	if at+8 > len(x.wide) {
		return 0, false
	}
	wide := binary.BigEndian.Uint64(x.wide[at:])
	return int64(wide), wide < 1<<62
}
