package decode

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math/bits"
)

// The names of the views.
const (
	HTMLText = "html-text"
	Wiki     = "wiki"
	Visible  = "visible"
	Escapes  = "escapes"
)

// Buffer holds the memory of views from one text to the next. The zero value is ready.
type Buffer struct {
	text, wiki, again []byte
	links             []byte
	marks             []markAt
}

// Plain reports whether a text has no view: it is ASCII without markup.
func Plain(text []byte) bool { return special(text) == len(text) }

// Views yields the views of text by name. A view is valid until the next one is asked for; text is not changed.
func Views(text []byte, buf *Buffer) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if bytes.IndexByte(text, '<') < 0 && bytes.IndexByte(text, '&') < 0 {
			buf.visible(text, yield)
			return
		}
		r := render{links: buf.links[:0], marks: buf.marks[:0]}
		buf.text = r.render(buf.text[:0], text)
		buf.links, buf.marks = r.links, r.marks
		if r.marked {
			buf.wiki = r.restored(buf.wiki[:0], buf.text)
		}
		buf.text, buf.again = twice(buf.text, buf.again)
		if !bytes.Equal(buf.text, text) && !yield(HTMLText, buf.text) {
			return
		}
		if !r.marked {
			return
		}
		buf.wiki, buf.again = twice(buf.wiki, buf.again)
		yield(Wiki, buf.wiki)
	}
}

// visible yields the view of a text without markup.
func (buf *Buffer) visible(text []byte, yield func(string, []byte) bool) {
	if ascii(text) {
		return
	}
	buf.text = buf.text[:0]
	for rest := text; len(rest) > 0; {
		n := 1
		if rest[0] < 0x80 {
			buf.text = append(buf.text, rest[0])
		} else {
			buf.text, n = appendWide(buf.text, rest)
		}
		rest = rest[n:]
	}
	if !bytes.Equal(buf.text, text) {
		yield(Visible, buf.text)
	}
}

func ascii(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// render makes the view of a text with markup without its tags, and notes what the one with wiki marks has besides.
type render struct {
	marked bool   // a tag was seen that a wiki mark stands for
	links  []byte // targets of links, a line each
	marks  []markAt
}

// markAt is a wiki mark that stands before a byte of the view without tags.
type markAt struct {
	at   int
	mark string
}

// restored appends the view with wiki marks put back, made of the one without.
func (r *render) restored(dst, text []byte) []byte {
	from := 0
	for _, m := range r.marks {
		dst = append(append(dst, text[from:m.at]...), m.mark...)
		from = m.at
	}
	return append(dst, text[from:]...)
}

func (r *render) render(dst, src []byte) []byte {
	for len(src) > 0 {
		n := special(src)
		dst = append(dst, src[:n]...)
		if src = src[n:]; len(src) == 0 {
			break
		}
		switch src[0] {
		case '<':
			dst, n = r.tag(dst, src)
		case '&':
			dst, n = appendEntity(dst, src)
		default:
			dst, n = appendWide(dst, src)
		}
		src = src[n:]
	}
	return append(dst, r.links...)
}

// special returns how many bytes of b stand for themselves.
func special(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		open, and := w^ones*'<', w^ones*'&'
		if found := ((open-ones)&^open | (and-ones)&^and | w) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8 // the lowest that is marked is one
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '<' || c == '&' || c >= 0x80 {
			return i
		}
	}
	return len(b)
}

// tag appends what the tag at the start of src leaves in the view, and returns the tag's length.
func (r *render) tag(dst, src []byte) ([]byte, int) {
	const cdata = "<![CDATA["
	if hasPrefix(src, cdata) {
		return dst, len(cdata)
	}
	t, ok := parseTag(src)
	if !ok {
		return append(dst, '<'), 1
	}
	if link := target(t.attrs); link != nil {
		r.link(link)
	}
	switch k := t.kind; {
	case k.marked && t.close:
		r.marked, r.marks = true, append(r.marks, markAt{len(dst), k.mark[1]})
	case k.marked:
		r.marked, r.marks = true, append(r.marks, markAt{len(dst), k.mark[0]})
	case k.breaks:
		dst = append(dst, '\n')
	}
	return dst, t.size
}

// link adds the target of a link.
func (r *render) link(target []byte) {
	r.links = append(r.links, '\n')
	for {
		n := bytes.IndexByte(target, '&')
		if n < 0 {
			r.links = append(r.links, target...)
			return
		}
		r.links = append(r.links, target[:n]...)
		target = target[n:]
		r.links, n = appendEntity(r.links, target)
		target = target[n:]
	}
}

// appendEntity appends the character of the entity at the start of src, or its "&" where it is none.
func appendEntity(dst, src []byte) ([]byte, int) {
	if r, n := Reference(src); n > 0 {
		return appendRune(dst, r), n
	}
	s, n := entity(src)
	if n == 0 {
		return append(dst, '&'), 1
	}
	for _, r := range s {
		dst = appendRune(dst, r)
	}
	return dst, n
}

// twice resolves the entities that are left after one pass ("&amp;#61;"). It returns the text and the other buffer.
func twice(text, other []byte) ([]byte, []byte) {
	if bytes.IndexByte(text, '&') < 0 {
		return text, other
	}
	other = other[:0]
	for rest := text; len(rest) > 0; {
		n := bytes.IndexByte(rest, '&')
		if n < 0 {
			other = append(other, rest...)
			break
		}
		other = append(other, rest[:n]...)
		other, n = appendEntity(other, rest[n:])
		rest = rest[bytes.IndexByte(rest, '&')+n:]
	}
	return other, text
}
