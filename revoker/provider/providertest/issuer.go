package providertest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// Issuer simulates the issuer of one key from the recorded replies of its rule. It is safe for concurrent use.
type Issuer struct {
	rule   *rules.Rule
	sample rules.Sample
	routes []route

	mu      sync.Mutex
	revoked bool
	fault   Fault
	log     []Request
}

// Fault is what an issuer does wrong. The zero value does nothing wrong.
type Fault struct {
	// On limits the fault to requests for which it is true. nil: every request.
	On func(Request) bool
	// Reply is sent instead of the issuer's own reply.
	Reply *rules.Reply
	// AcceptAll takes every key for the live one.
	AcceptAll bool
	// Hang sends nothing until the client gives up.
	Hang bool
	// Drop does what was asked and cuts the connection before the reply.
	Drop bool
}

// Request is a request as the issuer saw it. It holds the key: it is for tests and is not to be printed.
type Request struct {
	Method, Host, Path string
	Header             http.Header
	Body               []byte
	// Flow is the flow of the rule that the request belongs to: verify, revoke or review; empty if none.
	Flow string
	// Mutating says that the request would change something at the issuer.
	Mutating bool
	// Key says that it carried the live key, or the ids that the issuer told of it.
	Key bool
}

// route is a step of the rule as the issuer serves it.
type route struct {
	flow, method, host string
	path               *regexp.Regexp
	step               *rules.Step
	// needs are the parts and captured values that the request must carry.
	needs []string
}

// NewIssuer returns the issuer of a key that the rule generated.
func NewIssuer(rule *rules.Rule, sample rules.Sample) *Issuer {
	i := &Issuer{rule: rule, sample: sample}
	told := i.told()
	for _, f := range []struct {
		name  string
		steps rules.Flow
	}{{"verify", rule.Verify}, {"revoke", rule.Revoke}, {"review", rule.Review}} {
		for n := range f.steps {
			i.routes = append(i.routes, i.route(f.name, &f.steps[n], told))
		}
	}
	return i
}

// Base is the base URL of the issuer: the rule file's, or a simulated one where an operator would have to name it.
func (i *Issuer) Base() string {
	if base := i.rule.File().Base; base != "" {
		return base
	}
	return "https://" + i.rule.Provider + ".simulated.example"
}

// Hosts are the hosts of the issuer, without port.
func (i *Issuer) Hosts() []string {
	hosts := slices.Clone(i.rule.File().Hosts)
	if u, err := url.Parse(i.Base()); err == nil && !slices.Contains(hosts, u.Host) {
		hosts = append(hosts, u.Host)
	}
	return hosts
}

// Dial is the Hosts of a provider.Simulation that sends all hosts of the issuer to a server.
func (i *Issuer) Dial(s *Server) map[string]string {
	to := make(map[string]string)
	for _, host := range i.Hosts() {
		to[host+":443"] = s.TLSAddr
	}
	return to
}

// Finding is the issuer's live key as a scan would find it.
func (i *Issuer) Finding() scanner.Finding {
	f := scanner.Finding{ID: "q-0000000000000001", Rule: i.rule.ID, Parts: map[string]scanner.Secret{}}
	for name, value := range i.sample.Parts {
		f.Parts[name] = scanner.NewSecret(value)
	}
	f.Parts["token"] = scanner.NewSecret(i.sample.Token)
	return f
}

// Set lays a fault over the issuer, in place of the one before.
func (i *Issuer) Set(f Fault) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fault = f
}

// Revoked says whether the key was revoked.
func (i *Issuer) Revoked() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.revoked
}

// Requests are all requests so far, oldest first.
func (i *Issuer) Requests() []Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.log)
}

// ServeHTTP implements http.Handler.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	in := Request{Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(), Header: r.Header.Clone(), Body: body}
	fault, reply := i.answer(&in, r.URL)
	switch {
	case fault.Hang:
		hang(r.Context())
		panic(http.ErrAbortHandler)
	case fault.Drop:
		panic(http.ErrAbortHandler)
	}
	for name, value := range reply.Header {
		w.Header().Set(name, value)
	}
	if w.Header().Get("Content-Type") == "" && !strings.HasPrefix(strings.TrimSpace(reply.Body), "<") {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(reply.Status)
	_, _ = io.Copy(w, bytes.NewReader([]byte(reply.Body)))
}

// hang waits until the client is gone.
func hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
	}
}
