package provider

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// gatherFor is how long an order waits for others that can go in the same request.
const gatherFor = 200 * time.Millisecond

// batches are the requests that gather orders, by endpoint. Keys that are revoked side by side so cost the issuer, and the
// hourly budget that it grants, one request.
type batches struct {
	mu   sync.Mutex
	open map[string]*batch
}

// batch is one request that gathers orders until it is sent.
type batch struct {
	calls []call
	// done is closed when receipt and err are set. They hold for every order of the batch.
	done    chan struct{}
	receipt revoker.Receipt
	err     error
}

// join adds an order to the batch that gathers for an endpoint; first is true for the one that has to send it.
func (s *batches) join(endpoint string, q call, most int) (b *batch, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b = s.open[endpoint]
	if b == nil || len(b.calls) >= most {
		b, first = &batch{done: make(chan struct{})}, true
		s.open[endpoint] = b
	}
	b.calls = append(b.calls, q)
	return b, first
}

// close ends the gathering and returns the orders.
func (s *batches) close(endpoint string, b *batch) []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[endpoint] == b {
		delete(s.open, endpoint)
	}
	return b.calls
}

// batchRevoker revokes through one step that takes many keys in an array of its JSON body.
type batchRevoker struct {
	flowRevoker
	// field is the array, most how many keys it may hold.
	field string
	most  int
}

// revoker returns the Revoker of the rule's revoke flow.
func (f *flow) revoker() revoker.Revoker {
	if len(f.rule.Revoke) == 1 {
		field, most, _ := strings.Cut(f.rule.Revoke[0].Batch, ":")
		if n, err := strconv.Atoi(most); err == nil && n > 0 {
			return &batchRevoker{flowRevoker{f}, field, n}
		}
	}
	return &flowRevoker{f}
}

// Revoke implements [revoker.Revoker]: the key's binding is proven, then its order joins those that go out together. All of
// a batch have the same outcome. Whoever joined waits for it even when its own context ends, since the order may have left.
func (r *batchRevoker) Revoke(ctx context.Context, finding scanner.Finding, v revoker.Verdict) (revoker.Receipt, error) {
	q, err := r.prepare(ctx, finding, v)
	if err != nil {
		return revoker.Receipt{}, err
	}
	step := &r.rule.Revoke[0]
	method, target := step.Request()
	endpoint := method + " " + target + " " + step.JSON
	b, first := r.client.batches.join(endpoint, q, r.most)
	if first {
		defer close(b.done)
		if err := r.client.clock.Sleep(ctx, gatherFor); err != nil {
			b.err = refuse("stopped before the order was sent")
			r.client.batches.close(endpoint, b)
			return b.receipt, b.err
		}
		b.receipt, b.err = r.send(context.WithoutCancel(ctx), r.client.batches.close(endpoint, b))
		return b.receipt, b.err
	}
	<-b.done
	return b.receipt, b.err
}

// prepare renders the call for one key and proves its binding.
func (r *batchRevoker) prepare(ctx context.Context, finding scanner.Finding, v revoker.Verdict) (call, error) {
	sc, err := r.bindable(ctx, finding, v)
	if err != nil {
		return call{}, err
	}
	return r.bound(&r.rule.Revoke[0], sc)
}

// send puts the arrays of the calls together and sends them as one.
func (r *batchRevoker) send(ctx context.Context, calls []call) (revoker.Receipt, error) {
	var keys []json.RawMessage
	var body map[string]json.RawMessage
	for _, q := range calls {
		var some []json.RawMessage
		body = nil
		if json.Unmarshal(q.body, &body) != nil || json.Unmarshal(body[r.field], &some) != nil {
			return revoker.Receipt{}, refuse("the rule's body has no array " + r.field + " to put more keys into")
		}
		keys = append(keys, some...)
	}
	var err error
	q := calls[0]
	if body[r.field], err = json.Marshal(keys); err == nil {
		q.body, err = json.Marshal(body)
	}
	if err != nil {
		return revoker.Receipt{}, refuse("the keys cannot be written as JSON")
	}
	return r.order(ctx, &r.rule.Revoke[0], q)
}

// quotas are the limits that issuers document for single endpoints, by method and URL, for all keys together.
var quotas = map[string]limit{
	// 60 unauthenticated requests an hour from one address: https://docs.github.com/en/rest/credentials/revoke
	"POST https://api.github.com/credentials/revoke": sharedQuota("credentials revoke", 60, time.Hour),
}

// documented returns the limit of a step's endpoint, as a list of none or one.
func documented(step *rules.Step) []limit {
	method, target := step.Request()
	if l, ok := quotas[method+" "+target]; ok {
		return []limit{l}
	}
	return nil
}
