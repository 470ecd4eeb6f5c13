package scanner

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/quash-sh/quash/scanner/internal/prefilter"
)

// TestGaps: what is found beside copies is what of all keywords of the text touches what was not copied.
func TestGaps(t *testing.T) {
	words := []string{"ab", "abc", "bcd", "token", "a b", "keywordlong"}
	f, g := prefilter.New(words), &gaps{}
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var text []byte
		for range rnd.IntN(2000) {
			text = append(text, slices.Concat(words, []string{" ", "x", "abcd", "k", "lo"})[rnd.IntN(11)]...)
		}
		var runs []Copy
		for at := 0; ; {
			at += rnd.IntN([]int{1, 20, 3 * joinMost}[rnd.IntN(3)] + 1)
			size := f.Max() + rnd.IntN([]int{3, 40, 900}[rnd.IntN(3)])
			if at+size > len(text) {
				break
			}
			runs = append(runs, Copy{To: at, Len: size})
			at += size
		}
		var want []memoHit
		for _, h := range f.Scan(text, nil) {
			inside := slices.ContainsFunc(runs, func(r Copy) bool { return h.End-f.Len(h.Keyword) >= r.To && h.End <= r.To+r.Len })
			if !inside {
				want = append(want, memoHit{end: int32(h.End), what: int32(h.Keyword) << 1})
			}
		}
		got := g.search(f, text, runs, nil)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(memoHit{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s\ntext %q\nruns %v", diff, text, runs)
		}
	})
}

// TestGapsHeardBefore: the same holds of what was heard in texts before, wherever the gaps stand in it then.
func TestGapsHeardBefore(t *testing.T) {
	words := []string{"ab", "abc", "bcd", "token", "a b", "keywordlong"}
	f, g, told, parted := prefilter.New(words), &gaps{}, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		unit := []int{50, 50, 1000}[rnd.IntN(3)] // of what is in the blocks, and of runs; long ones are read in pieces
		var blocks [3][]byte
		for i := range blocks {
			for len(blocks[i]) < 10*unit {
				blocks[i] = append(blocks[i], slices.Concat(words, []string{" ", "x", "----------", "-----", "\n"})[rnd.IntN(11)]...)
			}
		}
		for range 20 {
			text := slices.Concat(blocks[rnd.IntN(3)], blocks[rnd.IntN(3)], blocks[rnd.IntN(3)])
			text[rnd.IntN(len(text))] ^= 1
			var runs []Copy
			for at := unit * rnd.IntN(4); at < len(text); {
				size := min(len(text)-at, unit*(1+rnd.IntN(8)))
				runs = append(runs, Copy{To: at, Len: size})
				at += size + unit*rnd.IntN(6)
			}
			if rnd.IntN(4) == 0 {
				runs = nil
			}
			var all, want []memoHit
			for _, h := range f.Scan(text, nil) {
				all = append(all, memoHit{end: int32(h.End), before: int32(f.Len(h.Keyword)), what: int32(h.Keyword) << 1})
				if !slices.ContainsFunc(runs, func(r Copy) bool { return h.End-f.Len(h.Keyword) >= r.To && h.End <= r.To+r.Len }) {
					want = append(want, all[len(all)-1])
				}
			}
			got := g.search(f, text, runs, nil)
			told += len(g.told)
			if len(g.told) > 0 && len(g.unheard) > 0 && len(runs) == 0 {
				parted++
			}
			same := cmp.Options{cmp.AllowUnexported(memoHit{}), cmpopts.IgnoreFields(memoHit{}, "before"), cmpopts.EquateEmpty()}
			if diff := cmp.Diff(want, got, same); diff != "" {
				t.Fatalf("%s\ntext %q\nruns %v", diff, text, runs)
			}
			g.keep(all)
		}
	})
	if told == 0 || parted == 0 {
		t.Errorf("%d keywords were heard before, %d texts in part: the test tests nothing", told, parted)
	}
}

// TestPieceEnd: pieces are within their bounds.
func TestPieceEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		text := []byte(codeLines(rnd, 100+rnd.IntN(3000)))
		if rnd.IntN(4) == 0 {
			text = bytes.ReplaceAll(text, []byte("\n"), nil)
		}
		from := rnd.IntN(len(text) + 1)
		for from < len(text) {
			end := pieceEnd(text, from, len(text))
			if size := end - from; size > pieceMost || size < pieceLeast && end < len(text) {
				t.Fatalf("a piece of %d bytes, %d before the end", size, len(text)-end)
			}
			from = end
		}
	})
}
