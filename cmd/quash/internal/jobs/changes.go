package jobs

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/quash-sh/quash/scanner"
)

// Changes is a source: what some commits of a bare repository have that others have not. Each blob and each message is
// yielded once, with the commit that brought it in.
type Changes struct {
	repo    *git.Repository
	name    string
	include []string
	exclude []string
	// commits and blobs count what was yielded.
	commits, blobs, binary int
}

// OpenChanges opens a mirror. name is what places in it are called. include and exclude are objects in hex; excluded ones that
// are not there exclude nothing.
func OpenChanges(dir, name string, include, exclude []string) (*Changes, error) {
	repo, err := git.PlainOpen(dir)
	if err != nil {
		return nil, fmt.Errorf("open mirror of %s: %w; remove it, and it is made again", name, err)
	}
	return &Changes{repo: repo, name: name, include: include, exclude: exclude}, nil
}

// Coverage implements scanner.Counter.
func (c *Changes) Coverage() scanner.Coverage {
	return scanner.Coverage{Seen: map[string]int{"commits": c.commits, "blobs": c.blobs}, Skipped: map[string]int{"binary": c.binary}}
}

// Chunks implements scanner.Source.
func (c *Changes) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		w := &changeWalk{Changes: c, ctx: ctx, yield: yield, seen: map[plumbing.Hash]bool{}}
		if err := w.run(); err != nil && !errors.Is(err, errStopped) {
			yield(scanner.Chunk{}, err)
		}
	}
}

// errStopped says that the consumer wants no more.
var errStopped = errors.New("stopped")

type changeWalk struct {
	*Changes
	ctx   context.Context
	yield func(scanner.Chunk, error) bool
	seen  map[plumbing.Hash]bool
}

func (w *changeWalk) run() error {
	commits, err := w.commitsIn()
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(commits) { // parents first, so that a blob is told with the commit that brought it in
		if err := w.commit(c); err != nil {
			return err
		}
	}
	return nil
}

// send hands on a chunk.
func (w *changeWalk) send(c scanner.Chunk, err error) error {
	switch {
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case !w.yield(c, err):
		return errStopped
	}
	return nil
}

// gap hands on something that could not be read.
func (w *changeWalk) gap(what string, cause error) error {
	return w.send(scanner.Chunk{}, &scanner.Gap{What: what, Why: cause.Error(), Next: "it is read again by the next reconcile", Err: cause})
}

// commitsIn lists the commits that are included and not excluded, the newest first. It walks down by commit time and stops when
// only excluded commits are left, as git does; where clocks were wrong it may list a commit too many and never one too few.
func (w *changeWalk) commitsIn() ([]*object.Commit, error) {
	q := &newest{}
	excluded := map[plumbing.Hash]bool{}
	for _, hex := range w.exclude {
		if c, err := w.tip(hex); err == nil && c != nil {
			excluded[c.Hash] = true
			heap.Push(q, c)
		}
	}
	for _, hex := range w.include {
		c, err := w.tip(hex)
		if err != nil {
			if err := w.gap("commit "+hex, err); err != nil {
				return nil, err
			}
			continue
		}
		if c != nil {
			heap.Push(q, c)
		}
	}
	return w.walk(q, excluded)
}

func (w *changeWalk) walk(q *newest, excluded map[plumbing.Hash]bool) ([]*object.Commit, error) {
	var found []*object.Commit
	done := map[plumbing.Hash]bool{}
	for q.Len() > 0 && slices.ContainsFunc(*q, func(c *object.Commit) bool { return !excluded[c.Hash] }) {
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
		c := heap.Pop(q).(*object.Commit)
		if done[c.Hash] {
			continue
		}
		done[c.Hash] = true
		if !excluded[c.Hash] {
			found = append(found, c)
		}
		for _, id := range c.ParentHashes {
			if excluded[c.Hash] {
				excluded[id] = true
			}
			if done[id] {
				continue
			}
			p, err := w.repo.CommitObject(id)
			if err == nil {
				heap.Push(q, p)
			} else if !excluded[id] {
				if err := w.gap("commit "+id.String(), err); err != nil {
					return nil, err
				}
			}
		}
	}
	return slices.DeleteFunc(found, func(c *object.Commit) bool { return excluded[c.Hash] }), nil
}

// tip is the commit that an object is or, as a tag, names; nil when it names a tree or a blob, which are yielded at once.
func (w *changeWalk) tip(hex string) (*object.Commit, error) {
	id := plumbing.NewHash(hex)
	for range 16 {
		t, err := w.repo.TagObject(id)
		if err != nil {
			break
		}
		if err := w.text(t.Tagger, scanner.Location{Repository: w.name, Blob: t.Hash.String(), Field: fieldMessage, Line: 1}, t.Message); err != nil {
			return nil, err
		}
		id = t.Target
	}
	return w.repo.CommitObject(id)
}

// fieldMessage is the field of a key in the message of a commit or tag.
const fieldMessage = "message"

// text yields a message, once.
func (w *changeWalk) text(by object.Signature, at scanner.Location, text string) error {
	at.Author, at.AuthorEmail, at.Time = by.Name, by.Email, by.When.UTC()
	if id := plumbing.NewHash(at.Blob + at.Commit); w.seen[id] || text == "" {
		return nil
	} else {
		w.seen[id] = true
	}
	return w.send(scanner.Chunk{Data: []byte(text), From: at}, nil)
}

// commit yields the message of a commit and the blobs that none of its parents has at the same path.
func (w *changeWalk) commit(c *object.Commit) error {
	w.commits++
	at := scanner.Location{Repository: w.name, Commit: c.Hash.String(), Field: fieldMessage, Line: 1}
	if err := w.text(c.Author, at, c.Message); err != nil {
		return err
	}
	fresh, err := w.fresh(c)
	if err != nil {
		return w.gap("trees of commit "+c.Hash.String(), err)
	}
	for _, path := range slices.Sorted(maps.Keys(fresh)) {
		id := fresh[path]
		if w.seen[id] {
			continue
		}
		w.seen[id] = true
		at := scanner.Location{
			Repository: w.name, Commit: c.Hash.String(), Blob: id.String(), Path: path, Line: 1,
			Author: c.Author.Name, AuthorEmail: c.Author.Email, Time: c.Author.When.UTC(),
		}
		if err := w.blob(at, id); err != nil {
			return err
		}
	}
	return nil
}

// fresh are the blobs of a commit, by path, that none of its parents has there.
func (w *changeWalk) fresh(c *object.Commit) (map[string]plumbing.Hash, error) {
	tree, err := c.Tree()
	if err != nil {
		return nil, err
	}
	if c.NumParents() == 0 {
		return added(w.ctx, nil, tree)
	}
	var all map[string]plumbing.Hash
	for _, id := range c.ParentHashes {
		var before *object.Tree
		if p, err := w.repo.CommitObject(id); err == nil {
			before, err = p.Tree()
			if err != nil {
				return nil, err
			}
		}
		changed, err := added(w.ctx, before, tree)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = changed
			continue
		}
		maps.DeleteFunc(all, func(path string, id plumbing.Hash) bool { return changed[path] != id })
	}
	return all, nil
}

// added are the blobs that a tree has and another has not at the same path.
func added(ctx context.Context, before, after *object.Tree) (map[string]plumbing.Hash, error) {
	changes, err := object.DiffTreeContext(ctx, before, after)
	if err != nil {
		return nil, err
	}
	all := map[string]plumbing.Hash{}
	for _, ch := range changes {
		if e := ch.To.TreeEntry; e.Mode.IsFile() && e.Mode != filemode.Submodule && ch.To.Name != "" {
			all[ch.To.Name] = e.Hash
		}
	}
	return all, nil
}

const (
	// pieceSize is the longest chunk in bytes; a longer text comes in pieces.
	pieceSize = 4 << 20
	// binaryHead is how many bytes are looked at to tell whether a blob is text.
	binaryHead = 8 << 10
)

// blob yields a blob that is text.
func (w *changeWalk) blob(at scanner.Location, id plumbing.Hash) error {
	b, err := w.repo.BlobObject(id)
	if err != nil {
		return w.gap("blob "+at.Blob+" "+at.Path, err)
	}
	r, err := b.Reader()
	if err != nil {
		return w.gap("blob "+at.Blob+" "+at.Path, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	text, err := w.pieces(at, r)
	switch {
	case err != nil:
		return err
	case text:
		w.blobs++
	default:
		w.binary++
	}
	return nil
}

// pieces yields what a reader holds, in pieces; false when it is no text.
func (w *changeWalk) pieces(at scanner.Location, r io.Reader) (bool, error) {
	buf := make([]byte, min(pieceSize, 64<<10))
	held := 0
	for first := true; ; {
		n, err := io.ReadFull(r, buf[held:])
		held += n
		if err == nil && len(buf) < pieceSize {
			buf = append(buf, make([]byte, len(buf))...)
			continue
		}
		if first && isBinary(buf[:held]) {
			return false, nil
		}
		first = false
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return true, w.gap("blob "+at.Blob+" "+at.Path, err)
		}
		if err := w.send(scanner.Chunk{Data: buf[:held], From: at, More: !end}, nil); err != nil || end {
			return true, err
		}
		at.Offset += int64(held)
		at.Line += bytes.Count(buf[:held], []byte{'\n'})
		held = 0
	}
}

// isBinary reports whether a text that begins with head is none: it has a zero byte and no mark of UTF-16.
func isBinary(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return false
	}
	return bytes.IndexByte(head[:min(len(head), binaryHead)], 0) >= 0
}

// newest is a heap of commits, the newest on top.
type newest []*object.Commit

func (q newest) Len() int           { return len(q) }
func (q newest) Less(i, j int) bool { return q[i].Committer.When.After(q[j].Committer.When) }
func (q newest) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *newest) Push(c any) { *q = append(*q, c.(*object.Commit)) }

// Pop implements heap.Interface.
func (q *newest) Pop() any {
	old := *q
	c := old[len(old)-1]
	*q = old[:len(old)-1]
	return c
}
