package records

import (
	"bytes"
	"encoding/base64"
	"io"
)

// mailBody gives the body of a part with its transfer encoding undone.
type mailBody struct {
	lines    *mailLines
	encoding string // "quoted-printable", "base64" or anything else for none
	out      []byte // decoded and not read
	used     int    // of out
	carry    []byte // what waits for the next piece
	begun    bool   // a line was decoded
	short    bool   // base64 ends where it cannot

	// raw are lines as they stand, of which it is doubtful that they are so encoded. lost says that there were more than maxRaw.
	raw  []byte
	lost bool
	// first is the body as it stands, up to maxFirst; longer says that there is more of it.
	first  []byte
	longer bool
}

// newBody returns the body that begins here. Its memory is that of the last one.
func (m *mailReader) newBody(encoding string) *mailBody {
	b := &m.bodies[min(m.inner, 1)]
	if m.inner > 1 {
		b = &mailBody{}
	}
	*b = mailBody{lines: m.lines, encoding: encoding, out: b.out[:0], raw: b.raw[:0], first: b.first[:0]}
	return b
}

// Bounds of what is kept of a body as it stands.
const (
	maxRaw   = 64 << 10
	maxFirst = 16 << 10
)

// Read implements io.Reader.
func (b *mailBody) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if b.used == len(b.out) && !b.fill() {
			break
		}
		k := copy(p[n:], b.out[b.used:])
		b.used += k
		n += k
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// fill decodes the next pieces.
func (b *mailBody) fill() bool {
	const enough = 8 << 10
	b.out, b.used = b.out[:0], 0
	for len(b.out) < enough && b.lines.more() {
		line := b.lines.text()
		switch b.encoding {
		case "quoted-printable":
			b.quoted(line)
		case "base64":
			b.base64(line)
		default:
			b.out = append(b.out, line...)
		}
		b.lines.use()
	}
	if len(b.out) == 0 && len(b.carry) > 0 && !b.lines.more() {
		b.last()
	}
	return len(b.out) > 0
}

// last decodes what no piece follows.
func (b *mailBody) last() {
	if b.encoding == "base64" {
		b.short = len(b.carry) == 1
		n := len(b.out)
		b.out = append(b.out, make([]byte, 3)...)
		k, _ := base64.RawStdEncoding.Decode(b.out[n:], b.carry) // up to three digits: one alone is nothing
		b.out = b.out[:n+k]
	} else {
		b.out = append(b.out, b.carry...)
	}
	b.carry = b.carry[:0]
}

// doubt keeps a line as it stands.
func (b *mailBody) doubt(line []byte) {
	if b.lost = b.lost || len(b.raw)+len(line) > maxRaw; !b.lost {
		b.raw = append(b.raw, line...)
	}
}

// quoted decodes a piece of quoted-printable text (RFC 2045, section 6.7). A = that begins no escape stands for itself.
func (b *mailBody) quoted(line []byte) {
	if len(b.carry) > 0 {
		line = append(b.carry, line...)
		b.carry = b.carry[:0]
	}
	if !b.lines.ends { // a piece of a longer one
		if i := bytes.LastIndexByte(line, '='); i >= len(line)-2 && i >= 0 {
			b.carry = append(b.carry[:0:0], line[i:]...)
			line = line[:i]
		}
	}
	odd, whole := false, line
	for {
		i := bytes.IndexByte(line, '=')
		if i < 0 {
			b.out = append(b.out, line...)
			break
		}
		b.out = append(b.out, line[:i]...)
		line = line[i+1:]
		if rest := bytes.TrimLeft(line, " \t\r"); len(rest) > 0 && rest[0] == '\n' {
			break
		}
		c, strange, ok := escaped(line)
		if odd = odd || strange; !ok {
			b.out = append(b.out, '=')
			continue
		}
		b.out = append(b.out, c)
		line = line[2:]
	}
	if odd {
		b.doubt(whole)
	}
}

// escaped reads the two digits behind a =. It is strange where no program would have written them.
func escaped(line []byte) (c byte, strange, ok bool) {
	if len(line) < 2 {
		return 0, true, false
	}
	high, low := hexDigit(line[0]), hexDigit(line[1])
	if high > 15 || low > 15 {
		return 0, true, false
	}
	c = high<<4 | low
	return c, alphanumeric(c) || line[0] >= 'a' || line[1] >= 'a', true
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// base64 decodes a piece of base64 (RFC 2045, section 6.8). A line that is none, such as the notes that mailing lists put under a mail, is
// kept as it stands; when it is the first, nothing is encoded.
func (b *mailBody) base64(line []byte) {
	b.keepFirst(line)
	digits := line
	for len(digits) > 0 && digits[len(digits)-1] <= ' ' {
		digits = digits[:len(digits)-1]
	}
	for len(digits) > 0 && digits[0] <= ' ' {
		digits = digits[1:]
	}
	if len(digits) == 0 {
		return
	}
	n := len(b.out)
	if len(b.carry) > 0 || len(digits)%4 != 0 {
		digits = append(b.carry, digits...)
		b.carry = append(b.carry[:0:0], digits[len(digits)&^3:]...)
		digits = digits[:len(digits)&^3]
	}
	b.out = append(b.out, make([]byte, base64.StdEncoding.DecodedLen(len(digits)))...)
	for len(digits) > 0 {
		end := len(digits)
		if pad := bytes.IndexByte(digits, '='); pad >= 0 {
			end = min(len(digits), pad&^3+4)
		}
		k, err := base64.StdEncoding.Decode(b.out[n:], digits[:end])
		if err != nil {
			b.out = b.out[:n]
			b.none(line)
			return
		}
		n += k
		digits = digits[end:]
	}
	b.out = b.out[:n]
	b.begun = true
}

// none takes a line that is no base64.
func (b *mailBody) none(line []byte) {
	b.carry = b.carry[:0]
	if b.begun {
		b.doubt(line)
		return
	}
	b.encoding = ""
	b.out = append(b.out, line...)
}

// keepFirst keeps the beginning as it stands.
func (b *mailBody) keepFirst(line []byte) {
	if b.longer = b.longer || len(b.first)+len(line) > maxFirst; !b.longer {
		b.first = append(b.first, line...)
	}
}
