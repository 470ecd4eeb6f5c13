package live

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// The schemes of targets: "github-issues:OWNER/REPOSITORY" or "github-issues:OWNER", and "agiled-tickets:".
const (
	GitHubScheme = "github-issues:"
	AgiledScheme = "agiled-tickets:"
)

// Named reports whether a name that a person gave is a target of this package.
func Named(name string) bool {
	return strings.HasPrefix(name, GitHubScheme) || strings.HasPrefix(name, AgiledScheme)
}

// Options say what of a target is read.
type Options struct {
	// Past is what the runs before saw; nil: everything is read.
	Past State
	// Since, when it is set, leaves out what did not change since then.
	Since time.Time
	// Parts are the parts that are read, of those in [Parts]; nil: all.
	Parts []string
	// Fields names members of records, as [source.Options] has them.
	Fields map[string]string
	// Progress is told, now and then, how many records were read; nil is told nothing.
	Progress func(source.Progress)
}

// The parts of a GitHub target.
const (
	PartIssues      = "issues" // issues and pull requests, comments, reviews, comments in reviews and on commits
	PartReleases    = "releases"
	PartDiscussions = "discussions"
	PartWiki        = "wiki" // a git repository, which is not read by this package
	PartGists       = "gists"
	PartLogs        = "logs" // of workflow runs
)

// Parts are the names of the parts of a GitHub target.
func Parts() []string {
	return []string{PartIssues, PartReleases, PartDiscussions, PartWiki, PartGists, PartLogs}
}

// Reads reports whether a part is read.
func (o Options) Reads(part string) bool { return len(o.Parts) == 0 || slices.Contains(o.Parts, part) }

// CheckParts refuses names that are no parts.
func CheckParts(names []string) error {
	for _, name := range names {
		if !slices.Contains(Parts(), name) {
			return fmt.Errorf("--parts: not known; it takes %s", strings.Join(Parts(), ", "))
		}
	}
	return nil
}

// Source is a target. It implements scanner.Source and scanner.Counter, and is ranged over once.
type Source struct {
	o     Options
	read  func(w *walk)
	out   *source.Fetched
	state State
	told  int
}

// Chunks implements scanner.Source.
func (s *Source) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		w := &walk{ctx: ctx, o: s.o, out: s.out, ok: true, state: s.state}
		s.out.Begin(ctx, w.through(yield))
		s.read(w)
		s.told = w.told
	}
}

// Gaps is how many gaps it yielded.
func (s *Source) Gaps() int { return s.told }

// Coverage implements scanner.Counter.
func (s *Source) Coverage() scanner.Coverage { return s.out.Coverage() }

// State is what the next run is told, after this one has ended. Parts that could not be read to their end are as they were.
func (s *Source) State() State { return s.state }

// newSource returns a source that reads a target in one way.
func newSource(o Options, read func(w *walk)) (*Source, error) {
	out, err := source.NewFetched(o.Fields)
	if err != nil {
		return nil, fmt.Errorf("--field: %w", err)
	}
	s := &Source{o: o, read: read, out: out, state: State{}}
	maps.Copy(s.state, o.Past)
	return s, nil
}

// walk is one range over a source.
type walk struct {
	ctx     context.Context
	o       Options
	out     *source.Fetched
	ok      bool // more is wanted
	state   State
	records int
	gaps    int                     // that keep a part from being done
	told    int                     // gaps, all of them
	place   func(*scanner.Location) // completes the places of the record that is being given; nil: they are complete
}

// through completes what is yielded.
func (w *walk) through(yield func(scanner.Chunk, error) bool) func(scanner.Chunk, error) bool {
	return func(c scanner.Chunk, err error) bool {
		if err != nil {
			w.gaps++
			w.told++
		} else if w.place != nil {
			c = c.Placed(w.place)
		}
		return yield(c, err)
	}
}

// part reads a part, and keeps its mark when nothing was missing.
func (w *walk) part(name string, read func(*window)) {
	if !w.ok {
		return
	}
	past, gaps := w.o.Past[name], w.gaps
	win := newWindow(past, w.o.Since)
	read(win)
	if w.ok && w.gaps == gaps {
		w.state[name] = win.mark()
	}
}

// record gives on a record of an export's kind. place completes its places; nil leaves them as they are.
func (w *walk) record(kind, path string, data []byte, place func(*scanner.Location)) {
	if !w.ok {
		return
	}
	w.place = place
	w.ok = w.out.Record(kind, path, data)
	w.place = nil
	if w.records++; w.o.Progress != nil && w.records%100 == 0 {
		w.o.Progress(source.Progress{Stage: "records", Done: w.records})
	}
}

// gap tells of something that could not be read.
func (w *walk) gap(what, why, next string, err error) {
	if !w.ok {
		return
	}
	if w.ctx.Err() != nil { // it could not be read because the run was stopped, which is told as that
		w.gaps++
		w.ok = w.out.Live()
		return
	}
	w.ok = w.out.Gap(&scanner.Gap{What: what, Why: why, Next: next, Err: err})
}

// gone tells of what nobody can read any more. Trying again is of no use, so its part is done.
func (w *walk) gone(what, why, next string) {
	gaps := w.gaps
	if w.gap(what, why, next, nil); w.ok {
		w.gaps = gaps
	}
}

// errLarge is that an answer is larger than is held.
var errLarge = errors.New("the answer has more than 64 MB")

// longestPage bounds what is held of a page.
const longestPage = 64 << 20

// page is an answer that is held.
type page struct{ data []byte }

// Write implements io.Writer.
func (p *page) Write(b []byte) (int, error) {
	if len(p.data)+len(b) > longestPage {
		return 0, errLarge
	}
	p.data = append(p.data, b...)
	return len(b), nil
}
