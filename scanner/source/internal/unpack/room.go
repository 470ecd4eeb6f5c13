package unpack

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// roomSize is how many bytes of documents are in memory at a time, over all walks. The greatest document is smaller.
	roomSize = 96 << 20
	// roomWait is how long a walk waits for the others. It goes on then: the one that has the room may be waiting for what it found to
	// be taken, which is done in the order of the source.
	roomWait = 3 * time.Second
)

// Room is memory that walks share for documents that are held whole: a PDF file and a stream of it, a compiled module, the texts that
// the cells of a workbook share. A walk that finds it taken waits for its turn.
type Room struct{ free *semaphore.Weighted }

// NewRoom makes a room that is empty.
func NewRoom() *Room { return &Room{semaphore.NewWeighted(roomSize)} }

// hold takes size bytes of the room until what it returns is called. A walk that holds some already takes no more, so that none waits for
// itself: what stands in a document is smaller than it.
func (w *walk) hold(size int64) (release func()) {
	room := w.limits.Room
	if room == nil || w.holding {
		return func() {}
	}
	size = min(size, roomSize)
	ctx, cancel := context.WithTimeout(w.ctx, roomWait)
	defer cancel()
	if room.free.Acquire(ctx, size) != nil {
		return func() {}
	}
	w.holding = true
	return func() {
		w.holding = false
		room.free.Release(size)
	}
}
