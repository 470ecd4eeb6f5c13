package source

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/records"
)

var _ = registerExports()

// registerExports makes a kind of each format of exports.
func registerExports() struct{} {
	for _, f := range records.Formats() {
		register(exportKind(f))
	}
	return struct{}{}
}

// exportKind returns the kind that reads files of a format.
func exportKind(f *records.Format) Kind {
	return Kind{
		Name:  f.Name,
		Title: f.Title,
		Detect: func(_ context.Context, t Target) int {
			if !t.IsFile() || isBinary(t.Head) {
				return ScoreNone
			}
			return f.Score(t.Name, t.Head)
		},
		Open: func(_ context.Context, t Target, o Options) (scanner.Source, error) { return openExport(f, t, o) },
	}
}

func openExport(f *records.Format, t Target, o Options) (scanner.Source, error) {
	why := ""
	switch {
	case !t.IsFile():
		why = "it is no file"
	case isBinary(t.Head):
		why = "it holds zero bytes"
	default:
		why = f.Refuse(t.Head)
	}
	if why != "" {
		return nil, &Mismatch{Target: t.Name, Kind: f.Title, Why: why}
	}
	words, err := records.NewWords(o.Fields)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", t.Name, err)
	}
	return &export{format: f, target: t, words: words, max: o.MaxFile, progress: o.Progress}, nil
}

// export is a file of records.
type export struct {
	counter
	format   *records.Format
	target   Target
	words    *records.Words
	max      int64
	progress func(Progress)
}

// Chunks implements scanner.Source.
func (x *export) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		e := &emitter{ctx: ctx, yield: yield}
		if info := x.target.Info; x.max > 0 && info != nil && info.Mode().IsRegular() && info.Size() > x.max {
			x.skip(skipLarge, 1)
			e.gap(tooLarge("export "+x.target.Name, info.Size(), x.max))
			return
		}
		f, err := x.target.Open(ctx)
		if err != nil {
			yield(scanner.Chunk{}, err)
			return
		}
		defer f.Close()
		in := records.Input{Path: filepath.ToSlash(x.target.Name), Head: x.target.Head, Text: f, Words: x.words, Again: again(f)}
		if x.progress != nil {
			in.Progress = func(done, total int) { x.progress(Progress{Stage: "records", Done: done, Total: total}) }
		}
		n, _ := x.format.Read(in, exportOut{&x.counter, e})
		x.saw("files", 1)
		x.saw("records", n)
	}
}

// exportOut gives on what is read of an export.
type exportOut struct {
	c *counter
	e *emitter
}

// Chunk implements records.Out.
func (o exportOut) Chunk(c scanner.Chunk) bool { return o.e.chunk(c) }

// File implements records.Out.
func (o exportOut) File(from scanner.Location, r io.Reader) bool { return o.c.attachment(o.e, from, r) }

// Gap implements records.Out.
func (o exportOut) Gap(g *scanner.Gap) bool { return o.e.gap(g) }

// exportFormat returns the format of a file of that name that begins with head, if it is surely an export, and else nil.
func exportFormat(name string, head []byte) *records.Format {
	if isBinary(head) {
		return nil
	}
	return records.Surely(name, head)
}

// records gives on a file as records where it is surely an export. It returns false where it is not. f gives the file from the
// first byte, and begins with head; again, where it is not nil, gives it once more.
func (c *counter) records(e *emitter, path string, head []byte, f, again io.Reader) (is, ok bool) {
	x := exportFormat(path, head)
	if x == nil {
		return false, true
	}
	n, ok := x.Read(records.Input{Path: path, Head: head, Text: f, Again: again}, exportOut{c, e})
	c.saw("records", n)
	return true, ok
}
