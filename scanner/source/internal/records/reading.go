package records

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

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
	viewShown  = "shown"
)

// reading is one reading of an export.
type reading struct {
	out      Out
	in       *lex.Input
	path     string
	words    *Words
	around   *Contents
	people   map[string]string             // names of authors by what the export calls them
	born     func(record string) time.Time // when a record was made, where its name tells; nil where it does not
	prefix   string                        // of the names of records
	links    bool                          // texts have links as <address|label>
	progress func(done, total int)
	hold     holder
	views    viewer

	resume  string // where parse can go on after bytes that it could not understand; empty for nowhere
	stopped bool   // the consumer wants no more
	records int    // read whole
	total   int    // that the export says it holds; 0 when it does not say
	broken  int    // places that could not be understood
}

func newReading(out Out, path string, r io.Reader) *reading {
	x := &reading{out: out, path: path, in: lex.NewInput(r), around: &Contents{}}
	x.hold.r = x
	return x
}

// memory is what a reading leaves to the next: an export may have a file for each day.
type memory struct {
	hold  holder
	views viewer
}

// borrow takes the memory of the reading before.
func (r *reading) borrow() {
	if m := r.around.spare; m != nil {
		r.around.spare = nil
		r.hold, r.views = m.hold, m.views
		r.hold.r = r
	}
}

// leave leaves the memory to the next reading.
func (r *reading) leave() {
	r.hold.r = nil
	clear(r.hold.held[:cap(r.hold.held)])
	r.around.spare = &memory{r.hold, r.views}
}

// all reads the whole input.
func (r *reading) all(f *Format) {
	r.resume = f.resume
	for !r.stopped {
		err := f.parse(r)
		r.hold.finish()
		if r.stopped || errors.Is(err, io.EOF) {
			break
		}
		r.fail(err)
		if !r.plain(r.resume) {
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
		r.progress(r.records, r.total)
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
	if r.hold.give(); r.stopped {
		return
	}
	r.stopped = !r.out.Gap(&scanner.Gap{
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

// chunk gives on a chunk, after what was gathered.
func (r *reading) chunk(c scanner.Chunk) {
	r.hold.give()
	r.put(c)
}

func (r *reading) put(c scanner.Chunk) {
	if !r.stopped {
		r.stopped = !r.out.Chunk(c)
	}
}
