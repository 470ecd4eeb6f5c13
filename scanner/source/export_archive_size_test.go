package source

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/sourcetest"
)

// TestArchivesConform runs the suite of all sources over a small archive.
func TestArchivesConform(t *testing.T) {
	path := filepath.ToSlash(filepath.Join(t.TempDir(), "a.zip"))
	data := zipFile(t, map[string]string{
		"general/2026-03-04.json": `[{"type":"message","user":"U1","text":"one\ntwo","ts":"1772611920.000100"}]`,
		"users.json":              `[{"id":"U1","real_name":"Ann"}]`, "canvas/a.txt": "x\ny\n",
	})
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for place, text := range map[string]string{
		"general/2026-03-04.json|general/1772611920.000100|type|":    "message",
		"general/2026-03-04.json|general/1772611920.000100|user|":    "U1",
		"general/2026-03-04.json|general/1772611920.000100|text|":    "one\ntwo",
		"general/2026-03-04.json|general/1772611920.000100|ts|":      "1772611920.000100",
		"general/2026-03-04.json|general/1772611920.000100|ts|named": `"ts": "1772611920.000100"`,
		"general/2026-03-04.json|general/1772611920.000100||record":  "{\"type\": \"message\",\n\"user\": \"U1\",\n\"text\": \"one\ntwo\",\n\"ts\": \"1772611920.000100\"}",
		"general/2026-03-04.json|general/top||record":                "[]",
		"users.json|U1|id|":        "U1",
		"users.json|U1|real_name|": "Ann",
		"users.json|U1||record":    "{\"id\": \"U1\",\n\"real_name\": \"Ann\"}",
		"users.json|top||record":   "[]",
		"canvas/a.txt|||":          "x\ny\n",
	} {
		p := strings.Split(place, "|")
		texts[sourcetest.Name(scanner.Location{Path: path + "!" + p[0], Record: p[1], Field: p[2], View: p[3]})] = text
	}
	sourcetest.Run(t, sourcetest.Case{
		Open: func(t *testing.T) scanner.Source {
			src, err := Open(t.Context(), path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			return src
		},
		Texts: texts, Coverage: scanner.Coverage{Seen: map[string]int{"files": 1, "members": 3, "records": 2}},
	})
}

// slackZip writes a Slack export of about that many bytes of messages.
func slackZip(t testing.TB, path string, size, day int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	add := func(name string, write func(w io.Writer) error) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			err = write(w)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("users.json", func(w io.Writer) error {
		_, err := io.WriteString(w, `[{"id":"U0BEN","real_name":"Ben Cho"}]`)
		return err
	})
	var block bytes.Buffer
	for i := range 200 {
		text := fmt.Sprintf("the sync of order %d failed after the deploy &amp; was tried again, see <https://ci.acme.example/%d|the run>", i*7919, i)
		fmt.Fprintf(&block, `%s{"client_msg_id":"0b1c2d3e-0000-4000-8000-%012d","type":"message","text":"%s","user":"U0BEN","ts":"17726%05d.000100","team":"T0ACME",`+
			`"blocks":[{"type":"rich_text","block_id":"b%d","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"%s"}]}]}]}`,
			map[bool]string{true: ",\n"}[i > 0], i, text, i, i, text)
	}
	for sent, n := 0, 0; sent < size; n++ {
		add(fmt.Sprintf("general/20%02d-%02d-%02d.json", n/336%100, n/28%12+1, n%28+1), func(w io.Writer) error {
			begin := "["
			for i := 0; i < day; i += block.Len() {
				if _, err := io.WriteString(w, begin); err != nil {
					return err
				}
				if _, err := w.Write(block.Bytes()); err != nil {
					return err
				}
				begin = ",\n"
				sent += block.Len()
			}
			_, err := io.WriteString(w, "]")
			return err
		})
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestArchiveMemory reads a Slack export whose days are long.
func TestArchiveMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 64 MB")
	}
	path := filepath.Join(t.TempDir(), "a.zip")
	slackZip(t, path, 64<<20, 24<<20)
	src, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		for {
			select {
			case <-done:
				most <- peak
				return
			case <-time.After(20 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	for _, err := range src.Chunks(t.Context()) {
		if err != nil {
			t.Error(err)
		}
	}
	close(done)
	peak := <-most
	t.Logf("the heap held at most %d MiB", peak>>20)
	if peak > 64<<20 {
		t.Errorf("the heap grew to %d MiB", peak>>20)
	}
}

// BenchmarkSlackZip reads a Slack export, and scans it. Bytes are those of the messages.
func BenchmarkSlackZip(b *testing.B) {
	const size = 8 << 20
	path := filepath.Join(b.TempDir(), "a.zip")
	slackZip(b, path, size, 1<<20)
	_, s := finder(b)
	for name, read := range map[string]func(scanner.Source) error{
		"read": func(src scanner.Source) error {
			for _, err := range src.Chunks(b.Context()) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"scan": func(src scanner.Source) error {
			_, err := s.Scan(b.Context(), src, scanner.SinkFunc(func(context.Context, scanner.Finding) error { return nil }))
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				src, err := Open(b.Context(), path, Options{})
				if err == nil {
					err = read(src)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
