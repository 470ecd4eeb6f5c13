package unpack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

// The parts of an RPM package (rpm-packaging, "Package format"): a lead, the signature and the header, each of entries and a store, and
// the files in a packed cpio archive.
const (
	rpmMagic     = "\xED\xAB\xEE\xDB"
	rpmLead      = 96
	rpmHead      = "\x8E\xAD\xE8\x01"
	rpmHeadSize  = 16
	rpmEntrySize = 16
	// maxRPMHeader bounds a header in bytes, as rpm does.
	maxRPMHeader = 64 << 20
)

// rpm reads an RPM package: the texts of its header, such as its scripts, and its files.
func (w *walk) rpm(n node, r io.Reader) error {
	in := &trail{r: bufio.NewReader(r)}
	if _, err := io.CopyN(io.Discard, in, rpmLead); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		unit int64
	}{{"", 8}, {"(header)", 1}} {
		var h [rpmHeadSize]byte
		if _, err := io.ReadFull(in, h[:]); err != nil {
			return err
		}
		size := int64(binary.BigEndian.Uint32(h[8:]))*rpmEntrySize + int64(binary.BigEndian.Uint32(h[12:]))
		if string(h[:4]) != rpmHead || size > maxRPMHeader {
			return errDamaged
		}
		m := &exact{in, size}
		if part.name != "" && w.enter(n.below(part.name)) {
			w.text(Place{Path: n.below(part.name).path, Line: 1, Raw: true}, &metered{w: w, node: n, r: m})
		}
		if err := m.skip(part.unit); err != nil {
			return err
		}
	}
	body := bufio.NewReaderSize(in, headSize)
	head, _ := body.Peek(headSize)
	f := Find(head, "payload.lzma")
	switch {
	case f == cpioFormat:
		return w.cpio(n, body)
	case f == nil || !f.packer:
		return unsupported("what its files are packed in")
	}
	files, done, err := decompressor(f, body)
	if err != nil {
		return err
	}
	defer done()
	m := &metered{w: w, node: n, r: files}
	err = w.cpio(n, m)
	m.report()
	return err
}

// isRPM tells a package by its lead and what follows it.
func isRPM(head []byte) bool {
	return bytes.HasPrefix(head, []byte(rpmMagic)) && len(head) >= rpmLead+len(rpmHead) && string(head[rpmLead:rpmLead+len(rpmHead)]) == rpmHead
}
