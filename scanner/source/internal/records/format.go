package records

import (
	"bytes"
	"io"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/quash-sh/quash/scanner"
)

// Scores say how sure a format is of a file. Any number between them is allowed.
const (
	None   = 0   // it is not of this format
	Likely = 50  // it has the general shape, such as JSON lines with a text field
	Sure   = 100 // it has a mark that no other format has
)

// HeadSize is how many bytes of the beginning of a file its format is known by.
const HeadSize = 4 << 10

// Format is a format of exports.
type Format struct {
	// Name is what `--source` takes, Title names the format in a sentence, with its article: "a Jira XML export".
	Name, Title string

	// score says how sure it is of a file with that name and beginning.
	score func(name string, head []byte) int
	// shape is what score asks, where it asks nothing else; nil for other formats.
	shape *shape
	// refuse says why a file that so begins cannot be read, or nothing.
	refuse func(head []byte) string
	// parse reads on from where the input stands. It returns io.EOF after a whole export, nil when the consumer wants no
	// more, and otherwise a *lex.Error.
	parse func(r *reading) error
	// learn takes what an export says for Input.Around, in a reading of its own before the other; nil where parse needs nothing of it.
	learn func(k *Contents, text io.Reader)
	// born is when a record was made, where its name tells; nil where it does not.
	born func(record string) time.Time
	// resume is where parse can go on after bytes that it could not understand; empty for nowhere.
	resume string
	// prefix is put before the names of records, which are told apart by the name of the file; nil where they need none.
	prefix func(name string) string
	// general: it is never sure of a file.
	general bool
}

// Formats returns all formats.
func Formats() []*Format {
	return []*Format{
		&jira, &jiraJSON, &jiraCSV, &zendesk, &zendeskCSV, &freshdesk, &freshdeskCSV, &intercom, &intercomCSV, &linear, &github, &githubComments, &teams, &teamsPersonal, &teamsHTML, &discord, &discordHTML,
		&trello, &asana, &asanaCSV, &agiled, &mbox, &eml,
		&serviceNow, &zendeskXML, &freshdeskXML,
		&jsonRecords, &jsonLines, &csvRecords, &xmlRecords,
	}
}

// Surely returns the format of a file of that name that begins with head, if it is surely an export, and else nil.
func Surely(name string, head []byte) *Format {
	if head = utf8Head(head); ordinary(name, head) {
		if eml.score(name, head) >= Sure {
			return &eml
		}
		return nil
	}
	for _, a := range Archives() {
		if f := a.File(name, head); f != nil && f.Score(name, head) >= Sure {
			return f
		}
	}
	var seen [3]sight // by form: a file is read once, whatever the number of shapes
	for i := range seen {
		seen[i] = sight{head: head, form: form(i), names: allNames()}
	}
	for _, f := range Formats() {
		switch {
		case f.general:
		case f.shape != nil && f.shape.scoreOf(name, &seen[f.shape.form]) >= Sure, f.shape == nil && f.score(name, head) >= Sure:
			return f
		}
	}
	return nil
}

// ordinary reports whether a file begins as none of the formats does but, perhaps, that of mails: with no value of JSON, element, line of a
// mail box or line of cells. Most files do, and are looked at no further.
func ordinary(name string, head []byte) bool {
	start := bytes.TrimLeft(head, " \t\r\n")
	if len(start) == 0 {
		return true
	}
	switch start[0] {
	case '<':
		return false
	case '{', '[':
		return !beginsValue(start) && !mayBeTable(name, head)
	}
	return !bytes.HasPrefix(start, []byte("From ")) && !mayBeTable(name, head)
}

// beginsValue reports whether an object or array of JSON goes on as one does: with a name, a value or its end. Few files of settings and
// programs that begin with a bracket do.
func beginsValue(text []byte) bool {
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	if len(rest) == 0 || rest[0] == '"' {
		return true
	}
	if text[0] == '{' {
		return rest[0] == '}'
	}
	return bytes.IndexByte([]byte("{[]-0123456789"), rest[0]) >= 0 ||
		bytes.HasPrefix(rest, []byte("true")) || bytes.HasPrefix(rest, []byte("false")) || bytes.HasPrefix(rest, []byte("null"))
}

// Score says how sure the format is of a file of that name that begins with head.
func (f *Format) Score(name string, head []byte) int { return f.score(name, utf8Head(head)) }

// Refuse says why a file that begins with head cannot be read, or nothing.
func (f *Format) Refuse(head []byte) string { return f.refuse(utf8Head(head)) }

// Out takes what is read. Its methods report whether more is wanted.
type Out interface {
	// Chunk takes a text, or a piece of one.
	Chunk(c scanner.Chunk) bool
	// File takes a file that stands in the export, such as an attachment, to be looked into like any other: from is its place, with
	// its name at the end of Path. It need not read all of it, and does not report errors of reading.
	File(from scanner.Location, r io.Reader) bool
	// Gap takes what could not be read.
	Gap(g *scanner.Gap) bool
}

// Input is an export.
type Input struct {
	// Path is its path in locations. Text gives it from its first byte, and begins with Head.
	Path string
	Head []byte
	Text io.Reader
	// Words are what its names mean; nil are the known ones.
	Words *Words
	// People are the names of authors by what the export calls them, where an archive lists them elsewhere.
	People map[string]string
	// Prefix is put before the names of records, where they are told apart by the file that they stand in.
	Prefix string
	// Around is what is known of it from the archive that it stands in; nil is nothing.
	Around *Contents
	// Again gives its text once more, for a format that reads it twice to know what its parts belong to; nil where it can be read once only.
	// What stands behind a part is then not known of it.
	Again io.Reader
	// Progress is told, now and then, how many records were read, of how many (0 when that is not known); nil is told nothing.
	Progress func(done, total int)
}

// Read reads a whole export. It returns how many records were read, and whether more is wanted.
func (f *Format) Read(in Input, out Out) (records int, more bool) {
	r := newReading(out, in.Path, asUTF8(in.Text, in.Head))
	r.progress, r.people, r.prefix, r.born = in.Progress, in.People, in.Prefix, f.born
	if r.words = in.Words; r.words == nil {
		r.words = noWords()
	}
	if r.around = in.Around; r.around == nil {
		r.around = &Contents{}
	}
	if f.learn != nil && in.Again != nil {
		f.learn(r.around, in.Again)
	}
	if f.prefix != nil && r.prefix == "" {
		r.prefix = f.prefix(in.Path)
	}
	if r.people == nil {
		r.people = r.around.people
	}
	r.borrow()
	r.all(f)
	r.leave()
	return r.records, !r.stopped
}

// asUTF8 returns the text of a file that begins with head as UTF-8, where a byte order mark says that it is UTF-16.
func asUTF8(r io.Reader, head []byte) io.Reader {
	if !utf16(head) {
		return r
	}
	return transform.NewReader(r, unicode.BOMOverride(encoding.Nop.NewDecoder()))
}

// utf8Head is asUTF8 for a head itself, without its mark.
func utf8Head(head []byte) []byte {
	if !utf16(head) {
		return bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
	}
	b, _, err := transform.Bytes(unicode.BOMOverride(encoding.Nop.NewDecoder()), head)
	if err != nil {
		return head
	}
	return b
}

func utf16(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}
