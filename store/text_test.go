package store

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// anyBytes draws strings of which many are not UTF-8, hold a zero, or look quoted.
var anyBytes = rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	rapid.StringMatching(`"?(\\x00|\\xff|\x00|a){0,5}"?`))

func TestTextComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyBytes.Draw(t, "text")
		v, err := text(s).Value()
		kept, ok := v.(string)
		if err != nil || !ok || !utf8.ValidString(kept) || strings.Contains(kept, "\x00") {
			t.Fatalf("%q is kept as %q, %v", s, v, err)
		}
		var back text
		if err := back.Scan(kept); err != nil || string(back) != s {
			t.Fatalf("%q comes back as %q, %v", s, back, err)
		}
	})
}

func TestNamesFitAndDiffer(t *testing.T) {
	long := rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(anyBytes.Draw(t, "part"), rapid.IntRange(0, 1200).Draw(t, "times")) + anyBytes.Draw(t, "end")
	})
	rapid.Check(t, func(t *rapid.T) {
		a := long.Draw(t, "a")
		b := rapid.OneOf(long, rapid.Just(a), rapid.Just(a+"x")).Draw(t, "b")
		va, errA := name(a).Value()
		vb, errB := name(b).Value()
		if errA != nil || errB != nil || (va == vb) != (a == b) {
			t.Fatalf("%q and %q are kept as %q and %q, %v %v", a, b, va, vb, errA, errB)
		}
		if s := va.(string); len(s) > maxName || !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			t.Fatalf("%q is kept as %q", a, s)
		}
	})
}
