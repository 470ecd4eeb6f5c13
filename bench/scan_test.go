package bench

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// BenchmarkStart is what every run pays before it reads its first byte.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		start(b)
	}
}

func start(tb testing.TB) (*scanner.Scanner, *rules.Set) {
	tb.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return s, set
}

// BenchmarkFind searches a text that is in memory: source code, text in which no word is a rule's, and text in which every line is
// a key beside its keyword.
func BenchmarkFind(b *testing.B) {
	s, set := start(b)
	for _, t := range []struct {
		name string
		text []byte
	}{{"code", code(b)}, {"digits", digits(4 << 20)}, {"keys", keys(set, 2000)}} {
		b.Run(t.name, func(b *testing.B) {
			b.SetBytes(int64(len(t.text)))
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				found = count(s, t.text)
			}
			b.ReportMetric(float64(found), "findings")
		})
	}
}

func count(s *scanner.Scanner, text []byte) int {
	n := 0
	for range s.Find(scanner.Chunk{Data: text}) {
		n++
	}
	return n
}

// BenchmarkScan reads and searches a directory with all processors.
func BenchmarkScan(b *testing.B) {
	s, _ := start(b)
	dir := library(b)
	for b.Loop() {
		src, err := source.Open(context.Background(), dir, source.Options{NoHistory: true})
		if err != nil {
			b.Fatal(err)
		}
		stats, err := s.Scan(context.Background(), src, scanner.SinkFunc(func(context.Context, scanner.Finding) error { return nil }))
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(stats.Bytes)
	}
}

// library is the directory of the sources of the standard library's net/http.
func library(tb testing.TB) string {
	tb.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		tb.Skipf("go env GOROOT: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "src", "net", "http")
}

// code is the sources of net/http.
func code(tb testing.TB) []byte {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(library(tb), "*.go"))
	if err != nil || len(names) == 0 {
		tb.Skipf("the standard library's sources are not there: %v", err)
	}
	var all []byte
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// digits is text of numbers in lines.
func digits(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var out bytes.Buffer
	for out.Len() < size {
		fmt.Fprintf(&out, "%d %d\n", random.Uint32(), random.Uint32())
	}
	return out.Bytes()
}

// keys is text of lines, each with a key of another rule.
func keys(set *rules.Set, lines int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	all := slices.Collect(set.All())
	var out bytes.Buffer
	for i := range lines {
		out.WriteString(all[i%len(all)].Sample(random).Text)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// TestTexts guards that the texts are what the benchmarks say.
func TestTexts(t *testing.T) {
	s, set := start(t)
	if n := count(s, digits(1<<20)); n != 0 {
		t.Errorf("%d keys in digits", n)
	}
	if n := count(s, keys(set, 2000)); n < 1000 {
		t.Errorf("%d keys in 2000 lines of keys", n)
	}
}
