package rules

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestStandInStarts: every value in which a word for a stand-in stands meets the beginnings of such words.
func TestStandInStarts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(standInWords).Draw(t, "word")
		around := rapid.StringMatching(`[a-z0-9_-]{0,12}`)
		if v := around.Draw(t, "before") + word + around.Draw(t, "after"); !standInStarts().meets(v) {
			t.Fatalf("%q: not met", v)
		}
	})
	if standInStarts().meets(strings.Repeat("qz", 20)) || standInStarts().meets("abc") {
		t.Error("what has no such word is met")
	}
}
