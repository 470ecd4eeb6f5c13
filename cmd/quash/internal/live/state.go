package live

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"time"
)

// Overlap is how far before the latest change that was seen the next run begins to read.
const Overlap = 10 * time.Minute

// State is what a run saw of each part that it read to its end, by the part's name. It holds no key.
type State map[string]Mark

// Mark is what was seen of a part.
type Mark struct {
	// Until is the time of the latest change.
	Until time.Time `json:"until"`
	// Seen are the records that changed in the overlap before it, by a digest of their id.
	Seen map[string]Seen `json:"seen,omitempty"`
}

// Seen is what a record was when it was seen. It is known again by what it says, with the time of its change: two changes may have the
// same second.
type Seen struct {
	// At is when it changed.
	At time.Time `json:"at"`
	// Sum is a digest of it.
	Sum string `json:"sum"`
}

// digest is a digest that tells records apart.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// window is one reading of a part: which of its records are new.
type window struct {
	past  Mark
	since time.Time // what did not change since then is left out; zero: nothing is
	until time.Time
	seen  map[string]Seen
	room  int // of seen, before it is made smaller
}

// leastRoom is how many records are remembered in any case.
const leastRoom = 4 << 10

// newWindow begins to read where a mark ended, and not before a time.
func newWindow(past Mark, least time.Time) *window {
	w := &window{past: past, since: least, until: past.Until, seen: map[string]Seen{}, room: leastRoom}
	if from := past.Until.Add(-Overlap); !past.Until.IsZero() && from.After(least) {
		w.since = from
	}
	return w
}

// fresh reports whether a record that changed at a time is to be read. One without a time is, unless it is as it was.
func (w *window) fresh(id string, at time.Time, record []byte) bool {
	if at.IsZero() {
		at = w.until
	} else if at.Before(w.since) {
		return false
	}
	key, now := digest([]byte(id)), Seen{at, digest(record)}
	before, known := w.seen[key]
	if !known {
		before, known = w.past.Seen[key]
	}
	w.seen[key] = now
	if at.After(w.until) {
		w.until = at
	}
	return !known || before.Sum != now.Sum
}

// forget drops what a list in the order of change cannot show again.
func (w *window) forget() {
	if len(w.seen) > w.room {
		maps.DeleteFunc(w.seen, w.old)
		w.room = max(leastRoom, 2*len(w.seen))
	}
}

func (w *window) old(_ string, s Seen) bool { return s.At.Before(w.until.Add(-Overlap)) }

// mark is what the next run is told.
func (w *window) mark() Mark {
	m := Mark{Until: w.until, Seen: maps.Clone(w.past.Seen)}
	if m.Seen == nil {
		m.Seen = map[string]Seen{}
	}
	maps.Copy(m.Seen, w.seen)
	maps.DeleteFunc(m.Seen, w.old)
	return m
}
