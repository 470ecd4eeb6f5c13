package scanner

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSilence: that keywords led to nothing before changes nothing of what is found behind them, whatever ends the texts, and whatever
// stands where they led to nothing before.
func TestSilence(t *testing.T) {
	s := builtinScanner(t)
	rule, ok := s.Rules().Rule("github-pat")
	if !ok {
		t.Fatal("no rule github-pat")
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	value := func() string { return rule.Sample(rnd).Token[6:26] }
	names := []string{"the token", "password", "https://ci.acme.example", "https://ann", "client_secret", "key"}
	between := []string{" ", ": ", " = ", "\": \"", " is ", ":", " of the "}
	behind := []func() string{
		value, value, func() string { return "failed" }, func() string { return value() + "@db.acme.io/x" }, func() string { return "" },
		func() string { return "failed again after the deploy of the service was done, " + value() },
	}
	for range 300 {
		var c Chunk
		for range 1 + rnd.IntN(20) {
			var b strings.Builder
			for range 1 + rnd.IntN(5) {
				b.WriteString(names[rnd.IntN(len(names))] + between[rnd.IntN(len(between))] + behind[rnd.IntN(len(behind))]() + []string{" ", "\n", ". "}[rnd.IntN(3)])
			}
			text := b.String()[:rnd.IntN(b.Len()+1)]
			c.Data = append(append(c.Data, TextsApart...), text...)
			c.Texts = append(c.Texts, Text{From: len(c.Data) - len(text), To: len(c.Data)})
		}
		c.At = func(i int) Location { return Location{Path: "a", Record: fmt.Sprint(i), Field: "f", Line: 1} }
		if d := cmp.Diff(foundIn(t, s, together{c, true}), foundIn(t, s, together{c, false})); d != "" {
			t.Fatalf("%q (-apart +together):\n%s", c.Data, d)
		}
	}
}
