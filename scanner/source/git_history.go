package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

const (
	// maxPlaces bounds the paths that are remembered of one blob, and of one tree. A repository of a few hundred bytes can
	// describe more paths than can be visited; the bound costs places of a blob, never a blob.
	maxPlaces = 64
	// maxDepth is the deepest path that is followed, as deep as git itself goes.
	maxDepth = 2048
)

// history is what the references of a repository reach: commits and tags, read one by one, and what the trees say of the
// objects (census). No blob is read for it. Which paths a blob stood at, and since when, is worked out for those blobs alone that keys
// were found in (git_place.go).
type history struct {
	repo     *repository
	store    *pack.Store
	families []pack.Family
	objects  int // in packs
	refs     []ref
	gaps     []*scanner.Gap
	census   *census
	reading  *census   // when the first object was read
	recalled *recalled // where the past spares the census; nil: the census is whole
	last     *pruned   // what was asked for last

	commits  []revision // parents before children; of equals the older first; those that no reference reaches come last
	keys     *keyring
	commitAt map[int32]int32 // by key
	tags     []pack.ID
	tagged   map[pack.ID]pack.ID // by tag: the object that it names
	roots    []pack.ID           // trees that references name
	blobs    []pack.ID           // that references name
	inHead   map[string]pack.ID  // by path: the blobs of HEAD
	only     []pack.ID           // the objects to be read, where not all are; nil: all
	mailmap  mailmap             // of HEAD
	lostTags map[pack.ID]bool    // of tagged: those that no reference reaches
	reflogs  []ref               // entries that no reference reaches

	looseLost []pack.ID // objects outside packs, where those that nothing reaches are read too
}

// readHistory reads commits and trees.
func readHistory(ctx context.Context, r *repository, o Options, progress func(stage string, done, total int)) (*history, error) {
	h := &history{repo: r, tagged: map[pack.ID]pack.ID{}, lostTags: map[pack.ID]bool{}}
	var problems []pack.Problem
	h.store, problems = r.objects()
	h.keys = newKeyring(h.store)
	defer h.store.Close()
	h.unreadable(problems)
	known, o := h.trusted(o)
	if len(problems) > 0 {
		known = nil
	}
	if known == nil {
		h.survey()
	}
	refs, gaps, err := r.refs(ctx)
	if err != nil {
		return nil, err
	}
	h.refs = refs
	h.gaps = append(h.gaps, gaps...)
	h.pin()
	damage := r.newDamage()
	l := &loader{history: h, progress: progress, damage: damage, known: known.byName()}
	if err := l.load(ctx, o.Unreachable); err != nil {
		return nil, err
	}
	if err := h.shape(ctx, l, known, o); err != nil {
		return nil, err
	}
	h.mailmap = h.readMailmap()
	h.gaps = append(h.gaps, damage.gaps()...)
	return h, nil
}

// unreadable adds gaps for files of the object store.
func (h *history) unreadable(problems []pack.Problem) {
	for _, p := range problems {
		h.gaps = append(h.gaps, &scanner.Gap{What: "object store " + p.Path, Why: cause(p.Err), Next: "git fsck --full", Err: p.Err})
	}
}

// survey finds out what is in the packs.
func (h *history) survey() {
	var problems []pack.Problem
	h.families, h.objects, problems = h.store.Families()
	h.unreadable(problems)
}

// shape takes the census, or what of it an earlier scan does not spare, and works out what is to be read.
func (h *history) shape(ctx context.Context, l *loader, known *outline, o Options) error {
	if known != nil {
		if h.recall(l, known, o.Past.Packs) {
			if err := h.choose(ctx, o); err != nil || !h.recalled.amiss {
				return err
			}
		}
		h.recalled = nil
		h.survey()
	}
	trees := make([]pack.ID, len(h.commits))
	for i := range h.commits {
		trees[i] = l.keys.id(l.trees[l.sorted[i]])
	}
	if err := h.count(ctx, trees, l.progress, l.damage); err != nil {
		return err
	}
	return h.choose(ctx, o)
}

// count takes the census, and tells of what is missing. trees are those of the commits.
func (h *history) count(ctx context.Context, trees []pack.ID, progress func(stage string, done, total int), d *damage) error {
	h.census = newCensus(h.store, h.repo.hash)
	for _, id := range slices.Concat(trees, h.roots) {
		if _, ok := h.store.Number(id); !ok {
			h.census.add(id, true)
		}
	}
	for _, id := range h.blobs {
		if _, ok := h.store.Number(id); !ok {
			h.census.add(id, false)
		}
	}
	var done atomic.Int64
	step := func() {
		if n := int(done.Add(1)); n%4096 == 0 {
			progress("trees", n, 0)
		}
	}
	if err := h.census.take(ctx, h.families, step); err != nil {
		return err
	}
	for i := range h.commits {
		id := trees[i]
		n := h.census.find(id)
		if n < h.census.packed() {
			if k := h.store.Kind(n); k != 0 && k != pack.Tree {
				h.census.otherwise(id, k, pack.Tree)
			}
		}
		h.commits[i].tree = n
	}
	progress("trees", int(done.Load()), int(done.Load()))
	for _, b := range h.census.bad {
		d.add("tree", b.id, b.err)
	}
	for _, b := range h.census.unread {
		if n := h.census.find(b.id); h.census.isTree[n] || h.named(n) {
			d.add("tree", b.id, b.err)
		}
	}
	return h.lacks(ctx, d)
}

// lacks tells of the objects that are missing, if any commit or reference leads to them.
func (h *history) lacks(ctx context.Context, d *damage) error {
	absent := h.census.absent()
	if len(absent) == 0 {
		return nil
	}
	led, err := h.ledTo(ctx, absent)
	if err != nil {
		return err
	}
	for _, n := range absent {
		if !led[n] && !h.named(n) {
			continue
		}
		o := h.census.outside[n-h.census.packed()]
		kind := "blob"
		if o.tree {
			kind = "tree"
		}
		d.add(kind, o.id, pack.ErrMissing)
	}
	return nil
}

// ledTo says which objects the trees of commits and references lead to.
func (h *history) ledTo(ctx context.Context, wanted []int32) (map[int32]bool, error) {
	l := &leading{entryReader: entryReader{entryLog: h.census.log}, seen: make([]bool, len(h.census.log.at)), led: map[int32]bool{}}
	for _, n := range wanted {
		l.led[n] = false
	}
	l.toward = newToward(h.census.log, l.led, len(h.census.standing)+len(h.census.outside))
	for _, id := range h.roots {
		l.follow(h.census.find(id))
	}
	for _, c := range slices.Backward(h.commits) { // git builds the older trees on the newer ones
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !c.lost {
			l.follow(c.tree)
		}
	}
	return l.led, nil
}

// leading follows trees to some objects, as far as they may lead there.
type leading struct {
	entryReader
	toward *toward
	seen   []bool // by number of a tree
	led    map[int32]bool
	todo   []int32
}

// follow looks at all that a tree leads to, each tree once. Of one that is built on another which was seen it looks only at what is its own.
func (l *leading) follow(tree int32) {
	l.look(edge{child: tree})
	for len(l.todo) > 0 {
		tree := l.todo[len(l.todo)-1]
		l.todo = l.todo[:len(l.todo)-1]
		if base, own := l.record(tree); base >= 0 && l.seen[base] {
			for own.left > 0 {
				l.look(own.next())
			}
			continue
		}
		for _, e := range l.entries(tree) {
			l.look(e)
		}
	}
}

func (l *leading) look(e edge) {
	if e.name < 0 || e.child < 0 { // entries of the base, or none of the repository's objects
		return
	}
	if l.has(e.child) && !l.seen[e.child] && l.toward.leads(e.child) {
		l.seen[e.child] = true
		l.todo = append(l.todo, e.child)
	}
	if _, ok := l.led[e.child]; ok {
		l.led[e.child] = true
	}
}

// named reports whether a commit or a reference names a tree or blob.
func (h *history) named(n int32) bool {
	is := func(id pack.ID) bool { return h.census.find(id) == n }
	return slices.ContainsFunc(h.commits, func(c revision) bool { return c.tree == n && !c.lost }) || slices.ContainsFunc(h.roots, is) || slices.ContainsFunc(h.blobs, is)
}

// commitOf returns the commit that a reference's object is or, as a tag, names.
func (h *history) commitOf(id pack.ID) (int32, bool) {
	return h.commit(h.peel(id))
}

// peel returns what a tag of tags names in the end, and any other object itself.
func (h *history) peel(id pack.ID) pack.ID {
	for range len(h.tagged) + 1 {
		to, ok := h.tagged[id]
		if !ok {
			break
		}
		id = to
	}
	return id
}

// loader reads commits and tags from the references down.
type loader struct {
	*history
	reading
	progress func(stage string, done, total int)
	seen     []bool           // by key
	cut      map[pack.ID]bool // whose parents a shallow clone left out
	todo     []int32          // keys
	damage   *damage
	losing   bool               // what is being read is reached by no reference
	known    map[pack.ID]commit // that the past tells of
	ahead    *readAhead
}

func (l *loader) load(ctx context.Context, unreachable bool) error {
	if err := l.readShallow(); err != nil {
		return err
	}
	var err error
	if l.ahead, err = l.readAhead(ctx); err != nil {
		return err
	}
	for _, r := range l.refs {
		l.later(r.id)
	}
	slices.Reverse(l.todo)
	err = l.follow(ctx)
	if err == nil && unreachable {
		err = l.lost(ctx)
	}
	if err != nil {
		return err
	}
	l.progress("commits", len(l.commits), len(l.commits))
	l.store.Close() // commits are read no more
	l.order()
	l.seen, l.todo, l.parents, l.end, l.ahead = nil, nil, nil, nil, nil
	l.shallowGap()
	return nil
}

// follow visits what is to be done and all that it leads to.
func (l *loader) follow(ctx context.Context) error {
	for len(l.todo) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := l.todo[len(l.todo)-1]
		l.todo = l.todo[:len(l.todo)-1]
		if !l.saw(key) {
			l.seen[key] = true
			if c := l.ahead.commit(key); c != nil {
				l.add(key, c)
			} else {
				l.visit(l.keys.id(key))
			}
		}
		if len(l.commits)%1024 == 1 {
			l.progress("commits", len(l.commits), 0)
		}
	}
	return nil
}

// later has an object visited.
func (l *loader) later(id pack.ID) { l.todo = append(l.todo, l.keys.number(id)) }

// saw reports whether an object was visited.
func (l *loader) saw(key int32) bool {
	if more := int(key) + 1 - len(l.seen); more > 0 {
		l.seen = append(l.seen, make([]bool, max(more, int(l.keys.packed)-len(l.seen)))...)
	}
	return l.seen[key]
}

// visit reads an object that a reference, a tag or a commit names.
func (l *loader) visit(id pack.ID) {
	if c, ok := l.known[id]; ok {
		l.add(l.keys.number(id), l.numbered(c))
		return
	}
	o, err := l.store.Object(id)
	if err != nil {
		if !l.losing || !errors.Is(err, pack.ErrMissing) {
			l.damage.add("commit", id, err)
		}
		return
	}
	switch o.Type {
	case pack.Commit:
		c, err := parseCommit(o.Data)
		if err != nil {
			l.damage.add("commit", id, err)
			return
		}
		l.add(l.keys.number(id), l.numbered(c))
	case pack.Tag:
		t, err := parseTag(o.Data)
		if err != nil {
			l.damage.add("tag", id, err)
			return
		}
		l.tags = append(l.tags, id)
		l.tagged[id] = t.object
		if l.losing {
			l.lostTags[id] = true
		}
		l.later(t.object)
	case pack.Tree:
		if !l.losing {
			l.roots = append(l.roots, id)
		}
	case pack.Blob:
		if !l.losing {
			l.blobs = append(l.blobs, id)
		}
	}
}

// numbered is a commit by the numbers of the keyring.
func (l *loader) numbered(c commit) *keyed {
	k := &keyed{when: c.when, tree: l.keys.number(c.tree)}
	for _, p := range c.parents {
		k.parents = append(k.parents, l.keys.number(p))
	}
	return k
}

func (l *loader) add(key int32, c *keyed) {
	l.commits = append(l.commits, revision{key: key, when: c.when, lost: l.losing})
	l.trees = append(l.trees, c.tree)
	if len(l.cut) == 0 || !l.cut[l.keys.id(key)] {
		l.todo, l.parents = append(l.todo, c.parents...), append(l.parents, c.parents...)
	}
	l.end = append(l.end, int32(len(l.parents)))
}

func (l *loader) readShallow() error {
	ids, err := l.repo.shallow()
	if err != nil {
		return fmt.Errorf("open %q: its list of shallow commits is damaged: %w; see git fetch --unshallow", l.repo.name, err)
	}
	l.cut = map[pack.ID]bool{}
	for _, id := range ids {
		l.cut[id] = true
	}
	return nil
}

// shallowGap reports what a shallow clone left out: everything before the oldest commit that was cut off.
func (l *loader) shallowGap() {
	for _, c := range l.commits { // in order of time
		if l.cut[l.keys.id(c.key)] {
			day := time.Unix(c.when, 0).UTC().Format(time.DateOnly)
			l.gaps = append(l.gaps, &scanner.Gap{What: "shallow clone", Why: "history before " + day + " is missing", Next: "git fetch --unshallow"})
			return
		}
	}
}
