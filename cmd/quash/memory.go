package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapRoom is by how many bytes the heap may grow before its garbage is collected, where it would be collected earlier. Most commands
// end before that: a hook collects nothing.
const heapRoom = 64 << 20

// leastGrowth is by how much a large heap grows before its garbage is collected, in percent of its size. Large heaps are those of long histories,
// which make little garbage.
const leastGrowth = 40

// Whoever has collected garbage several times has long to go: a collection more costs it little, and a small heap is given less room.
const (
	several  = 4
	longRoom = heapRoom / 2
)

// easeCollector lets a small heap grow by heapRoom; a large one by leastGrowth. Whoever sets GOGC has their way.
func easeCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(100 * heapRoom / leastHeap)
	runtime.SetFinalizer(&collected{}, (*collected).next)
}

// leastHeap is what the runtime takes for the size of a heap that was never collected.
const leastHeap = 4 << 20

// collected is garbage: its finalizer runs after a collection.
type collected struct {
	times int
	_     [16]byte
}

// next sets what the heap may grow to from the size that the collection has left.
func (c *collected) next() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	size, room := max(live[0].Value.Uint64(), leastHeap), uint64(heapRoom)
	if c.times++; c.times > several {
		room = longRoom
	}
	debug.SetGCPercent(int(max(leastGrowth, 100*room/size)))
	runtime.SetFinalizer(c, (*collected).next)
}
