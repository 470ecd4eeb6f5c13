package source

import "strings"

// Excludes returns a function that reports whether a path, with slashes and relative to its target, is named by patterns in
// the syntax of gitignore(5), itself or through a directory above it.
func Excludes(patterns []string) func(path string) bool {
	files := []ignoreFile{{rules: parseIgnore(strings.Join(patterns, "\n"))}}
	return func(path string) bool {
		parts := strings.Split(path, "/")
		for n := 1; n < len(parts); n++ {
			if ignored(files, parts[:n], true) {
				return true
			}
		}
		return ignored(files, parts, false)
	}
}
