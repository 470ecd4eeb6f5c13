package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/lex"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// A git bundle is a repository in one file: what git bundle create writes, and what forges put into their exports. Its head lists the
// commits that it builds on and its references; a pack follows (https://git-scm.com/docs/gitformat-bundle). The git program makes
// the index of the pack, which is all that it is asked for.

const (
	// bundleHead is the longest head of a bundle, bundleLine the longest line of it. A reference takes some 80 bytes.
	bundleHead = 64 << 20
	bundleLine = 64 << 10
	// mostSaved is how much of a pack is read that has no index because it is damaged.
	mostSaved = 64 << 20
	// longestIndex and longestSave are how long git may take for the index of a pack, and for what can be saved of a damaged one.
	longestIndex = 30 * time.Minute
	longestSave  = time.Minute
	// namedCommits is how many missing commits a gap names.
	namedCommits = 3
)

// isBundle reports whether a file of that name that begins with head is a git bundle, be it a damaged one.
func isBundle(name string, head []byte) bool {
	if bytes.HasPrefix(head, []byte("# v2 git bundle\n")) || bytes.HasPrefix(head, []byte("# v3 git bundle\n")) {
		return true
	}
	const ext = ".bundle"
	return len(name) > len(ext) && strings.EqualFold(name[len(name)-len(ext):], ext) &&
		(bytes.Contains(head, []byte(" git bundle\n")) || bytes.Contains(head, []byte("\nPACK\x00")) || bytes.Contains(head, []byte(" refs/heads/")))
}

// bundle is the head of a bundle.
type bundle struct {
	refs   refList
	needs  []string // commits that it builds on and does not have
	filter string   // what was left out of it
	hash   int
}

// readBundle reads the head of a bundle. What follows in r is the pack.
func readBundle(r *bufio.Reader) (*bundle, error) {
	b := &bundle{hash: 20}
	for n, read := 0, 0; ; n++ {
		line, err := r.ReadSlice('\n')
		read += len(line)
		switch {
		case n == 0 && !isBundle("", line):
			return nil, errors.New("it does not begin as a git bundle of version 2 or 3 does")
		case errors.Is(err, bufio.ErrBufferFull), read > bundleHead:
			return nil, fmt.Errorf("its head has more than %s bytes", lex.Number(bundleHead))
		case err != nil:
			return nil, errors.New("it ends in its head")
		case len(line) == 1 && n > 0:
			return b, nil
		case n > 0:
			if err := b.line(strings.TrimSuffix(string(line), "\n")); err != nil {
				return nil, err
			}
		}
	}
}

// line takes a line of the head: "@capability=value", "-commit comment" or "object reference".
func (b *bundle) line(s string) error {
	if name, ok := strings.CutPrefix(s, "@"); ok {
		name, value, _ := strings.Cut(name, "=")
		switch {
		case name == "object-format" && value == "sha256":
			b.hash = 32
		case name == "object-format" && value == "sha1":
		case name == "filter":
			b.filter = "filter"
		default:
			return errors.New("it has a capability that is not known here")
		}
		return nil
	}
	need, missing := strings.CutPrefix(s, "-")
	id, name, _ := strings.Cut(need, " ")
	if parsed, err := pack.ParseID(id); err != nil || len(id) != 2*b.hash || parsed.IsZero() {
		return errors.New("its head is damaged")
	}
	if missing {
		b.needs = append(b.needs, id)
		return nil
	}
	b.refs.add(name, id)
	return nil
}

// lacks says which commits a bundle builds on, or what else was left out of it; nil where it is whole.
func (b *bundle) lacks(what string) *scanner.Gap {
	switch n := len(b.needs); {
	case n > 0:
		names := strings.Join(b.needs[:min(n, namedCommits)], ", ")
		if n > namedCommits {
			names += fmt.Sprintf(" and %d more", n-namedCommits)
		}
		return &scanner.Gap{
			What: what, Why: "it builds on commits that are not in it: " + names, Err: pack.ErrMissing,
			Next: "git fetch it into a clone that has them, and scan the clone",
		}
	case b.filter != "":
		return &scanner.Gap{
			What: what, Why: "it was made with a filter, which left objects out", Err: pack.ErrMissing,
			Next: "make it again without --filter",
		}
	}
	return nil
}

// unbundle makes a bare repository of a bundle. Where none can be made of it, or of a part of it only, the gap says why.
func (n *nesting) unbundle(ctx context.Context, path string, r io.Reader) (*nested, *scanner.Gap) {
	what := "git bundle " + path
	in := bufio.NewReaderSize(r, bundleLine)
	b, err := readBundle(in)
	if err != nil {
		return nil, &scanner.Gap{What: what, Why: err.Error(), Next: nextBundle, Err: err}
	}
	at, err := n.keep(path, what)
	if err == nil {
		err = layOut(at.dir, b.refs, b.hash)
	}
	if err != nil {
		return nil, noRoom(what, err)
	}
	gap := b.lacks(what)
	at.part = gap != nil
	err = n.index(ctx, at, in)
	switch {
	case err == nil:
		_, err = io.Copy(io.Discard, in) // an archive checks what it gives when it has given all
		if err == nil {
			return at, gap
		}
	case errors.Is(err, errNoGit):
		return nil, &scanner.Gap{What: what, Why: errNoGit.Error(), Next: "install git, then scan again", Err: err}
	case errors.Is(err, errTooLarge):
		return nil, &scanner.Gap{What: what, Why: err.Error(), Next: nextClone, Err: err}
	}
	if at.part = true; gap == nil {
		gap = &scanner.Gap{What: what, Why: "its pack is damaged or cut short", Next: nextBundle, Err: err}
	}
	return at, gap
}

// What to do about bundles that cannot be read here.
const (
	nextBundle = "make it again with git bundle create"
	nextClone  = "unpack it, clone it with git clone --mirror, and scan the clone"
	nextNamed  = "save it as a file and scan that: quash scan FILE.bundle reads the whole history in it"
)

// errTooLarge says that a repository is larger than what is kept aside.
var errTooLarge = errors.New("over the limit of what is kept aside")

// index has git read a pack into the repository and make its index. Of a pack that is damaged, cut short or built on objects
// that are elsewhere it takes what it can, and returns an error.
func (n *nesting) index(ctx context.Context, at *nested, r io.Reader) error {
	left := n.left()
	if left <= 0 {
		return errTooLarge
	}
	begin, err := os.CreateTemp(at.dir, "begin-*")
	if err != nil {
		return err
	}
	defer os.Remove(begin.Name())
	defer begin.Close()
	git := program{path: n.options.Git, repo: &repository{gitDir: at.dir}}
	in := io.TeeReader(r, &beginning{begin, min(mostSaved, left)})
	_, err = git.feed(ctx, longestIndex, in, "index-pack", "--stdin", "--max-input-size="+strconv.FormatInt(left, 10))
	switch {
	case err == nil:
		n.took(at.size())
		return nil
	case ctx.Err() != nil, errors.Is(err, errNoGit):
		return err
	case strings.Contains(err.Error(), "maximum allowed size"):
		return errTooLarge
	}
	if _, seek := begin.Seek(0, io.SeekStart); seek == nil {
		_, _ = git.feed(ctx, longestSave, begin, "unpack-objects", "-r", "-q") // what it cannot read is told already
	}
	n.took(at.size())
	return err
}

// indexes has git index the packs of a repository that came without.
func (n *nesting) indexes(ctx context.Context, at *nested) error {
	packs, err := filepath.Glob(filepath.Join(at.dir, "objects", "pack", "*.pack"))
	git := program{path: n.options.Git, repo: &repository{gitDir: at.dir}}
	for _, p := range packs {
		if _, absent := os.Stat(strings.TrimSuffix(p, ".pack") + ".idx"); absent == nil {
			continue
		}
		if _, failed := git.feed(ctx, longestIndex, nil, "index-pack", p); failed != nil {
			err = fmt.Errorf("a pack of it has no index, and none can be made: %w", failed)
			if !errors.Is(failed, errNoGit) {
				err = errors.New("a pack of it has no index and is damaged or cut short")
			}
		}
	}
	return err
}

// beginning is a writer that takes so many bytes and drops the rest.
type beginning struct {
	w    io.Writer
	left int64
}

// Write implements io.Writer.
func (b *beginning) Write(p []byte) (int, error) {
	n := min(int64(len(p)), b.left)
	b.left -= n
	if _, err := b.w.Write(p[:n]); err != nil {
		b.left = 0
	}
	return len(p), nil
}
