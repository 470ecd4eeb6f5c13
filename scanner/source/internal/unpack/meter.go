package unpack

import (
	"bytes"
	"errors"
	"hash/fnv"
	"io"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// headSize is how much of a text [Find] looks at.
const headSize = 4 << 10

// peek reads the beginning of a text. body gives the text from its first byte.
func peek(r io.Reader) (body io.Reader, head []byte) {
	buf := make([]byte, headSize)
	n, err := io.ReadFull(r, buf)
	if err != nil { // r remembers its error
		return bytes.NewReader(buf[:n]), buf[:n]
	}
	return io.MultiReader(bytes.NewReader(buf[:n]), r), buf[:n]
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, s)
	return h.Sum64()
}

// metered is a member that is being read: what comes out of it counts.
type metered struct {
	w    *walk
	node node
	r    io.Reader
	err  error // what ended it, io.EOF aside
}

// Read implements io.Reader. Its errors are told by report; whoever reads takes what could be read as it is.
func (m *metered) Read(b []byte) (int, error) {
	w := m.w
	if m.err != nil {
		return 0, m.err
	}
	if !w.live() {
		return 0, errStop
	}
	giving := w.giving
	w.giving = false
	var n int
	err := w.guard(func() (err error) {
		n, err = m.r.Read(b)
		return err
	})
	w.giving = giving
	w.used += int64(n)
	if most := w.most(); w.used > most && err == nil {
		err = limitf("more than %s bytes come out of the container", lex.Number(most))
	}
	if err != io.EOF {
		m.err = err
	}
	return n, err
}

// report tells the error that ended the member.
func (m *metered) report() {
	switch {
	case m.err == nil:
	case m.w.used > m.w.most():
		m.w.exhausted(m.node, m.err)
	default:
		m.w.gap(m.node, m.err)
	}
}

// most is how much may come out of the outermost container.
func (w *walk) most() int64 {
	l := w.limits
	return max(l.Floor, min(l.Ratio*w.size, max(l.Bytes, 2*w.size)))
}

// tally counts the bytes of an outermost container that comes as a stream.
type tally struct {
	w *walk
	r io.Reader
}

// Read implements io.Reader.
func (t *tally) Read(b []byte) (int, error) {
	if err := t.w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(b)
	t.w.size += int64(n)
	t.w.failed(err)
	return n, err
}

// failed remembers an error of reading the outermost container, or what was kept aside.
func (w *walk) failed(err error) {
	if err != nil && err != io.EOF && w.err == nil {
		w.err = err
	}
}

// checked is a container that is read at will while the context lasts.
type checked struct {
	w *walk
	r io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (c checked) ReadAt(b []byte, off int64) (int, error) {
	if err := c.w.ctx.Err(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, errDamaged
	}
	n, err := c.r.ReadAt(b, off)
	c.w.failed(err)
	return n, err
}

// rationed is a part of a container of which only so much may be read, over and over included.
type rationed struct {
	r    io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (r *rationed) ReadAt(b []byte, off int64) (int, error) {
	if r.left <= 0 {
		return 0, limitf("the same bytes of it are used over and over")
	}
	n, err := r.r.ReadAt(b, off)
	r.left -= int64(n)
	return n, err
}

// trail is a stream that remembers what was read of it last.
type trail struct {
	r     io.Reader
	n     int64 // bytes read
	lines int   // that end before last
	last  []byte
	err   error
}

// Sizes of what a trail remembers.
const (
	trailKept = 4 << 10
	trailMost = 64 << 10
)

// Read implements io.Reader.
func (t *trail) Read(b []byte) (int, error) {
	n, err := t.r.Read(b[:min(len(b), trailMost-trailKept)])
	if len(t.last)+n > trailMost {
		cut := len(t.last) - trailKept
		t.lines += bytes.Count(t.last[:cut], []byte{'\n'})
		t.last = append(t.last[:0], t.last[cut:]...)
	}
	t.last = append(t.last, b[:n]...)
	t.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// rest gives the stream from about where reading stopped.
func (w *walk) rest(n node, t *trail) {
	cut := max(0, len(t.last)-trailKept)
	p := Place{
		Path: n.path, Raw: true, Offset: t.n - int64(len(t.last)-cut),
		Line: 1 + t.lines + bytes.Count(t.last[:cut], []byte{'\n'}),
	}
	w.text(p, io.MultiReader(bytes.NewReader(bytes.Clone(t.last[cut:])), t.r))
}
