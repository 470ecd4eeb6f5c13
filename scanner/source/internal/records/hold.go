package records

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/internal/decode"
)

// place is where a held text stands. It is asked when the text is given on, not before: only then is known what the
// record says of itself.
type place interface {
	// location is the place without its path.
	location() scanner.Location
	// name is what the text is called in the view "named", or nothing.
	name() string
}

// held is a text, or a part of one, that waits for its record to end.
type held struct {
	place      place
	view       string
	start, end int // in the holder's buf
	offset     int64
	line       int
	inside     int  // where it stands in what the view "record" is made from, or that view begins there itself; 0 for nowhere
	quoted     bool // a backslash in it is one that appendString has put before a quote
	again      bool // it repeats a text of the record, and is left out where another has the same bytes
}

// holder keeps the texts of a record until it was read, as far as recordSize allows.
type holder struct {
	r         *reading
	buf       []byte
	held      []held
	done      int // of those held, that were gathered
	first     int // of those held, that is of the record that was gathered last
	gathering gathering
	open      held // the text that is being read, from open.start to the end of buf; no place when there is none
}

// begin begins a text under a view, empty for the text as it stands.
func (h *holder) begin(p place, view string) {
	h.open = held{place: p, view: view, start: len(h.buf)}
}

// write adds to the text that was begun.
func (h *holder) write(b []byte) {
	h.buf = append(h.buf, b...)
	if len(h.buf)-h.open.start >= fieldSize {
		h.part()
	}
	if len(h.buf) >= recordSize {
		h.flush()
	}
}

// part takes a part off the text that is being read, up to a break between words where there is one.
func (h *holder) part() {
	text := h.buf[h.open.start:]
	end := len(text)
	if i := bytes.LastIndexAny(text[end-fieldOverlap:], " \t\r\n"); i > 0 {
		end += i - fieldOverlap
	}
	next := end - fieldOverlap
	if i := bytes.IndexAny(text[next:next+fieldOverlap/2], " \t\r\n"); i >= 0 {
		next += i + 1
	}
	p := h.open
	p.end = p.start + end
	h.held = append(h.held, p)
	h.open.offset += int64(next)
	h.open.line += bytes.Count(text[:next], []byte{'\n'})
	h.open.start = len(h.buf)
	h.buf = append(h.buf, text[next:]...)
}

// text is the text that is being read, when it is all held.
func (h *holder) text() []byte {
	if h.open.offset > 0 {
		return nil
	}
	return h.buf[h.open.start:]
}

// end ends the text that was begun.
func (h *holder) end() {
	if h.open.place == nil {
		return
	}
	if h.open.end = len(h.buf); h.open.end > h.open.start {
		h.held = append(h.held, h.open)
	}
	h.open = held{}
	if len(h.held) >= maxHeld {
		h.flush()
	}
}

// repeated reports whether another text that is held has the bytes of text i.
func (h *holder) repeated(i int) bool {
	text := h.buf[h.held[i].start:h.held[i].end]
	for _, t := range h.held[h.first:] {
		if !t.again && t.view == "" && t.end-t.start == len(text) && bytes.Equal(h.buf[t.start:t.end], text) {
			return true
		}
	}
	return false
}

// finish gives on everything, as far as it was read.
func (h *holder) finish() {
	h.end()
	h.flush()
}

// viewer makes the views of a text.
type viewer struct {
	buf   decode.Buffer
	named []byte
	shown []byte
}

// A value with its name is one text more when it is short enough to stand for itself alone.
const (
	shortestNamed = 8
	longestNamed  = 1 << 10
)

// give gives on a text under each of its views.
func (v *viewer) give(r *reading, at scanner.Location, name string, text []byte) {
	v.under(r, at, text)
	if name == "" || !nameable(text) {
		return
	}
	v.named = appendMember(v.named[:0], name, text)
	at.Offset, at.Line, at.View = 0, 1, viewNamed
	v.under(r, at, v.named)
}

// nameable reports whether a text is searched with its name too.
func nameable(text []byte) bool {
	return len(text) >= shortestNamed && len(text) <= longestNamed && bytes.IndexByte(text, '\n') < 0
}

// appendMember appends a name and a text in the way of JSON.
func appendMember(dst []byte, name string, text []byte) []byte {
	dst = append(appendQuoted(append(dst, '"'), []byte(name)), `": "`...)
	return append(appendQuoted(dst, text), '"')
}

// appendString appends a text as it stands between the quotes of JSON, but for the ends of lines, which stay as they are: so it stands there
// as it stands for itself.
func appendString(dst, text []byte) []byte {
	for {
		n := bytes.IndexByte(text, '"')
		if n < 0 {
			n = len(text)
		}
		if back := bytes.IndexByte(text[:n], '\\'); back >= 0 {
			n = back
		}
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return dst
		}
		dst = append(dst, '\\', text[n])
		text = text[n+1:]
	}
}

// onlyQuotes reports whether every backslash stands before a quote.
func onlyQuotes(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return i < 0
		}
		if text[i+1] != '"' {
			return false
		}
		text = text[i+2:]
	}
}

// appendQuoted appends a text as it stands between the quotes of JSON, with as few escapes as may be.
func appendQuoted(dst, text []byte) []byte {
	for {
		n := 0
		for n < len(text) && quotedAs[text[n]] == 0 {
			n++
		}
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return dst
		}
		dst = append(dst, '\\', quotedAs[text[n]])
		text = text[n+1:]
	}
}

// quotedAs are the letters that stand for bytes behind a backslash; 0 for a byte that stands for itself.
var quotedAs = [256]byte{'\n': 'n', '\r': 'r', '"': '"', '\\': '\\'}

// under gives on a text as it stands and under the views of package decode.
func (v *viewer) under(r *reading, at scanner.Location, text []byte) {
	r.chunk(scanner.Chunk{Data: text, From: at})
	own := at.View
	if r.links && own == "" && bytes.IndexByte(text, '<') >= 0 {
		v.shown = unlinked(v.shown[:0], text)
		at.View = viewShown
		r.chunk(scanner.Chunk{Data: v.shown, From: at})
	}
	for name, view := range decode.Views(text, &v.buf) {
		if at.View = own; own == "" {
			at.View = name
		}
		r.chunk(scanner.Chunk{Data: view, From: at})
		if r.stopped {
			return
		}
	}
}

// Lengths, in bytes, of what a location takes from an export.
const (
	maxLabel = 64
	maxPath  = 200
)

// label returns a name, an author or the like as a location may show it: one line without characters that nobody sees,
// of bounded length. It returns nothing for what could itself be a key: a run of twenty or more letters and digits mixed,
// except the 24 hexadecimal digits that some databases name things by.
func label(b []byte) string {
	if len(b) > 4*maxLabel || keyLike(b) {
		return ""
	}
	if s := bytes.TrimSpace(b); len(s) <= maxLabel && isPlain(s) {
		return string(s)
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, string(bytes.ToValidUTF8(bytes.TrimSpace(b), nil)))
	if len(s) > maxLabel {
		s = strings.ToValidUTF8(s[:maxLabel], "") + "…"
	}
	return s
}

// isPlain reports whether all bytes are printable ASCII.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// keyLike reports whether a run of letters and digits in b could be a key.
func keyLike(b []byte) bool {
	const longest, object = 20, 24
	for len(b) > 0 {
		n := 0
		letters, digits, hex := false, false, true
		for ; n < len(b) && alphanumeric(b[n]); n++ {
			digit := b[n] <= '9'
			digits = digits || digit
			letters = letters || !digit
			hex = hex && (digit || 'a' <= b[n] && b[n] <= 'f')
		}
		if n >= longest && letters && digits && !(hex && n == object) {
			return true
		}
		b = b[min(n+1, len(b)):]
	}
	return false
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
