package scanner

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// run is one Scan under way.
type run struct {
	scanner *Scanner
	sink    Sink
	placer  Placer
	sifter  Sifter
	stats   Stats
	keys    map[ID]struct{}
	// seen are the places already handed on: a key that several views of one field show is there once.
	seen map[place]struct{}
	// held are findings that can be placed only after everything was read.
	held []pending
}

// place is a key's place in an export, for telling the same key in another view of the same field, or in history.
type place struct {
	id                  ID
	path, record, field string
	// allowed findings are apart from others, which are the same whether these are kept or not.
	allowed bool
}

// part is what one part of a source gave. Its worker fills it; the run takes it when its turn has come.
type part struct {
	findings chan pending
	gaps     []Gap
	stats    Stats
	err      error
}

// partsPerWorker is how many parts a source is asked for, per worker, so that an uneven split still keeps all busy.
const partsPerWorker = 8

// read searches all parts of a source, some at a time, and takes their findings in the order of the parts.
func (r *run) read(ctx context.Context, src Source) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sources := []Source{src}
	if sp, ok := src.(Splitter); ok && r.scanner.opts.Workers > 1 {
		sources = sp.Split(r.scanner.opts.Workers * partsPerWorker)
	}
	parts := make([]*part, len(sources))
	for i := range parts {
		parts[i] = &part{findings: make(chan pending, 64)}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	next := make(chan int)
	wg.Go(func() { deal(ctx, next, parts) })
	for range min(r.scanner.opts.Workers, len(sources)) {
		wg.Go(func() {
			for i := range next {
				r.scanner.search(ctx, sources[i], parts[i])
				close(parts[i].findings)
			}
		})
	}
	return r.collect(ctx, parts)
}

// deal hands out the parts in order, so that the one whose turn it is always has a worker.
func deal(ctx context.Context, next chan<- int, parts []*part) {
	defer close(next)
	for i := range parts {
		select {
		case next <- i:
		case <-ctx.Done():
			for _, p := range parts[i:] {
				p.err = context.Cause(ctx)
				close(p.findings)
			}
			return
		}
	}
}

func (r *run) collect(ctx context.Context, parts []*part) error {
	for _, p := range parts {
		for f := range p.findings {
			if err := r.take(ctx, f); err != nil {
				return err
			}
		}
		r.stats.Bytes += p.stats.Bytes
		r.stats.Chunks += p.stats.Chunks
		r.stats.Allowed += p.stats.Allowed
		r.stats.Unsure += p.stats.Unsure
		r.stats.Whole += p.stats.Whole
		r.stats.Gaps = append(r.stats.Gaps, p.gaps...)
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// search reads one part to its end.
func (s *Scanner) search(ctx context.Context, src Source, p *part) {
	views := s.viewer()
	defer s.index.viewers.Put(views)
	var t *viewed
	emit := func(c candidate) {
		f, ok := s.keep(c, &p.stats)
		if !ok {
			return
		}
		select {
		case p.findings <- f:
		case <-ctx.Done():
		}
	}
	gap := func(g Gap) { p.gaps = append(p.gaps, g) }
	for c, err := range src.Chunks(ctx) {
		if gap := (*Gap)(nil); errors.As(err, &gap) {
			p.gaps = append(p.gaps, *gap)
			continue
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			p.err = err
			return
		}
		if c.At != nil {
			views.texts(s.index, c, emit, gap)
			s.count(c, &p.stats)
			continue
		}
		whole := t == nil
		if whole {
			t = views.text(s.index, c.From, emit, gap)
		}
		if c.Memo != nil && !c.More && whole {
			if !t.feedFrom(c, s.minRun) {
				p.stats.Whole++
			}
			if t.raw.effort.over || t.dear {
				c.Memo.Reset() // what was given up is known of no other text
			}
		} else {
			t.feed(c.Data, !c.More)
		}
		if !c.More {
			t = nil
		}
		s.count(c, &p.stats)
	}
	if t != nil { // the source ended inside a text
		t.feed(nil, true)
	}
}

func (s *Scanner) count(c Chunk, st *Stats) {
	st.Bytes += int64(len(c.Data))
	st.Chunks++
	if s.opts.Progress != nil {
		s.opts.Progress(c.From, len(c.Data))
	}
}

// keep identifies a candidate and counts it when it is not wanted.
func (s *Scanner) keep(c candidate, st *Stats) (pending, bool) {
	if !s.confident(c) {
		st.Unsure++
		return pending{}, false
	}
	if s.opts.Noted != nil {
		s.opts.Noted(c.finding.At)
	}
	if c.allowed && !s.opts.KeepAllowed {
		st.Allowed++
		return pending{}, false
	}
	f := pending{s.identified(c), c.places}
	f.Allowed = c.allowed || s.opts.Allow != nil && s.opts.Allow.Allowed(f.Finding)
	if f.Allowed && !s.opts.KeepAllowed {
		st.Allowed++
		return pending{}, false
	}
	return f, true
}

// take holds a finding back until it can be placed, or hands it on. What the source was not asked about is dropped.
func (r *run) take(ctx context.Context, f pending) error {
	if r.sifter != nil {
		if asked, err := r.sifter.Sift(ctx, f.At); err != nil || !asked {
			return err
		}
	}
	if r.placer != nil && (f.At.Blob != "" || f.At.Commit != "") {
		r.held = append(r.held, f)
		return nil
	}
	if f.At.Record != "" && r.seenBefore(f.Finding) || f.At.Record == "" && r.seenApart(f.Finding) {
		return nil
	}
	return r.hand(ctx, f)
}

// seenApart reports whether a key of a container's member, which shows in a text put together from it, was handed on as it stands there;
// and remembers where keys stand. A member's own text comes before what is put together.
func (r *run) seenApart(f Finding) bool {
	if !strings.Contains(f.At.Path, memberMark) {
		return false
	}
	at := place{id: f.ID, path: f.At.Path, allowed: f.Allowed}
	if f.At.View == ViewJoined || strings.HasPrefix(f.At.View, ViewJoined+">") {
		_, seen := r.seen[at]
		return seen
	}
	r.seen[at] = struct{}{}
	return false
}

// memberMark stands, in a path, between a container and a member of it.
const memberMark = "!"

// seenBefore reports whether an export's key was handed on for the same field in another view, or, where this view shows the
// record's fields anew, for any field of the record; and remembers it.
func (r *run) seenBefore(f Finding) bool {
	field := place{f.ID, f.At.Path, f.At.Record, f.At.Field, f.Allowed}
	whole := place{f.ID, f.At.Path, f.At.Record, "", f.Allowed}
	_, inField := r.seen[field]
	_, inRecord := r.seen[whole]
	if inField || inRecord && (f.At.View == ViewRecord || f.At.View == ViewJoined) {
		return true
	}
	r.seen[field], r.seen[whole] = struct{}{}, struct{}{}
	return false
}

func (r *run) hand(ctx context.Context, f pending) error {
	if exclude := r.scanner.opts.Exclude; exclude != nil && f.At.Path != "" && exclude(f.At.Path) {
		r.stats.Excluded++
		return nil
	}
	if !f.places.Hold(f.At.Path) {
		return nil
	}
	f.At = f.At.without(f.Parts)
	if !f.Allowed {
		r.stats.Findings++
		r.keys[f.ID] = struct{}{}
		r.stats.Keys = len(r.keys)
	}
	return r.sink.Finding(ctx, f.Finding)
}

// place asks the source where in history the held findings stand and hands each key on once a path: at the commit that
// brought it there.
func (r *run) place(ctx context.Context) error {
	if len(r.held) == 0 {
		return nil
	}
	slices.SortStableFunc(r.held, func(a, b pending) int { // workers hold them in any order
		return cmp.Or(cmp.Compare(a.At.Blob, b.At.Blob), cmp.Compare(a.At.Commit, b.At.Commit), cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Offset, b.At.Offset))
	})
	at := make([]Location, len(r.held))
	for i, f := range r.held {
		at[i] = f.At
	}
	places, err := r.placer.Place(ctx, at)
	if err := r.gapsOf(err); err != nil {
		return err
	}
	for _, f := range merge(r.held, places) {
		if err := r.hand(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// gapsOf takes the gaps out of an error, which may join several, and returns the rest of it.
func (r *run) gapsOf(err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var rest []error
		for _, e := range joined.Unwrap() {
			rest = append(rest, r.gapsOf(e))
		}
		return errors.Join(rest...)
	}
	if gap := (*Gap)(nil); errors.As(err, &gap) {
		r.stats.Gaps = append(r.stats.Gaps, *gap)
		return nil
	}
	return err
}

// merge makes one finding for each key and path of what may be many versions of a file: as it was found at its first commit, with all
// refs that have a version of it. Each message of a commit or tag is a place of its own. What has no place at all is dropped.
func merge(held []pending, places [][]Location) []pending {
	first := map[place]*pending{}
	var order []*pending
	for i, f := range held {
		all := places[i]
		if all == nil {
			all = []Location{f.At}
		}
		for _, at := range all {
			p := place{id: f.ID, path: at.Path, field: at.Field, allowed: f.Allowed}
			if at.Field != "" {
				p.record = at.Blob + at.Commit
			}
			g, ok := first[p]
			if !ok {
				g = &pending{}
				*g = f
				g.At = at
				first[p] = g
				order = append(order, g)
				continue
			}
			both := joined(g.At, at)
			if older(at, g.At) {
				*g = f
			}
			g.At = both
		}
	}
	slices.SortStableFunc(order, func(a, b *pending) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), a.At.Time.Compare(b.At.Time), cmp.Compare(a.At.Offset, b.At.Offset))
	})
	out := make([]pending, len(order))
	for i, f := range order {
		out[i] = *f
	}
	return out
}

// older reports whether a place of a key goes before another at the same path: the older one, but one that references lead to before
// one that is in the object store alone.
func older(a, b Location) bool {
	if a.Unreachable != b.Unreachable {
		return b.Unreachable
	}
	return !a.Time.IsZero() && (b.Time.IsZero() || a.Time.Before(b.Time))
}

// joined is the older of two places of a key at one path, with what is known of both.
func joined(a, b Location) Location {
	if older(b, a) {
		a, b = b, a
	}
	a.InHead = a.InHead || b.InHead
	if b.Removed.After(a.Removed) {
		a.Removed, a.RemovedIn = b.Removed, b.RemovedIn
	}
	if a.InHead {
		a.Removed, a.RemovedIn = time.Time{}, ""
	}
	a.Refs = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Refs, b.Refs))))
	return a
}
