//go:build linux && (amd64 || arm64)

package source

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// diskRoot is a directory whose files are opened: the kernel goes to it once, not for each of them.
type diskRoot struct {
	fd   int
	err  error // why it could not be opened
	path string
	file diskFile
}

// openRoot opens a directory. That it cannot be is told of each file in it.
func openRoot(path string) *diskRoot {
	r := &diskRoot{path: path}
	r.err = uninterrupted(func() (err error) {
		r.fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_DIRECTORY, 0)
		return err
	})
	return r
}

// Close implements io.Closer.
func (r *diskRoot) Close() error {
	if r.err != nil {
		return nil
	}
	return syscall.Close(r.fd)
}

// open opens a regular file by its path in the directory, with slashes. It is the only one that is open.
func (r *diskRoot) open(path string) (*diskFile, error) {
	f := &r.file
	*f = diskFile{root: r, path: path}
	if r.err != nil {
		return nil, f.failed("open", r.err)
	}
	err := uninterrupted(func() (err error) {
		f.fd, err = syscall.Openat(r.fd, path, syscall.O_RDONLY|syscall.O_CLOEXEC|openFlags, 0)
		return err
	})
	if err != nil {
		return nil, f.failed("open", err)
	}
	if err = uninterrupted(func() error { return syscall.Fstat(f.fd, &f.info.stat) }); err == nil && f.info.stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = errors.New("not a regular file")
	}
	if err != nil {
		_ = f.Close()
		return nil, f.failed("open", err)
	}
	f.info.name = path[strings.LastIndexByte(path, '/')+1:]
	return f, nil
}

// diskFile is an open regular file. Package os would ask the kernel, for each, to tell when it can be read, which it does not of files,
// and have the collector look after it: a tenth of what a small file costs. It is for one goroutine, and must be closed.
type diskFile struct {
	fd   int
	root *diskRoot
	path string // in the root
	info diskInfo
}

// uninterrupted calls what a signal may have cut short, until none has.
func uninterrupted(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}

func (f *diskFile) failed(op string, err error) error {
	return &fs.PathError{Op: op, Path: filepath.Join(f.root.path, f.path), Err: err}
}

// Read implements io.Reader.
func (f *diskFile) Read(p []byte) (int, error) {
	return f.read(p, func() (int, error) { return syscall.Read(f.fd, p) })
}

// ReadAt implements io.ReaderAt.
func (f *diskFile) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = f.read(p[n:], func() (int, error) { return syscall.Pread(f.fd, p[n:], at+int64(n)) })
		n += m
	}
	return n, err
}

// read reads into p, which is not written to where it is empty.
func (f *diskFile) read(p []byte, read func() (int, error)) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err = uninterrupted(func() (err error) { n, err = read(); return err }); err != nil {
		return 0, f.failed("read", err)
	}
	if n == 0 {
		err = io.EOF
	}
	return n, err
}

// Seek implements io.Seeker.
func (f *diskFile) Seek(offset int64, whence int) (int64, error) {
	at, err := syscall.Seek(f.fd, offset, whence)
	if err != nil {
		return 0, f.failed("seek", err)
	}
	return at, nil
}

// Stat says what was known of the file when it was opened.
func (f *diskFile) Stat() (fs.FileInfo, error) { return &f.info, nil }

// Close implements io.Closer.
func (f *diskFile) Close() error { return syscall.Close(f.fd) }

// diskInfo implements fs.FileInfo.
type diskInfo struct {
	name string
	stat syscall.Stat_t
}

func (i *diskInfo) Name() string       { return i.name }
func (i *diskInfo) Size() int64        { return i.stat.Size }
func (i *diskInfo) Mode() fs.FileMode  { return fs.FileMode(i.stat.Mode).Perm() }
func (i *diskInfo) ModTime() time.Time { return time.Unix(i.stat.Mtim.Unix()) }
func (i *diskInfo) IsDir() bool        { return false }
func (i *diskInfo) Sys() any           { return &i.stat }
