package records

import (
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// mbox is a box of messages, each behind a line that begins with "From " (RFC 4155). A line of a message that begins so has a ">" before
// it, one more for each that it had (mboxrd), or none (mboxcl). Content-Length says nothing of where a message ends: it is often wrong.
//
// A message is a record. Its fields are its headers and parts. Where a message is broken, what is left of it is read as it can be, and a
// gap says so: a mail is never read as plain text, since nothing in it is hidden by what stands before.
var mbox = Format{
	Name: "mbox", Title: "an mbox mail box",
	score: func(_ string, head []byte) int {
		if line, _, _ := bytes.Cut(head, []byte{'\n'}); refuseMbox(head) == "" && !isPatch(line) {
			return Sure
		}
		return None
	},
	refuse: refuseMbox,
	parse:  func(r *reading) error { return parseMail(r, true) },
}

// eml is a message in a file of its own (RFC 5322).
var eml = Format{
	Name: "eml", Title: "a mail",
	score: scoreMail,
	refuse: func(head []byte) string {
		if line, _, _ := bytes.Cut(head, []byte{'\n'}); fieldName(line) == nil {
			return "it does not begin with a header such as From: or Received:"
		}
		return ""
	},
	parse: func(r *reading) error { return parseMail(r, false) },
}

// refuseMbox says why a file that begins with head is no mail box.
func refuseMbox(head []byte) string {
	line, rest, _ := bytes.Cut(head, []byte{'\n'})
	if !isFromLine(line) || !beginsMessage(rest) {
		return `it does not begin with a line such as "From ann@acme.example Wed Mar  4 08:12:00 2026" and a header`
	}
	return ""
}

// isPatch reports whether a line that begins a message is the one that git writes for a patch: a file of patches is for programs.
func isPatch(line []byte) bool { return bytes.Contains(line, []byte(" Mon Sep 17 00:00:00 2001")) }

// fromDate is the date at the end of a line that begins a message, as programs write it, with a zone or without.
var fromDate = expression(` (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}\d{1,2} \d{1,2}:\d\d(?::\d\d)?(?: [A-Z+-][A-Z0-9+-]*)* \d{4}\b`)

// longestFrom bounds the lines that may begin a message.
const longestFrom = 1 << 10

// isFromLine reports whether a line begins a message of a box.
func isFromLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) && len(line) <= longestFrom && (endsWithDate(line) || fromDate().Match(line))
}

// endsWithDate reports whether a line ends with a date as nearly all programs write it: " Tue Mar 10 09:05:02 2026". What else fromDate knows
// takes it longer.
func endsWithDate(line []byte) bool {
	const layout = " Mon Jan _2 15:04:05 2006"
	line = bytes.TrimRight(line, "\r\n")
	if len(line) < len(layout) {
		return false
	}
	at := line[len(line)-len(layout):]
	for i, c := range []byte(layout) {
		switch d := at[i]; {
		case '0' <= c && c <= '9' && (d < '0' || d > '9'), c == '_' && d != ' ' && (d < '0' || d > '9'), (c == ' ' || c == ':') && c != d:
			return false
		}
	}
	return strings.Contains("Mon Tue Wed Thu Fri Sat Sun", string(at[1:4])) &&
		strings.Contains("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", string(at[5:8]))
}

// beginsMessage reports whether text begins as a message does: with a header.
func beginsMessage(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	return fieldName(line) != nil || bytes.HasPrefix(line, []byte(">From "))
}

// traces are the headers that programs write on the way of a mail, with what the value of each has; origins those of who wrote it.
var (
	traces = map[string]func() *regexp.Regexp{
		"received":               expression(`(?s)(?:from|by|with|for) .*\d`),
		"return-path":            expression(`<.*>|@`),
		"delivered-to":           expression(`@`),
		"message-id":             expression(`<.*@.*>`),
		"dkim-signature":         expression(`b=`),
		"arc-seal":               expression(`b=`),
		"authentication-results": expression(`;`),
		"mime-version":           expression(`1\.0`),
	}
	origins = map[string]func() *regexp.Regexp{
		"from": expression(`@`), "date": expression(`\d{4} \d{1,2}:\d\d`), "to": expression(`@`), "subject": expression(``),
	}
)

// scoreMail says how sure it is that a file that begins with head is a mail: every line up to the first empty one is a header, and enough of
// them are those of mails. Of a file whose name ends in .eml, or that stands in a Maildir, less is asked.
func scoreMail(name string, head []byte) int {
	seen := headersIn(head)
	trace, origin := 0, 0
	for field := range seen {
		if _, ok := traces[field]; ok {
			trace++
		} else {
			origin++
		}
	}
	switch {
	case seen["from"] && seen["date"] && trace > 0, trace > 2, trace+origin > 1 && isMailName(name):
		return Sure
	}
	return None
}

// isMailName reports whether a path is that of a mail: it ends in .eml, or stands in one of the directories of a Maildir.
func isMailName(name string) bool {
	in := path.Base(path.Dir(name))
	return in == "cur" || in == "new" || in == "tmp" || strings.EqualFold(path.Ext(name), ".eml")
}

// headersIn returns which of the headers of mails a text begins with. It returns none when anything else stands among them.
func headersIn(head []byte) map[string]bool {
	if len(head) == 0 || !alphanumeric(head[0]) {
		return nil
	}
	seen := map[string]bool{}
	field, from, next := "", 0, 0
	for at := 0; at < len(head); at = next {
		next = len(head)
		if i := bytes.IndexByte(head[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		line := head[at:next]
		name := fieldName(line)
		switch {
		case len(bytes.TrimRight(line, "\r\n")) == 0:
			return seen
		case line[0] == ' ' || line[0] == '\t':
		case name == nil && (next < len(head) || at == 0):
			return nil
		default:
			field, from = strings.ToLower(string(name)), at
		}
		for _, known := range [...]map[string]func() *regexp.Regexp{traces, origins} {
			if value, ok := known[field]; ok && !seen[field] && value().Match(head[from+len(field)+1:next]) {
				seen[field] = true
			}
		}
	}
	return seen
}

// longestField bounds the names of headers.
const longestField = 100

// fieldName returns the name of the header that a line begins, or nil where it begins none.
func fieldName(line []byte) []byte {
	for i, c := range line[:min(len(line), longestField)] {
		switch {
		case c == ':' && i > 0:
			return line[:i]
		case c <= ' ' || c > '~':
			return nil
		}
	}
	return nil
}

// parseMail reads a mail, or a box of them.
func parseMail(r *reading, box bool) error {
	m := &mailReader{r: r, lines: newMailLines(inputReader{r.in}, box)}
	m.whole = m.lines
	for !r.stopped && m.lines.load() {
		m.number++
		m.top = &message{record: r.prefix + "message " + strconv.Itoa(m.number), prefix: r.prefix}
		if m.lines.from {
			r.hold.begin(&mailPlace{message: m.top, field: "From line"}, "")
			r.hold.write(m.lines.piece)
			r.hold.end()
			m.lines.use()
		}
		m.mail(m.top, "", 0)
		for !r.stopped && m.lines.more() { // behind the last part, which no part reads
			m.lines.use()
		}
		if r.stopped {
			return nil
		}
		if m.short(); m.cut == "" {
			r.record()
		}
	}
	return m.end(box)
}

// short notes that a message at the end of the input is shorter than it says.
func (m *mailReader) short() {
	if !m.lines.load() && m.top.length > m.lines.offset-m.body {
		m.cutIn("inside the body of message " + strconv.Itoa(m.number))
	}
}

// end is the error at the end of the input: io.EOF when it is whole. The last line of a mail ends, and behind a message of a box stands an
// empty one; the line that ends the parts of a message is enough, where nothing follows it.
func (m *mailReader) end(box bool) error {
	l := m.lines
	whole := m.closed > 0 && m.closed == l.offset || l.ends && (l.blank || !box)
	if err := m.r.in.Err(); err != nil || !whole || m.cut != "" {
		if m.cut == "" {
			m.cut = "inside message " + strconv.Itoa(m.number)
		}
		return &lex.Error{Offset: l.offset, Line: l.line, Cut: true, Why: m.cut, Err: err}
	}
	return io.EOF
}

// inputReader gives an input as a stream of bytes.
type inputReader struct{ in *lex.Input }

// Read implements io.Reader.
func (i inputReader) Read(b []byte) (int, error) {
	n := copy(b, i.in.Peek(len(b)))
	i.in.Skip(n)
	if n == 0 && len(b) > 0 {
		return 0, errors.Join(io.EOF, i.in.Err())
	}
	return n, nil
}
