package unpack

import (
	"archive/tar"
	"bytes"
	"io"
)

// tar reads a tar archive. Where it cannot be read on, the rest of it is given as it stands.
func (w *walk) tar(n node, r io.Reader) error {
	in := &trail{r: r}
	t := tar.NewReader(in)
	for w.live() {
		h, err := t.Next()
		if err == io.EOF {
			return in.ended()
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

// ended returns the error of a tar archive that ends without the two blocks of zeros that say so: it may have been cut between two
// members.
func (t *trail) ended() error {
	block := t.last[max(0, len(t.last)-512):]
	if len(bytes.Trim(block, "\x00")) > 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}
