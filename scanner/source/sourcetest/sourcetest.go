// Package sourcetest is the suite that every source passes. A source's own test describes one input in a few lines and
// calls [Run]; what is promised in the package comment of package source is checked here, once.
package sourcetest

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

// Case is an input and what a source makes of it.
type Case struct {
	// Open opens the input anew; each call gives a source that was not ranged over.
	Open func(t *testing.T) scanner.Source
	// Texts are all texts of the input by name, as [Name] gives it.
	Texts map[string]string
	// Gaps are the names (Gap.What) of what cannot be read, sorted.
	Gaps []string
	// Coverage is what the source counts.
	Coverage scanner.Coverage
}

// Name names the text that a location is in: the record, path, field, view and git object that it gives, with a space between.
// A commit's message has its name too.
func Name(at scanner.Location) string {
	object := at.Blob
	if object == "" && at.Field != "" {
		object = at.Commit
	}
	parts := []string{at.Record, at.Path, at.Field, at.View, object}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// Run checks a source against the contract of scanner.Source and of the interfaces that it has besides.
func Run(t *testing.T, c Case) {
	t.Helper()
	t.Run("complete", func(t *testing.T) { complete(t, c) })
	t.Run("deterministic", func(t *testing.T) { deterministic(t, c) })
	t.Run("stops early", func(t *testing.T) { stopsEarly(t, c) })
	t.Run("cancelled before", func(t *testing.T) { cancelledBefore(t, c) })
	t.Run("cancelled between", func(t *testing.T) { cancelledBetween(t, c) })
	t.Run("split", func(t *testing.T) { split(t, c) })
	t.Run("place", func(t *testing.T) { place(t, c) })
}

// reading is all that a source yielded.
type reading struct {
	texts map[string]string
	order []scanner.Location
	gaps  []string
	open  string // the text whose next piece must follow
	begun string // what was read of it
}

// read ranges over a source to its end and checks each chunk on the way.
func read(t *testing.T, src scanner.Source) *reading {
	t.Helper()
	r := &reading{texts: map[string]string{}}
	var fatal error
	for c, err := range src.Chunks(t.Context()) {
		var gap *scanner.Gap
		switch {
		case fatal != nil:
			t.Errorf("yielded more after the error %q", fatal)
			return r
		case errors.As(err, &gap):
			r.gap(t, gap)
		case err != nil:
			fatal = err
			t.Errorf("unexpected error: %v", err)
		default:
			for text := range c.Apart() {
				r.chunk(t, text)
			}
		}
	}
	if r.open != "" {
		t.Errorf("%s: the source ended although it announced another piece", r.open)
	}
	slices.Sort(r.gaps)
	return r
}

func (r *reading) gap(t *testing.T, g *scanner.Gap) {
	t.Helper()
	if g.What == "" || g.Why == "" {
		t.Errorf("gap without a name or a cause: %+v", g)
	}
	if r.open != "" {
		t.Errorf("%s: a gap between two pieces", r.open)
	}
	r.gaps = append(r.gaps, g.What)
}

// chunk checks that a chunk begins a text or continues it at the right place.
func (r *reading) chunk(t *testing.T, c scanner.Chunk) {
	t.Helper()
	name := Name(c.From)
	if r.open != "" && r.open != name {
		t.Errorf("%s: its next piece should follow, not %s", r.open, name)
	}
	if c.From.Offset != int64(len(r.begun)) {
		t.Errorf("%s: offset %d, want %d", name, c.From.Offset, len(r.begun))
	}
	if line := strings.Count(r.begun, "\n") + 1; max(c.From.Line, 1) != line {
		t.Errorf("%s, offset %d: line %d, want %d", name, c.From.Offset, c.From.Line, line)
	}
	r.order = append(r.order, c.From)
	r.begun += string(c.Data)
	if c.More {
		r.open = name
		return
	}
	if _, twice := r.texts[name]; twice {
		t.Errorf("%s: yielded twice", name)
	}
	r.texts[name] = r.begun
	r.open, r.begun = "", ""
}

func coverage(src scanner.Source) scanner.Coverage {
	if c, ok := src.(scanner.Counter); ok {
		return c.Coverage()
	}
	return scanner.Coverage{}
}

func complete(t *testing.T, c Case) {
	src := c.Open(t)
	r := read(t, src)
	if d := cmp.Diff(c.Texts, r.texts); d != "" {
		t.Errorf("texts (-want +got):\n%s", d)
	}
	if d := cmp.Diff(c.Gaps, r.gaps); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
	if d := cmp.Diff(c.Coverage, coverage(src)); d != "" {
		t.Errorf("coverage (-want +got):\n%s", d)
	}
}

func deterministic(t *testing.T, c Case) {
	first, second := read(t, c.Open(t)), read(t, c.Open(t))
	if d := cmp.Diff(first.order, second.order); d != "" {
		t.Errorf("two runs differ (-first +second):\n%s", d)
	}
}

// stopsEarly leaves the range after each of the first chunks. A source that goes on then makes the runtime panic.
func stopsEarly(t *testing.T, c Case) {
	for n := 1; n <= min(len(c.Texts)+len(c.Gaps), 8); n++ {
		before := runtime.NumGoroutine()
		left := n
		for range c.Open(t).Chunks(t.Context()) {
			if left--; left == 0 {
				break
			}
		}
		settled(t, before)
	}
}

func cancelledBefore(t *testing.T, c Case) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cancelled(t, c.Open(t), ctx, nil)
	settled(t, before)
}

func cancelledBetween(t *testing.T, c Case) {
	if len(c.Texts) < 2 {
		return
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cancelled(t, c.Open(t), ctx, cancel)
	settled(t, before)
}

// cancelled ranges over a source and calls cancel at the first chunk. After that the context's error may come, and
// nothing else.
func cancelled(t *testing.T, src scanner.Source, ctx context.Context, cancel func()) {
	t.Helper()
	ended := false
	for _, err := range src.Chunks(ctx) {
		var gap *scanner.Gap
		switch {
		case ended:
			t.Fatal("yielded something after the context's error")
		case ctx.Err() != nil && errors.Is(err, context.Canceled):
			ended = true
		case ctx.Err() != nil:
			t.Fatalf("yielded a chunk or another error after the context was done: %v", err)
		case err != nil && !errors.As(err, &gap):
			t.Fatal(err)
		case err == nil && cancel != nil:
			cancel()
		}
	}
}

// settled waits for goroutines that were started since to end.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// split reads the parts of a source at the same time.
func split(t *testing.T, c Case) {
	for _, n := range []int{1, 2, 5} {
		src := c.Open(t)
		s, ok := src.(scanner.Splitter)
		if !ok {
			return
		}
		parts := s.Split(n)
		if len(parts) > n {
			t.Errorf("asked for %d parts, got %d", n, len(parts))
		}
		readings := make([]*reading, len(parts))
		var wg sync.WaitGroup
		for i, p := range parts {
			wg.Go(func() { readings[i] = read(t, p) })
		}
		wg.Wait()
		texts, gaps := map[string]string{}, []string(nil)
		for _, r := range readings {
			for name := range maps.Keys(r.texts) {
				if _, twice := texts[name]; twice {
					t.Errorf("%s: in two of %d parts", name, n)
				}
			}
			maps.Copy(texts, r.texts)
			gaps = append(gaps, r.gaps...)
		}
		slices.Sort(gaps)
		if d := cmp.Diff(c.Texts, texts); d != "" {
			t.Errorf("texts of %d parts (-want +got):\n%s", n, d)
		}
		if d := cmp.Diff(c.Gaps, gaps); d != "" {
			t.Errorf("gaps of %d parts (-want +got):\n%s", n, d)
		}
		if d := cmp.Diff(c.Coverage, coverage(src)); d != "" {
			t.Errorf("coverage of %d parts (-want +got):\n%s", n, d)
		}
	}
}

// place asks for the places of every chunk.
func place(t *testing.T, c Case) {
	src := c.Open(t)
	p, ok := src.(scanner.Placer)
	if !ok {
		return
	}
	at := read(t, src).order
	places, err := p.Place(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	if len(places) != len(at) {
		t.Fatalf("%d answers for %d locations", len(places), len(at))
	}
	for i, all := range places {
		for _, l := range all {
			if l.Offset != at[i].Offset || l.Length != at[i].Length || l.Line != at[i].Line || l.Blob != at[i].Blob {
				t.Errorf("place %+v has lost where %+v is in its text", l, at[i])
			}
		}
	}
}
