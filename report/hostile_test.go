package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/scanner"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, Ünïcödé → 漢字": "plain text, Ünïcödé → 漢字",
		"\x1b[2Jgone":              `\x1b[2Jgone`,
		"a\nClean: no key\r\tb":    `a\nClean: no key\r\tb`,
		"bell\a del\x7f c1\u009b":  `bell\a del\x7f c1\u009b`,
		"evil\u202egnp.exe\u2066":  `evil\u202egnp.exe\u2066`,
		"zero\u200bwidth\ufeff":    `zero\u200bwidth\ufeff`,
		"no-break\u00a0space":      `no-break\u00a0space`,
		"line\u2028sep":            `line\u2028sep`,
		"tag\U000e0041":            `tag\U000e0041`,
		"bad\xff\xc3(utf8":         `bad\xff\xc3(utf8`,
		"replacement \ufffd stays": "replacement \ufffd stays",
		"":                         "",
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestVisibleCopy puts the same text into every string of a document and looks for it in the copy.
func TestVisibleCopy(t *testing.T) {
	doc, err := collect(of(story()...))
	if err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(doc)
	fill(reflect.ValueOf(&doc).Elem(), "\x1b[1m\u202e")
	clean := visibleCopy(doc)
	n := 0
	each(reflect.ValueOf(clean), func(s string) {
		n++
		if s != `\x1b[1m\u202e` {
			t.Errorf("%q is left in the copy", s)
		}
	})
	if n < 200 {
		t.Errorf("only %d strings in the copy", n)
	}
	same, _ := json.Marshal(visibleCopy(must(collect(of(story()...)))))
	if diff := cmp.Diff(string(before), string(same)); diff != "" {
		t.Errorf("text without hidden characters is changed: %s", diff)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// fill puts text into every string that can be set.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(text)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Map:
		for name, value := range v.Seq2() {
			if value.Kind() == reflect.String {
				v.SetMapIndex(name, reflect.Zero(value.Type()))
				v.SetMapIndex(name, reflect.ValueOf(text).Convert(value.Type()))
			}
		}
	}
}

// each visits every string; of a map, the values.
func each(v reflect.Value, visit func(string)) {
	switch v.Kind() {
	case reflect.String:
		visit(v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			each(v.Elem(), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				each(v.Field(i), visit)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), visit)
		}
	case reflect.Map:
		for _, value := range v.Seq2() {
			each(value, visit)
		}
	}
}

// hostile is the story with a text in every string, told by other people; what quash itself sets stays where it decides how
// the story goes.
func hostile(t testing.TB, text string) []Item {
	var items []Item
	data, err := json.Marshal(story())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &items); err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		switch {
		case it.Config != nil:
			it.Config.Targets, it.Config.Options = []string{text}, []string{text, "--source=" + text, "--plan=" + text}
		case it.Finding != nil:
			fill(reflect.ValueOf(&it.Finding.Location), text)
			it.Finding.Name, it.Finding.Redacted, it.Finding.Reasons, it.Finding.Target = text, text, []string{text}, text
		case it.Outcome != nil:
			it.Outcome.Reason = text
			fill(reflect.ValueOf(it.Outcome.Activity), text)
			if v := it.Outcome.Verdict; v != nil {
				v.Reason = text
				fill(reflect.ValueOf(v.Facts), text)
				fill(reflect.ValueOf(v.Proof), text)
				fill(reflect.ValueOf(v.Control), text)
			}
			if r := it.Outcome.Receipt; r != nil {
				r.Reference, r.Steps = text, []string{text}
				fill(reflect.ValueOf(r.Exchange), text)
			}
		case it.Plan != nil:
			fill(reflect.ValueOf(&it.Plan.Actions[0].Action), text)
			it.Plan.Actions[0].Owner, it.Plan.Actions[0].Breaks, it.Plan.Actions[0].Steps = text, []string{text}, []string{text}
		case it.Stats != nil:
			it.Stats.Gaps[0].What, it.Stats.Gaps[0].Why, it.Stats.Gaps[0].Next = text, text, text
			it.Stats.Unchecked = []string{text}
			it.Stats.Coverage.Seen[text], it.Stats.Coverage.Skipped[text] = 1, 2
		}
	}
	return items
}

// attacks are texts that break out of something, in one format or another.
var attacks = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `--></style><script>`, `</title><script>`, `javascript:alert(1)`,
	`https://evil.example/"onclick="x`, "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "\x1b[31;1mACTIVE\x1b[0m", "\u202egnp.exe", "a\n\nClean: no key.",
	"\u009b2J", `{{.}} {0} [text](https://evil.example)`, `"},{"finding":{}}`, "\xff\xfe\x00", "%s %d %!", "$(rm -rf x); `x` && 'y'", "=HYPERLINK(1)", "-1+1|cmd", "@everyone #1 www.evil.example", "]]><x/>", "a | b\n```\n# c", strings.Repeat("long ", 400), "",
}

// TestHostileText holds every format against other people's text.
func TestHostileText(t *testing.T) {
	for _, text := range attacks {
		holds(t, text)
	}
}

func FuzzFormats(f *testing.F) {
	for _, text := range attacks {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { holds(t, text) })
}

// holds says what every format must be, whatever other people wrote.
func holds(t *testing.T, text string) {
	t.Helper()
	items := hostile(t, text)
	for _, width := range []int{0, 60} {
		plainText(t, render(t, "text", Run{Width: width}, items...))
	}
	for _, format := range []string{"json", "sarif"} {
		out := render(t, format, Run{}, items...)
		if !json.Valid([]byte(out)) {
			t.Errorf("%s with %q is not JSON", format, text)
		}
		plainText(t, out)
	}
	stream := render(t, "jsonl", Run{}, items...)
	plainText(t, stream)
	if got := strings.Count(stream, "\n"); got != len(items) {
		t.Errorf("jsonl with %q has %d lines for %d items", text, got, len(items))
	}
	if utf8.ValidString(text) {
		roundTrip(t, items, stream)
	}
	forCI(t, items)
	page := render(t, "html", Run{}, items...)
	plainText(t, page)
	harmless(t, page)
}

// forCI holds the formats that CI systems read.
func forCI(t *testing.T, items []Item) {
	t.Helper()
	check := map[string]func(string){
		"gitlab": func(out string) {
			for _, v := range parseGitLab(t, out).Vulnerabilities {
				checkMarkdown(t, v.Description)
			}
		},
		"junit": func(out string) { checkJUnit(t, out) },
		"csv": func(out string) {
			if rows := parseCSV(t, out); len(rows) != 1+len(findings())+2 {
				t.Errorf("csv has %d rows", len(rows))
			}
		},
		"github":   func(out string) { checkGitHub(t, out) },
		"markdown": func(out string) { checkMarkdown(t, out) },
	}
	for format, holds := range check {
		out := render(t, format, Run{}, items...)
		plainText(t, out)
		holds(out)
	}
}

// plainText refuses every character that acts on a terminal or turns text around.
func plainText(t *testing.T, out string) {
	t.Helper()
	for i, r := range out {
		if r != '\n' && (hidden(r) || r == utf8.RuneError && !strings.HasPrefix(out[i:], "\ufffd")) {
			t.Fatalf("a hidden character %q is in the output: %q", r, out[max(0, i-60):min(len(out), i+20)])
		}
	}
}

// roundTrip reads a stream back.
func roundTrip(t *testing.T, items []Item, stream string) {
	t.Helper()
	i := 0
	for it, err := range Read(strings.NewReader(stream)) {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(items[i], it); diff != "" {
			t.Fatalf("item %d came back changed (-want +got):\n%s", i, diff)
		}
		i++
	}
	if i != len(items) {
		t.Errorf("%d of %d items came back", i, len(items))
	}
}

// harmless reads a page as a browser does and refuses scripts, handlers, and whatever is loaded from elsewhere.
func harmless(t *testing.T, page string) {
	t.Helper()
	allowed := map[string]bool{}
	for _, name := range strings.Fields("html head meta link title style body main header p div h1 h2 h3 section ul ol li input span bdi code a nav table thead tbody tr th td dl dt dd details summary strong br svg line text circle footer") {
		allowed[name] = true
	}
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !allowed[n.Data] {
			t.Errorf("the page has an element %s", n.Data)
		}
		if n.Data == "style" && (strings.Contains(n.FirstChild.Data, "url(") || strings.Contains(n.FirstChild.Data, "@import")) {
			t.Error("the page's style loads something")
		}
		for _, a := range n.Attr {
			switch value := strings.ToLower(strings.TrimSpace(a.Val)); {
			case strings.HasPrefix(a.Key, "on"), a.Key == "src", a.Key == "srcset", a.Key == "action", a.Key == "style":
				t.Errorf("the page has an attribute %s=%q on %s", a.Key, a.Val, n.Data)
			case a.Key != "href":
			case n.Data == "link" && value == "data:,":
			case n.Data == "a" && (strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "#")):
			default:
				t.Errorf("the page links to %q", a.Val)
			}
		}
	}
}

// TestNoFormatHoldsAKey scans a text with a key in it, and looks for the key in everything that is written about it, as it is
// and in the encodings in which text travels.
func TestNoFormatHoldsAKey(t *testing.T) {
	set := ruleSet(t)
	rule, _ := set.Rule("acme-token")
	sc, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		canary := rule.Sample(rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))).Token
		var net scanner.Redactor
		net.AddSecret(scanner.NewSecret(canary))
		items := []Item{config()}
		for f := range sc.Find(scanner.Chunk{Data: fmt.Appendf(nil, "ACME=%q\n", canary), From: scanner.Location{Path: "a.env", Commit: "c0ffee"}}) {
			items = append(items, Item{Finding: &Finding{
				ID: f.ID, Rule: f.Rule, Name: rule.Name, Provider: rule.Provider, Severity: rule.Severity, Confidence: f.Confidence, Reasons: f.Reasons,
				Redacted: f.Redacted, Location: f.At,
			}})
		}
		if len(items) != 2 {
			rt.Fatalf("%d findings for a sample", len(items)-1)
		}
		items = append(items, stats())
		for _, format := range Names() {
			out := render(t, format, Run{Rules: set}, items...)
			if string(net.Clean([]byte(out))) != out {
				rt.Errorf("%s holds the key", format)
			}
			if !strings.Contains(out, string(items[1].Finding.ID)) {
				rt.Errorf("%s does not name the finding", format)
			}
		}
	})
}
