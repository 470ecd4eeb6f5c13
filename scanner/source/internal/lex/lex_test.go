package lex

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tokens is any reader of the package.
type tokens interface{ Next() (Token, error) }

// joined reads all tokens, with the pieces of one text put together.
func joined(t tokens) ([]Token, error) {
	var all []Token
	more := false
	for {
		tok, err := t.Next()
		if err != nil {
			return all, err
		}
		if more {
			last := &all[len(all)-1]
			if tok.Kind != last.Kind {
				return all, errors.New("a piece is not continued by its own kind")
			}
			last.Text = append(last.Text, tok.Text...)
		} else {
			all = append(all, Token{Kind: tok.Kind, Text: bytes.Clone(tok.Text)})
		}
		more = tok.More
	}
}

// readers are the readers by name.
var readers = map[string]func(in *Input) tokens{
	"xml":  func(in *Input) tokens { return NewXML(in) },
	"json": func(in *Input) tokens { return NewJSON(in) },
	"csv":  func(in *Input) tokens { return NewCSV(in, ',') },
}

// merge puts XML text tokens that follow each other together: their pieces depend on the window.
func merge(all []Token) []Token {
	var out []Token
	for _, t := range all {
		if n := len(out); n > 0 && t.Kind == Text && out[n-1].Kind == Text {
			out[n-1].Text = append(out[n-1].Text, t.Text...)
			continue
		}
		out = append(out, t)
	}
	return slices.DeleteFunc(out, func(t Token) bool { return t.Kind == Text && len(t.Text) == 0 })
}

var samples = map[string][]string{
	"xml": {
		`<a/>`,
		`<?xml version="1.0"?><!-- c --><!DOCTYPE a [<!ENTITY x "y>">]><a b="1 &lt; &#50;" c='"'>t &amp; &#x41; &nbsp; <![CDATA[<x>]]]]>&gt;<d></d ><e/></a>` + "\n",
		"<a>\x01\x1c\xff" + strings.Repeat("x", 3*window) + "</a>",
	},
	"json": {
		`{}`, ` [1, -2.5e+3, true,false,null, "x\u0041\/\n\ud83d\ude00\ud83d"] `, `{"a":{"b":[[],{}]},"c":"` + strings.Repeat("y", 3*window) + `"}`,
		"{\"a\":1}\n{\"a\":2}\n",
	},
	"csv": {
		"a,b\n1,2\n", "a,\"b \"\"c\"\"\nd\",\n\n,,\r\nlast", "a\"b,\"c\"d\",e", strings.Repeat("z", 3*window) + ",\"" + strings.Repeat("\"\"", 2*window) + "\"",
	},
}

func TestPiecesDoNotMatter(t *testing.T) {
	for name, open := range readers {
		for _, s := range samples[name] {
			want, err := joined(open(NewInput(strings.NewReader(s))))
			if err != io.EOF {
				t.Errorf("%s: %.40q: %v", name, s, err)
			}
			got, err := joined(open(NewInput(iotest.OneByteReader(strings.NewReader(s)))))
			if err != io.EOF {
				t.Errorf("%s: %.40q, byte by byte: %v", name, s, err)
			}
			if d := cmp.Diff(merge(want), merge(got)); d != "" && name == "xml" {
				t.Errorf("%s: %.40q: tokens depend on how the input comes: %s", name, s, d)
			}
			if name != "xml" && !cmp.Equal(want, got, cmp.Comparer(sameToken)) {
				t.Errorf("%s: %.40q: tokens depend on how the input comes", name, s)
			}
		}
	}
}

func sameToken(a, b Token) bool { return a.Kind == b.Kind && string(a.Text) == string(b.Text) }

func TestCut(t *testing.T) {
	for name, open := range map[string]func(in *Input) tokens{"xml": readers["xml"], "json": readers["json"]} {
		for _, s := range samples[name] {
			s = strings.TrimSpace(s)
			if len(s) > window || strings.Contains(s, "\n") {
				continue
			}
			for i := 1; i < len(s); i++ {
				_, err := joined(open(NewInput(strings.NewReader(s[:i]))))
				var e *Error
				if !errors.As(err, &e) || !e.Cut || e.Offset != int64(i) {
					t.Errorf("%s: %q: %v, want cut off at byte %d", name, s[:i], err, i)
				}
			}
		}
	}
}

func TestReaderError(t *testing.T) {
	boom := errors.New("disk on fire")
	for name, open := range readers {
		for _, s := range []string{"", "<a>", "{", "a,b\n1"} {
			_, err := joined(open(NewInput(io.MultiReader(strings.NewReader(s), iotest.ErrReader(boom)))))
			if err == io.EOF || err == nil {
				t.Errorf("%s: %q: the reader's error was lost: %v", name, s, err)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"xml", "<a><comment>x", "cut off at byte 13 inside <comment>"},
		{"xml", "", "cut off at byte 0 before the first element"},
		{"xml", "<a>\n<b></a>", "broken at byte 7 (line 2): <a> is closed and was not opened there"},
		{"xml", "<a></a>x", "broken at byte 7 (line 1): text outside of the root element"},
		{"xml", "<a/><b/>", "broken at byte 4 (line 1): a second root element"},
		{"xml", "<a b=c/>", `broken at byte 0 (line 1): an attribute that is not name="value"`},
		{"xml", "<a <b>", `broken at byte 3 (line 1): "<" inside a tag`},
		{"xml", "<a>< b></a>", "broken at byte 3 (line 1): a tag without a name"},
		{"xml", "<a b='" + strings.Repeat("x", 2*window), "broken at byte 0 (line 1): a tag that does not end"},
		{"xml", "<x1y2z3>", "cut off at byte 8 inside an element"},
		{"json", `{"a":"b`, "cut off at byte 7 inside a string"},
		{"json", `{"a":[1,`, "cut off at byte 8 inside an array"},
		{"json", `{"a":1`, "cut off at byte 6 inside an object"},
		{"json", `{"a":tru`, "cut off at byte 8 inside a value"},
		{"json", "{\n\"a\" 1}", "broken at byte 6 (line 2): a character that cannot stand there in JSON"},
		{"json", `[01]`, "broken at byte 1 (line 1): neither a string nor a number nor a literal"},
		{"json", `["\x"]`, "broken at byte 2 (line 1): an escape that JSON does not have"},
		{"json", "[\"a\nb\"]", "broken at byte 3 (line 1): a line break inside a string"},
		{"csv", "a,\"b", "cut off at byte 4 inside a quoted cell"},
	} {
		_, err := joined(readers[c.format](NewInput(strings.NewReader(c.text))))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %.20q: %v\nwant %s", c.format, c.text, err, c.want)
		}
	}
	deep := strings.Repeat("[", deepest+1)
	if _, err := joined(NewJSON(NewInput(strings.NewReader(deep)))); err == nil || !strings.Contains(err.Error(), "too deep") {
		t.Errorf("nesting is not bounded: %v", err)
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 81204: "81,204", -1234567: "-1,234,567"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestInputLinesAndRaw(t *testing.T) {
	text := strings.Repeat(strings.Repeat("x", 99)+"\n", 2000) + "MARK tail"
	in := NewInput(strings.NewReader("\xEF\xBB\xBF" + text))
	var got []byte
	for {
		piece, more, found := in.Raw([]byte("MARK"))
		got = append(got, piece...)
		if found {
			break
		}
		if !more {
			t.Fatal("the mark was not found")
		}
	}
	if string(got) != strings.TrimSuffix(text, "MARK tail") || in.Line() != 2001 || in.Offset() != 200_003 {
		t.Errorf("%d bytes up to line %d, byte %d", len(got), in.Line(), in.Offset())
	}
	piece, more, found := in.Raw(nil)
	if string(piece) != "MARK tail" || more || found {
		t.Errorf("the rest is %q, %v, %v", piece, more, found)
	}
	if piece, more, _ := in.Raw(nil); len(piece) > 0 || more {
		t.Errorf("after the end comes %q", piece)
	}
}

func TestOpenElements(t *testing.T) {
	x := NewXML(NewInput(strings.NewReader("<item>x</item></channel></rss>")), "rss", "channel")
	if got, err := joined(x); err != io.EOF || len(got) != 5 {
		t.Errorf("%v, %v", got, err)
	}
}

// stdXML reads with encoding/xml what joined and merge give.
func stdXML(b []byte) ([]Token, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	var out []Token
	for {
		tok, err := d.Token()
		if err != nil {
			return merge(out), err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			out = append(out, Token{Kind: Begin, Text: []byte(tok.Name.Local)})
		case xml.EndElement:
			out = append(out, Token{Kind: End, Text: []byte(tok.Name.Local)})
		case xml.CharData:
			if d.InputOffset() > 0 {
				out = append(out, Token{Kind: Text, Text: bytes.Clone(tok)})
			}
		}
	}
}

func FuzzXML(f *testing.F) {
	for _, s := range samples["xml"][:2] {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := joined(NewXML(NewInput(bytes.NewReader(b))))
		if err == nil {
			t.Fatal("no end")
		}
		if err == io.EOF && len(got) == 0 {
			t.Error("a document without a root is whole")
		}
		want, stdErr := stdXML(b)
		if stdErr != io.EOF || len(want) == 0 || bytes.ContainsAny(b, "\r:") || bytes.Contains(b, []byte("<!")) {
			return
		}
		got = slices.DeleteFunc(got, func(t Token) bool { return t.Kind == Comment })
		trim := func(all []Token) []Token { // encoding/xml gives the space around the root too
			return slices.DeleteFunc(merge(all), func(t Token) bool { return t.Kind == Text && len(bytes.TrimSpace(t.Text)) == 0 })
		}
		if err == io.EOF && !slices.EqualFunc(trim(got), trim(want), sameToken) {
			t.Errorf("%q\n%v\nencoding/xml: %v", b, got, want)
		}
	})
}

// stdJSON reads with encoding/json what joined gives.
func stdJSON(b []byte) ([]Token, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out []Token
	var object []bool
	name := false // the next string is a name
	for {
		tok, err := d.Token()
		if err != nil {
			return out, err
		}
		switch v := tok.(type) {
		case json.Delim:
			k := map[json.Delim]Kind{'{': Object, '[': Array, '}': End, ']': End}[v]
			if k == End {
				object = object[:len(object)-1]
			} else {
				object = append(object, v == '{')
			}
			out = append(out, Token{Kind: k})
			name = len(object) > 0 && object[len(object)-1]
			continue
		case string:
			k := Text
			if name {
				k = Key
			}
			out = append(out, Token{Kind: k, Text: []byte(v)})
			name = len(object) > 0 && object[len(object)-1] && !name
			continue
		}
		out = append(out, Token{Kind: Scalar})
		name = len(object) > 0 && object[len(object)-1]
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range samples["json"][:2] {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := joined(NewJSON(NewInput(bytes.NewReader(b))))
		if err == nil {
			t.Fatal("no end")
		}
		if !json.Valid(b) {
			return
		}
		want, _ := stdJSON(b)
		for i := range got {
			if got[i].Kind == Scalar {
				got[i].Text = nil
			}
		}
		same := func(a, b Token) bool {
			return a.Kind == b.Kind && strings.ToValidUTF8(string(a.Text), "\uFFFD") == strings.ToValidUTF8(string(b.Text), "\uFFFD")
		}
		if err != io.EOF || len(got) != len(want) || bytes.ContainsRune(b, '\\') == false && !slices.EqualFunc(got, want, same) && bytes.Equal(bytes.ToValidUTF8(b, nil), b) {
			t.Errorf("%q: %v\n%v\nencoding/json: %v", b, err, got, want)
		}
		again, err := joined(NewJSON(NewInput(io.MultiReader(bytes.NewReader(b), strings.NewReader("\n"), bytes.NewReader(b)))))
		if err != io.EOF || !slices.EqualFunc(again[:len(again)/2], again[len(again)/2:], sameToken) {
			t.Errorf("%q twice: %v\n%v", b, err, again)
		}
	})
}

func TestJSONEscapesAsInEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := joined(NewJSON(NewInput(bytes.NewReader(b))))
		if err != io.EOF || len(got) != 1 || string(got[0].Text) != want {
			t.Fatalf("%s: %v, %v", b, got, err)
		}
	})
}

func FuzzCSV(f *testing.F) {
	for _, s := range samples["csv"][:3] {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := joined(NewCSV(NewInput(bytes.NewReader(b)), ','))
		if err == nil {
			t.Fatal("no end")
		}
		if bytes.ContainsAny(b, "\r") || bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")) {
			return
		}
		r := csv.NewReader(bytes.NewReader(b))
		r.LazyQuotes, r.FieldsPerRecord = true, -1
		rows, stdErr := r.ReadAll()
		if stdErr != nil || err != io.EOF {
			return
		}
		var want []Token
		for _, row := range rows {
			for _, cell := range row {
				want = append(want, Token{Kind: Text, Text: []byte(cell)})
			}
			want = append(want, Token{Kind: Row})
		}
		same := func(a, b Token) bool { return a.Kind == b.Kind && (a.Kind == Row || string(a.Text) == string(b.Text)) }
		if !slices.EqualFunc(got, want, same) {
			t.Errorf("%q\n%v\nencoding/csv: %v", b, got, want)
		}
	})
}

func BenchmarkReaders(b *testing.B) {
	body := strings.Repeat("Sync fails after the deploy, see log line 1234 and more text here. ", 10)
	html := strings.Repeat("Sync fails after the deploy &lt;p&gt;see log line 1234&lt;/p&gt; and more text here ", 10)
	for name, unit := range map[string]string{
		"xml":  `<item><title>x</title><key id="1">OPS-1</key><description>` + html + `</description><comment id="5" author="ben" created="Wed, 4 Mar 2026 09:12:00 +0000">` + html + "</comment></item>\n",
		"json": `{"key":"OPS-1","a":1,"description":"` + body + `","comments":[{"id":1,"body":"` + body + `\n"}]}` + "\n",
		"csv":  `OPS-1,"` + body + `","` + body + "\",x,y,z\n",
	} {
		b.Run(name, func(b *testing.B) {
			text := strings.Repeat(unit, 2000)
			if name == "xml" {
				text = "<rss>" + text + "</rss>"
			}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r := readers[name](NewInput(strings.NewReader(text)))
				for {
					if _, err := r.Next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// String shows a token in a failure.
func (t Token) String() string { return string('0'+rune(t.Kind)) + ":" + string(t.Text) }
