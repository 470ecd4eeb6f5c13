package provider

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

const (
	// maxReply is how many bytes of a reply's body are read; a longer one is an error.
	maxReply = 1 << 20
	// defaultTimeout bounds one try of a request, from dialling to the last byte of the reply.
	defaultTimeout = 15 * time.Second
	// defaultWait is the longest that a request is put off by rate limits before it is given up unsent.
	defaultWait = 10 * time.Second
)

// backoff is how long to wait before each further try of a GET or HEAD.
var backoff = [...]time.Duration{200 * time.Millisecond, 800 * time.Millisecond}

// call is one request to an issuer.
type call struct {
	method string
	// url is where it goes. It may hold parts of the key.
	url string
	// shown is the URL as it may be recorded: {{name}} stands for every part of the key.
	shown  string
	header http.Header
	body   []byte
	// digest is what answers a Digest challenge; nil where none is expected.
	digest *digestKey
	// origins are the only origins that it may go to: "https://api.github.com".
	origins []string
	// key is the finding's ID; holds and limits are kept by key.
	key scanner.ID
	// limits are kept beside the host's own.
	limits []limit
	// wait is the longest that limits and holds may put the request off. 0: defaultWait.
	wait time.Duration
}

// reply is what came back.
type reply struct {
	rules.Reply
	// exchange is the record of it, without the key. It is filled in when the call failed too.
	exchange revoker.Exchange
	// retryAfter is how long the issuer asked us to wait, or how long our own limits would have put the call off.
	retryAfter time.Duration
}

// client sends requests to issuers. It is safe for concurrent use.
type client struct {
	transport http.RoundTripper
	clock     revoker.Clock
	kill      revoker.KillSwitch
	agent     string
	timeout   time.Duration
	limiter   *limiter
	batches   *batches
}

// newClient makes the client of a registry.
func newClient(o Options) *client {
	c := &client{
		transport: newTransport(o.AllowAddrs, o.Simulate, nil),
		clock:     o.Clock,
		kill:      o.Kill,
		agent:     cmp.Or(o.UserAgent, "quash"),
		timeout:   cmp.Or(o.Timeout, defaultTimeout),
		limiter:   newLimiter(o.Clock),
		batches:   &batches{open: map[string]*batch{}},
	}
	if c.kill == nil {
		c.kill = revoker.KillAny()
	}
	return c
}

// do sends the call and reads the reply. GET and HEAD are tried again on a network error and on 5xx; nothing else is. An
// error is always a *callError, which holds nothing of the URL but its host.
func (c *client) do(ctx context.Context, q call) (reply, error) {
	if q.digest != nil {
		return c.doDigest(ctx, q)
	}
	for try := 0; ; try++ {
		got, err := c.once(ctx, q)
		if !retriable(q.method, try, got, err) || c.clock.Sleep(ctx, backoff[try]) != nil {
			return got, err
		}
	}
}

// retriable says whether the call is worth another try.
func retriable(method string, try int, got reply, err error) bool {
	if method != http.MethodGet && method != http.MethodHead || try >= len(backoff) {
		return false
	}
	var failed *callError
	if errors.As(err, &failed) {
		return failed.network
	}
	return got.Status >= 500 && got.retryAfter == 0
}

// once is one try.
func (c *client) once(ctx context.Context, q call) (reply, error) {
	got := reply{exchange: revoker.Exchange{Method: q.method, URL: q.shown}}
	res, body, failed := c.send(ctx, q)
	got.exchange.At = c.clock.Now()
	if failed != nil {
		got.exchange.Err, got.retryAfter = failed.Cause, failed.hold
		return got, failed
	}
	got.Reply = rules.Reply{Status: res.StatusCode, Header: flatten(res.Header), Body: string(body)}
	got.exchange.Status, got.retryAfter = res.StatusCode, retryAfter(res, c.clock.Now())
	return got, nil
}

// send makes the request and hands it to the gate. It does not go through http.Client, which would follow redirects, keep
// cookies and put the URL into its errors.
func (c *client) send(ctx context.Context, q call) (*http.Response, []byte, *callError) {
	req, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader(q.body))
	if err != nil {
		return nil, nil, &callError{Method: q.method, Cause: "the request's URL cannot be read"}
	}
	if q.header != nil {
		req.Header = q.header.Clone()
	}
	return (&gate{client: c, rules: q}).pass(req)
}

// http returns an http.Client whose every request passes the gate under the rules of q: its origins, key, limits and
// wait. It is for libraries that want to send for themselves; q's method, URL, header and body play no part.
func (c *client) http(q call) *http.Client {
	return &http.Client{
		Transport:     &gate{client: c, rules: q},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// flatten joins the values of each header.
func flatten(h http.Header) map[string]string {
	flat := make(map[string]string, len(h))
	for name, values := range h {
		flat[name] = strings.Join(values, ", ")
	}
	return flat
}
