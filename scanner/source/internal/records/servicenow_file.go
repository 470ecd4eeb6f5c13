package records

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// Bounds of what is held of a file that comes in pieces, packed as it is in the export, and of what may come out of it for each byte.
const (
	maxPiece  = 4 << 20
	maxFile   = 32 << 20
	fileRatio = 200
	fileFloor = 64 << 20
)

// nowFile is a file that is put together from its pieces.
type nowFile struct {
	id     string // of its row
	next   int    // the position of the piece that comes next
	packed []byte
	broken string // why it cannot be put together
}

// piece takes a piece of a file. Pieces of one file follow each other, the first at position 0.
func (n *nowReader) piece(row *nowRow) {
	f := &n.file
	if row.attachment != f.id || row.position == 0 {
		n.endFile()
		n.file = nowFile{id: row.attachment, packed: f.packed[:0]}
	}
	piece := make([]byte, base64.StdEncoding.DecodedLen(len(row.data)))
	size, err := base64.StdEncoding.Decode(piece, bytes.TrimSpace(row.data))
	switch {
	case f.broken != "":
	case row.position != f.next:
		f.broken = fmt.Sprintf("piece %d of it is missing", f.next)
	case err != nil:
		f.broken = fmt.Sprintf("piece %d of it is damaged", f.next)
	case len(f.packed)+size > maxFile:
		f.broken = fmt.Sprintf("it is packed in more than %s bytes", lex.Number(maxFile))
	}
	f.next++
	if f.broken == "" || err != nil && len(f.packed)+size <= maxFile {
		f.packed = append(f.packed, piece[:size]...)
	}
	row.data = nil
}

// endFile gives on a file as far as it was put together.
func (n *nowReader) endFile() {
	f := &n.file
	if n.r == nil || n.r.stopped || f.next == 0 {
		return
	}
	row := n.known.files[f.id]
	row.known, row.table = n.known, nowFiles
	if row.element == "" {
		row.element = fmt.Sprintf("file %d", n.count)
	}
	at := row.at("file_name")
	at.Path, at.Line = n.r.path+"!"+row.element, 1
	at.Record = n.r.prefix + at.Record
	if err := n.unpackFile(at); f.broken == "" && err != nil {
		f.broken = "it is damaged"
	}
	if f.broken != "" {
		n.r.gap(fmt.Sprintf("%s of %s: %s", at.Field, at.Record, f.broken), errFile)
	}
	n.file = nowFile{packed: f.packed[:0]}
}

// unpackFile gives on a file and returns the error of unpacking it.
func (n *nowReader) unpackFile(at scanner.Location) error {
	packed := n.file.packed
	if len(packed) == 0 {
		return nil
	}
	g, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		n.r.stopped = !n.r.out.File(at, bytes.NewReader(packed))
		return nil
	}
	most := max(fileFloor, fileRatio*int64(len(packed)))
	in := &fallible{r: io.LimitReader(g, most+1), most: most}
	n.r.stopped = !n.r.out.File(at, in)
	return in.err
}

// fallible is a reader that remembers its error, and that it gave more than it may.
type fallible struct {
	r    io.Reader
	most int64
	err  error
}

// Read implements io.Reader.
func (f *fallible) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if f.most -= int64(n); f.most < 0 {
		err = errFile
	}
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}
