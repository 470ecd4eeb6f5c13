package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// Addition is the source of what commits add to a repository: the one that is being made ([Staged]), or those of a range
// ([Range]).
//
// It yields, whole, every blob that a commit brings to a path, and the messages of commits that are made already. A key may
// begin on a line that stood there before, so the whole blob is searched; Sift then drops what the commit did not add
// (git_staged_news.go). Renames and changes of mode add nothing.
//
// The git program reads the repository (git_staged_command.go), so that this works wherever git does: in a sparse checkout, with
// a split or sparse index, SHA-256 names or reftables, in a linked work tree, on the temporary index of `git commit FILE`, and in
// the quarantine of a push that is being received. Nothing but git's own configuration is obeyed, and nothing is fetched.
//
// That a submodule is to stand at another commit is counted, and nothing is read for it: the commits are another repository's, where they
// are pushed, and its own hooks and ranges read them.
//
// It is for one Scan. Close ends the git programs that it holds.
type Addition struct {
	counter
	git     gitCommand
	name    string // the target as it was given
	options Options
	changes []change
	commits []pack.ID // whose messages are read, before their changes
	tags    []tagged  // whose messages are read first
	gaps    []*scanner.Gap
	tree    string // what File reads from: "" is the index, else "COMMIT"

	text    *batch // for File and Chunks
	context *batch // for Sift, which is called meanwhile
	news    news
	places  map[at][]pack.ID
}

// change is a blob that a commit brings to a path.
type change struct {
	id     pack.ID
	path   string
	before []pack.ID // what stood there in each parent: nothing for a new file
	commit pack.ID   // zero for the commit that is being made
	link   bool      // it is a commit that a submodule is to stand at
}

// at is a blob at a path.
type at struct{ blob, path string }

// Staged returns the source of what the index adds to HEAD: what `git commit` would add now. dir is a directory in the work tree.
// In a merge it is what the merge adds to the branch that is checked out. Before the first commit it is the whole index.
//
// Places have Repository, Path, relative to its top, and Blob.
func Staged(ctx context.Context, dir string, o Options) (*Addition, error) {
	a := newAddition(dir, o)
	out, err := a.git.run(ctx, "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-relative", "--no-ext-diff", "-M", "-l400")
	if err != nil && ctx.Err() == nil { // a partial clone may not have what renames are told by
		out, err = a.git.run(ctx, "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-relative", "--no-ext-diff", "--no-renames")
	}
	if err != nil {
		if _, no := a.git.run(ctx, "rev-parse", "--git-dir"); no != nil { // git diff does not say so
			err = no
		}
		return nil, openedBy(dir, err, "run it in a work tree of a git repository")
	}
	changes, _, err := parseRaw(out)
	if err != nil {
		return nil, openedBy(dir, err, "check it with git diff --cached --raw")
	}
	a.take(pack.ID{}, changes)
	return a, nil
}

func newAddition(dir string, o Options) *Addition {
	a := &Addition{git: gitCommand{path: o.Git, dir: dir}, name: dir, options: o, places: map[at][]pack.ID{}}
	a.news.read = a.readWhole
	a.large = &large{max: o.MaxFile, next: fetchLarge, find: a.findLarge}
	return a
}

// openedBy words an error of git.
func openedBy(dir string, err error, next string) error {
	return fmt.Errorf("open %q: %w; %s", dir, err, next)
}

// take adds the changes of a commit, each blob at a path once.
func (a *Addition) take(commit pack.ID, changes []change) {
	for _, c := range changes {
		if c.link {
			a.skip(skipPointers, 1)
			continue
		}
		if c.unmerged() {
			a.gaps = append(a.gaps, &scanner.Gap{What: "file " + c.path, Why: "not merged yet", Next: "git add " + c.path})
			continue
		}
		place := at{c.id.String(), c.path}
		if _, ok := a.places[place]; ok || c.addsNothing() {
			continue
		}
		c.commit = commit
		a.places[place] = c.before
		a.changes = append(a.changes, c)
	}
}

// Empty reports whether there is nothing to read.
func (a *Addition) Empty() bool {
	return len(a.changes) == 0 && len(a.commits) == 0 && len(a.tags) == 0 && len(a.gaps) == 0
}

// Commits counts the commits of a range; 0 for what is staged.
func (a *Addition) Commits() int { return len(a.commits) }

// Close implements io.Closer: it ends the git programs. What mattered of them was read, so that there is no error.
func (a *Addition) Close() error {
	a.text.close()
	a.context.close()
	return nil
}

// Chunks implements [scanner.Source].
func (a *Addition) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		e := &emitter{ctx: ctx, yield: yield}
		if !e.gaps(a.gaps) || !e.live() || a.Empty() {
			return
		}
		if err := a.start(ctx, &a.text); err != nil {
			yield(scanner.Chunk{}, err)
			return
		}
		defer a.text.close()
		if !a.read(e) {
			return
		}
		a.large.gap(e, 1)
	}
}

// read yields what the tags, the commit that is being made and those that are there add.
func (a *Addition) read(e *emitter) bool {
	if !a.readTags(e) {
		return false
	}
	rest := a.changes
	for len(rest) > 0 && rest[0].commit.IsZero() {
		if !a.readChange(e, rest[0], signature{}) {
			return false
		}
		rest = rest[1:]
	}
	for _, id := range a.commits {
		n := 0
		for n < len(rest) && rest[n].commit == id {
			n++
		}
		if !a.readCommit(e, id, rest[:n]) {
			return false
		}
		rest = rest[n:]
	}
	return true
}

// findLarge is where Git LFS keeps files: below the repository, or where its configuration says.
func (a *Addition) findLarge() string {
	ctx := context.Background()
	common, err := a.git.run(ctx, "rev-parse", "--git-common-dir")
	if err != nil {
		return ""
	}
	set, _ := a.git.run(ctx, "config", "--get", "lfs.storage") // it need not be set
	return within(within(a.git.dir, strings.TrimSpace(string(common))), cmp.Or(strings.TrimSpace(string(set)), "lfs"))
}

// start starts the program that gives objects.
func (a *Addition) start(ctx context.Context, b **batch) (err error) {
	if *b == nil {
		*b, err = a.git.objects(ctx)
	}
	return err
}

// readCommit yields the message of a commit, and what it adds.
func (a *Addition) readCommit(e *emitter, id pack.ID, changes []change) bool {
	var by signature
	o, err := a.text.whole(id.String())
	if err == nil {
		var c commit
		if c, err = parseCommit(o); err == nil {
			by = c.author
			from := scanner.Location{Repository: a.name, Commit: id.String(), Field: messageField, Line: 1}
			if !e.said(signed(from, by), c) {
				return false
			}
			a.saw("commits", 1)
		}
	}
	if err != nil && !a.missing(e, "commit "+id.String(), err) {
		return false
	}
	for _, c := range changes {
		if !a.readChange(e, c, by) {
			return false
		}
	}
	return true
}

// missing yields the gap of an object that cannot be read; false ends the source.
func (a *Addition) missing(e *emitter, what string, err error) bool {
	if !e.live() {
		return false
	}
	return e.gap(&scanner.Gap{What: what, Why: cause(err), Next: "git fsck --full", Err: err})
}

// readChange yields a blob.
func (a *Addition) readChange(e *emitter, c change, by signature) bool {
	from := signed(scanner.Location{Repository: a.name, Path: c.path, Blob: c.id.String(), Line: 1}, by)
	if !c.commit.IsZero() {
		from.Commit = c.commit.String()
	}
	o, err := a.text.open(c.id.String())
	if err != nil {
		return a.missing(e, "blob "+c.id.String()+" "+c.path, err)
	}
	if a.options.MaxFile > 0 && o.size > a.options.MaxFile {
		a.skip(skipLarge, 1)
		return e.gap(tooLarge("file "+c.path, o.size, a.options.MaxFile)) && a.drained(e, c, o)
	}
	if o.size <= pieceSize {
		return a.readSmall(e, c, from, o)
	}
	ok, err := a.give(e, from, o)
	switch {
	case !ok:
		return false
	case errors.Is(err, errBinary):
		a.skip(skipBinary, 1)
	case err != nil:
		return a.missing(e, "file "+c.path, err)
	default:
		a.saw("blobs", 1)
	}
	return a.drained(e, c, o)
}

// readSmall yields a blob that is one chunk.
func (a *Addition) readSmall(e *emitter, c change, from scanner.Location, o *gitObject) bool {
	data, err := o.all()
	if err != nil {
		return a.missing(e, "file "+c.path, err)
	}
	ok, err := a.giveData(e, from, data, scanner.Chunk{})
	if errors.Is(err, errBinary) {
		a.skip(skipBinary, 1)
		return ok
	}
	a.saw("blobs", 1)
	return ok
}

// drained reads past what is left of an object.
func (a *Addition) drained(e *emitter, c change, o *gitObject) bool {
	if err := o.drain(); err != nil {
		return a.missing(e, "file "+c.path, err)
	}
	return true
}

// Sift implements [scanner.Sifter]: it reports whether a commit added what stands at a place.
func (a *Addition) Sift(ctx context.Context, l scanner.Location) (bool, error) {
	before := a.places[at{l.Blob, l.Path}]
	if len(before) == 0 {
		return true, nil
	}
	if err := a.start(ctx, &a.context); err != nil {
		return false, err
	}
	return a.news.added(l, before), ctx.Err()
}

// maxContext is the longest text that is compared with what stood there before. All of a longer one counts as added.
const maxContext = 64 << 20

// readWhole reads an object for Sift, or says that it cannot be compared.
func (a *Addition) readWhole(id string) ([]byte, bool) {
	o, err := a.context.open(id)
	if err != nil {
		return nil, false
	}
	if o.size > maxContext {
		return nil, o.drain() != nil
	}
	data, err := o.all()
	return bytes.Clone(data), err == nil
}

// File reads a file of the repository as these commits leave it: from the index, or from the last commit of the range. The error
// is fs.ErrNotExist where it is not there. It is called before the scan.
func (a *Addition) File(ctx context.Context, path string) ([]byte, error) {
	if err := a.start(ctx, &a.text); err != nil {
		return nil, err
	}
	data, err := a.text.whole(a.tree + ":" + path)
	if errors.Is(err, errMissing) {
		return nil, fs.ErrNotExist
	}
	return bytes.Clone(data), err
}

func (c change) addsNothing() bool {
	for _, id := range c.before {
		if id == c.id {
			return true
		}
	}
	return c.id.IsZero()
}

func (c change) unmerged() bool { return c.id.IsZero() && c.before == nil && c.path != "" }

// parseRaw reads the output of git's --raw -z up to what is no change, which it returns as rest.
//
//	:100644 100644 OLD NEW M NUL path NUL
//	:100644 100644 OLD NEW R087 NUL path before NUL path NUL
//	::100644 100644 100644 OLD OLD NEW MM NUL path NUL          (a merge: as many OLD as parents)
func parseRaw(out []byte) (changes []change, rest []byte, err error) {
	for len(out) > 0 && out[0] == ':' {
		var head, path []byte
		head, out, _ = bytes.Cut(out, []byte{0})
		path, out, _ = bytes.Cut(out, []byte{0})
		parents := len(head) - len(bytes.TrimLeft(head, ":"))
		fields := strings.Fields(string(head[parents:]))
		if len(fields) != 2*parents+3 {
			return nil, nil, errors.New("git's list of changes cannot be read")
		}
		status := fields[len(fields)-1]
		if status[0] == 'R' || status[0] == 'C' {
			path, out, _ = bytes.Cut(out, []byte{0})
		}
		if len(path) == 0 {
			return nil, nil, errors.New("git's list of changes ends early")
		}
		if c, ok := newChange(fields, parents, string(path)); ok {
			changes = append(changes, c)
		}
	}
	return changes, out, nil
}

// linkMode is how git writes the mode of a submodule.
const linkMode = "160000"

// newChange makes a change of the fields of a line; deletions make none.
func newChange(fields []string, parents int, path string) (change, bool) {
	c := change{path: path}
	if fields[len(fields)-1] == "U" {
		return c, true
	}
	c.id, _ = pack.ParseID(fields[2*parents+1])
	if c.id.IsZero() {
		return c, false
	}
	c.link = fields[parents] == linkMode
	for i, name := range fields[parents+1 : 2*parents+1] {
		if id, err := pack.ParseID(name); err == nil && !id.IsZero() && fields[i] != linkMode {
			c.before = append(c.before, id)
		}
	}
	return c, true
}
