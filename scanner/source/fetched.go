package source

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/records"
)

// Fetched gives on what another source fetches: records as the kinds of exports read them, and files with what is in them. It is of one
// range over that source, whose Coverage it counts.
type Fetched struct {
	counter
	e     *emitter
	words *records.Words
}

// NewFetched returns a Fetched for a source that was not ranged over. fields names members of records as [Options].Fields does; another
// meaning than those is an error.
func NewFetched(fields map[string]string) (*Fetched, error) {
	words, err := records.NewWords(fields)
	return &Fetched{words: words}, err
}

// Begin names who is given what is fetched: yield, for the range over the source.
func (f *Fetched) Begin(ctx context.Context, yield func(scanner.Chunk, error) bool) {
	f.e = &emitter{ctx: ctx, yield: yield}
}

// Record gives on one record of an API that is written as an export of that kind is. It reports whether more is wanted.
func (f *Fetched) Record(kind, path string, record []byte) bool {
	for _, x := range records.Formats() {
		if x.Name == kind {
			n, more := x.Read(records.Input{Path: path, Head: record[:min(len(record), headSize)], Text: bytes.NewReader(record), Words: f.words}, exportOut{&f.counter, f.e})
			f.saw("records", n)
			return more && f.e.live()
		}
	}
	panic("source: no kind of export is called " + kind)
}

// File gives on a file: what is in it where it is a container, else its text. It reports whether more is wanted. A file that cannot be
// read to its end is a gap.
func (f *Fetched) File(from scanner.Location, r io.Reader) bool {
	ok, err := f.give(f.e, from, r)
	switch {
	case !ok:
		return false
	case errors.Is(err, errBinary):
		f.skip(skipBinary, 1)
	case err != nil:
		f.saw("files", 1)
		return f.e.gap(unreadable("file "+from.Path, err))
	default:
		f.saw("files", 1)
	}
	return f.e.live()
}

// Gap gives on something that could not be read. It reports whether more is wanted.
func (f *Fetched) Gap(g *scanner.Gap) bool { return f.e.gap(g) }

// Live reports whether more is wanted; where the context is done it yields that.
func (f *Fetched) Live() bool { return f.e.live() }

// Saw and Skip count things by a plural noun: what was read, and what was left out on purpose.
func (f *Fetched) Saw(noun string, n int)    { f.saw(noun, n) }
func (f *Fetched) Skip(reason string, n int) { f.skip(reason, n) }
