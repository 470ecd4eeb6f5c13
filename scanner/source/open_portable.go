//go:build !linux || !(amd64 || arm64)

package source

import (
	"io/fs"
	"os"
	"path/filepath"
)

// diskFile is an open regular file.
type diskFile struct {
	*os.File
	info fs.FileInfo
}

// diskRoot is a directory whose files are opened.
type diskRoot struct{ path string }

func openRoot(path string) *diskRoot { return &diskRoot{path} }

// Close implements io.Closer.
func (r *diskRoot) Close() error { return nil }

// open opens a regular file by its path in the directory, with slashes.
func (r *diskRoot) open(path string) (*diskFile, error) {
	f, info, err := openFile(filepath.Join(r.path, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	return &diskFile{f, info}, nil
}

// lister lists directories.
type lister struct{}

// entries are those of a directory; see listPortable.
func (lister) entries(dir, path string) ([]dirEntry, error) { return listPortable(dir, path) }
