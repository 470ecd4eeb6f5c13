package records

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// deepestPart is how many multiparts and messages may stand in one another. What is deeper is read as one text.
const deepestPart = 64

// mailReader reads messages.
type mailReader struct {
	r      *reading
	lines  *mailLines
	number int        // of the message, the first is 1
	top    *message   // that is being read
	body   int64      // where its body begins
	closed int64      // behind the line that ends its parts; 0 when none did
	cut    string     // in what the input ends; empty when it ends where it may
	inner  int        // how many encoded messages the lines are in
	whole  *mailLines // of the input itself

	names  map[string]*headerName
	values map[string]headValue
	places room[mailPlace]
	value  []byte      // of the header that is being read, with its name, without line ends
	long   bool        // it is longer than value
	coded  bool        // it has encoded words
	room   []byte      // for texts and the view of them
	bodies [2]mailBody // memory for bodies, and for those in an encoded message
	flow   []byte
}

// mail reads a message. prefix is what the paths of its parts begin with: "2." for the one that is part 2.
func (m *mailReader) mail(of *message, prefix string, depth int) {
	label := ""
	if prefix != "" {
		label = "part " + strings.TrimSuffix(prefix, ".")
	}
	h := m.head(of, label)
	if depth == 0 {
		m.body, m.closed = m.lines.offset, 0
		if !m.lines.load() && !m.lines.blank {
			m.cutIn("inside the header of message " + strconv.Itoa(m.number))
		}
	}
	m.entity(of, h, prefix+"1", prefix, depth)
}

// entity reads a body. at is the path of a part that has none, prefix what the paths of those that it has begin with.
func (m *mailReader) entity(of *message, h mailHead, at, prefix string, depth int) {
	kind, _, _ := strings.Cut(h.media, "/")
	deep := depth >= deepestPart
	switch {
	case (kind == "multipart" || h.media == "message/rfc822") && deep:
		m.broken(fmt.Sprintf("part %s stands in more than %d others", at, deepestPart))
	case kind == "multipart" && h.params["boundary"] == "":
		m.broken("part " + at + " has parts and does not say what parts them")
	case kind == "multipart":
		m.multipart(of, h, at, prefix, depth+1)
		return
	case h.media == "message/rfc822", h.media == "message/global", h.media == "message/news":
		m.nested(of, h, at, depth+1)
		return
	}
	m.leaf(of, h, at, deep || kind == "multipart")
}

// multipart reads parts.
func (m *mailReader) multipart(of *message, h mailHead, at, prefix string, depth int) {
	l := m.lines
	level := len(l.bounds)
	l.bounds = append(l.bounds, "--"+h.params["boundary"])
	m.around(of, at+" before its parts")
	closed := false
	for n := 1; !m.r.stopped; n++ {
		if l.more() || !l.load() || l.from {
			break
		}
		i, closes, _ := l.bound()
		if i != level {
			break
		}
		l.use()
		if closed = closes; closed {
			break
		}
		path := prefix + strconv.Itoa(n)
		part := m.head(of, "part "+path)
		if h.media == "multipart/digest" && part.params == nil {
			part.media = "message/rfc822"
		}
		m.entity(of, part, path, path+".", depth)
	}
	l.bounds = l.bounds[:level]
	switch {
	case m.r.stopped:
	case closed:
		if depth == 1 {
			m.closed = l.offset
		}
		m.around(of, at+" behind its parts")
	case l.load() || m.inner > 0:
		m.broken("part " + at + " has no end")
	default:
		m.cutIn("inside part " + at + " of message " + strconv.Itoa(m.number))
	}
}

// around reads what stands before or behind parts.
func (m *mailReader) around(of *message, name string) {
	m.text(of, "part "+name, m.newBody(""), false)
}

// nested reads a message in a message.
func (m *mailReader) nested(of *message, h mailHead, at string, depth int) {
	inner := &message{outer: of}
	if h.encoding != "base64" && h.encoding != "quoted-printable" {
		m.mail(inner, at+".", depth)
		return
	}
	body := &mailBody{lines: m.lines, encoding: h.encoding}
	outer := m.lines
	m.lines = newMailLines(body, false)
	m.inner++
	m.mail(inner, at+".", depth)
	for !m.r.stopped && m.lines.load() { // behind its end
		m.lines.use()
	}
	m.lines = outer
	m.inner--
	m.doubts(of, "part "+at, body)
}

// leaf reads a body without parts: a text where it is one, else a file.
func (m *mailReader) leaf(of *message, h mailHead, at string, text bool) {
	body := m.newBody(h.encoding)
	field := "part " + at + " " + label([]byte(h.media))
	name := fileLabel(h.file)
	kind, _, _ := strings.Cut(h.media, "/")
	known := kind == "text" || kind == "message" || text
	if h.file != "" {
		field = strings.TrimSpace("attachment " + name)
		if name == "" {
			field += " " + at
		}
	}
	switch {
	case h.media == "application/ms-tnef", strings.EqualFold(name, "winmail.dat"):
		m.tnef(of, "part "+at, body)
	case known && h.file == "" && !h.attached:
		m.text(of, field, m.decoded(h, body), h.flowed())
		m.garbled(of, field, h, body)
	default:
		var r io.Reader = body
		if kind == "text" {
			r = m.decoded(h, body)
		}
		m.file(of, field, name, at, r)
	}
	for !m.r.stopped && body.fill() { // what nobody wanted
	}
	m.doubts(of, field, body)
	if body.short && !m.r.stopped {
		m.broken("part " + at + " ends inside of its base64")
	}
}

// fileLabel returns the name of a file as a location may show it.
func fileLabel(name string) string {
	if name = path.Base(strings.ReplaceAll(name, `\`, "/")); strings.Trim(name, "./") == "" {
		return ""
	}
	return label([]byte(name))
}

// separator stands between a file and one in it, as in all paths of locations.
const separator = "!"

// file gives on an attachment.
func (m *mailReader) file(of *message, field, name, part string, r io.Reader) {
	if name == "" {
		name = "part " + part
	}
	at := of.at(scanner.Location{Path: m.r.path + separator + name, Line: 1, Field: field})
	m.r.hold.flush()
	if !m.r.stopped {
		m.r.stopped = !m.r.out.File(at, r)
	}
}

// doubts gives on the lines of a body of which it is doubtful how they are encoded.
func (m *mailReader) doubts(of *message, field string, b *mailBody) {
	if m.give(of, field, b.raw); b.lost {
		m.broken(field + " is not encoded as it says")
	}
}

// give gives on a text as it stands.
func (m *mailReader) give(of *message, field string, text []byte) {
	if len(text) > 0 {
		at := of.at(scanner.Location{Path: m.r.path, Line: 1, Field: field})
		m.r.views.give(m.r, at, "", text)
	}
}

// broken gives the gap of something in the message that could not be understood.
func (m *mailReader) broken(why string) {
	m.r.fail(&lex.Error{Offset: m.whole.offset, Line: m.whole.line, Why: why + ", in message " + strconv.Itoa(m.number)})
}

// cutIn notes in what the input ended, the innermost first.
func (m *mailReader) cutIn(what string) {
	if m.cut == "" {
		m.cut = what
	}
}
