package scanner

import (
	"context"
	"iter"
	"runtime"

	"github.com/quash-sh/quash/rules"
)

// Options tune a Scanner. The zero value is what stateless use wants.
type Options struct {
	// IDKey keys the finding IDs. Zero: the documented fixed key, so that IDs agree between machines.
	IDKey Secret
	// MinConfidence drops findings below it; they are counted. Empty: low.
	MinConfidence rules.Confidence
	// Only and Skip are rule ids; with Only no other rule is used. Keys of the rules in Skip are not told of, by no other rule either.
	Only, Skip []string
	// Workers is how many goroutines search. 0: one per processor.
	Workers int
	// Allow decides which findings are taken out (ignore file, baseline); nil takes out none. Allow comments are
	// always honoured.
	Allow Allower
	// KeepAllowed hands on what was allowed, by a comment or by Allow, with Finding.Allowed set, instead of counting it in
	// Stats.Allowed: for a run that asks issuers, since a key that is live must be told whoever allowed it. Such findings are in
	// no count; the sink counts them.
	KeepAllowed bool
	// Exclude says which paths are left out, wherever in a source or its history they stand; nil leaves out none. What was
	// found there is counted.
	Exclude func(path string) bool
	// Noted is told where every finding is, those too that are allowed, but not those below MinConfidence; nil is told
	// nothing. A place in history is not yet the one that the sink gets. Several goroutines call it.
	Noted func(at Location)
	// Progress is told of every chunk after it was searched; nil is told nothing. Several goroutines call it.
	Progress func(at Location, bytes int)
}

// Allower says whether a finding was allowed, and counts what it was asked. Several goroutines call it.
type Allower interface {
	Allowed(f Finding) bool
}

// Scanner finds keys. It is immutable and safe for concurrent use.
type Scanner struct {
	set   *rules.Set
	opts  Options
	index *index
	ids   *identifier
	// noViews searches texts only as they stand. Tests and benchmarks set it.
	noViews bool
	// minRun is the least length, in bytes, of a copied run that is inherited from. Tests set it.
	minRun int
}

// New compiles the rules. It fails on a rule id in Only or Skip that the set does not have.
func New(set *rules.Set, o Options) (*Scanner, error) {
	x, err := newIndex(set, o.Only, o.Skip)
	if err != nil {
		return nil, err
	}
	return newScanner(set, x, o), nil
}

// With is a scanner of the same rules with other options, which shares what was compiled where neither leaves rules out. It fails as New does.
func (s *Scanner) With(o Options) (*Scanner, error) {
	if len(s.opts.Only)+len(s.opts.Skip)+len(o.Only)+len(o.Skip) > 0 {
		return New(s.set, o)
	}
	return newScanner(s.set, s.index, o), nil
}

func newScanner(set *rules.Set, x *index, o Options) *Scanner {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MinConfidence == "" {
		o.MinConfidence = rules.Low
	}
	return &Scanner{set: set, opts: o, index: x, ids: newIdentifier(o.IDKey), minRun: minRun}
}

// Rules returns the rule set.
func (s *Scanner) Rules() *rules.Set { return s.set }

// ID returns the finding ID that a key of this rule has.
func (s *Scanner) ID(r *rules.Rule, token Secret) ID { return s.ids.id(r, token) }

// Find yields the findings of one whole text, in order of place, without those that an allow comment takes out unless the
// options keep them. It is pure.
func (s *Scanner) Find(c Chunk) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		done := false
		views := s.viewer()
		defer s.index.viewers.Put(views)
		t := views.text(s.index, c.From, func(c candidate) {
			if done || c.allowed && !s.opts.KeepAllowed || !s.confident(c) {
				return
			}
			f := s.identified(c)
			f.Allowed = c.allowed
			done = !yield(f)
		}, nil)
		t.feed(c.Data, true)
	}
}

func (s *Scanner) confident(c candidate) bool {
	return rank(c.finding.Confidence) >= rank(s.opts.MinConfidence)
}

func (s *Scanner) identified(c candidate) Finding {
	f := c.finding
	if c.kept != nil && c.kept.finding.ID != "" {
		f.ID = c.kept.finding.ID
		return f
	}
	f.ID = s.ids.id(c.rule.rule, f.Token())
	if c.kept != nil {
		c.kept.finding.ID = f.ID
	}
	return f
}

// Scan reads the source to its end and hands every finding to the sink, in the same order whatever the number of workers.
// What could not be read is in the stats' gaps. The error is the source's, the sink's or the context's; the stats tell what
// was covered until then.
func (s *Scanner) Scan(ctx context.Context, src Source, sink Sink) (Stats, error) {
	r := &run{scanner: s, sink: sink, keys: map[ID]struct{}{}, seen: map[place]struct{}{}}
	r.placer, _ = src.(Placer)
	r.sifter, _ = src.(Sifter)
	err := r.read(ctx, src)
	if err == nil {
		err = r.place(ctx)
	}
	if c, ok := src.(Counter); ok {
		r.stats.Coverage = c.Coverage()
	}
	return r.stats, err
}
