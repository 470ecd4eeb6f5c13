package providertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
)

// revokes walks from active to dead.
func (c Case) revokes(t T) {
	i := c.Issuer()
	p := c.Provider(i, enough)
	receipt, err := p.Revoker.Revoke(context.Background(), i.Finding(), c.active(t, i, p))
	quiet(t, i, "receipt", receipt, err)
	if err != nil || (receipt.State != revoker.Done && receipt.State != revoker.Requested) {
		t.Fatalf("revoke: %q, %v", receipt.State, err)
	}
	if receipt.Exchange == nil || receipt.Action != p.Action.Name || receipt.At.IsZero() {
		t.Errorf("the receipt lacks its exchange, action or time: %+v", receipt)
	}
	if !i.Revoked() || mutating(i) != c.changes() {
		t.Errorf("revoked %v by %d mutating requests, want %d", i.Revoked(), mutating(i), c.changes())
	}
	if v, err := p.Verifier.Verify(context.Background(), i.Finding()); err != nil || v.Validity != revoker.Inactive {
		t.Errorf("afterwards the key is %s (%s), %v", v.Validity, v.Reason, err)
	}
}

// changes counts the steps of the revoke flow that change something.
func (c Case) changes() int {
	n := 0
	for _, step := range c.Issuer().rule.Revoke {
		if method, _ := step.Request(); method != "GET" && method != "HEAD" {
			n++
		}
	}
	return n
}

// active verifies and wants an active verdict.
func (c Case) active(t T, i *Issuer, p revoker.Provider) revoker.Verdict {
	t.Helper()
	v, err := p.Verifier.Verify(context.Background(), i.Finding())
	if err != nil || v.Validity != revoker.Active {
		t.Fatalf("verify: %s (%s), %v", v.Validity, v.Reason, err)
	}
	return v
}

// mutating counts the mutating requests.
func mutating(i *Issuer) int {
	n := 0
	for _, r := range i.Requests() {
		if r.Mutating {
			n++
		}
	}
	return n
}

// refuses offers verdicts on which nothing may be done.
func (c Case) refuses(t T) {
	spoils := map[string]func(*revoker.Verdict){
		"unknown":         func(v *revoker.Verdict) { v.Validity = revoker.Unknown },
		"inactive":        func(v *revoker.Verdict) { v.Validity = revoker.Inactive },
		"without control": func(v *revoker.Verdict) { v.Control = nil },
	}
	for _, step := range c.Issuer().rule.Revoke {
		for _, name := range names(&step) {
			if slices.Contains(c.idNames(), name) {
				spoils["another "+name] = func(v *revoker.Verdict) { v.Facts[name] = "another" }
			}
		}
	}
	for name, spoil := range spoils {
		i := c.Issuer()
		p := c.Provider(i, enough)
		v := c.active(t, i, p)
		spoil(&v)
		receipt, err := p.Revoker.Revoke(context.Background(), i.Finding(), v)
		quiet(t, i, "receipt", receipt, err)
		var refusal *revoker.Refusal
		if !errors.As(err, &refusal) || mutating(i) != 0 {
			t.Errorf("%s: error %v and %d mutating requests, want a refusal and none", name, err, mutating(i))
		}
	}
}

// idNames are the names of what the verify flow captures.
func (c Case) idNames() []string {
	var captured []string
	for _, step := range c.Issuer().rule.Verify {
		captured = slices.AppendSeq(captured, maps.Keys(step.Capture))
	}
	return captured
}

// lostReply lets the issuer act and cuts the connection.
func (c Case) lostReply(t T) {
	i := c.Issuer()
	p := c.Provider(i, enough)
	v := c.active(t, i, p)
	i.Set(Fault{Drop: true, On: func(r Request) bool { return r.Mutating }})
	receipt, err := p.Revoker.Revoke(context.Background(), i.Finding(), v)
	quiet(t, i, "receipt", receipt, err)
	var refusal *revoker.Refusal
	if err == nil || errors.As(err, &refusal) || mutating(i) != 1 {
		t.Errorf("error %v and %d mutating requests, want an unknown outcome and one", err, mutating(i))
	}
}

// recordedRevokes gives each reply on record to a revoke and compares the reading.
func (c Case) recordedRevokes(t T) {
	steps := c.Issuer().rule.Revoke
	for n, e := range steps[len(steps)-1].Examples {
		i := c.Issuer()
		p := c.Provider(i, enough)
		v := c.active(t, i, p)
		i.Set(Fault{Reply: &e.Reply, On: func(r Request) bool { return r.Mutating }})
		receipt, err := p.Revoker.Revoke(context.Background(), i.Finding(), v)
		quiet(t, i, "receipt", receipt, err)
		got := string(receipt.State)
		if err != nil {
			got = "failed"
		}
		if got != e.Want {
			t.Errorf("reply %d (status %d): read as %s (%v), want %s", n, e.Reply.Status, got, err, e.Want)
		}
	}
}

// quiet looks for the key in what was returned, as it is and as text encodings write it.
func quiet(t T, i *Issuer, what string, value any, err error) {
	t.Helper()
	text, jsonErr := json.Marshal(value)
	if jsonErr != nil {
		t.Errorf("%s: %v", what, jsonErr)
	}
	said := fmt.Sprintf("%s %+v %v %+v %#v", text, value, err, err, err)
	for name, part := range i.sample.Parts {
		if part = i.secretPart(name, part); len(part) < 8 {
			continue
		}
		for _, form := range []string{
			part, url.QueryEscape(part), url.PathEscape(part), base64.StdEncoding.EncodeToString([]byte(part)), reversed(part),
		} {
			if strings.Contains(said, form) {
				t.Errorf("%s: holds the key's part %s", what, name)
			}
		}
	}
}

// secretPart is a part of the key without the prefix that all keys of the kind have.
func (i *Issuer) secretPart(name, part string) string {
	if name == "token" {
		return strings.TrimPrefix(part, i.rule.Prefix())
	}
	return part
}

func reversed(s string) string {
	b := []byte(s)
	for l, r := 0, len(b)-1; l < r; l, r = l+1, r-1 {
		b[l], b[r] = b[r], b[l]
	}
	return string(b)
}
