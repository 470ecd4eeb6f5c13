package scanner

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
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
}

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
var openParts = set("user host email client_email account app brand kty project_id key_name")

// AddSecret makes the redactor know one value.
func (r *Redactor) AddSecret(s Secret) {
	v := s.value()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[v]; ok || len(v) < redactMin || plainWord(v) {
		return
	}
	if r.known == nil {
		r.known = map[string]struct{}{}
	}
	r.known[v] = struct{}{}
	r.forms = append(r.forms, encodings(v)...)
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
