package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// Bounds of what is held in memory of a record.
const (
	// fieldSize is the longest text that is given whole.
	fieldSize = 1 << 20
	// fieldOverlap is how much two parts of a longer one have in common.
	fieldOverlap = 64 << 10
	// recordSize is how much of a record is held until its author, time and name are known. Of a longer one the first
	// fields have what was known by then.
	recordSize = 4 << 20
	// maxHeld is how many texts of it are held.
	maxHeld = 16 << 10
	// maxGaps is how many broken places of one export are told one by one.
	maxGaps = 20
)

// The views that are made here.
const (
	viewNamed  = "named"
	viewRecord = "record"
	viewJoined = "joined"
)

// format is a format of exports.
type format struct {
	name, title string
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

// exportFormat returns the format of a file of that name that begins with head, if it is surely an export. Only Jira's says so itself.
func exportFormat(name string, head []byte) (format, bool) {
	return jira, jira.score(name, head) >= ScoreSure
}

// records gives on a file as records where it is surely an export. It returns false where it is not. f gives the file from the
// first byte, and begins with head.
func (c *counter) records(e *emitter, path string, head []byte, f io.Reader) (is, ok bool, err error) {
	x, is := exportFormat(path, utf8Head(head))
	if !is {
		return false, true, nil
	}
	r := newReading(e, path, asUTF8(f, head))
	if r.words, err = newWords(nil); err != nil {
		return true, true, err
	}
	r.all(x)
	c.saw("records", r.records)
	return true, !r.stopped, nil
}

// kind returns the kind that reads files of the format.
func (f format) kind() Kind {
	return Kind{
		Name:  f.name,
		Title: f.title,
		Detect: func(_ context.Context, t Target) int {
			if !t.IsFile() {
				return ScoreNone
			}
			return f.score(t.Name, utf8Head(t.Head))
		},
		Open: f.open,
	}
}

func (f format) open(_ context.Context, t Target, o Options) (scanner.Source, error) {
	why := "it is no file"
	if t.IsFile() {
		why = f.refuse(utf8Head(t.Head))
	}
	if why != "" {
		return nil, &Mismatch{Target: t.Name, Kind: f.title, Why: why}
	}
	words, err := newWords(o.Fields)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", t.Name, err)
	}
	return &export{format: f, target: t, words: words, max: o.MaxFile, progress: o.Progress}, nil
}

// export is a file of records.
type export struct {
	counter
	format   format
	target   Target
	words    *words
	max      int64
	progress func(Progress)
}

// Chunks implements scanner.Source.
func (x *export) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		e := &emitter{ctx: ctx, yield: yield}
		if info := x.target.Info; x.max > 0 && info != nil && info.Mode().IsRegular() && info.Size() > x.max {
			x.skip(skipLarge, 1)
			e.gap(tooLarge("export "+x.target.Name, info.Size(), x.max))
			return
		}
		f, err := x.target.Open(ctx)
		if err != nil {
			yield(scanner.Chunk{}, err)
			return
		}
		defer f.Close()
		path := filepath.ToSlash(x.target.Name)
		r := newReading(e, path, asUTF8(f, x.target.Head))
		r.words, r.progress = x.words, x.progress
		r.all(x.format)
		x.saw("files", 1)
		x.saw("records", r.records)
	}
}

// reading is one reading of an export.
type reading struct {
	e        *emitter
	in       *lex.Input
	path     string
	words    *words
	progress func(Progress)
	hold     holder
	views    viewer

	stopped bool // the consumer wants no more
	records int  // read whole
	total   int  // that the export says it holds; 0 when it does not say
	broken  int  // places that could not be understood
}

func newReading(e *emitter, path string, r io.Reader) *reading {
	x := &reading{e: e, path: path, in: lex.NewInput(r)}
	x.hold.r = x
	return x
}

// all reads the whole input.
func (r *reading) all(f format) {
	for !r.stopped {
		err := f.parse(r)
		r.hold.finish()
		if r.stopped || errors.Is(err, io.EOF) {
			break
		}
		r.fail(err)
		if !r.plain(f.resume) {
			break
		}
	}
	if more := r.broken - maxGaps; more > 0 {
		r.gap(fmt.Sprintf("broken at %s more places", lex.Number(int64(more))), nil)
	}
}

// record counts a record that was read whole.
func (r *reading) record() {
	r.records++
	if r.progress != nil && r.records%256 == 0 {
		r.progress(Progress{Stage: "records", Done: r.records, Total: r.total})
	}
}

// fail gives the gap of bytes that could not be understood.
func (r *reading) fail(err error) {
	if r.broken++; r.broken > maxGaps {
		return
	}
	read := lex.Number(int64(r.records))
	if r.total > 0 {
		read += " of " + lex.Number(int64(r.total))
	}
	r.gap(fmt.Sprintf("%v: %s records were read", err, read), err)
}

func (r *reading) gap(why string, err error) {
	if r.stopped {
		return
	}
	r.stopped = !r.e.gap(&scanner.Gap{
		What: fmt.Sprintf("export %q", r.path),
		Why:  why,
		Next: "export it again, or accept the part: quash scan --allow-incomplete " + quoted(r.path),
		Err:  err,
	})
}

// quoted returns a path as a shell takes it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\n'\"$`\\&|;<>()*?[]#~!{}") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// plain gives the input on as text up to the mark, without one up to the end. It reports whether the mark follows.
func (r *reading) plain(mark string) bool {
	for begun := false; !r.stopped; begun = true {
		from := scanner.Location{Path: r.path, Offset: r.in.Offset(), Line: r.in.Line()}
		piece, more, found := r.in.Raw([]byte(mark))
		if len(piece) > 0 || begun {
			r.chunk(scanner.Chunk{Data: piece, From: from, More: more})
		}
		if !more {
			return found
		}
	}
	return false
}

// chunk gives on a chunk.
func (r *reading) chunk(c scanner.Chunk) {
	if !r.stopped {
		r.stopped = !r.e.chunk(c)
	}
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
