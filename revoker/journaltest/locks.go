package journaltest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
)

// RunLocks runs the suite of lockers. fresh makes the locks of two processes that use the same place.
func RunLocks(t *testing.T, fresh func(t testing.TB) (a, b revoker.Locker)) {
	for name, test := range map[string]func(t *testing.T, a, b revoker.Locker){
		"one at a time":       testOneAtATime,
		"of different names":  testDifferentNames,
		"gives up":            testGivesUp,
		"after it gave back":  testGivenBack,
		"the context may end": testContextEnds,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := fresh(t)
			test(t, a, b)
		})
	}
}

// take takes a lock that is free soon.
func take(t testing.TB, l revoker.Locker, name string) (release func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	release, err := l.Lock(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func testOneAtATime(t *testing.T, a, b revoker.Locker) {
	var inside, total atomic.Int32
	var wg sync.WaitGroup
	for w := range 6 {
		l := []revoker.Locker{a, b}[w%2]
		wg.Go(func() {
			for range 8 {
				release, err := l.Lock(t.Context(), "q-1")
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold it", n)
				}
				total.Add(1)
				time.Sleep(time.Millisecond)
				inside.Add(-1)
				release()
			}
		})
	}
	wg.Wait()
	if n := total.Load(); n != 48 {
		t.Errorf("taken %d times, want 48", n)
	}
}

func testDifferentNames(t *testing.T, a, b revoker.Locker) {
	for _, name := range []string{"q-1", "q-2", "execute"} {
		defer take(t, a, name)()
	}
	take(t, b, "q-3")()
}

func testGivesUp(t *testing.T, a, b revoker.Locker) {
	release := take(t, a, "q-1")
	for _, l := range []revoker.Locker{a, b} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := l.Lock(ctx, "q-1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		cancel()
	}
	release()
	take(t, b, "q-1")()
}

func testGivenBack(t *testing.T, a, b revoker.Locker) {
	release := take(t, a, "q-1")
	got := make(chan func())
	go func() { got <- take(t, b, "q-1") }()
	select {
	case <-got:
		t.Error("both hold it")
	case <-time.After(50 * time.Millisecond):
		release()
		(<-got)()
	}
}

// testContextEnds: a lock is held until it is released, also when the context of the one who took it has ended, or another's
// ends while it waits.
func testContextEnds(t *testing.T, a, b revoker.Locker) {
	ctx, cancel := context.WithCancel(t.Context())
	release, err := a.Lock(ctx, "q-1")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Lock(ctx, "q-1"); err == nil {
		t.Error("both hold it")
	}
	release()
	take(t, b, "q-1")()
}
