package unpack

import (
	"compress/bzip2"
	"compress/flate"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

const sevenMagic = "7z\xBC\xAF\x27\x1C"

// maxHeader is the longest header of a 7z archive that is read; that of 100,000 members has some 10 MiB.
const maxHeader = 32 << 20

// seven reads a 7z archive. Its layout is that of 7zFormat.txt in the LZMA SDK: a start of 32 bytes says where the header is, the
// header says what folders of packed streams there are, and which files each holds one after the other.
func (w *walk) seven(n node, r io.ReaderAt, size int64) error {
	var start [32]byte
	if k, err := r.ReadAt(start[:], 0); k < len(start) {
		return err
	}
	le := binary.LittleEndian
	at, length := le.Uint64(start[12:]), le.Uint64(start[20:])
	switch {
	case length == 0:
		return nil // an archive of nothing
	case at > uint64(size) || length > uint64(size) || at+length+32 > uint64(size):
		return io.ErrUnexpectedEOF
	case length > maxHeader:
		return limitf("its header has more than %d bytes", maxHeader)
	}
	header := make([]byte, length)
	if _, err := r.ReadAt(header, int64(at)+32); err != nil && err != io.EOF {
		return err
	}
	for range 4 { // the header may be packed itself
		h := &sevenHeader{b: header}
		packed, err := h.read()
		if err != nil {
			return err
		}
		if !packed {
			return w.folders(n, h, r, size)
		}
		if header, err = w.packedHeader(n, h, r, size); err != nil {
			return err
		}
	}
	return errDamaged
}

// packedHeader unpacks a header.
func (w *walk) packedHeader(n node, h *sevenHeader, r io.ReaderAt, size int64) ([]byte, error) {
	if len(h.folders) != 1 {
		return nil, errDamaged
	}
	in, err := h.folders[0].open(r, size)
	if err != nil {
		return nil, err
	}
	m := &metered{w: w, node: n, r: in}
	header, err := io.ReadAll(io.LimitReader(m, maxHeader+1))
	if err == nil && len(header) > maxHeader {
		err = limitf("its header has more than %d bytes", maxHeader)
	}
	return header, err
}

// folders gives the members of each folder.
func (w *walk) folders(n node, h *sevenHeader, r io.ReaderAt, size int64) error {
	for _, f := range h.folders {
		in, err := f.open(r, size)
		for _, length := range f.members {
			if !w.live() {
				return nil
			}
			m := n.below(h.name())
			if err != nil {
				w.gap(m, err)
				continue
			}
			body := &limited{in, length}
			w.member(m, body)
			_, _ = io.Copy(io.Discard, &metered{w: w, node: m, r: body}) // what nobody wanted
		}
	}
	return nil
}

// limited is the next member of a folder.
type limited struct {
	r    io.Reader
	left uint64
}

// Read implements io.Reader.
func (l *limited) Read(b []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	n, err := l.r.Read(b[:min(uint64(len(b)), l.left)])
	if l.left -= uint64(n); err == io.EOF && l.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// The methods of packing that are known, by their names in 7-Zip's Methods.txt. The filters change the addresses in machine code, and
// text only where it has the bytes of a jump; what they made is taken as it is.
const (
	sevenCopy    = "\x00"
	sevenLZMA    = "\x03\x01\x01"
	sevenLZMA2   = "\x21"
	sevenDeflate = "\x04\x01\x08"
	sevenBzip2   = "\x04\x02\x02"
	sevenZstd    = "\x04\xF7\x11\x01"
	sevenAES     = "\x06\xF1\x07\x01"
	sevenX86     = "\x03\x03\x01\x03"
	sevenARM     = "\x03\x03\x05\x01"
	sevenARM64   = "\x0A"
)

// open opens the stream that a folder holds.
func (f *sevenFolder) open(r io.ReaderAt, size int64) (io.Reader, error) {
	if f.branched {
		return nil, unsupported("a packing of several streams (BCJ2)")
	}
	if f.at > uint64(size) || f.packed > uint64(size)-f.at {
		return nil, io.ErrUnexpectedEOF
	}
	var in io.Reader = io.NewSectionReader(r, int64(f.at), int64(f.packed))
	for _, i := range f.order {
		var err error
		if in, err = f.coders[i].open(in); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// open opens a stream that a coder made.
func (c sevenCoder) open(r io.Reader) (io.Reader, error) {
	switch c.method {
	case sevenCopy, sevenX86, sevenARM, sevenARM64:
		return r, nil
	case sevenLZMA:
		return c.lzma(r)
	case sevenLZMA2:
		if len(c.props) != 1 || c.props[0] > 40 {
			return nil, errDamaged
		}
		dict, err := c.dictionary(uint64(2|c.props[0]&1) << (c.props[0]/2 + 11))
		if err != nil {
			return nil, err
		}
		return lzma.Reader2Config{DictCap: dict}.NewReader2(r)
	case sevenDeflate:
		return flate.NewReader(r), nil
	case sevenBzip2:
		return bzip2.NewReader(r), nil
	case sevenZstd:
		return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	case sevenAES:
		return nil, errEncrypted
	default:
		return nil, unsupported("its method of packing")
	}
}

// lzma opens a stream of LZMA. The library takes the dictionary's size from the header that files of that kind have.
func (c sevenCoder) lzma(r io.Reader) (io.Reader, error) {
	if len(c.props) != 5 {
		return nil, errDamaged
	}
	dict, err := c.dictionary(uint64(binary.LittleEndian.Uint32(c.props[1:])))
	if err != nil {
		return nil, err
	}
	head := binary.LittleEndian.AppendUint32([]byte{c.props[0]}, uint32(dict))
	head = binary.LittleEndian.AppendUint64(head, c.size)
	return lzma.NewReader(io.MultiReader(newBytes(head), r))
}

// dictionary is how much room a dictionary needs: never more than what comes out.
func (c sevenCoder) dictionary(said uint64) (int, error) {
	need := min(said, max(c.size, lzma.MinDictCap))
	if need > 2*maxWindow {
		return 0, limitf("a dictionary of more than %d bytes", 2*maxWindow)
	}
	return int(max(need, lzma.MinDictCap)), nil
}
