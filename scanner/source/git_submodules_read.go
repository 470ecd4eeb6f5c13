package source

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// submodule is the history of a submodule that is here. Its places have the submodule's folder or repository for a Repository, and the
// submodule's path in the work tree of the target before their own.
type submodule struct {
	*git
	path string
}

// sawSubmodules counts submodules whose history is read.
const sawSubmodules = "submodules"

// submodule makes the source of a submodule's history.
func (g *git) submodule(r *repository, path string) *submodule {
	o := g.options
	o.NoWorktree, o.Past = true, nil
	if g.options.Past != nil {
		o.Past = g.options.Past.Submodules[path]
	}
	return &submodule{&git{repo: r, options: o, counter: counter{nests: newNesting(o, 0), large: r.large(o)}}, path}
}

// ready reads commits and trees, and which blobs HEAD has, by which files of the work tree are known.
func (s *submodule) ready(ctx context.Context, files bool) error {
	s.once.Do(func() {
		if s.err = s.prepareHistory(ctx); s.err == nil && files {
			s.plan.history.readHead()
		}
	})
	return s.err
}

// read gives on part i of n of the history.
func (s *submodule) read(e *emitter, i, n int, files bool) bool {
	err := s.ready(e.ctx, files)
	switch {
	case !e.live():
		return false
	case err != nil:
		return i > 0 || e.gap(s.outwardGap(&scanner.Gap{What: "history", Why: err.Error(), Next: "git fsck --full", Err: err}))
	}
	inner := &emitter{ctx: e.ctx, buf: e.buf, yield: func(c scanner.Chunk, err error) bool {
		if gap := (*scanner.Gap)(nil); errors.As(err, &gap) {
			return e.yield(scanner.Chunk{}, s.outwardGap(gap))
		}
		return e.yield(c.Placed(s.outward), err)
	}}
	ok := gitPart{s.git, i, n}.history(inner) && s.large.gap(inner, n)
	e.buf = inner.buf
	return ok
}

// outward turns a place in the submodule into one in the target.
func (s *submodule) outward(l *scanner.Location) {
	if l.Path != "" {
		l.Path = s.path + "/" + l.Path
	}
}

// inward is the place in the submodule that outward made another of.
func (s *submodule) inward(l scanner.Location) scanner.Location {
	l.Path = strings.TrimPrefix(l.Path, s.path+"/")
	return l
}

// outwardGap is a gap of the submodule as one of the target.
func (s *submodule) outwardGap(g *scanner.Gap) *scanner.Gap {
	next := g.Next
	if rest, ok := strings.CutPrefix(next, "git "); ok {
		next = "git -C " + s.repo.name + " " + rest
	}
	return &scanner.Gap{What: "submodule " + s.path + ": " + g.What, Why: g.Why, Next: next, Err: g.Err}
}

// submoduleOf returns the submodule that a place is in, nil where it is in none.
func (g *git) submoduleOf(l scanner.Location) *submodule {
	if l.Repository == g.repo.name {
		return nil
	}
	for _, s := range g.plan.submodules {
		if s.repo.name == l.Repository {
			return s
		}
	}
	return nil
}

// placeSubmodules adds the places of what stands in submodules.
func (g *git) placeSubmodules(ctx context.Context, at []scanner.Location, places [][]scanner.Location) error {
	var gaps []error
	for _, s := range g.plan.submodules {
		var which []int
		var asked []scanner.Location
		for i, l := range at {
			if g.submoduleOf(l) == s {
				which, asked = append(which, i), append(asked, s.inward(l))
			}
		}
		if len(which) == 0 {
			continue
		}
		found, err := s.placeOwn(ctx, asked)
		if err != nil {
			gaps = append(gaps, s.outwardGap(&scanner.Gap{What: "places of keys", Why: err.Error(), Next: "git fsck --full", Err: err}))
		}
		for k, all := range found {
			for j := range all {
				s.outward(&all[j])
			}
			places[which[k]] = all
		}
	}
	return errors.Join(gaps...)
}

// known reports whether a file of the work tree is read as a part of the history, be it that of a submodule.
func (g *git) known(name string, f io.ReadSeeker, size int64) (bool, error) {
	for dir := path.Dir(name); dir != "." && len(g.plan.submodules) > 0; dir = path.Dir(dir) {
		for _, s := range g.plan.submodules {
			if s.path == dir && s.repo.root != "" {
				return s.knows(name[len(dir)+1:], f, size)
			}
		}
	}
	return g.knows(name, f, size)
}

// knows is known for the files of the repository itself.
func (g *git) knows(name string, f io.ReadSeeker, size int64) (bool, error) {
	if g.plan.history == nil {
		return false, nil
	}
	known, err := g.plan.history.known(name, f, size)
	if known || err != nil {
		return known, err
	}
	return g.smudged(name, f, size)
}

// Coverage implements scanner.Counter: submodules count with the rest.
func (g *git) Coverage() scanner.Coverage {
	var all counter
	add := func(c scanner.Coverage) {
		for what, n := range c.Seen {
			all.saw(what, n)
		}
		for why, n := range c.Skipped {
			all.skip(why, n)
		}
	}
	add(g.counter.Coverage())
	for _, s := range g.plan.submodules {
		add(s.counter.Coverage())
	}
	return all.Coverage()
}

// Close implements io.Closer.
func (g *git) Close() error {
	err := g.counter.Close()
	for _, s := range g.plan.submodules {
		err = errors.Join(err, s.counter.Close())
	}
	return err
}

// pastSubmodules adds to what is remembered what was seen of submodules. Where two stand at one path it is that of the first.
func (g *git) pastSubmodules(ctx context.Context, p *Past) error {
	for _, s := range g.plan.submodules {
		if p.Submodules[s.path] != nil || s.plan.history == nil {
			continue
		}
		var again []string
		for _, name := range p.Again {
			if id, err := pack.ParseID(name); err == nil && s.plan.history.store.Has(id) {
				again = append(again, name)
			}
		}
		past, err := s.Past(ctx, again)
		if err != nil {
			return err
		}
		if p.Submodules == nil {
			p.Submodules = map[string]*Past{}
		}
		p.Submodules[s.path] = past
	}
	return nil
}
