package scanner

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quash-sh/quash/rules"
)

// TestHeardIsWhatWasPut: of a stretch what was put for it comes back, or nothing, whatever came between.
func TestHeardIsWhatWasPut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var h heard[int]
	type put struct {
		text []byte
		how  standing
	}
	var all []put
	known := 0
	for range 3000 {
		size := rnd.IntN([]int{2, 70, 5000, heardMost / 2}[rnd.IntN(4)])
		p := put{make([]byte, size), standing{first: rnd.IntN(2) == 0, lead: rnd.IntN(3)}}
		for i := 0; i < size; i += 1 + rnd.IntN(90) { // most of them differ in few bytes
			p.text[i] = byte(rnd.IntN(2))
		}
		if len(all) > 0 && rnd.IntN(2) == 0 {
			p = all[len(all)-1-rnd.IntN(min(len(all), 20))]
		}
		if got := h.of(p.text, p.how); got != nil {
			known++
			if q := all[*got]; string(q.text) != string(p.text) || q.how != p.how {
				t.Fatalf("a stretch of %d bytes is taken for one of %d", len(p.text), len(q.text))
			}
		}
		if of := h.put(p.text, p.how); of != nil {
			*of = len(all)
			all = append(all, p)
		}
		if got := h.of(p.text, p.how); size > 0 && len(p.text) > 0 && got == nil {
			t.Fatalf("a stretch of %d bytes is not known that was just put", len(p.text))
		}
	}
	if h.written < 2*heardBytes || known < 300 {
		t.Errorf("%d bytes written, %d stretches known: the test tests nothing", h.written, known)
	}
	if h.put(make([]byte, heardMost+1), standing{}) != nil {
		t.Error("a stretch is kept that is longer than the bound")
	}
}

// TestHeardChangesNothing: what is found in a text does not depend on what was inserted into others before it, where these stretches
// stand in it again, whole or in part, beside the same or another neighbour, at its ends or not.
func TestHeardChangesNothing(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*Scanner{"keys": testScanner(t, Options{KeepAllowed: true}), "pairs": pairScanner(t, Options{KeepAllowed: true})} {
		t.Run(name, func(t *testing.T) {
			found, told := 0, 0
			hundreds(t, 5, func(t *rapid.T) {
				rnd := testRand(rapid.Uint64().Draw(t, "seed"))
				fresh := freshText(rnd, s.Rules())
				text := func() []byte { return []byte(fresh() + codeLines(rnd, rnd.IntN(400)) + fresh()) }
				memo, base, blocks := &Memo{}, slices.Concat(text(), text()), [3][]byte{text(), text(), text()}
				view := &viewer{}
				search := func(c Chunk) (all []sighting) {
					v := view.text(s.index, c.From, func(k candidate) {
						f := s.identified(k)
						f.Allowed = k.allowed
						all = append(all, viewSight(f))
					}, nil)
					tools := v.raw.tools
					v.feedFrom(c, minRun)
					told += len(tools.memory.gaps.told)
					return all
				}
				at := Location{Path: "a.env", Blob: "b"}
				search(Chunk{Data: base, Memo: memo, From: at})
				cuts := [3]int{0, rnd.IntN(len(base) + 1), len(base)}
				for range 12 {
					cut, block := cuts[rnd.IntN(3)], blocks[rnd.IntN(3)]
					skip := min(len(base)-cut, []int{0, 0, 7, 150}[rnd.IntN(4)])
					if rnd.IntN(4) == 0 {
						block = slices.Clone(block)
						block[rnd.IntN(len(block))] ^= 1
					}
					from := cut + skip
					also := min(len(base)-from, rnd.IntN(500)) // and then another
					c := Chunk{Base: memo, Memo: &Memo{}, From: at}
					c.Data = slices.Concat(base[:cut], block, base[from:from+also], blocks[0], base[from+also:])
					behind := len(c.Data) - (len(base) - from - also)
					c.Copies = []Copy{{0, 0, cut}, {from, cut + len(block), also}, {from + also, behind, len(c.Data) - behind}}
					c.Copies = slices.DeleteFunc(c.Copies, func(c Copy) bool { return c.Len == 0 })
					if rnd.IntN(6) == 0 {
						c.From.Path = "c.yaml"
					}
					var want []sighting
					for f := range s.Find(Chunk{Data: c.Data, From: c.From}) {
						want = append(want, viewSight(f))
					}
					if diff := cmp.Diff(want, search(c)) + differs(s, c, minRun); diff != "" {
						t.Fatalf("%s\ntext %q\ncopies %v", diff, c.Data, c.Copies)
					}
					found += len(want)
				}
			})
			// A short run under the race detector, which has pools forget what they hold, may come upon nothing that is known.
			if found == 0 || told == 0 && !testing.Short() {
				t.Errorf("%d keys found, %d keywords known: the test tests nothing", found, told)
			}
			t.Logf("%d keys found, %d keywords known", found, told)
		})
	}
}

const longRules = `
provider: acme
docs: https://acme.example/docs
hosts: [api.acme.example]
rules:
  - id: acme-long
    name: Acme long token
    keywords: [acmelong_]
    pattern: '\b(?P<token>acmelong_[0-9a-z]{400})\b'
    severity: high
    examples: {match: ['{{sample}}']}
`

// TestHeardIsForgottenWhereMoreDecides: of a keyword about which bytes far from what was inserted decide nothing is known from another
// text in which these differ.
func TestHeardIsForgottenWhereMoreDecides(t *testing.T) {
	set, err := new(rules.Set).With("acme.yaml", []byte(longRules), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := testScannerOf(t, set, Options{KeepAllowed: true})
	rule, _ := set.Rule("acme-long")
	token := rule.Sample(testRand(1)).Token
	const at = 100 // is where the key is cut in two
	head, block := codeLines(testRand(2), 600), codeLines(testRand(3), 9000)+"\n"+token[:at]
	found := 0
	for _, rest := range []string{token[at:len(token)-30] + " ", token[at:], token[at:len(token)-1] + ";", token[at:]} {
		base := Chunk{Data: []byte(head + rest + "\n" + head), Memo: &Memo{}, From: Location{Blob: "b"}}
		sameAsWhole(t, s, base)
		n, _, _ := sameAsWhole(t, s, Chunk{
			Data: []byte(head + block + rest + "\n" + head), From: base.From, Base: base.Memo, Memo: &Memo{},
			Copies: []Copy{{Len: len(head)}, {From: len(head), To: len(head) + len(block), Len: len(base.Data) - len(head)}},
		})
		found += n
	}
	if found != 2 {
		t.Errorf("%d keys found, want 2: the test tests nothing", found)
	}
}
