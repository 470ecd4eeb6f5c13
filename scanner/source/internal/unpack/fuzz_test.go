package unpack_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

func fs(dir string) ([]os.DirEntry, error) { return os.ReadDir(dir) }

// fuzz gives a container that may be anything, and holds the walk to its bounds.
func fuzz(f *testing.F, name string) {
	f.Add(samples("some text of a file\n")[name])
	limits := unpack.Limits{Floor: 1 << 20, Ratio: 20, Members: 200, Spool: 4 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begun := time.Now()
		g := &got{}
		into(t, g, name, b, len(b)%2 == 0, limits)
		runtime.ReadMemStats(&after)
		most := max(1<<20, 20*int64(len(b)))
		if own := 20 * int64(len(b)+1) * 8; g.size > 3*most+own {
			t.Errorf("%d bytes came out of %d", g.size, len(b))
		}
		if d := time.Since(begun); d > 5*time.Second {
			t.Errorf("%v for %d bytes", d, len(b))
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<30 {
			t.Errorf("%d bytes allocated for %d", grown, len(b))
		}
	})
}

func FuzzZip(f *testing.F)      { fuzz(f, "a.zip") }
func FuzzOffice(f *testing.F)   { fuzz(f, "a.xlsx") }
func FuzzTar(f *testing.F)      { fuzz(f, "a.tar") }
func FuzzGzip(f *testing.F)     { fuzz(f, "a.gz") }
func FuzzXz(f *testing.F)       { fuzz(f, "a.xz") }
func FuzzZstd(f *testing.F)     { fuzz(f, "a.zst") }
func FuzzLz4(f *testing.F)      { fuzz(f, "a.lz4") }
func FuzzBrotli(f *testing.F)   { fuzz(f, "a.br") }
func FuzzBzip2(f *testing.F)    { fuzz(f, "a.bz2") }
func FuzzSevenZip(f *testing.F) { fuzz(f, "a.7z") }
func FuzzRar(f *testing.F)      { fuzz(f, "a.rar") }
func FuzzSQLite(f *testing.F)   { fuzz(f, "a.sqlite") }
func FuzzPDF(f *testing.F)      { fuzz(f, "a.pdf") }
func FuzzPyc(f *testing.F)      { fuzz(f, "a.pyc") }
func FuzzNotebook(f *testing.F) { fuzz(f, "a.ipynb") }
