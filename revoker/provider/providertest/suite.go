package providertest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
)

// T is what a check needs of a testing.TB.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Case is a provider under test.
type Case struct {
	// Issuer makes a fresh issuer.
	Issuer func() *Issuer
	// Provider makes a fresh provider that reaches the issuer alone and gives up a request after the timeout. Its clock
	// does not wait.
	Provider func(i *Issuer, timeout time.Duration) revoker.Provider
}

// Check is one thing that must hold.
type Check struct {
	Name string
	// Key says that it depends on the form of the key, beside the flows.
	Key bool
	Run func(T)
}

// enough is a timeout that no check reaches; short is one that Hang does.
const (
	enough = 30 * time.Second
	short  = 50 * time.Millisecond
)

// Suite returns the checks that every provider passes. Those about a revoke are there when the rule has a revoke flow.
func Suite(c Case) []Check {
	checks := []Check{
		{"reads every recorded reply", false, c.recordedReplies},
		{"unknown on faults", false, c.faults},
		{"unknown on a time-out", false, c.timeout},
		{"active only after a refused control", true, c.control},
		{"unknown when any key is accepted", false, c.acceptAll},
		{"unknown when the control gets no clear answer", false, c.unclearControl},
		{"a dead key is inactive", true, c.deadKey},
		{"stops with its context", false, c.cancelled},
	}
	if issuer := c.Issuer(); len(issuer.rule.Revoke) > 0 && c.Provider(issuer, enough).Action.Name != "manual" {
		checks = append(checks, []Check{
			{"revokes the key, once, until it is dead", true, c.revokes},
			{"refuses to revoke without an active verdict", false, c.refuses},
			{"does not repeat a revoke whose reply was lost", false, c.lostReply},
			{"reads every recorded reply to a revoke", false, c.recordedRevokes},
		}...)
	}
	return checks
}

// verify verifies the issuer's key, and checks what must hold for every verify.
func (c Case) verify(t T, i *Issuer, timeout time.Duration) revoker.Verdict {
	t.Helper()
	v, err := c.Provider(i, timeout).Verifier.Verify(context.Background(), i.Finding())
	if err != nil {
		t.Errorf("verify: %v", err)
	}
	quiet(t, i, "verdict", v, err)
	for _, r := range i.Requests() {
		if r.Mutating {
			t.Errorf("verify sent a mutating %s", r.Method)
		}
	}
	if v.Validity == revoker.Active && (v.Control == nil || v.Proof == nil) {
		t.Errorf("active without a proof and a control")
	}
	if v.Reason == "" {
		t.Errorf("a verdict without a reason")
	}
	return v
}

// recordedReplies gives each reply on record to the live key and compares the reading.
func (c Case) recordedReplies(t T) {
	for n, e := range c.Issuer().rule.Verify[0].Examples {
		i := c.Issuer()
		i.Set(Fault{Reply: &e.Reply, On: func(r Request) bool { return r.Key }})
		v := c.verify(t, i, enough)
		if string(v.Validity) != e.Want {
			t.Errorf("reply %d (status %d): read as %s (%s), want %s", n, e.Reply.Status, v.Validity, v.Reason, e.Want)
		}
		for name, want := range e.Capture {
			if got := v.Facts[name]; got == "" {
				t.Errorf("reply %d: fact %s is missing, want %s", n, name, want)
			}
		}
	}
}

// faults are answers that say nothing of the key.
func (c Case) faults(t T) {
	evil := map[string]string{"Location": "https://evil.example/take"}
	for name, f := range map[string]Fault{
		"500":           {Reply: &rules.Reply{Status: 500}},
		"429":           {Reply: &rules.Reply{Status: 429, Header: map[string]string{"Retry-After": "7"}}},
		"redirect 301":  {Reply: &rules.Reply{Status: 301, Header: evil}},
		"redirect 307":  {Reply: &rules.Reply{Status: 307, Header: evil}},
		"page of HTML":  {Reply: &rules.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>Sign in</html>"}},
		"404 of a page": {Reply: &rules.Reply{Status: 418, Body: "<!DOCTYPE html><title>?</title>"}},
		"long reply":    {Reply: &rules.Reply{Status: 200, Body: `{"a":"` + strings.Repeat("x", 2<<20) + `"}`}},
		"cut off":       {Drop: true},
	} {
		i := c.Issuer()
		i.Set(f)
		v := c.verify(t, i, enough)
		if v.Validity != revoker.Unknown {
			t.Errorf("%s: read as %s (%s), want unknown", name, v.Validity, v.Reason)
		}
		if want := 7 * time.Second; name == "429" && v.RetryAfter != want {
			t.Errorf("%s: retry after %s, want %s", name, v.RetryAfter, want)
		}
	}
}

func (c Case) timeout(t T) {
	i := c.Issuer()
	i.Set(Fault{Hang: true})
	if v := c.verify(t, i, short); v.Validity != revoker.Unknown {
		t.Errorf("read as %s (%s), want unknown", v.Validity, v.Reason)
	}
}

// control wants two requests by the same step: one with the key, one with another.
func (c Case) control(t T) {
	i := c.Issuer()
	v := c.verify(t, i, enough)
	if v.Validity != revoker.Active {
		t.Fatalf("read as %s (%s), want active", v.Validity, v.Reason)
	}
	sent := i.Requests()
	if len(sent) < 2 || !sent[0].Key || sent[1].Key || sent[0].Method != sent[1].Method || sent[0].Host != sent[1].Host {
		t.Errorf("%d requests; want the key first and the control second", len(sent))
	}
	if v.Control.Status == v.Proof.Status && v.Control.URL != v.Proof.URL {
		t.Errorf("the control went elsewhere than the proof")
	}
}

func (c Case) acceptAll(t T) {
	i := c.Issuer()
	i.Set(Fault{AcceptAll: true})
	if v := c.verify(t, i, enough); v.Validity != revoker.Unknown || v.Control == nil {
		t.Errorf("read as %s (%s), want unknown with its control", v.Validity, v.Reason)
	}
}

func (c Case) unclearControl(t T) {
	for _, status := range []int{429, 500, 302} {
		i := c.Issuer()
		i.Set(Fault{Reply: &rules.Reply{Status: status}, On: func(r Request) bool { return !r.Key }})
		if v := c.verify(t, i, enough); v.Validity != revoker.Unknown {
			t.Errorf("control answered %d: read as %s (%s), want unknown", status, v.Validity, v.Reason)
		}
	}
}

// deadKey verifies a key that the issuer does not know any more.
func (c Case) deadKey(t T) {
	i := c.Issuer()
	i.revoked = true
	if v := c.verify(t, i, enough); v.Validity != revoker.Inactive || v.Control != nil {
		t.Errorf("read as %s (%s), want inactive without a control", v.Validity, v.Reason)
	}
	if n := len(i.Requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func (c Case) cancelled(t T) {
	i := c.Issuer()
	i.Set(Fault{Hang: true})
	ctx, cancel := context.WithTimeout(context.Background(), short)
	defer cancel()
	start := time.Now()
	v, err := c.Provider(i, enough).Verifier.Verify(ctx, i.Finding())
	quiet(t, i, "verdict", v, err)
	if !errors.Is(err, context.DeadlineExceeded) || v.Validity != revoker.Unknown {
		t.Errorf("read as %s with error %v, want unknown and the context's error", v.Validity, err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %s to stop", took)
	}
}
