package scanner

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/quash-sh/quash/rules"
	"pgregory.net/rapid"
)

// edited is a text made from another.
type edited struct {
	text   []byte
	copies []Copy
}

// edits makes a text from another: copies of stretches of it, in any order, with other text between.
func edits(t *rapid.T, rnd *rand.Rand, base []byte, fresh func() string) edited {
	var e edited
	add := func(from, to int) {
		if from < to {
			e.copies = append(e.copies, Copy{From: from, To: len(e.text), Len: to - from})
			e.text = append(e.text, base[from:to]...)
		}
	}
	at := 0
	for range rapid.IntRange(0, 6).Draw(t, "edits") {
		to := at + rnd.IntN(len(base)-at+1)
		if end := bytes.LastIndexByte(base[at:to], '\n'); end >= 0 && rnd.IntN(2) == 0 { // beside a line's end
			to = at + end + rnd.IntN(2)
		}
		add(at, to)
		switch rapid.IntRange(0, 5).Draw(t, "edit") {
		case 0: // a seam
			at = min(len(base), to+rnd.IntN(40))
		case 1:
			e.text = append(e.text, fresh()...)
			at = to
		case 2:
			e.text = append(e.text, fresh()...)
			at = min(len(base), to+rnd.IntN(400))
		case 3:
			e.text = append(e.text, "\"\n\\=%&#;\r+ a"[rnd.IntN(12)])
			at = min(len(base), to+1)
		case 4: // from elsewhere
			from := rnd.IntN(len(base) + 1)
			add(from, min(len(base), from+rnd.IntN(1500)))
			at = to
		case 5:
			e.text = append(e.text, '#')
			at = to
		}
	}
	add(at, len(base))
	return e
}

// freshText gives text with keys, in clear, broken, allowed and hidden in views, and without.
func freshText(rnd *rand.Rand, set *rules.Set) func() string {
	return func() string {
		switch rnd.IntN(7) {
		case 0:
			return filler(rnd, rnd.IntN(60))
		case 1:
			return codeLines(rnd, rnd.IntN(1500))
		case 2:
			return zeroText(rnd)
		}
		all := plant(&quiet{}, set, rnd)
		text := all[rnd.IntN(len(all))].text
		switch rnd.IntN(5) {
		case 0:
			text += " # quash:allow"
		case 1:
			text = text[:rnd.IntN(len(text))]
		case 2, 3:
			h := hidings[rnd.IntN(len(hidings))]
			if len(text) > 24 {
				text = fmt.Sprintf(h.frame, h.encode(text))
			}
		}
		return text + "\n"
	}
}

// zeroText is text with zero bytes: a few in a row, or characters of two and four bytes, of either order, in lines or across them.
func zeroText(rnd *rand.Rand) string {
	if rnd.IntN(3) == 0 {
		return strings.Repeat("\x00", 1+rnd.IntN(9)) + strings.Repeat("\n", rnd.IntN(2))
	}
	form := []string{"%c\x00", "\x00%c", "%c\x00\x00\x00", "\x00\x00\x00%c"}[rnd.IntN(4)]
	var b strings.Builder
	for range 1 + rnd.IntN([]int{9, 400}[rnd.IntN(2)]) {
		c := byte('a' + rnd.IntN(26))
		if rnd.IntN(8) == 0 {
			c = '\n'
		}
		fmt.Fprintf(&b, form, c)
	}
	return b.String()
}

// codeLines is text in lines with nothing in it that a view undoes.
func codeLines(rnd *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(strings.Repeat(" ", rnd.IntN(9)))
		for range rnd.IntN(9) {
			b.WriteString([]string{"if (a) {", "secret ", "return", " = ", "acme ", "x", "// word "}[rnd.IntN(7)])
		}
		b.WriteString(";\n")
	}
	return b.String()
}

// viewSight is sight with the view.
func viewSight(f Finding) sighting {
	g := sight(f)
	g.Path += fmt.Sprint(" ", f.At.View, f.Allowed)
	return g
}

// TestCopiesChangeNothing: what is found in a text does not depend on what is told of the texts that it was copied from.
func TestCopiesChangeNothing(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*Scanner{"keys": testScanner(t, Options{KeepAllowed: true}), "pairs": pairScanner(t, Options{KeepAllowed: true})} {
		t.Run(name, func(t *testing.T) {
			inherited, found := 0, 0
			hundreds(t, 10, func(t *rapid.T) { // of five texts each
				rnd := testRand(rapid.Uint64().Draw(t, "seed"))
				fresh := freshText(rnd, s.Rules())
				var text strings.Builder
				for range rapid.IntRange(0, 4).Draw(t, "blocks") {
					text.WriteString(fresh())
					text.WriteString(codeLines(rnd, rnd.IntN(900)))
				}
				least := rapid.IntRange(1, 200).Draw(t, "least")
				memos := [3]Memo{}
				c := Chunk{Data: []byte(text.String()), Memo: &memos[0], From: Location{Path: "a.env", Blob: "b"}}
				for version := range 5 {
					var all []sighting
					view := (&viewer{}).text(s.index, c.From, func(k candidate) {
						f := s.identified(k)
						f.Allowed = k.allowed
						all = append(all, viewSight(f))
					}, nil)
					if view.feedFrom(c, least) && version > 0 {
						inherited++
					}
					var want []sighting
					for f := range s.Find(Chunk{Data: c.Data, From: c.From}) {
						want = append(want, viewSight(f))
					}
					if diff := cmp.Diff(want, all); diff != "" {
						t.Fatalf("version %d: %s\ntext %q\ncopies %v", version, diff, c.Data, c.Copies)
					}
					if diff := differs(s, c, least); diff != "" {
						t.Fatalf("version %d: %s\ntext %q\ncopies %v", version, diff, c.Data, c.Copies)
					}
					found += len(want)
					e := edits(t, rnd, c.Data, fresh)
					c = Chunk{Data: e.text, Copies: e.copies, Base: c.Memo, Memo: &memos[(version+1)%3], From: c.From}
					if rnd.IntN(8) == 0 {
						c.From.Path = []string{"b.go", "c.yaml"}[rnd.IntN(2)]
					}
					if rnd.IntN(10) == 0 {
						c.Base.Reset()
					}
				}
			})
			if inherited == 0 || found == 0 {
				t.Errorf("%d texts inherited views, %d keys found: the test tests nothing", inherited, found)
			}
			t.Logf("%d texts inherited views, %d keys found", inherited, found)
		})
	}
}

// differs compares what was remembered of a text with what would have been had nothing been told: the keywords, how many candidates
// they led to, and what views undo.
func differs(s *Scanner, c Chunk, least int) string {
	var whole Memo
	(&viewer{}).text(s.index, c.From, func(candidate) {}, nil).feedFrom(Chunk{Data: c.Data, From: c.From, Memo: &whole}, least)
	same := cmp.Options{cmp.AllowUnexported(memoHit{}, viewPart{}), cmpopts.IgnoreFields(memoHit{}, "before", "after")}
	return cmp.Diff(whole.hits, c.Memo.hits, same, cmpopts.EquateEmpty()) + cmp.Diff(len(whole.links), len(c.Memo.links)) +
		cmp.Diff(whole.views.parts, c.Memo.views.parts, same, cmpopts.EquateEmpty()) + cmp.Diff(len(whole.views.shown), len(c.Memo.views.shown))
}

// TestCopiesThatAreNone: hints that contradict the texts do no harm beyond wrong findings.
func TestCopiesThatAreNone(t *testing.T) {
	s := testScanner(t, Options{})
	base, own := &Memo{}, &Memo{}
	run := func(c Chunk) { (&viewer{}).text(s.index, Location{}, func(candidate) {}, nil).feedFrom(c, minRun) }
	run(Chunk{Data: []byte(codeLines(testRand(1), 3000)), Memo: base})
	for _, copies := range [][]Copy{
		{{0, 0, 1 << 40}}, {{-5, 0, 100}}, {{0, -5, 100}}, {{0, 0, -7}}, {{2900, 0, 500}}, {{0, 2900, 500}},
		{{0, 0, 900}, {100, 300, 900}, {0, 1500, 800}}, slices.Repeat([]Copy{{0, 0, 800}}, 3),
	} {
		run(Chunk{Data: []byte(codeLines(testRand(2), 3000)), Memo: own, Base: base, Copies: copies})
	}
}
