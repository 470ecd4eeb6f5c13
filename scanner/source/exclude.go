package source

import (
	"slices"
	"strings"
)

// Excludes returns a function that reports whether a path, with slashes and relative to its target, is named by patterns in
// the syntax of gitignore(5), itself, through a directory above it, or
// as a member of a container so named.
func Excludes(patterns []string) func(path string) bool {
	files := []ignoreFile{{rules: parseIgnore(strings.Join(patterns, "\n"))}}
	named := func(path string) bool {
		parts := strings.Split(path, "/")
		for n := 1; n < len(parts); n++ {
			if ignored(files, parts[:n], true) {
				return true
			}
		}
		return ignored(files, parts, false)
	}
	return func(path string) bool { return named(path) || slices.ContainsFunc(containers(path), named) }
}
