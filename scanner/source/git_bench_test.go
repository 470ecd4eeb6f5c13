package source

import (
	"os"
	"testing"
	"time"
)

// BenchmarkHistory reads all of a repository but its blobs, QUASH_REPO, and BenchmarkPast what an incremental scan reads when
// QUASH_OLD, a commit, is the tip that it knows.
func BenchmarkHistory(b *testing.B) { benchmarkHistory(b, Options{Since: time.Now()}) }

// BenchmarkPast is explained at BenchmarkHistory.
func BenchmarkPast(b *testing.B) {
	benchmarkHistory(b, Options{Past: &Past{Tips: []string{os.Getenv("QUASH_OLD")}}})
}

func benchmarkHistory(b *testing.B, o Options) {
	dir := os.Getenv("QUASH_REPO")
	if dir == "" {
		b.Skip("QUASH_REPO names no repository")
	}
	o.NoWorktree = true
	for b.Loop() {
		src, err := Open(b.Context(), dir, o)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for _, err := range src.Chunks(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.ReportMetric(float64(n), "chunks")
	}
}
