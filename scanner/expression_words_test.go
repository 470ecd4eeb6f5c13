package scanner

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestWordedFindsTheSame: an expression that is tried behind each of its words finds what it finds as a whole, groups and all.
func TestWordedFindsTheSame(t *testing.T) {
	exprs := []string{
		`(?:[Aa]|[Aa][Bb]|[Kk][Aa]|[Aa][Bb][Bb]|[Bb][Aa]|[Cc][Aa]|["._][Aa])[ab_]{0,3}(?P<token>[^\n]{1,12}?)(c|$)`,
		`(?:[Bb][Aa]|[Bb](?:[Cc]|[Bb])|-[Aa]|\.[Bb]|[Aa][Cc]|[Aa]|[Cc]|[Cc][Cc])\b(?P<token>[ab]*)|`,
		`(?:[Aa][Bb]|[Aa]|[Bb]|[Cc]|[Aa][Cc]|[Bb][Cc]|[Bb][Bb]|[Cc][Cc])(?:\b|a)(?P<token>.)`,
	}
	halves := 0
	rapid.Check(t, func(t *rapid.T) {
		e := &expression{text: rapid.SampledFrom(exprs).Draw(t, "expr")}
		text := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "B", "ab", "c", "-", "_", "é", ".", "\n", `"`, "BB", "k", "\u212a"}), 1, 12).Draw(t, "text"), ""))
		lead := rapid.IntRange(0, 1).Draw(t, "lead")
		if lead > 0 { // the byte before is the last one of its character
			_, size := utf8.DecodeRune(text)
			text = text[size-1:]
		}
		if e.worded() != nil {
			halves++
		}
		want := e.form(lead > 0).FindSubmatchIndex(text)
		if want != nil {
			want[0] += lead
		}
		if _, got := e.search(text, lead); !slices.Equal(want, got) {
			t.Fatalf("%q in %q behind %d: %v, want %v", e.text, text, lead, got, want)
		}
	})
	if halves == 0 {
		t.Error("no expression was tried behind its words")
	}
}

// TestWordsOf: only an alternation of words in either case is taken apart.
func TestWordsOf(t *testing.T) {
	eight := `(?:[Aa][Bb]|[Cc]d?|[Ee]|[Ff]|[Gg]|[Hh]|[Ii]|[Jj])`
	for expr, want := range map[string]int{
		strings.ReplaceAll(eight, "d?", ""): 8, eight: 0, strings.ReplaceAll(eight, "d?", "[d-e]"): 0, strings.ReplaceAll(eight, "d?", "d"): 0,
		strings.ReplaceAll(eight, "d?", "[._]") + "x": 9, strings.ReplaceAll(eight, "d?", "") + "?x": 0, strings.ReplaceAll(eight, "d?", "") + "|x": 0,
		strings.ReplaceAll(eight, "d?", "é"): 0, strings.ReplaceAll(eight, "d?", "\\.") + `[|)]`: 8, strings.ReplaceAll(eight, "d?", "[Kk](?i:b)"): 8, strings.ReplaceAll(eight, "d?", "(?i:k)"): 0, `[Aa]`: 0, `(?:[Aa])x`: 0, ``: 0,
		strings.ReplaceAll(eight, "d?", "|"): 0,
	} {
		n := 0
		if w := newWorded(expr); w != nil {
			n = len(w.words)
		}
		if n != want {
			t.Errorf("%s: %d words, want %d", expr, n, want)
		}
	}
}

// TestWordedRules: the rules for secrets begin with words.
func TestWordedRules(t *testing.T) {
	x, err := newIndex(builtinRules(t), []string{"generic-secret", "generic-secret-setting"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range x.rules {
		if c.worded() == nil {
			t.Errorf("%s: its words are not known", c.outline.ID)
		}
	}
}
