package desk

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The results come in the order of the items, each item is done once, and never more at a time than was asked for.
func TestInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.IntRange(0, 300), 0, 40).Draw(t, "microseconds of each item")
		atOnce := rapid.IntRange(-1, 12).Draw(t, "at once")
		enough := rapid.IntRange(0, len(items)).Draw(t, "taken")
		var running, most, done atomic.Int64
		var got []int
		for r := range inOrder(atOnce, items, func(d int) int {
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(time.Duration(d) * time.Microsecond)
			done.Add(1)
			running.Add(-1)
			return d
		}) {
			if got = append(got, r); len(got) == enough {
				break
			}
		}
		if enough == 0 {
			enough = len(items)
		}
		if !slices.Equal(got, items[:enough]) {
			t.Fatalf("got %v of %v", got, items)
		}
		if n := running.Load(); n != 0 {
			t.Fatalf("%d are still running", n)
		}
		if n := most.Load(); n > int64(max(atOnce, 1)) {
			t.Fatalf("%d at once, at most %d were asked for", n, atOnce)
		}
		if enough == len(items) && int(done.Load()) != len(items) {
			t.Fatalf("%d done of %d", done.Load(), len(items))
		}
	})
}

// All that may run at the same time do: each item waits for the others.
func TestInOrderSideBySide(t *testing.T) {
	var all sync.WaitGroup
	all.Add(5)
	n := 0
	for range inOrder(5, make([]int, 5), func(int) bool { all.Done(); all.Wait(); return true }) {
		n++
	}
	if n != 5 {
		t.Errorf("%d results", n)
	}
}

// A panic comes to the goroutine that asked, when nothing runs any more.
func TestInOrderPanic(t *testing.T) {
	var running atomic.Int64
	defer func() {
		if v := recover(); v != "three" || running.Load() != 0 {
			t.Errorf("recovered %v, %d running", v, running.Load())
		}
	}()
	for range inOrder(4, []int{1, 2, 3, 4, 5}, func(i int) int {
		running.Add(1)
		defer running.Add(-1)
		if i == 3 {
			panic("three")
		}
		time.Sleep(time.Millisecond)
		return i
	}) {
	}
	t.Error("no panic")
}
