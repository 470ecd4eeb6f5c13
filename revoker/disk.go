package revoker

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
)

// disk is what the journal asks of a folder of files. Tests stand in for it to fail and to crash.
type disk interface {
	// Read returns up to n bytes of the file from off, or all to its end when n is negative. A file that ends before off is
	// empty there.
	Read(name string, off, n int64) ([]byte, error)
	// Append adds to the end of the file, which it makes when it is missing, and returns when that is durable.
	Append(name string, b []byte) error
	// Replace makes b the file's content, durably and at once: a crash leaves the old content or the new.
	Replace(name string, b []byte) error
}

// dirDisk is a folder of the file system. Its files are for the owner alone.
type dirDisk string

// Read implements disk.
func (d dirDisk) Read(name string, off, n int64) (data []byte, err error) {
	f, err := os.Open(filepath.Join(string(d), name))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if n < 0 {
		n = math.MaxInt64 - off
	}
	return io.ReadAll(io.NewSectionReader(f, off, n))
}

// Append implements disk.
func (d dirDisk) Append(name string, b []byte) error {
	_, err := os.Stat(filepath.Join(string(d), name))
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := d.write(name, b, os.O_APPEND); err != nil || !fresh {
		return err
	}
	return d.sync()
}

// Replace implements disk.
func (d dirDisk) Replace(name string, b []byte) error {
	if err := d.write(name+".tmp", b, os.O_TRUNC); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(string(d), name+".tmp"), filepath.Join(string(d), name)); err != nil {
		return err
	}
	return d.sync()
}

// write opens the file with the flag, writes b and waits until it is on the disk.
func (d dirDisk) write(name string, b []byte, flag int) (err error) {
	f, err := os.OpenFile(filepath.Join(string(d), name), os.O_CREATE|os.O_WRONLY|flag, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(b); err != nil {
		return err
	}
	return f.Sync()
}

// sync makes the folder's entries durable. Windows has no such call and does it with the file's.
func (d dirDisk) sync() (err error) {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}
