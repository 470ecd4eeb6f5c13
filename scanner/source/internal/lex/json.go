package lex

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON reads JSON values one after the other, with white space or nothing between them. Strings may hold control characters
// except line breaks, and bytes that are no UTF-8.
type JSON struct {
	in     *Input
	open   []byte // { or [ for each object or array that is open
	want   want
	string Kind   // Key or Text while inside a string
	text   []byte // a piece of a string that has escapes
	steps  steps
}

// mostEscaped is how long a piece of a string becomes that has escapes, in bytes.
const mostEscaped = 16 << 10

// want is what may come next.
type want uint8

const (
	wantValue   want = iota
	wantElement      // a value or ]
	wantMember       // a name or }
	wantName         // a name
	wantColon        // :
	wantMore         // , or the end of the object or array
)

// NewJSON returns a reader of the values that in holds.
func NewJSON(in *Input) *JSON { return &JSON{in: in} }

// Depth is the number of objects and arrays that are open, that of an Object or Array token included, that of an End not.
func (j *JSON) Depth() int { return len(j.open) }

// Next returns the next token. io.EOF ends an input after a whole value or before the first; any other error is an [Error].
func (j *JSON) Next() (Token, error) {
	if j.string != None {
		return j.piece()
	}
	if j.want == wantMember || j.want == wantMore && j.top() == '{' {
		if s := j.step(); s != nil {
			return Token{Kind: Key, Text: s.name, Known: s.number}, nil
		}
	}
	for in := j.in; ; in.i++ {
		if (in.i == in.n || in.buf[in.i] <= ' ') && !j.space() {
			return Token{}, j.end()
		}
		if c := in.buf[in.i]; !j.punctuation(c) {
			if j.want == wantValue && j.steps.named {
				j.learn()
			}
			return j.token(c)
		}
	}
}

// space skips white space and reports whether something follows.
func (j *JSON) space() bool {
	for j.in.need(1) {
		b := j.in.rest()
		n := 0
		for n < len(b) && (b[n] == ' ' || b[n] == '\n' || b[n] == '\r' || b[n] == '\t') {
			n++
			for n+8 <= len(b) && binary.LittleEndian.Uint64(b[n:]) == eightSpaces {
				n += 8
			}
		}
		j.in.i += n
		if n < len(b) {
			return true
		}
	}
	return false
}

// eightSpaces is what lines are indented with.
const eightSpaces = 0x2020202020202020

// punctuation takes a colon or comma where one may stand.
func (j *JSON) punctuation(c byte) bool {
	switch {
	case c == '"':
		return false
	case c == ':' && j.want == wantColon:
		j.want = wantValue
	case c == ',' && j.want == wantMore && j.top() == '{':
		j.want = wantName
	case c == ',' && j.want == wantMore && j.top() == '[':
		j.want = wantValue
	default:
		return false
	}
	return true
}

// top is the innermost open bracket, 0 at the top.
func (j *JSON) top() byte {
	if len(j.open) == 0 {
		return 0
	}
	return j.open[len(j.open)-1]
}

// token reads what begins with c.
func (j *JSON) token(c byte) (Token, error) {
	value := j.want == wantValue || j.want == wantElement
	name := j.want == wantMember || j.want == wantName
	switch {
	case c == '"' && name:
		return j.begin(Key)
	case c == '"' && value:
		return j.begin(Text)
	case c == '{' && value:
		return j.push(c, Object, wantMember)
	case c == '[' && value:
		return j.push(c, Array, wantElement)
	case c == '}' && j.top() == '{' && (j.want == wantMember || j.want == wantMore),
		c == ']' && j.top() == '[' && (j.want == wantElement || j.want == wantMore):
		j.in.i++
		j.open = j.open[:len(j.open)-1]
		j.after()
		return Token{Kind: End}, nil
	case value:
		return j.scalar()
	}
	return Token{}, j.in.broken(0, "a character that cannot stand there in JSON")
}

func (j *JSON) push(c byte, k Kind, w want) (Token, error) {
	if len(j.open) == deepest {
		return Token{}, j.in.broken(0, "objects nested too deep")
	}
	j.in.i++
	j.open = append(j.open, c)
	j.want = w
	return Token{Kind: k}, nil
}

// after sets what may follow a value.
func (j *JSON) after() {
	j.want = wantMore
	if len(j.open) == 0 {
		j.want = wantValue
	}
}

func (j *JSON) begin(k Kind) (Token, error) {
	j.in.i++
	j.string = k
	return j.piece()
}

// piece reads on in a string: to its end, where that is in the window.
func (j *JSON) piece() (Token, error) {
	if !j.in.need(1) {
		return Token{}, j.in.cut("inside a string")
	}
	j.text = j.text[:0]
	for {
		b := j.in.rest()
		n := plain(b)
		switch {
		case n < len(b) && b[n] == '"':
			return j.ended(b[:n]), nil
		case n < len(b) && b[n] == '\\' && len(j.text) < mostEscaped:
			j.text = append(j.text, b[:n]...)
			j.in.i += n
			if err := j.escape(); err != nil && len(j.text) == 0 {
				return Token{}, err
			} else if err != nil { // again, when what stands before it was taken
				return Token{Kind: j.string, Text: j.text, More: true}, nil
			}
		case n > 0 || len(j.text) > 0:
			return Token{Kind: j.string, Text: j.taken(b[:n]), More: true}, nil
		default:
			return Token{}, j.in.broken(0, "a line break inside a string")
		}
	}
}

// ended ends a string with its last bytes, which a quote follows.
func (j *JSON) ended(last []byte) Token {
	t := Token{Kind: j.string, Text: j.taken(last)}
	t.Bare = len(j.text) == 0
	j.in.i++
	if j.string == Key {
		j.want = wantColon
		j.named(t)
	} else {
		j.after()
	}
	j.string = None
	return t
}

// taken uses up bytes of a string, and returns the piece that they end.
func (j *JSON) taken(b []byte) []byte {
	j.in.i += len(b)
	if len(j.text) == 0 {
		return b
	}
	j.text = append(j.text, b...)
	return j.text
}

// plain is how many bytes of b a string has before it ends, or one of them has a meaning of its own.
func plain(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n+8 <= len(b); n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		quote, slash, feed, back := w^ones*'"', w^ones*'\\', w^ones*'\n', w^ones*'\r'
		// The lowest byte that is marked is one that is zero; above it there may be others.
		if zero := ((quote-ones)&^quote | (slash-ones)&^slash | (feed-ones)&^feed | (back-ones)&^back) & tops; zero != 0 {
			return n + bits.TrailingZeros64(zero)/8
		}
	}
	for n < len(b) && b[n] != '"' && b[n] != '\\' && b[n] != '\n' && b[n] != '\r' {
		n++
	}
	return n
}

// escapes are the characters that \ and a letter stand for.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape appends the character that an escape stands for to the piece.
func (j *JSON) escape() error {
	if !j.in.need(2) {
		return j.in.cut("inside a string")
	}
	b := j.in.rest()
	if c := escapes[b[1]]; c != 0 {
		j.in.i += 2
		j.text = append(j.text, c)
		return nil
	}
	if b[1] != 'u' {
		return j.in.broken(0, "an escape that JSON does not have")
	}
	if !j.in.need(6) {
		return j.in.cut("inside a string")
	}
	r, ok := hex4(j.in.rest()[2:])
	if !ok {
		return j.in.broken(0, `\u without four hexadecimal digits`)
	}
	size := 6
	if utf16.IsSurrogate(r) {
		r, size = j.pair(r)
	}
	j.in.i += size
	j.text = utf8.AppendRune(j.text, r)
	return nil
}

// pair reads the second half of a surrogate pair; a half alone is U+FFFD.
func (j *JSON) pair(high rune) (rune, int) {
	if j.in.need(12) {
		b := j.in.rest()
		if low, ok := hex4(b[8:]); ok && b[6] == '\\' && b[7] == 'u' {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r, 12
			}
		}
	}
	return utf8.RuneError, 6
}

func hex4(b []byte) (rune, bool) {
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// scalar reads a number or a literal.
func (j *JSON) scalar() (Token, error) {
	n := 0
	for {
		b := j.in.rest()
		for n < len(b) && scalarByte(b[n]) {
			n++
		}
		if n < len(b) {
			break
		}
		if j.in.full() {
			return Token{}, j.in.broken(0, "a number that does not end")
		}
		if !j.in.more() {
			break
		}
	}
	b := j.in.rest()[:n]
	if s := string(b); s != "true" && s != "false" && s != "null" && !number(b) {
		if n > 0 && n == len(j.in.rest()) {
			return Token{}, j.in.cut("inside a value")
		}
		return Token{}, j.in.broken(0, "neither a string nor a number nor a literal")
	}
	j.in.i += n
	j.after()
	return Token{Kind: Scalar, Text: b}, nil
}

func scalarByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '-' || c == '+' || c == '.'
}

// number reports whether b is a JSON number.
func number(b []byte) bool {
	b = trim(b, "-", 1)
	whole := len(b) - len(trim(b, "0123456789", len(b)))
	if whole == 0 || whole > 1 && b[0] == '0' {
		return false
	}
	b = b[whole:]
	if len(b) > 0 && b[0] == '.' {
		digits := trim(b[1:], "0123456789", len(b))
		if len(digits) == len(b)-1 {
			return false
		}
		b = digits
	}
	if len(b) > 0 && b[0]|0x20 == 'e' {
		exp := trim(b[1:], "+-", 1)
		b = trim(exp, "0123456789", len(exp))
		return len(b) == 0 && len(exp) > 0
	}
	return len(b) == 0
}

// trim cuts off at most n leading bytes that are in set.
func trim(b []byte, set string, n int) []byte {
	for ; n > 0 && len(b) > 0 && in(set, b[0]); n-- {
		b = b[1:]
	}
	return b
}

func in(set string, c byte) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

// end is the error at the end of the input.
func (j *JSON) end() error {
	switch {
	case j.top() == '{':
		return j.in.cut("inside an object")
	case j.top() == '[':
		return j.in.cut("inside an array")
	}
	return j.in.end()
}
