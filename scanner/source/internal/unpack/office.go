package unpack

import (
	"archive/zip"
	"io"
	"slices"
	"strconv"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// viewJoined is the view of a text put together.
const viewJoined = "joined"

// How much of a workbook's shared texts is held, and how many; cells that refer to later ones are not joined.
const (
	maxShared      = 32 << 20
	maxSharedTexts = 1 << 22
)

// office is an office document: Office Open XML (ECMA-376) or OpenDocument (ISO 26300).
type office struct {
	shared []byte // the texts that the cells of a workbook share, one after the other
	ends   []int  // of each
}

// office tells whether a zip is an office document, by the parts that each must have.
func (w *walk) office(z *zip.Reader) *office {
	var o *office
	for _, f := range z.File {
		switch f.Name {
		case "[Content_Types].xml", "mimetype":
			if o == nil {
				o = &office{}
			}
		}
	}
	if o == nil {
		return nil
	}
	for _, f := range z.File {
		if f.Name == sharedName && f.Flags&encryptedFlag == 0 {
			w.readShared(node{}.below(f.Name), o, f)
			break
		}
	}
	return o
}

// sharedName is the part of a workbook with the texts that its cells share.
const sharedName = "xl/sharedStrings.xml"

// sharesTexts reports whether an archive has such a part.
func sharesTexts(z *zip.Reader) bool {
	return slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == sharedName })
}

// readShared reads the texts that cells share.
func (w *walk) readShared(n node, o *office, f *zip.File) {
	r, err := f.Open()
	if err != nil {
		return // told when the part itself is read
	}
	defer r.Close()
	m := &metered{w: w, node: n, r: r}
	t := newRuns(m, nil)
	t.item = func() bool {
		o.shared = append(o.shared, t.out...)
		o.ends = append(o.ends, len(o.shared))
		t.out = t.out[:0]
		return len(o.shared) < maxShared && len(o.ends) < maxSharedTexts
	}
	for t.step() {
	}
	switch {
	case len(o.shared) >= maxShared:
		w.gap(n, limitf("more than %s bytes of texts that cells share", lex.Number(maxShared)))
	case len(o.ends) >= maxSharedTexts:
		w.gap(n, limitf("more than %s texts that cells share", lex.Number(maxSharedTexts)))
	}
}

// text is a shared text.
func (o *office) text(i int) []byte {
	switch {
	case i < 0 || i >= len(o.ends):
		return nil
	case i == 0:
		return o.shared[:o.ends[0]]
	default:
		return o.shared[o.ends[i-1]:o.ends[i]]
	}
}

// joined gives the text of an XML part: runs of one paragraph follow each other, a paragraph or a row of cells is a line.
func (w *walk) joined(n node, o *office, f *zip.File) {
	if f.Flags&encryptedFlag != 0 || !w.live() {
		return
	}
	r, err := f.Open()
	if err != nil {
		return
	}
	defer r.Close()
	m := &metered{w: w, node: n, r: newRuns(r, o)}
	body, head := peek(m)
	if len(head) > 0 {
		w.text(Place{Path: n.path, View: viewJoined, Line: 1}, body)
	}
	m.report()
}

// runs reads the text of an XML part.
type runs struct {
	x      *lex.XML
	office *office
	item   func() bool // called at the end of a shared text; nil elsewhere
	out    []byte
	given  int  // of out
	words  bool // the last paragraph has text
	shared bool // the cell refers to a shared text
	ref    []byte
	done   bool
}

func newRuns(r io.Reader, o *office) *runs {
	return &runs{x: lex.NewXML(lex.NewInput(r)), office: o}
}

// Read implements io.Reader.
func (t *runs) Read(b []byte) (int, error) {
	if t.given == len(t.out) {
		t.out, t.given = t.out[:0], 0
	}
	for len(t.out) < 32<<10 && t.step() {
	}
	if t.given == len(t.out) {
		return 0, io.EOF
	}
	n := copy(b, t.out[t.given:])
	t.given += n
	return n, nil
}

// step reads a token. It returns false at the end, and where the part cannot be read on: its bytes are given as they are too.
func (t *runs) step() bool {
	if t.done {
		return false
	}
	tok, err := t.x.Next()
	if err != nil {
		t.done = true
		return false
	}
	switch tok.Kind {
	case lex.Begin:
		t.begin(local(tok.Text))
	case lex.End:
		t.end(local(tok.Text))
	case lex.Text:
		t.text(tok.Text)
	}
	return !t.done
}

func local(name []byte) string {
	for i, c := range name {
		if c == ':' {
			return string(name[i+1:])
		}
	}
	return string(name)
}

func (t *runs) begin(name string) {
	switch name {
	case "tab":
		t.put('\t')
	case "br", "line-break", "cr":
		t.put('\n')
	case "c":
		t.shared = false
		t.x.Attrs(func(name, value []byte) {
			if string(name) == "t" && string(value) == "s" {
				t.shared = true
			}
		})
	}
}

// put puts a character between runs, where there was one.
func (t *runs) put(c byte) {
	if t.words {
		t.out = append(t.out, c)
	}
}

// end ends an element: a paragraph or a row ends a line, a cell a column.
func (t *runs) end(name string) {
	switch name {
	case "p", "h", "row", "table-row", "comment":
		t.put('\n')
		t.words = false
	case "table-cell":
		t.put('\t')
	case "v":
		t.value()
	case "c", "f":
		t.put('\t')
	case "si":
		if t.item != nil {
			t.words = false
			t.done = !t.item()
			return
		}
		t.put('\n')
		t.words = false
	}
}

// value ends the value of a cell.
func (t *runs) value() {
	if !t.shared || t.office == nil {
		return
	}
	i, err := strconv.Atoi(string(t.ref))
	t.ref = t.ref[:0]
	if text := t.office.text(i); err == nil && len(text) > 0 {
		t.out = append(t.out, text...)
		t.words = true
	}
}

// text takes character data. What programs put between elements to make XML look nice is no text.
func (t *runs) text(b []byte) {
	if depth := t.x.Depth(); depth > 0 && t.shared && local(t.x.Name(depth-1)) == "v" {
		t.ref = append(t.ref, b[:min(len(b), 16)]...)
		t.ref = t.ref[:min(len(t.ref), 16)]
		return
	}
	if blank(b) {
		return
	}
	t.out = append(t.out, b...)
	t.words = true
}

// blank reports whether b is white space with a line break in it.
func blank(b []byte) bool {
	breaks := false
	for _, c := range b {
		switch c {
		case '\n':
			breaks = true
		case ' ', '\t', '\r':
		default:
			return false
		}
	}
	return breaks
}
