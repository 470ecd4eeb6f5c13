package scanner

import (
	"encoding/binary"
	"maps"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quash-sh/quash/scanner/internal/dfa"
)

// TestPrepared compares what is worked out beforehand with what follows from the rules.
func TestPrepared(t *testing.T) {
	switch want := prepare(t); {
	case want == preparedText:
	case *updateQuality:
		if err := os.WriteFile("prepared.bin", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("prepared.bin is not what the rules say; run go generate ./scanner")
	}
}

// prepare works out preparedText.
func prepare(t *testing.T) string {
	x := must(newIndex(builtinRules(t), nil, nil))
	texts := map[string]string{}
	for _, c := range x.rules {
		var p prepared
		if c.anchored {
			p.begin = string(must(dfa.NewLead(c.text)).Pack(nil))
		} else {
			p.begin = newStarts(c.text).pack()
		}
		if packed, ok := c.loose().Backward().Pack(nil, c.walked()); ok && !c.anchored {
			p.backward = string(packed)
		}
		if packed, ok := c.loose().Forward().Pack(nil, c.walked()); ok {
			p.forward = string(packed)
		}
		texts[keyOf(c.text, c.walked())] = withSize(p.begin) + withSize(p.forward) + p.backward
	}
	keys := slices.Sorted(maps.Keys(texts))
	out, rest := binary.BigEndian.AppendUint32(nil, uint32(len(keys))), []byte(nil)
	for _, k := range keys {
		out = append(out, k...)
	}
	for _, k := range keys {
		rest = append(rest, texts[k]...)
		out = binary.BigEndian.AppendUint32(out, uint32(len(rest)))
	}
	return string(append(out, rest...))
}

func withSize(s string) string {
	return string(append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...))
}

// TestPreparedWalks walks texts with what was prepared and with what is worked out.
func TestPreparedWalks(t *testing.T) {
	x := must(newIndex(builtinRules(t), nil, nil))
	prepared := slices.DeleteFunc(slices.Clone(x.rules), func(c *compiled) bool { return c.ready().forward == "" })
	if len(prepared) < len(x.rules)*9/10 {
		t.Fatalf("of %d rules %d are prepared", len(x.rules), len(prepared))
	}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(prepared).Draw(t, "rule")
		text := rapid.SliceOfN(rapid.SampledFrom([]byte("aAbeEfFkKsStT012_-=: \"'\n\xc3\xbc/+.")), 0, 40).Draw(t, "text")
		if c.anchored {
			text = append([]byte(c.outline.Keywords[0]), text...)
			_, got := c.lead().Begins(text)
			if _, want := must(dfa.NewLead(c.text)).Begins(text); got != want {
				t.Errorf("%s: the lead says %t of %q, not %t", c.outline.ID, got, text, want)
			}
		}
		ends := rapid.Bool().Draw(t, "ends")
		for _, k := range c.walked() {
			n, ok := far(c.looseForward(), k, text, ends)
			if wantN, want := far(c.loose().Forward(), k, text, ends); n != wantN || ok != want {
				t.Errorf("%s: forward from %q, %q is walked to %d, %t, not %d, %t", c.outline.ID, k, text, n, ok, wantN, want)
			}
			if c.anchored {
				continue
			}
			if got, want := *c.starts(), *newStarts(c.text); got != want {
				t.Errorf("%s: its matches do not begin so", c.outline.ID)
			}
			_, got := c.looseBackward().Behind(k, text)
			if _, want := c.loose().Backward().Behind(k, text); got != want {
				t.Errorf("%s: backward from %q, %q is %t, not %t", c.outline.ID, k, text, got, want)
			}
		}
	})
}
