package records

import (
	"bytes"
	"io"

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
	// refuse says why a file that so begins cannot be read, or nothing.
	refuse func(head []byte) string
	// parse reads on from where the input stands. It returns io.EOF after a whole export, nil when the consumer wants no
	// more, and otherwise a *lex.Error.
	parse func(r *reading) error
	// resume is where parse can go on after bytes that it could not understand; empty for nowhere.
	resume string
}

// Formats returns all formats.
func Formats() []*Format { return []*Format{&jira, &jsonRecords, &jsonLines, &csvRecords} }

// Surely returns the format of a file of that name that begins with head, if it is surely an export, and else nil. Only Jira's says so itself.
func Surely(name string, head []byte) *Format {
	if jira.Score(name, head) >= Sure {
		return &jira
	}
	return nil
}

// Score says how sure the format is of a file of that name that begins with head.
func (f *Format) Score(name string, head []byte) int { return f.score(name, utf8Head(head)) }

// Refuse says why a file that begins with head cannot be read, or nothing.
func (f *Format) Refuse(head []byte) string { return f.refuse(utf8Head(head)) }

// Out takes what is read. Both methods report whether more is wanted.
type Out interface {
	// Chunk takes a text, or a piece of one.
	Chunk(c scanner.Chunk) bool
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
	// Progress is told, now and then, how many records were read, of how many (0 when that is not known); nil is told nothing.
	Progress func(done, total int)
}

// Read reads a whole export. It returns how many records were read, and whether more is wanted.
func (f *Format) Read(in Input, out Out) (records int, more bool) {
	r := newReading(out, in.Path, asUTF8(in.Text, in.Head))
	r.progress = in.Progress
	if r.words = in.Words; r.words == nil {
		r.words = noWords()
	}
	r.all(f)
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
