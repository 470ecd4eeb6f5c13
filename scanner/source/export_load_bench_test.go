//go:build unix

package source

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// exportLoads are the formats that are measured, and how an export of each is written.
var exportLoads = []struct {
	name  string
	write func(l *exportLoad, to io.Writer, size int64) error
}{
	{"jira.xml", (*exportLoad).jiraXML}, {"slack.zip", (*exportLoad).slackZip}, {"box.mbox", (*exportLoad).mbox},
}

// BenchmarkExport reads exports of QUASH_EXPORT_MB megabytes of text (16), and reads and searches them with the built-in rules.
func BenchmarkExport(b *testing.B) {
	megabytes, err := strconv.Atoi(os.Getenv("QUASH_EXPORT_MB"))
	if err != nil {
		megabytes = 16
	}
	size := int64(megabytes) * 1e6
	_, s := finder(b)
	for _, load := range exportLoads {
		path := filepath.Join(b.TempDir(), load.name)
		f, err := os.Create(path)
		if err == nil {
			err = load.write(newExportLoad(), f, size)
		}
		if err != nil || f.Close() != nil {
			b.Fatal(err)
		}
		b.Run(load.name+"/read", func(b *testing.B) {
			benchmarkExport(b, path, size, func(src scanner.Source) error {
				for _, err := range src.Chunks(b.Context()) {
					if err != nil {
						return err
					}
				}
				return nil
			})
		})
		b.Run(load.name+"/scan", func(b *testing.B) {
			benchmarkExport(b, path, size, func(src scanner.Source) error {
				_, err := s.Scan(b.Context(), src, scanner.SinkFunc(func(context.Context, scanner.Finding) error { return nil }))
				return err
			})
		})
	}
}

// benchmarkExport reports megabytes of text for a second of processor time.
func benchmarkExport(b *testing.B, path string, size int64, read func(scanner.Source) error) {
	b.SetBytes(size)
	b.ReportAllocs()
	once := func() {
		src, err := Open(b.Context(), path, Options{})
		if err == nil {
			err = read(src)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	once() // expressions are compiled when they are first needed
	began := processorTime(b)
	for b.Loop() {
		once()
	}
	b.ReportMetric(float64(size)*float64(b.N)/1e6/(processorTime(b)-began).Seconds(), "MB/cpu-s")
}

// processorTime is the processor time that the process has used.
func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
