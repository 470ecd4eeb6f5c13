package source

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quash-sh/quash/scanner"
)

// mostKept is how many bytes of repositories a source keeps aside, of all together.
const mostKept = 8 << 30

// deepestNested is how many bundles may stand in one another, each in the history of the one around it.
const deepestNested = 2

// nesting are the repositories that stand in files of a source: git bundles, and bare repositories in archives. Each is laid out as a bare
// repository in a folder of the system's for temporary files, and read as any repository is. Nothing that it says of itself is taken over but
// its objects and references: no configuration, no hook, no alternates. The folders stay until the source is closed, since where the keys stand
// is asked when everything was read. By then a repository has been let go of, and is opened anew: most have no keys.
type nesting struct {
	options Options // of the source
	depth   int     // how many bundles are around

	mu    sync.Mutex
	temp  string // the folder of all
	kept  int64
	found map[string]*nested // by path
	order int                // how many there were
}

func newNesting(o Options, depth int) *nesting {
	return &nesting{
		options: Options{Git: o.Git, NoHistory: o.NoHistory, NoWorktree: true, MaxFile: o.MaxFile, Since: o.Since, Unreachable: o.Unreachable},
		depth:   depth, found: map[string]*nested{},
	}
}

// nested is a repository in a file.
type nested struct {
	path string // of the file, as places have it
	what string // its name in gaps
	dir  string
	part bool // objects are known to be missing, and told
}

// keep makes the folder of a repository.
func (n *nesting) keep(path, what string) (*nested, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.temp == "" {
		dir, err := os.MkdirTemp("", "quash-")
		if err != nil {
			return nil, err
		}
		n.temp = dir
	}
	n.order++
	at := &nested{path: path, what: what, dir: filepath.Join(n.temp, fmt.Sprint(n.order))}
	return at, os.Mkdir(at.dir, 0o700)
}

// left is how many bytes may still be kept.
func (n *nesting) left() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return mostKept - n.kept
}

// took counts bytes that are kept.
func (n *nesting) took(bytes int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.kept += bytes
}

// size is how many bytes the files of the repository have.
func (at *nested) size() (bytes int64) {
	_ = filepath.WalkDir(at.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}

// close removes what is kept.
func (n *nesting) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.temp == "" {
		return nil
	}
	err := os.RemoveAll(n.temp)
	n.temp, n.kept, n.found = "", 0, map[string]*nested{}
	return err
}

// Close implements io.Closer: it removes the repositories that were kept aside.
func (c *counter) Close() error {
	if c.nests == nil {
		return nil
	}
	return c.nests.close()
}

// noRoom is the gap of a repository that cannot be kept aside.
func noRoom(what string, err error) *scanner.Gap {
	return &scanner.Gap{What: what, Why: "there is no room to keep it aside: " + cause(err), Next: "make room in the folder for temporary files", Err: err}
}

// refList are references by name, and where HEAD is: a reference after "ref: ", or an object.
type refList struct {
	ids  map[string]string
	head string
}

// add adds a reference. One that git would not make is named so that it cannot be taken for anything else.
func (l *refList) add(name, id string) {
	switch {
	case name == headName:
		l.head = id
		return
	case !goodRef(name):
		name = fmt.Sprintf("refs/unnamed/%d", len(l.ids))
	}
	if l.ids == nil {
		l.ids = map[string]string{}
	}
	l.ids[name] = id
}

// goodRef reports whether a reference can be listed under its name.
func goodRef(name string) bool {
	return strings.HasPrefix(name, "refs/") && !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c == 0x7f || strings.ContainsRune(`~^:?*[\`, c) }) &&
		!strings.Contains(name, "..") && !strings.Contains(name, "//") && !strings.HasSuffix(name, "/")
}

// layOut makes a bare repository with references and without objects.
func layOut(dir string, refs refList, hash int) error {
	head := refs.head
	for _, name := range [...]string{"refs/heads/main", "refs/heads/master"} {
		if head == "" && refs.ids[name] != "" {
			head = "ref: " + name
		}
	}
	var packed strings.Builder
	for _, name := range slices.Sorted(maps.Keys(refs.ids)) {
		packed.WriteString(refs.ids[name] + " " + name + "\n")
	}
	config := "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
	if hash == 32 {
		config += "[extensions]\n\tobjectformat = sha256\n"
	}
	for _, sub := range [...]string{"objects/pack", "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o700); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"HEAD": cmp.Or(head, "ref: refs/heads/main") + "\n", "config": config, "packed-refs": packed.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
