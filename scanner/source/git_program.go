package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// program is the git program, asked for what is not read here and not by go-git: references in reftables, the index of repositories
// with SHA-256 names, and split or sparse indexes. Objects are never asked of it.
type program struct {
	path string // empty: "git" from the path
	repo *repository
}

// errNoGit says that there is no git program.
var errNoGit = errors.New("the git program is needed to read it and is not installed")

// allocations is the most memory that git may take at a time. It is enough for any object that is made of a delta and read here.
const allocations = "600m"

// feed is run for a command that reads what a stranger made, with limits on its time and memory.
func (p program) feed(ctx context.Context, longest time.Duration, in io.Reader, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	fixed := []string{
		"-c", "core.bigFileThreshold=16m", "-c", "core.deltaBaseCacheLimit=32m", "-c", "core.packedGitWindowSize=16m",
		"-c", "core.packedGitLimit=64m", "-c", "pack.threads=2",
	}
	return p.start(ctx, in, args[0], append(fixed, args...)...)
}

// run runs git on the repository and returns what it prints. Nothing that the repository's configuration names is run:
// no hook, no file system monitor, no transport; no other configuration is read.
func (p program) run(ctx context.Context, args ...string) ([]byte, error) {
	return p.start(ctx, nil, args[0], args...)
}

// start runs git with an input. name is what it is asked, for errors.
func (p program) start(ctx context.Context, in io.Reader, name string, args ...string) ([]byte, error) {
	path := p.path
	if path == "" {
		path = "git"
	}
	fixed := []string{
		"--git-dir=" + p.repo.gitDir, "--no-pager",
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.untrackedCache=false",
		"-c", "protocol.allow=never", "-c", "safe.directory=*",
	}
	cmd := exec.CommandContext(ctx, path, append(fixed, args...)...)
	cmd.Stdin, cmd.WaitDelay = in, 3*time.Second
	cmd.Env = []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_LAZY_FETCH=1", "LC_ALL=C", "GIT_ALLOC_LIMIT=" + allocations,
	}
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nil, errNoGit
	case err != nil:
		line, _, _ := strings.Cut(strings.TrimSpace(problem.String()), "\n")
		return nil, fmt.Errorf("git %s: %w: %s", name, err, line)
	}
	return out.Bytes(), nil
}

// refs lists every reference, with HEAD.
func (p program) refs(ctx context.Context) ([]ref, error) {
	out, err := p.run(ctx, "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		return nil, err
	}
	var refs []ref
	for line := range strings.Lines(string(out)) {
		id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		refs = append(refs, newRef(name, id))
	}
	if out, err = p.run(ctx, "rev-parse", "--quiet", "--verify", "HEAD"); err == nil {
		refs = append(refs, newRef("HEAD", strings.TrimSpace(string(out))))
	}
	return refs, ctx.Err()
}

// tracked lists the paths in the index.
func (p program) tracked(ctx context.Context) (*tracked, error) {
	out, err := p.run(ctx, "ls-files", "--stage", "-z")
	if err != nil {
		return nil, err
	}
	t := &tracked{}
	for line := range strings.SplitSeq(string(out), "\x00") {
		if head, path, ok := strings.Cut(line, "\t"); ok {
			if of, ok := strings.CutPrefix(head, linkMode+" "); ok {
				id, _, _ := strings.Cut(of, " ")
				t.addLink(path, newRef("", id).id)
				continue
			}
			t.add(path, false)
		}
	}
	return t, nil
}

// newRef is a reference whose object name is in hexadecimal form; a wrong one gives the zero ID.
func newRef(name, id string) ref {
	parsed, _ := pack.ParseID(id)
	return ref{name: name, id: parsed}
}
