package records

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// serviceNow is ServiceNow's XML: <unload> with an element for each row of a table, or <xml> as lists are exported. Comments are rows of
// their own (sys_journal_field), files are cut into pieces that are packed as a whole and written in base64 each (sys_attachment_doc),
// and what a field held before it was changed is in sys_audit. Rows name each other by sys_id, in any order.
//
// https://www.servicenow.com/docs/bundle/xanadu-platform-administration/page/administer/exporting-data/concept/c_ExportXMLData.html
var serviceNow = Format{
	Name: "servicenow", Title: "a ServiceNow XML export",
	score: func(_ string, head []byte) int {
		switch {
		case refuseServiceNow(head) != "":
			return None
		case bytes.Contains(head, []byte("<unload unload_date=")), bytes.Contains(head, []byte("<sys_created_by>")),
			bytes.Contains(head, []byte("<sys_id>")), bytes.Contains(head, []byte("<sys_class_name")):
			return Sure
		}
		return None
	},
	refuse: refuseServiceNow,
	parse:  parseServiceNow,
	learn:  learnServiceNow,
}

// refuseServiceNow says why a file that begins with head is none of its exports.
func refuseServiceNow(head []byte) string {
	head = bytes.TrimLeft(head, " \t\r\n")
	if bytes.HasPrefix(head, []byte("<?xml")) {
		_, head, _ = bytes.Cut(head, []byte("?>"))
		head = bytes.TrimLeft(head, " \t\r\n")
	}
	for _, root := range []string{"<unload>", "<unload ", "<xml>", "<xml "} {
		if bytes.HasPrefix(head, []byte(root)) {
			return ""
		}
	}
	return "no <unload> or <xml>"
}

// nowReader reads rows. Without a reading it takes what they say and forgets their texts.
type nowReader struct {
	r     *reading // nil when nothing is given on
	x     *lex.XML
	known *nowKnown
	row   *nowRow // nil outside of all
	count int     // rows so far
	field string  // of the row, that is being read; empty for none
	text  []byte  // the beginning of its value; of a piece of a file or a journal, all
	begun bool    // the value is being held
	depth int     // elements that are open inside the field
	file  nowFile // that is put together
}

// learnServiceNow reads a whole export for what its rows say of each other.
func learnServiceNow(k *Contents, text io.Reader) {
	n := &nowReader{x: lex.NewXML(lex.NewInput(text)), known: k.tables()}
	_ = n.read() // told when it is read
}

// parseServiceNow reads rows.
func parseServiceNow(r *reading) error {
	n := &nowReader{r: r, x: lex.NewXML(r.in), known: r.around.tables()}
	err := n.read()
	n.endFile()
	return err
}

func (n *nowReader) read() error {
	for n.r == nil || !n.r.stopped {
		t, err := n.x.Next()
		if err != nil {
			return err
		}
		switch t.Kind {
		case lex.Begin:
			n.begin(t.Text)
		case lex.End:
			n.end(t.Text)
		case lex.Text:
			n.write(t.Text)
		case lex.Comment:
			n.comment(t.Text)
		}
	}
	return nil
}

// begin begins the root, a row, a field or something in a field.
func (n *nowReader) begin(name []byte) {
	if n.r != nil && n.field == "" && len(name) >= shortestKey {
		n.hold("xml name", name)
	}
	switch depth := n.x.Depth(); {
	case depth == 1:
		n.attributes("")
	case depth == 2:
		n.count++
		n.row = &nowRow{known: n.known, table: string(name), number: n.count}
		n.attributes("")
	case depth == 3:
		n.field, n.text, n.begun, n.depth = string(name), n.text[:0], false, 0
		n.attributes(n.field)
	default:
		n.depth++
		n.write([]byte("<" + string(name) + string(n.x.RawAttrs()) + ">"))
	}
}

// attributes gives on what of a tag could be a key.
func (n *nowReader) attributes(field string) {
	n.x.Attrs(func(name, value []byte) {
		if field != "" && string(name) == "display_value" {
			n.row.show(field, value)
		}
		if n.r != nil && len(value) >= shortestKey {
			n.hold(strings.TrimSpace(n.nameOf([]byte(field))+" "+n.nameOf(name)), value)
		}
		if n.r != nil && len(name) >= shortestKey {
			n.hold("xml name", name)
		}
	})
}

func (n *nowReader) nameOf(name []byte) string {
	if len(name) == 0 {
		return ""
	}
	return n.r.words.of(name).name
}

// hold holds a text of the row.
func (n *nowReader) hold(field string, text []byte) {
	n.r.hold.begin(&nowPlace{row: n.row, field: field}, "")
	n.r.hold.write(text)
	n.r.hold.end()
}

// write reads a piece of a value. White space before it is none.
func (n *nowReader) write(b []byte) {
	if n.field == "" {
		if b = bytes.TrimSpace(b); len(b) > 0 && n.r != nil {
			n.hold("text", b)
		}
		return
	}
	if len(n.text) == 0 {
		b = bytes.TrimLeft(b, " \t\r\n")
	}
	if len(b) == 0 {
		return
	}
	most := wikiText
	if n.r != nil && n.apart() {
		most = maxPiece
	}
	kept := b[:max(0, min(len(b), most-len(n.text)))]
	n.text = append(n.text, kept...)
	if n.r == nil || n.apart() && len(n.text) < most {
		return
	}
	if !n.begun { // a value that is too long to be kept apart is a text like others
		n.begun = true
		n.r.hold.begin(&nowPlace{row: n.row, field: n.nameOf([]byte(n.field))}, "")
		if n.apart() {
			n.r.hold.write(n.text)
			b = b[len(kept):]
		}
	}
	n.r.hold.write(b)
}

// comment reads a comment or declaration of XML.
func (n *nowReader) comment(b []byte) {
	switch {
	case n.r == nil:
	case n.field != "":
		n.write(b)
	default:
		n.hold("xml comment", b)
	}
}

// apart reports whether the value that is read is kept until it is whole: a piece of a file, or a list of comments.
func (n *nowReader) apart() bool {
	return n.row != nil && (n.row.table == nowPieces && n.field == "data" || nowJournals[n.field] && n.row.table != nowJournal)
}

// end ends something in a field, a field, a row or the root.
func (n *nowReader) end(name []byte) {
	switch {
	case n.depth > 0:
		n.depth--
		n.write([]byte("</" + string(name) + ">"))
	case n.field != "":
		n.endField()
		n.field = ""
	case n.row != nil:
		n.endRow()
		n.row = nil
	}
}

func (n *nowReader) endField() {
	apart := n.apart()
	switch {
	case n.begun:
		n.r.hold.end()
	case apart && n.row.table == nowPieces:
		n.row.data = append(n.row.data[:0], n.text...)
	case apart && n.r != nil:
		n.journal(n.text)
	}
	if !apart {
		n.row.set(n.field, string(bytes.TrimSpace(n.text)))
	}
}

func (n *nowReader) endRow() {
	n.known.add(n.row)
	if n.r == nil {
		return
	}
	n.r.hold.flush()
	if n.row.table == nowPieces {
		n.piece(n.row)
	} else {
		n.r.record()
	}
}

// journal gives on the entries of a list of comments: each begins with a line that says when and by whom it was written.
func (n *nowReader) journal(text []byte) {
	var self about
	from, line := 0, 0
	for at := 0; at <= len(text); {
		end := bytes.IndexByte(text[at:], '\n') + 1
		if end == 0 {
			end = len(text) - at + 1
		}
		next, ok := nowHeader(bytes.TrimSpace(text[at:min(len(text), at+end)]))
		if ok && at > from {
			n.entry(self, text[from:at], from, line)
			line += bytes.Count(text[from:at], []byte{'\n'})
			from = at
		}
		if ok {
			self = next
		}
		at += end
	}
	n.entry(self, text[from:], from, line)
}

func (n *nowReader) entry(self about, text []byte, offset, line int) {
	n.r.hold.begin(&nowPlace{row: n.row, field: n.nameOf([]byte(n.field)), self: self}, "")
	n.r.hold.open.offset, n.r.hold.open.line = int64(offset), line
	n.r.hold.write(text)
	n.r.hold.end()
}

// nowHeader reads the line before an entry: "2026-03-04 09:12:00 - Ann Lee (Work notes)".
func nowHeader(line []byte) (about, bool) {
	when, who, ok := bytes.Cut(line, []byte(" - "))
	open := bytes.LastIndexByte(who, '(')
	if !ok || open < 0 || !bytes.HasSuffix(who, []byte(")")) || len(when) > longestTime {
		return about{}, false
	}
	var self about
	self.set(meansTime, 0, when)
	self.set(meansAuthor, 0, bytes.TrimSpace(who[:open]))
	return self, !self.time.IsZero()
}

// errFile says why a file could not be put together.
var errFile = errors.New("its pieces do not fit together")
