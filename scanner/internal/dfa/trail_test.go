package dfa

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTrail: walks that go on from each other's trails say what each says alone, and what is in vain has no match.
func TestTrail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"k", "[ab]{3,40}", "[abk]{0,90}", "b{2}", "(?:ab|b){9,20}", "c", `\b`, "k?"}), 1, 5).Draw(t, "expression")
		expr := strings.Join(parts, "")
		exact, err := Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		loose, err := Loose(expr)
		if err != nil {
			t.Fatal(err)
		}
		runs := rapid.SliceOfN(rapid.SampledFrom([]string{"k", "ab", "kab", "b", "aaaaaaaaaaaaaaaaaaaaaaaa", "c", " "}), 0, 60).Draw(t, "text")
		text, w, trail := strings.Join(runs, ""), loose.Forward(), Trail{}
		most := rapid.IntRange(1, 200).Draw(t, "most")
		keyword := rapid.SampledFrom([]string{"", "k", "ab"}).Draw(t, "keyword")
		at := 0
		for range 40 {
			if at += rapid.IntRange(-2, 9).Draw(t, "step"); at < 0 || at > len(text) {
				break
			}
			view := []byte(text[at:min(len(text), at+most)])
			ends := at+len(view) == len(text)
			begin := func(w *Walker) (ok bool) {
				if _, ok = w.Begin(view, ends); keyword != "" {
					_, ok = w.After(keyword, view, ends)
				}
				return ok
			}
			got := w.InVain(&trail, keyword, view, int64(at), ends)
			if any := begin(exact.Forward()); got && any {
				t.Fatalf("%s at %d of %q: in vain, and there is a match", expr, at, text)
			}
			if alone := loose.Forward().InVain(&Trail{}, keyword, view, int64(at), ends); alone != got {
				t.Fatalf("%s at %d of %q: in vain %v, after others %v", expr, at, text, alone, got)
			}
		}
	})
}
