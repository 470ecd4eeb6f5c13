package forge

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quash-sh/quash/revoker"
)

const (
	// limitTries is how often a request that was refused for its rate is sent again, failTries one that failed otherwise.
	limitTries = 6
	failTries  = 3
	// limitLongest is the longest wait that is accepted; a primary limit ends within the hour.
	limitLongest = 2 * time.Hour
	// limitUnnamed is the first wait where GitHub names none; it doubles.
	limitUnnamed = time.Minute
)

// limits waits out GitHub's rate limits, as
// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api asks for: Retry-After, else
// X-RateLimit-Reset when nothing remains, else a minute and then twice as long each time. Requests that failed at the server or
// on the way are sent again when they only read.
//
// It takes the reset out of the headers of good answers: go-github would hold requests back by it, on a clock of its own.
type limits struct {
	next  http.RoundTripper
	clock revoker.Clock
	// waiting is told of waits for a rate limit.
	waiting func(until time.Time)

	mu    sync.Mutex
	until time.Time
}

// RoundTrip implements http.RoundTripper.
func (l *limits) RoundTrip(req *http.Request) (*http.Response, error) {
	for try := 0; ; try++ {
		if err := l.hold(req.Context()); err != nil {
			return nil, err
		}
		again, err := fresh(req)
		if err != nil {
			return nil, err
		}
		res, err := l.next.RoundTrip(again)
		if err != nil && req.Context().Err() != nil {
			return nil, err
		}
		if err == nil && l.limited(res, try) || l.failed(req, res, err, try) {
			discard(res)
			continue
		}
		if err == nil {
			l.note(res)
		}
		return res, err
	}
}

// fresh is the request with its body from the begin.
func fresh(req *http.Request) (*http.Request, error) {
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		again.Body = body
	}
	return again, nil
}

// discard gives up a response.
func discard(res *http.Response) {
	if res != nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
		_ = res.Body.Close()
	}
}

// hold waits until requests are welcome again.
func (l *limits) hold(ctx context.Context) error {
	l.mu.Lock()
	until := l.until
	l.mu.Unlock()
	d := until.Sub(l.clock.Now())
	if d <= 0 {
		return ctx.Err()
	}
	if l.waiting != nil && d > time.Minute/2 {
		l.waiting(until)
	}
	return l.clock.Sleep(ctx, d)
}

// later holds requests back.
func (l *limits) later(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := l.clock.Now().Add(d); until.After(l.until) {
		l.until = until
	}
}

// limited reports whether a response refuses the request for its rate, and holds the next ones back.
func (l *limits) limited(res *http.Response, try int) bool {
	if res.StatusCode != http.StatusForbidden && res.StatusCode != http.StatusTooManyRequests || try >= limitTries {
		return false
	}
	wait, known := retryAfter(res)
	if !known {
		wait, known = l.reset(res)
	}
	if !known && (res.StatusCode == http.StatusTooManyRequests || secondary(res)) {
		wait, known = limitUnnamed<<try, true
	}
	if !known || wait > limitLongest {
		return false
	}
	l.later(wait)
	return true
}

// retryAfter is the wait that a response names.
func retryAfter(res *http.Response) (time.Duration, bool) {
	n, err := strconv.Atoi(res.Header.Get("Retry-After"))
	return time.Duration(n) * time.Second, err == nil && n >= 0
}

// reset is the time until the primary limit ends, where it is used up. A second is added: the header is cut to one.
func (l *limits) reset(res *http.Response) (time.Duration, bool) {
	at, err := strconv.ParseInt(res.Header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || res.Header.Get("X-RateLimit-Remaining") != "0" {
		return 0, false
	}
	return max(time.Unix(at, 0).Sub(l.clock.Now())+time.Second, 0), true
}

// secondary reports whether the body of a refusal speaks of a rate limit. The body can be read again.
func secondary(res *http.Response) bool {
	head, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), res.Body), res.Body}
	text := strings.ToLower(string(head))
	return strings.Contains(text, "rate limit") || strings.Contains(text, "rate-limit") || strings.Contains(text, "abuse")
}

// failed reports whether a request is worth another try after the server or the network failed.
func (l *limits) failed(req *http.Request, res *http.Response, err error, try int) bool {
	reads := req.Method == http.MethodGet || req.Method == http.MethodHead
	if !reads || try >= failTries || err == nil && res.StatusCode < 500 {
		return false
	}
	l.later(time.Second << (2 * try))
	return true
}

// note takes the rate from a response: when nothing remains the next request waits.
func (l *limits) note(res *http.Response) {
	if wait, ok := l.reset(res); ok && wait <= limitLongest {
		l.later(wait)
	}
	if res.StatusCode < http.StatusBadRequest {
		res.Header.Del("X-RateLimit-Reset")
	}
}
