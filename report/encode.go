package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// encode writes v as one JSON text and a line end. Hidden characters are escaped, so that the text may be shown in a terminal;
// a reader gets back what was put in. indent is that of one level; empty: all on one line.
func encode(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escapeHidden(b.Bytes()))
	return err
}

// escapeHidden escapes the hidden characters that stand in strings of a JSON text. Outside of strings JSON is ASCII.
func escapeHidden(text []byte) []byte {
	var out []byte
	from := 0
	for i, w := 0, 0; i < len(text); i += w {
		w = 1
		if text[i] < 0x7f {
			continue
		}
		var r rune
		if r, w = utf8.DecodeRune(text[i:]); !hidden(r) {
			continue
		}
		out = append(out, text[from:i]...)
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
		from = i + w
	}
	return append(out, text[from:]...)
}
