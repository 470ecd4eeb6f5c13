package source

import (
	"context"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/records"
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
		return &file{target: t, what: "file " + t.Name, max: o.MaxFile, plain: o.Kind != "", counter: counter{nests: newNesting(o, 0)}}, nil
	},
})

// file is one file, or standard input.
type file struct {
	counter
	target Target
	what   string // its name in a gap
	max    int64
	plain  bool // somebody says that it is no export
}

// Chunks implements scanner.Source.
func (f *file) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		e := &emitter{ctx: ctx, yield: yield, named: true}
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
	if why := f.unlike(); ok && why != "" && !f.plain {
		ok = e.gap(&scanner.Gap{What: f.what, Why: why, Next: "export it again, or scan it as the file that it is: --source " + f.kind()})
	}
	switch {
	case !ok:
	case err != nil:
		f.saw("files", 1)
		e.gap(unreadable(f.what, err))
	default:
		f.saw("files", 1)
	}
}

// kind is the kind that reads the target as no more than a file.
func (f *file) kind() string {
	if f.target.Info == nil {
		return "stdin"
	}
	return "file"
}

// unlike says why a target cannot be the whole export or archive that it is called, or begins as; nothing where it may be. Only of what a
// person named it is asked: among the files of a directory many are broken on purpose.
func (f *file) unlike() string {
	head, name := f.target.Head, f.target.Name
	if f.target.container() != nil {
		return ""
	}
	for _, ext := range [...]string{".zip", ".tar", ".gz", ".tgz"} {
		if strings.EqualFold(filepath.Ext(name), ext) {
			return "it does not begin as a " + ext[1:] + " archive does"
		}
	}
	if len(head) == headSize || isBinary(head) {
		return ""
	}
	return records.Cut(name, withoutZeros(head))
}
