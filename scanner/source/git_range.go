package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// Revisions are commits: those that From reach and Not do not. Names are of objects, as git prints them, all zeros meaning none,
// or whatever git rev-parse takes.
type Revisions struct {
	From, Not []string
	// Apart are pairs: what one of the two reaches and the other does not. Both must be there.
	Apart [][2]string
	// Remote leaves out what the remote-tracking branches of this remote reach.
	Remote string
	// KnownRefs leaves out what any reference reaches: in a push that is being received, all that was there before.
	KnownRefs bool
}

// Range returns the source of what a range of commits adds: for each commit, the oldest first, its message and the blobs that it
// brings to a path. A merge adds what none of its parents has. The messages of tags in From are read too. dir is a directory in the
// repository.
//
// Places have Repository, Path, Blob, Commit, Author and Time; those in messages Field instead of Path, and of tags Refs instead of
// Commit.
func Range(ctx context.Context, dir string, r Revisions, o Options) (*Addition, error) {
	a := newAddition(dir, o)
	if err := a.start(ctx, &a.text); err != nil {
		return nil, err
	}
	if err := a.find(ctx, r); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// find finds what is to be read.
func (a *Addition) find(ctx context.Context, r Revisions) error {
	from, err := a.tips(r.From)
	if err != nil {
		return a.notHere(ctx, err)
	}
	not, err := a.present(r.Not)
	if err != nil {
		return a.notHere(ctx, err)
	}
	for _, pair := range r.Apart {
		ids, err := a.tips(pair[:])
		if err == nil && len(ids) < len(pair) {
			err = fmt.Errorf("one of %q and %q names no commit", pair[0], pair[1])
		}
		if err != nil {
			return a.notHere(ctx, err)
		}
		from = append(from, strings.Join(ids, "..."))
		a.tree = ids[len(ids)-1]
	}
	if len(from) == 0 {
		return nil
	}
	if a.tree == "" {
		a.tree = from[len(from)-1]
	}
	if err := a.list(ctx, from, not, r); err != nil {
		return openedBy(a.git.dir, err, "check the range with git log")
	}
	a.cut(ctx)
	return nil
}

// notHere words the error of a name that cannot be resolved: outside a repository none can.
func (a *Addition) notHere(ctx context.Context, err error) error {
	if _, no := a.git.run(ctx, "rev-parse", "--git-dir"); no != nil {
		return openedBy(a.git.dir, no, "run it in a git repository")
	}
	return openedBy(a.git.dir, err, "fetch it, or check the name with git rev-parse")
}

// noObject reports whether a name is all zeros.
func noObject(name string) bool { return len(name) >= 40 && strings.Trim(name, "0") == "" }

// tips resolves names to commits. Each must be there: what cannot be read is never clean.
func (a *Addition) tips(names []string) ([]string, error) {
	var ids []string
	for _, name := range names {
		if noObject(name) {
			continue
		}
		id, err := a.tip(name)
		if err != nil {
			return nil, err
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// tagged is a tag and its name as an object.
type tagged struct {
	id string
	tag
}

// maxTags is how many tags may name one another.
const maxTags = 64

// tip resolves a name to a commit and remembers the tags on the way. A name may be that of a blob, which is read, or of a tree, which
// is not: nobody pushes one but by mistake.
func (a *Addition) tip(name string) (string, error) {
	for range maxTags {
		o, err := a.named(name)
		if err != nil {
			return "", err
		}
		switch o.kind {
		case "tag":
			data, err := o.all()
			if err != nil {
				return "", err
			}
			t, err := parseTag(bytes.Clone(data))
			if err != nil {
				return "", err
			}
			a.tags = append(a.tags, tagged{o.id, t})
			name = t.object.String()
			continue
		case "blob":
			id, _ := pack.ParseID(o.id)
			a.take(pack.ID{}, []change{{id: id, path: "blob " + o.id}})
		case "tree":
			a.gaps = append(a.gaps, &scanner.Gap{What: "tree " + o.id, Why: "it is no commit", Next: "name a commit"})
		default:
			return o.id, o.drain()
		}
		return "", o.drain()
	}
	return "", fmt.Errorf("%q is a tag of more than %d tags", name, maxTags)
}

// named asks for an object by a name that a person may have given.
func (a *Addition) named(name string) (*gitObject, error) {
	if strings.ContainsAny(name, "\n\x00") {
		return nil, errors.New("the range has a line break in it")
	}
	o, err := a.text.open(name)
	if err != nil {
		return nil, fmt.Errorf("%q names no commit: %w", name, err)
	}
	return o, nil
}

// present resolves names of what is left out. An object by its full name may be missing: what a forced push replaces was perhaps
// never fetched. Then more is read, not less. Any other name must be there.
func (a *Addition) present(names []string) ([]string, error) {
	var ids []string
	for _, name := range names {
		if noObject(name) {
			continue
		}
		o, err := a.named(name)
		if _, full := pack.ParseID(name); err != nil && full == nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := o.drain(); err != nil {
			return nil, err
		}
		ids = append(ids, o.id)
	}
	return ids, nil
}

// readTags yields the messages of tags.
func (a *Addition) readTags(e *emitter) bool {
	for _, t := range a.tags {
		from := scanner.Location{Repository: a.name, Blob: t.id, Field: messageField, Refs: []string{t.name}, Line: 1}
		if !e.data(signed(from, t.tagger), t.message) {
			return false
		}
		a.saw("tags", 1)
	}
	return true
}

// list lists the commits and what each changes.
func (a *Addition) list(ctx context.Context, from, not []string, r Revisions) error {
	var names strings.Builder
	for _, id := range from {
		names.WriteString(id + "\n")
	}
	for _, id := range not {
		names.WriteString("^" + id + "\n")
	}
	args := []string{"rev-list", "--reverse", "--topo-order", "--stdin"}
	switch {
	case r.KnownRefs:
		args = append(args, "--not", "--all")
	case r.Remote != "":
		args = append(args, "--not", "--remotes="+r.Remote)
	}
	commits, err := a.git.runInput(ctx, strings.NewReader(names.String()), args...)
	if err != nil || len(commits) == 0 {
		return err
	}
	for line := range bytes.Lines(commits) {
		id, err := pack.ParseID(string(bytes.TrimSpace(line)))
		if err != nil {
			return err
		}
		a.commits = append(a.commits, id)
	}
	diff := []string{"diff-tree", "--stdin", "-r", "-c", "--root", "--raw", "-z", "--no-abbrev"}
	out, err := a.git.runInput(ctx, bytes.NewReader(commits), append(diff, "-M", "-l400")...)
	if err != nil && ctx.Err() == nil { // a partial clone may not have what renames are told by
		out, err = a.git.runInput(ctx, bytes.NewReader(commits), append(diff, "--no-renames")...)
	}
	if err != nil {
		return err
	}
	return a.parseList(out)
}

// parseList reads the output of git diff-tree --stdin: the name of a commit, NUL, its changes, and so on. A commit without
// changes is not in it.
func (a *Addition) parseList(out []byte) error {
	for len(out) > 0 {
		var name []byte
		name, out, _ = bytes.Cut(out, []byte{0})
		id, err := pack.ParseID(string(name))
		if err != nil {
			return fmt.Errorf("git's list of changes cannot be read: %w", err)
		}
		var changes []change
		if changes, out, err = parseRaw(out); err != nil {
			return err
		}
		a.take(id, changes)
	}
	return nil
}

// cut adds a gap where the range reaches a commit whose parents a shallow clone left out.
func (a *Addition) cut(ctx context.Context) {
	out, err := a.git.run(ctx, "rev-parse", "--git-path", "shallow")
	if err != nil {
		return
	}
	text, err := readSmall(within(a.git.dir, strings.TrimSpace(string(out))))
	if err != nil || len(text) == 0 {
		return
	}
	cut := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cut[strings.TrimSpace(line)] = true
	}
	for _, id := range a.commits {
		if cut[id.String()] {
			a.gaps = append(a.gaps, &scanner.Gap{What: "shallow clone", Why: "commits before " + id.String()[:12] + " are missing", Next: "git fetch --unshallow"})
			return
		}
	}
}
