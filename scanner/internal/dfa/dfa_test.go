package dfa

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// expression draws an expression over few letters, so that texts match often.
func expression(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		leaves := []string{"a", "b", "ab", "[ab]", "[^a]", ".", "(?s:.)", "é", "[a-é]", `\b`, "(?i:k)", "(?i:ab)", "[[:^alpha:]]", "$", ""}
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 || kind == 0 {
			return rapid.SampledFrom(leaves).Draw(t, "leaf")
		}
		one := expression(depth-1).Draw(t, "one")
		switch kind {
		case 1, 2:
			return one + expression(depth-1).Draw(t, "two")
		case 3:
			return "(?:" + one + "|" + expression(depth-1).Draw(t, "two") + ")"
		case 4:
			return "(" + one + ")" + rapid.SampledFrom([]string{"*", "+", "?", "{2}", "{1,3}", "{0,2}?", "*?"}).Draw(t, "repeat")
		}
		return one + "kab" + expression(depth-1).Draw(t, "two")
	})
}

func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "k", "kab", "KAB", "é", "\xff", "\xe2\x84", "\n", "K", " "}), 0, 12).Draw(t, "text"), "")
	})
}

// TestNoMatchIsMissed holds walkers against package regexp: no match reaches beyond what they name.
func TestNoMatchIsMissed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr, text := expression(4).Draw(t, "expression"), texts().Draw(t, "text")
		re, err := regexp.Compile(`\A(?s:.)(?:` + expr + `)`)
		if err != nil {
			t.Skip()
		}
		p, err := Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		forward, backward := p.Forward(), p.Backward()
		for at := 1; at <= len(text); at++ {
			re.Longest()
			m := re.FindStringIndex(text[at-1:])
			if m == nil || strings.ContainsRune(text[at-1:at], 'é') {
				continue
			}
			size := m[1] - 1
			if first := text[at-1]; first >= 0x80 { // the byte before may be one of a longer character
				continue
			}
			check(t, forward, backward, text, at, at+size)
		}
	})
}

// check says that a match is text[from:to].
func check(t *rapid.T, forward, backward *Walker, text string, from, to int) {
	if n, ok := forward.Begin([]byte(text[from:]), true); !ok || n < to-from {
		t.Fatalf("a match at %d has %d bytes; forward says %d, %v", from, to-from, n, ok)
	}
	low := strings.ToLower(text)
	for i := from; i+3 <= to; i++ {
		if len(low) != len(text) || low[i:i+3] != "kab" {
			continue
		}
		if n, ok := forward.After("kab", []byte(text[i+3:]), true); !ok || i+3+n < to {
			t.Fatalf("a match %d to %d: forward from the keyword at %d says %d, %v", from, to, i, n, ok)
		}
		if lengths := backward.Before("kab", []byte(text[:i]), nil); !slices.Contains(lengths, i-from) || !slices.IsSorted(lengths) {
			t.Fatalf("a match %d to %d: backward from the keyword at %d says %v", from, to, i, lengths)
		}
	}
}

// TestExact: without assertions other than $ and characters beyond ASCII the forward answer is that of package regexp.
func TestExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b{2,3}", "[ab]{0,4}", "(?:ab|b)?", "k+", "(?i:k)a*", "$", "(?:k|$)"}), 1, 6).Draw(t, "expression")
		expr := strings.Join(parts, "")
		text := rapid.StringOfN(rapid.RuneFrom([]rune("abkK")), 0, 20, -1).Draw(t, "text")
		re := regexp.MustCompile(`\A(?:` + expr + `)`)
		re.Longest()
		p, err := Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		n, ok := p.Forward().Begin([]byte(text), true)
		if m := re.FindStringIndex(text); ok != (m != nil) || ok && n != m[1] {
			t.Fatalf("%s in %q: %d, %v; package regexp says %v", expr, text, n, ok, m)
		}
	})
}

// TestForgets walks more states than a walker keeps.
func TestForgets(t *testing.T) {
	p, err := Compile(`(?:a|b){0,12}?a(?:a|b){18}c`)
	if err != nil {
		t.Fatal(err)
	}
	w, rnd, forgot, last := p.Forward(), rand.New(rand.NewPCG(1, 2)), false, 0
	for range 3000 {
		text := make([]byte, 60)
		for i := range text {
			text[i] = "ab"[rnd.IntN(2)]
		}
		text[20+rnd.IntN(20)] = 'c'
		n, ok := w.Begin(text, true)
		if wantN, wantOK := p.Forward().Begin(text, true); n != wantN || ok != wantOK {
			t.Fatalf("%s: %d %v after many texts, %d %v alone", text, n, ok, wantN, wantOK)
		}
		forgot = forgot || w.held < last
		last = w.held
		if w.held > 2*most || len(w.next) > 2*most {
			t.Fatalf("%d points and %d entries are held", w.held, len(w.next))
		}
	}
	if !forgot {
		t.Error("the walker has forgotten nothing; the test needs more states")
	}
}

// TestEnds: $ holds where the text ends, and not where it is cut off.
func TestEnds(t *testing.T) {
	p, err := Compile(`key_[0-9]{3,5}(?:[^0-9]|$)`)
	if err != nil {
		t.Fatal(err)
	}
	w := p.Forward()
	for text, want := range map[string][2]int{
		"key_123": {7, -1}, "key_123 ": {8, 8}, "key_12": {-1, -1}, "key_123456": {-1, -1}, "key_12345 x": {10, 10},
	} {
		for i, ends := range []bool{true, false} {
			if n, ok := w.Begin([]byte(text), ends); ok != (want[i] >= 0) || ok && n != want[i] {
				t.Errorf("%q, ends %v: %d, %v", text, ends, n, ok)
			}
			if n, ok := w.After("key_", []byte(text[4:]), ends); ok != (want[i] >= 0) || ok && n != want[i]-4 {
				t.Errorf("%q behind the keyword, ends %v: %d, %v", text, ends, n, ok)
			}
		}
	}
}

func TestDeadEnds(t *testing.T) {
	p, err := Compile(`\bkey_[0-9a-f]{8}\b`)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"key_01234567": 12, "KEY_01234567": -1, "key_0123456": -1, "key_0123456789": 12, "": -1} {
		if n, ok := p.Forward().Begin([]byte(text), true); ok != (want >= 0) || ok && n != want {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	}
	if lengths := p.Backward().Before("y_", []byte("x ke"), nil); !slices.Equal(lengths, []int{2}) {
		t.Errorf("backward %v", lengths)
	}
	if _, err := Compile("("); err == nil {
		t.Error("a broken expression was taken")
	}
	if s := slices.Index(p.class[:], p.high); s != 0x80 {
		t.Errorf("the first byte beyond ASCII is %#x", s)
	}
}

// BenchmarkReject is what a keyword costs that is not in a key.
func BenchmarkReject(b *testing.B) {
	p, err := Compile(`(?i:password)[0-9A-Za-z_.-]{0,24}["']{0,2}[ \t]{0,8}(?::=|=>|[:=,])[ \t]{0,8}["']?(?P<token>[!-~]{8,100})\b`)
	if err != nil {
		b.Fatal(err)
	}
	w := p.Forward()
	text := []byte("password_is_not_set and then more text of the line")
	for b.Loop() {
		if _, ok := w.Begin(text, true); ok {
			b.Fatal("a match")
		}
	}
}

// BenchmarkCompile is what the first keyword of a rule costs.
func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		p, err := Compile(`(?i:password)[0-9A-Za-z_.-]{0,24}["']{0,2}[ \t]{0,8}(?::=|=>|[:=,])[ \t]{0,8}["']?(?P<token>[!-~]{8,100})\b`)
		if err != nil {
			b.Fatal(err)
		}
		p.Forward().Begin([]byte("passwords"), true)
	}
}
