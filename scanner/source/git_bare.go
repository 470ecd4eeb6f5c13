package source

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// bare is a repository that stands in an archive as a directory, while its files are gathered. They come in any order.
type bare struct {
	*nested
	refs    refList           // as files
	packed  map[string]string // as a list
	hash    int
	objects int
	err     error // the first, of gathering
}

// smallFile is the longest file of references that is read.
const smallFile = 64 << 20

// objectFile is what the files are called that hold objects: what is called otherwise git does not read.
var objectFile = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^objects/(?:[0-9a-f]{2}/(?:[0-9a-f]{38}|[0-9a-f]{62})|pack/[0-9A-Za-z_-]{1,200}\.(?:pack|idx))$`)
})

// gitFile splits the path of a file in a repository: "acme/sync.git", "objects/pack/pack-1.pack".
func gitFile(name string) (top, inner string, ok bool) {
	at := strings.Index(name, ".git/")
	if at < 0 {
		return "", "", false
	}
	top, inner = name[:at+len(".git")], name[at+len(".git/"):]
	switch first, _, below := strings.Cut(inner, "/"); {
	case !below:
		return top, inner, inner == headName || inner == "packed-refs" || inner == "shallow"
	default:
		return top, inner, first == "objects" || first == "refs" || first == "reftable"
	}
}

// repository gathers a file of a bare repository in an archive. It returns what is to be read as a text of it, nil for objects.
func (m *members) repository(p unpack.Place, r io.Reader) io.Reader {
	if p.View != "" || p.Raw || m.from.Blob != "" || !strings.Contains(p.Path, ".git/") {
		return r
	}
	top, inner, ok := gitFile(p.Path)
	if !ok {
		return r
	}
	objects := strings.HasPrefix(inner, "objects/")
	b := m.bare(top)
	switch {
	case b == nil && objects:
		return nil
	case b == nil:
		return r
	case objects:
		b.object(m.c.nests, inner, r)
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(r, smallFile))
	b.text(inner, text)
	if err != nil {
		return io.MultiReader(bytes.NewReader(text), broken{err})
	}
	return io.MultiReader(bytes.NewReader(text), r)
}

// bare returns the repository at a path of the archive; nil where its history is not to be read.
func (m *members) bare(top string) *bare {
	if b, ok := m.bares[top]; ok {
		return b
	}
	if m.bares == nil {
		m.bares = map[string]*bare{}
	}
	n, at := m.c.nests, m.at(top)
	var b *bare
	if n == nil || n.options.NoHistory {
		m.c.skip(skipHistory, 1)
	} else {
		kept, err := n.keep(at, "repository "+at)
		b = &bare{nested: kept, hash: 20, packed: map[string]string{}, err: err}
		m.tops = append(m.tops, top)
	}
	m.bares[top] = b
	return b
}

// object keeps a file of objects.
func (b *bare) object(n *nesting, inner string, r io.Reader) {
	if b.err != nil || !objectFile().MatchString(inner) {
		return
	}
	name := strings.TrimSuffix(path.Base(inner), path.Ext(inner))
	if len(name) == 62 || strings.HasPrefix(name, "pack-") && len(name) == len("pack-")+64 {
		b.hash = 32
	}
	left := n.left()
	full := filepath.Join(b.dir, filepath.FromSlash(inner))
	err := os.MkdirAll(filepath.Dir(full), 0o700)
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		b.err = err
		return
	}
	size, _ := io.Copy(f, io.LimitReader(r, left+1)) // that it is cut short shows when it is read
	b.err = f.Close()
	if n.took(size); size > left && b.err == nil {
		b.err = errTooLarge
	}
	b.objects++
}

// text takes a file of references.
func (b *bare) text(inner string, text []byte) {
	line, _, _ := strings.Cut(string(text[:min(len(text), bundleLine)]), "\n")
	switch {
	case inner == headName && strings.HasPrefix(line, "ref: "):
		if name := strings.TrimSpace(line[len("ref: "):]); goodRef(name) {
			b.refs.head = "ref: " + name
		}
	case inner == "packed-refs":
		for line := range strings.Lines(string(text)) {
			if id, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok && isID(id) {
				b.packed[name] = id
			}
		}
	case inner == "shallow":
		if _, err := pack.ParseID(line); err == nil {
			b.err = errors.Join(b.err, os.WriteFile(filepath.Join(b.dir, inner), text, 0o600))
		}
	case strings.HasPrefix(inner, "reftable/"):
		b.err = errors.New("its references are kept as reftables, which are not read in an archive")
	case isID(line):
		b.refs.add(inner, line)
	}
}

// isID reports whether a text is the name of an object.
func isID(text string) bool {
	id, err := pack.ParseID(text)
	return err == nil && !id.IsZero()
}

// finish gives on the repositories that were gathered.
func (m *members) finish() {
	for _, top := range m.tops {
		if !m.ok || !m.e.live() {
			return
		}
		b := m.bares[top]
		if b.objects == 0 && b.err == nil {
			continue // a directory of that name
		}
		for name, id := range b.packed {
			if b.refs.ids[name] == "" {
				b.refs.add(name, id)
			}
		}
		err := errors.Join(b.err, layOut(b.dir, b.refs, b.hash))
		if err == nil {
			err = m.c.nests.indexes(m.e.ctx, b.nested)
		}
		if err != nil {
			b.part = true
			m.ok = m.e.gap(&scanner.Gap{What: b.what, Why: cause(err), Next: "unpack it and scan the repository", Err: err})
		}
		if m.ok {
			m.ok = m.c.nest(m.e, m.c.nests, b.nested, m.from)
		}
	}
}
