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

// tagKinds are those of the tags that do not break a line, by name in lower case.
var tagKinds = func() map[string]tagKind {
	m := map[string]tagKind{}
	for _, name := range strings.Fields(inline) {
		mark, marked := marks[name]
		m[name] = tagKind{marked: marked, mark: mark}
	}
	return m
}()

// tag is one tag, comment or declaration in a text.
type tag struct {
	kind  tagKind
	close bool
	attrs []byte
	size  int // bytes from < to >
}

// parseTag reads the tag at the start of b, which begins with "<". ok is false where that is not a tag but text.
func parseTag(b []byte) (t tag, ok bool) {
	if hasPrefix(b, "<!--") {
		end := bytes.Index(b[:min(len(b), longestComment)], []byte("-->"))
		return tag{size: end + 3}, end > 0
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

// kindOf returns what a tag of a name leaves in a view.
func kindOf(name []byte) tagKind {
	var buf [16]byte
	n := copy(buf[:], name)
	for i := range n {
		if 'A' <= buf[i] && buf[i] <= 'Z' {
			buf[i] |= 0x20
		}
	}
	if k, ok := tagKinds[string(buf[:n])]; ok {
		return k
	}
	return tagKind{breaks: true}
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
