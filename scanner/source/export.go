package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/records"
	"github.com/quash-sh/quash/scanner/source/internal/unpack"
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
			if !t.IsFile() {
				return ScoreNone
			}
			if isBinary(t.Head) && !damaged(f, t.Name, t.Head) {
				return ScoreNone
			}
			return f.Score(t.Name, withoutZeros(t.Head))
		},
		Open: func(_ context.Context, t Target, o Options) (scanner.Source, error) { return openExport(f, t, o) },
	}
}

func openExport(f *records.Format, t Target, o Options) (scanner.Source, error) {
	why := ""
	switch {
	case !t.IsFile():
		why = "it is no file"
	case isBinary(t.Head) && !damaged(f, t.Name, t.Head):
		why = "it holds zero bytes"
	default:
		why = f.Refuse(withoutZeros(t.Head))
	}
	if why != "" {
		return nil, &Mismatch{Target: t.Name, Kind: f.Title, Why: why}
	}
	words, err := records.NewWords(o.Fields)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", t.Name, err)
	}
	return &export{format: f, target: t, words: words, max: o.MaxFile, progress: o.Progress, counter: counter{nests: newNesting(o, 0)}}, nil
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
	if isBinary(head) && (unpack.Find(head, name) != nil || mostZeros(head)) {
		return nil
	}
	return records.Surely(name, withoutZeros(head))
}

// mostZeros reports whether a file that begins with head has more zero bytes than damage leaves in a text.
func mostZeros(head []byte) bool { return bytes.Count(head, []byte{0}) > len(head)/64+1 }

// damaged reports whether a file with zero bytes looks like an export of a format all the same: it is read, since what else it holds would
// not be seen.
func damaged(f *records.Format, name string, head []byte) bool {
	return !mostZeros(head) && f.Score(name, withoutZeros(head)) >= ScoreLikely
}

// withoutZeros is head with blanks for the zero bytes of a damaged text. That of a text in UTF-16 stays as it is.
func withoutZeros(head []byte) []byte {
	if !hasZeros(head) {
		return head
	}
	return bytes.ReplaceAll(head, []byte{0}, []byte{' '})
}

// records gives on a file as records where it is surely an export. It returns false where it is not. f gives the file from the
// first byte, and begins with head; again, where it is not nil, gives it once more.
func (c *counter) records(e *emitter, path string, head []byte, f, again io.Reader) (is, ok bool) {
	x, around := c.formatOf(path, head)
	if x == nil {
		return false, true
	}
	if around != nil {
		again = nil // what others need of it is known
	}
	n, ok := x.Read(records.Input{Path: path, Head: head, Text: f, Again: again, Around: around}, exportOut{c, e})
	c.saw("records", n)
	return true, ok
}
