package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// BatchRevoker is a Revoker that can put many keys into one request. The Revoker of a rule with a batch is one.
type BatchRevoker interface {
	revoker.Revoker
	// RevokeBatch revokes findings of one rule; verdicts[i] is that of findings[i], active. receipts[i] is that of
	// findings[i] too. Where an error ends the batch there are fewer receipts than findings: a *revoker.Refusal means that
	// nothing was sent for those without, any other error that their outcome is not known.
	RevokeBatch(ctx context.Context, findings []scanner.Finding, verdicts []revoker.Verdict) ([]revoker.Receipt, error)
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

// RevokeBatch implements [BatchRevoker]. Every key is bound before the first request leaves.
func (r *batchRevoker) RevokeBatch(ctx context.Context, findings []scanner.Finding, verdicts []revoker.Verdict) ([]revoker.Receipt, error) {
	if len(findings) != len(verdicts) {
		return nil, refuse(fmt.Sprintf("%d findings came with %d verdicts", len(findings), len(verdicts)))
	}
	calls := make([]call, len(findings))
	for i := range findings {
		var err error
		if calls[i], err = r.prepare(ctx, findings[i], verdicts[i]); err != nil {
			return nil, err
		}
	}
	var receipts []revoker.Receipt
	for len(calls) > 0 {
		n := min(r.most, len(calls))
		receipt, err := r.send(ctx, calls[:n])
		if err != nil {
			return receipts, err
		}
		for range n {
			receipts = append(receipts, receipt)
		}
		calls = calls[n:]
	}
	return receipts, nil
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
