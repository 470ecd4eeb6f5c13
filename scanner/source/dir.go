package source

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/quash-sh/quash/scanner"
)

var _ = register(Kind{
	Name:  "dir",
	Title: "a directory",
	Detect: func(_ context.Context, t Target) int {
		if t.IsDir() {
			return ScoreFallback
		}
		return ScoreNone
	},
	Open: func(_ context.Context, t Target, o Options) (scanner.Source, error) {
		if !t.IsDir() {
			return nil, &Mismatch{Target: t.Name, Kind: "a directory"}
		}
		return newDir(t, o), nil
	},
})

// dir is the files of a directory. What .gitignore files, .git/info/exclude and the user's excludes file name is left
// out, unless git tracks it. Symbolic links are not followed.
type dir struct {
	counter
	root    string
	options Options

	once sync.Once
	walk *walk
	err  error
	done atomic.Int64
}

func newDir(t Target, o Options) *dir {
	return &dir{root: t.Name, options: o, counter: counter{nests: newNesting(o, 0)}}
}

// Chunks implements scanner.Source.
func (d *dir) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return dirPart{d, 0, 1}.Chunks(ctx)
}

// Split implements scanner.Splitter: the parts share the list of files, and each reads a run of it.
func (d *dir) Split(n int) []scanner.Source {
	parts := make([]scanner.Source, n)
	for i := range parts {
		parts[i] = dirPart{d, i, n}
	}
	return parts
}

// dirPart is part i of n of a directory.
type dirPart struct {
	*dir
	i, n int
}

// Chunks implements scanner.Source.
func (p dirPart) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		e := &emitter{ctx: ctx, yield: yield}
		p.once.Do(func() { p.prepare(ctx) })
		if p.err != nil {
			yield(scanner.Chunk{}, p.err)
			return
		}
		if p.i == 0 && !e.gaps(p.walk.gaps) {
			return
		}
		t := &tree{counter: &p.counter, root: p.root, files: p.walk.files, max: p.options.MaxFile, step: p.step}
		if t.read(e, share(t.files, p.i, p.n)) {
			p.large.gap(e, p.n)
		}
	}
}

// prepare lists the files. The history of a repository around the directory is not read, which is counted.
func (d *dir) prepare(ctx context.Context) {
	if r, _ := enclosing(d.root); r != nil {
		d.skip(skipHistory, 1)
		d.large = r.large(d.options)
	}
	if d.walk, d.err = listFiles(ctx, d.root, &d.counter, d.options); d.err == nil {
		d.skip(skipHistory, len(d.walk.histories))
		d.findFolders(d.root, d.walk.files)
	}
}

func (d *dir) step() {
	n, total := int(d.done.Add(1)), len(d.walk.files)
	if d.options.Progress != nil && (n%16 == 0 || n == total) {
		d.options.Progress(Progress{Stage: "files", Done: n, Total: total})
	}
}
