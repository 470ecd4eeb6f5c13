package revoker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// memRows keeps a journal's rows in memory.
type memRows struct {
	mu    sync.Mutex
	state RowState
}

func (m *memRows) Load(ctx context.Context, after int64) (RowState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.load(after), ctx.Err()
}

func (m *memRows) load(after int64) RowState {
	s := RowState{Key: m.state.Key, Head: m.state.Head}
	for _, r := range m.state.Rows {
		if r.Seq > after {
			s.Rows = append(s.Rows, r)
		}
	}
	return s
}

func (m *memRows) Of(ctx context.Context, id scanner.ID) (rows []Row, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.state.Rows {
		if r.ID == id {
			rows = append(rows, r)
		}
	}
	return rows, ctx.Err()
}

func (m *memRows) Change(ctx context.Context, after int64, next func(RowState) (RowChange, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := next(m.load(after))
	if err := errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	if m.state.Head = c.Head; c.Key != "" {
		m.state.Key = c.Key
	}
	if c.Row != nil {
		m.state.Rows = append(m.state.Rows, *c.Row)
	}
	return nil
}

// inRows is a journal in rows.
type inRows struct{ *memRows }

func (m inRows) open(w *world) (Journal, error) {
	return OpenRows(context.Background(), faultyRows{m.memRows, w})
}

func (m inRows) lines() []byte {
	var b strings.Builder
	for _, r := range m.state.Rows {
		b.WriteString(r.Line + "\n")
	}
	return []byte(b.String())
}

func (m inRows) verify() (int, error) { return VerifyRows(context.Background(), m.memRows) }

// faultyRows are in a database that fails and whose clients die.
type faultyRows struct {
	*memRows
	w *world
}

func (f faultyRows) Load(ctx context.Context, after int64) (RowState, error) {
	if f.w.chance(0.003) {
		return RowState{}, errFault
	}
	return f.memRows.Load(ctx, after)
}

func (f faultyRows) Of(ctx context.Context, id scanner.ID) ([]Row, error) {
	if f.w.chance(0.003) {
		return nil, errFault
	}
	return f.memRows.Of(ctx, id)
}

func (f faultyRows) Change(ctx context.Context, after int64, next func(RowState) (RowChange, error)) error {
	f.w.die("before a change")
	if f.w.chance(0.02) {
		return errFault
	}
	err := f.memRows.Change(ctx, after, func(s RowState) (RowChange, error) {
		c, err := next(s)
		f.w.die("within a change")
		if c.Row != nil {
			f.w.written([]byte(c.Row.Line + "\n"))
		}
		if f.w.chance(0.02) {
			return c, errFault
		}
		return c, err
	})
	if err == nil && f.w.chance(0.02) {
		return errFault // it stands, and nobody was told
	}
	f.w.die("after a change")
	return err
}

func TestG11CrashAnywhereInADatabase(t *testing.T) {
	t.Parallel()
	runSeeds(t, seededRuns/4, func(uint64) kept { return inRows{&memRows{}} })
}

// TestG10ByteInADatabase changes every byte of what a database keeps of a journal.
func TestG10ByteInADatabase(t *testing.T) {
	m := &memRows{}
	j, err := OpenRows(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		if err := j.Append(t.Context(), Entry{At: start, ID: found(n).ID, Kind: KindVerified, Verdict: &Verdict{Validity: Active}}); err != nil {
			t.Fatal(err)
		}
	}
	refuses := func(what string) {
		_, verify := VerifyRows(t.Context(), m)
		_, open := OpenRows(t.Context(), m)
		if verify == nil || open == nil {
			t.Errorf("%s: verify says %v, open says %v", what, verify, open)
		}
	}
	flip := func(what string, text *string) {
		whole := *text
		for i := range whole {
			for _, by := range []byte{1, 0x20, 0x80} {
				changed := []byte(whole)
				changed[i] ^= by
				*text = string(changed)
				refuses(fmt.Sprintf("%s, byte %d ^ %#x", what, i, by))
			}
		}
		*text = ""
		refuses(what + " taken out")
		*text = whole
	}
	flip("key", &m.state.Key)
	flip("head", &m.state.Head)
	for i := range m.state.Rows {
		r := &m.state.Rows[i]
		flip(fmt.Sprint("line ", i), &r.Line)
		flip(fmt.Sprint("ID ", i), (*string)(&r.ID))
		r.Seq += 7
		refuses(fmt.Sprint("number ", i))
		r.Seq -= 7
	}
	if n, err := VerifyRows(t.Context(), m); n != 3 || err != nil {
		t.Errorf("put back: %d, %v", n, err)
	}
	_, err = VerifyRows(t.Context(), &memRows{})
	mustHave(t, err, "verify journal", "there is none")
}

// TestG10ExchangedKeyInADatabase: who can write the tables signs a chain of their own; a process that knows the key does not take it.
func TestG10ExchangedKeyInADatabase(t *testing.T) {
	m, other := &memRows{}, &memRows{}
	for _, rows := range []*memRows{m, other} {
		j, err := OpenRows(t.Context(), rows)
		if err == nil {
			err = j.Append(t.Context(), Entry{At: start, ID: "q-1", Kind: KindIntent})
		}
		if err != nil {
			t.Fatal(err)
		}
		if rows == m {
			defer func() {
				mustHave(t, j.Append(t.Context(), Entry{ID: "q-1", Kind: KindReceipt}), "its head", "keep the database as evidence")
			}()
		}
	}
	m.state.Key, m.state.Head = other.state.Key, other.state.Head
}

// TestUnder: the entry is written under the lock of its key, and an intent under that of executions too.
func TestUnder(t *testing.T) {
	m := &memRows{}
	u := &underRows{memRows: m}
	j, err := OpenRows(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[Kind]string{KindVerified: "[q-1]", KindIntent: "[q-1 " + executeLock + "]"} {
		if err := j.Append(t.Context(), Entry{ID: "q-1", Kind: kind}); err != nil || fmt.Sprint(u.under) != want {
			t.Errorf("%s: under %v, %v; want %s", kind, u.under, err, want)
		}
	}
}

// underRows notes under which locks was written.
type underRows struct {
	*memRows
	under []string
}

func (u *underRows) Change(ctx context.Context, after int64, next func(RowState) (RowChange, error)) error {
	return u.memRows.Change(ctx, after, func(s RowState) (RowChange, error) {
		c, err := next(s)
		u.under = c.Under
		return c, err
	})
}
