package lex

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const (
	window  = 64 << 10
	deepest = 10_000
)

// Kind is a kind of token.
type Kind uint8

// The kinds of tokens. Begin and End are those of an element, an object or an array.
const (
	None    Kind = iota
	Begin        // XML: the element's name
	End          // XML: the element's name
	Text         // XML: character data; JSON: a string; CSV: a cell
	Comment      // XML: a comment, processing instruction or document type
	Key          // JSON: a member's name
	Scalar       // JSON: a number, true, false or null, as it stands
	Object       // JSON: {
	Array        // JSON: [
	Row          // CSV: the end of a row
)

// Token is one token. Text is valid until the next one; with More set the next token of the same kind continues it.
type Token struct {
	Kind Kind
	More bool
	// Bare, of a whole string of JSON, says that it has no escape: neither a quote nor a backslash.
	Bare bool
	// Known, of a name in JSON that was read before, is its number: one name may have several. 0 where it has none.
	Known int32
	Text  []byte
}

// Error says where and why an input could not be read on.
type Error struct {
	// Offset counts bytes from 0, Line lines from 1.
	Offset int64
	Line   int
	// Cut says that the input ended, or could not be read on, in the middle of something.
	Cut bool
	// Why names what was wrong or, of a cut, in what. It holds nothing of the content.
	Why string
	// Err is the reader's error that cut the input; nil when it just ended.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if !e.Cut {
		return fmt.Sprintf("broken at byte %s (line %d): %s", Number(e.Offset), e.Line, e.Why)
	}
	s := "cut off at byte " + Number(e.Offset)
	if e.Why != "" {
		s += " " + e.Why
	}
	if e.Err != nil {
		s += fmt.Sprintf(" (%v)", e.Err)
	}
	return s
}

// Unwrap returns the reader's error.
func (e *Error) Unwrap() error { return e.Err }

// Number writes n with a comma before every three digits.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Input is a stream seen through a window.
type Input struct {
	r    io.Reader
	buf  []byte
	i, n int   // buf[i:n] is read and not used
	base int64 // offset of buf[0]
	line int   // lines that end before buf[seen]
	seen int   // how far lines were counted; never after i
	err  error // of the reader; io.EOF at the end
}

// NewInput returns the input that r gives. A byte order mark at the start is skipped.
func NewInput(r io.Reader) *Input {
	in := &Input{r: r, buf: make([]byte, window)}
	if in.need(3) && string(in.rest()[:3]) == "\xEF\xBB\xBF" {
		in.i = 3
	}
	return in
}

// OfBytes returns the input that is all of b, of which it keeps a copy. A byte order mark at the start is skipped.
func OfBytes(b []byte) *Input {
	in := &Input{buf: append(bytes.Clone(b), 0), n: len(b), err: io.EOF}
	if bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")) {
		in.i = 3
	}
	return in
}

// Offset is the offset of the next byte.
func (in *Input) Offset() int64 { return in.base + int64(in.i) }

// Line is the line of the next byte; the first is 1.
func (in *Input) Line() int {
	in.line += bytes.Count(in.buf[in.seen:in.i], newline)
	in.seen = in.i
	return in.line + 1
}

var newline = []byte{'\n'}

// rest is what is read and not used.
func (in *Input) rest() []byte { return in.buf[in.i:in.n] }

// need reads until k bytes are there, and reports whether they are.
func (in *Input) need(k int) bool {
	for in.n-in.i < k {
		if !in.more() {
			return false
		}
	}
	return true
}

// more reads on. It reports false when nothing more can come, or when the window is full of unused bytes.
func (in *Input) more() bool {
	if in.i > 0 && in.err == nil {
		in.Line()
		in.base += int64(in.i)
		in.n = copy(in.buf, in.buf[in.i:in.n])
		in.i, in.seen = 0, 0
	}
	if in.n == len(in.buf) {
		return false
	}
	for idle := 0; in.err == nil; idle++ {
		k, err := in.r.Read(in.buf[in.n:])
		in.n += k
		if in.err = err; err == nil && idle == 100 {
			in.err = io.ErrNoProgress
		}
		if k > 0 {
			return true
		}
	}
	return false
}

// full reports whether the window holds nothing but unused bytes.
func (in *Input) full() bool { return in.n-in.i == len(in.buf) }

// Raw returns the next bytes as they stand, up to a window of them, or up to where mark begins; without a mark, up to the
// end. more says that the text goes on after the piece, found that the mark begins there. At the end it returns none.
func (in *Input) Raw(mark []byte) (piece []byte, more, found bool) {
	for in.more() {
	}
	piece = in.rest()
	if len(mark) > 0 {
		if at := bytes.Index(piece, mark); at >= 0 {
			in.i += at
			return piece[:at], false, true
		}
	}
	if in.err == nil {
		more = true
		piece = piece[:len(piece)-max(1, len(mark)-1)]
	}
	in.i += len(piece)
	return piece, more, false
}

// Skip uses up n bytes that are there.
func (in *Input) Skip(n int) { in.i += min(n, in.n-in.i) }

// Err is the error that ended the reading early, if one did.
func (in *Input) Err() error {
	if errors.Is(in.err, io.EOF) {
		return nil
	}
	return in.err
}

// broken is the error of bytes that cannot be understood, skip bytes after the next.
func (in *Input) broken(skip int, why string) error {
	return &Error{Offset: in.Offset() + int64(skip), Line: in.lineAt(in.i + skip), Why: why}
}

// cut is the error of an input that ends in the middle.
func (in *Input) cut(why string) error {
	return &Error{Offset: in.base + int64(in.n), Line: in.lineAt(in.n), Cut: true, Why: why, Err: in.Err()}
}

// lineAt is the line of a byte that is not used yet.
func (in *Input) lineAt(i int) int { return in.Line() + bytes.Count(in.buf[in.i:i], newline) }

// end is the error at the end of an input that is whole: io.EOF, or the reader's own.
func (in *Input) end() error {
	if in.Err() != nil {
		return in.cut("")
	}
	return io.EOF
}

// Peek returns up to n of the next bytes, at most a window of them, without using them up.
func (in *Input) Peek(n int) []byte {
	in.need(n)
	return in.rest()[:min(n, len(in.rest()))]
}
