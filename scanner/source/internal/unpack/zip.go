package unpack

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
	"github.com/ulikunitz/xz/lzma"
)

// maxDirectory is how much is read of a zip's directory. Each of its entries has at least 46 bytes and takes some 300 in memory.
const maxDirectory = 24 << 20

// Methods of packing that archive/zip does not have itself (APPNOTE.TXT 4.4.5).
const (
	zipBzip2 = 12
	zipLZMA  = 14
	zipZstd  = 93
	zipXz    = 95
)

// zipMethods open the members that are packed so.
var zipMethods = map[uint16]zip.Decompressor{
	zipBzip2: func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) },
	zipLZMA:  zipOfLZMA,
	zipZstd: func(r io.Reader) io.ReadCloser {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		return opened(d.IOReadCloser, err)
	},
	zipXz: func(r io.Reader) io.ReadCloser {
		x, err := xz.NewReader(r, maxWindow)
		return opened(func() io.ReadCloser { return io.NopCloser(x) }, err)
	},
}

// zip reads a zip archive by its directory, and where that cannot be read by what stands before each member.
func (w *walk) zip(n node, r io.ReaderAt, size int64) error {
	ration := &rationed{r, maxDirectory}
	z, err := zip.NewReader(ration, size)
	over := ration.left <= 0
	ration.left = 1<<63 - 1 // that on reading the members is another
	if err != nil {
		if over {
			err = limitf("its directory has more than %d bytes", maxDirectory)
		}
		w.gap(n, err)
		return w.salvage(n, r, size)
	}
	z.RegisterDecompressor(zip.Deflate, inflaters())
	for method, unpack := range zipMethods {
		z.RegisterDecompressor(method, unpack)
	}
	if sharesTexts(z) {
		defer w.hold(2 * maxShared)()
	}
	w.comment(n, z.Comment)
	office := w.office(z)
	summed := w.foresee(n, z.File)
	for _, f := range z.File {
		if !w.live() {
			return nil
		}
		w.comment(n.below(f.Name), f.Comment)
		if mode := f.Mode(); mode.IsDir() && !(summed && f.UncompressedSize64 > 0) {
			continue
		}
		if summed && !named(r, f) {
			w.gap(n.below(f.Name), &told{"it has another name in the directory of the archive", errDamaged})
		}
		w.zipMember(n.below(f.Name), f, summed)
		if office != nil && path.Ext(f.Name) == ".xml" {
			w.joined(n.below(f.Name), office, f)
		}
	}
	return nil
}

// comment gives what is said of an archive or a member.
func (w *walk) comment(n node, text string) {
	if text != "" {
		w.member(n.below("(comment)"), strings.NewReader(text))
	}
}

// inflaters returns what opens members packed with deflate. Each uses the memory of the one before, once that is closed.
func inflaters() zip.Decompressor {
	var free []*inflater
	return func(r io.Reader) io.ReadCloser {
		if n := len(free); n > 0 {
			x := free[n-1]
			free, x.open = free[:n-1], true
			if err := x.ReadCloser.(flate.Resetter).Reset(r, nil); err != nil {
				return io.NopCloser(failed{err})
			}
			return x
		}
		x := &inflater{ReadCloser: flate.NewReader(r), open: true}
		x.done = func() { free = append(free, x) }
		return x
	}
}

// inflater is a member that is unpacked.
type inflater struct {
	io.ReadCloser
	open bool
	done func()
}

// Close implements io.Closer.
func (x *inflater) Close() error {
	if x.open {
		x.open = false
		x.done()
	}
	return nil
}

// zipOfLZMA opens a member packed with LZMA (APPNOTE.TXT 5.8.8): a version, the size of the properties, the properties. Its size is not
// known here; a mark in the stream ends it, or else the size that the directory gives.
func zipOfLZMA(r io.Reader) io.ReadCloser {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return io.NopCloser(failed{err})
	}
	if head[2] != 5 || binary.LittleEndian.Uint32(head[5:]) > maxWindow {
		return io.NopCloser(failed{unsupported("its dictionary")})
	}
	size := bytes.Repeat([]byte{0xFF}, 8)
	x, err := lzma.NewReader(io.MultiReader(bytes.NewReader(head[4:]), bytes.NewReader(size), r))
	return opened(func() io.ReadCloser { return io.NopCloser(x) }, err)
}

// opened is a reader, or one that gives the error of opening it.
func opened(r func() io.ReadCloser, err error) io.ReadCloser {
	if err != nil {
		return io.NopCloser(failed{err})
	}
	return r()
}

type failed struct{ err error }

// Read implements io.Reader.
func (f failed) Read([]byte) (int, error) { return 0, f.err }

// encryptedFlag is the bit of a member's flags that says it is encrypted.
const encryptedFlag = 1

func (w *walk) zipMember(m node, f *zip.File, summed bool) {
	if f.Flags&encryptedFlag != 0 {
		w.gap(m, errEncrypted)
		return
	}
	r, err := f.Open()
	if err != nil {
		w.gap(m, err)
		return
	}
	defer r.Close()
	if summed {
		w.member(m, r)
		return
	}
	w.member(m, unsummed{r})
}

// unsummed is a member whose check sum does not matter: what it holds is what can be found in it.
type unsummed struct{ r io.Reader }

// Read implements io.Reader.
func (u unsummed) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	if errors.Is(err, zip.ErrChecksum) {
		err = io.EOF
	}
	return n, err
}

// localSize is the size of what stands before a member, without its name and extra fields; localMark begins it.
const (
	localSize = 30
	localMark = "PK\x03\x04"
)

// salvage reads members one after the other by what stands before each.
func (w *walk) salvage(n node, r io.ReaderAt, size int64) error {
	at := int64(0)
	for found := 0; w.live(); found++ {
		at = nextLocal(r, at, size)
		switch {
		case at < 0:
			return nil
		case found >= w.limits.Members:
			return limitf("more than %d members", w.limits.Members)
		}
		at += w.salvageMember(n, r, at, size)
	}
	return nil
}

// nextLocal finds the next mark of a member from an offset on, or -1.
func nextLocal(r io.ReaderAt, from, size int64) int64 {
	for step := int64(1 << 10); from < size; step = min(2*step, 64<<10) {
		buf := make([]byte, min(step, size-from))
		k, _ := r.ReadAt(buf, from)
		if i := bytes.Index(buf[:k], []byte(localMark)); i >= 0 {
			return from + int64(i)
		}
		if k < len(localMark) {
			break
		}
		from += int64(k - len(localMark) + 1)
	}
	return -1
}

// salvageMember reads the member at an offset and returns how many bytes it has, or where to look on.
func (w *walk) salvageMember(n node, r io.ReaderAt, at, size int64) int64 {
	var h [localSize]byte
	if k, _ := r.ReadAt(h[:], at); k < len(h) {
		return size - at
	}
	le := binary.LittleEndian
	name := make([]byte, le.Uint16(h[26:]))
	if k, _ := r.ReadAt(name, at+localSize); k < len(name) {
		return size - at
	}
	begin := localSize + int64(len(name)) + int64(le.Uint16(h[28:]))
	packed := int64(le.Uint32(h[18:]))
	body := io.NewSectionReader(r, at+begin, max(0, size-at-begin))
	flags, method := le.Uint16(h[6:]), le.Uint16(h[8:])
	m := n.below(string(name))
	unpack := zipMethods[method]
	switch {
	case flags&encryptedFlag != 0:
		w.gap(m, errEncrypted)
	case method == zip.Deflate:
		in := bufio.NewReader(body)
		w.member(m, flate.NewReader(in))
		if read, _ := body.Seek(0, io.SeekCurrent); packed == 0 {
			packed = read - int64(in.Buffered())
		}
	case unpack != nil && packed > 0:
		in := unpack(io.LimitReader(body, packed))
		w.member(m, io.LimitReader(in, int64(le.Uint32(h[22:]))))
		_ = in.Close()
	case method == zip.Store && packed > 0:
		w.member(m, io.NewSectionReader(r, at+begin, min(packed, max(0, size-at-begin))))
	}
	return max(int64(len(localMark)), begin+packed)
}
