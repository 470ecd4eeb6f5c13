package unpack

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// Bounds of what is held of a PDF file.
const (
	maxPDF       = 64 << 20
	maxObjects   = 200_000
	maxPDFStream = 16 << 20 // of a content stream, list of objects or table of characters
	maxFilters   = 4        // of a stream
	maxRefs      = 8        // that follow each other
)

// document is a PDF file that is being read. Its objects are found by looking for them, not by its table of where they are: a file
// may be cut, and a table may lie.
type document struct {
	w       *walk
	node    node
	b       []byte
	objects map[int]pdfObject
	order   []int // in the file
	fonts   map[int]*pdfFont
	told    map[int]bool // streams that were given, or are no text
	values  int          // in the objects
	chars   int          // in the fonts
	err     error
}

type pdfObject struct {
	value  any
	stream []byte // as it is packed
}

// pdf gives the text of each page ("page 3"), then that of forms and whatever else is text in a stream ("object 12").
func (w *walk) pdf(n node, r io.ReaderAt, size int64) error {
	if size > maxPDF {
		return limitf("a PDF file of more than %d bytes", maxPDF)
	}
	defer w.hold(size + maxPDFStream)()
	d := &document{w: w, node: n, b: make([]byte, size), objects: map[int]pdfObject{}, fonts: map[int]*pdfFont{}, told: map[int]bool{}}
	if k, err := r.ReadAt(d.b, 0); k < len(d.b) {
		return err
	}
	if encrypts(d.b) {
		return errEncrypted
	}
	d.find()
	d.unpackObjects()
	d.pages()
	for _, id := range d.order {
		if o := d.objects[id]; o.stream != nil && !d.told[id] && w.live() {
			d.stream(id, o)
		}
	}
	if d.err == nil && !bytes.Contains(d.b[max(0, len(d.b)-2048):], []byte("%%EOF")) {
		d.err = io.ErrUnexpectedEOF
	}
	return d.err
}

// encrypts reports whether a file says how it is encrypted: the name and behind it a reference or a dictionary.
func encrypts(b []byte) bool {
	const name = "/Encrypt"
	for {
		i := bytes.Index(b, []byte(name))
		if i < 0 {
			return false
		}
		b = b[i+len(name):]
		if rest := bytes.TrimLeft(b, "\x00\t\n\f\r "); len(rest) > 0 && (rest[0] == '<' || len(rest) < len(b) && '0' <= rest[0] && rest[0] <= '9') {
			return true
		}
	}
}

// find finds the objects of the file.
func (d *document) find() {
	for at := 0; d.w.live(); {
		i := bytes.Index(d.b[at:], []byte("obj"))
		if i < 0 {
			return
		}
		at += i
		id, ok := numberBefore(d.b[:at])
		at += len("obj")
		if !ok {
			continue
		}
		l := &pdfLex{b: d.b, i: at, count: &d.values}
		o := pdfObject{value: l.next(0)}
		d.overrun(l)
		if dict, ok := o.value.(pdfDict); ok {
			o.stream = l.stream(dict)
		}
		at = max(at, l.i)
		if !d.add(id, o) {
			return
		}
	}
}

func (d *document) add(id int, o pdfObject) bool {
	if len(d.order) >= maxObjects {
		d.limit("more than %s objects", lex.Number(maxObjects))
		return false
	}
	d.order = append(d.order, id)
	d.objects[id] = o
	return true
}

// limit notes that a bound was reached.
func (d *document) limit(format string, args ...any) {
	if d.err == nil {
		d.err = limitf(format, args...)
	}
}

// overrun notes that a bound ended the reading of values.
func (d *document) overrun(l *pdfLex) {
	if l.over {
		d.limit("more than %s values, or more than %d in one another", lex.Number(maxValues), maxNesting)
	}
}

// numberBefore reads the number of an object before its generation, at the end of b.
func numberBefore(b []byte) (int, bool) {
	fields := bytes.Fields(b[max(0, len(b)-24):])
	if len(fields) < 2 {
		return 0, false
	}
	if _, err := strconv.Atoi(string(fields[len(fields)-1])); err != nil {
		return 0, false
	}
	id := fields[len(fields)-2]
	i := len(id)
	for i > 0 && '0' <= id[i-1] && id[i-1] <= '9' {
		i--
	}
	n, err := strconv.Atoi(string(id[i:]))
	return n, err == nil
}

// stream reads the stream that follows its dictionary, if one does.
func (l *pdfLex) stream(dict pdfDict) []byte {
	l.skip()
	if !bytes.HasPrefix(l.b[l.i:], []byte("stream")) {
		return nil
	}
	b := l.b[l.i+len("stream"):]
	b = bytes.TrimPrefix(bytes.TrimPrefix(b, []byte("\r")), []byte("\n"))
	n := -1
	if said, ok := dict["Length"].(float64); ok && said >= 0 && int(said) <= len(b) {
		if bytes.HasPrefix(bytes.TrimLeft(b[int(said):], "\r\n "), []byte("endstream")) {
			n = int(said)
		}
	}
	if n < 0 {
		if n = bytes.Index(b, []byte("endstream")); n < 0 {
			n = len(b)
		}
	}
	l.i = len(l.b) - len(b) + n
	return b[:n:n]
}

// unpackObjects reads the objects that stand in streams of objects, and gives what they say of themselves: titles, notes, the values of
// fields.
func (d *document) unpackObjects() {
	for _, id := range slices.Clone(d.order) {
		o := d.objects[id]
		dict, _ := o.value.(pdfDict)
		if o.stream == nil || dict["Type"] != pdfName("ObjStm") || !d.w.live() {
			continue
		}
		d.told[id] = true
		b := d.decoded(o)
		first, _ := dict["First"].(float64)
		if first < 0 || int(first) > len(b) {
			continue
		}
		for l := (&pdfLex{b: b[:int(first)], count: &d.values}); ; {
			inner, ok := l.next(0).(float64)
			at, ok2 := l.next(0).(float64)
			if !ok || !ok2 || at < 0 || int(at) > len(b)-int(first) {
				break
			}
			in := &pdfLex{b: b[int(first)+int(at):], count: &d.values}
			o := pdfObject{value: in.next(0)}
			d.overrun(in)
			if !d.add(int(inner), o) {
				return
			}
		}
		d.w.text(Place{Path: d.node.below("object " + strconv.Itoa(id)).path, Line: 1, Raw: true}, newBytes(b[int(first):]))
	}
}

// resolve follows references.
func (d *document) resolve(v any) any {
	for range maxRefs {
		r, ok := v.(pdfRef)
		if !ok {
			return v
		}
		v = d.objects[int(r)].value
	}
	d.limit("more than %d references that follow each other", maxRefs)
	return nil
}

func (d *document) dict(v any) pdfDict {
	dict, _ := d.resolve(v).(pdfDict)
	return dict
}

// unread notes that a stream of the document could not be read.
func (d *document) unread(err error) io.Reader {
	if d.err == nil {
		d.err = fmt.Errorf("a stream: %w", err)
	}
	return nil
}

// decoded is a stream as it stands when unpacked, as far as it can be.
func (d *document) decoded(o pdfObject) []byte {
	r := d.unfiltered(o)
	if r == nil {
		return nil
	}
	m := &metered{w: d.w, node: d.node, r: r}
	b, err := io.ReadAll(io.LimitReader(m, maxPDFStream+1))
	switch {
	case m.err != nil && d.w.used > d.w.most():
		m.report()
	case err != nil:
		d.unread(err)
	}
	if len(b) > maxPDFStream {
		d.limit("a stream of more than %s bytes", lex.Number(maxPDFStream))
	}
	return b
}

// pages gives the text of the pages, in the order of the file.
func (d *document) pages() {
	n := 0
	for _, id := range d.order {
		page, _ := d.objects[id].value.(pdfDict)
		if page["Type"] != pdfName("Page") || !d.w.live() {
			continue
		}
		n++
		parts, ok := d.resolve(page["Contents"]).([]any)
		if !ok {
			parts = []any{page["Contents"]}
		}
		var content []byte
		for _, p := range parts {
			if len(content) >= maxPDFStream {
				d.limit("a page of more than %s bytes", lex.Number(maxPDFStream))
				break
			}
			if ref, ok := p.(pdfRef); ok && !d.told[int(ref)] {
				d.told[int(ref)] = true
				content = append(append(content, d.decoded(d.objects[int(ref)])...), '\n')
			}
		}
		d.give(d.node.below("page "+strconv.Itoa(n)), content, d.resources(page))
	}
}

// resources are those of a page, or of what it stands in.
func (d *document) resources(page pdfDict) pdfDict {
	for range maxNesting {
		if r := d.dict(page["Resources"]); r != nil {
			return r
		}
		if page = d.dict(page["Parent"]); page == nil {
			break
		}
	}
	return nil
}

// stream gives a stream that is no page.
func (d *document) stream(id int, o pdfObject) {
	dict, _ := o.value.(pdfDict)
	if dict["Length1"] != nil || dict["Subtype"] == pdfName("Image") || dict["Type"] == pdfName("XRef") {
		return
	}
	n := d.node.below("object " + strconv.Itoa(id))
	if dict["Subtype"] == pdfName("Form") {
		d.give(n, d.decoded(o), d.dict(dict["Resources"]))
		return
	}
	packed := dict["Filter"] != nil || dict["Type"] == pdfName("EmbeddedFile")
	if r := d.unfiltered(o); r != nil && packed {
		d.w.member(n, r)
	}
}

// give gives the text that a content stream writes.
func (d *document) give(n node, content []byte, resources pdfDict) {
	t := &pdfText{doc: d, fonts: d.dict(resources["Font"]), l: pdfLex{b: content}}
	t.run()
	d.overrun(&t.l)
	if len(t.out) > 0 {
		d.w.text(Place{Path: n.path, Line: 1, Raw: true}, newBytes(t.out))
	}
}
