package source

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// bundle gives on the history in a file that begins with head, where that is a git bundle. whole gives the file from its first byte. A bundle in
// the history of a repository is a container there: what it holds, of whatever commit, came in with the bundle.
func (c *counter) bundle(e *emitter, from scanner.Location, head []byte, whole io.Reader) (is, ok bool) {
	if !isBundle(from.Path, head) {
		return false, true
	}
	n := c.nests
	switch {
	case n == nil, from.Blob != "" && n.depth == deepestNested:
		c.skip(skipHistory, 1)
		return true, e.gap(&scanner.Gap{What: "git bundle " + from.Path, Why: "the history in it is not read where it stands", Next: nextNamed})
	case n.options.NoHistory:
		c.skip(skipHistory, 1)
		return true, true
	case from.Blob != "":
		n = newNesting(n.options, n.depth+1)
		defer func() { _ = n.close() }() // the system clears its folder for temporary files
	}
	at, gap := n.unbundle(e.ctx, from.Path, whole)
	if gap != nil && !e.gap(gap) {
		return true, false
	}
	return true, e.live() && (at == nil || c.nest(e, n, at, from))
}

// open opens a repository that was kept.
func (n *nesting) open(at *nested) (*git, error) {
	r := &repository{name: at.path, gitDir: at.dir, commonDir: at.dir}
	if err := r.open(n.options); err != nil {
		return nil, err
	}
	r.told = at.part
	return &git{repo: r, options: n.options, counter: counter{nests: newNesting(n.options, n.depth)}}, nil
}

// nest gives on the history of a repository that was kept. from is the file that it stands in.
func (c *counter) nest(e *emitter, n *nesting, at *nested, from scanner.Location) bool {
	outward := func(l *scanner.Location) { at.within(from, l) }
	if from.Blob == "" {
		outward = at.outward
		n.add(at)
	}
	g, err := n.open(at)
	if err != nil {
		return e.gap(at.gap(err))
	}
	for chunk, err := range g.Chunks(e.ctx) {
		switch gap := (*scanner.Gap)(nil); {
		case err == nil:
			if !e.chunk(chunk.Placed(outward)) {
				return false
			}
		case errors.As(err, &gap):
			if !e.gap(at.inner(gap)) {
				return false
			}
		default:
			return e.gap(at.gap(err))
		}
	}
	seen := g.Coverage()
	for what, count := range seen.Seen {
		c.saw(what, count)
	}
	for why, count := range seen.Skipped {
		c.skip(why, count)
	}
	c.saw(sawNested, 1)
	return e.live()
}

// sawNested counts repositories that stand in files.
const sawNested = "repositories"

// gap says that a repository cannot be read.
func (at *nested) gap(err error) *scanner.Gap {
	return &scanner.Gap{What: at.what, Why: err.Error(), Next: nextClone, Err: err}
}

// inner is a gap in the repository, as a gap of the file that it stands in.
func (at *nested) inner(g *scanner.Gap) *scanner.Gap {
	return &scanner.Gap{What: at.what + ": " + g.What, Why: g.Why, Next: "make it again, or accept what is missing", Err: g.Err}
}

// outward turns a place in the repository into one in the file that it stands in.
func (at *nested) outward(l *scanner.Location) {
	l.Repository = at.path
	if l.Path != "" {
		l.Path = unpack.Separator + l.Path
	}
	l.Path = at.path + l.Path
}

// within turns a place in the repository into one in a blob of another.
func (at *nested) within(from scanner.Location, l *scanner.Location) {
	offset, line, view, path := l.Offset, l.Line, l.View, l.Path
	*l = from
	l.Offset, l.Line, l.View = offset, line, view
	if path != "" {
		l.Path += unpack.Separator + path
	}
}

// inward is the place in the repository that outward made another of.
func (at *nested) inward(l scanner.Location) scanner.Location {
	l.Path = l.Path[min(len(at.path), len(l.Path)):]
	if l.Path != "" {
		l.Path = l.Path[len(unpack.Separator):]
	}
	return l
}

// Place implements scanner.Placer for keys in repositories that stand in files.
func (c *counter) Place(ctx context.Context, at []scanner.Location) ([][]scanner.Location, error) {
	places := make([][]scanner.Location, len(at))
	if c.nests == nil {
		return places, nil
	}
	of := map[string][]int{}
	for i, l := range at {
		if c.nests.find(l) != nil {
			of[l.Repository] = append(of[l.Repository], i)
		}
	}
	var gaps []error
	for _, path := range slices.Sorted(maps.Keys(of)) {
		asked := make([]scanner.Location, len(of[path]))
		n := c.nests.find(scanner.Location{Repository: path})
		for k, i := range of[path] {
			asked[k] = n.inward(at[i])
		}
		found, err := c.nests.place(ctx, n, asked)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			gaps = append(gaps, n.inner(&scanner.Gap{What: "places of keys", Why: err.Error(), Err: err}))
		}
		for k := range found {
			for j := range found[k] {
				n.outward(&found[k][j])
			}
			places[of[path][k]] = found[k]
		}
	}
	return places, errors.Join(gaps...)
}

// add makes a repository known to find.
func (n *nesting) add(at *nested) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.found[at.path] = at
}

// find returns the repository that a place is in, nil where it is in none that was kept.
func (n *nesting) find(l scanner.Location) *nested {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.found[l.Repository]
}

// place asks a repository for places in it. Where it cannot be read any more, they stay what they are.
func (n *nesting) place(ctx context.Context, at *nested, asked []scanner.Location) ([][]scanner.Location, error) {
	g, err := n.open(at)
	if err == nil {
		err = g.prepare(ctx)
	}
	if err != nil {
		return nil, err
	}
	return g.placeOwn(ctx, asked)
}
