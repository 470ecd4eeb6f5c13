package unpack

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// unfiltered is what the filters of a stream make of it (ISO 32000-1, 7.4); nil for those of pictures, and for what cannot be read, which
// is told.
func (d *document) unfiltered(o pdfObject) io.Reader {
	dict, _ := o.value.(pdfDict)
	filters := d.list(dict["Filter"])
	params := d.list(dict["DecodeParms"])
	r := newBytes(o.stream)
	if len(filters) > maxFilters {
		return d.unread(limitf("it is packed more than %d times over", maxFilters))
	}
	for i, f := range filters {
		name := d.resolve(f)
		if isPicture(name) {
			return nil
		}
		var param pdfDict
		if i < len(params) {
			param = d.dict(params[i])
		}
		var err error
		if r, err = d.filtered(r, name, param); err != nil {
			return d.unread(err)
		}
	}
	return r
}

// list is a value that may stand alone or in a list.
func (d *document) list(v any) []any {
	v = d.resolve(v)
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// isPicture reports whether a filter is one of pictures.
func isPicture(name any) bool {
	switch name {
	case pdfName("DCTDecode"), pdfName("DCT"), pdfName("JPXDecode"), pdfName("CCITTFaxDecode"), pdfName("CCF"), pdfName("JBIG2Decode"):
		return true
	}
	return false
}

// filtered undoes one filter.
func (d *document) filtered(r io.Reader, name any, param pdfDict) (io.Reader, error) {
	switch name {
	case nil:
		return r, nil
	case pdfName("FlateDecode"), pdfName("Fl"):
		z, err := zlib.NewReader(r)
		if err != nil {
			return nil, err
		}
		return d.predicted(z, param)
	case pdfName("LZWDecode"), pdfName("LZW"):
		early := d.resolve(param["EarlyChange"]) != 0.0
		return d.predicted(newLZW(r, early), param)
	case pdfName("ASCII85Decode"), pdfName("A85"):
		in := bufio.NewReader(r)
		if mark, _ := in.Peek(2); string(mark) == "<~" {
			_, _ = in.Discard(2)
		}
		return ascii85.NewDecoder(&upTo{r: in, end: '~'}), nil
	case pdfName("ASCIIHexDecode"), pdfName("AHx"):
		return hex.NewDecoder(&upTo{r: r, end: '>', even: true}), nil
	case pdfName("RunLengthDecode"), pdfName("RL"):
		return &runLengths{r: bufio.NewReader(r)}, nil
	default:
		return nil, unsupported(fmt.Sprintf("what is packed with %.40v", name))
	}
}

// upTo gives a text of ASCII codes up to the mark that ends it, without the white space in it.
type upTo struct {
	r    io.Reader
	end  byte
	even bool // an odd number of codes has a zero behind it
	n    int  // codes
	done bool
}

// Read implements io.Reader.
func (u *upTo) Read(b []byte) (int, error) {
	if u.done || len(b) < 2 {
		return 0, io.EOF
	}
	n, err := u.r.Read(b[:len(b)-1])
	if i := bytes.IndexByte(b[:n], u.end); i >= 0 {
		n, err = i, io.EOF
	}
	kept := b[:0]
	for _, c := range b[:n] {
		if c > ' ' {
			kept = append(kept, c)
		}
	}
	if u.n += len(kept); err == io.EOF {
		if u.done = true; u.even && u.n%2 == 1 {
			kept = append(kept, '0')
		}
	}
	return len(kept), err
}

// runLengths undoes RunLengthDecode: a byte below 128 says that so many and one follow as they are, one above it that the next stands
// 257 less so many times, and 128 ends it.
type runLengths struct {
	r    *bufio.Reader
	left int
	same bool
	c    byte
}

// Read implements io.Reader.
func (l *runLengths) Read(b []byte) (int, error) {
	for i := range b {
		if l.left == 0 {
			if err := l.next(); err != nil {
				return i, err
			}
		}
		if l.left--; !l.same {
			c, err := l.r.ReadByte()
			if err != nil {
				return i, io.ErrUnexpectedEOF
			}
			l.c = c
		}
		b[i] = l.c
	}
	return len(b), nil
}

func (l *runLengths) next() (err error) {
	n, err := l.r.ReadByte()
	switch {
	case err != nil || n == 128:
		return io.EOF
	case n < 128:
		l.left, l.same = int(n)+1, false
	default:
		l.left, l.same = 257-int(n), true
		l.c, err = l.r.ReadByte()
	}
	return err
}

// maxPDFRow is how long a row of bytes may be that are told by those beside and above them.
const maxPDFRow = 1 << 20

// errPredictor is that of a row whose kind is not known.
var errPredictor = errors.New("a row of a kind that is not known")

// predicted undoes what was done to bytes before they were packed: the predictors of PNG (7.4.4.4). That of TIFF, which is for pictures,
// is not known.
func (d *document) predicted(r io.Reader, param pdfDict) (io.Reader, error) {
	number := func(name string, otherwise float64) float64 {
		if v, ok := d.resolve(param[name]).(float64); ok {
			return v
		}
		return otherwise
	}
	switch kind := number("Predictor", 1); {
	case kind < 2:
		return r, nil
	case kind < 10:
		return nil, unsupported("what is packed with the predictor of TIFF")
	}
	bits := number("Colors", 1) * number("BitsPerComponent", 8)
	row := bits * number("Columns", 1)
	if !(bits >= 1 && bits <= 8*256 && row >= 1 && row <= 8*maxPDFRow) {
		return nil, limitf("rows of more than %d bytes", maxPDFRow)
	}
	size, back := (int(row)+7)/8, (int(bits)+7)/8
	return &rows{r: bufio.NewReader(r), back: back, above: make([]byte, size), row: make([]byte, size)}, nil
}

// rows gives bytes that come in rows, each with its kind before it and each byte as its difference from one that is told by those back
// before it and above it.
type rows struct {
	r          *bufio.Reader
	back       int
	above, row []byte
	out        []byte // of row
}

// Read implements io.Reader.
func (p *rows) Read(b []byte) (int, error) {
	if len(p.out) == 0 {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	return n, nil
}

func (p *rows) next() error {
	kind, err := p.r.ReadByte()
	if err != nil {
		return err
	}
	p.above, p.row = p.row, p.above
	n, err := io.ReadFull(p.r, p.row)
	if n == 0 {
		return err
	}
	if kind > 4 {
		return errPredictor
	}
	for i := range n {
		var left, corner byte
		if i >= p.back {
			left, corner = p.row[i-p.back], p.above[i-p.back]
		}
		p.row[i] += foretold(kind, left, p.above[i], corner)
	}
	p.out = p.row[:n]
	return nil
}

// foretold is the byte that a kind of row tells by three others (PNG, section 9).
func foretold(kind, left, above, corner byte) byte {
	switch kind {
	case 1:
		return left
	case 2:
		return above
	case 3:
		return byte((int(left) + int(above)) / 2)
	case 4:
		return nearest(left, above, corner)
	}
	return 0
}

// nearest is the one of three bytes that is nearest to left + above - corner.
func nearest(left, above, corner byte) byte {
	toLeft := distance(above, corner)
	toAbove := distance(left, corner)
	both := int(left) + int(above) - 2*int(corner)
	toCorner := max(both, -both)
	switch {
	case toLeft <= toAbove && toLeft <= toCorner:
		return left
	case toAbove <= toCorner:
		return above
	}
	return corner
}

func distance(a, b byte) int { return max(int(a)-int(b), int(b)-int(a)) }
