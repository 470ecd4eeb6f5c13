//go:build !linux || !(amd64 || arm64)

package source

import (
	"io/fs"
	"os"
)

// diskFile is an open regular file.
type diskFile struct {
	*os.File
	info fs.FileInfo
}

// openDisk opens a regular file.
func openDisk(path string) (*diskFile, error) {
	f, info, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return &diskFile{f, info}, nil
}
