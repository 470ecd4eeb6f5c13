package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

var _ = register(Kind{
	Name:   "git",
	Title:  "a git repository",
	Detect: detectGit,
	Open:   openGit,
})

func detectGit(_ context.Context, t Target) int {
	switch {
	case t.isBundle():
		return ScoreSure
	case !t.IsDir():
		return ScoreNone
	}
	if _, ok, _ := findRepository(t.Name); ok {
		return ScoreSure
	}
	return ScoreNone
}

// isBundle reports whether a target is a git bundle that can be read at will. It is read as a repository then, in parts at a time.
func (t Target) isBundle() bool { return t.IsFile() && t.stream == nil && isBundle(t.Name, t.Head) }

func openGit(_ context.Context, t Target, o Options) (scanner.Source, error) {
	no := &Mismatch{Target: t.Name, Kind: "a git repository"}
	if t.isBundle() {
		if o.NoHistory {
			return nil, nothingLeft(t.Name)
		}
		return &git{repo: &repository{name: t.Name}, options: o, bundle: &t, counter: counter{nests: newNesting(o, 0)}}, nil
	}
	if !t.IsDir() {
		return nil, no
	}
	r, ok, err := findRepository(t.Name)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		no.Why = "no .git, and not laid out as a bare repository"
		return nil, no
	}
	if o.NoHistory && (o.NoWorktree || r.root == "") {
		return nil, nothingLeft(t.Name)
	}
	if err := r.open(o); err != nil {
		return nil, err
	}
	return &git{repo: r, options: o, counter: counter{nests: newNesting(o, 0), large: r.large(o)}}, nil
}

// nothingLeft is the error of options that leave all of a target out.
func nothingLeft(name string) error {
	return fmt.Errorf("open %q: nothing is left to read without its history; drop one of the options that leave things out", name)
}

// git is a repository: its history, its work tree, or both.
type git struct {
	counter
	repo    *repository
	options Options
	bundle  *Target // that the repository is made of; nil where it is there

	once sync.Once
	plan gitPlan
	err  error
	done atomic.Int64 // objects read, for progress
}

// gitPlan is what is to be read, worked out before the first chunk and shared by the parts.
type gitPlan struct {
	history *history // nil when it is left out
	loose   []pack.ID
	objects int
	files   *tree // nil when the work tree is left out
	gaps    []*scanner.Gap
	// submodules are those whose history is read too.
	submodules []*submodule
}

// Chunks implements scanner.Source.
func (g *git) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return gitPart{g, 0, 1}.Chunks(ctx)
}

// Split implements scanner.Splitter: the parts share the plan, and each reads a run of the objects and of the files.
func (g *git) Split(n int) []scanner.Source {
	parts := make([]scanner.Source, n)
	for i := range parts {
		parts[i] = gitPart{g, i, n}
	}
	return parts
}

// gitPart is part i of n of a repository.
type gitPart struct {
	*git
	i, n int
}

// Chunks implements scanner.Source.
func (p gitPart) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		e := &emitter{ctx: ctx, yield: yield}
		p.once.Do(func() { p.err = p.prepare(ctx) })
		if p.err != nil {
			yield(scanner.Chunk{}, p.err)
			return
		}
		if !p.history(e) {
			return
		}
		for _, s := range p.plan.submodules {
			if !s.read(e, p.i, p.n, p.plan.files != nil) {
				return
			}
		}
		if p.plan.files == nil || p.plan.files.read(e, share(p.plan.files.files, p.i, p.n)) {
			p.large.gap(e, p.n)
		}
	}
}

// history yields what the plan could not reach, and the part's objects.
func (p gitPart) history(e *emitter) bool {
	if p.i == 0 && !e.gaps(p.plan.gaps) {
		return false
	}
	return p.plan.history == nil || p.readObjects(e)
}

// share is part i of n of a list.
func share[T any](list []T, i, n int) []T {
	return list[len(list)*i/n : len(list)*(i+1)/n]
}

// unbundle makes the repository of the bundle that was named. It returns false where there is nothing to read.
func (g *git) unbundle(ctx context.Context) (bool, error) {
	r, err := g.bundle.Open(ctx)
	if err != nil {
		return false, err
	}
	defer r.Close()
	g.nests.options.NoHistory = false
	at, gap := g.nests.unbundle(ctx, g.bundle.Name, r)
	if gap != nil {
		g.plan.gaps = append(g.plan.gaps, gap)
	}
	if at == nil || ctx.Err() != nil {
		return false, ctx.Err()
	}
	g.repo.gitDir, g.repo.commonDir = at.dir, at.dir
	err = g.repo.open(g.options)
	g.repo.told = at.part
	return err == nil, err
}

// prepare makes the plan.
func (g *git) prepare(ctx context.Context) error {
	if g.bundle != nil {
		if ok, err := g.unbundle(ctx); !ok {
			return err
		}
	}
	if !g.options.NoHistory {
		if err := g.prepareHistory(ctx); err != nil {
			return err
		}
	}
	if g.repo.root == "" {
		return nil
	}
	return g.prepareFiles(ctx)
}

// prepareHistory plans the reading of objects.
func (g *git) prepareHistory(ctx context.Context) error {
	h, err := readHistory(ctx, g.repo, g.options, g.progress)
	if err != nil {
		return err
	}
	g.plan.history = h
	g.plan.gaps = append(g.plan.gaps, h.gaps...)
	g.count(h)
	g.plan.loose = h.looseObjects()
	g.plan.objects = h.objects + len(g.plan.loose)
	if h.only != nil {
		g.plan.objects = len(h.only)
	}
	return nil
}

// count counts commits, tags and branches; a branch and the one of a remote that it follows count as one.
func (g *git) count(h *history) {
	branches := map[string]bool{}
	for _, r := range h.refs {
		switch {
		case r.rank() == 0:
			branches[r.short()] = true
		case r.rank() == 1:
			_, name, _ := strings.Cut(r.short(), "/")
			branches[name] = true
		case r.rank() == 2:
			g.saw("tags", 1)
		}
	}
	g.saw("branches", len(branches))
	reached := slices.IndexFunc(h.commits, func(c revision) bool { return c.lost })
	if reached < 0 {
		reached = len(h.commits)
	}
	g.saw("commits", reached)
	g.saw("unreachable commits", len(h.commits)-reached)
}

func (g *git) progress(stage string, done, total int) {
	if g.options.Progress != nil {
		g.options.Progress(Progress{Stage: stage, Done: done, Total: total})
	}
}

// looseObjects are the commits, tags and blobs outside packs.
func (h *history) looseObjects() []pack.ID {
	var all []pack.ID
	add := func(id pack.ID) {
		if _, ok := h.store.Number(id); !ok {
			all = append(all, id)
		}
	}
	for _, c := range h.commits {
		add(h.keys.id(c.key))
	}
	for _, id := range h.tags {
		add(id)
	}
	for _, o := range h.census.outside {
		if !o.tree && !o.missing {
			all = append(all, o.id)
		}
	}
	for _, id := range h.looseLost {
		if h.census.find(id) < 0 && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// readObjects yields the part's blobs and messages: families of objects in packs, dealt out so that every part has some of the heavy
// ones, and a share of those outside.
func (p gitPart) readObjects(e *emitter) bool {
	if p.plan.history.only != nil {
		return p.readOnly(e)
	}
	store := p.plan.history.store.Fork()
	defer store.Close()
	damage := p.repo.newDamage()
	var copies []scanner.Copy
	w := pack.NewWalker(store, func(n *pack.Node[scanner.Memo]) bool {
		copies = copies[:0]
		for _, c := range n.Copies {
			copies = append(copies, scanner.Copy(c))
		}
		n.Own.Reset()
		return p.readObject(e, n.ID, n.Number, n.Object, n.Err, damage, scanner.Chunk{Copies: copies, Base: n.Base, Memo: n.Own})
	})
	for i := p.i; i < len(p.plan.history.families); i += p.n {
		f := p.plan.history.families[i]
		if f.Type == pack.Tree {
			p.step(f.Objects)
		} else if !w.Walk(f) {
			return false
		}
	}
	for _, id := range share(p.plan.loose, p.i, p.n) {
		o, err := store.Object(id)
		if !p.readObject(e, id, p.plan.history.reading.find(id), o, err, damage, scanner.Chunk{}) {
			return false
		}
	}
	return e.gaps(damage.gaps())
}

// step counts objects for progress.
func (p gitPart) step(more int) {
	n := int(p.done.Add(int64(more)))
	if n/64 != (n-more)/64 || n == p.plan.objects {
		p.progress("history", n, p.plan.objects)
	}
}

// readObject yields one object, n being its number in the census, -1 where it has none; memo has what is known of it from the one that it was
// built on. It returns false when the consumer wants no more.
func (p gitPart) readObject(e *emitter, id pack.ID, n int32, o pack.Object, err error, d *damage, memo scanner.Chunk) bool {
	if !e.live() {
		return false
	}
	h, ok := p.plan.history, true
	switch {
	case err != nil:
	case o.Type == pack.Commit:
		if _, reached := h.commit(id); reached {
			ok, err = p.readCommit(e, id, o.Data)
		}
	case o.Type == pack.Tag:
		if _, reached := h.tagged[id]; reached {
			ok, err = p.readTag(e, id, o.Data)
		}
	case o.Type == pack.Blob:
		ok, err = p.readBlob(e, h.first(id, n), o, memo)
	}
	if err != nil && p.blob(id, o.Type) {
		d.add("blob", id, err)
	}
	p.step(1)
	return ok
}

// blob reports whether an object that could not be read is a blob, as far as the trees and references tell. Damaged commits, tags and trees
// were told of when the history was read.
func (p gitPart) blob(id pack.ID, t pack.Type) bool {
	h := p.plan.history
	n := h.census.find(id)
	if t != 0 || n < 0 || slices.Contains(h.blobs, id) {
		return t == pack.Blob || t == 0 && n >= 0
	}
	return n >= h.census.packed() || !h.census.isTree[n] && h.census.path(n) != ""
}

func (p gitPart) readBlob(e *emitter, from scanner.Location, o pack.Object, memo scanner.Chunk) (bool, error) {
	if p.options.MaxFile > 0 && o.Size > p.options.MaxFile {
		p.skip(skipLarge, 1)
		return e.gap(tooLarge("blob "+from.Blob+" "+from.Path, o.Size, p.options.MaxFile)), nil
	}
	r, err := o.Open()
	if err != nil {
		return true, err
	}
	defer r.Close()
	var ok bool
	switch {
	case o.Data == nil:
		ok, err = p.give(e, from, r)
	default:
		ok, err = p.giveData(e, from, o.Data, memo)
	}
	if errors.Is(err, errBinary) {
		p.skip(skipBinary, 1)
		return ok, nil
	}
	p.saw("blobs", 1)
	return ok, err
}

// messageField is the Field of a key in the message of a commit or tag.
const messageField = "message"

func (p gitPart) readCommit(e *emitter, id pack.ID, data []byte) (bool, error) {
	c, err := parseCommit(data)
	if err != nil {
		return true, err
	}
	from := scanner.Location{Repository: p.repo.name, Commit: id.String(), Field: messageField, Line: 1}
	return e.said(signed(from, p.plan.history.mailmap.known(c.author)), c), nil
}

// said yields what a commit says: its message, and what it keeps of the signed tags that it merged.
func (e *emitter) said(from scanner.Location, c commit) bool {
	return e.data(from, c.message) && e.data(from, c.merged)
}

// readTag yields the message of a tag. Its Blob is the tag object, its Commit what is tagged.
func (p gitPart) readTag(e *emitter, id pack.ID, data []byte) (bool, error) {
	t, err := parseTag(data)
	if err != nil {
		return true, err
	}
	if !t.tagger.time.IsZero() && before(t.tagger.time.Unix(), p.options.Since) {
		return true, nil
	}
	from := scanner.Location{Repository: p.repo.name, Blob: id.String(), Field: messageField, Refs: []string{t.name}, Line: 1}
	if c, ok := p.plan.history.commitOf(id); ok {
		from.Commit = p.plan.history.commitName(c)
	}
	if p.plan.history.lostTags[id] {
		from.Refs, from.Unreachable = nil, true
	}
	return e.data(signed(from, p.plan.history.mailmap.known(t.tagger)), t.message), nil
}

// signed adds who wrote the text of a place, and when.
func signed(at scanner.Location, s signature) scanner.Location {
	at.Author, at.AuthorEmail, at.Time = s.name, s.email, s.time
	return at
}
