package scanner

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestShortFindsTheSame: in a text within its limits the short form of an expression matches as the expression does, groups and all, and its
// automaton goes as far.
func TestShortFindsTheSame(t *testing.T) {
	exprs := []string{
		`[ab]{0,9}(?P<token>[bc]{2,12}?)c`, `(?:[ab]{1,10}-){0,2}([^\n]{0,20})x`, `(?P<token>[a-b\]]{3,30})(?:[b-c]{0,10}?)(-?)`, `a{0,20}[é-ü]{1,11}(-)?`,
	}
	within := 0
	rapid.Check(t, func(t *rapid.T) {
		e := &expression{text: rapid.SampledFrom(exprs).Draw(t, "expr")}
		text := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "ab", "b", "c", "-", "]", "é", "x", "\n", "bbbbbbbb"}), 0, 24).Draw(t, "text"), ""))
		short := e.within(text)
		if short == e {
			return
		}
		within++
		want, got := e.form(false).FindSubmatchIndex(text), short.form(false).FindSubmatchIndex(text)
		if !slices.Equal(want, got) {
			t.Fatalf("%q in %q: %v, want %v", e.text, text, got, want)
		}
		n, ok := e.program().Forward().Begin(text, true)
		if m, is := short.program().Forward().Begin(text, true); m != n || is != ok {
			t.Fatalf("%q in %q: the automaton says %d %v, want %d %v", e.text, text, m, is, n, ok)
		}
	})
	if within == 0 {
		t.Error("no text was within the limits")
	}
}

// TestShortLimits: a run that is longer than the number is beyond the limit, wherever it stands.
func TestShortLimits(t *testing.T) {
	s := newShort(`x[a-c]{0,10}y`)
	if s == nil || len(s.limits) != 1 {
		t.Fatalf("%+v: not one limit", s)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "bc", "aaaa", "abcabcabca", "abcabcabcab", "-", "x"}), 0, 12).Draw(t, "text"), "")
		longest := 0
		for _, run := range strings.FieldsFunc(text, func(c rune) bool { return c < 'a' || c > 'c' }) {
			longest = max(longest, len(run))
		}
		if got, want := s.limits[0].holds([]byte(text)), longest <= 10; got != want {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	})
}

// TestShortForms: nearly every rule with a long repeat of a class has a short form, and those without one have no such repeat.
func TestShortForms(t *testing.T) {
	x, err := newIndex(builtinRules(t), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	shorter := 0
	for _, c := range x.rules {
		if text := c.unmixed(); unlimited(text) != text {
			if shorter++; newShort(text) == nil {
				t.Errorf("%s: what is written as its short form is none", c.outline.ID)
			}
		}
	}
	if shorter == 0 {
		t.Error("no rule has a short form")
	}
}

func TestUnlimited(t *testing.T) {
	for expr, want := range map[string]string{
		`[ab]{0,9}`: `[ab]{0,}`, `[ab]{0,7}`: `[ab]{0,7}`, `[ab]{3,30}?c`: `[ab]{3,}?c`, `\]{0,20}`: `\]{0,20}`, `a{0,20}`: `a{0,20}`,
		`[\]]{1,20}[`: `[\]]{1,}[`, `[ab]{5}`: `[ab]{5}`, `[ab]{5,}`: `[ab]{5,}`, `\[ab]{0,20}`: `\[ab]{0,20}`, ``: ``,
	} {
		if got := unlimited(expr); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
}
