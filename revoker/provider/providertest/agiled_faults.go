package providertest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// AgiledFault makes matching requests go wrong. At most one of Status, Redirect and HTML is set; with one of them the
// request is not acted on.
type AgiledFault struct {
	// Method and Path (a prefix) choose the requests; empty matches all.
	Method, Path string
	// Token chooses the requests of one key; empty matches all.
	Token string
	// Times is for how many requests; 0 is all until [Agiled.Heal].
	Times int
	// After lets so many matching requests pass first.
	After int

	// Status is answered, with RetryAfter as the Retry-After header when it is set.
	Status     int
	RetryAfter string
	// Redirect is answered as the Location of a 302.
	Redirect string
	// HTML answers 200 with a sign-in page, as a captive portal does.
	HTML bool
	// Slow delays the request, in real time.
	Slow time.Duration
	// Lost acts and then closes the connection without a reply.
	Lost bool
}

// Inject adds a fault. Of several that match, the first added is used.
func (a *Agiled) Inject(f AgiledFault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, &f)
}

// Heal takes all faults out.
func (a *Agiled) Heal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = nil
}

// fault returns the fault for a request and counts it; the zero fault does nothing.
func (a *Agiled) fault(in *agiledRequest) AgiledFault {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, f := range a.faults {
		if !f.matches(in) {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		if f.Times > 0 {
			f.Times--
			if f.Times == 0 {
				a.faults = slices.Delete(a.faults, i, i+1)
			}
		}
		return *f
	}
	return AgiledFault{}
}

func (f *AgiledFault) matches(in *agiledRequest) bool {
	return (f.Method == "" || f.Method == in.method) &&
		(f.Token == "" || f.Token == in.token) &&
		strings.HasPrefix(in.path, f.Path)
}

// reply is what the fault answers instead of acting.
func (f AgiledFault) reply() (agiledReply, bool) {
	switch {
	case f.Status != 0:
		out := agiledError(f.Status, fmt.Sprintf("Simulated %d.", f.Status))
		if f.RetryAfter != "" {
			out.header["Retry-After"] = f.RetryAfter
		}
		return out, true
	case f.Redirect != "":
		return agiledReply{status: http.StatusFound, header: map[string]string{"Location": f.Redirect}}, true
	case f.HTML:
		return agiledReply{
			status: http.StatusOK, header: map[string]string{"Content-Type": "text/html"},
			body: []byte("<html><body>Please sign in to this network.</body></html>"),
		}, true
	}
	return agiledReply{}, false
}

// drop closes the connection under a reply. A writer that cannot be taken over gets an empty 500.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_ = conn.Close()
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
