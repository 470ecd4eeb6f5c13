package records

import (
	"io"
	"strings"
)

// Folder is an export of many files that somebody unpacked.
type Folder struct {
	// Root is the folder among the files around it: empty, or a path that ends with "/".
	Root string
	// Contents is what is known of it. Its files may be read at the same time, each with a copy.
	Contents *Contents
}

// Copy returns what is known for one more reading, which may go on beside others: nothing that any of them adds is seen by another.
func (k *Contents) Copy() *Contents {
	return &Contents{archive: k.archive, root: k.root, people: k.people, files: k.files}
}

// Folders finds exports that somebody unpacked among the files of a directory, as far as some of their files say what others need. Paths
// have slashes and come folder by folder. open opens a file.
func Folders(paths []string, open func(path string) io.ReadCloser) []Folder {
	var all []Folder
	for i, path := range paths {
		for _, a := range Archives() {
			for _, lead := range a.leads {
				root, ok := strings.CutSuffix(path, lead)
				if !ok || root != "" && !strings.HasSuffix(root, "/") {
					continue
				}
				names := inFolder(paths, i, root)
				if score, at := a.score(names); score >= Sure && at == "" {
					all = append(all, Folder{root, a.Look(names, func(i int) io.ReadCloser { return open(root + names[i]) })})
				}
			}
		}
	}
	return all
}

// inFolder are the names of the files in a folder, which stand around one of them.
func inFolder(paths []string, one int, root string) []string {
	from, to := one, one
	for from > 0 && strings.HasPrefix(paths[from-1], root) {
		from--
	}
	for to < len(paths) && strings.HasPrefix(paths[to], root) {
		to++
	}
	names := make([]string, 0, to-from)
	for _, path := range paths[from:to] {
		names = append(names, path[len(root):])
	}
	return names
}

// Leads reports whether a directory may be an export of this kind that somebody unpacked: it has a file of one of the names that has tells.
func (a *Archive) Leads(has func(name string) bool) bool {
	for _, lead := range a.leads {
		if has(lead) {
			return true
		}
	}
	return false
}
