package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"mime/quotedprintable"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func kind(name string) Kind {
	for _, k := range Kinds {
		if k.Name == name {
			return k
		}
	}
	panic(name)
}

// decoded fills the sheet with what the kind makes of a text.
func decoded(k Kind, s *Sheet, text []byte) {
	var m Marks
	m.Mark(text)
	k.Decode(s, &m)
}

// shows reports whether a part of the kind's view of text holds want, and checks that its place is within the text.
func shows(t interface{ Fatalf(string, ...any) }, k Kind, text, want string) bool {
	var s Sheet
	decoded(k, &s, []byte(text))
	for _, p := range s.Parts {
		if i := strings.Index(string(p.Text), want); i >= 0 {
			from, to := p.Source(i, i+len(want))
			if from < p.From || to > p.To || from >= to {
				t.Fatalf("%s: part [%d,%d) has its text at [%d,%d)", k.Name, p.From, p.To, from, to)
			}
			return true
		}
	}
	return false
}

func wrapped(s, between string, n int) string {
	var lines []string
	for len(s) > n {
		lines = append(lines, s[:n])
		s = s[n:]
	}
	return strings.Join(append(lines, s), between)
}

// encoders are programs that write a text so that the view of the name undoes it.
var encoders = []struct {
	kind   string
	encode func(text string) string
}{
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64", func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) }},
	{"base64", func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) }},
	{"base64", func(s string) string { return "path/_x" + base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"base64", func(s string) string { return wrapped(base64.StdEncoding.EncodeToString([]byte(s)), "\n    ", 64) }},
	{"base64", func(s string) string { return wrapped(base64.StdEncoding.EncodeToString([]byte(s)), "\r\n> ", 76) }},
	{"base64", func(s string) string {
		return "\n+" + wrapped(base64.StdEncoding.EncodeToString([]byte(s)), "\n+", 50)
	}},
	{"hex", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"hex", func(s string) string { return "0x" + strings.ToUpper(hex.EncodeToString([]byte(s))) }},
	{"hex", func(s string) string { return wrapped("a"+hex.EncodeToString([]byte(s)), "\n", 60) }},
	{"hex", func(s string) string { return strings.TrimSpace(everyByte("%02x ")(s)) }},
	{"hex", everyByte("%02X:")},
	{"hex", func(s string) string { return "{" + everyByte("0x%02x,")(s) + "}" }},
	{"hex", func(s string) string { return wrapped(everyByte("0x%02X, ")(s), "\n    ", 72) }},
	{"hex", func(s string) string {
		return strings.Repeat("00", 90) + hex.EncodeToString([]byte(s)) + strings.Repeat("00", 90)
	}},
	{"percent", everyByte("%%%02X")},
	{"percent", everyByte("%%u%04x")},
	{"escapes", everyByte(`\x%02x`)},
	{"escapes", everyByte(`\u%04X`)},
	{"escapes", everyByte(`\u{%x}`)},
	{"escapes", everyByte(`\U%08x`)},
	{"escapes", everyByte(`\%03o`)},
	{"entities", everyByte("&#%d;")},
	{"entities", everyByte("&#x%x;")},
	{"quoted-printable", func(s string) string { return "=3D" + everyByte("=%02X")(s) + "=3D" }},
	{"utf-16", func(s string) string { return wideText(unicode.LittleEndian, s) }},
	{"utf-16", func(s string) string { return wideText(unicode.BigEndian, s) }},
	{"utf-32", func(s string) string { return everyByte("%c\x00\x00\x00")(s) }},
	{"utf-32", func(s string) string {
		out, _ := utf32.UTF32(utf32.BigEndian, utf32.UseBOM).NewEncoder().String(s)
		return out
	}},
	{Visible, func(s string) string { return strings.Join(strings.Split(s, ""), "\u200b") }},
	{Visible, func(s string) string { return strings.Join(strings.Split(s, ""), "\xad") }},
	{Visible, func(s string) string { return strings.Map(func(r rune) rune { return r + 0xFEE0 }, s) }},
	{"strings", func(s string) string { return `"` + s[:9] + `" + "` + s[9:] + `"` }},
	{"strings", func(s string) string { return `"` + s[:9] + `" ++ "` + s[9:] + `"` }},
	{"strings", func(s string) string { return `'` + s[:9] + `' << '` + s[9:] + `'` }},
	{"strings", func(s string) string { return `u8"` + s[:9] + `" u8"` + s[9:] + `"` }},
	{"strings", func(s string) string { return "'" + s[:9] + "' + `\r\n '" + s[9:] + "'" }},
	{"strings", func(s string) string { return `"` + s[:9] + `" \` + "\n  f'" + s[9:] + `'` }},
	{"strings", func(s string) string { return `'` + s[:9] + `' . '` + s[9:12] + "'\n .. '" + s[12:] + `'` }},
	{"strings", func(s string) string { return `"` + s[:9] + "\" & _\r\n\t\"" + s[9:] + `"` }},
	{"strings", func(s string) string { return `"` + s[:9] + `" /* the rest */ + "` + s[9:] + `"` }},
	{"strings", func(s string) string { return `"` + s[:9] + "\" // the first\n\t// the rest\n\t\"" + s[9:] + `"` }},
	{"strings", func(s string) string { return `("` + s[:9] + "\"  # the first\n  \"" + s[9:] + `")` }},
	{"strings", func(s string) string { return `'` + s[:9] + "' -- the first\n || '" + s[9:] + `'` }},
	{"strings", func(s string) string { return `'a1B` + s[:9] + `''` + s[9:] + `'` }},
	{"strings", func(s string) string { return `key = "` + s[:9] + "\"\nkey += \"" + s[9:] + `"` }},
	{"strings", func(s string) string {
		return `let key: String = "` + s[:9] + "\";\r\n    key += \"" + s[9:12] + "\";\r\n    key += \"" + s[12:] + `";`
	}},
	{"strings", func(s string) string {
		return `$a->key = '` + s[:9] + "';\n$key = '" + s[:9] + "';\n$key .= '" + s[9:] + `';`
	}},
	{"strings", func(s string) string { return `this.key = "` + s[:9] + "\"\nthis.key = this.key & \"" + s[9:] + `"` }},
	{"strings", func(s string) string { return `concat!("a1B` + s[:9] + `", "` + s[9:] + `")` }},
	{"strings", func(s string) string { return `strings.Join([]string{"a1B` + s[:9] + `", "` + s[9:] + `"}, "")` }},
	{"lines", func(s string) string { return s[:9] + "\\\n    " + s[9:] }},
	{"lines", func(s string) string { return "key: >-\n  aB3" + s[:9] + "\n  " + s[9:] + "\n" }},
	{"lines", func(s string) string { return "> aB3" + s[:9] + "\r\n> " + s[9:] + "\r\n" }},
	{"lines", func(s string) string { return "+  aB3" + s[:9] + "\n+  " + s[9:] + "\n" }},
	{"lines", func(s string) string { return "  -- aB3" + s[:9] + "\n  -- " + s[9:] + "\n" }},
	{"lines", func(s string) string { return "% aB3" + s[:9] + "\n% " + s[9:] + "\n" }},
	{"lines", func(s string) string { return "! aB3" + s[:9] + "\n! " + s[9:] + "\n" }},
	{"lines", func(s string) string { return "REM aB3" + s[:9] + "\r\nREM " + s[9:] + "\r\n" }},
	{"lines", func(s string) string { return "/// aB3" + s[:9] + "\n/// " + s[9:] + "\n" }},
	{"lines", func(s string) string { return "//! aB3" + s[:9] + "\n//! " + s[9:] + "\n" }},
}

func everyByte(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, format, s[i])
		}
		return b.String()
	}
}

func wideText(e unicode.Endianness, s string) string {
	out, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

// TestKindsUndoEncoders: whatever a program encoded is in the view, wherever it stands.
func TestKindsUndoEncoders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[0-9A-Za-z_]{20,90}`).Draw(t, "secret")
		left := rapid.StringMatching(`[ -~\n]{0,40}[ \n:]`).Draw(t, "left")
		right := rapid.StringMatching(`([ \n"][ -~\n]{0,40})?`).Draw(t, "right")
		for i, e := range encoders {
			if e.kind == "strings" || e.kind == "escapes" || e.kind == "lines" { // what begins before may hide what follows
				left = "x = \n"
			}
			text := left + e.encode(secret) + right
			if !shows(t, kind(e.kind), text, secret) {
				t.Fatalf("encoder %d of %s: %q is not seen in %q", i, e.kind, secret, text)
			}
		}
	})
}

// TestKindsAgreeWithLibraries: a view of what a library encoded is what the library makes of it.
func TestKindsAgreeWithLibraries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.StringMatching(`[ -~]{1,150}`).Draw(t, "plain")
		check := func(name, encoded, want string) {
			t.Helper()
			if encoded == want {
				return
			}
			var s Sheet
			decoded(kind(name), &s, []byte(encoded))
			if len(s.Parts) == 0 {
				return // nothing that could matter is encoded
			}
			if got := string(s.Parts[0].Text); s.Parts[0].From == 0 && s.Parts[0].To == len(encoded) && got != want {
				t.Fatalf("%s: %q is %q, want %q", name, encoded, got, want)
			}
		}
		check("percent", url.PathEscape(plain), plain)
		check("entities", html.EscapeString(plain), html.UnescapeString(html.EscapeString(plain)))
		check("escapes", strconv.QuoteToASCII(plain), `"`+plain+`"`)
		asJSON, _ := json.Marshal(plain)
		check("escapes", string(asJSON), `"`+plain+`"`)
		var mail bytes.Buffer
		w := quotedprintable.NewWriter(&mail)
		_, _ = w.Write([]byte(plain))
		_ = w.Close()
		check("quoted-printable", mail.String(), plain)
		fancy := strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' {
				return r - 'a' + 0x1D41A // mathematical bold
			}
			return r
		}, plain)
		check(Visible, fancy, norm.NFKC.String(fancy))
	})
}

func FuzzDecode(f *testing.F) {
	for _, e := range encoders {
		f.Add([]byte(e.encode("0123456789abcdefABCDEF_xyz") + "\n" + e.encode("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")))
	}
	f.Add([]byte("sync\xadkey7 what\x9a\xa0follows")) // one byte of Latin-1 becomes another
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		var s Sheet
		for _, k := range Kinds {
			decoded(k, &s, text)
			checkSheet(t, k, &s, text)
		}
		if !bytes.Equal(before, text) {
			t.Error("the text was changed")
		}
	})
}

func checkSheet(t *testing.T, k Kind, s *Sheet, text []byte) {
	t.Helper()
	if len(s.Text) > 8*len(text)+64 {
		t.Errorf("%s: %d bytes became %d", k.Name, len(text), len(s.Text))
	}
	for _, p := range s.Parts {
		if p.From < 0 || p.To > len(text) || p.From > p.To {
			t.Fatalf("%s: part [%d,%d) of %d", k.Name, p.From, p.To, len(text))
		}
		last := p.From
		for i := range p.Text {
			from, to := p.Source(i, i+1)
			if from < last || to < from || to > p.To {
				t.Fatalf("%s: byte %d of %q is at [%d,%d), after %d", k.Name, i, p.Text, from, to, last)
			}
			last = from
			if !p.Changed(i, i+1) && text[from] != p.Text[i] {
				t.Fatalf("%s: byte %d of %q is said to be as at %d", k.Name, i, p.Text, from)
			}
		}
	}
}

// TestKindsAreLinear: of no text does a longer one take much longer for each byte. Times are compared with each other alone.
func TestKindsAreLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("it compares times, which the race detector spreads; go test without -short runs it")
	}
	const small, factor, noise = 64 << 10, 16, 8
	for _, unit := range []string{
		`\`, `\\u00`, "%4", "&#", "&aaaaaaaaa", "=\n", "=3D", "\u200b", "\xe2\x80", "a1\n", "aA1bB2cC\n", `"a" `, `"a"` + strings.Repeat(" ", 100),
		"QUFB", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n", "41", "a\x00", "\x00", "a\x00\x00\x00", "41 ", "0x41,", "AAA", "\uff21", "'\"", "\\\n",
	} {
		text := []byte(strings.Repeat(unit, small*factor/len(unit)))
		var s Sheet
		for _, k := range Kinds {
			if short, long, ok := inProportion(noise*factor, func() { decoded(k, &s, text[:small]) }, func() { decoded(k, &s, text) }); !ok {
				t.Errorf("%s of %q: 1 MiB took %v, a sixteenth of it %v", k.Name, unit, long, short)
			}
		}
	}
}

// inProportion reports whether a long run takes at most so many times as long as a short one, or as a millisecond. Both are tried until
// they do, some times: a machine that does other things makes one of them longer and none shorter.
func inProportion(most time.Duration, shortRun, longRun func()) (short, long time.Duration, ok bool) {
	short, long = math.MaxInt64, math.MaxInt64
	for range 12 {
		short, long = min(short, timed(shortRun)), min(long, timed(longRun))
		if long <= most*max(short, time.Millisecond) {
			return short, long, true
		}
	}
	return short, long, false
}

func timed(run func()) time.Duration {
	begun := time.Now()
	run()
	return time.Since(begun)
}

// TestBrokenLines: one side of a line's end at least looks like a part of a key, and the second is alone on its line.
func TestBrokenLines(t *testing.T) {
	for text, want := range map[string]string{
		"key: >-\n  abcdefghij\n  k1l2m3n4o5\n":   "abcdefghijk1l2m3n4o5",
		"key: >-\n  a1b2c3d4e5\n  klmnopqrst\n":   "a1b2c3d4e5klmnopqrst",
		"abandonment\nabolition\nabomination\n":   "",
		"abcdefghij\nk1l2m3n4o5 and more\n":       "",
		"select abcdefghij\n-- k1l2m3n4o5\n":      "",
		"-- a1b2c3d4e5\nREM klmnopqrst\n":         "",
		"\\newcommand a1b2c3d4e5\n% klmnopqrst\n": "",
	} {
		var s Sheet
		if decoded(kind("lines"), &s, []byte(text)); want == "" && len(s.Parts) > 0 {
			t.Errorf("%q is joined", text)
		}
		if want != "" && !shows(t, kind("lines"), text, want) {
			t.Errorf("%q is not joined", text)
		}
	}
}

// TestJoinedLiterals: literals are put together where a statement, an operator or a call does it, and not where they only stand near.
func TestJoinedLiterals(t *testing.T) {
	for text, want := range map[string]string{
		"concat!(\n  \"k3yA\",\n  \"b4cD5eF6\", \"7gH8iJ9k\")": "k3yAb4cD5eF67gH8iJ9k",
		"CONCAT('k3yAb4cD', '5eF67gH8')":                       "k3yAb4cD5eF67gH8",
		"f('k3yAb4cD', '5eF67gH8')":                            "",
		"['k3yAb4cD', '5eF67gH8']":                             "",
		"''.join(['k3yAb4cD', '5eF67gH8'])":                    "k3yAb4cD5eF67gH8",
		"KEY=\"k3yAb4cD\"\nKEY+=\"5eF67gH8\"":                  "k3yAb4cD5eF67gH8",
		"k := \"k3yAb4cD\"\n\tk = k + \"5eF67gH8\"":            "k3yAb4cD5eF67gH8",
		"k = 'k3yAb4cD';\nkey += '5eF67gH8';":                  "",
		"key = 'k3yAb4cD';\nk += '5eF67gH8';":                  "",
		"key = 'k3yAb4cD';\nkey = '5eF67gH8';":                 "",
		"key = 'k3yAb4cD';\nkey = other + '5eF67gH8';":         "",
		"key = 'k3yAb4cD';\n\nkey += '5eF67gH8';":              "",
		"f(key, 'k3yAb4cD');\nkey += '5eF67gH8';":              "",
		"'O''Brien'":                                                 "",
		"x = 'k3yAb4cD''5eF67gH8'":                                   "k3yAb4cD5eF67gH8",
		"\"k3yAb4cD\" # one\n# and\n\"5eF67gH8\"":                    "k3yAb4cD5eF67gH8",
		"\"k3yAb4cD\" # one\n\n\"5eF67gH8\"":                         "",
		"\"k3yAb4cD\" /* one \"5eF67gH8\"":                           "",
		"\"k3yAb4cD\" - \"5eF67gH8\"":                                "",
		"\"k3yAb4cD\" / \"5eF67gH8\"":                                "",
		"key = \"k3yAb4cD\"\nkey .= \"5eF67gH8\"\nkey .= \"9iJ0kL\"": "k3yAb4cD5eF67gH89iJ0kL",
	} {
		var s Sheet
		if decoded(kind("strings"), &s, []byte(text)); want == "" && len(s.Parts) > 0 {
			t.Errorf("%q is joined: %q", text, s.Parts[0].Text)
		}
		if want != "" && !shows(t, kind("strings"), text, want) {
			t.Errorf("%q is not joined", text)
		}
	}
}
