package revoker

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/quash-sh/quash/scanner"
)

// RowJournal is a [Journal] in a database, for workers on several machines. Its lines, its chain of hashes and its signed head are
// those of a [FileJournal], and whatever that detects, this does: an entry changed, taken out, added or moved, the last one
// included.
//
// An entry and the head that it ends at are written in one transaction ([Rows.Change]), so there is no half of a line, and
// nothing for a crash to leave. Appenders of all processes come one after the other, each from the end that the one before left;
// what another process wrote is checked before anything follows it.
//
// The signing key is kept in the database, since every worker needs it: who may write all of the journal's tables may forge it, as
// may who can write a FileJournal's folder. [RowJournal.Head] is there to be kept elsewhere too.
//
// A RowJournal may be used by many goroutines, and many processes may have the same one open.
type RowJournal struct {
	rows Rows

	mu  sync.Mutex
	key ed25519.PrivateKey
	at  cursor
	// marks are the entries up to at, by number less one: what is read later must be these.
	marks []mark
}

// mark is whose entry a line is, and its hash.
type mark struct {
	id   scanner.ID
	hash string
}

// Row is a line of a journal in a database, without a newline, with its number and the ID that it is looked up by.
type Row struct {
	Seq  int64
	ID   scanner.ID
	Line string
}

// RowState is a journal in a database at one moment. Key and Head are empty where none was made yet.
type RowState struct {
	// Key is what signs the head, Head the signed end.
	Key, Head string
	// Rows are those after the number that was asked for, by number.
	Rows []Row
}

// RowChange is what one transaction writes. Key is empty when it stays, Row nil when none is added.
type RowChange struct {
	Key, Head string
	Row       *Row
	// Under are the names of the locks ([Locker]) that the entry is written under. Where this process holds one and lost it to
	// another, nothing may be written.
	Under []string
}

// Rows keeps a [RowJournal]'s lines in a database. Its texts are UTF-8 without a zero byte, and come back as they were given.
type Rows interface {
	// Load reads the state at one moment, with the rows after a number.
	Load(ctx context.Context, after int64) (RowState, error)
	// Of reads the rows of a key, by number.
	Of(ctx context.Context, id scanner.ID) ([]Row, error)
	// Change shows next the state, as Load reads it, and writes what next returns, while no other Change runs anywhere: all of it,
	// on the disk when Change returns nil, or none. After an error it may be either.
	Change(ctx context.Context, after int64, next func(RowState) (RowChange, error)) error
}

// OpenRows opens the journal, or makes an empty one where there is none. It checks the whole chain and fails when that is broken.
func OpenRows(ctx context.Context, rows Rows) (*RowJournal, error) {
	j := &RowJournal{rows: rows}
	s, err := rows.Load(ctx, 0)
	if err == nil && s.none() {
		err = rows.Change(ctx, 0, j.create)
		if err == nil {
			s, err = rows.Load(ctx, 0)
		}
	}
	if err == nil {
		err = j.take(s, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return j, nil
}

// none says that no journal was ever made.
func (s RowState) none() bool { return s.Key == "" && s.Head == "" && len(s.Rows) == 0 }

// create makes an empty journal, unless another process did meanwhile.
func (j *RowJournal) create(s RowState) (RowChange, error) {
	if !s.none() {
		return RowChange{Head: s.Head}, nil
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return RowChange{}, err
	}
	empty, err := head{}.encode(key)
	return RowChange{Key: string(hexLine(key.Seed())), Head: string(empty)}, err
}

// evidence ends what is said of a journal that somebody changed.
const evidence = "keep the database as evidence and restore the journal from a copy"

// take checks a state that was loaded with the rows after a number, which is not behind the cursor, and moves the cursor to its end.
// The journal is locked.
func (j *RowJournal) take(s RowState, after int64) error {
	if err := j.learn(s); err != nil {
		return fmt.Errorf("%w; %s", err, evidence)
	}
	h, err := decodeHead([]byte(s.Head), j.key.Public().(ed25519.PublicKey))
	if err != nil {
		return fmt.Errorf("its head: %w; %s", err, evidence)
	}
	at, fresh := j.at, []mark(nil)
	for _, r := range s.Rows {
		if after++; r.Seq != after {
			return fmt.Errorf("entry %d: it is missing, and entry %d is there: it was taken out; %s", after, r.Seq, evidence)
		}
		if r.Seq <= at.seq {
			_, err = j.marks[r.Seq-1].entry(r)
		} else {
			var m mark
			m, err = next(&at, r)
			fresh = append(fresh, m)
		}
		if err != nil {
			return fmt.Errorf("%w; %s", err, evidence)
		}
	}
	switch {
	case h.Seq < j.at.seq, after < j.at.seq:
		return fmt.Errorf("entry %d: it was cut off while the journal was in use; %s", min(h.Seq, after)+1, evidence)
	case h.Next != "":
		return fmt.Errorf("its head is that of another journal; %s", evidence)
	}
	if err := h.accept(at, nil); err != nil {
		return fmt.Errorf("%w; %s", err, evidence)
	}
	j.at, j.marks = at, append(j.marks, fresh...)
	return nil
}

// last is the number before the last entry that was seen: it is read again with what follows, so that an end which was cut off shows.
func (j *RowJournal) last() int64 { return max(j.at.seq-1, 0) }

// learn takes in the key, once: a key that is exchanged later signs nothing that is believed.
func (j *RowJournal) learn(s RowState) error {
	if j.key != nil {
		return nil
	}
	if s.Key == "" {
		return errors.New("it has a head or entries and no signing key: the key was taken out")
	}
	seed, err := fromHexLine([]byte(s.Key), ed25519.SeedSize)
	if err != nil {
		return fmt.Errorf("its signing key: %w", err)
	}
	j.key = ed25519.NewKeyFromSeed(seed)
	return nil
}

// next moves the cursor over a row.
func next(at *cursor, r Row) (mark, error) {
	e, err := at.step([]byte(r.Line))
	if err == nil && e.ID != r.ID {
		err = fmt.Errorf("entry %d: it is filed under another key's ID: it was changed", r.Seq)
	}
	return mark{e.ID, e.Hash}, err
}

// entry reads the row that was marked.
func (m mark) entry(r Row) (Entry, error) {
	e, err := decodeEntry([]byte(r.Line))
	switch {
	case err != nil:
		return Entry{}, fmt.Errorf("entry %d: %w: it was changed", r.Seq, err)
	case e.Hash != m.hash || r.ID != m.id:
		return Entry{}, fmt.Errorf("entry %d: it was exchanged while the journal was in use", r.Seq)
	}
	return e, nil
}

// Append implements [Journal]. After an error the entry may be on record all the same, as an entry that nobody acted on.
func (j *RowJournal) Append(ctx context.Context, e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	under := []string{string(e.ID)}
	if e.Kind == KindIntent {
		under = append(under, executeLock)
	}
	var end cursor
	after := j.last()
	err := j.rows.Change(ctx, after, func(s RowState) (RowChange, error) {
		if err := j.take(s, after); err != nil {
			return RowChange{}, err
		}
		e.Seq, e.Prev = j.at.seq+1, j.at.hash
		line, hash, err := encodeEntry(e)
		if err != nil {
			return RowChange{}, err
		}
		end = cursor{seq: e.Seq, hash: hash}
		signed, err := head{Seq: end.seq, Last: end.hash}.encode(j.key)
		return RowChange{Head: string(signed), Row: &Row{e.Seq, e.ID, string(line[:len(line)-1])}, Under: under}, err
	})
	if err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	j.at, j.marks = end, append(j.marks, mark{e.ID, end.hash})
	return nil
}

// Entries implements [Journal]. It yields what was there when the reading began.
func (j *RowJournal) Entries(ctx context.Context, id scanner.ID) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		entries, err := j.read(ctx, id)
		if err != nil {
			yield(Entry{}, fmt.Errorf("read journal: %w", err))
			return
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				yield(Entry{}, fmt.Errorf("read journal: %w", err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// read reads the entries of a key, or all, and holds them against the marks.
func (j *RowJournal) read(ctx context.Context, id scanner.ID) ([]Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	after := j.last()
	if id == "" {
		after = 0
	}
	s, err := j.rows.Load(ctx, after)
	if err != nil {
		return nil, err
	}
	if err := j.take(s, after); err != nil {
		return nil, err
	}
	rows := s.Rows
	if id != "" {
		if rows, err = j.rows.Of(ctx, id); err != nil {
			return nil, err
		}
	}
	return j.match(id, rows)
}

// match returns the entries of the rows, which must be exactly those of the marks. Rows behind the cursor are newer than the
// reading.
func (j *RowJournal) match(id scanner.ID, rows []Row) (entries []Entry, err error) {
	for i, m := range j.marks {
		if id != "" && m.id != id {
			continue
		}
		seq := int64(i + 1)
		n := len(entries)
		if n == len(rows) || rows[n].Seq != seq {
			return nil, fmt.Errorf("entry %d: it was taken out, or moved, while the journal was in use; %s", seq, evidence)
		}
		e, err := m.entry(rows[n])
		if err != nil {
			return nil, fmt.Errorf("%w; %s", err, evidence)
		}
		entries = append(entries, e)
	}
	if n := len(entries); n < len(rows) && rows[n].Seq <= j.at.seq {
		return nil, fmt.Errorf("entry %d: it was added while the journal was in use; %s", rows[n].Seq, evidence)
	}
	return entries, nil
}

// Head returns the number and hash of the last entry, to be kept where whoever can write the database cannot.
func (j *RowJournal) Head(ctx context.Context) (seq int64, hash string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	after := j.last()
	s, err := j.rows.Load(ctx, after)
	if err == nil {
		err = j.take(s, after)
	}
	if err != nil {
		return 0, "", fmt.Errorf("read journal: %w", err)
	}
	return j.at.seq, j.at.hash, nil
}

// VerifyRows checks the journal, changing nothing in it, and returns how many entries it has. It fails as [VerifyJournal] does,
// and when no journal was made yet.
func VerifyRows(ctx context.Context, rows Rows) (n int, err error) {
	s, err := rows.Load(ctx, 0)
	if err == nil && s.none() {
		err = errors.New("there is none; nothing was answered with this store yet")
	}
	j := &RowJournal{rows: rows}
	if err == nil {
		err = j.take(s, 0)
	}
	if err != nil {
		return 0, fmt.Errorf("verify journal: %w", err)
	}
	return len(j.marks), nil
}
