package unpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// What an ISO 9660 image is made of (ECMA-119; Joliet gives names in UTF-16, Rock Ridge in fields behind a record).
const (
	isoSector = 2048
	isoFirst  = 16 // sector of the first descriptor
	isoMark   = "CD001"
	// maxDescriptors is how many descriptors are looked at.
	maxDescriptors = 64
	// isoRecord is the least size of a record of a directory.
	isoRecord = 34
	// The flags of a record: it is a directory, and more of the file follows in the next record.
	isoDirectory, isoMore = 0x02, 0x80
	// fewFiles is how many files there are at most beside a UDF file system for them to be a note to those who cannot read that.
	fewFiles = 2
	// maxIsoDepth bounds how deep directories nest.
	maxIsoDepth = 64
)

// isoImage is an image that is being read.
type isoImage struct {
	*walk
	r     io.ReaderAt
	size  int64
	block int64
	files int            // that were given
	wide  bool           // names are in UTF-16
	begin int64          // of the file of which parts are read
	seen  map[int64]bool // where the files and directories begin that were read
}

// iso reads the files of an ISO 9660 image, by each of the trees that it has: what stands in several is read once.
func (w *walk) iso(n node, r io.ReaderAt, size int64) error {
	x := &isoImage{walk: w, r: &rationed{r, 8*size + maxDirectory}, size: size, seen: map[int64]bool{}}
	var trees, narrow [][]byte
	udf := false
	for i := range int64(maxDescriptors) {
		d := make([]byte, isoSector)
		if k, _ := r.ReadAt(d, (isoFirst+i)*isoSector); k < isoSector {
			break
		}
		udf = udf || bytes.HasPrefix(d[1:], []byte("NSR0"))
		switch {
		case string(d[1:6]) != isoMark:
		case d[0] == 1:
			narrow = append(narrow, d)
		case d[0] == 2 && string(d[88:90]) == "%/":
			trees = append(trees, d)
		}
	}
	for _, d := range append(trees, narrow...) {
		x.wide = d[0] == 2
		x.block = max(512, int64(binary.LittleEndian.Uint16(d[128:])))
		x.directory(n, d[156:156+isoRecord], 0)
	}
	switch {
	case udf && x.files <= fewFiles:
		return unsupported("the UDF file system in it")
	case len(trees)+len(narrow) == 0:
		return &told{"it is no ISO 9660 image", errors.ErrUnsupported}
	}
	return nil
}

// directory reads a directory that a record leads to.
func (x *isoImage) directory(n node, record []byte, depth int) {
	at, size := x.extent(record)
	if x.seen[at] || !x.live() {
		return
	}
	x.seen[at] = true
	if depth > maxIsoDepth || size > maxDirectory {
		x.gap(n, limitf("directories deeper than %d, or one of more than %d bytes", maxIsoDepth, maxDirectory))
		return
	}
	buf := make([]byte, max(0, min(size, x.size-at)))
	if k, err := x.r.ReadAt(buf, at); k < len(buf) || int64(len(buf)) < size {
		x.gap(n, orCut(err))
		buf = buf[:k]
	}
	var parts []io.Reader
	for i := 0; i+isoRecord <= len(buf) && x.live(); {
		size := int(buf[i])
		if size == 0 { // no record goes over the end of a sector
			i += isoSector - i%isoSector
			continue
		}
		if size < isoRecord || i+size > len(buf) || isoRecord-1+int(buf[i+32]) > size {
			x.gap(n, errDamaged)
			return
		}
		parts = x.record(n, buf[i:i+size], parts, depth)
		i += size
	}
}

// record gives what a record of a directory leads to. parts are those of a file that came before this one, of which it returns those that
// more will follow.
func (x *isoImage) record(n node, record []byte, parts []io.Reader, depth int) []io.Reader {
	name := record[isoRecord-1:][:record[32]]
	if len(name) == 1 && name[0] <= 1 { // the directory itself, and the one above
		return nil
	}
	m := n.under(x.name(record, name))
	at, size := x.extent(record)
	if record[25]&isoDirectory != 0 {
		x.directory(m, record, depth+1)
		return nil
	}
	if len(parts) == 0 {
		x.begin = at
	}
	parts = append(parts, &exact{io.NewSectionReader(x.r, at, size), size})
	if record[25]&isoMore != 0 {
		return parts
	}
	if empty := len(parts) == 1 && size == 0; !empty && !x.seen[x.begin] { // which may be said to begin anywhere
		x.seen[x.begin] = true
		x.files++
		x.member(m, io.MultiReader(parts...))
	}
	return nil
}

// extent is where what a record leads to begins, and its size.
func (x *isoImage) extent(record []byte) (at, size int64) {
	le := binary.LittleEndian
	return int64(le.Uint32(record[2:])) * x.block, int64(le.Uint32(record[10:]))
}

// name is the name that a record gives, without the version behind it.
func (x *isoImage) name(record, name []byte) string {
	text := string(name)
	if x.wide {
		if b, err := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Bytes(name); err == nil {
			text = string(b)
		}
	} else if long := rockRidge(record[isoRecord-1+len(name):]); long != "" {
		return long
	}
	text, _, _ = strings.Cut(text, ";")
	return strings.TrimSuffix(text, ".")
}

// rockRidge is the name that stands in the fields behind a record, empty where there is none.
func rockRidge(fields []byte) string {
	var name []byte
	if len(fields) > 0 && fields[0] == 0 { // fills up the name
		fields = fields[1:]
	}
	for len(fields) >= 4 {
		size := int(fields[2])
		if size < 4 || size > len(fields) {
			break
		}
		if size > 5 && string(fields[:2]) == "NM" {
			name = append(name, fields[5:size]...)
		}
		fields = fields[size:]
	}
	return string(name)
}

// orCut is an error, or that of a container that ends too soon.
func orCut(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
