package scanner

import (
	"context"
	"iter"

	"github.com/quash-sh/quash/rules"
)

// Options tune a Scanner. The zero value is what stateless use wants.
type Options struct {
	// IDKey keys the finding IDs. Empty: the documented fixed key, so that IDs agree between machines.
	IDKey []byte
	// MinConfidence drops findings below it. Empty: low.
	MinConfidence rules.Confidence
	// Only and Skip are rule ids; with Only no other rule is used.
	Only, Skip []string
	// Workers is how many goroutines search. 0: one per processor.
	Workers int
	// Allow decides which findings are taken out (ignore file, baseline); nil takes out none. Allow comments are
	// always honoured.
	Allow Allower
}

// Allower says whether a finding was allowed, and counts what it was asked.
type Allower interface {
	Allowed(f Finding) bool
}

// Scanner finds keys. It is immutable and safe for concurrent use.
type Scanner struct {
	set *rules.Set
}

// New compiles the rules.
func New(set *rules.Set, o Options) (*Scanner, error) { return nil, nil }

// Find yields the findings of one whole text, in order of place. It is pure.
func (s *Scanner) Find(c Chunk) iter.Seq[Finding] { return nil }

// Scan reads the source to its end and hands every finding to the sink.
func (s *Scanner) Scan(ctx context.Context, src Source, sink Sink) (Stats, error) {
	return Stats{}, nil
}
