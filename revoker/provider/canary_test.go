package provider

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

const watched = `
provider: aws
docs: https://acme.example/docs
hosts: [api.acme.example]
canaries: [{by: acme canaries, docs: 'https://acme.example/canaries', accounts: ['000000000042']}]
rules:
  - id: aws-key
    name: AWS key
    keywords: [AKIA]
    pattern: '\b(?P<token>AKIA[Q-Z2-7][A-Z2-7]{15})\b'
    examples: {match: ['{{sample}}']}
    verify:
      - get: https://api.acme.example/me
        header: {Authorization: 'Bearer {{token}}'}
        active: {status: 200}
        inactive: {status: 401}
        examples:
          - {reply: {status: 200, body: '{}'}, want: active}
          - {reply: {status: 401}, want: inactive}
          - {reply: {status: 503}, want: unknown}
    revoke:
      - delete: https://api.acme.example/me
        header: {Authorization: 'Bearer {{token}}'}
        bind: self
        done: {status: 204}
        examples:
          - {reply: {status: 204}, want: done}
          - {reply: {status: 500}, want: failed}
`

// ofAccount is a finding of a made-up access key id of an account.
func ofAccount(rule *rules.Rule, account uint64) scanner.Finding {
	data := binary.BigEndian.AppendUint64(nil, 1<<63|account<<23|5)
	key := "AK" + "IA" + base32.StdEncoding.EncodeToString(append(data, 9, 17))
	return providertest.NewIssuer(rule, rules.Sample{Text: key, Token: key, Parts: map[string]string{"token": key}}).Finding()
}

// TestCanariesAreNeverCalled: no request leaves for a key of a canary account, to verify it or to revoke it.
func TestCanariesAreNeverCalled(t *testing.T) {
	set, err := new(rules.Set).With("aws.yaml", []byte(watched), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := set.Rule("aws-key")
	var requests atomic.Int64
	r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	}), nil)
	p, ctx := r.Provider(rule.ID), context.Background()

	f := ofAccount(rule, 42)
	v, err := p.Verifier.Verify(ctx, f)
	if err != nil || v.Validity != revoker.Unknown || !strings.Contains(v.Reason, "acme canaries") {
		t.Errorf("%s (%s), %v", v.Validity, v.Reason, err)
	}
	if _, err := p.Revoker.Revoke(ctx, f, revoker.Verdict{Validity: revoker.Active}); err == nil || !strings.Contains(err.Error(), "acme canaries") {
		t.Errorf("revoke: %v", err)
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests left for a canary", n)
	}
	if v, err := p.Verifier.Verify(ctx, ofAccount(rule, 43)); err != nil || v.Validity != revoker.Inactive {
		t.Errorf("another account's key: %s (%s), %v", v.Validity, v.Reason, err)
	}
	if requests.Load() == 0 {
		t.Error("no request left for a key that is no canary")
	}
}
