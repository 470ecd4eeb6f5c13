package source

import "testing"

func TestExcludes(t *testing.T) {
	excluded := Excludes([]string{"vendor/", "*.min.js", "/docs/*.md", "!docs/keep.md"})
	for path, want := range map[string]bool{
		"vendor/a/b.go": true, "src/vendor/x": true, "vendor": false, "a/b.min.js": true, "b.js": false,
		"docs/a.md": true, "docs/keep.md": false, "src/docs/a.md": false,
	} {
		if got := excluded(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
