package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/quash-sh/quash/scanner/source/internal/records"
)

// headSize is how many bytes of a target the kinds may look at to know it.
const headSize = records.HeadSize

// Target is what a person asked to scan, looked at once.
type Target struct {
	// Name is the target as it was given.
	Name string
	// Info is the file's information, symbolic links followed; nil for standard input.
	Info fs.FileInfo
	// Head is the beginning of a file or of standard input: 4 KiB, or all of it when it is shorter.
	Head []byte

	stream io.ReadCloser   // what follows Head, for a target that can be read once only
	list   func() []string // what the members of a file that is an archive are called
}

// newTarget looks at the target. Standard input and pipes are read up to Head here.
func newTarget(ctx context.Context, name string, o Options) (Target, error) {
	if name == "-" {
		if o.Stdin == nil {
			return Target{}, errors.New(`open "-": there is no standard input; give a path`)
		}
		return streamTarget(ctx, Target{Name: name}, io.NopCloser(o.Stdin))
	}
	info, err := os.Stat(name)
	if err != nil {
		return Target{}, openError(name, err)
	}
	t := Target{Name: name, Info: info}
	switch {
	case info.Mode().IsRegular():
		t.Head, err = readHead(name)
		t.list = sync.OnceValue(t.listMembers)
	case info.Mode()&fs.ModeNamedPipe != 0:
		var f *os.File
		if f, err = openPipe(ctx, name); err == nil {
			return streamTarget(ctx, t, f)
		}
	}
	if err != nil {
		return Target{}, openError(name, err)
	}
	return t, nil
}

// openError words the failure to open a target.
func openError(name string, err error) error {
	next := "check the path"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		next = "give a file, a directory, a repository, or - for standard input"
	case errors.Is(err, fs.ErrPermission):
		next = "run as a user who may read it"
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("open %q: %w; %s", name, err, next)
}

func readHead(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, headSize))
}

func streamTarget(ctx context.Context, t Target, r io.ReadCloser) (Target, error) {
	head, err := io.ReadAll(io.LimitReader(patient{ctx, r}, headSize))
	if err != nil {
		r.Close()
		return Target{}, fmt.Errorf("read %q: %w", t.Name, err)
	}
	t.Head, t.stream = head, r
	return t, nil
}

// Open opens the target's bytes from the first. Standard input and pipes can be opened once. Reading ends with the
// context's error when ctx is done, even while waiting for input.
func (t Target) Open(ctx context.Context) (io.ReadCloser, error) {
	if t.stream != nil {
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(t.Head), patient{ctx, t.stream}), t.stream}, nil
	}
	f, err := os.Open(t.Name)
	if err != nil {
		return nil, openError(t.Name, err)
	}
	return f, nil
}

// Close gives up what the target holds open. Closing what Open returned does the same.
func (t Target) Close() {
	if t.stream != nil {
		t.stream.Close()
	}
}

// IsDir reports whether the target is a directory.
func (t Target) IsDir() bool { return t.Info != nil && t.Info.IsDir() }

// IsFile reports whether the target is a regular file, a pipe or standard input: something with bytes in it.
func (t Target) IsFile() bool { return t.stream != nil || t.Info != nil && t.Info.Mode().IsRegular() }

// describe names what the target is, for an error.
func (t Target) describe() string {
	if t.Info == nil {
		return "standard input"
	}
	return "a " + special(t.Info.Mode())
}

// special names the type of what is neither a file nor a directory.
func special(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	default:
		return "special file"
	}
}

// patient is a reader whose Read returns when the context is done although the one beneath still waits, as standard
// input does. The goroutine that waits ends when its read does. It reads no more at a time than a pipe holds.
type patient struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (p patient) Read(b []byte) (int, error) {
	type result struct {
		buf []byte
		err error
	}
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	done := make(chan result, 1)
	go func() {
		buf := make([]byte, min(len(b), 64<<10))
		n, err := p.r.Read(buf)
		done <- result{buf[:n], err}
	}()
	select {
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	case r := <-done:
		return copy(b, r.buf), r.err
	}
}

// openPipe opens a named pipe, which waits for its writer.
func openPipe(ctx context.Context, name string) (*os.File, error) {
	type result struct {
		f   *os.File
		err error
	}
	done := make(chan result, 1)
	go func() {
		f, err := os.Open(name)
		done <- result{f, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.f, r.err
	}
}
