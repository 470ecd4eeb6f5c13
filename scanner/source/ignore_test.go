package source

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestIgnored(t *testing.T) {
	for _, c := range []struct {
		rules, path string // a path that ends in a slash is a directory
		want        bool
	}{
		{"*.env", "a.env", true},
		{"*.env", "deep/a.env", true},
		{"/a", "a", true},
		{"/a", "deep/a", false},
		{"deep/a", "deep/a", true},
		{"deep/a", "x/deep/a", false},
		{"build/", "build/", true},
		{"build/", "build", false},
		{"*\n!keep", "keep", false},
		{"!keep\n*", "keep", true},
		{"# comment", "# comment", false},
		{`\# name`, "# name", true},
		{`\!name`, "!name", true},
		{"name  ", "name", true},
		{`name\ `, "name ", true},
		{"a\r\nb\r\n", "b", true},
		{"\ufeffa", "a", true},
		{"**/x", "x", true},
		{"**/x", "a/b/x", true},
		{"**/a/b", "a/x/a/b", true},
		{"a/**", "a/", false},
		{"a/**", "a/b/c", true},
		{"a/**/b", "a/b", true},
		{"a/**/b", "a/x/y/b", true},
		{"a**b", "axxb", true},
		{"a/x**y", "a/xzy", true},
		{"a/x**y", "a/xz/y", false},
		{"***/x", "x", true},
		{"**", "x", true},
		{"a?c", "abc", true},
		{"x/[/a]", "x/a", true},
		{`x\/a`, "x/a", true},
		{"[!a]x", "bx", true},
		{"[!a]x", "ax", false},
		{"[^a]x", "bx", true},
		{"[[:digit:]a-c]x", "7x", true},
		{"[[:digit:]a-c]x", "bx", true},
		{"[[:nothing:]]x", "nx", false},
		{"[]a]x", "]x", true},
		{`[\]]x`, "]x", true},
		{"[a-", "a", false},
		{"[a", "a", false},
		{`a\`, "a", false},
		{"", "a", false},
		{"/", "a", false},
		{"*a*a*a*a*a*a*a*a*a*b", strings.Repeat("a", 200), false},
	} {
		path, dir := strings.CutSuffix(c.path, "/")
		if got := ignored([]ignoreFile{{rules: parseIgnore(c.rules)}}, strings.Split(path, "/"), dir); got != c.want {
			t.Errorf("%q, %q: %v", c.rules, c.path, got)
		}
	}
}

// manyStars are stars in a row after anything but a slash.
var manyStars = regexp.MustCompile(`([^/*])\*\*+`)

// plainly rewrites what git reads otherwise than gitignore(5) says: it takes **\/ for two things, and "b**/x" as "b" before
// "**/x". The reader here leaves out no file for either.
func plainly(line string) string {
	return manyStars.ReplaceAllString(strings.ReplaceAll(line, `\/`, "/"), "$1*")
}

// TestIgnoreAgainstGit compares the files that are read under random ignore files with those that git lists.
func TestIgnoreAgainstGit(t *testing.T) {
	f := newFixture(t)
	for _, dir := range []string{"", "a/", "b/", "a/b/", "a/a/", "b/a/b/", "a/x/"} {
		for _, name := range []string{"a.env", "ab", "b.txt", "[x]", "a b", "!b", "#c", "-a"} {
			f.write(dir+name, "x\n")
		}
	}
	element := rapid.SampledFrom([]string{
		"a", "b", "ab", ".env", "*", "**", "?", "/", "/", "[ab]", "[!a]", "[^b]", "[a-b]", "[[:alpha:]]", "[", "]", `\`, "!", "#", " ", "x", "-", "c", ".txt",
	})
	file := rapid.Custom(func(rt *rapid.T) string {
		var lines []string
		for range rapid.IntRange(0, 5).Draw(rt, "lines") {
			line := strings.Join(rapid.SliceOfN(element, 1, 5).Draw(rt, "line"), "")
			lines = append(lines, plainly(line))
		}
		return strings.Join(lines, rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "end"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		f.write(".gitignore", file.Draw(rt, "top"), "a/.gitignore", file.Draw(rt, "a"), ".git/info/exclude", file.Draw(rt, "exclude"))
		want := strings.Split(f.git("ls-files", "--others", "--exclude-standard", "-z"), "\x00")
		want = slices.DeleteFunc(want, func(s string) bool { return s == "" })
		w, err := listFiles(t.Context(), f.dir, &counter{}, Options{})
		if err != nil {
			rt.Fatal(err)
		}
		slices.Sort(want)
		slices.Sort(w.files)
		if !slices.Equal(want, w.files) {
			rt.Fatalf("git lists\n%q\nread are\n%q", want, w.files)
		}
	})
}

func FuzzIgnore(f *testing.F) {
	f.Add("*.env\n!/a/**/[!b]?\\ ", "a/b/c.env")
	f.Fuzz(func(t *testing.T, rules, path string) {
		ignored([]ignoreFile{{rules: parseIgnore(rules)}}, strings.Split(path, "/"), true)
	})
}
