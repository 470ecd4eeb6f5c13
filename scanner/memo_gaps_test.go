package scanner

import (
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
	f, g, told := prefilter.New(words), &gaps{}, 0
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var blocks [3][]byte
		for i := range blocks {
			for len(blocks[i]) < 500 {
				blocks[i] = append(blocks[i], slices.Concat(words, []string{" ", "x", "----------", "-----"})[rnd.IntN(10)]...)
			}
		}
		for range 20 {
			text := slices.Concat(blocks[rnd.IntN(3)], blocks[rnd.IntN(3)], blocks[rnd.IntN(3)])
			var runs []Copy
			for at := 50 * rnd.IntN(4); at < len(text); {
				size := min(len(text)-at, 50*(1+rnd.IntN(8)))
				runs = append(runs, Copy{To: at, Len: size})
				at += size + 50*rnd.IntN(6)
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
			same := cmp.Options{cmp.AllowUnexported(memoHit{}), cmpopts.IgnoreFields(memoHit{}, "before"), cmpopts.EquateEmpty()}
			if diff := cmp.Diff(want, got, same); diff != "" {
				t.Fatalf("%s\ntext %q\nruns %v", diff, text, runs)
			}
			g.keep(all)
		}
	})
	if told == 0 {
		t.Error("nothing was heard before: the test tests nothing")
	}
}
