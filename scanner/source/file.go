package source

import (
	"context"
	"errors"
	"io"
	"iter"
	"path/filepath"

	"github.com/quash-sh/quash/scanner"
)

var _ = register(Kind{
	Name:  "file",
	Title: "a file",
	Detect: func(_ context.Context, t Target) int {
		if t.Info != nil && t.IsFile() {
			return ScoreFallback
		}
		return ScoreNone
	},
	Open: func(_ context.Context, t Target, o Options) (scanner.Source, error) {
		if !t.IsFile() {
			return nil, &Mismatch{Target: t.Name, Kind: "a file"}
		}
		return &file{target: t, what: "file " + t.Name, max: o.MaxFile}, nil
	},
})

// file is one file, or standard input.
type file struct {
	counter
	target Target
	what   string // its name in a gap
	max    int64
}

// Chunks implements scanner.Source.
func (f *file) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		e := &emitter{ctx: ctx, yield: yield}
		if f.target.stream == nil && f.max > 0 && f.target.Info.Size() > f.max {
			f.skip(skipLarge, 1)
			e.gap(tooLarge(f.what, f.target.Info.Size(), f.max))
			return
		}
		r, err := f.target.Open(ctx)
		if err != nil {
			yield(scanner.Chunk{}, err)
			return
		}
		defer r.Close()
		f.read(e, r)
	}
}

func (f *file) read(e *emitter, r io.Reader) {
	ok, err := f.give(e, scanner.Location{Path: filepath.ToSlash(f.target.Name), Line: 1}, r)
	switch {
	case !ok:
	case errors.Is(err, errBinary):
		f.skip(skipBinary, 1)
	case err != nil:
		f.saw("files", 1)
		e.gap(unreadable(f.what, err))
	default:
		f.saw("files", 1)
	}
}
