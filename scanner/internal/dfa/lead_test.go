package dfa

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestLeadRefusesNoMatch: where package regexp matches at the beginning of a text, the lead says that a match can begin there.
func TestLeadRefusesNoMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr, text := expression(3).Draw(t, "expression"), texts().Draw(t, "text")
		lead, err := NewLead(expr)
		if err != nil {
			t.Skip(err)
		}
		if regexp.MustCompile(`\A(?:`+expr+`)`).MatchString(text) && !begins(lead, text) {
			t.Fatalf("%q can begin with a match of %q", text, expr)
		}
	})
}

// begins is Begins, with a check that what it read was enough.
func begins(l *Lead, text string) bool {
	read, ok := l.Begins([]byte(text))
	if ok || read > len(text) {
		return ok
	}
	for _, more := range []string{"", text, "aaaaaaaaaaaaaaaaaaaaaaaaaa", "kab"} {
		if _, other := l.Begins([]byte(text[:read] + more)); other {
			panic("the bytes behind those that were read decide")
		}
	}
	return false
}

func TestLead(t *testing.T) {
	for _, c := range []struct {
		expr, text string
		want       bool
	}{
		{`acme_[0-9a-f]{8}`, "acme_0123abcd", true},
		{`acme_[0-9a-f]{8}`, "acme_0123abcg", false},
		{`acme_[0-9a-f]{8}`, "acme_0123abc", false}, // too short
		{`acme_[0-9a-f]{8}`, "Acme_0123abcd", false},
		{`(?i:acme_)[0-9a-f]{8}`, "ACME_0123abcd", true},
		{`a[^b]{0,2}c`, "axxc", true},
		{`a[^b]{0,2}c`, "abc", false},
		{`ab{2,}c`, "abbbbbc", true},
		{`ab{2,}c`, "abc", false},
		{`aéb`, "aéb", true},
		{`a.b`, "aéb", true},
		{`(?i:k)1`, "\u212a1", true}, // the Kelvin sign is a K
		{`x(?:yes|no)`, "xmo", false},
	} {
		lead, err := NewLead(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := begins(lead, c.text); got != c.want {
			t.Errorf("%s on %q: %v", c.expr, c.text, got)
		}
	}
}

// TestLeadIsBounded: repeats within repeats are left to the walkers.
func TestLeadIsBounded(t *testing.T) {
	lead, err := NewLead(strings.Repeat("(?:x", 40) + strings.Repeat("y)*z?", 40))
	if err != nil {
		t.Fatal(err)
	}
	if !begins(lead, "anything") {
		t.Error("it refuses what it did not look at")
	}
}

// TestBehind: it says whether Before finds anything.
func TestBehind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr, text := expression(3).Draw(t, "expression"), texts().Draw(t, "text")
		p, err := Compile(expr)
		if err != nil {
			t.Skip(err)
		}
		found := len(p.Backward().Before("a", []byte(text), nil)) > 0
		read, got := p.Backward().Behind("a", []byte(text))
		if got != found {
			t.Fatalf("%q before a in %q: %v, Before says %v", text, expr, got, found)
		}
		if !got && read <= len(text) {
			if _, other := p.Backward().Behind("a", []byte("ab"+text[len(text)-read:])); other {
				t.Fatalf("%q before a in %q: the bytes before the last %d decide", text, expr, read)
			}
		}
	})
}

func BenchmarkLead(b *testing.B) {
	expr := `\b(?P<token>acme_pat_[0-9A-Za-z]{30}(?P<sum>[0-9A-Za-z]{6}))\b`
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewLead(expr); err != nil {
			b.Fatal(err)
		}
	}
}
