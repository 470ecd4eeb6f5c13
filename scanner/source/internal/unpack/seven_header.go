package unpack

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// The parts of a 7z header.
const (
	sevenEnd, sevenHead, sevenProperties, sevenMore, sevenStreams, sevenFiles, sevenPack, sevenUnpack, sevenSub = 0, 1, 2, 3, 4, 5, 6, 7, 8
	sevenSize, sevenCRC, sevenFolderID, sevenSizes, sevenCount, sevenEmpty, sevenNames, sevenEncoded            = 9, 10, 11, 12, 13, 14, 17, 23
)

// sevenHeader is a header that is being read. Room is made for no more than maxThings of anything, and for bytes that are there.
type sevenHeader struct {
	b       []byte
	bad     bool // it cannot be read on
	folders []*sevenFolder
	packs   []uint64 // sizes of packed streams
	at      uint64   // of the first
	names   []byte   // of files, in UTF-16
	empty   []byte   // bit by file: it has no stream
	file    int      // the next file
}

// sevenFolder is what is packed together.
type sevenFolder struct {
	coders   []sevenCoder // by number
	branched bool         // coders of several streams
	streams  int          // packed ones
	summed   bool         // it has a check sum of its own
	at       uint64       // of the packed stream
	packed   uint64       // its size
	order    []int        // of the coders, from the packed stream to what comes out
	members  []uint64     // sizes of what it holds, one after the other
}

// size is that of all that comes out.
func (f *sevenFolder) size() uint64 {
	if len(f.order) == 0 {
		return 0
	}
	return f.coders[f.order[len(f.order)-1]].size
}

type sevenCoder struct {
	method string
	props  []byte
	size   uint64 // of what comes out
}

func newBytes(b []byte) io.Reader { return bytes.NewReader(b) }

// take takes n bytes off the header.
func (h *sevenHeader) take(n uint64) []byte {
	if h.bad || n > uint64(len(h.b)) {
		h.bad = true
		return make([]byte, min(n, 8))
	}
	b := h.b[:n]
	h.b = h.b[n:]
	return b
}

func (h *sevenHeader) byte() byte { return h.take(1)[0] }

// number reads a number of one to nine bytes: as many high bits of the first are set as bytes follow.
func (h *sevenHeader) number() uint64 {
	first := h.byte()
	var n uint64
	for i := range 8 {
		if first&(0x80>>i) == 0 {
			return n | uint64(first&(0x80>>i-1))<<(8*i)
		}
		n |= uint64(h.byte()) << (8 * i)
	}
	return n
}

// maxThings is how many files, folders or streams a header may have.
const maxThings = 200_000

// count reads a number of things.
func (h *sevenHeader) count() int {
	n := h.number()
	if n > maxThings {
		h.bad = true
		return 0
	}
	return int(n)
}

// bits reads a bit for each of n things.
func (h *sevenHeader) bits(n int) []byte { return h.take(uint64(n+7) / 8) }

func bit(b []byte, i int) bool { return i/8 < len(b) && b[i/8]&(0x80>>(i%8)) != 0 }

// sums skips the check sums of n things and says which have one.
func (h *sevenHeader) sums(n int) []bool {
	have := make([]bool, n)
	all := h.byte() != 0
	var b []byte
	if !all {
		b = h.bits(n)
	}
	for i := range have {
		if have[i] = all || bit(b, i); have[i] {
			h.take(4)
		}
	}
	return have
}

// read reads the header. packed says that it describes another header, which is its only folder.
func (h *sevenHeader) read() (packed bool, err error) {
	id := h.byte()
	if packed = id == sevenEncoded; packed {
		h.streams()
	} else if id == sevenHead {
		h.parts()
	} else {
		h.bad = true
	}
	if h.bad {
		return false, errDamaged
	}
	return packed, nil
}

func (h *sevenHeader) parts() {
	for !h.bad {
		switch h.byte() {
		case sevenEnd:
			return
		case sevenProperties:
			for !h.bad && h.byte() != sevenEnd {
				h.take(h.number())
			}
		case sevenStreams:
			h.streams()
		case sevenFiles:
			h.files()
		default:
			h.bad = true
		}
	}
}

func (h *sevenHeader) streams() {
	for !h.bad {
		switch h.byte() {
		case sevenEnd:
			h.locate()
			return
		case sevenPack:
			h.packed()
		case sevenUnpack:
			h.unpacked()
		case sevenSub:
			h.substreams()
		default:
			h.bad = true
		}
	}
}

func (h *sevenHeader) packed() {
	h.at = h.number() + 32
	n := h.count()
	for !h.bad {
		switch h.byte() {
		case sevenEnd:
			return
		case sevenSize:
			for i := 0; i < n && !h.bad; i++ {
				h.packs = append(h.packs, h.number())
			}
		case sevenCRC:
			h.sums(n)
		default:
			h.bad = true
		}
	}
}

// unpacked reads what the folders are. Each holds one member, unless it is said to have more.
func (h *sevenHeader) unpacked() {
	for !h.bad {
		switch h.byte() {
		case sevenEnd:
			for _, f := range h.folders {
				f.members = []uint64{f.size()}
			}
			return
		case sevenFolderID:
			n := h.count()
			h.bad = h.bad || h.byte() != 0
			for i := 0; i < n && !h.bad; i++ {
				h.folders = append(h.folders, h.folder())
			}
		case sevenSizes:
			for _, f := range h.folders {
				for i := range f.coders {
					f.coders[i].size = h.number()
				}
			}
		case sevenCRC:
			for i, summed := range h.sums(len(h.folders)) {
				h.folders[i].summed = summed
			}
		default:
			h.bad = true
		}
	}
}

// folder reads how the streams of a folder are made.
func (h *sevenHeader) folder() *sevenFolder {
	f := &sevenFolder{streams: 1}
	in, out := 0, 0
	for range min(h.count(), 64) {
		flags := h.byte()
		c := sevenCoder{method: string(h.take(uint64(flags & 15)))}
		ins, outs := 1, 1
		if flags&0x10 != 0 {
			ins, outs = h.count(), h.count()
		}
		if flags&0x20 != 0 {
			c.props = h.take(h.number())
		}
		f.branched = f.branched || ins != 1 || outs != 1
		in, out = in+ins, out+outs
		f.coders = append(f.coders, c)
	}
	if h.bad || out == 0 || out > 64 {
		h.bad = true
		return f
	}
	bonds := make([][2]uint64, out-1)
	for i := range bonds {
		bonds[i] = [2]uint64{h.number(), h.number()}
	}
	if f.streams = max(in-len(bonds), 0); f.streams > 1 {
		for range f.streams {
			if h.bad {
				break
			}
			h.number()
		}
	}
	for len(f.coders) < out && !h.bad { // a place for each size that follows
		f.coders = append(f.coders, sevenCoder{})
	}
	h.bad = h.bad || !f.branched && !f.chain(bonds)
	return f
}

// chain puts the coders into the order in which they work. A bond says whose input is whose output.
func (f *sevenFolder) chain(bonds [][2]uint64) bool {
	next := make([]int, len(f.coders))
	bound := make([]bool, len(f.coders))
	for i := range next {
		next[i] = -1
	}
	for _, b := range bonds {
		if b[0] >= uint64(len(next)) || b[1] >= uint64(len(next)) {
			return false
		}
		next[b[1]], bound[b[0]] = int(b[0]), true
	}
	for first := range next {
		for i := first; !bound[first] && i >= 0 && len(f.order) < len(next); i = next[i] {
			f.order = append(f.order, i)
		}
	}
	return len(f.order) == len(next)
}

// substreams reads how many members each folder has, and their sizes; the last is what the others leave.
func (h *sevenHeader) substreams() {
	counts := make([]int, len(h.folders))
	for i := range counts {
		counts[i] = 1
	}
	for !h.bad {
		switch h.byte() {
		case sevenEnd:
			return
		case sevenCount:
			for i := range counts {
				counts[i] = h.count()
				h.folders[i].members = make([]uint64, 0, min(counts[i], 1024))
				if counts[i] == 1 {
					h.folders[i].members = []uint64{h.folders[i].size()}
				}
			}
		case sevenSize:
			total := 0
			for i, f := range h.folders {
				f.members = f.members[:0]
				left := f.size()
				if total += counts[i]; total > maxThings {
					h.bad = true
				}
				for j := 0; j < counts[i] && !h.bad; j++ {
					size := left
					if j < counts[i]-1 {
						size = min(h.number(), left)
					}
					f.members = append(f.members, size)
					left -= size
				}
			}
		case sevenCRC:
			n := 0
			for i, c := range counts {
				if c != 1 || !h.folders[i].summed {
					n += c
				}
			}
			if h.bad = h.bad || n > maxThings; !h.bad {
				h.sums(n)
			}
		default:
			h.bad = true
		}
	}
}

// locate finds the packed stream of each folder.
func (h *sevenHeader) locate() {
	at := h.at
	packs := h.packs
	for _, f := range h.folders {
		if f.streams > len(packs) {
			h.bad = true
			return
		}
		f.at = at
		for _, size := range packs[:f.streams] {
			f.packed = size
			at += size
		}
		packs = packs[f.streams:]
	}
}

// files reads the names of the files, and which of them have no stream.
func (h *sevenHeader) files() {
	n := h.count()
	for !h.bad {
		id := h.byte()
		if id == sevenEnd {
			return
		}
		part := h.take(h.number())
		switch {
		case id == sevenEmpty:
			h.empty = part[:min(len(part), (n+7)/8)]
		case id == sevenNames && len(part) > 0 && part[0] == 0:
			h.names = part[1:]
		}
	}
}

// name is the name of the next file that has a stream.
func (h *sevenHeader) name() string {
	for {
		name, ok := h.nextName()
		if h.file++; !ok || !bit(h.empty, h.file-1) {
			return name
		}
	}
}

func (h *sevenHeader) nextName() (string, bool) {
	var units []uint16
	for len(h.names) >= 2 {
		u := binary.LittleEndian.Uint16(h.names)
		h.names = h.names[2:]
		if u == 0 {
			return string(utf16.Decode(units)), true
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units)), false
}
