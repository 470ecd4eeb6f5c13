package source

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// maxGiven is how many places of one blob are given; those in HEAD come first, then the oldest.
const maxGiven = 20

// first is what is known of a blob's place while it is read: a path at which it stood, not always the first.
func (h *history) first(id pack.ID, n int32) scanner.Location {
	return scanner.Location{Repository: h.repo.name, Blob: id.String(), Path: h.reading.path(n), Line: 1}
}

// read is the path that a blob is read under.
func (h *history) read(id pack.ID) string { return h.reading.path(h.reading.find(id)) }

func (h *history) commitName(i int32) string {
	if i < 0 {
		return ""
	}
	id := h.id(i)
	return id.String()
}

// Place implements scanner.Placer. A blob that no commit and no reference leads to has no place, unless such are asked for.
func (g *git) Place(ctx context.Context, at []scanner.Location) ([][]scanner.Location, error) {
	own := slices.Clone(at)
	for i, l := range at {
		if g.nests.find(l) != nil || g.submoduleOf(l) != nil {
			own[i] = scanner.Location{}
		}
	}
	places, err := g.placeOwn(ctx, own)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	nested, nestedErr := g.counter.Place(ctx, at)
	for i, all := range nested {
		if all != nil {
			places[i] = all
		}
	}
	return places, errors.Join(err, nestedErr, g.placeSubmodules(ctx, at, places))
}

// placeOwn places what stands in the repository itself.
func (g *git) placeOwn(ctx context.Context, at []scanner.Location) ([][]scanner.Location, error) {
	h := g.plan.history
	if h == nil {
		return make([][]scanner.Location, len(at)), nil
	}
	damage := h.repo.newDamage()
	if err := h.settle(ctx, h.wanted(at), damage); err != nil {
		return nil, err
	}
	placings, err := h.places(ctx, h.wanted(at), damage)
	if err != nil {
		return nil, err
	}
	p := newPlacer(placings, h, damage)
	p.unreached, p.since = g.options.Unreachable, g.options.Since
	defer p.store.Close()
	for _, l := range at {
		p.want(l)
	}
	if err := p.trace(ctx); err != nil {
		return nil, err
	}
	places := make([][]scanner.Location, len(at))
	for i, l := range at {
		places[i] = p.places(l)
	}
	if !p.unreached {
		g.skip(skipUnreachable, len(p.nowhere))
	}
	return places, damage.err()
}

// wanted are the blobs that locations are in.
func (h *history) wanted(at []scanner.Location) map[int32]bool {
	all := map[int32]bool{}
	for _, l := range at {
		if n, ok := h.blob(l); ok {
			all[n] = true
		}
	}
	return all
}

// blob returns the number of the blob that a location is in, false where it is in none.
func (h *history) blob(l scanner.Location) (int32, bool) {
	id, err := pack.ParseID(l.Blob)
	if err != nil {
		return 0, false
	}
	n := h.census.find(id)
	_, tag := h.tagged[id]
	return n, n >= 0 && !tag
}

// placer works out where blobs stood. A spot is a blob at a path; what is asked of one is which references hold it, and
// whether HEAD's tree does.
//
// A reference holds a spot when any commit it reaches does. It is enough to know the commits that brought the spot in:
// whose tree has it and whose first parent's has not. Those are found by comparing each commit's tree with that of its
// first parent, only along the paths that are asked for and only where they differ.
type placer struct {
	*history
	stood  *placings
	store  *pack.Store
	damage *damage

	spots    map[spot]*traced
	messages map[int32]*traced // by commit, whose message is asked for
	order    []*traced
	below    map[int32]map[int32]int32 // by directory and name: the paths asked for in it
	byPath   map[int32][]*traced
	authors  map[int32]signature // by commit
	tips     []tip
	stack    []edge // of compare

	unreached bool            // blobs that nothing leads to have a place too
	since     time.Time       // the places of blobs that came in before are left out
	nowhere   map[string]bool // blobs without a place
}

type spot struct{ blob, path int32 }

// traced is what is known of a spot, or of the message of a commit.
type traced struct {
	spot
	commit int32   // the first that had it, or -1
	enters []int32 // commits that brought it in
	left   int32   // the commit that took it away on the way to HEAD, or -1
	inHead bool
	tips   []int32 // that hold it, until refs has their names
	refs   []string
	named  bool // refs has a branch or a tag
}

func newPlacer(stood *placings, h *history, d *damage) *placer {
	p := &placer{
		history: h, stood: stood, store: h.store.Fork(), damage: d,
		spots: map[spot]*traced{}, messages: map[int32]*traced{}, authors: map[int32]signature{},
		below: map[int32]map[int32]int32{}, byPath: map[int32][]*traced{}, nowhere: map[string]bool{},
	}
	for _, r := range h.refs {
		if c, ok := h.commitOf(r.id); ok {
			p.tips = append(p.tips, tip{r.short(), c, r.rank() == rankOther})
		}
	}
	for _, r := range h.reflogs {
		if c, ok := h.commitOf(r.id); ok {
			p.tips = append(p.tips, tip{r.name, c, true})
		}
	}
	return p
}

// want asks for the places of a location.
func (p *placer) want(l scanner.Location) {
	if c, ok := p.message(l); ok {
		if p.messages[c] == nil {
			p.messages[c] = &traced{commit: c, enters: []int32{c}, left: -1}
			p.order = append(p.order, p.messages[c])
		}
		return
	}
	n, ok := p.blob(l)
	if !ok {
		return
	}
	for _, b := range p.stood.of(n) {
		s := spot{n, b.path}
		if p.spots[s] != nil {
			continue
		}
		t := &traced{spot: s, commit: b.commit, left: -1}
		if !p.stood.cut {
			t.enters = b.enters
		}
		p.spots[s] = t
		p.order = append(p.order, t)
		p.byPath[b.path] = append(p.byPath[b.path], t)
		p.along(b.path)
	}
}

// along makes compare look at every part of a path.
func (p *placer) along(path int32) {
	for _, part := range p.stood.paths.parts(path) {
		n := p.stood.paths.nodes[part]
		if p.below[n.parent] == nil {
			p.below[n.parent] = map[int32]int32{}
		}
		p.below[n.parent][n.name] = part
	}
}

// message returns the commit whose message a location is in. The message of a tag is placed when it is read.
func (p *placer) message(l scanner.Location) (int32, bool) {
	if l.Field != messageField || l.Blob != "" {
		return 0, false
	}
	id, _ := pack.ParseID(l.Commit)
	return p.commit(id)
}

// places returns the places of a location; nil where it needs none.
func (p *placer) places(l scanner.Location) []scanner.Location {
	if c, ok := p.message(l); ok {
		l.Refs, l.Unreachable = p.messages[c].refs, p.isLost(c)
		return []scanner.Location{l}
	}
	n, ok := p.blob(l)
	switch {
	case !ok && (l.Blob == "" || l.Field == messageField):
		return nil
	case !ok:
		return p.unreachable(l)
	case len(p.stood.of(n)) == 0:
		return p.byName(l, p.census.id(n))
	case p.older(p.stood.of(n)):
		return []scanner.Location{}
	}
	var all []*traced
	for _, b := range p.stood.of(n) {
		all = append(all, p.spots[spot{n, b.path}])
	}
	slices.SortStableFunc(all, func(a, b *traced) int {
		if a.inHead != b.inHead {
			return map[bool]int{true: -1, false: 1}[a.inHead]
		}
		return cmp.Compare(a.commit, b.commit)
	})
	places := []scanner.Location{}
	member := strings.TrimPrefix(l.Path, p.read(p.census.id(n))) // in a container
	for _, t := range all[:min(len(all), maxGiven)] {
		at := l
		at.Path, at.Commit, at.InHead, at.Refs = p.stood.paths.path(t.path, p.census.names)+member, p.commitName(t.commit), t.inHead, t.refs
		at.Unreachable = p.isLost(t.commit)
		if t.left >= 0 {
			at.Removed, at.RemovedIn = time.Unix(p.commits[t.left].when, 0).UTC(), p.commitName(t.left)
		}
		places = append(places, signed(at, p.author(t.commit)))
	}
	return places
}

// byName returns the place of a blob that no tree of a commit has: references may name it.
func (p *placer) byName(l scanner.Location, id pack.ID) []scanner.Location {
	l.Refs = nil
	for _, r := range p.refs {
		if p.peel(r.id) == id {
			l.Refs = append(l.Refs, r.short())
		}
	}
	if len(l.Refs) == 0 {
		return p.unreachable(l)
	}
	return []scanner.Location{l}
}

// author reads who made a commit.
func (p *placer) author(i int32) signature {
	s, ok := p.authors[i]
	if ok || i < 0 {
		return s
	}
	id := p.id(i)
	o, err := p.store.Object(id)
	if err == nil {
		var c commit
		c, err = parseCommit(o.Data)
		s = p.mailmap.known(c.author)
	}
	if err != nil {
		p.damage.add("commit", id, err)
	}
	p.authors[i] = s
	return s
}

// trace finds where the spots came in, and which references hold them.
func (p *placer) trace(ctx context.Context) error {
	if p.stood.cut {
		if err := p.enter(ctx); err != nil {
			return err
		}
	}
	p.hold()
	if head := p.head(); head >= 0 && len(p.byPath) > 0 {
		p.compare(p.commits[head].tree, -1, 0, func(t *traced) { t.inHead = true })
		p.leave(head)
		return p.leaveElsewhere(ctx, head)
	}
	return nil
}

// enter finds the commits that brought the spots in, on all processors.
func (p *placer) enter(ctx context.Context) error {
	if len(p.byPath) == 0 {
		return nil
	}
	type entering struct {
		spot   *traced
		commit int32
	}
	parts := make([][]entering, (len(p.commits)+together-1)/together)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		group.Go(func() error {
			q := *p
			q.stood, q.stack = p.stood.fork(), nil
			for part := int(next.Add(1)) - 1; part < len(parts) && ctx.Err() == nil; part = int(next.Add(1)) - 1 {
				for i := part * together; i < min((part+1)*together, len(p.commits)); i++ {
					q.compare(p.commits[i].tree, p.before(i), 0, func(t *traced) { parts[part] = append(parts[part], entering{t, int32(i)}) })
				}
			}
			return ctx.Err()
		})
	}
	err := group.Wait()
	for _, e := range slices.Concat(parts...) {
		e.spot.enters = append(e.spot.enters, e.commit)
	}
	return err
}

// before is the tree of a commit's first parent, -1 where it has none.
func (h *history) before(commit int) int32 {
	parents := h.commits[commit].parents
	if len(parents) == 0 {
		return -1
	}
	return h.commits[parents[0]].tree
}

// leave finds the commits that took spots out of HEAD's line of first parents, of several of one spot the last.
func (p *placer) leave(head int32) {
	for i := head; len(p.commits[i].parents) > 0; i = p.commits[i].parents[0] {
		before := p.commits[p.commits[i].parents[0]]
		p.compare(before.tree, p.commits[i].tree, 0, func(t *traced) {
			if !t.inHead && t.left < 0 {
				t.left = i
			}
		})
	}
}

// compare calls found for the spots that a tree has below path and the tree before it has not.
func (p *placer) compare(tree, before, path int32, found func(*traced)) {
	below := p.below[path]
	if tree == before || below == nil {
		return
	}
	from := len(p.stack)
	var was []edge
	p.stack, was = p.stood.changes(tree, before, p.stack)
	old := map[int32]int32{}
	for _, e := range was {
		if child, ok := below[e.name]; ok {
			old[child] = e.child
		}
	}
	for i, to := from, len(p.stack); i < to; i++ {
		e := p.stack[i]
		if child, ok := below[e.name]; ok {
			p.differ(e.child, child, old, found)
		}
	}
	p.stack = p.stack[:from]
}

// differ is compare for what a tree has at a path. old is what the tree before has there, by path.
func (p *placer) differ(n, path int32, old map[int32]int32, found func(*traced)) {
	was, there := old[path]
	switch {
	case there && was == n:
	case !p.stood.wanted[n]:
		if !there || p.stood.wanted[was] {
			was = -1
		}
		p.compare(n, was, path, found)
	default:
		for _, t := range p.byPath[path] {
			if t.blob == n {
				found(t)
			}
		}
	}
}
