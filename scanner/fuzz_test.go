package scanner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzFind(f *testing.F) {
	s := testScanner(f, Options{})
	for _, p := range plant(f, s.Rules(), testRand(9)) {
		f.Add([]byte(p.text), 3)
		f.Add([]byte(p.text[:1]+"\u00ad"+p.text[1:]), 3) // which a view shows, and so is nowhere in the text
	}
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		whole := find(s, string(data))
		for g := range s.Find(Chunk{Data: data}) {
			from, to := g.At.Offset, g.At.Offset+g.At.Length
			if from < 0 || to > int64(len(data)) || g.At.View == "" && string(data[from:to]) != g.Token().value() {
				t.Fatalf("%s at %d is not there", g.Rule, from)
			}
		}
		if cut = min(max(cut, 0), len(data)); true {
			got, _ := scanAll(t, s, pieces{data: []string{string(data[:cut]), string(data[cut:])}})
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	s := testScanner(b, Options{})
	text := []byte(filler(testRand(1), 1<<20))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for range s.Find(Chunk{Data: text}) {
		}
	}
}
