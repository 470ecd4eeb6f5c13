package records

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"
)

// shape is a format as data: by which marks it is known, and what its members mean. Whatever a shape does not speak of is read by
// the known words ([Words]), so that a shape is short: it holds what the words do not know, or would get wrong.
//
// A member is named by its path. Paths are written as in "comments[].author.name": the names of members with a dot between, and "[]"
// for each element of an array. Those of a table are the names of its columns, without case, blanks, "_" and "-". Those of XML begin with the root element; attributes
// are members, an element that has nothing but text is a string, and the text of one that has more is its member "#text".
type shape struct {
	name, title string
	form        form
	// sure and likely are marks: paths with a blank between, all of which stand in the first 4 KiB of a file. "path~part" asks for a
	// string there that holds a part. Paths are taken from each of roots, or with a "/" before them from the top. Of sure marks no
	// other file than such an export has all.
	sure, likely []string
	// roots are the paths, from the top, of what members are named from. None is the top.
	roots []string
	// members are what is known of members by path; "" is a root itself.
	members map[string]role
	// formula says that a cell which a spreadsheet would take for a formula has a ' before it that is not its own.
	formula bool
	// links says that addresses stand in texts as <address|label>, and &, < and > as entities.
	links bool
	// learn and born are those of [Format].
	learn func(k *Contents, text io.Reader)
	born  func(record string) time.Time

	compile sync.Once
	top     *spot

	readMarks sync.Once
	inMarks   map[string]markNames
}

// form is how the records of a shape are written.
type form uint8

const (
	inJSON  form = iota // values that follow each other, such as one a line
	inTable             // CSV
	inXML
)

// role is what is known of a member.
//
// What a member means is told of the thing around it: the innermost record or part, or what is at the top. A member that means an author
// may be an object that stands for a person.
type role struct {
	// means is what the value tells; of two members that mean the same, the one with the lower rank counts.
	means meaning
	rank  int
	// also is what the value tells besides.
	also meaning
	// aside: it tells nothing, whatever its name would mean elsewhere.
	aside bool
	// tail: of the value, an address, its last part alone counts; tails is how many of them, where that is not one.
	tail  bool
	tails int
	// record: each such value is a record. Nothing inside is one of its own.
	record bool
	// under: its name begins with that of the thing around it and a slash.
	under bool
	// part: each such value is a part of a record with its own author and time. The fields of places in it begin with
	// that name and its id: "comment 5501".
	part string
	// main: it is the text of the part, and the part's name says enough of its field.
	main bool
	// as names the field of a member and of all that is in it; empty is its name, and the path to what is in it.
	as string
	// skip leaves a member out of the fields of places in it.
	skip bool
	// history: it holds older values of the record.
	history bool
	// again: it repeats a text of the record, and is left out where another one has the same bytes.
	again bool
}

// spot is a member of a shape, with those inside it.
type spot struct {
	role
	inside map[string]*spot // by name, "[]" for elements
}

// value is what of a member's value counts.
func (s *spot) value(b []byte) []byte {
	if !s.tail && s.tails == 0 {
		return b
	}
	b = bytes.TrimRight(b, "/")
	from := len(b)
	for range max(1, s.tails) {
		from = max(0, bytes.LastIndexByte(b[:from], '/'))
	}
	return bytes.TrimPrefix(b[from:], []byte("/"))
}

// child is what is known of a member, or nothing. A nil spot knows none.
func (s *spot) child(name string) *spot {
	if s == nil {
		return nil
	}
	return s.inside[name]
}

// down returns the member at a path, made where it is not there.
func (s *spot) down(path []string) *spot {
	for _, name := range path {
		if s.inside == nil {
			s.inside = map[string]*spot{}
		}
		if s.inside[name] == nil {
			s.inside[name] = &spot{}
		}
		s = s.inside[name]
	}
	return s
}

// pathNames are the names of a path: "a[].b" is a, [] and b.
func pathNames(path string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(path, "[]", "\x00[]"), func(r rune) bool { return r == '.' || r == 0 })
}

// spots returns what is known of the top.
func (s *shape) spots() *spot {
	s.compile.Do(func() {
		s.top = &spot{}
		for _, root := range s.rootPaths() {
			for path, r := range s.members {
				at := pathNames(root)
				if s.form == inTable {
					at = append(at, path)
				} else {
					at = append(at, pathNames(path)...)
				}
				s.top.down(at).role = r
			}
		}
	})
	return s.top
}

// rootPaths are the paths of roots; the top, when there is none.
func (s *shape) rootPaths() []string {
	if len(s.roots) == 0 {
		return []string{""}
	}
	return s.roots
}

// format makes a format of a shape.
func (s *shape) format() Format {
	f := Format{Name: s.name, Title: s.title, score: s.score, shape: s, learn: s.learn, born: s.born}
	switch s.form {
	case inJSON:
		f.refuse, f.parse = s.refuse(refuseJSON), parseShape(s)
	case inTable:
		f.refuse, f.parse = s.refuse(refuseCSV), parseTable(s)
	case inXML:
		f.refuse, f.parse = s.refuse(refuseXML), parseXML(s)
	}
	return f
}
