package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// gitCommand is the git program as a person's own command, or the hook that it runs, would use it: in the environment of this
// process, which says with GIT_DIR, GIT_INDEX_FILE, GIT_OBJECT_DIRECTORY and their like which repository, index and objects are
// meant. (The program of git_program.go reads repositories that nobody vouches for and knows no such thing.) It opens no
// connection: objects that a partial clone left out are missing.
type gitCommand struct {
	path string // empty: "git" from the path
	dir  string
}

func (g gitCommand) command(ctx context.Context, args ...string) *exec.Cmd {
	path := g.path
	if path == "" {
		path = "git"
	}
	fixed := []string{"-c", "core.fsmonitor=false", "-c", "protocol.allow=never", "--no-pager"}
	cmd := exec.CommandContext(ctx, path, append(fixed, args...)...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	return cmd
}

// run runs git and returns what it prints.
func (g gitCommand) run(ctx context.Context, args ...string) ([]byte, error) {
	return g.runInput(ctx, nil, args...)
}

// runInput is run with something on standard input.
func (g gitCommand) runInput(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	cmd := g.command(ctx, args...)
	var out, problem bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &problem
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("the git program is needed to read it and is not installed")
	case err != nil:
		line, _, _ := strings.Cut(strings.TrimSpace(problem.String()), "\n")
		return nil, fmt.Errorf("git %s: %s", args[0], strings.TrimPrefix(line, "fatal: "))
	}
	return out.Bytes(), nil
}

// batch is a `git cat-file --batch` at work: it is told names of objects and gives the objects, one after the other.
type batch struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	buf []byte // holds the object that all gave last
}

// errMissing says that a name names no object.
var errMissing = errors.New("missing from the object store")

// objects starts the program.
func (g gitCommand) objects(ctx context.Context) (*batch, error) {
	cmd := g.command(ctx, "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start git cat-file: %w", err)
	}
	return &batch{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10)}, nil
}

// gitObject is an object that is being read. It must be read to its end before the next is asked for.
type gitObject struct {
	b    *batch
	id   string
	kind string // "blob", "tree", "commit" or "tag"
	size int64
	left int64
}

// open asks for an object by a name without line breaks.
func (b *batch) open(name string) (*gitObject, error) {
	if _, err := io.WriteString(b.in, name+"\n"); err != nil {
		return nil, fmt.Errorf("git cat-file ended: %w", err)
	}
	line, err := b.out.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("git cat-file ended: %w", err)
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return nil, errMissing // "NAME missing", "NAME ambiguous"
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return nil, errMissing // a name with blanks, which is missing too
	}
	return &gitObject{b, fields[0], fields[1], size, size}, nil
}

// Read implements io.Reader.
func (o *gitObject) Read(p []byte) (int, error) {
	if o.left == 0 {
		return 0, io.EOF
	}
	n, err := o.b.out.Read(p[:min(int64(len(p)), o.left)])
	if o.left -= int64(n); o.left == 0 && err == nil {
		_, err = o.b.out.Discard(1) // the line break behind it
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// all reads the object. The bytes are valid until the next call.
func (o *gitObject) all() ([]byte, error) {
	if o.size == 0 {
		return nil, o.drain()
	}
	if int64(cap(o.b.buf)) < o.size {
		o.b.buf = make([]byte, o.size)
	}
	data := o.b.buf[:o.size]
	_, err := io.ReadFull(o, data)
	return data, err
}

// drain reads what is left.
func (o *gitObject) drain() error {
	if o.size == 0 {
		_, err := o.b.out.Discard(1)
		return err
	}
	_, err := io.Copy(io.Discard, o)
	return err
}

// whole reads an object that is small.
func (b *batch) whole(name string) ([]byte, error) {
	o, err := b.open(name)
	if err != nil {
		return nil, err
	}
	return o.all()
}

// close ends the program; it does nothing where none was started.
func (b *batch) close() {
	if b == nil || b.cmd.ProcessState != nil {
		return
	}
	_ = b.in.Close() // it ends when its input does
	_, _ = io.Copy(io.Discard, b.out)
	_ = b.cmd.Wait() // what mattered was read
}
