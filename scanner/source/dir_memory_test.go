package source

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMemoryDoesNotGrowWithFiles reads a file of 256 MiB: what is allocated for it is no more than for one of a few pieces.
func TestMemoryDoesNotGrowWithFiles(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "long.log")
	if err := os.WriteFile(name, []byte(strings.Repeat("a line of a log\n", 1<<10)), 0o600); err != nil {
		t.Fatal(err)
	}
	const size = 256 << 20
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
	src, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read := int64(0)
	for c, err := range src.Chunks(t.Context()) {
		if err != nil || len(c.Data) > pieceSize {
			t.Fatalf("a piece of %d bytes, %v", len(c.Data), err)
		}
		read += int64(len(c.Data))
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; read != size || grown > 16<<20 {
		t.Errorf("%d bytes read, %d allocated", read, grown)
	}
}
