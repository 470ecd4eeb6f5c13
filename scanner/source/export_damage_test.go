package source

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// byLines are the kinds of which nothing says how many records there are: cut at the end of a line, or a mail, what is left is whole.
var byLines = map[string]bool{"jsonl": true, "zendesk": true, "mbox": true, "eml": true}

// TestDamagedExports cuts exports and changes bytes of them: keys are found, or the scan is incomplete. A scan that says that all is well
// has seen all.
func TestDamagedExports(t *testing.T) {
	set, s := finder(t)
	rule, ok := set.Rule("github-pat")
	if !ok {
		t.Fatal("no rule github-pat")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for name, kind := range exportSamples {
		t.Run(name, func(t *testing.T) {
			text := sample(t, name)
			last := strings.LastIndex(text, "{{") // the key stands in the last place for one
			end := last + strings.Index(text[last:], "}}") + 2
			text = text[:last] + rule.Sample(rnd).Token + text[end:]
			byLine := byLines[kind] || strings.HasSuffix(name, ".csv")
			for i := range 49 {
				at := len(text) * (i + 1) / 50
				if at >= last {
					break
				}
				st, err := scanned(t, s, name, text[:at])
				known := st.Coverage.Seen["records"] > 0 // a text that is cut before it shows what it is, is a text
				if err == nil && st.Complete() && known && !(byLine && text[at-1] == '\n') {
					t.Errorf("cut after byte %d of %d it is taken for whole", at, len(text))
				}
				for _, change := range []func(byte) byte{func(c byte) byte { return c ^ 1 }, func(c byte) byte { return c ^ 0x80 }, func(byte) byte { return 0 }} {
					b := []byte(text)
					b[at] = change(b[at])
					st, err := scanned(t, s, name, string(b))
					if left := st.Coverage.Skipped[skipBinary] > 0; st.Complete() && st.Findings == 0 && err == nil && !left {
						t.Errorf("with byte %d changed from %q to %q nothing is found, and nothing said", at, text[at], b[at])
					}
				}
			}
		})
	}
}

func scanned(t *testing.T, s *scanner.Scanner, name, text string) (scanner.Stats, error) {
	t.Helper()
	src, err := openText(t, name, text, Options{})
	if err != nil {
		return scanner.Stats{}, err
	}
	return s.Scan(t.Context(), src, scanner.SinkFunc(func(context.Context, scanner.Finding) error { return nil }))
}
