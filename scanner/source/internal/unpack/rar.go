package unpack

import (
	"errors"
	"io"

	"github.com/nwaples/rardecode/v2"
)

// rar reads a rar archive of one volume.
func (w *walk) rar(n node, r io.Reader) error {
	a, err := rardecode.NewReader(r, rardecode.MaxDictionarySize(maxWindow))
	for err == nil && w.live() {
		var h *rardecode.FileHeader
		if h, err = a.Next(); err != nil {
			break
		}
		m := n.below(h.Name)
		switch {
		case h.IsDir:
		case h.Encrypted:
			w.gap(m, errEncrypted)
		default:
			w.member(m, a)
		}
	}
	switch {
	case err == io.EOF:
		return nil
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted):
		return errEncrypted
	case errors.Is(err, rardecode.ErrMultiVolume):
		return unsupported("the next volume of it")
	case errors.Is(err, rardecode.ErrDictionaryTooLarge):
		return limitf("a dictionary of more than %d bytes", maxWindow)
	}
	return err
}
