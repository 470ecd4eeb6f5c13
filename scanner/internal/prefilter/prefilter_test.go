package prefilter

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
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
		if d := f.Len(b.Keyword) - f.Len(a.Keyword); d != 0 {
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

// keywordsLike makes n keywords of the kinds that rules have: the prefix of an issuer's keys, and names.
func keywordsLike(n int) []string {
	rnd := rand.New(rand.NewPCG(1, 2))
	letters := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "etaoinsrhldcumfpgwybvkxjqz"[min(rnd.IntN(26), rnd.IntN(26))]
		}
		return string(b)
	}
	keywords := []string{"password", "secret", "token", "api_key", "apikey", "bearer", "https://", "-----begin"}
	for len(keywords) < n {
		switch rnd.IntN(5) {
		case 0:
			keywords = append(keywords, letters(2)+"_"+letters(3)+"_")
		case 1:
			keywords = append(keywords, letters(3)+"-"+string(rune('0'+rnd.IntN(10))))
		case 2:
			keywords = append(keywords, letters(4)+"_")
		case 3:
			keywords = append(keywords, letters(5+rnd.IntN(6)))
		case 4:
			keywords = append(keywords, letters(6)+"."+letters(3))
		}
	}
	return keywords
}

// ownText is text of this module: code, documentation and rule files.
func ownText(b *testing.B) []byte {
	var text []byte
	root := os.DirFS("../../..")
	for _, pattern := range []string{"*.md", "rules/*.yaml", "rules/*.go", "scanner/*.go", "scanner/source/*.go", "revoker/*.go"} {
		names, err := fs.Glob(root, pattern)
		if err != nil {
			b.Fatal(err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(root, name)
			if err != nil {
				b.Fatal(err)
			}
			text = append(text, data...)
		}
	}
	return text
}

// BenchmarkScan shows that the cost of a byte hardly depends on the number of keywords.
func BenchmarkScan(b *testing.B) {
	text := ownText(b)
	for _, n := range []int{50, 200, 450, 1000} {
		f := New(keywordsLike(n))
		for _, size := range []int{64, 4 << 10, min(1<<20, len(text))} {
			b.Run(fmt.Sprintf("keywords=%d/bytes=%d", n, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				var hits []Hit
				for b.Loop() {
					hits = f.Scan(text[:size], hits[:0])
				}
				b.ReportMetric(float64(len(hits))/float64(size)*1024, "hits/KiB")
			})
		}
	}
}

// BenchmarkNew is what the automaton costs at the start.
func BenchmarkNew(b *testing.B) {
	for _, n := range []int{50, 450, 1000} {
		keywords := keywordsLike(n)
		b.Run(fmt.Sprintf("keywords=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				New(keywords)
			}
		})
	}
}

// TestTablesAgree: the loop for this machine, the one for any, and the table of long numbers find the same.
func TestTablesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("abAB_-1")), 1, 6, -1)
		f := New(rapid.SliceOfNDistinct(word, 1, 12, strings.ToLower).Draw(t, "keywords"))
		large := *f
		large.ends, large.list = nil, nil
		next := build[uint32](&large, 1<<8)
		text := []byte(rapid.StringOfN(rapid.RuneFrom([]rune("abAB_-1xé")), 300, 2000, -1).Draw(t, "text"))
		n := len(text) / streams
		var own, other [streams]uint
		for i := 0; i < n; i++ {
			i1 := walk(f.small, &f.column, &own, text, n, n, i)
			i2 := walkAll(f.small, &f.column, &other, text, n, n, i)
			if i = i1; i1 != i2 || own != other {
				t.Fatalf("stopped at %d in %v, and at %d in %v", i1, own, i2, other)
			}
			for s := range own {
				own[s] &^= 1 << 15
				other[s] &^= 1 << 15
			}
		}
		if diff := cmp.Diff(f.Scan(text, nil), scan(&large, next, text, nil)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestManyBytes: keywords of more different bytes than there are columns.
func TestManyBytes(t *testing.T) {
	var keywords []string
	for c := 1; c < 256; c++ {
		if c < 'A' || c > 'Z' {
			keywords = append(keywords, "k"+string([]byte{byte(c), byte(255 - c/2)}))
		}
	}
	f := New(keywords)
	if !f.shared {
		t.Fatal("no column is shared")
	}
	text := []byte(strings.Join(keywords, "k-"))
	got := f.Scan(text, nil)
	order(f, got)
	var want []Hit
	for i := range text {
		for id, k := range f.keywords {
			if i+len(k) <= len(text) && lower(string(text[i:i+len(k)])) == k {
				want = append(want, Hit{End: i + len(k), Keyword: id})
			}
		}
	}
	order(f, want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}
