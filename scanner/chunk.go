package scanner

import (
	"context"
	"fmt"
	"iter"
)

// Chunk is a piece of text and the place it came from. Data is valid until the next chunk is asked for.
type Chunk struct {
	// Data are the bytes.
	Data []byte
	// From is the place of Data[0]. Line 0 means line 1.
	From Location
	// More says that the source's next chunk continues this text, so that a key may run across.
	More bool
	// Texts, where At is there, are several short texts of records that Data holds, each to be searched as if it came by itself, in
	// that order, those of one place as others are: see [TextsApart]. At says where a text stands; it is asked while the chunk is valid,
	// and only of some. From.Record is empty for none of them. Such a chunk has no More, Copies, Base or Memo, and of From the path.
	Texts []Text
	At    func(text int) Location
	// Copies says which bytes are copies of an earlier chunk that is remembered in Base; Memo takes what is to be remembered of this
	// one. They are a hint only: findings are the same without them. A text that comes in several chunks has none of them.
	Copies     []Copy
	Base, Memo *Memo
}

// Copy is a run of bytes that stands in an earlier chunk too: Data[To:To+Len] equals the earlier chunk's
// Data[From:From+Len].
type Copy struct{ From, To, Len int }

// Placed returns the chunk with its places completed: f is called with each that is asked for.
func (c Chunk) Placed(f func(at *Location)) Chunk {
	f(&c.From)
	if where := c.At; where != nil {
		c.At = func(text int) Location {
			at := where(text)
			f(&at)
			return at
		}
	}
	return c
}

// Source yields chunks. An error of type [*Gap] means that something could not be read and the source goes on; any other
// error ends it. A source is ranged over once.
type Source interface {
	Chunks(ctx context.Context) iter.Seq2[Chunk, error]
}

// Splitter is a source that can be read in parallel: Split returns at most n parts that together yield what the whole
// would; each part has one worker.
type Splitter interface {
	Split(n int) []Source
}

// Placer is a source that knows where a chunk stands only after everything was read (git history). Place gets the
// locations found in one scan, all at once, and returns for each the places it has in full; a nil slice keeps the location
// as it is, an empty one says that it is not asked about and drops it. Errors of type [*Gap] are joined in err and do not void the places.
type Placer interface {
	Place(ctx context.Context, at []Location) ([][]Location, error)
}

// Sifter is a source that yields more than is asked about: the text around what a commit adds, so that a key is seen whole.
// Sift reports whether a finding at a place is asked about; what is not is dropped and not counted. It is called by one
// goroutine at a time, while the source is still being read. An error ends the scan.
type Sifter interface {
	Sift(ctx context.Context, at Location) (bool, error)
}

// Counter is a source that counts what it saw. The names are plural nouns for a person: "files", "commits", "blobs".
// Coverage is read after the source has ended.
type Counter interface {
	Coverage() Coverage
}

// Coverage is what a source saw and what it left out.
type Coverage struct {
	// Seen counts what was read, by noun.
	Seen map[string]int `json:"seen,omitempty"`
	// Skipped counts what was left out on purpose, by reason ("binary", "ignored by .gitignore").
	// It does not make a scan incomplete.
	Skipped map[string]int `json:"skipped,omitempty"`
}

// Gap is something that a scan should have seen and could not: a missing object, a truncated export, an unreadable
// file. It makes the scan incomplete.
type Gap struct {
	// What names the thing: "file config/a.env", "blob 3f2a…", "history before 2026-09-14".
	What string `json:"what"`
	// Why is the cause.
	Why string `json:"why"`
	// Next is what to do: a command to type where there is one.
	Next string `json:"next,omitempty"`
	// Err is the cause as an error, where there is one.
	Err error `json:"-"`
}

// Error implements error.
func (g *Gap) Error() string {
	s := g.What + ": " + g.Why
	if g.Next != "" {
		s += fmt.Sprintf(" (%s)", g.Next)
	}
	return s
}

// Unwrap returns the cause.
func (g *Gap) Unwrap() error { return g.Err }

// Sink takes findings. It is called by one goroutine at a time and needs no lock; an error ends the scan.
type Sink interface {
	Finding(ctx context.Context, f Finding) error
}

// SinkFunc is a function as a [Sink].
type SinkFunc func(ctx context.Context, f Finding) error

// Finding implements [Sink].
func (fn SinkFunc) Finding(ctx context.Context, f Finding) error { return fn(ctx, f) }

// Stats sums up a scan.
type Stats struct {
	// Bytes is how much text was searched.
	Bytes int64 `json:"bytes"`
	// Chunks counts the chunks.
	Chunks int `json:"chunks"`
	// Findings counts keys at places, Keys distinct keys.
	Findings int `json:"findings"`
	Keys     int `json:"keys"`
	// Allowed counts findings that an allow comment, the ignore file or the baseline took out.
	Allowed int `json:"allowed,omitempty"`
	// Excluded counts findings at paths that were left out.
	Excluded int `json:"excluded,omitempty"`
	// Unsure counts matches below the least confidence asked for.
	Unsure int `json:"unsure,omitempty"`
	// Whole counts the chunks whose encoded places were looked for in all of them although parts were known from another.
	Whole int `json:"-"`
	// Coverage is what the source saw.
	Coverage Coverage `json:"coverage,omitzero"`
	// Gaps are what it could not see. A scan is complete when there are none.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Complete reports whether everything was seen.
func (s Stats) Complete() bool { return len(s.Gaps) == 0 }
