package source

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/records"
	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// findFolders finds, among the files of a directory, exports that somebody unpacked there: their files are read as those of the archive are.
func (c *counter) findFolders(root string, files []string) {
	c.folders = records.Folders(files, func(path string) io.ReadCloser {
		f, err := os.Open(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			return io.NopCloser(strings.NewReader("")) // told when it is read
		}
		return f
	})
}

// formatOf returns the format of a file that begins with head, and what is known of the export that it stands in: that of the folder it
// lies in, where somebody unpacked an export there, and else the one that it surely has itself. Nil is none.
func (c *counter) formatOf(path string, head []byte) (*records.Format, *records.Contents) {
	for _, f := range c.folders {
		name, ok := strings.CutPrefix(path, f.Root)
		if !ok || strings.Contains(name, unpack.Separator) {
			continue
		}
		if x := f.Contents.Format(name); x != nil {
			return x, f.Contents.Copy()
		}
	}
	return exportFormat(path, head), nil
}

// isFolder reports whether a target is the folder of an export of that kind that somebody unpacked. It is read as a directory.
func isFolder(a *records.Archive, t Target) bool {
	return t.IsDir() && a.Leads(func(name string) bool {
		info, err := os.Stat(filepath.Join(t.Name, filepath.FromSlash(name)))
		return err == nil && info.Mode().IsRegular()
	})
}
