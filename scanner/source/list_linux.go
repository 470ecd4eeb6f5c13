//go:build linux && (amd64 || arm64)

package source

import (
	"encoding/binary"
	"io/fs"
	"slices"
	"strings"
	"syscall"
)

// listRoom is how many bytes of entries are asked for at once.
const listRoom = 32 << 10

// unknownKind is the type of an entry where the file system does not say it.
const unknownKind = fs.ModeIrregular

// The layout of an entry, as getdents64(2) has it: where the file's number, the length of the record, the type and the name stand in it.
const (
	direntNumber = 0
	direntLength = 16
	direntType   = 18
	direntName   = 19
)

// lister lists directories. Package os does the same with twice the calls of the kernel, and memory for each entry.
type lister struct {
	room []byte
	raw  []byte // the entries of a directory
}

// entries are those of a directory in order of their names, with path before each. With an error come those that were read.
func (l *lister) entries(dir, path string) ([]dirEntry, error) {
	err := l.read(dir)
	if err != nil {
		err = &fs.PathError{Op: "readdir", Path: dir, Err: err}
	}
	entries := parseEntries(l.raw, path)
	if slices.ContainsFunc(entries, func(e dirEntry) bool { return e.kind == unknownKind }) {
		return listPortable(dir, path)
	}
	slices.SortFunc(entries, func(a, b dirEntry) int { return strings.Compare(a.name, b.name) })
	return entries, err
}

// read reads the entries of a directory as the kernel has them.
func (l *lister) read(dir string) error {
	if l.room == nil {
		l.room = make([]byte, listRoom)
	}
	l.raw = l.raw[:0]
	var fd int
	err := uninterrupted(func() (err error) {
		fd, err = syscall.Open(dir, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_DIRECTORY, 0)
		return err
	})
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	for {
		var n int
		err := uninterrupted(func() (err error) { n, err = syscall.ReadDirent(fd, l.room); return err })
		if err != nil || n <= 0 {
			return err
		}
		l.raw = append(l.raw, l.room[:n]...)
	}
}

// parseEntries reads entries as the kernel has them. Their paths share the memory of one text.
func parseEntries(raw []byte, path string) []dirEntry {
	if path != "" {
		path += "/"
	}
	var all strings.Builder
	all.Grow(len(raw) + len(raw)/direntName*len(path))
	var entries []dirEntry
	for len(raw) > direntName {
		size := int(binary.NativeEndian.Uint16(raw[direntLength:]))
		if size <= direntName || size > len(raw) {
			break
		}
		name, kind, number := raw[direntName:size], raw[direntType], binary.NativeEndian.Uint64(raw[direntNumber:])
		raw = raw[size:]
		if end := slices.Index(name, 0); end >= 0 {
			name = name[:end]
		}
		if number == 0 || string(name) == "." || string(name) == ".." { // number 0: it was taken away
			continue
		}
		from := all.Len()
		all.WriteString(path)
		all.Write(name)
		whole := all.String()[from:]
		entries = append(entries, dirEntry{whole, whole[len(path):], kindOf(kind)})
	}
	return entries
}

// kindOf is the type of an entry as package fs has it; unknownKind where the file system does not say.
func kindOf(dirent byte) fs.FileMode {
	switch dirent {
	case syscall.DT_REG:
		return 0
	case syscall.DT_DIR:
		return fs.ModeDir
	case syscall.DT_LNK:
		return fs.ModeSymlink
	case syscall.DT_FIFO:
		return fs.ModeNamedPipe
	case syscall.DT_SOCK:
		return fs.ModeSocket
	case syscall.DT_CHR:
		return fs.ModeDevice | fs.ModeCharDevice
	case syscall.DT_BLK:
		return fs.ModeDevice
	}
	return unknownKind
}
