package provider

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

const (
	// maxHold caps what a Retry-After can ask for.
	maxHold = time.Hour
	// maxBuckets is how many buckets and holds are kept before those that no longer matter are dropped.
	maxBuckets = 4096
)

// hostLimit is the pace that is kept at every origin.
var hostLimit = limit{name: "host", shared: true, bucket: func() bucket { return pace{rate.NewLimiter(5, 5)} }}

// limit is how often something may be asked. Limits of the same name at one origin are one limit for a key, or for all keys
// where it is shared.
type limit struct {
	name   string
	shared bool
	// bucket makes a fresh bucket.
	bucket func() bucket
}

// quota is a limit of n calls in any span of time as long as per.
func quota(name string, n int, per time.Duration) limit {
	return limit{name: name, bucket: func() bucket { return &window{n: n, per: per} }}
}

// sharedQuota is a quota that all keys share.
func sharedQuota(name string, n int, per time.Duration) limit {
	l := quota(name, n, per)
	l.shared = true
	return l
}

// bucket counts the calls of one limit.
type bucket interface {
	// reserve takes a call that may be sent from a time on, and says how long after that it has to wait. give puts it
	// back.
	reserve(from time.Time) (delay time.Duration, give func())
	// idle says that the bucket is as good as a fresh one.
	idle(now time.Time) bool
}

// pace is a token bucket.
type pace struct{ *rate.Limiter }

func (p pace) reserve(from time.Time) (time.Duration, func()) {
	r := p.ReserveN(from, 1)
	return r.DelayFrom(from), func() { r.CancelAt(from) }
}

func (p pace) idle(now time.Time) bool { return p.TokensAt(now) >= float64(p.Burst()) }

// window allows n calls in any span of time, first come first served. A token bucket would not do for a documented limit:
// after a pause it lets through its whole burst and what flows in meanwhile.
type window struct {
	n   int
	per time.Duration
	// calls are the times of the last calls and of those to come, in order.
	calls []time.Time
}

func (w *window) reserve(from time.Time) (time.Duration, func()) {
	at := from
	if last := len(w.calls) - 1; last >= 0 && w.calls[last].After(at) {
		at = w.calls[last]
	}
	if len(w.calls) >= w.n {
		w.calls = w.calls[len(w.calls)-w.n:]
		if free := w.calls[0].Add(w.per); free.After(at) {
			at = free
		}
	}
	w.calls = append(w.calls, at)
	return at.Sub(from), func() {
		if i := slices.IndexFunc(w.calls, at.Equal); i >= 0 {
			w.calls = slices.Delete(w.calls, i, i+1)
		}
	}
}

func (w *window) idle(now time.Time) bool {
	return len(w.calls) == 0 || !w.calls[len(w.calls)-1].Add(w.per).After(now)
}

// limiter keeps the rate limits and what issuers asked for with Retry-After. It is safe for concurrent use.
type limiter struct {
	clock   revoker.Clock
	mu      sync.Mutex
	buckets map[bucketKey]bucket
	holds   map[holdKey]time.Time
}

type bucketKey struct {
	origin, name string
	key          scanner.ID
}

// holdKey names a key at an origin.
type holdKey struct {
	origin string
	key    scanner.ID
}

func newLimiter(clock revoker.Clock) *limiter {
	return &limiter{clock: clock, buckets: map[bucketKey]bucket{}, holds: map[holdKey]time.Time{}}
}

// wait returns when the call may be sent. Where that would take longer than the longest wait it fails at once, and no
// limit counts the call.
func (l *limiter) wait(ctx context.Context, origin string, q call, longest time.Duration) *callError {
	delay, give := l.reserve(origin, q)
	if delay > longest {
		give()
		return &callError{Cause: fmt.Sprintf("a rate limit keeps the call back for %s", delay.Round(time.Second)), hold: delay}
	}
	if err := l.clock.Sleep(ctx, delay); err != nil {
		give()
		return &callError{Cause: "stopped: " + err.Error(), is: err}
	}
	return nil
}

// reserve counts the call in each of its limits and says how long to wait until all of them and the hold allow it. The
// documented limits come last, so that they count the call for when it is sent. give takes the call back.
func (l *limiter) reserve(origin string, q call) (delay time.Duration, give func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	l.prune(now)
	var back []func()
	for i, want := range append([]limit{hostLimit}, q.limits...) {
		d, undo := l.bucket(origin, q.key, want).reserve(now.Add(delay))
		delay, back = delay+d, append(back, undo)
		if i == 0 {
			delay = max(delay, l.holds[holdKey{origin, q.key}].Sub(now))
		}
	}
	return delay, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, undo := range back {
			undo()
		}
	}
}

// bucket returns the bucket of a limit, a full one where there is none yet.
func (l *limiter) bucket(origin string, key scanner.ID, want limit) bucket {
	at := bucketKey{origin: origin, name: want.name, key: key}
	if want.shared {
		at.key = ""
	}
	b, ok := l.buckets[at]
	if !ok {
		b = want.bucket()
		l.buckets[at] = b
	}
	return b
}

// prune drops what no longer matters, once there is much of it: idle buckets and holds that are over.
func (l *limiter) prune(now time.Time) {
	if len(l.buckets)+len(l.holds) < maxBuckets {
		return
	}
	for at, b := range l.buckets {
		if b.idle(now) {
			delete(l.buckets, at)
		}
	}
	for at, until := range l.holds {
		if !until.After(now) {
			delete(l.holds, at)
		}
	}
}

// heed puts a key on hold at an origin when the reply asks for it.
func (l *limiter) heed(at holdKey, res *http.Response) {
	now := l.clock.Now()
	if after := retryAfter(res, now); after > 0 {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.holds[at] = now.Add(after)
	}
}

// retryAfter is how long a 429 or 503 asks us to wait (RFC 9110, 10.2.3: seconds or a date), at most maxHold. 0: it does
// not say.
func retryAfter(res *http.Response, now time.Time) time.Duration {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	value := res.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), int(maxHold/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxHold)
	}
	return 0
}
