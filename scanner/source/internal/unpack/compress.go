package unpack

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"encoding/binary"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz/lzma"
)

// maxWindow is the largest dictionary of a compressor that room is made for. It is what xz -9 and 7z's ultra use; zstd --long=27
// needs twice as much, which that library takes as it comes and not at once.
const maxWindow = 64 << 20

// compressed reads what a compressor made. A tar archive in it has the path of the compressed file, any other text one of its own,
// named without the extension of the compressor.
func (w *walk) compressed(f *Format, n node, r io.Reader) error {
	in, done, err := decompressor(f, bufio.NewReaderSize(r, 32<<10))
	if err != nil {
		return err
	}
	defer done()
	inner := n.below(inside(f, n.name))
	m := &metered{w: w, node: inner, r: in}
	body, head := peek(m)
	if Find(head, inner.name) == tarFormat && w.depth < w.limits.Depth {
		m.node = n
		w.openStream(tarFormat, node{path: n.path, name: inner.name}, body)
	} else if w.enter(inner) {
		m.node = w.unique(inner)
		w.content(m.node, head, body)
	}
	m.report()
	return nil
}

// decompressor opens a stream that a compressor made. done gives up what it holds.
func decompressor(f *Format, r *bufio.Reader) (in io.Reader, done func(), err error) {
	done = func() {}
	switch f {
	case gzipFormat:
		in, err = gunzip(r)
	case bzip2Format:
		in = bzip2.NewReader(r)
	case xzFormat:
		in, err = xz.NewReader(r, maxWindow)
	case lzmaFormat:
		in, err = lzmaReader(r)
	case zstdFormat:
		var d *zstd.Decoder
		d, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(2*maxWindow))
		if err == nil {
			in, done = d, d.Close
		}
	case lz4Format:
		in = lz4.NewReader(r)
	default:
		in = brotli.NewReader(r)
	}
	return in, done, err
}

// gunzip opens what gzip made: one member after the other. Zeros behind the last, as tapes and block devices leave them, are no member.
func gunzip(r *bufio.Reader) (io.Reader, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipMembers{z, r}, nil
}

type gzipMembers struct {
	z *gzip.Reader
	r *bufio.Reader
}

// Read implements io.Reader.
func (g *gzipMembers) Read(b []byte) (int, error) {
	n, err := g.z.Read(b)
	if err != io.EOF {
		return n, err
	}
	for {
		c, err := g.r.ReadByte()
		if err != nil {
			return n, err
		}
		if c != 0 {
			_ = g.r.UnreadByte()
			break
		}
	}
	if err := g.z.Reset(g.r); err != nil {
		return n, err
	}
	g.z.Multistream(false)
	return n, nil
}

// lzmaReader opens what lzma made. The library makes room for the dictionary that the head says.
func lzmaReader(r *bufio.Reader) (io.Reader, error) {
	head, err := r.Peek(lzma.HeaderLen)
	if err != nil {
		return nil, err
	}
	if dict := binary.LittleEndian.Uint32(head[1:]); dict > maxWindow {
		return nil, limitf("a dictionary of more than %d bytes", maxWindow)
	}
	return lzma.NewReader(r)
}

// inside is the name of what a compressed file holds.
func inside(f *Format, name string) string {
	for _, ext := range f.Extensions {
		if !hasSuffix(name, ext) {
			continue
		}
		base := name[:len(name)-len(ext)]
		if strings.HasPrefix(ext, ".t") {
			return base + ".tar"
		}
		return base
	}
	return name
}
