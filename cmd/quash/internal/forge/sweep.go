package forge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// Sweep covers repositories: it reads what changed and remembers the rest.
type Sweep struct {
	Mirrors *Mirrors
	// Scanner has no list of what is allowed: that is taken out of the results, and may be another tomorrow.
	Scanner *scanner.Scanner
	// Source says how mirrors are read. Their kind and whether there is a work tree are known.
	Source source.Options
	// Options names everything that decides what is found in a repository: rules, least confidence, ID key. A scan under
	// other options is not remembered.
	Options string
	// Jobs is how many repositories are worked on at once; 0: 4.
	Jobs int
	// Learn is told every finding before anything of it is kept; several goroutines call it. nil is told nothing.
	Learn func(scanner.Finding)
	// Clean takes out of a place what must not be written down; nil takes out nothing. Several goroutines call it.
	Clean func(scanner.Location) scanner.Location
	// Progress is told of every repository that was covered, or could not be; nil is told nothing.
	Progress func(done, total int)
	// Clock is the time. nil: the machine's.
	Clock revoker.Clock
}

// Covered says what became of a repository.
type Covered string

// The ways in which a repository is covered, or not.
const (
	Scanned     Covered = "scanned"     // read from one end to the other, now or what is new now and the rest before
	Unchanged   Covered = "unchanged"   // the findings are remembered from a scan of the same references
	Incomplete  Covered = "incomplete"  // read, but for the gaps
	Failed      Covered = "failed"      // not read
	Interrupted Covered = "interrupted" // not read, since the run was stopped
)

// Result is what is known of one repository.
type Result struct {
	Repository Repository
	Covered    Covered
	// Err is why the repository could not be read, or not be remembered.
	Err error
	// Dir is its mirror, Refs how many references were scanned, and At when.
	Dir  string
	Refs int
	At   time.Time
	// Stats and Findings are the scan's. Findings that are remembered have no Parts.
	Stats    scanner.Stats
	Findings []scanner.Finding
}

// defaultJobs is how many repositories are worked on at once: while one is fetched another is read.
const defaultJobs = 4

// Run covers the repositories and yields a result for each, in their order, whatever the number of jobs. Once the context is done the rest
// are interrupted.
func (s *Sweep) Run(ctx context.Context, all []Repository) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results := make([]chan Result, len(all))
		for i := range results {
			results[i] = make(chan Result, 1)
		}
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		next := make(chan int)
		wg.Go(func() {
			defer close(next)
			for i := range all {
				next <- i
			}
		})
		done := s.counter(len(all))
		for range min(cmp.Or(s.Jobs, defaultJobs), len(all)) {
			wg.Go(func() {
				for i := range next {
					results[i] <- s.cover(ctx, all[i])
					done()
				}
			})
		}
		for _, r := range results {
			if !yield(<-r) {
				return
			}
		}
	}
}

// counter returns what is called when a repository is done.
func (s *Sweep) counter(total int) func() {
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		if s.Progress != nil {
			s.Progress(done, total)
		}
	}
}

func (s *Sweep) now() time.Time {
	if s.Clock == nil {
		return time.Now()
	}
	return s.Clock.Now()
}

// cover covers one repository.
func (s *Sweep) cover(ctx context.Context, r Repository) Result {
	res := Result{Repository: r, Dir: s.Mirrors.Dir(r)}
	if ctx.Err() != nil {
		return res.failed(ctx, ctx.Err())
	}
	remote, err := s.Mirrors.Remote(ctx, r)
	if err != nil {
		return res.failed(ctx, err)
	}
	if state := s.Mirrors.State(r); state.fits(s.Options, remote) {
		return res.remembered(state)
	}
	m, err := s.Mirrors.Update(ctx, r, remote)
	if err != nil {
		return res.failed(ctx, err)
	}
	if state := s.Mirrors.State(r); state.fits(s.Options, m.Refs) { // somebody else read it meanwhile
		res = res.remembered(state)
	} else {
		res = s.read(ctx, m, state.begun(s.Options), res)
	}
	if err := m.Close(); err != nil {
		res.Err = errors.Join(res.Err, fmt.Errorf("remove mirrors that are not used: %w", err))
	}
	return res
}

// Gap is why the repository, or its mirror, was not covered.
func (res Result) Gap() scanner.Gap {
	gap := scanner.Gap{What: "repository " + res.Repository.Name, Why: "not covered", Next: "run the same command again", Err: res.Err}
	var f *failure
	if res.Err != nil {
		gap.Why += ": " + res.Err.Error()
	}
	if errors.As(res.Err, &f) && f.next != "" {
		gap.Next = f.next
	}
	return gap
}

// remembered is the result for a repository that did not change.
func (res Result) remembered(s State) Result {
	res.Covered, res.Refs, res.At, res.Stats = Unchanged, s.Count, s.Scanned, s.Stats
	for _, k := range s.Findings {
		f := k.finding()
		f.At = res.Repository.Locate(f.At)
		res.Findings = append(res.Findings, f)
	}
	return res
}

// failed is the result for a repository that could not be read.
func (res Result) failed(ctx context.Context, err error) Result {
	res.Covered, res.Err, res.Findings, res.Stats = Failed, err, nil, scanner.Stats{}
	if ctx.Err() != nil {
		res.Covered = Interrupted
	}
	return res
}

// read scans what is new in a mirror, or all of it, and all once more if it turned out to be damaged, and remembers a complete
// scan, and one that lacks only what the next one will tell of again.
func (s *Sweep) read(ctx context.Context, m *Mirror, past *source.Past, res Result) Result {
	past, err := s.scan(ctx, m, past, &res)
	if err == nil && !source.Lasting(res.Stats.Gaps) {
		if renewed, failed := m.Renew(ctx); failed != nil {
			err = failed
		} else if renewed {
			past, err = s.scan(ctx, m, nil, &res)
		}
	}
	if err != nil {
		return res.failed(ctx, err)
	}
	res.Covered, res.Refs, res.At = Scanned, len(m.Refs.Tips), s.now().UTC()
	if !res.Stats.Complete() {
		res.Covered = Incomplete
	}
	if !source.Lasting(res.Stats.Gaps) {
		return res
	}
	state := State{Options: s.Options, Refs: m.Refs.Digest(), Count: res.Refs, Scanned: res.At, Stats: res.Stats, Past: past}
	for _, f := range res.Findings {
		state.Findings = append(state.Findings, known(f))
	}
	if err := s.Mirrors.PutState(res.Repository, state); err != nil {
		res.Err = fmt.Errorf("not remembered, so the next run reads it again: %w", err)
	}
	return res
}

// scan reads what came into a mirror since the past, or all of it. It returns what the next scan need not read.
func (s *Sweep) scan(ctx context.Context, m *Mirror, past *source.Past, res *Result) (*source.Past, error) {
	o := s.Source
	o.Kind, o.NoWorktree, o.Past = "git", true, past
	res.Findings, res.Stats = nil, scanner.Stats{}
	src, err := source.Open(ctx, m.Dir, o)
	if err != nil {
		return nil, err
	}
	var noted source.Noted
	res.Stats, err = s.Scanner.Scan(ctx, src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		if s.Learn != nil {
			s.Learn(f)
		}
		noted.Add(f.At)
		f.At = res.Repository.Locate(f.At)
		if s.Clean != nil {
			f.At = s.Clean(f.At)
		}
		res.Findings = append(res.Findings, f)
		return nil
	}))
	if src, ok := src.(source.Rememberer); ok && err == nil {
		return src.Past(ctx, noted.Objects())
	}
	return nil, err
}

// Reread reads a remembered finding's key where it stands: in an object that the mirror still has. The finding comes back with
// its Parts.
func (s *Sweep) Reread(ctx context.Context, r Repository, f scanner.Finding) (found scanner.Finding, err error) {
	m, err := s.Mirrors.Open(ctx, r)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	data, err := m.Object(ctx, cmp.Or(f.At.Blob, f.At.Commit))
	if err != nil {
		return f, err
	}
	from := scanner.Location{Path: f.At.Path, Blob: f.At.Blob, Commit: f.At.Commit, Field: f.At.Field, Line: 1}
	for g := range s.Scanner.Find(scanner.Chunk{Data: data, From: from}) {
		if g.ID == f.ID {
			f.Parts = g.Parts
			if s.Learn != nil {
				s.Learn(f)
			}
			return f, nil
		}
	}
	return f, errors.New("the key is no longer where it was found")
}
