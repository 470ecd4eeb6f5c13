package records

import (
	"bytes"
	"errors"
	"path"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// Cut says why a file of that name cannot be a whole export, where it is shorter than HeadSize and of no format that is known: what it is
// called, or how it begins, is that of an export, and it ends before it shows of which. Nothing where it may be what it is.
func Cut(name string, whole []byte) string {
	whole = utf8Head(whole)
	text := bytes.TrimSpace(whole)
	ext := strings.ToLower(path.Ext(name))
	switch ext {
	case ".json", ".jsonl", ".ndjson", ".xml", ".csv", ".tsv", ".mbox", ".eml":
		if len(text) == 0 {
			return "it is empty"
		}
	default:
		if len(text) == 0 {
			return ""
		}
	}
	switch {
	case text[0] == '{' || text[0] == '[':
		return cutIn("JSON", lex.NewJSON(lex.NewInput(bytes.NewReader(whole))).Next)
	case ext == ".xml" && text[0] == '<', bytes.HasPrefix(text, []byte("<?xml")):
		return cutIn("XML", lex.NewXML(lex.NewInput(bytes.NewReader(whole))).Next)
	case (ext == ".html" || ext == ".htm") && beginsPage(text) && !bytes.Contains(text, []byte("</html")):
		return "HTML that ends in the middle of a page"
	case ext == ".mbox", ext == ".eml":
		return "it does not begin as mail does"
	case (ext == ".csv" || ext == ".tsv") && bytes.IndexByte(whole, '\n') < 0:
		return "its first line does not end"
	}
	return ""
}

// beginsPage reports whether a text begins as a whole page does, as far as it goes: pieces of pages begin with other tags.
func beginsPage(text []byte) bool {
	const mark = "<!doctype"
	n := min(len(text), len(mark))
	return bytes.EqualFold(text[:n], []byte(mark[:n]))
}

// cutIn says in what a text ends that is read token by token, where that is in the middle of something.
func cutIn(what string, next func() (lex.Token, error)) string {
	for {
		_, err := next()
		if e := (*lex.Error)(nil); errors.As(err, &e) && e.Cut {
			return what + " that ends " + e.Why
		}
		if err != nil {
			return ""
		}
	}
}
