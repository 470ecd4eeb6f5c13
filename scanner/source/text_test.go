package source

import (
	"fmt"
	"strings"
	"testing"
)

// each writes the letters of a text in a form.
func each(text, form string) string {
	var b strings.Builder
	for _, c := range text {
		fmt.Fprintf(&b, form, c)
	}
	return b.String()
}

func TestWhatIsBinary(t *testing.T) {
	wide := func(s string, big bool) string {
		var b strings.Builder
		for _, u := range s {
			pair := []byte{byte(u), byte(u >> 8)}
			if big {
				pair[0], pair[1] = pair[1], pair[0]
			}
			b.Write(pair)
		}
		return b.String()
	}
	const text = "name = value\r\nother = another value\r\n"
	for _, c := range []struct {
		what, head string
		want       bool
	}{
		{"text", text, false},
		{"nothing", "", false},
		{"a zero in text", text + "\x00" + text, false},
		{"a zero in a long text", strings.Repeat(text, 300) + "\x00" + text, false},
		{"a zero in a few words", "one\x00two", true},
		{"zeros between words", strings.Repeat("a few words\x00", 50), true},
		{"bytes of a program", text + text + "\x00\x7f\x01\x02\x03", true},
		{"a zero in Latin-1", strings.Repeat("Gr\xf6\xdfe\n", 20) + "\x00", true},
		{"UTF-16 with a mark", "\xff\xfet\x00", false},
		{"little-endian", wide(text, false), false},
		{"big-endian", wide(text, true), false},
		{"with a few foreign letters", wide(text+"Gr\u00f6\u00dfe \u65e5\n"+text, false), false},
		{"too short", wide("short", false), true},
		{"small numbers", strings.Repeat("\x01\x00\x02\x00", 50), true},
		{"zeros", strings.Repeat("\x00", 100), true},
		{"four bytes, little-endian", each(text, "%c\x00\x00\x00"), false},
		{"four bytes, big-endian", each(text, "\x00\x00\x00%c"), false},
		{"four bytes, too short", each("few letters", "\x00\x00\x00%c"), true},
		{"numbers of four bytes", strings.Repeat("\x01\x00\x00\x00", 50), true},
		{"a letter among four", strings.Repeat("\x00a\x00\x00", 50), true},
		{"half of it", wide(text, false) + strings.Repeat("\x00\x01\x02\x80", 40), true},
	} {
		if got := isBinary([]byte(c.head)); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
