package decode

import (
	"bytes"
	"strings"
)

// longestComment bounds how far the end of a comment is looked for; "<!--" without one is text.
const longestComment = 4 << 10

// marks are the wiki marks that renderers (Jira, Confluence, Markdown) turn into tags, as they stand before and after the text.
var marks = map[string][2]string{
	"em": {"_", "_"}, "i": {"_", "_"},
	"b": {"*", "*"}, "strong": {"*", "*"},
	"del": {"-", "-"}, "s": {"-", "-"}, "strike": {"-", "-"},
	"ins": {"+", "+"}, "u": {"+", "+"},
	"sup": {"^", "^"}, "sub": {"~", "~"},
	"cite": {"??", "??"},
	"tt":   {"{{", "}}"},
}

// inline are the tags that do not break a line; whatever else is a tag does.
const inline = "a abbr b bdi bdo big cite code del dfn em font i img ins kbd mark nobr q s samp small span strike strong " +
	"sub sup time tt u var wbr"

// tagKind is what a tag leaves in a view.
type tagKind struct {
	breaks bool      // it breaks the line
	marked bool      // a wiki mark stands for it:
	mark   [2]string // before and after its text
}

// named is a tag by its name.
type named struct {
	name string
	kind *tagKind
}

// tagKinds are those of the tags that do not break a line, by the first letter of the name in lower case.
var tagKinds = func() (all ['z' + 1][]named) {
	for _, name := range strings.Fields(inline) {
		mark, marked := marks[name]
		all[name[0]] = append(all[name[0]], named{name, &tagKind{marked: marked, mark: mark}})
	}
	return all
}()

// breaking is the kind of all other tags, silent that of comments.
var breaking, silent = &tagKind{breaks: true}, &tagKind{}

// tag is one tag, comment or declaration in a text.
type tag struct {
	kind  *tagKind
	close bool
	attrs []byte
	size  int // bytes from < to >
}

// parseTag reads the tag at the start of b, which begins with "<". ok is false where that is not a tag but text.
func parseTag(b []byte) (t tag, ok bool) {
	if hasPrefix(b, "<!--") {
		end := bytes.Index(b[:min(len(b), longestComment)], []byte("-->"))
		return tag{kind: silent, size: end + 3}, end > 0
	}
	i := 1
	if i < len(b) && b[i] == '/' {
		t.close = true
		i++
	}
	if i >= len(b) || !letter(b[i]) {
		return tag{}, false
	}
	start := i
	for i < len(b) && i-start < 16 && (letter(b[i]) || digit(b[i]) < 10) {
		i++
	}
	t.kind = kindOf(b[start:i])
	end := tagEnd(b[i:])
	if end < 0 {
		return tag{}, false
	}
	t.attrs, t.size = b[i:i+end], i+end+1
	return t, true
}

// kindOf returns what a tag of a name leaves in a view. The name begins with a letter.
func kindOf(name []byte) *tagKind {
	for i := range tagKinds[name[0]|0x20] {
		if k := &tagKinds[name[0]|0x20][i]; len(k.name) == len(name) && isInLower(name, k.name) {
			return k.kind
		}
	}
	return breaking
}

// isInLower reports whether a name of letters and digits is another one, which is in lower case.
func isInLower(name []byte, lower string) bool {
	for i, c := range name {
		if c != lower[i] && (c < 'A' || c > 'Z' || c|0x20 != lower[i]) {
			return false
		}
	}
	return true
}

// tagEnd returns where the ">" stands that ends a tag, outside of quotes; -1 where there is none before the next "<", so
// that no byte is looked at for two tags.
func tagEnd(b []byte) int {
	var quote byte
	for i, c := range b {
		switch {
		case c == '<':
			return -1
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i
		}
	}
	return -1
}

// target returns the value of href or src in the attributes of a tag, nil where there is none.
func target(attrs []byte) []byte {
	if len(attrs) < len(` src=""`) || bytes.IndexByte(attrs, '=') < 0 {
		return nil
	}
	for _, name := range [...]string{`href="`, `src="`, `href='`, `src='`} {
		_, v, found := bytes.Cut(attrs, []byte(name))
		if !found {
			continue
		}
		if end := bytes.IndexByte(v, name[len(name)-1]); end >= 0 {
			return v[:end]
		}
	}
	return nil
}
