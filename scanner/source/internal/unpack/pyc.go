package unpack

import (
	"bytes"
	"encoding/binary"
	"io"
)

const (
	// maxPyc is the longest compiled module that is read.
	maxPyc = 16 << 20
	// maxNested is how deep objects nest.
	maxNested = 200
)

// pyc gives the strings of a compiled Python module, a line each: constants, names and whatever else is a string. Beside them in the
// file stand bytes of their lengths, which may be letters.
func (w *walk) pyc(n node, r io.ReaderAt, size int64) error {
	if size > maxPyc {
		return limitf("a compiled module of more than %d bytes", maxPyc)
	}
	defer w.hold(2 * size)()
	b := make([]byte, size)
	if k, err := r.ReadAt(b, 0); k < len(b) {
		return err
	}
	m := marshalled(b)
	ok := m.object(0)
	if len(m.out) > 0 {
		w.text(Place{Path: n.below("constants").path, Line: 1, Raw: true}, bytes.NewReader(m.out))
	}
	if !ok {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// marshal reads objects as Python's marshal module writes them (Python/marshal.c).
type marshal struct {
	b    []byte
	ints int    // numbers that a code object begins with
	rest string // what follows them: o an object, i a number
	out  []byte
}

// marshalled begins reading a module. What stands before its code object, and how that is laid out, depends on the version, which the
// first two bytes give (Lib/importlib/_bootstrap_external.py, Include/internal/pycore_magic_number.h).
func marshalled(b []byte) *marshal {
	version := binary.LittleEndian.Uint16(b)
	m := &marshal{ints: 5, rest: "ooooooooio"}
	head := 16
	switch {
	case version >= 20000: // 2.x
		head, m.ints = 8, 4
	case version < 3190: // 3.0 and 3.1
		head = 8
	case version < 3390: // to 3.6; the size of the source came with 3.3
		head = 12
	case version >= 3400 && version < 3450: // 3.8 to 3.10 have positional-only arguments
		m.ints = 6
	case version >= 3450: // 3.11 on
		m.rest = "ooooooooioo"
	}
	m.b = b[min(head, len(b)):]
	return m
}

// take takes n bytes.
func (m *marshal) take(n uint64) ([]byte, bool) {
	if n > uint64(len(m.b)) {
		return nil, false
	}
	b := m.b[:n]
	m.b = m.b[n:]
	return b, true
}

// size takes a number of four bytes, or of one.
func (m *marshal) size(n uint64) (uint64, bool) {
	b, ok := m.take(n)
	if !ok {
		return 0, false
	}
	var all [4]byte
	copy(all[:], b)
	return uint64(binary.LittleEndian.Uint32(all[:])), true
}

// object reads an object and all in it. It returns false where that cannot be read.
func (m *marshal) object(depth int) bool {
	b, ok := m.take(1)
	if !ok || depth > maxNested {
		return false
	}
	switch kind := b[0] & 0x7F; kind { // the high bit says that others refer to it
	case 'N', 'F', 'T', 'S', '.', '0':
		return true
	case 'i', 'r', 'R':
		return m.skip(4)
	case 'I', 'g':
		return m.skip(8)
	case 'y':
		return m.skip(16)
	case 's', 't', 'u', 'a', 'A':
		return m.text(4)
	case 'z', 'Z':
		return m.text(1)
	case 'f', 'x':
		return m.words(kind)
	case 'l':
		n, ok := m.size(4)
		if int32(n) < 0 {
			n = uint64(-int64(int32(n)))
		}
		return ok && m.skip(2*n)
	case ')':
		return m.list(1, depth)
	case '(', '[', '<', '>':
		return m.list(4, depth)
	case ':': // a slice
		return m.objects(3, depth)
	case '{':
		return m.dict(depth)
	case 'c':
		return m.code(depth)
	default:
		return false
	}
}

func (m *marshal) skip(n uint64) bool {
	_, ok := m.take(n)
	return ok
}

// text reads a string, whose length has so many bytes.
func (m *marshal) text(length uint64) bool {
	n, ok := m.size(length)
	if !ok {
		return false
	}
	b, ok := m.take(n)
	if ok && len(b) > 0 {
		m.out = append(append(m.out, b...), '\n')
	}
	return ok
}

// words reads a number that is written in digits, or two of them.
func (m *marshal) words(kind byte) bool {
	for range map[byte]int{'f': 1, 'x': 2}[kind] {
		n, ok := m.size(1)
		if !ok || !m.skip(n) {
			return false
		}
	}
	return true
}

func (m *marshal) list(length uint64, depth int) bool {
	n, ok := m.size(length)
	return ok && m.objects(n, depth)
}

// objects reads so many objects of what is nested at a depth.
func (m *marshal) objects(n uint64, depth int) bool {
	for ; n > 0; n-- {
		if !m.object(depth + 1) {
			return false
		}
	}
	return true
}

// dict reads pairs up to a null.
func (m *marshal) dict(depth int) bool {
	for {
		if len(m.b) > 0 && m.b[0]&0x7F == '0' {
			m.b = m.b[1:]
			return true
		}
		if !m.objects(2, depth) {
			return false
		}
	}
}

// code reads a code object.
func (m *marshal) code(depth int) bool {
	if !m.skip(4 * uint64(m.ints)) {
		return false
	}
	for _, c := range m.rest {
		if c == 'i' && !m.skip(4) || c == 'o' && !m.object(depth+1) {
			return false
		}
	}
	return true
}
