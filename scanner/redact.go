package scanner

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/quash-sh/quash/rules"
)

// Redactor is the second net under the first: keys are of type [Secret] and print as their length, and whatever is written
// through a Redactor's writer has every key that it knows taken out all the same, as it is and in the encodings in which
// libraries pass text on (JSON, URL, base64, hex).
type Redactor struct {
	mu    sync.RWMutex
	forms [][]byte
	known map[string]struct{}
	// heads are the forms by how they begin, marks the bits of those beginnings that there are.
	heads map[uint32][][]byte
	marks [markBits / 64]uint64
}

// markBits is how many beginnings of forms are told apart without looking them up.
const markBits = 1 << 16

// mark is the bit of a beginning.
func mark(head uint32) uint32 { return head * 0x9e3779b1 >> 16 }

// redactMin is the length in bytes below which a value is too short to be taken out of text without spoiling it.
const redactMin = 6

// Add makes the redactor know the parts of a finding that open something. The others, a user or a host, are words that stand in
// paths and messages, and tell nothing.
func (r *Redactor) Add(parts map[string]Secret) {
	for name, s := range parts {
		if !openParts[name] {
			r.AddSecret(s)
		}
	}
}

// openParts are the names of parts that anyone may know. A part that is not named here is taken for secret.
var openParts = set("user host server scheme port database email client_email account app brand kty project_id key_name")

// AddSecret makes the redactor know one value.
func (r *Redactor) AddSecret(s Secret) {
	v := s.value()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[v]; ok || len(v) < redactMin || plainWord(v) {
		return
	}
	if r.known == nil {
		r.known, r.heads = map[string]struct{}{}, map[uint32][][]byte{}
	}
	r.known[v] = struct{}{}
	for _, f := range encodings(v) {
		head := binary.LittleEndian.Uint32(f)
		r.forms, r.heads[head] = append(r.forms, f), append(r.heads[head], f)
		r.marks[mark(head)/64] |= 1 << (mark(head) % 64)
	}
}

// holds reports whether any form stands in b. It costs the same however many there are.
func (r *Redactor) holds(b []byte) bool {
	for ; len(b) >= redactMin; b = b[1:] {
		head := binary.LittleEndian.Uint32(b)
		if r.marks[mark(head)/64]&(1<<(mark(head)%64)) == 0 {
			continue
		}
		if slices.ContainsFunc(r.heads[head], func(f []byte) bool { return bytes.HasPrefix(b, f) }) {
			return true
		}
	}
	return false
}

// plainWord reports a value of small letters that is a word. It stands in paths and texts for reasons of its own: taking it out of
// them hides nothing, and tells which of the words it is.
func plainWord(v string) bool {
	return strings.Trim(v, "abcdefghijklmnopqrstuvwxyz") == "" && rules.LookAt(v).Kind <= rules.Words
}

// encodings are the forms in which a value may travel. Base64 of a text that holds the value somewhere has one of three forms
// inside, by the value's offset modulo three.
func encodings(v string) [][]byte {
	quoted, _ := json.Marshal(v)
	forms := [][]byte{[]byte(v), quoted[1 : len(quoted)-1], []byte(url.QueryEscape(v)), []byte(url.PathEscape(v)), []byte(hex.EncodeToString([]byte(v)))}
	for _, enc := range encoders {
		for lead := range 3 {
			text := enc.EncodeToString(append(make([]byte, lead), v...))
			from := (lead*8 + 5) / 6
			to := len(text)
			if (lead+len(v))%3 != 0 {
				to-- // the last character holds bits of what follows
			}
			if to-from >= redactMin {
				forms = append(forms, []byte(text[from:to]))
			}
		}
	}
	return forms
}

var redactedMark = []byte("[redacted]")

// Clean returns b with every known key taken out.
func (r *Redactor) Clean(b []byte) []byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !r.holds(b) {
		return b
	}
	for _, f := range r.forms {
		if bytes.Contains(b, f) {
			b = bytes.ReplaceAll(b, f, redactedMark)
		}
	}
	return b
}

// Writer returns a writer that cleans what is written, one Write at a time. It is for logs, whose every Write is one line.
func (r *Redactor) Writer(w io.Writer) io.Writer { return redactingWriter{r, w} }

type redactingWriter struct {
	r *Redactor
	w io.Writer
}

// Write implements io.Writer. It reports the length of what it was given.
func (w redactingWriter) Write(b []byte) (int, error) {
	if _, err := w.w.Write(w.r.Clean(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

var encoders = [...]*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding}
