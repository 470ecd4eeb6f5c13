package prefilter

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// order puts hits in the order of Scan.
func order(f *Filter, hits []Hit) {
	slices.SortFunc(hits, func(a, b Hit) int {
		if a.End != b.End {
			return a.End - b.End
		}
		if d := f.length[b.Keyword] - f.length[a.Keyword]; d != 0 {
			return d
		}
		return a.Keyword - b.Keyword
	})
}

// naive is the definition: every keyword at every place.
func naive(f *Filter, keywords []string, text []byte) []Hit {
	var hits []Hit
	low := bytes.ToLower(text)
	for id, k := range keywords {
		for i := 0; k != "" && i+len(k) <= len(low); i++ {
			if string(low[i:i+len(k)]) == strings.ToLower(k) {
				hits = append(hits, Hit{End: i + len(k), Keyword: id})
			}
		}
	}
	order(f, hits)
	return hits
}

func TestScanEqualsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("abAB_-1")), 1, 6, -1)
		keywords := rapid.SliceOfNDistinct(word, 1, 12, strings.ToLower).Draw(t, "keywords")
		text := []byte(rapid.StringOfN(rapid.RuneFrom([]rune("abAB_-1xé")), 0, 2000, -1).Draw(t, "text"))
		f := New(keywords)
		got := f.Scan(text, nil)
		order(f, got)
		if diff := cmp.Diff(naive(f, keywords, text), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestScanIsSortedByEnd(t *testing.T) {
	f := New([]string{"abab", "ba", "b"})
	text := []byte(strings.Repeat("xababb", 300))
	last := 0
	for _, h := range f.Scan(text, nil) {
		if h.End < last {
			t.Fatalf("hit at %d after one at %d", h.End, last)
		}
		last = h.End
	}
}

func TestNoKeywords(t *testing.T) {
	if hits := New(nil).Scan(bytes.Repeat([]byte("abc"), 1000), nil); len(hits) > 0 {
		t.Fatalf("%d hits of no keywords", len(hits))
	}
}

// BenchmarkScan shows that the cost of a byte does not depend on the number of keywords.
func BenchmarkScan(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 1<<20)
	for i := range text {
		text[i] = "etaoin shrdlu_=\n(){}ETA"[rnd.IntN(23)]
	}
	for _, n := range []int{50, 250, 1000} {
		var keywords []string
		for i := range n {
			keywords = append(keywords, fmt.Sprintf("kw%d_%c%c", i, 'a'+rnd.IntN(26), 'a'+rnd.IntN(26)))
		}
		f := New(keywords)
		for _, size := range []int{64, 4 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("keywords=%d/bytes=%d", n, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				var hits []Hit
				for b.Loop() {
					hits = f.Scan(text[:size], hits[:0])
				}
			})
		}
	}
}
