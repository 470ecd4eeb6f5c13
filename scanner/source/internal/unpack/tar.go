package unpack

import (
	"archive/tar"
	"bufio"
	"bytes"
	"io"
)

// tar reads a tar archive, and others that are appended to it. Where it cannot be read on, the rest of it is given as it stands.
func (w *walk) tar(n node, r io.Reader) error {
	body := bufio.NewReader(r)
	in := &trail{r: body}
	for t := tar.NewReader(in); w.live(); {
		h, err := t.Next()
		if err == io.EOF {
			if err := in.ended(); err != nil || !another(body) {
				return err
			}
			t = tar.NewReader(in)
			continue
		}
		if err != nil {
			if in.err != nil {
				return nil // told by who gave the stream
			}
			w.gap(n, err)
			w.rest(n, in)
			return nil
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
			w.member(n.below(h.Name), t)
		}
	}
	return nil
}

// another reports whether one more archive follows the end of one: behind the blocks of zeros that fill the last record of it.
func another(r *bufio.Reader) bool {
	for {
		block, err := r.Peek(512)
		if err != nil {
			return false
		}
		if zeros := bytes.TrimLeft(block, "\x00"); len(zeros) > 0 {
			return isTar(block, "")
		}
		_, _ = r.Discard(len(block))
	}
}

// ended returns the error of a tar archive that ends without the two blocks of zeros that say so: it may have been cut between two
// members.
func (t *trail) ended() error {
	block := t.last[max(0, len(t.last)-512):]
	if len(bytes.Trim(block, "\x00")) > 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}
