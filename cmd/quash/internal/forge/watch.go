package forge

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// A server may keep a fetch going for ever: with words, or with bytes. What it says does not count as getting on, only what arrives in the
// mirror, and what git itself reports to have done with it.

const (
	// patience is how long a fetch may go on without getting on. The server of a large repository counts and packs for minutes.
	patience = 30 * time.Minute
	// mostFetched is how many bytes a fetch may bring.
	mostFetched = 256 << 30
	// mostListed is how many bytes the list of references may have; a million of them have about 80 MB.
	mostListed = 1 << 30
)

// watch ends a fetch that does not get on, or brings too much.
type watch struct {
	patience time.Duration
	most     int64
	steps    atomic.Int64 // that git reported of its own work
}

// over returns a context that ends with a *failure when the fetch into a mirror does not get on, and what stops watching.
func (w *watch) over(ctx context.Context, dir string) (context.Context, func()) {
	ctx, stop := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(max(w.patience/20, time.Millisecond))
		defer tick.Stop()
		var bytes, steps int64
		since := time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			nowBytes, nowSteps := arriving(dir), w.steps.Load()
			switch {
			case nowBytes > w.most:
				stop(&failure{why: fmt.Sprintf("more than %d bytes came and no end", w.most), next: "clone it by hand and scan the clone", lasting: true})
			case nowBytes != bytes || nowSteps != steps:
				bytes, steps, since = nowBytes, nowSteps, time.Now()
			case time.Since(since) > w.patience:
				stop(&failure{why: fmt.Sprintf("nothing came for %v, and no end", w.patience), next: "clone it by hand and scan the clone", lasting: true})
			}
		}
	}()
	return ctx, func() { stop(nil) }
}

// arriving is how many bytes the packs have that are being written to a mirror.
func arriving(dir string) (bytes int64) {
	entries, _ := os.ReadDir(filepath.Join(dir, "objects", "pack"))
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), "tmp_") {
			bytes += info.Size()
		}
	}
	return bytes
}

// listing keeps the list of references, up to a length.
type listing struct {
	text []byte
	most int
	stop context.CancelCauseFunc
}

// Write implements io.Writer.
func (l *listing) Write(p []byte) (int, error) {
	if len(l.text)+len(p) > l.most {
		err := &failure{why: "its list of references does not end", next: "see what git ls-remote says of it", lasting: true}
		l.stop(err)
		return 0, err
	}
	l.text = append(l.text, p...)
	return len(p), nil
}
