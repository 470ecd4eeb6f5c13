package scanner

import (
	"bytes"
	"context"
	"iter"
	"os"
	"runtime"
	"testing"
)

// endless is a source of one text: a piece over and over, and a key at its end. It keeps the most memory that was in use.
type endless struct {
	piece []byte
	times int
	key   string
	most  uint64
}

// Chunks implements Source.
func (e *endless) Chunks(context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		buf := make([]byte, len(e.piece))
		for i := range e.times {
			copy(buf, e.piece)
			if !yield(Chunk{Data: buf, More: true}, nil) {
				return
			}
			if i%64 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				e.most = max(e.most, m.HeapInuse)
			}
		}
		yield(Chunk{Data: []byte(e.key)}, nil)
	}
}

// TestLongTextsTakeLittleMemory searches texts of 128 MiB, of 2 GiB with QUASH_LOAD=full: a hole in a file, and lines of a log. What is in
// use does not grow with them, and the key at the end is found.
func TestLongTextsTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time")
	}
	times := 128
	if os.Getenv("QUASH_LOAD") == "full" {
		times = 2048
	}
	s := builtinScanner(t)
	rule, _ := s.Rules().Rule("github-pat")
	key := fill(rule.Examples.Match[0], rule.Sample(testRand(1)))
	line := "2026-01-02T03:04:05Z INFO [worker-3] request 42 took 17 ms for user 1009\n"
	for name, piece := range map[string][]byte{"hole": make([]byte, 1<<20), "log": bytes.Repeat([]byte(line), 1<<20/len(line))} {
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		src := &endless{piece: piece, times: times, key: "\n" + key + "\n"}
		found := 0
		stats, err := s.Scan(t.Context(), src, SinkFunc(func(_ context.Context, f Finding) error {
			if f.Rule == rule.ID {
				found++
			}
			return nil
		}))
		if err != nil || !stats.Complete() || found != 1 {
			t.Errorf("%s: %d found, %v, gaps %v", name, found, err, stats.Gaps)
		}
		var after runtime.MemStats
		runtime.ReadMemStats(&after)
		if made := after.TotalAlloc - before.TotalAlloc; made > 64<<20 {
			t.Errorf("%s of %d MiB: %d MiB were allocated in all", name, times, made>>20)
		}
		if most := 2*before.HeapInuse + 48<<20; src.most > most { // a collection begins at twice of what was in use
			t.Errorf("%s of %d MiB: %d MiB in use, %d before", name, times, src.most>>20, before.HeapInuse>>20)
		}
	}
}
