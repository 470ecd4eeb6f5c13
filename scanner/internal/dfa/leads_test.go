package dfa

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestLeadsAreTheirLeads: where a lead of its own says that a match can begin, leads that are joined say it too, in order, however the text
// is cut into blocks.
func TestLeadsAreTheirLeads(t *testing.T) {
	exprs := []string{`[0-9a-f]{8}`, `(?:^|[^a-z])[a-z]{12}-`, `[A-Z0-9]{20,}`, `x{3}[0-9]{40}`, `.{4}é.{3}`, `\bab\b.{7}`, `[a-z]{5}[0-9]{3}`}
	var all []*Lead
	for _, expr := range exprs {
		lead, err := NewLead(expr)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, lead)
	}
	letters := rapid.SampledFrom([]string{"a", "f", "0", "9", "X", "Z", "é", " ", "-", "x", "xxx", "abcdefabcdef", "0123456789", "ABCDEFGHIJ"})
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOf(letters).Draw(t, "letters"), ""))
		n := rapid.IntRange(1, len(all)).Draw(t, "leads")
		block := rapid.IntRange(1, 40).Draw(t, "block")
		leads := NewLeads(all[:n])
		var got []Start
		for at := 0; at < len(text); at += block {
			to := min(block, len(text)-at)
			for _, s := range leads.Starts(text[at:min(len(text), at+to+LeadMost)], to, nil) {
				got = append(got, Start{at + s.At, s.Lead})
			}
		}
		if !slices.Equal(got, leads.Starts(text, len(text), nil)) {
			t.Fatalf("%q in blocks of %d: %v", text, block, got)
		}
		for at := range text {
			for lead := range n {
				if _, ok := all[lead].Begins(text[at:]); ok && !slices.Contains(got, Start{at, lead}) {
					t.Fatalf("%q: no match of %s begins at %d", text, exprs[lead], at)
				}
			}
		}
	})
}

// TestLeadThatSaysNothing: a match can begin anywhere.
func TestLeadThatSaysNothing(t *testing.T) {
	if got := NewLeads([]*Lead{{}}).Starts([]byte("abc"), 3, nil); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// TestCourse: a walk in pieces ends where one over all of the text ends, though states are forgotten between.
func TestCourse(t *testing.T) {
	p, err := Loose(`[a-z]{3,9}(?:[0-9]x)*`)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("abcdefghij", 9) + "1x2x3x!" + "abc"
	w := p.Forward()
	c := w.Course()
	for at := 0; ; {
		n, ended := w.Along(&c, []byte(text[at:min(len(text), at+7)]))
		if at += n; ended {
			if at != strings.IndexByte(text, '!') {
				t.Errorf("ended at %d", at)
			}
			return
		}
		if at >= len(text) {
			t.Fatal("it did not end")
		}
		w.forget()
	}
}
