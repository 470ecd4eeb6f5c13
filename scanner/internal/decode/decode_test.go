package decode

import (
	"bytes"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// views are all views of a text by name.
func views(text string) map[string]string {
	var buf Buffer
	all := map[string]string{}
	for name, view := range Views([]byte(text), &buf) {
		all[name] = string(view)
	}
	return all
}

func TestViews(t *testing.T) {
	for _, c := range []struct {
		text string
		want map[string]string
	}{
		{"", map[string]string{}},
		{"plain text, ünïcode too", map[string]string{}},
		{"a\u200bb\u00adc", map[string]string{Visible: "abc"}},
		{"a\u00a0b \uff21\uff11 c\u2011d", map[string]string{Visible: "a b A1 c-d"}},
		{"\xff\xfe a\u200b", map[string]string{Visible: "\xff\xfe a"}},
		{"a < b && c > d", map[string]string{}},
		{"a &lt; b", map[string]string{HTMLText: "a < b"}},
		{"a&amp;#61;b", map[string]string{HTMLText: "a=b"}},
		{"a&amp;amp;#61;b", map[string]string{HTMLText: "a&#61;b"}},
		{"x&nosuch;y & z", map[string]string{}},
		{"&lowbar;&#x5F;&#95;&#0;&#1114112;", map[string]string{HTMLText: "___\x00\ufffd"}},
		{"<p>a<span class='x>y'>b</span>c</p>d", map[string]string{HTMLText: "\nabc\nd"}},
		{"a<br/>b<BR>c<hr />d", map[string]string{HTMLText: "a\nb\nc\nd"}},
		{"a<em>b</em>c<DEL>d</DEL>", map[string]string{HTMLText: "abcd", Wiki: "a_b_c-d-"}},
		{"<b>a</b><ins>b</ins><sup>c</sup><sub>d</sub><cite>e</cite><tt>f</tt>", map[string]string{HTMLText: "abcdef", Wiki: "*a*+b+^c^~d~??e??{{f}}"}},
		{"a<!-- c -->b<!-- open", map[string]string{HTMLText: "ab<!-- open"}},
		{"<![CDATA[a]]>", map[string]string{HTMLText: "a]]>"}},
		{`<a href="https://x.example/?a=1&amp;b=2">here</a>, <img src='/y.png'>`, map[string]string{HTMLText: "here, \nhttps://x.example/?a=1&b=2\n/y.png"}},
		{"List<String> x = a <b", map[string]string{HTMLText: "List\n x = a <b"}},
		{"<a\n<b>x", map[string]string{HTMLText: "<a\nx", Wiki: "<a\n*x"}},
	} {
		if d := cmp.Diff(c.want, views(c.text)); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, d)
		}
	}
}

func TestReference(t *testing.T) {
	for text, want := range map[string]struct {
		r rune
		n int
	}{
		"&lt;": {'<', 4}, "&gt;x": {'>', 4}, "&amp;": {'&', 5}, "&quot;": {'"', 6}, "&apos;": {'\'', 6},
		"&#45;": {'-', 5}, "&#x2d;": {'-', 6}, "&#X2D;": {'-', 6}, "&#xD800;": {0xFFFD, 8}, "&#99999999;": {0xFFFD, 11},
		"&nbsp;": {}, "&#;": {}, "&#x;": {}, "&#45": {}, "&": {}, "": {}, "lt;": {}, "&#1a;": {},
	} {
		if r, n := Reference([]byte(text)); r != want.r || n != want.n {
			t.Errorf("%q is %q, %d; want %q, %d", text, r, n, want.r, want.n)
		}
	}
}

// TestEscapedTextIsUnescaped checks against package html: whatever a program escaped is there in the view.
func TestEscapedTextIsUnescaped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~\n]{0,60}`).Draw(t, "text")
		if strings.Contains(html.UnescapeString(text), "&") { // what is unescaped twice is another text
			t.Skip()
		}
		escaped := html.EscapeString(text)
		got, ok := views(escaped)[HTMLText]
		if !ok {
			got = escaped
		}
		if got != text {
			t.Fatalf("%q, escaped %q, is %q", text, escaped, got)
		}
	})
}

// TestViewsDiffer checks that a view is never what was given before it, and that the text stays as it is.
func TestViewsDiffer(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "b ", "<em>", "</em>", "<p>", "<a href='x'>", "&amp;", "&#45;", "&lt;", "\u200b", "\u00e9", "<", "&", "-->", "<!--", "\xff"})
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), ""))
		before := bytes.Clone(text)
		var buf Buffer
		seen := map[string]bool{string(text): true}
		for name, view := range Views(text, &buf) {
			if seen[string(view)] {
				t.Fatalf("%q: the view %s is not new", text, name)
			}
			seen[string(view)] = true
		}
		if !bytes.Equal(text, before) {
			t.Fatalf("%q was changed", before)
		}
	})
}

// TestLinear checks that no text takes long: twice the text must not take much more than twice the time.
func TestLinear(t *testing.T) {
	for _, unit := range []string{"<a ", "<a \"", "<!--", "&amp", "&", "<", "&#", "<a href='", "<![CDATA[", "\u200b", "&amp;", "<em>"} {
		text := []byte(strings.Repeat(unit, (1<<20)/len(unit)))
		var buf Buffer
		begun := time.Now()
		for range Views(text, &buf) {
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%q: 1 MiB took %v", unit, took)
		}
	}
}

func FuzzViews(f *testing.F) {
	f.Add([]byte("a<em>b</em>&amp;#61;\u200b<a href='x'>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var buf Buffer
		for name, view := range Views(text, &buf) {
			if len(view) > 3*len(text)+16 {
				t.Errorf("%d bytes became %d under %s", len(text), len(view), name)
			}
		}
	})
}
