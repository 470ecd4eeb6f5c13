package pack

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
)

// file is an open pack.
type file struct {
	f    *os.File
	size int64 // without the sum at its end
}

// maxDeflate is more than deflate can shrink anything: a size in a header beyond it is a lie.
const maxDeflate = 1040

var errHeader = errors.New("damaged object header")

func openFile(path string, hash int) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err = f.ReadAt(head[:], 0); err == nil && string(head[:4]) != "PACK" {
		err = errors.New("not a pack")
	}
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr); err != nil {
		f.Close()
		return nil, err
	}
	return &file{f, info.Size() - int64(hash)}, nil
}

// entry is the header of an object in a pack.
type entry struct {
	typ  Type
	size int64 // of the inflated body
	body int64 // where the compressed body starts
	base place // of an offset delta: its base; pack is not set
	ref  ID    // of a reference delta: its base
}

// reader reads a pack's bytes from an offset.
type reader struct{ buf *bufio.Reader }

// bufferSize holds most objects whole.
const bufferSize = 8 << 10

func newReader() *reader { return &reader{buf: bufio.NewReaderSize(nil, bufferSize)} }

// seek makes the reader read f from off.
func (r *reader) seek(f *file, off int64) error {
	if off < 0 || off >= f.size {
		return errHeader
	}
	r.buf.Reset(io.NewSectionReader(f.f, off, f.size-off))
	return nil
}

// header reads the header of the object at off; the reader then stands at its body.
func (f *file) header(r *reader, off int64, hash int) (entry, error) {
	if err := r.seek(f, off); err != nil {
		return entry{}, err
	}
	c, err := r.buf.ReadByte()
	if err != nil {
		return entry{}, err
	}
	e := entry{typ: Type(c >> 4 & 7), size: int64(c & 15), body: off + 1}
	for shift := 4; c&0x80 != 0; shift += 7 {
		if c, err = r.buf.ReadByte(); err != nil || shift > 53 {
			return entry{}, errHeader
		}
		e.size |= int64(c&0x7f) << shift
		e.body++
	}
	switch e.typ {
	case Commit, Tree, Blob, Tag:
	case offsetDelta:
		var back, n int64
		back, n, err = r.distance()
		e.base.offset = off - back
		e.body += n
		if back <= 0 || back > off {
			err = errHeader
		}
	case refDelta:
		sum := make([]byte, hash)
		_, err = io.ReadFull(r.buf, sum)
		e.ref = MakeID(sum)
		e.body += int64(hash)
	default:
		err = errHeader
	}
	if err == nil && e.size/maxDeflate > f.size-off {
		err = errHeader
	}
	return e, err
}

// distance reads how far before a delta its base stands, and counts the bytes read.
func (r *reader) distance() (back, n int64, err error) {
	for {
		c, err := r.buf.ReadByte()
		if err != nil || n > 8 {
			return 0, n, errHeader
		}
		n++
		back |= int64(c & 0x7f)
		if c&0x80 == 0 {
			return back, n, nil
		}
		back = (back + 1) << 7
	}
}

// inflater inflates bodies, one after the other.
type inflater struct{ z io.ReadCloser }

func (i *inflater) reset(r io.Reader) error {
	if i.z != nil {
		return i.z.(zlib.Resetter).Reset(r, nil)
	}
	z, err := zlib.NewReader(r)
	i.z = z
	return err
}

// fill inflates exactly len(out) bytes from r and checks the sum after them.
func (i *inflater) fill(r io.Reader, out []byte) error {
	if err := i.reset(r); err != nil {
		i.z = nil
		return err
	}
	if _, err := io.ReadFull(i.z, out); err != nil {
		return fmt.Errorf("damaged object: %w", err)
	}
	return ended(i.z)
}

// ended reports an error unless r is at its end and its sum is right.
func ended(r io.Reader) error {
	var one [1]byte
	switch _, err := io.ReadFull(r, one[:]); err {
	case io.EOF:
		return nil
	case nil:
		return errors.New("damaged object: longer than its header says")
	default:
		return fmt.Errorf("damaged object: %w", err)
	}
}
