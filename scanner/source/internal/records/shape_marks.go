package records

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// score says how sure it is that a file that begins with head is of the shape.
func (s *shape) score(name string, head []byte) int {
	return s.scoreOf(name, &sight{head: head, form: s.form})
}

// scoreOf is score of a file that was perhaps looked at for other shapes of the same form.
func (s *shape) scoreOf(name string, seen *sight) int {
	if !s.fits(name, seen.head) {
		return None
	}
	switch {
	case seen.any(s, s.sure):
		return Sure
	case seen.any(s, s.likely):
		return Likely + 10 // the generic formats say Likely
	}
	return None
}

// fits reports whether a file can be of the shape at all, by what costs next to nothing: it is looked at for every file.
func (s *shape) fits(name string, head []byte) bool {
	switch s.form {
	case inJSON:
		return refuseJSON(head) == ""
	case inXML:
		return refuseXML(head) == ""
	}
	return mayBeTable(name, head)
}

// mayBeTable reports whether a file can be a table by its name, or by its first line where the name does not say.
func mayBeTable(name string, head []byte) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv":
		return true
	case ".txt", "":
		line, _, _ := bytes.Cut(head, []byte{'\n'})
		return bytes.ContainsAny(line, ",;\t")
	}
	return false
}

// refuse says why a file cannot be of the shape: it is not even of its form, or shows nothing that the shape knows.
func (s *shape) refuse(form func(head []byte) string) func(head []byte) string {
	return func(head []byte) string {
		if why := form(head); why != "" {
			return why
		}
		marks := slices.Concat(s.sure, s.likely)
		seen := sight{head: head, form: s.form}
		for _, root := range s.rootPaths() {
			known := func(path string) bool { return seen.has(root, path) }
			for _, mark := range marks {
				if slices.ContainsFunc(strings.Fields(mark), known) {
					return ""
				}
			}
			for path := range s.members {
				if path != "" && known(path) {
					return ""
				}
			}
		}
		path, _, _ := strings.Cut(strings.TrimPrefix(strings.Fields(marks[0])[0], "/"), "~")
		return fmt.Sprintf("it begins without %q", path)
	}
}

// sight is what stands in the first bytes of a file: the values by path. It is read when a mark first asks for it.
type sight struct {
	head   []byte
	form   form
	read   bool
	values map[string]string
	line   []byte // the first line, once it was asked for
	// names are those that are asked for; nil where few are. quotes are those of them that stand between two quotes, once one was asked for.
	names     *names
	quotes    nameSet
	hasQuotes bool
}

// any reports whether one of the marks of a shape is there from one of its roots.
func (g *sight) any(s *shape, marks []string) bool {
	return slices.ContainsFunc(marks, func(mark string) bool {
		return g.named(s, mark) && slices.ContainsFunc(s.rootPaths(), func(root string) bool { return g.all(root, mark) })
	})
}

// named reports whether the names of a mark stand in the bytes at all: in JSON all of them, in quotes, and the parts of values; in XML those that
// its paths end in, and in a table these in its first line. It spares most files the reading.
func (g *sight) named(s *shape, mark string) bool {
	text := g.head
	switch g.form {
	case inJSON:
		return g.quoted(s.markOf(mark))
	case inTable:
		text = g.firstLine()
	}
	for path := range strings.FieldsSeq(mark) {
		path, _, _ = strings.Cut(path, "~")
		name := strings.TrimSuffix(path, "[]")
		if !bytes.Contains(text, []byte(name[strings.LastIndexAny(name, "./")+1:])) {
			return false
		}
	}
	return true
}

// markNames are the names in a mark of a shape of JSON, and the parts of values.
type markNames struct{ names, parts []string }

// markOf is what stands in a mark of the shape.
func (s *shape) markOf(mark string) markNames {
	s.readMarks.Do(func() {
		s.inMarks = map[string]markNames{}
		for _, mark := range slices.Concat(s.sure, s.likely) {
			s.inMarks[mark] = newMarkNames(mark)
		}
	})
	return s.inMarks[mark]
}

func newMarkNames(mark string) (m markNames) {
	for path := range strings.FieldsSeq(mark) {
		path, part, _ := strings.Cut(path, "~")
		m.names = append(m.names, strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("./[]", r) })...)
		if part != "" {
			m.parts = append(m.parts, part)
		}
	}
	return m
}

// quoted reports whether all names of a mark stand in the bytes between two quotes, and the parts somewhere, as far as they can be seen:
// where there is a backslash they may be written in another way.
func (g *sight) quoted(m markNames) bool {
	return !slices.ContainsFunc(m.names, func(name string) bool { return !g.hasName(name) }) &&
		!slices.ContainsFunc(m.parts, func(part string) bool {
			return !bytes.Contains(g.head, []byte(part)) && bytes.IndexByte(g.head, '\\') < 0
		})
}

// hasName reports whether a name stands in the bytes between two quotes.
func (g *sight) hasName(name string) bool {
	number, ok := g.names.number(name)
	if !ok {
		return bytes.Contains(g.head, []byte(`"`+name+`"`))
	}
	if !g.hasQuotes {
		g.quotes, g.hasQuotes = g.names.within(g.head), true
	}
	return g.quotes.has(number)
}

// firstLine is the first line of a table, in the plain spelling of names.
func (g *sight) firstLine() []byte {
	if g.line == nil {
		line, _, _ := bytes.Cut(g.head, []byte{'\n'})
		g.line = []byte(plainName(string(line)))
	}
	return g.line
}

// all reports whether all paths of a mark are there from a root.
func (g *sight) all(root, mark string) bool {
	return !slices.ContainsFunc(strings.Fields(mark), func(path string) bool { return !g.has(root, path) })
}

// has reports whether a path of a mark is there.
func (g *sight) has(root, path string) bool {
	g.look()
	path, part, _ := strings.Cut(path, "~")
	if rest, top := strings.CutPrefix(path, "/"); top {
		root, path = "", rest
	}
	if root != "" {
		root += "."
	}
	value, ok := g.values[root+path]
	return ok && strings.Contains(value, part)
}

// look reads the first bytes.
func (g *sight) look() {
	if g.read {
		return
	}
	g.read, g.values = true, map[string]string{}
	switch g.form {
	case inJSON:
		j := lex.NewJSON(lex.OfBytes(g.head))
		g.tokens(j.Next)
	case inTable:
		g.header()
	case inXML:
		x := &xmlTokens{x: lex.NewXML(lex.OfBytes(g.head))}
		g.tokens(x.Next)
	}
}

// header reads the names of columns.
func (g *sight) header() {
	table := lex.NewCSV(lex.OfBytes(g.head), delimiter(g.head))
	var cell []byte
	for {
		t, err := table.Next()
		if err != nil || t.Kind == lex.Row {
			return
		}
		if cell = append(cell, t.Text...); !t.More {
			g.values[plainName(string(cell))] = ""
			cell = cell[:0]
		}
	}
}

// tokens reads values as far as they can be read.
func (g *sight) tokens(next func() (lex.Token, error)) {
	var open []string // the paths of what is open, those of arrays with their "[]"
	var name, text []byte
	for {
		t, err := next()
		if err != nil {
			return
		}
		switch t.Kind {
		case lex.Key:
			name = append(name, t.Text...)
			continue
		case lex.Text:
			if text = append(text, t.Text...); t.More {
				continue
			}
		}
		here := string(name)
		if n := len(open); n > 0 && open[n-1] != "" {
			here = strings.TrimSuffix(open[n-1]+"."+here, ".")
		}
		switch t.Kind {
		case lex.End:
			open = open[:len(open)-1]
		case lex.Array:
			g.see(here, "")
			open = append(open, here+"[]")
		case lex.Object:
			g.see(here, "")
			open = append(open, here)
		default:
			g.see(here, string(text))
		}
		name, text = name[:0], text[:0]
	}
}

// see keeps the first value of a path.
func (g *sight) see(path, value string) {
	if _, twice := g.values[path]; !twice {
		g.values[path] = value
	}
}
