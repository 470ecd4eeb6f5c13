package scanner

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// together is a source of one chunk that holds several texts, or apart of as many chunks.
type together struct {
	chunk Chunk
	apart bool
}

// Chunks implements Source.
func (s together) Chunks(context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		if !s.apart {
			yield(s.chunk, nil)
			return
		}
		for c := range s.chunk.Apart() {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// TestTextsTogether: what is found in texts that come in one chunk is what is found in each by itself, however keys are written, whatever
// stands before and behind, and within another text too.
func TestTextsTogether(t *testing.T) {
	s := builtinScanner(t)
	rule, ok := s.Rules().Rule("github-pat")
	if !ok {
		t.Fatal("no rule github-pat")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	key := func() string { return rule.Sample(rnd).Token }
	pieces := []func() string{
		key, key,
		func() string { k := key(); return k[:9] + "=\n" + k[9:] },
		func() string { k := key(); return "+" + k[:9] + "\n+" + k[9:] },
		func() string { k := key(); return "'" + k[:9] + "' + '" + k[9:] + "'" },
		func() string { return fmt.Sprintf("%x", key()) },
		func() string { return strings.NewReplacer("g", "%67", "p", `\x70`).Replace(key()) },
		func() string { return "password = " + key()[20:] + "Zz9" },
		func() string { return "\x00" },
		func() string { return "a word " }, func() string { return "\n" }, func() string { return `"` }, func() string { return "-" }, func() string { return "=" },
	}
	for range 400 {
		var c Chunk
		for range 1 + rnd.IntN(6) {
			var b strings.Builder
			for range 1 + rnd.IntN(4) {
				b.WriteString(pieces[rnd.IntN(len(pieces))]())
			}
			c.Data = append(append(c.Data, TextsApart...), b.String()...)
			c.Texts = append(c.Texts, Text{From: len(c.Data) - b.Len(), To: len(c.Data)})
			if plain := key(); rnd.IntN(2) == 0 {
				at := len(c.Data) + len(TextsApart)
				c.Data = append(c.Data, TextsApart+`"name": "`+plain+`"`...)
				c.Texts = append(c.Texts, Text{From: at + 9, To: at + 9 + len(plain)}, Text{From: at, To: len(c.Data)})
			}
		}
		c.At = func(i int) Location { return Location{Path: "a", Record: fmt.Sprint(i), Field: "f", Line: 1} }
		want, got := foundIn(t, s, together{c, true}), foundIn(t, s, together{c, false})
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%d texts (-apart +together):\n%s", len(c.Texts), d)
		}
	}
}

// foundIn are the findings of a source.
func foundIn(t *testing.T, s *Scanner, src Source) []string {
	t.Helper()
	var all []string
	_, err := s.Scan(t.Context(), src, SinkFunc(func(_ context.Context, f Finding) error {
		all = append(all, fmt.Sprintf("%s %s %+v", f.Rule, f.ID, f.At))
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clip(all)
}
