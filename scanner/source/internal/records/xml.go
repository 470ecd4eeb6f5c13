package records

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// xmlRecords is any XML: the children of the root element are records, unless tickets are found deeper.
var xmlRecords = Format{
	Name: "xml", Title: "an XML export", general: true,
	score:  scoreXML,
	refuse: refuseXML,
	parse:  parseXML(&shape{form: inXML}),
}

// refuseXML says why a file cannot be XML records.
func refuseXML(head []byte) string {
	head = bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(head) == 0:
		return "it is empty"
	case head[0] != '<':
		return "it does not begin with <"
	}
	return ""
}

// scoreXML says how sure it is that a file that begins with head is an export: like JSON, when one of the first elements is a ticket.
func scoreXML(name string, head []byte) int {
	if refuseXML(head) != "" || strings.ToLower(path.Ext(name)) != ".xml" {
		return None
	}
	r := newReading(nobody{}, "", bytes.NewReader(head))
	r.words = noWords()
	w := newXMLWalker(r, &shape{form: inXML})
	if ticket, _ := w.sniff(); ticket {
		return Likely
	}
	return None
}

// parseXML returns the parser of a shape in XML.
func parseXML(s *shape) func(*reading) error {
	return func(r *reading) error { return newXMLWalker(r, s).all() }
}

func newXMLWalker(r *reading, s *shape) *jsonWalker {
	x := &xmlTokens{x: lex.NewXML(r.in)}
	return &jsonWalker{r: r, next: x.Next, shape: s, elements: true}
}

// The members that hold what of an element has no name.
const (
	xmlText    = "#text"
	xmlComment = "#comment"
)

// xmlTokens gives an XML document as JSON would have it: one object with the root element as its member, an element with attributes or
// children as an object, one with text alone as a string. Elements inside a text are markup that belongs to it.
type xmlTokens struct {
	x     *lex.XML
	begun bool
	ended bool
	open  []xmlState // the document, then an element each
	queue []lex.Token
	first int    // of queue that was not taken
	keep  []byte // texts of queue that x holds no longer
	// remark says that a comment is being read.
	remark bool
}

// xmlState is what is known of an element that is open.
type xmlState uint8

const (
	xmlEmpty  xmlState = iota // nothing came yet: it may become a string or an object
	xmlString                 // its text is being read
	xmlObject                 // it has members
	xmlInside                 // it has members, and the text among them is being read
	xmlMarkup                 // it stands in a text
)

// Next returns the next token.
func (x *xmlTokens) Next() (lex.Token, error) {
	if !x.begun {
		x.begun, x.open = true, append(x.open, xmlObject)
		return lex.Token{Kind: lex.Object}, nil
	}
	for x.first == len(x.queue) {
		x.queue, x.first, x.keep = x.queue[:0], 0, x.keep[:0]
		t, err := x.x.Next()
		switch {
		case errors.Is(err, io.EOF) && !x.ended:
			x.ended = true
			return lex.Token{Kind: lex.End}, nil
		case err != nil:
			return lex.Token{}, err
		}
		x.token(t)
	}
	x.first++
	return x.queue[x.first-1], nil
}

func (x *xmlTokens) token(t lex.Token) {
	switch t.Kind {
	case lex.Begin:
		x.begin(t.Text)
	case lex.End:
		x.end(t.Text)
	case lex.Text:
		x.text(t.Text)
	case lex.Comment:
		x.comment(t)
	}
}

func (x *xmlTokens) give(k lex.Kind, text []byte, more bool) {
	x.queue = append(x.queue, lex.Token{Kind: k, Text: text, More: more})
}

// top is the state of the innermost element that is open.
func (x *xmlTokens) top() *xmlState { return &x.open[len(x.open)-1] }

// inText reports whether a text is being read.
func (x *xmlTokens) inText() bool {
	return *x.top() == xmlString || *x.top() == xmlInside || *x.top() == xmlMarkup
}

func (x *xmlTokens) begin(name []byte) {
	if x.inText() {
		for _, part := range [][]byte{[]byte("<"), name, x.x.RawAttrs(), []byte(">")} {
			x.give(lex.Text, part, true)
		}
		x.open = append(x.open, xmlMarkup)
		return
	}
	x.members()
	x.give(lex.Key, name, false)
	x.open = append(x.open, xmlEmpty)
	x.x.Attrs(func(name, value []byte) {
		if len(value) < shortestKey && (string(name) == "type" || string(name) == "nil") {
			return // how Rails says of what type a value is
		}
		x.members()
		x.give(lex.Key, name, false)
		at := len(x.keep)
		x.keep = append(x.keep, value...)
		x.give(lex.Text, x.keep[at:], false)
	})
}

// members makes the innermost element one with members.
func (x *xmlTokens) members() {
	if *x.top() == xmlEmpty {
		x.give(lex.Object, nil, false)
		*x.top() = xmlObject
	}
}

// text reads a piece of a text. White space between elements is none, nor is that before a text.
func (x *xmlTokens) text(b []byte) {
	if !x.inText() {
		if b = bytes.TrimLeft(b, " \t\r\n"); len(b) == 0 {
			return
		}
		if *x.top() == xmlEmpty {
			*x.top() = xmlString
		} else {
			x.give(lex.Key, []byte(xmlText), false)
			*x.top() = xmlInside
		}
	}
	x.give(lex.Text, b, true)
}

// comment reads a piece of a comment or declaration.
func (x *xmlTokens) comment(t lex.Token) {
	within := x.inText()
	if !x.remark {
		if within {
			x.give(lex.Text, []byte("<!--"), true)
		} else {
			x.members()
			x.give(lex.Key, []byte(xmlComment), false)
		}
	}
	x.remark = t.More
	x.give(lex.Text, t.Text, t.More || within)
	if within && !t.More {
		x.give(lex.Text, []byte("-->"), true)
	}
}

func (x *xmlTokens) end(name []byte) {
	state := *x.top()
	x.open = x.open[:len(x.open)-1]
	switch state {
	case xmlMarkup:
		for _, part := range [][]byte{[]byte("</"), name, []byte(">")} {
			x.give(lex.Text, part, true)
		}
	case xmlEmpty, xmlString:
		x.give(lex.Text, nil, false)
	case xmlInside:
		x.give(lex.Text, nil, false)
		x.give(lex.End, nil, false)
	case xmlObject:
		x.give(lex.End, nil, false)
	}
}
