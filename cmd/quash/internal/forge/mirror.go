package forge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/quash-sh/quash/revoker"
)

// MirrorOptions say where mirrors are kept and how they are brought up to date.
type MirrorOptions struct {
	// Dir is the folder of the mirrors; it is made when it is missing.
	Dir string
	// Git is the git program; empty uses go-git.
	Git string
	// Env looks up the environment, of which the git program gets a part.
	Env func(name string) (string, bool)
	// Access says which hosts get which token.
	Access Access
	// Refs are the references that are mirrored; nil: [DefaultRefs].
	Refs []string
	// MaxDisk, when above zero, is how many bytes the mirrors may take together. The least recently used are removed when
	// it is exceeded; those in use are not, so a run takes more for as long as it works on them.
	MaxDisk int64
	// Own says that the user's own configuration of git counts, with its credential helpers: for a repository that the user
	// named, and no token is known for. The git program alone has it.
	Own bool
	// Fetched is told how far a fetch is; nil is told nothing.
	Fetched Fetched
	// Patience is how long a fetch may go on without anything that arrives; zero: half an hour. The git program alone has it.
	Patience time.Duration
	// Clock is the time between tries, and that of use. nil: the machine's.
	Clock revoker.Clock
}

// Mirrors are bare repositories in a folder, each with a lock and a file for what was found in it. They are safe for concurrent
// use, by other processes too.
type Mirrors struct {
	dir     string
	want    patterns
	access  Access
	clock   revoker.Clock
	maxDisk int64
	remote  remote
	local   local

	disk  sync.Mutex // held while mirrors are removed
	sizes map[string]int64
}

// OpenMirrors makes the folder and takes away what killed runs left half removed.
func OpenMirrors(o MirrorOptions) (*Mirrors, error) {
	m := &Mirrors{want: o.Refs, access: o.Access, clock: o.Clock, maxDisk: o.MaxDisk, sizes: map[string]int64{}}
	if m.want == nil {
		m.want = DefaultRefs
	}
	if err := m.want.check(); err != nil {
		return nil, err
	}
	if m.clock == nil {
		m.clock = revoker.SystemClock{}
	}
	var err error
	if m.dir, err = filepath.Abs(o.Dir); err == nil {
		err = os.MkdirAll(m.dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make the folder of mirrors: %w; name another with --cache", err)
	}
	m.remote, m.local = library{o.Fetched}, library{}
	if o.Git != "" {
		p := program{path: o.Git, dir: m.dir, env: o.Env, own: o.Own, progress: o.Fetched, patience: o.Patience}
		m.remote, m.local = p, p
	}
	gone, err := filepath.Glob(filepath.Join(m.dir, "*"+goneSuffix))
	for _, dir := range gone {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return m, err
}

// The files of a mirror: NAME.git, NAME.json (its State), NAME.lock. What is being removed is NAME.git.gone.
const (
	mirrorSuffix = ".git"
	stateSuffix  = ".json"
	lockSuffix   = ".lock"
	goneSuffix   = ".gone"
)

// odd is what does not go into the name of a file.
var odd = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^A-Za-z0-9._-]+`) })

// base is the path of a mirror without its suffix. The same repository mirrored with other references is another mirror.
func (m *Mirrors) base(r Repository) string {
	sum := sha256.Sum256([]byte(r.URL + "\n" + strings.Join(m.want, "\n")))
	short := odd().ReplaceAllString(strings.TrimSuffix(path.Base(r.URL), mirrorSuffix), "-")
	return filepath.Join(m.dir, strings.Trim(short[:min(len(short), 40)], ".-")+"-"+hex.EncodeToString(sum[:10]))
}

// Dir is where the mirror of a repository is, or would be.
func (m *Mirrors) Dir(r Repository) string { return m.base(r) + mirrorSuffix }

// listTimeout bounds the listing of references.
const listTimeout = 2 * time.Minute

// Remote lists the references of a repository, as far as they are mirrored.
func (m *Mirrors) Remote(ctx context.Context, r Repository) (Refs, error) {
	var refs Refs
	err := m.try(ctx, r, func(ctx context.Context, token string) (err error) {
		ctx, cancel := context.WithTimeoutCause(ctx, listTimeout, &failure{why: "no answer for " + listTimeout.String(), lasting: true})
		defer cancel()
		refs, err = m.remote.refs(ctx, r.URL, token)
		return err
	})
	return m.want.choose(refs), err
}

// pauses are how long to wait before each further try of what may pass by itself.
var pauses = [...]time.Duration{time.Second, 5 * time.Second}

// try reaches a repository, and again when that failed for a reason that may pass.
func (m *Mirrors) try(ctx context.Context, r Repository, do func(ctx context.Context, token string) error) error {
	at, err := url.Parse(r.URL)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		token, err := m.access.to(ctx, at)
		if err == nil {
			err = do(ctx, token)
		}
		var f *failure
		if err == nil || ctx.Err() != nil || i == len(pauses) || !errors.As(err, &f) || f.lasting {
			return err
		}
		if err := m.clock.Sleep(ctx, pauses[i]); err != nil {
			return err
		}
	}
}

// Mirror is a mirror in use. Nobody else touches it until it is closed.
type Mirror struct {
	// Dir is the bare repository.
	Dir string
	// Refs are the references in it.
	Refs Refs

	of         *Mirrors
	repository Repository
	remote     Refs
	lock       *lock
}

// Close gives the mirror back. When all mirrors together take too much room, some are removed.
func (m *Mirror) Close() error {
	m.lock.release()
	return m.of.trim(m.Dir)
}

// Update makes the mirror of a repository, or brings it up to date. remote are the references that the repository was just seen
// to have.
func (m *Mirrors) Update(ctx context.Context, r Repository, remote Refs) (*Mirror, error) {
	mirror, err := m.acquire(ctx, r, remote)
	if err != nil {
		return nil, err
	}
	if err := mirror.update(ctx); err != nil {
		mirror.lock.release()
		return nil, err
	}
	return mirror, nil
}

// Open opens the mirror of a repository as it is, and makes it when it is gone.
func (m *Mirrors) Open(ctx context.Context, r Repository) (*Mirror, error) {
	if _, err := os.Stat(filepath.Join(m.Dir(r), "HEAD")); err != nil {
		remote, err := m.Remote(ctx, r)
		if err != nil {
			return nil, err
		}
		return m.Update(ctx, r, remote)
	}
	return m.acquire(ctx, r, Refs{})
}

// acquire waits for the mirror's lock and notes its use.
func (m *Mirrors) acquire(ctx context.Context, r Repository, remote Refs) (*Mirror, error) {
	l, err := takeLock(ctx, m.base(r)+lockSuffix)
	if err != nil {
		return nil, err
	}
	now := m.clock.Now()
	if err := os.Chtimes(m.base(r)+lockSuffix, now, now); err != nil {
		l.release()
		return nil, err
	}
	return &Mirror{Dir: m.Dir(r), of: m, repository: r, remote: remote, lock: l}, nil
}

// update fetches. When that fails and the mirror is found damaged it is made anew.
func (m *Mirror) update(ctx context.Context) error {
	_, err := os.Stat(filepath.Join(m.Dir, "HEAD"))
	old := err == nil
	if err = m.fetch(ctx); err == nil || !old || ctx.Err() != nil {
		return err
	}
	if renewed, failed := m.Renew(ctx); renewed {
		return failed
	}
	return err
}

// Renew makes the mirror anew if something in it is missing, and says whether it did.
func (m *Mirror) Renew(ctx context.Context) (bool, error) {
	if m.of.local.sound(ctx, m.Dir) == nil || ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err := remove(m.Dir); err != nil {
		return false, err
	}
	return true, m.fetch(ctx)
}

// fetch makes the mirror's references those of the repository.
func (m *Mirror) fetch(ctx context.Context) error {
	if err := m.prepare(); err != nil {
		return fmt.Errorf("make mirror: %w; make its folder writable, or name another with --cache", err)
	}
	err := m.of.try(ctx, m.repository, func(ctx context.Context, token string) error {
		return m.of.remote.fetch(ctx, m.Dir, m.repository.URL, token, m.of.want, m.lock.file)
	})
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(m.Dir, "HEAD"), headFile(m.remote.Head)); err != nil {
		return err
	}
	tips, err := m.of.local.tips(ctx, m.Dir)
	m.Refs = m.of.want.choose(Refs{Head: m.remote.Head, Tips: tips})
	return err
}

// headFile is the content of HEAD.
func headFile(head string) string {
	switch {
	case head == "":
		return "ref: refs/heads/main\n" // a branch to come, as in a new repository
	case strings.HasPrefix(head, "refs/"):
		return "ref: " + head + "\n"
	}
	return head + "\n"
}

// prepare lays the mirror out as a bare repository, and takes away what a killed run left in it.
func (m *Mirror) prepare() error {
	for _, dir := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(m.Dir, filepath.FromSlash(dir)), 0o700); err != nil {
			return err
		}
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
	if m.remote.sha256Names() {
		config = strings.Replace(config, "= 0", "= 1", 1) + "[extensions]\n\tobjectformat = sha256\n"
	}
	if err := writeFile(filepath.Join(m.Dir, "config"), config); err != nil {
		return err
	}
	if err := tidy(m.Dir); err != nil {
		return err
	}
	_, err := os.Stat(filepath.Join(m.Dir, "HEAD"))
	if errors.Is(err, fs.ErrNotExist) {
		err = writeFile(filepath.Join(m.Dir, "HEAD"), headFile(m.remote.Head))
	}
	return err
}

// tidy removes lock files, half packs and the marks of packs under way. Nobody is at work in the mirror: its lock is held.
func tidy(dir string) error {
	objects := filepath.Join(dir, "objects") + string(filepath.Separator)
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := d.Name()
		half := strings.HasPrefix(path, objects) && (strings.HasPrefix(name, "tmp_") || strings.HasSuffix(name, ".keep"))
		if half || strings.HasSuffix(name, ".lock") || strings.HasPrefix(name, "._packed-refs") {
			return os.Remove(path)
		}
		return nil
	})
}

// objectName is how objects are named.
var objectName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`) })

// Object is the content of an object of the mirror.
func (m *Mirror) Object(ctx context.Context, id string) ([]byte, error) {
	if !objectName().MatchString(id) {
		return nil, errors.New("the place names no object")
	}
	return m.of.local.object(ctx, m.Dir, id)
}
