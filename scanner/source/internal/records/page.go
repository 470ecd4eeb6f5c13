package records

import (
	"bytes"
	"html"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// page is a web page of messages, one after the other, each with a mark at its beginning. Such a page is not read as XML, which it is not:
// between two marks everything belongs to the first of them.
type page struct {
	// signs are texts one of which every such page has in its first 4 KiB, and no other page has.
	signs []string
	// mark is where a message begins.
	mark string
	// from is where that begins which tells who wrote a message and when, in its first 8 KiB; empty is at the mark.
	from string
	// field is what the text of a message is called.
	field string
	// id names the message, the n-th of the page, whose mark has just been read.
	id func(n int, rest []byte) string
	// tell takes what the opening of a message says of it; what stands there of the one before is known already.
	tell func(m *pageMessage, opening []byte)
}

// longestOpening is how much of a message is looked at for who wrote it.
const longestOpening = 8 << 10

// pageMessage is the place of a message, or of what stands before the first one.
type pageMessage struct {
	field, id, author string
	time              time.Time
	opening           []byte
	found             bool // the opening has begun
}

// location implements place.
func (m *pageMessage) location() scanner.Location {
	if m.id == "" {
		return scanner.Location{Record: "page", Field: "head"}
	}
	return scanner.Location{Record: m.id, Field: m.field, Author: m.author, Time: m.time}
}

// name implements place.
func (m *pageMessage) name() string { return "" }

// score says how sure it is of a file: a page has the ending of one, and a sign.
func (p *page) score(name string, head []byte) int {
	ext := strings.ToLower(path.Ext(name))
	if (ext == ".html" || ext == ".htm") && p.signed(head) {
		return Sure
	}
	return None
}

func (p *page) signed(head []byte) bool {
	for _, sign := range p.signs {
		if bytes.Contains(head, []byte(sign)) {
			return true
		}
	}
	return false
}

// open keeps of a piece of a message what its opening is.
func (p *page) open(m *pageMessage, piece []byte) {
	if len(m.opening) < longestOpening || !m.found {
		m.opening = append(m.opening, piece...)
	}
	if at := bytes.Index(m.opening, []byte(p.from)); !m.found && at >= 0 {
		m.opening, m.found = append(m.opening[:0], m.opening[at:]...), true
	} else if keep := len(p.from) - 1; !m.found && len(m.opening) > keep {
		m.opening = append(m.opening[:0], m.opening[len(m.opening)-keep:]...)
	}
	if m.found {
		m.opening = m.opening[:min(len(m.opening), longestOpening)]
	}
}

// parse reads a page.
func (p *page) parse(r *reading) error {
	m, n, whole := &pageMessage{}, 0, false
	r.hold.begin(m, "")
	for !r.stopped {
		piece, more, found := r.in.Raw([]byte(p.mark))
		p.open(m, piece)
		whole = whole || bytes.Contains(piece, []byte("</html>"))
		r.hold.write(piece)
		if more {
			continue
		}
		p.tell(m, m.opening)
		r.hold.finish()
		if m.id != "" {
			r.record()
		}
		if !found {
			return p.end(r, whole)
		}
		r.in.Skip(len(p.mark))
		n++
		m = &pageMessage{field: p.field, id: p.id(n, r.in.Peek(24)), author: m.author}
		r.hold.begin(m, "")
	}
	return nil
}

// end is the end of a page, which a whole one says itself.
func (p *page) end(r *reading, whole bool) error {
	if err := r.in.Err(); err != nil {
		return err
	}
	if !whole {
		r.gap("it ends in the middle: "+strconv.Itoa(r.records)+" records were read", io.ErrUnexpectedEOF)
	}
	return io.EOF
}

// shown is the text of the element whose class ends where b begins, and what stands behind it; "" where it has none.
func shown(b []byte) (text string, rest []byte) {
	_, b, _ = bytes.Cut(b, []byte(">"))
	inside, rest, ended := bytes.Cut(b, []byte("<"))
	if !ended {
		return "", nil
	}
	return label([]byte(html.UnescapeString(string(bytes.TrimSpace(inside))))), rest
}
