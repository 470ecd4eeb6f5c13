package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// TestQuota: however calls come, no span of time sees more than the quota.
func TestQuota(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		per := time.Duration(rapid.IntRange(1, 60).Draw(t, "per")) * time.Second
		clock := newTestClock()
		l := newLimiter(clock)
		q := call{key: "q-1", limits: []limit{quota("x", n, per)}}
		var sent []time.Time
		for range rapid.IntRange(1, 40).Draw(t, "calls") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				l.holds[holdKey{"o", "q-1"}] = clock.Now().Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "hold")) * time.Second)
			case 1, 2:
				_ = clock.Sleep(context.Background(), time.Duration(rapid.IntRange(0, 90000).Draw(t, "pause"))*time.Millisecond)
			default:
				if l.wait(context.Background(), "o", q, time.Minute) == nil {
					sent = append(sent, clock.Now())
				}
			}
		}
		for i := n; i < len(sent); i++ {
			if sent[i].Sub(sent[i-n]) < per {
				t.Fatalf("%d calls within %s, want %d in %s", n+1, sent[i].Sub(sent[i-n]), n, per)
			}
		}
	})
}

// TestLimitsWaitAndGiveUp: a call waits for its limits up to its longest wait, and is not counted when it gives up.
func TestLimitsWaitAndGiveUp(t *testing.T) {
	clock := newTestClock()
	l := newLimiter(clock)
	q := call{key: "q-1", limits: []limit{quota("x", 2, time.Minute)}}
	start := clock.Now()
	for range 2 {
		if failed := l.wait(context.Background(), "o", q, time.Second); failed != nil {
			t.Fatal(failed)
		}
	}
	for range 5 {
		if failed := l.wait(context.Background(), "o", q, 10*time.Second); failed == nil || failed.hold != time.Minute {
			t.Fatalf("%v, want to be kept back for a minute", failed)
		}
	}
	if took := clock.Now().Sub(start); took != 0 {
		t.Errorf("giving up took %s", took)
	}
	other := q
	other.key = "q-2"
	if failed := l.wait(context.Background(), "o", other, 0); failed != nil {
		t.Errorf("another key is kept back: %v", failed)
	}
	if failed := l.wait(context.Background(), "o", q, 2*time.Minute); failed != nil || clock.Now().Sub(start) != time.Minute {
		t.Errorf("%v after %s, want to be sent after a minute", failed, clock.Now().Sub(start))
	}
}

// TestHostPace: five calls a second at one host, whatever the keys; another host has its own.
func TestHostPace(t *testing.T) {
	clock := newTestClock()
	l := newLimiter(clock)
	start := clock.Now()
	for n := range 25 {
		if failed := l.wait(context.Background(), "o", call{key: scanner.ID(fmt.Sprint(n))}, time.Minute); failed != nil {
			t.Fatal(failed)
		}
	}
	if took := clock.Now().Sub(start); took < 3900*time.Millisecond || took > 4100*time.Millisecond {
		t.Errorf("25 calls took %s, want 4 s", took)
	}
	if failed := l.wait(context.Background(), "other", call{}, 0); failed != nil {
		t.Errorf("another host is kept back: %v", failed)
	}
}

// TestLimiterForgets: idle buckets and holds that are over are dropped.
func TestLimiterForgets(t *testing.T) {
	clock := newTestClock()
	l := newLimiter(clock)
	for n := range maxBuckets/3 + 1 {
		q := call{key: scanner.ID(fmt.Sprint(n)), limits: []limit{quota("x", 2, time.Minute)}}
		if failed := l.wait(context.Background(), fmt.Sprint(n), q, time.Hour); failed != nil {
			t.Fatal(failed)
		}
		l.holds[holdKey{fmt.Sprint(n), q.key}] = clock.Now()
	}
	_ = clock.Sleep(context.Background(), time.Hour)
	if failed := l.wait(context.Background(), "o", call{}, 0); failed != nil {
		t.Fatal(failed)
	}
	if len(l.buckets) != 1 || len(l.holds) != 0 {
		t.Errorf("%d buckets and %d holds are left, want 1 and 0", len(l.buckets), len(l.holds))
	}
}

// TestRetryAfter: what an issuer asks for is honoured for that key at that host, within bounds.
func TestRetryAfter(t *testing.T) {
	now := newTestClock().Now()
	for _, tc := range []struct {
		status int
		value  string
		want   time.Duration
	}{
		{429, "7", 7 * time.Second}, {503, "7", 7 * time.Second}, {429, "0", 0}, {429, "-5", 0}, {429, "", 0}, {429, "soon", 0},
		{429, "999999999", maxHold}, {429, "99999999999999999999999", 0}, {200, "7", 0}, {500, "7", 0}, {403, "7", 0},
		{429, now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		{429, now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{503, now.AddDate(1, 0, 0).Format(http.TimeFormat), maxHold},
	} {
		res := &http.Response{StatusCode: tc.status, Header: http.Header{"Retry-After": {tc.value}}}
		if got := retryAfter(res, now); got != tc.want {
			t.Errorf("%d with %q: %s, want %s", tc.status, tc.value, got, tc.want)
		}
	}
}

// TestHold: after a 429 nothing is sent for that key until the time has come; other keys go on.
func TestHold(t *testing.T) {
	set, rule := acmeRule(t)
	requests := 0
	clock := newTestClock()
	r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests == 1 {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(429)
			return
		}
		w.WriteHeader(401)
	}), func(o *Options) { o.Clock = clock })
	verify := func(f scanner.Finding) revoker.Verdict {
		t.Helper()
		v, err := r.Provider(rule.ID).Verifier.Verify(context.Background(), f)
		if err != nil {
			t.Error(err)
		}
		return v
	}
	one, two := sampleFinding(rule, 1), sampleFinding(rule, 2)
	two.ID = "q-0000000000000002"
	if v := verify(one); v.Validity != revoker.Unknown || v.RetryAfter != 2*time.Minute {
		t.Errorf("%s, retry after %s", v.Validity, v.RetryAfter)
	}
	if v := verify(one); v.Validity != revoker.Unknown || v.RetryAfter != 2*time.Minute || requests != 1 || v.Proof.Err == "" {
		t.Errorf("on hold: %s, retry after %s, %d requests", v.Validity, v.RetryAfter, requests)
	}
	_, err := r.Provider(rule.ID).Revoker.Revoke(context.Background(), one, revoker.Verdict{Validity: revoker.Active, Control: &revoker.Exchange{}})
	var refusal *revoker.Refusal
	if !errors.As(err, &refusal) || requests != 1 {
		t.Errorf("a revoke on hold: %v, %d requests", err, requests)
	}
	if v := verify(two); v.Validity != revoker.Inactive || requests != 2 {
		t.Errorf("another key: %s, %d requests", v.Validity, requests)
	}
	_ = clock.Sleep(context.Background(), 2*time.Minute)
	if v := verify(one); v.Validity != revoker.Inactive || requests != 3 {
		t.Errorf("after the hold: %s, %d requests", v.Validity, requests)
	}
}

// TestRetries: a GET is tried three times on 5xx that asks for no wait, with the waits between; no other method is ever sent twice.
func TestRetries(t *testing.T) {
	set, rule := acmeRule(t)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		for _, status := range []int{500, 503, 429, 0} {
			requests := 0
			clock := newTestClock()
			r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if requests++; status == 0 {
					panic(http.ErrAbortHandler)
				}
				if status == 503 {
					w.Header().Set("Retry-After", "5")
				}
				w.WriteHeader(status)
			}), func(o *Options) { o.Clock = clock })
			start := clock.Now()
			_, _ = r.client.do(context.Background(), call{
				method: method, url: "https://api.acme.example/", origins: r.origins(rule), header: http.Header{"Idempotency-Key": {"x"}},
			})
			want, wait := 1, time.Duration(0)
			if (method == "GET" || method == "HEAD") && (status == 500 || status == 0) {
				want, wait = 3, time.Second
			}
			if requests != want || clock.Now().Sub(start) != wait {
				t.Errorf("%s, %d: %d requests in %s, want %d in %s", method, status, requests, clock.Now().Sub(start), want, wait)
			}
		}
	}
}
