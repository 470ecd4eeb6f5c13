package unpack

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"
)

// What an ar archive begins with, and the header of a member (the System V and BSD forms, as GNU binutils writes and reads them).
const (
	arMagic = "!<arch>\n"
	arSize  = 60
	// maxArNames bounds the table of long names, in bytes.
	maxArNames = 1 << 20
)

// ar reads an ar archive: static libraries and Debian packages are such. Where it cannot be read on, the rest of it is given as it stands.
func (w *walk) ar(n node, r io.Reader) error {
	in := &trail{r: bufio.NewReader(r)}
	_, _ = io.CopyN(io.Discard, in, int64(len(arMagic)))
	var names []byte
	for w.live() {
		var h [arSize]byte
		k, err := io.ReadFull(in, h[:])
		if k == 0 && err == io.EOF {
			return nil
		}
		size, bad := strconv.ParseInt(strings.TrimRight(string(h[48:58]), " "), 10, 64)
		if err == nil && (bad != nil || size < 0 || string(h[58:]) != "`\n") {
			err = errDamaged
		}
		if err != nil {
			return w.broken(n, in, err)
		}
		m := &exact{in, size}
		switch name := strings.TrimRight(string(h[:16]), " "); name {
		case "/", "/SYM64/": // where symbols stand
		case "//":
			names, _ = io.ReadAll(io.LimitReader(m, maxArNames))
		default:
			w.member(n.below(arName(name, names, m)), m)
		}
		if err := m.skip(2); err != nil {
			return w.broken(n, in, err)
		}
	}
	return nil
}

// arName is a member's name, which may stand in the table of long names or before what the member holds.
func arName(name string, names []byte, m *exact) string {
	if long, ok := strings.CutPrefix(name, "#1/"); ok {
		size, _ := strconv.ParseInt(long, 10, 64)
		b, _ := io.ReadAll(io.LimitReader(m, min(max(size, 0), maxArNames)))
		return strings.TrimRight(string(b), "\x00")
	}
	if at, err := strconv.Atoi(strings.TrimPrefix(name, "/")); err == nil && name[0] == '/' && at >= 0 && at < len(names) {
		long, _, _ := bytes.Cut(names[at:], []byte("\n"))
		name = string(long)
	}
	return strings.TrimSuffix(name, "/")
}

// broken ends the reading of a stream of members, the rest of which is given as it stands. An error of the stream itself is told by who
// gave it.
func (w *walk) broken(n node, in *trail, err error) error {
	if in.err == nil {
		w.gap(n, err)
		w.rest(n, in)
	}
	return nil
}

// exact is a member of a stream that has so many bytes.
type exact struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader. A stream that ends before the member does is cut off.
func (e *exact) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(b[:min(int64(len(b)), e.left)])
	if e.left -= int64(n); err == io.EOF && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// skip passes over what was not read of the member, and over what fills it up to a multiple of unit bytes; of the last that may be missing.
func (e *exact) skip(unit int64) error {
	if _, err := io.Copy(io.Discard, e); err != nil {
		return err
	}
	if t, ok := e.r.(*trail); ok && t.n%unit > 0 {
		_, _ = io.CopyN(io.Discard, t, unit-t.n%unit)
	}
	return nil
}
