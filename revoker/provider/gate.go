package provider

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/quash-sh/quash/revoker"
)

// gate is what every request passes: the allow-list, the limits and the kill switch, then the wire. Of its call only
// origins, key, limits and wait play a part.
type gate struct {
	client *client
	rules  call
}

// RoundTrip implements http.RoundTripper, for libraries that send for themselves. Its errors are *callError.
func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	res, body, failed := g.pass(req)
	if failed != nil {
		return nil, failed
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// pass sends the request if nothing is against it, and returns the reply with its body.
func (g *gate) pass(req *http.Request) (*http.Response, []byte, *callError) {
	if !allowed(req.URL, g.rules.origins) {
		return nil, nil, &callError{Method: req.Method, Cause: "the URL is not on an origin that the rule file or the configuration names"}
	}
	failed := g.admit(req)
	if failed == nil {
		var res *http.Response
		var body []byte
		if res, body, failed = g.wire(req); failed == nil {
			g.client.limiter.heed(holdKey{origin(req.URL), g.rules.key}, res)
			return res, body, nil
		}
	}
	failed.Method, failed.Host = req.Method, req.URL.Host
	return nil, nil, failed
}

// admit waits for the limits and then asks the kill switch.
func (g *gate) admit(req *http.Request) *callError {
	wait := g.rules.wait
	if wait == 0 {
		wait = defaultWait
	}
	if failed := g.client.limiter.wait(req.Context(), origin(req.URL), g.rules, wait); failed != nil {
		return failed
	}
	if err := g.client.kill(req.Context()); err != nil {
		return &callError{Cause: "the kill switch stops it: " + err.Error(), is: revoker.ErrStopped}
	}
	return nil
}

// wire sends the request and reads the reply. The issuer may have seen the request when there was a connection to write
// it to.
func (g *gate) wire(req *http.Request) (*http.Response, []byte, *callError) {
	ctx, cancel := context.WithTimeout(req.Context(), g.client.timeout)
	defer cancel()
	var connected atomic.Bool
	sent := req.Clone(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}))
	sent.Header.Set("User-Agent", g.client.agent)
	res, err := g.client.transport.RoundTrip(sent)
	var body []byte
	if err == nil {
		defer res.Body.Close()
		body, err = io.ReadAll(http.MaxBytesReader(nil, res.Body, maxReply))
	}
	if err != nil {
		return nil, nil, classify(req.Context(), err, connected.Load())
	}
	return res, body, nil
}

// allowed says whether the URL may be asked: no user info, and an origin that is in the list byte by byte. Letters that only
// look like a listed host, another port, a trailing dot and upper case are all other origins.
func allowed(u *url.URL, origins []string) bool {
	return u.User == nil && u.Opaque == "" && u.Host != "" && slices.Contains(origins, origin(u))
}

// origin is scheme, host and, where it is given, port.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
