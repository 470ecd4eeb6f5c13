package source_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// TestFetched: records are read as the export of their kind is, files with what is in them, and what breaks off is a gap.
func TestFetched(t *testing.T) {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	f, err := z.Create("a.txt")
	if err == nil {
		_, err = f.Write([]byte("in the archive"))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	x, err := source.NewFetched(nil)
	if err != nil {
		t.Fatal(err)
	}
	var texts, gaps []string
	x.Begin(t.Context(), func(c scanner.Chunk, err error) bool {
		if err != nil {
			gaps = append(gaps, err.Error())
		}
		for c := range c.Apart() {
			if err == nil && c.From.View == "" {
				texts = append(texts, strings.Join([]string{c.From.Path, c.From.Record, c.From.Field, c.From.Author, string(c.Data)}, " | "))
			}
		}
		return true
	})
	x.Record("github", "shop", []byte(`{"number": 7, "body": "the text", "user": {"login": "ann"}}`))
	x.Record("github", "shop", []byte(`{"number": 8, "body": "cut`))
	x.File(scanner.Location{Path: "logs.zip"}, bytes.NewReader(archive.Bytes()))
	x.File(scanner.Location{Path: "cut.zip"}, bytes.NewReader(archive.Bytes()[:60]))
	x.File(scanner.Location{Path: "shop.bundle"}, strings.NewReader("# v2 git bundle\n\nPACK"))
	for _, want := range []string{"shop | 7 | body | ann | the text", "logs.zip!a.txt |  |  |  | in the archive"} {
		if !slices.Contains(texts, want) {
			t.Errorf("%q is missing in %q", want, texts)
		}
	}
	if len(gaps) != 3 || !strings.Contains(gaps[0], `export "shop"`) || !strings.Contains(gaps[1], "cut.zip") ||
		!strings.Contains(gaps[2], "git bundle shop.bundle") || !strings.Contains(gaps[2], "quash scan FILE.bundle") {
		t.Errorf("gaps %q", gaps)
	}
	if n := x.Coverage().Seen["records"]; n != 1 {
		t.Errorf("%d records were read whole", n)
	}
}
