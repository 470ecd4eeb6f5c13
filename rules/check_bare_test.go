package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// bareFile is a rule file with one rule that has no keywords.
func bareFile(pattern string) []byte {
	return fmt.Appendf(nil, `provider: plain
docs: https://plain.example/docs
rules:
  - id: plain-key
    name: Plain key
    pattern: '%s'
    examples: {match: ['key {{sample}}'], ignore: ['no key']}
`, pattern)
}

func TestBareRulesAreTaken(t *testing.T) {
	for _, pattern := range []string{`\b(?P<token>[0-9a-f]{32})\b`, `\b[a-z]{4}-[0-9]{4}\b`, `\b(?:[a-z]{9}|[0-9]{8})\b`} {
		f, problems := CheckFile("plain.yaml", bareFile(pattern), Options{})
		if len(problems) > 0 {
			t.Errorf("%s: %v", pattern, problems)
			continue
		}
		r := &f.Rules[0]
		if offset, ok := r.Anchor(); !r.Bare() || offset != 0 || !ok {
			t.Errorf("%s: bare %v, anchor %d, %v", pattern, r.Bare(), offset, ok)
		}
	}
}

func TestBareRulesAreRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		`\bplain[0-9]{20}\b`:        `no keywords; every match contains one of ["plain"], so name these`,
		`\b[0-9]{7,20}\b`:           "pattern can match 7 bytes",
		`\b(?:[0-9]{12}|[a-z]+)\b`:  "pattern can match 1 bytes",
		`\b[0-9]{8,}\b`:             "pattern has no greatest length",
		`\b(?:[0-9]{3}){2}[a-z]*\b`: "pattern can match 6 bytes",
	} {
		_, problems := CheckFile("plain.yaml", bareFile(pattern), Options{})
		if !slices.ContainsFunc(problems, func(p Problem) bool { return strings.Contains(p.Msg, want) }) {
			t.Errorf("%s: %v, want %s", pattern, problems, want)
		}
	}
}

// TestShortestMatch: no match of an expression is shorter than that.
func TestShortestMatch(t *testing.T) {
	for pattern, want := range map[string]int{
		`abc`: 3, `a?b*c+`: 1, `[a-z]{3,5}`: 3, `(?:ab|c)d`: 2, `(x{2}){3}`: 6, `\b^$`: 0, `.é`: 2, `(?:a|)b`: 1, `[a-z]{0,9}`: 0,
	} {
		if got := shortestMatch(mustParse(pattern)); got != want {
			t.Errorf("%s: %d, want %d", pattern, got, want)
		}
	}
}

// TestImportOfBareRules: a rule of another tool in whose matches no literal is is loaded, and said to be expensive; with a keyword that
// need not be in the match it is of low confidence.
func TestImportOfBareRules(t *testing.T) {
	doc := "[[rules]]\nid = 'a'\nregex = '[0-9a-f]{32}'\n[[rules]]\nid = 'b'\nregex = '[0-9A-F]{40}'\nkeywords = ['corp']\n[[rules]]\nid = 'c'\nregex = '[0-9]{6}'\n"
	f, notes := imported(t, doc, nil)
	if len(f.Rules) != 2 {
		t.Fatalf("%d rules", len(f.Rules))
	}
	for i, want := range []Confidence{Medium, Low} {
		if r := &f.Rules[i]; !r.Bare() || r.Confidence != want {
			t.Errorf("%s: keywords %q, confidence %s", r.ID, r.Keywords, r.Confidence)
		}
	}
	wantNotes(t, notes, []string{
		"3: a: regex: no text of 3 or more bytes is in every match, so quash looks for the rule at every byte, which is expensive",
		"6: b: regex: no text of 3", "7: b: keywords: not every match has one of them, and quash wants no other text in the file; the rule is loaded with confidence low",
		"8: c: pattern can match 6 bytes", "10: c: regex: no text of 3",
	})
}

// TestBuiltinRulesHaveKeywords: what every run pays for is cheap.
func TestBuiltinRulesHaveKeywords(t *testing.T) {
	set, err := Builtin(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for o := range set.Outlines() {
		if o.Bare() {
			t.Errorf("%s has no keyword", o.ID)
		}
	}
}
