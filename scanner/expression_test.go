package scanner

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestStartsOfAnchored: an anchor belongs to the branch that it stands in, so that ^abc|def begins a match with d behind the text's
// beginning, and with a at the beginning alone.
func TestStartsOfAnchored(t *testing.T) {
	for expr, want := range map[string]string{
		`^abc|def`:            "d",
		`def|^abc`:            "d",
		`(?:^abc|def)ghi`:     "d",
		`(?P<token>^a|b)c`:    "b",
		`^(?:abc|def)`:        "",
		`\Aabc|\bdef|ghi`:     "dg",
		`(?:^|[ ;])abc`:       " ;",
		`(?:^abc|def){1,2}|x`: "dx",
	} {
		t.Run(expr, func(t *testing.T) {
			s := newStarts(expr)
			for c := range s.at {
				if got, want := s.at[c], strings.IndexByte(want, byte(c)) >= 0; got != want {
					t.Errorf("a match can begin with %q: %v, want %v", byte(c), got, want)
				}
			}
		})
	}
}

// TestStartsLeaveNothingOut: where package regexp finds a match, one can begin there.
func TestStartsLeaveNothingOut(t *testing.T) {
	exprs := []string{`^abc|def`, `(?:^ab|\bde)f?`, `(?:^|[ ;])(?P<token>[a-c]{2,4})`, `\b(?P<token>d[a-f]{1,3})|^a`}
	rapid.Check(t, func(t *rapid.T) {
		e := &expression{text: rapid.SampledFrom(exprs).Draw(t, "expr")}
		text := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"abc", "def", "a", "d", " ", ";", "x"}), 0, 12).Draw(t, "text"), ""))
		for at := range text {
			matches := e.form(false).Match(text)
			if at > 0 {
				matches = e.form(true).Match(text[at-1:])
			}
			if matches && !e.starts().within(text, at, at) {
				t.Fatalf("%q matches at %d of %q, where it is said that nothing begins", e.text, at, text)
			}
		}
	})
}
