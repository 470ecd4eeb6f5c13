package records

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/transform"

	"github.com/quash-sh/quash/scanner"
)

// viewFlowed is the view in which the lines that a mail program broke are whole again.
const viewFlowed = "flowed"

// flowed reports whether lines of the text are broken where it does not break (RFC 3676).
func (h *mailHead) flowed() bool { return strings.EqualFold(h.params["format"], "flowed") }

// decoded is the text of a body as UTF-8. A text that says it is of a wide charset and has no zero byte is of another.
func (m *mailReader) decoded(h mailHead, body io.Reader) io.Reader {
	enc := charset(h.params["charset"])
	if enc == nil {
		return body
	}
	if name := strings.ToLower(h.params["charset"]); strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32") {
		b := bufio.NewReader(body)
		if head, _ := b.Peek(b.Size()); bytes.IndexByte(head, 0) < 0 {
			return b
		}
		body = b
	}
	return transform.NewReader(body, enc.NewDecoder())
}

// text gives on a text under its views, a long one in parts that have something in common.
func (m *mailReader) text(of *message, field string, r io.Reader, flowed bool) {
	if m.room == nil {
		m.room = make([]byte, fieldSize)
	}
	m.r.hold.record()
	var at scanner.Location
	for kept := 0; !m.r.stopped; {
		n, err := io.ReadFull(r, m.room[kept:])
		text := m.room[:kept+n]
		if n == 0 || len(bytes.TrimSpace(text)) == 0 && err != nil {
			return
		}
		alone := err != nil && at.Offset == 0 && len(text) <= longestGathered
		if at.Line == 0 && (flowed || !alone) {
			at = of.at(scanner.Location{Path: m.r.path, Line: 1, Field: field})
		}
		if alone {
			m.brief(of, field, text)
		} else {
			m.r.views.give(m.r, at, "", text)
		}
		if flowed {
			m.flowed(at, text)
		}
		if err != nil {
			return
		}
		next := len(text) - fieldOverlap
		if i := bytes.IndexByte(text[next:next+fieldOverlap/2], '\n'); i >= 0 {
			next += i + 1
		}
		at.Offset += int64(next)
		at.Line += bytes.Count(text[:next], []byte{'\n'})
		kept = copy(m.room, text[next:])
	}
}

// brief gives on a text with others.
func (m *mailReader) brief(of *message, field string, text []byte) {
	p := m.places.next(len(m.r.hold.held) == 0)
	*p = mailPlace{message: of, field: field}
	m.r.hold.begin(p, "")
	m.r.hold.write(text)
	m.r.hold.end()
	m.r.hold.record()
}

// flowed gives on a text with its lines whole, where a break could be inside of a key. The space at a break is dropped even where it is said to
// belong to the text: text that broke there reads on in the text as it stands.
func (m *mailReader) flowed(at scanner.Location, text []byte) {
	out, split := m.flow[:0], false
	quote, soft := 0, false
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		bare := bytes.TrimLeft(line, ">")
		depth := len(line) - len(bare)
		bare = bytes.TrimPrefix(bare, []byte{' '})
		if soft && depth == quote {
			before, after := 0, 0
			for before < min(len(out), shortestKey) && out[len(out)-1-before] > ' ' {
				before++
			}
			for after < min(len(bare), shortestKey) && bare[after] > ' ' {
				after++
			}
			split = split || before > 0 && after > 0 && before+after >= shortestKey
		} else if len(out) > 0 {
			out = append(out, '\n')
		}
		quote = depth
		soft = bytes.HasSuffix(bare, []byte{' '}) && string(bare) != "-- "
		if soft {
			bare = bare[:len(bare)-1]
		}
		out = append(out, bare...)
	}
	m.flow = out
	if split {
		at.View, at.Offset, at.Line = viewFlowed, 0, 1
		m.r.views.under(m.r, at, out)
	}
}

// garbled gives on a body as it stands when what came of it is no text: it is not encoded as it says.
func (m *mailReader) garbled(of *message, field string, h mailHead, b *mailBody) {
	if h.encoding != "base64" || charset(h.params["charset"]) != nil {
		return
	}
	text := undigit(nil, bytes.Join(bytes.Fields(b.first), nil))
	odd, valid := 0, utf8.Valid(text)
	for _, c := range text {
		if c >= utf8.RuneSelf && !valid || c < ' ' && !bytes.ContainsRune([]byte("\t\r\n\f\x1b"), rune(c)) {
			odd++
		}
	}
	if odd <= len(text)/8 {
		return
	}
	if m.give(of, field, b.first); b.longer {
		m.broken(field + " is not encoded as it says")
	}
}
