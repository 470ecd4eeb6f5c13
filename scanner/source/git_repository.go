package source

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/config"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// repository is a git repository, opened.
//
// go-git reads its configuration and index. It is asked through its storage, not by PlainOpen, which refuses extensions that change
// nothing of these (sparse checkout's worktreeConfig, preciousObjects). Where it cannot, the git program answers (git_program.go): for
// references in a reftable, and the index of a repository with SHA-256 names.
type repository struct {
	name      string // as the target was given
	root      string // the work tree; empty for a bare repository
	gitDir    string // of this work tree
	commonDir string // of the repository; differs from gitDir in a linked work tree
	hash      int    // bytes of an object name
	reftable  bool
	partial   bool    // a partial clone, which fetches objects when git needs them
	told      bool    // that it lacks objects
	pinned    pack.ID // of a submodule: the commit that the repository around names
	excludes  string
	largeDir  string // where Git LFS keeps files, if that was changed
	storage   *filesystem.Storage
	program   program
}

// findRepository returns the repository that has dir as its work tree or that dir is.
func findRepository(dir string) (*repository, bool, error) {
	r := &repository{name: dir, root: dir, gitDir: filepath.Join(dir, ".git")}
	info, err := os.Lstat(r.gitDir)
	switch {
	case err != nil && isGitDir(dir):
		r.root, r.gitDir = "", dir
	case err != nil:
		return nil, false, nil
	case info.Mode().IsRegular():
		if r.gitDir, err = linkedGitDir(r.gitDir); err != nil {
			return nil, true, err
		}
	case !isGitDir(r.gitDir):
		if _, err := os.Lstat(filepath.Join(r.gitDir, "objects")); err != nil {
			return nil, false, nil // a name, not a repository
		}
		return nil, true, fmt.Errorf("open %q: a damaged repository: HEAD or refs is missing; git init restores it, or scan the files alone with --source dir", r.gitDir)
	}
	r.commonDir = r.gitDir
	if b, err := readSmall(filepath.Join(r.gitDir, "commondir")); err == nil {
		r.commonDir = within(r.gitDir, strings.TrimSpace(string(b)))
		if _, err := os.Stat(filepath.Join(r.commonDir, "objects")); err != nil {
			return nil, true, fmt.Errorf("open %q: its file commondir points to %q, where no repository is; mend it with git worktree repair, or scan the files alone with --source dir", r.gitDir, r.commonDir)
		}
	}
	return r, true, nil
}

// isGitDir reports whether a directory is laid out as git lays out a repository.
func isGitDir(dir string) bool {
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// linkedGitDir reads a .git file, which says where the repository is.
func linkedGitDir(file string) (string, error) {
	b, err := readSmall(file)
	if err != nil {
		return "", openError(file, err)
	}
	dir, ok := strings.CutPrefix(string(b), "gitdir:")
	if !ok {
		return "", fmt.Errorf("open %q: no line gitdir:; name another kind with --source", file)
	}
	dir = within(filepath.Dir(file), strings.TrimSpace(dir))
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		return "", fmt.Errorf("open %q: it points to %q, where no repository is; mend it with git worktree repair, or scan the files alone with --source dir", file, dir)
	}
	return dir, nil
}

// within resolves a path that may be relative to dir.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// readSmall reads a small file of a repository, and nothing that is no regular file.
func readSmall(path string) ([]byte, error) { return readUpTo(path, 1<<20) }

// readUpTo reads a regular file up to a length.
func readUpTo(path string, most int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// openRegular opens a regular file; it neither follows a link nor waits for the writer of a pipe.
func openRegular(path string) (*os.File, error) {
	f, _, err := openFile(path)
	return f, err
}

// openFile is openRegular with what the file system says of the file.
func openFile(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// maxConfig bounds the bytes of a repository's configuration.
const maxConfig = 16 << 20

// open reads the configuration and makes the storage.
func (r *repository) open(o Options) error {
	files := dotgit.NewRepositoryFilesystem(osfs.New(r.gitDir), osfs.New(r.commonDir))
	r.storage = filesystem.NewStorage(files, cache.NewObjectLRUDefault())
	r.program = program{path: o.Git, repo: r}
	text, err := pack.ReadRegular(filepath.Join(r.commonDir, "config"), maxConfig)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return openError(filepath.Join(r.commonDir, "config"), err)
	}
	conf := config.New()
	if err := config.NewDecoder(bytes.NewReader(text)).Decode(conf); err != nil {
		return fmt.Errorf("open %q: its configuration is damaged: %w; see git config --list", r.name, err)
	}
	return r.configure(conf)
}

// configure takes over what the configuration says.
func (r *repository) configure(conf *config.Config) error {
	r.hash = 20
	r.excludes = conf.Section("core").Option("excludesfile")
	r.largeDir = conf.Section("lfs").Option("storage")
	for _, remote := range conf.Section("remote").Subsections {
		r.partial = r.partial || strings.EqualFold(remote.Option("promisor"), "true")
	}
	for _, o := range conf.Section("extensions").Options {
		key, value := strings.ToLower(o.Key), strings.ToLower(o.Value)
		switch {
		case key == "objectformat" && value == "sha256":
			r.hash = 32
		case key == "refstorage" && strings.HasPrefix(value, "reftable"):
			r.reftable = true
		case key == "partialclone":
			r.partial = true
		case key == "objectformat" && value != "sha1", key == "refstorage" && value != "files":
			return fmt.Errorf("open %q: it uses the extension %s = %s, which is not known here; clone it without", r.name, o.Key, o.Value)
		}
	}
	return nil
}

// objects opens the object store.
func (r *repository) objects() (*pack.Store, []pack.Problem) {
	store, problems := pack.Open(filepath.Join(r.commonDir, "objects"), r.hash)
	r.partial = r.partial || store.Promised()
	return store, problems
}

// tracked are the paths of a work tree that git knows, which no ignore rule hides.
type tracked struct {
	files map[string]bool // a submodule is one too
	dirs  map[string]bool // every directory above a file
	links []string        // submodules, sorted
	// commits are those that submodules stand at, by path.
	commits map[string]pack.ID
}

// addLink adds a submodule.
func (t *tracked) addLink(path string, commit pack.ID) {
	t.add(path, true)
	if t.commits == nil {
		t.commits = map[string]pack.ID{}
	}
	t.commits[path] = commit
}

// add adds a path.
func (t *tracked) add(path string, link bool) {
	if t.files == nil {
		t.files, t.dirs = map[string]bool{}, map[string]bool{}
	}
	t.files[path] = true
	if link {
		t.links = append(t.links, path)
		t.dirs[path] = true
	}
	for i := strings.LastIndexByte(path, '/'); i > 0 && !t.dirs[path[:i]]; i = strings.LastIndexByte(path[:i], '/') {
		t.dirs[path[:i]] = true
	}
}

// tracked reads the index. Where go-git cannot (a split or sparse index), the git program does.
func (r *repository) tracked(ctx context.Context) (*tracked, error) {
	// A pipe in its place would make all who read it wait.
	f, err := pack.OpenRegular(filepath.Join(r.gitDir, "index"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &tracked{}, nil
	case err != nil:
		return nil, err
	}
	f.Close()
	if r.hash != sha1.Size || r.reftable {
		return r.program.tracked(ctx)
	}
	if t, ok := trackedPlain(r.gitDir); ok {
		return t, nil
	}
	index, err := r.storage.Index()
	if err != nil {
		t, programErr := r.program.tracked(ctx)
		if programErr != nil {
			return nil, errors.Join(err, programErr)
		}
		return t, nil
	}
	t := &tracked{}
	for _, e := range index.Entries {
		if e.Mode == modeLink {
			t.addLink(e.Name, pack.MakeID(e.Hash[:]))
			continue
		}
		t.add(e.Name, false)
	}
	return t, nil
}
