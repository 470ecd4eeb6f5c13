package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
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
	if !t.IsDir() {
		return ScoreNone
	}
	if _, ok, _ := findRepository(t.Name); ok {
		return ScoreSure
	}
	return ScoreNone
}

func openGit(_ context.Context, t Target, o Options) (scanner.Source, error) {
	no := &Mismatch{Target: t.Name, Kind: "a git repository"}
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
		return nil, fmt.Errorf("open %q: nothing is left to read without its history; drop one of the options that leave things out", t.Name)
	}
	if err := r.open(o); err != nil {
		return nil, err
	}
	return &git{repo: r, options: o}, nil
}

// git is a repository: its history, its work tree, or both.
type git struct {
	counter
	repo    *repository
	options Options

	once sync.Once
	plan gitPlan
	err  error
	done atomic.Int64 // objects read, for progress
}

// gitPlan is what is to be read, worked out before the first chunk and shared by the parts.
type gitPlan struct {
	history *history // nil when it is left out
	objects []pack.ID
	files   *tree // nil when the work tree is left out
	gaps    []*scanner.Gap
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
		if p.i == 0 && !e.gaps(p.plan.gaps) {
			return
		}
		if p.plan.history != nil && !p.readObjects(e) {
			return
		}
		if p.plan.files != nil {
			p.plan.files.read(e, share(p.plan.files.files, p.i, p.n))
		}
	}
}

// share is part i of n of a list.
func share[T any](list []T, i, n int) []T {
	return list[len(list)*i/n : len(list)*(i+1)/n]
}

// prepare makes the plan.
func (g *git) prepare(ctx context.Context) error {
	if !g.options.NoHistory {
		h, err := readHistory(ctx, g.repo, g.progress)
		if err != nil {
			return err
		}
		g.plan.history = h
		g.plan.gaps = h.gaps
		g.count(h)
		for _, c := range h.commits {
			g.plan.objects = append(g.plan.objects, c.id)
		}
		g.plan.objects = append(append(g.plan.objects, h.tags...), h.blobs.ids...)
		h.store.Sort(g.plan.objects)
	}
	if !g.options.NoWorktree && g.repo.root != "" {
		t, gaps, err := newWorktree(ctx, g)
		if err != nil {
			return err
		}
		g.plan.files = t
		g.plan.gaps = append(g.plan.gaps, gaps...)
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
	g.saw("commits", len(h.commits))
}

func (g *git) progress(stage string, done, total int) {
	if g.options.Progress != nil {
		g.options.Progress(Progress{Stage: stage, Done: done, Total: total})
	}
}

// readObjects yields the part's blobs and messages.
func (p gitPart) readObjects(e *emitter) bool {
	store := p.plan.history.store.Fork()
	defer store.Close()
	damage := &damage{partial: p.repo.partial}
	for _, id := range share(p.plan.objects, p.i, p.n) {
		if !e.live() {
			return false
		}
		ok, err := p.readObject(e, store, id)
		if !ok {
			return false
		}
		if err != nil {
			kind := "object"
			if _, blob := p.plan.history.blobs.at[id]; blob {
				kind = "blob"
			}
			damage.add(kind, id, err)
		}
		if n := int(p.done.Add(1)); n%64 == 0 || n == len(p.plan.objects) {
			p.progress("history", n, len(p.plan.objects))
		}
	}
	return e.gaps(damage.gaps())
}

// readObject yields one object.
func (p gitPart) readObject(e *emitter, store *pack.Store, id pack.ID) (bool, error) {
	o, err := store.Object(id)
	if err != nil {
		return true, err
	}
	h := p.plan.history
	switch o.Type {
	case pack.Commit:
		return p.readCommit(e, id, o.Data)
	case pack.Tag:
		return p.readTag(e, id, o.Data)
	case pack.Blob:
		return p.readBlob(e, h.first(id), o)
	default:
		return true, errors.New("it is a tree where a blob was expected")
	}
}

func (p gitPart) readBlob(e *emitter, from scanner.Location, o pack.Object) (bool, error) {
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
		ok, err = e.text(from, r)
	case isBinary(o.Data):
		ok, err = true, errBinary
	default:
		ok = e.data(from, o.Data)
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
	return e.data(signed(from, c.author), c.message), nil
}

// readTag yields the message of a tag. Its Blob is the tag object, its Commit what is tagged.
func (p gitPart) readTag(e *emitter, id pack.ID, data []byte) (bool, error) {
	t, err := parseTag(data)
	if err != nil {
		return true, err
	}
	from := scanner.Location{Repository: p.repo.name, Blob: id.String(), Field: messageField, Refs: []string{t.name}, Line: 1}
	if c, ok := p.plan.history.commitOf(id); ok {
		from.Commit = p.plan.history.commitName(c)
	}
	return e.data(signed(from, t.tagger), t.message), nil
}

// signed adds who wrote the text of a place, and when.
func signed(at scanner.Location, s signature) scanner.Location {
	at.Author, at.AuthorEmail, at.Time = s.name, s.email, s.time
	return at
}
