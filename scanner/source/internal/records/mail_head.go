package records

import (
	"bytes"
	"encoding/base64"
	"mime"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// viewWords is the view in which what a header encodes is undone: encoded words (RFC 2047) and parameters in parts (RFC 2231).
const viewWords = "encoded-words"

// maxValue bounds the headers that are decoded. Of a longer one the text alone is searched.
const maxValue = 256 << 10

// mailHead is what the headers of a mail or part say of its body.
type mailHead struct {
	media    string            // "text/plain"
	params   map[string]string // of the media type
	encoding string            // "base64"
	file     string            // the name of the file that it is, if it says one
	attached bool              // it is to be shown as a file
}

// param is a parameter of a header, where it does not keep to the rules.
var param = expression(`(?i);\s*([\w-]+)\s*=\s*(?:"([^"]*)"?|([^;\s]+))`)

// parameters returns the value of a header and its parameters by name.
func parameters(value string) (string, map[string]string) {
	kind, params, err := mime.ParseMediaType(value)
	if err == nil {
		return kind, params
	}
	kind, _, _ = strings.Cut(value, ";")
	params = map[string]string{}
	for _, p := range param().FindAllStringSubmatch(value, -1) {
		if name := strings.ToLower(p[1]); params[name] == "" {
			params[name] = p[2] + p[3]
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}

// headValue is what the value of a header was read as.
type headValue struct {
	kind   string
	params map[string]string // which nobody changes
}

// parameters is parameters of a value, which is read once: those that tell parts apart are not said twice, and all others are few.
func (m *mailReader) parameters(value string) (string, map[string]string) {
	if known, ok := m.values[value]; ok {
		return known.kind, known.params
	}
	kind, params := parameters(value)
	if m.values == nil {
		m.values = map[string]headValue{}
	}
	if params["boundary"] == "" && len(m.values) < maxWords && len(value) <= 4*maxLabel {
		m.values[value] = headValue{kind, params}
	}
	return kind, params
}

// head reads the headers up to the body. label is the part they are of, empty for the message.
func (m *mailReader) head(of *message, label string) mailHead {
	h := mailHead{media: "text/plain"}
	var name *headerName
	end := func() {
		if name != nil {
			m.endField(of, &h, label, name)
		}
		name = nil
	}
	for first := true; m.lines.more() && !m.r.stopped; first = false {
		l := m.lines
		if l.begins && l.empty() {
			l.use()
			break
		}
		if folded := !l.begins || l.piece[0] == ' ' || l.piece[0] == '\t'; !folded || name == nil {
			end()
			field := fieldName(l.piece)
			if field == nil && !(first && bytes.HasPrefix(bytes.TrimLeft(l.piece, ">"), []byte("From "))) {
				break // the body, without an empty line before it
			}
			if field == nil {
				field = []byte("From ")
			}
			name = m.header(field)
			m.value, m.long, m.coded = m.value[:0], false, false
			p := m.places.next(len(m.r.hold.held) == 0)
			*p = mailPlace{message: of, field: label, header: name}
			m.r.hold.begin(p, "")
		}
		m.field(l.piece)
		l.use()
	}
	end()
	m.r.hold.record()
	m.value = m.value[:0]
	return h
}

// field takes a piece of a header.
func (m *mailReader) field(piece []byte) {
	m.r.hold.write(piece)
	m.coded = m.coded || bytes.Contains(piece, []byte("=?"))
	if m.long = m.long || len(m.value)+len(piece) > maxValue; !m.long {
		m.value = append(m.value, bytes.TrimRight(piece, "\r\n")...)
	}
}

// headerName is what is known of the name of headers.
type headerName struct {
	lower string
	size  int
	shown string // as a location may show it
	tells bool   // it says something of the message or of a body
}

// telling reports whether headers of a name, in lower case, say something.
func telling(name string) bool {
	switch name {
	case "message-id", "from", "date", "content-length", "content-type", "content-disposition", "content-transfer-encoding":
		return true
	}
	return false
}

// header returns what is known of a name. Of many the first maxWords are remembered.
func (m *mailReader) header(name []byte) *headerName {
	if h := m.names[string(name)]; h != nil {
		return h
	}
	h := &headerName{lower: strings.ToLower(string(name)), size: len(name), shown: label(name)}
	if h.tells = telling(h.lower); h.shown == "" {
		h.shown = "header"
	}
	if m.names == nil {
		m.names = map[string]*headerName{}
	}
	if len(m.names) < maxWords {
		m.names[string(name)] = h
	}
	return h
}

// endField ends a header: what it says is taken, and what it encodes given under a view of its own.
func (m *mailReader) endField(of *message, h *mailHead, label string, name *headerName) {
	p := m.r.hold.open.place
	m.r.hold.end()
	if m.long {
		if m.coded || strings.HasPrefix(name.lower, "content-") {
			m.broken("header " + p.(*mailPlace).cited() + " is too long to be decoded")
		}
		return
	}
	if !name.tells && !bytes.Contains(m.value, []byte("=?")) {
		return
	}
	value := ""
	if len(m.value) > name.size {
		value = strings.TrimSpace(string(m.value[name.size+1:]))
	}
	plain := decodeWords(value)
	if shown := m.tell(h, name.lower, plain); shown != "" {
		plain = shown
	}
	if plain != value {
		m.r.hold.begin(p, viewWords)
		m.r.hold.write(m.value[:name.size])
		m.r.hold.write([]byte(": " + plain))
		m.r.hold.end()
	}
	if label == "" || of.outer != nil {
		of.tell(name.lower, plain)
	}
}

// tell takes what a header says of the body. It returns the parameters of one that has some in parts.
func (m *mailReader) tell(h *mailHead, name, value string) string {
	var params map[string]string
	switch name {
	case "content-type":
		h.media, params = m.parameters(value)
		h.params = params
	case "content-disposition":
		var kind string
		kind, params = m.parameters(value)
		h.attached = kind == "attachment"
	case "content-transfer-encoding":
		h.encoding, _, _ = strings.Cut(strings.ToLower(value), ";")
		h.encoding = strings.TrimSpace(h.encoding)
	}
	file := decodeWords(params["filename"] + params["name"])
	if file != "" && (h.file == "" || name == "content-disposition") {
		h.file = file
	}
	if file == "" || strings.Contains(value, file) {
		return ""
	}
	return value + "; " + file
}

// encodedWord is one of the words in which headers write what is not ASCII.
var encodedWord = expression(`=\?([^?\s]{1,40})\?([QqBb])\?([^?]*)\?=`)

// decodeWords undoes encoded words. White space between two of them is none, and those of one charset are one text: a character, or a
// group of base64, may be split between them.
func decodeWords(value string) string {
	if !strings.Contains(value, "=?") {
		return value
	}
	words := encodedWord().FindAllStringSubmatchIndex(value, -1)
	var out strings.Builder
	var text, digits []byte
	charset, end := "", 0
	flush := func() {
		text, digits = undigit(text, digits), nil
		out.WriteString(inCharset(charset, text))
		text = nil
	}
	for _, w := range words {
		between := value[end:w[0]]
		set, _, _ := strings.Cut(strings.ToLower(value[w[2]:w[3]]), "*") // a language may follow it
		if apart := strings.TrimSpace(between) != "" || end == 0; apart || set != charset {
			flush()
			if apart {
				out.WriteString(between)
			}
		}
		charset, end = set, w[1]
		if word := value[w[6]:w[7]]; value[w[4]]|0x20 == 'b' {
			digits = append(digits, word...)
			if len(digits)%4 == 0 || digits[len(digits)-1] == '=' {
				text, digits = undigit(text, digits), nil
			}
		} else {
			text, digits = undigit(text, digits), nil
			text = append(text, unquoteWord(word)...)
		}
	}
	flush()
	return out.String() + value[end:]
}

// undigit appends what base64 digits say, as far as they say anything.
func undigit(dst, digits []byte) []byte {
	digits = bytes.TrimRight(digits, "= ")
	n := len(dst)
	dst = append(dst, make([]byte, len(digits))...)
	k, _ := base64.RawStdEncoding.Decode(dst[n:], digits)
	return dst[:n+k]
}

// unquoteWord undoes the encoding Q.
func unquoteWord(word string) []byte {
	b := make([]byte, 0, len(word))
	for i := 0; i < len(word); i++ {
		switch c := word[i]; c {
		case '_':
			b = append(b, ' ')
		case '=':
			if d, _, ok := escaped([]byte(word[i+1:])); ok {
				c, i = d, i+2
			}
			b = append(b, c)
		default:
			b = append(b, c)
		}
	}
	return b
}

// inCharset returns a text of a charset as UTF-8.
func inCharset(name string, text []byte) string {
	if enc := charset(name); enc != nil {
		if b, err := enc.NewDecoder().Bytes(text); err == nil {
			return string(b)
		}
	}
	return string(text)
}

// charset returns the encoding of a charset whose texts are decoded; nil for UTF-8, and for those that are not known or in which a key
// stands as it is in ASCII.
func charset(name string) encoding.Encoding {
	name = strings.ToLower(strings.Trim(name, " '\""))
	switch {
	case name == "", name == "utf-8", name == "utf8", name == "us-ascii", name == "iso-8859-1", name == "iso-8859-15", name == "windows-1252":
		return nil
	case name == "utf-16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case name == "utf-32":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case name == "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case name == "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	}
	enc, err := ianaindex.MIME.Encoding(name)
	if err != nil {
		return nil
	}
	return enc
}
