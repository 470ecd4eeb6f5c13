package scanner

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/rules"
	"pgregory.net/rapid"
)

// hidings are ways to write a text, and the view that undoes them. %s is where the encoded text stands.
var hidings = []struct {
	view, frame string
	encode      func(string) string
}{
	{"base64", "data: %s\n", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64", "x=%s&", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"hex", "h(0x%s)", func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"percent", "q?%s&b", each("%%%02x")},
	{"escapes", `{"a":"%s"}`, each(`\u%04x`)},
	{"escapes", `"%s"`, each(`\x%02x`)},
	{"entities", "<a>%s</a>", each("&#%d;")},
	{"quoted-printable", "%s", func(s string) string { return each("=%02X")(s) + "=3D" }},
	{"visible", "t: %s.", func(s string) string { return s[:10] + "\u200b\u202e" + s[10:] }},
	{"visible", "t: %s.", func(s string) string { return strings.Map(wideRune, s) }},
	{"lines", "k = \"%s\"", func(s string) string { return s[:20] + "\\\n\t" + s[20:] }},
	{"lines", "k: >\n  %s\n", func(s string) string { return s[:20] + "\n  " + s[20:] }},
	{"strings", "k = \"%s\"", func(s string) string { return s[:4] + `" + "` + s[4:] }},
	{"strings", "k = '%s';", func(s string) string { return s[:4] + "'\n . '" + s[4:] }},
	{"utf-16", "%s", each("%c\x00")},
	{"utf-32", "%s", each("\x00\x00\x00%c")},
	{"base64>escapes", "%s", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(`{"key":"` + each(`\u%04x`)(s) + `"}`))
	}},
	{"base64>utf-16", "powershell -enc %s", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(each("%c\x00")(s)))
	}},
	{"base64>utf-16", "b = '%s'", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(each("\x00%c")(s)))
	}},
	{"base64>utf-32", "b = '%s'", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(each("%c\x00\x00\x00")(s)))
	}},
	{"hex>utf-16", "h = 0x%s;", func(s string) string { return hex.EncodeToString([]byte(each("%c\x00")(s))) }},
	{"hex>utf-16", "h = %s;", func(s string) string { return each("%02X ")(each("\x00%c")(s)) }},
	{"hex>utf-32", "h = 0x%s;", func(s string) string { return hex.EncodeToString([]byte(each("\x00\x00\x00%c")(s))) }},
	{"percent>base64>hex", "%s", func(s string) string {
		return each("%%%02X")(base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString([]byte(s)))))
	}},
	{"escapes>escapes", "%s", func(s string) string {
		once, _ := json.Marshal(each(`\u%04x`)(s))
		return string(once)
	}},
}

func each(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, format, s[i])
		}
		return b.String()
	}
}

func wideRune(r rune) rune { return r + 0xFEE0 }

// hideable makes a key that can be broken over two lines: by a digit, what stands before the line's end is known for the beginning of a key.
func hideable(r *rules.Rule, rnd *rand.Rand) string {
	for {
		if token := r.Sample(rnd).Token; strings.ContainsAny(token[:20], "0123456789") {
			return token
		}
	}
}

func findAll(s *Scanner, c Chunk) []Finding { return slices.Collect(s.Find(c)) }

// TestViewsShowHiddenKeys: the key has the ID that it has in clear, and its place is that of its encoded form.
func TestViewsShowHiddenKeys(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	for seed := range uint64(100) {
		rnd := testRand(seed)
		token := hideable(rule, rnd)
		id := s.ID(rule, NewSecret(token))
		for i, h := range hidings {
			left := "first line\n" + filler(rnd, 100) + "\n"
			if h.view == "escapes>escapes" || strings.HasPrefix(h.view, "utf") {
				left = "one\ntwo "
			}
			hidden := h.encode(token)
			frame := strings.Replace(h.frame, "%s", hidden, 1)
			text := left + frame + "\nlast line"
			got := findAll(s, Chunk{Data: []byte(text), From: Location{Path: "p"}})
			if len(got) != 1 || got[0].ID != id || got[0].At.View != h.view || got[0].At.Path != "p" {
				t.Fatalf("seed %d, %d %s: found %+v in %q", seed, i, h.view, got, text)
			}
			at := got[0].At
			want := strings.Index(text, hidden)
			end := want + len(hidden)
			if at.Offset < int64(want) || at.Offset+at.Length > int64(end) || at.Length < int64(len(token)/2) {
				t.Fatalf("%s: at %d+%d, want within %d..%d", h.view, at.Offset, at.Length, want, end)
			}
			if line := 1 + strings.Count(text[:at.Offset], "\n"); at.Line != line || at.Column != int(at.Offset)-strings.LastIndex(text[:at.Offset], "\n") {
				t.Fatalf("%s: at %d:%d, want line %d", h.view, at.Line, at.Column, line)
			}
		}
	}
}

func TestPlacesOfEncodedKeys(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	token := rule.Sample(testRand(1)).Token
	for name, c := range map[string]struct{ before, text, after string }{
		"whole base64": {"x ", base64.StdEncoding.EncodeToString([]byte("   " + token))[4:], " y"},
		"one escape":   {`"`, `\u0061` + token[1:], `"`},
		"a soft break": {strings.Repeat("x", 30) + " ", token[:36] + "=\r\n" + token[36:], "\n"},
		"literals":     {`a = "`, token[:10] + `" + "` + token[10:], `";`},
		"utf-16":       {"\xff\xfe", each("%c\x00")(token), "\n\x00"},
	} {
		got := findAll(s, Chunk{Data: []byte(c.before + c.text + c.after)})
		if len(got) != 1 || got[0].At.Offset != int64(len(c.before)) || strings.TrimRight(c.text, "=") != (c.before + c.text + c.after)[got[0].At.Offset:][:got[0].At.Length] {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestOneKeyOnceAPlace(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	token := rule.Sample(testRand(1)).Token
	for _, text := range []string{
		token, `"x\n` + token, `"\u0041 ` + token + ` \u0041"`, "%41 " + token + "%20b", "<p>&amp; " + token + "&lt;", "a\u200bb " + token + "\u200b",
		`"a" + "` + token + `" + "b"`, "=3D " + token + "=3D",
	} {
		if got := findAll(s, Chunk{Data: []byte(text)}); len(got) != 1 {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// TestAllowCommentBesideAnEncodedKey: the comment stands on the line as it is written.
func TestAllowCommentBesideAnEncodedKey(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	text := base64.StdEncoding.EncodeToString([]byte(rule.Sample(testRand(1)).Token)) + " # quash:allow"
	if got, stats := scanAll(t, s, pieces{data: []string{text}}); len(got) != 0 || stats.Allowed != 1 {
		t.Errorf("%v %+v", got, stats)
	}
}

// TestAnyChunkingOfViews: what the views show does not depend on how a text is cut into pieces, nor on blocks' ends, and nothing
// hidden is missed.
func TestAnyChunkingOfViews(t *testing.T) {
	t.Parallel()
	const block, reach = 8 << 10, 2 << 10
	s := testScanner(t, Options{Only: []string{"acme-token"}, Workers: 1})
	s.index.viewBlock, s.index.viewReach = block, reach
	rule, _ := s.Rules().Rule("acme-token")
	hundreds(t, 20, func(t *rapid.T) {
		rnd := testRand(rapid.Uint64().Draw(t, "seed"))
		var text strings.Builder
		var want []ID
		for range rapid.IntRange(1, 5).Draw(t, "keys") {
			gap := rapid.SampledFrom([]int{0, 50, 200, 700, reach, block - 900}).Draw(t, "gap")
			text.WriteString("\n" + strings.Repeat(filler(rnd, 64)+"\n", gap/64) + "\n")
			token := hideable(rule, rnd)
			h := hidings[rapid.IntRange(0, len(hidings)-1).Draw(t, "hiding")]
			text.WriteString(strings.Replace(h.frame, "%s", h.encode(token), 1) + "\n")
			want = append(want, s.ID(rule, NewSecret(token)))
		}
		whole := text.String()
		var cut []string
		for rest := whole; ; {
			n := rapid.SampledFrom([]int{1, 7, 500, 4000, block, block + reach}).Draw(t, "piece")
			if n >= len(rest) || len(cut) > 60 {
				cut = append(cut, rest)
				break
			}
			cut = append(cut, rest[:n])
			rest = rest[n:]
		}
		inMemory := find(s, whole)
		got, stats := scanAll(&quiet{}, s, pieces{data: cut})
		if diff := cmp.Diff(inMemory, got); diff != "" || !stats.Complete() {
			t.Fatal(diff, stats.Gaps)
		}
		var ids []ID
		for _, g := range got {
			ids = append(ids, g.ID)
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Fatalf("%s\n%d bytes", diff, len(whole))
		}
	})
}

// TestSurroundingsOfViews: the findings of a text are those that it has alone, whatever stands far before and behind it.
func TestSurroundingsOfViews(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	property(t, func(t *rapid.T) {
		rnd := testRand(rapid.Uint64().Draw(t, "seed"))
		h := hidings[rapid.IntRange(0, len(hidings)-1).Draw(t, "hiding")]
		text := "\n" + strings.Replace(h.frame, "%s", h.encode(hideable(rule, rnd)), 1) + "\n"
		before := filler(rnd, rapid.IntRange(0, 2000).Draw(t, "before")) + "\n" + strings.Repeat(".\n", 300)
		alone := find(s, text)
		got := find(s, before+text+strings.Repeat("\n.", 300)+filler(rnd, 1000))
		if len(alone) != 1 || len(got) != 1 || got[0].ID != alone[0].ID || got[0].Offset != alone[0].Offset+int64(len(before)) {
			t.Fatalf("%s: alone %+v, among others %+v", h.view, alone, got)
		}
	})
}

func TestBoundsOfViewsAreTold(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	text := rule.Sample(testRand(1)).Token
	for depth := range viewDepth + 2 {
		got, stats := scanAll(t, s, pieces{path: "a.env", data: []string{text}})
		if found := depth <= viewDepth; (len(got) == 1) != found || stats.Complete() != found {
			t.Errorf("encoded %d times: %d found, gaps %v", depth, len(got), stats.Gaps)
		}
		if !stats.Complete() && (stats.Gaps[0].What != "file a.env" || !strings.Contains(stats.Gaps[0].Why, "1 places are encoded more than 3 times")) {
			t.Errorf("gap %+v", stats.Gaps[0])
		}
		text = base64.StdEncoding.EncodeToString([]byte(text))
	}
	hostile := strings.Repeat(`\u0025\u0034\u0031&#92;u0041=3D&#37;41"a" + "b\/`+"\u200b%26%2335;", 1<<13)
	if _, stats := scanAll(t, s, pieces{data: []string{hostile}}); stats.Complete() {
		t.Error("a text that grows and grows was read to its end")
	}
}

// TestRecordsHaveTheirOwnViews: the texts of an export come with the views of package decode.
func TestRecordsHaveTheirOwnViews(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	token := rule.Sample(testRand(1)).Token
	hidden := "<p>" + each("&#%d;")(token) + "</p> " + base64.StdEncoding.EncodeToString([]byte(token))
	var got []string
	src := records{{Data: []byte(hidden), From: Location{Record: "T-1", Field: "text", View: "x"}}}
	if _, err := s.Scan(context.Background(), src, SinkFunc(func(_ context.Context, f Finding) error {
		got = append(got, f.At.View)
		return nil
	})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x>base64"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestViewsAreListed(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range Views() {
		if v.Name == "" || v.Undoes == "" || seen[v.Name] || strings.Contains(v.Name, ">") {
			t.Errorf("%+v", v)
		}
		seen[v.Name] = true
	}
}
