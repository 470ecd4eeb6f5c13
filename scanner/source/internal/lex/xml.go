package lex

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/quash-sh/quash/scanner/internal/decode"
)

// XML reads an XML document. Tags must nest, be closed, and end within one window; a document has one root.
type XML struct {
	in    *Input
	names []byte      // the names of the open elements, one after the other
	ends  []int       // where each ends in names
	until string      // what ends the CDATA section or comment that is being read
	kind  Kind        // what that gives
	attrs []byte      // of the last Begin
	pairs []attribute // that they are
	bytes []byte      // character data that has references
	empty bool        // the last Begin was <name/>
	whole bool        // a CDATA section ends where its element does
	root  bool        // the root was seen
}

// attribute is an attribute as it stands.
type attribute struct{ name, value []byte }

// mostResolved is how long a piece of character data becomes that has references, in bytes.
const mostResolved = 16 << 10

// NewXML returns a reader of the document that in holds. The elements open are taken as open already, so that reading can
// go on inside a document.
func NewXML(in *Input, open ...string) *XML {
	x := &XML{in: in}
	for _, name := range open {
		x.push([]byte(name))
	}
	return x
}

// WholeSections makes a CDATA section end with its element alone: at a "]]>" before the tag that closes it. So are documents read whose
// sections stand in others, which XML has no way to write.
func (x *XML) WholeSections() { x.whole = true }

// Depth is the number of open elements, the one of a Begin token included and the one of an End token not.
func (x *XML) Depth() int { return len(x.ends) }

// Name is the name of an open element, 0 the outermost.
func (x *XML) Name(i int) []byte {
	if i == 0 {
		return x.names[:x.ends[0]]
	}
	return x.names[x.ends[i-1]:x.ends[i]]
}

func (x *XML) push(name []byte) {
	x.root = true
	x.names = append(x.names, name...)
	x.ends = append(x.ends, len(x.names))
}

func (x *XML) pop() Token {
	name := x.Name(x.Depth() - 1)
	x.ends = x.ends[:x.Depth()-1]
	x.names = x.names[:len(x.names)-len(name)]
	return Token{Kind: End, Text: name}
}

// Next returns the next token. io.EOF ends a whole document; any other error is an [Error].
func (x *XML) Next() (Token, error) {
	if x.empty {
		x.empty = false
		return x.pop(), nil
	}
	if x.until != "" {
		return x.section()
	}
	if !x.in.need(1) {
		return Token{}, x.end()
	}
	if x.in.rest()[0] == '<' {
		return x.markup()
	}
	return x.text()
}

// end is the error at the end of the input.
func (x *XML) end() error {
	if x.Depth() > 0 || !x.root || x.in.Err() != nil {
		return x.cut()
	}
	return x.in.end()
}

// cut names the element that the input ends in.
func (x *XML) cut() error {
	if x.Depth() == 0 {
		return x.in.cut("before the first element")
	}
	return x.in.cut("inside " + tagName(x.Name(x.Depth()-1)))
}

// tagName is a name as an error may show it: content that was taken for a tag is not shown.
func tagName(name []byte) string {
	if len(name) > 24 {
		return "an element"
	}
	for _, c := range name {
		if !('a' <= c|0x20 && c|0x20 <= 'z') && c != '-' && c != ':' {
			return "an element"
		}
	}
	return "<" + string(name) + ">"
}

// text reads character data up to the next tag or end of the window.
func (x *XML) text() (Token, error) {
	b := x.in.rest()
	n := runSize(b)
	if x.Depth() == 0 {
		if lead := len(b) - len(bytes.TrimLeft(b, " \t\r\n")); lead < max(n, 1) {
			return Token{}, x.in.broken(lead, "text outside of the root element")
		}
	}
	x.in.i += n
	if n == len(b) || b[n] == '<' {
		return Token{Kind: Text, Text: b[:n]}, nil
	}
	x.bytes = append(x.bytes[:0], b[:n]...)
	for len(x.bytes) < mostResolved && x.in.need(1) && x.in.rest()[0] == '&' {
		if c, n := named(x.in.rest()); n > 0 {
			x.in.i += n
			x.bytes = append(x.bytes, c)
		} else {
			x.reference()
		}
		b := x.in.rest()
		n := runSize(b)
		x.bytes = append(x.bytes, b[:n]...)
		x.in.i += n
	}
	return Token{Kind: Text, Text: x.bytes}, nil
}

// runSize is how many bytes of character data stand for themselves.
func runSize(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		open, and := w^ones*'<', w^ones*'&'
		// The lowest byte that is marked is one that is zero; above it there may be others.
		if zero := ((open-ones)&^open | (and-ones)&^and) & tops; zero != 0 {
			return i + bits.TrailingZeros64(zero)/8
		}
	}
	for i < len(b) && b[i] != '&' && b[i] != '<' {
		i++
	}
	return i
}

// named reads the reference at the start of b, where it is one of the four that nearly all are.
func named(b []byte) (c byte, size int) {
	const lt, gt, amp, quot = "&lt;", "&gt;", "&amp;", "&quot;"
	switch {
	case len(b) < len(quot):
	case b[1] == 'l' && string(b[:len(lt)]) == lt:
		return '<', len(lt)
	case b[1] == 'g' && string(b[:len(gt)]) == gt:
		return '>', len(gt)
	case b[1] == 'a' && string(b[:len(amp)]) == amp:
		return '&', len(amp)
	case b[1] == 'q' && string(b[:len(quot)]) == quot:
		return '"', len(quot)
	}
	return 0, 0
}

// reference reads what stands at "&": a character, or just that sign.
func (x *XML) reference() {
	x.in.need(12)
	r, n := decode.Reference(x.in.rest())
	if n == 0 {
		r, n = '&', 1
	}
	x.in.i += n
	x.bytes = utf8.AppendRune(x.bytes, r)
}

// sections are what begins with <! or <?, and how each ends.
var sections = [...]struct {
	open, end string
	kind      Kind
}{
	{"<![CDATA[", "]]>", Text},
	{"<!--", "-->", Comment},
	{"<?", "?>", Comment},
}

// markup reads what stands at "<".
func (x *XML) markup() (Token, error) {
	b := x.in.rest()
	if n := x.endSize(b); n > 0 {
		x.in.i += n
		return x.pop(), nil
	}
	x.in.need(len("<![CDATA["))
	b = x.in.rest()
	if len(b) > 1 && (b[1] == '!' || b[1] == '?') && x.beginSection(b) {
		return x.section()
	}
	size, err := x.tagSize()
	if err != nil {
		return Token{}, err
	}
	b = x.in.rest()[:size]
	switch b[1] {
	case '/':
		return x.endTag(b)
	case '!':
		x.in.i += size
		return Token{Kind: Comment, Text: b[2 : size-1]}, nil
	}
	return x.beginTag(b)
}

// endSize is the size of the tag at the start of b where it ends the innermost element as programs write that: "</name>". Otherwise it is 0.
func (x *XML) endSize(b []byte) int {
	if len(b) < len("</>") || b[1] != '/' || x.Depth() == 0 {
		return 0
	}
	name := x.Name(x.Depth() - 1)
	size := len(name) + len("</>")
	if len(b) < size || b[size-1] != '>' || !bytes.Equal(b[2:size-1], name) {
		return 0
	}
	return size
}

// beginSection begins the section that stands at the start of b, and reports whether one does.
func (x *XML) beginSection(b []byte) bool {
	for _, s := range sections {
		if len(b) >= len(s.open) && string(b[:len(s.open)]) == s.open && (s.kind != Text || x.Depth() > 0) {
			x.in.i += len(s.open)
			x.until, x.kind = s.end, s.kind
			return true
		}
	}
	return false
}

// section reads a piece of a CDATA section or a comment.
func (x *XML) section() (Token, error) {
	if !x.in.need(len(x.until)) {
		return Token{}, x.cut()
	}
	b := x.in.rest()
	n := bytes.Index(b, []byte(x.until))
	switch {
	case n > 0 && x.whole && x.kind == Text:
		x.in.i += n
		return Token{Kind: x.kind, Text: b[:n], More: true}, nil
	case n == 0 && x.whole && x.kind == Text && !x.closes():
		b = x.in.rest()[:len(x.until)]
		x.in.i += len(b)
		return Token{Kind: x.kind, Text: b, More: true}, nil
	case n >= 0:
		b = x.in.rest()
		x.in.i += n + len(x.until)
		x.until = ""
		return Token{Kind: x.kind, Text: b[:n]}, nil
	}
	n = len(b) - len(x.until) + 1
	x.in.i += n
	return Token{Kind: x.kind, Text: b[:n], More: true}, nil
}

// closes reports whether the tag that closes the element follows the end of the section that stands here.
func (x *XML) closes() bool {
	const space = 8 // how much of it there may be before the tag
	name := x.Name(x.Depth() - 1)
	x.in.need(len(x.until) + space + len("</") + len(name))
	b := bytes.TrimLeft(x.in.rest()[len(x.until):], " \t\r\n")
	return len(b) == 0 || bytes.HasPrefix(b, []byte("</")) && bytes.HasPrefix(b[2:], name)
}

// tagMarks are the bytes that a tag, or a document type, may end at, or that tell where it does.
var tagMarks = [256]bool{'<': true, '>': true, '"': true, '\'': true, '[': true, ']': true}

// tagSize reads until the tag, or the document type, that begins here is in the window, and returns its size.
func (x *XML) tagSize() (int, error) {
	var quote byte
	brackets, i := 0, 1
	for {
		b := x.in.rest()
		declaration := len(b) > 1 && b[1] == '!'
		for ; i < len(b); i++ {
			for i < len(b) && !tagMarks[b[i]] {
				i++
			}
			if i == len(b) {
				break
			}
			switch c := b[i]; {
			case c == '<' && !declaration:
				return 0, x.in.broken(i, `"<" inside a tag`)
			case c == quote:
				quote = 0
			case quote != 0:
			case c == '"' || c == '\'':
				quote = c
			case c == '[':
				brackets++
			case c == ']':
				brackets--
			case c == '>' && (brackets <= 0 || !declaration):
				return i + 1, nil
			}
		}
		if x.in.full() {
			return 0, x.in.broken(0, "a tag that does not end")
		}
		if !x.in.more() {
			return 0, x.cut()
		}
	}
}

func (x *XML) endTag(b []byte) (Token, error) {
	name := b[2 : len(b)-1]
	if n := len(name); n > 0 && name[n-1] <= ' ' {
		name = bytes.TrimRight(name, " \t\r\n")
	}
	if x.Depth() == 0 || !bytes.Equal(name, x.Name(x.Depth()-1)) {
		return Token{}, x.in.broken(0, tagName(name)+" is closed and was not opened there")
	}
	x.in.i += len(b)
	return x.pop(), nil
}

func (x *XML) beginTag(b []byte) (Token, error) {
	body := b[1 : len(b)-1]
	empty := bytes.HasSuffix(body, []byte("/"))
	if empty {
		body = body[:len(body)-1]
	}
	n := nameSize(body)
	attrs := body[n:]
	switch {
	case n == 0:
		return Token{}, x.in.broken(0, "a tag without a name")
	case x.Depth() == 0 && x.root:
		return Token{}, x.in.broken(0, "a second root element")
	case x.Depth() == deepest:
		return Token{}, x.in.broken(0, "elements nested too deep")
	case !x.attributes(attrs):
		return Token{}, x.in.broken(0, "an attribute that is not name=\"value\"")
	}
	x.in.i += len(b)
	x.push(body[:n])
	x.attrs, x.empty = attrs, empty
	return Token{Kind: Begin, Text: body[:n]}, nil
}

// nameSize is the size of the name at the start of b.
func nameSize(b []byte) int {
	if len(b) == 0 || nameBytes[b[0]] != nameBegins {
		return 0
	}
	for i, c := range b {
		if nameBytes[c] == 0 {
			return i
		}
	}
	return len(b)
}

// nameBytes says which bytes names have, and which of them can begin one.
var nameBytes = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case 'a' <= c|0x20 && c|0x20 <= 'z', c == '_', c == ':', c >= 0x80:
			t[i] = nameBegins
		case '0' <= c && c <= '9', c == '-', c == '.':
			t[i] = nameGoesOn
		}
	}
	return t
}()

const (
	nameGoesOn = iota + 1
	nameBegins
)

// attributes reads those of a tag, and reports whether it has nothing else.
func (x *XML) attributes(b []byte) bool {
	x.pairs = x.pairs[:0]
	for len(b) > 0 {
		name, value, rest, ok := attr(b)
		if !ok {
			return len(bytes.TrimSpace(b)) == 0
		}
		x.pairs = append(x.pairs, attribute{name, value})
		b = rest
	}
	return true
}

// attr reads the first attribute of b, which begins with white space.
func attr(b []byte) (name, value, rest []byte, ok bool) {
	t := skipSpace(b)
	n := nameSize(t)
	if n == 0 || len(t) == len(b) {
		return nil, nil, b, false
	}
	name, t = t[:n], skipSpace(t[n:])
	if len(t) == 0 || t[0] != '=' {
		return nil, nil, b, false
	}
	t = skipSpace(t[1:])
	if len(t) < 2 || t[0] != '"' && t[0] != '\'' {
		return nil, nil, b, false
	}
	end := bytes.IndexByte(t[1:], t[0])
	if end < 0 {
		return nil, nil, b, false
	}
	return name, t[1 : end+1], t[end+2:], true
}

// skipSpace returns b without the white space that it begins with.
func skipSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\n' || b[0] == '\t' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// Attrs calls f for every attribute of the Begin token that Next returned last. The slices are valid during the call.
func (x *XML) Attrs(f func(name, value []byte)) {
	for _, a := range x.pairs {
		if bytes.IndexByte(a.value, '&') >= 0 {
			a.value = appendResolved(nil, a.value)
		}
		f(a.name, a.value)
	}
}

// RawAttrs are the attributes of the Begin token that Next returned last, as they stand.
func (x *XML) RawAttrs() []byte { return x.attrs }

// appendResolved appends the value of an attribute with its references resolved.
func appendResolved(dst, value []byte) []byte {
	for len(value) > 0 {
		n := bytes.IndexByte(value, '&')
		if n < 0 {
			return append(dst, value...)
		}
		dst, value = append(dst, value[:n]...), value[n:]
		r, size := decode.Reference(value)
		if size == 0 {
			r, size = '&', 1
		}
		dst, value = utf8.AppendRune(dst, r), value[size:]
	}
	return dst
}
