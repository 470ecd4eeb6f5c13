package source

import (
	"slices"
	"strings"
)

// ignoreRule is one line of an ignore file; gitignore(5) of git's documentation has the meaning.
//
// go-git has a reader of these files too. It takes `**` for a part of a name as no match, walks past the first directory
// that `**/a/b` could mean without coming back, and knows neither [!a] nor [[:alpha:]]. A rule that matches too much hides
// files from the scan, so that this package has its own, tested against git.
type ignoreRule struct {
	pattern []string // the parts between slashes; "**" stands for any number of them
	// last is how the last part of a matching path ends, and exact says that it is no longer than that.
	last    string
	exact   bool
	keep    bool // written with !: takes matching paths out again
	dirOnly bool
}

// ignoreFile is the rules of one file, for the paths below its directory.
type ignoreFile struct {
	depth int // how many parts the path of its directory has
	rules []ignoreRule
}

// parseIgnore reads an ignore file. Lines that say nothing are left out.
func parseIgnore(text string) []ignoreRule {
	var rules []ignoreRule
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if r, ok := parseIgnoreLine(line); ok {
			rules = append(rules, r)
		}
	}
	return rules
}

func parseIgnoreLine(line string) (r ignoreRule, ok bool) {
	if strings.HasPrefix(line, "#") {
		return r, false
	}
	line = trimSpaces(line)
	line, r.keep = strings.CutPrefix(line, "!")
	line, r.dirOnly = strings.CutSuffix(line, "/")
	anchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return r, false
	}
	if !anchored {
		line = "**/" + line
	}
	r.pattern = splitPattern(line)
	for i, part := range r.pattern {
		if len(part) > 1 && strings.Trim(part, "*") == "" {
			r.pattern[i] = "**"
		}
	}
	if r.pattern[len(r.pattern)-1] == "**" {
		r.pattern = append(r.pattern, "*") // what is below a directory, not the directory
	}
	r.last, r.exact = ending(r.pattern[len(r.pattern)-1])
	return r, true
}

// ending is the plain text at the end of a part of a pattern; whole says that there is nothing before it.
func ending(part string) (text string, whole bool) {
	i := strings.LastIndexAny(part, `*?[]\`)
	return part[i+1:], i < 0
}

// mayMatch reports whether the last part of a path is as the rule wants it to end. Most rules are done with by this.
func (r *ignoreRule) mayMatch(name string) bool {
	if r.exact {
		return name == r.last
	}
	return strings.HasSuffix(name, r.last)
}

// splitPattern splits a pattern at its slashes, those in a class excepted.
func splitPattern(s string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if !strings.HasPrefix(s[i+1:], "/") {
				i++
				continue
			}
			parts = append(parts, s[start:i])
			i++
			start = i + 1
		case '[':
			n, _ := matchClass(s[i:], 0)
			if n == 0 {
				return append(parts, s[start:]) // without an end, it matches nothing
			}
			i += n - 1
		case '/':
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// trimSpaces cuts off spaces at the end that have no backslash before them.
func trimSpaces(s string) string {
	end := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			end = i + 1
		} else if s[i] != ' ' {
			end = i + 1
		}
	}
	return s[:end]
}

// ignored reports whether the last rule that matches the path says to leave it out. The files are in order of rising
// priority; each stands in a directory above the path.
func ignored(files []ignoreFile, path []string, dir bool) bool {
	name := path[len(path)-1]
	for _, f := range slices.Backward(files) {
		for i := len(f.rules) - 1; i >= 0; i-- {
			r := &f.rules[i]
			if (dir || !r.dirOnly) && r.mayMatch(name) && matchPath(r.pattern, path[f.depth:]) {
				return !r.keep
			}
		}
	}
	return false
}

// matchPath matches all parts of a path.
func matchPath(pattern, path []string) bool {
	p, s := 0, 0
	star, mark := -1, 0 // the last "**", and what it matches up to
	for s < len(path) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, mark = p, s
			p++
		case p < len(pattern) && matchName(pattern[p], path[s]):
			p++
			s++
		case star >= 0:
			mark++
			p, s = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

// matchName matches one part of a path, byte by byte.
func matchName(pattern, name string) bool {
	p, s := 0, 0
	star, mark := -1, 0
	for s < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, mark = p, s
			p++
			continue
		}
		if n, ok := matchByte(pattern[p:], name[s]); ok {
			p += n
			s++
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		p, s = star+1, mark
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchByte matches a byte against the first element of a pattern that is no star, and returns that element's length.
func matchByte(pattern string, c byte) (int, bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		return matchClass(pattern, c)
	case pattern[0] == '\\':
		return 2, len(pattern) > 1 && pattern[1] == c
	default:
		return 1, pattern[0] == c
	}
}

// matchClass matches [a-z], [!a-z] and [[:alpha:]]. A class without an end matches nothing.
func matchClass(pattern string, c byte) (int, bool) {
	i, found := 1, false
	not := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if not {
		i++
	}
	for first := true; ; first = false {
		if i >= len(pattern) {
			return 0, false
		}
		if pattern[i] == ']' && !first {
			return i + 1, found != not
		}
		n, ok := matchMember(pattern[i:], c)
		if n == 0 {
			return 0, false
		}
		found = found || ok
		i += n
	}
}

// matchMember matches the first member of a class: a named class, a range or a byte. Its length is 0 when it is wrong.
func matchMember(s string, c byte) (int, bool) {
	if name, ok := strings.CutPrefix(s, "[:"); ok {
		if name, _, ok = strings.Cut(name, ":]"); ok {
			in, known := namedClasses[name]
			if !known {
				return 0, false
			}
			return len(name) + 4, in(c)
		}
	}
	low, n := literal(s)
	if n == 0 || len(s) < n+2 || s[n] != '-' || s[n+1] == ']' {
		return n, c == low
	}
	high, m := literal(s[n+1:])
	if m == 0 {
		return 0, false
	}
	return n + 1 + m, low <= c && c <= high
}

// literal reads a byte that may have a backslash before it.
func literal(s string) (byte, int) {
	if s[0] != '\\' {
		return s[0], 1
	}
	if len(s) < 2 {
		return 0, 0
	}
	return s[1], 2
}

// namedClasses are the classes of the C locale.
var namedClasses = map[string]func(c byte) bool{
	"alnum":  func(c byte) bool { return alpha(c) || digit(c) },
	"alpha":  alpha,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < ' ' || c == 0x7f },
	"digit":  digit,
	"graph":  graph,
	"lower":  func(c byte) bool { return 'a' <= c && c <= 'z' },
	"print":  func(c byte) bool { return graph(c) || c == ' ' },
	"punct":  func(c byte) bool { return graph(c) && !alpha(c) && !digit(c) },
	"space":  func(c byte) bool { return strings.IndexByte(" \t\n\v\f\r", c) >= 0 },
	"upper":  func(c byte) bool { return 'A' <= c && c <= 'Z' },
	"xdigit": func(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' },
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
func alpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func graph(c byte) bool { return '!' <= c && c <= '~' }
