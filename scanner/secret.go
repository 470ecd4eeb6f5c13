package scanner

import (
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"strconv"
)

// Secret is the value of a key, or of a part of one. Every way of printing it prints a redacted form: the length, and
// no character of the value.
//
// It holds a pointer on purpose. A struct with the bytes in it would still be written out by %v when it sits in another
// struct's unexported field, where package fmt does not call methods; of a pointer it prints the address.
type Secret struct{ p *string }

// NewSecret returns a Secret that holds value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value. It is called in revoker/provider alone, where a key is shown to its issuer; the
// architecture test refuses every other caller.
func (s Secret) Reveal() string { return s.value() }

func (s Secret) value() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// Len returns the length of the value in bytes.
func (s Secret) Len() int { return len(s.value()) }

// Equal reports whether both hold the same value.
func (s Secret) Equal(t Secret) bool { return s.value() == t.value() }

// String returns the redacted form.
func (s Secret) String() string { return "… " + strconv.Itoa(s.Len()) + " chars" }

// Format implements fmt.Formatter: every verb prints the redacted form.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return s.String() }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, s.String()), nil }

// MarshalXML implements xml.Marshaler.
func (s Secret) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement(s.String(), start)
}

// MarshalYAML implements the YAML packages' marshaler.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// MarshalBinary implements encoding.BinaryMarshaler, which gob uses: the value does not travel.
func (s Secret) MarshalBinary() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// redacted is what a person sees of a key: the prefix that its issuer puts before every key of the kind, and the length.
func redacted(prefix string, s Secret) string {
	return prefix + s.String()
}
