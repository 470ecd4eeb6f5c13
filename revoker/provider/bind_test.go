package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// keyring is an issuer with several keys, each with an id. Whoever presents a live key may list and delete all of them: the
// issuer does not save us from hitting the wrong one.
type keyring struct {
	mu sync.Mutex
	// ids are the ids of keys by token, order the order in which they are listed.
	ids     map[string]string
	order   []string
	owner   string
	deleted []string
	// echo changes what /v1/me tells, status its status.
	echo   func(id string) string
	status int
}

func (k *keyring) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id, live := k.ids[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	operator := r.Header.Get("Authorization") == "Bearer operator-credential"
	live = live && !slices.Contains(k.deleted, id)
	switch path, _ := strings.CutPrefix(r.URL.Path, "/v1/"); {
	case !live && !operator:
		w.WriteHeader(401)
	case path == "me":
		if k.echo != nil {
			id = k.echo(id)
		}
		w.WriteHeader(max(k.status, 200))
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "owner": k.owner, "ids": k.order})
	case path == "keys":
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": k.order})
	case r.Method == http.MethodDelete:
		k.deleted = append(k.deleted, strings.TrimPrefix(path, "keys/"))
		w.WriteHeader(204)
	}
}

// ring is a keyring of three keys and the finding of one of them.
func ring(rule *rules.Rule, leaked int) (*keyring, scanner.Finding) {
	k := &keyring{ids: map[string]string{}, owner: "ann"}
	var found scanner.Finding
	for n := range 3 {
		f := sampleFinding(rule, uint64(n+1))
		id := fmt.Sprintf("k%d", n)
		k.ids[f.Token().Reveal()], k.order = id, append(k.order, id)
		if n == leaked {
			found = f
		}
	}
	return k, found
}

// TestG02WrongKey: a revoke hits the leaked key and no other, or is not sent.
func TestG02WrongKey(t *testing.T) {
	set, rule := acmeRule(t)
	for leaked := range 3 {
		k, f := ring(rule, leaked)
		p := handled(t, set, k, nil).Provider(rule.ID)
		v := verified(t, p, f)
		if _, err := p.Revoker.Revoke(context.Background(), f, v); err != nil {
			t.Errorf("key %d: %v", leaked, err)
		}
		if want := []string{fmt.Sprintf("k%d", leaked)}; !slices.Equal(k.deleted, want) {
			t.Errorf("key %d: deleted %v, want %v", leaked, k.deleted, want)
		}
	}
	for name, spoil := range wrongKeys() {
		t.Run(name, func(t *testing.T) {
			k, f := ring(rule, 1)
			r := handled(t, set, k, func(o *Options) {
				o.Operator = map[string]scanner.Secret{"acme": scanner.NewSecret("operator-credential")}
			})
			flow := r.flows(rule).Verifier.(*flow)
			v := verified(t, revoker.Provider{Verifier: flow}, f)
			changed := *rule
			changed.Revoke = slices.Clone(rule.Revoke)
			flow.rule = &changed
			spoil(k, &changed, &v, &f)
			_, err := (&flowRevoker{flow}).Revoke(context.Background(), f, v)
			var refusal *revoker.Refusal
			if !errors.As(err, &refusal) || len(k.deleted) != 0 {
				t.Errorf("error %v, deleted %v; want a refusal and nothing", err, k.deleted)
			}
		})
	}
}

func verified(t *testing.T, p revoker.Provider, f scanner.Finding) revoker.Verdict {
	t.Helper()
	v, err := p.Verifier.Verify(context.Background(), f)
	if err != nil || v.Validity != revoker.Active {
		t.Fatalf("%s (%s), %v, want active", v.Validity, v.Reason, err)
	}
	return v
}

// wrongKeys are the ways in which a revoke would come to hit another key, or might.
func wrongKeys() map[string]func(*keyring, *rules.Rule, *revoker.Verdict, *scanner.Finding) {
	type r = *rules.Rule
	type v = *revoker.Verdict
	type f = *scanner.Finding
	lookUp := rules.Step{
		Get: "{{base}}/v1/keys", Header: map[string]string{"Authorization": "Bearer {{token}}"},
		Capture: map[string]string{"key_id": ".keys[0]"},
	}
	byOperator := lookUp
	byOperator.Header = map[string]string{"Authorization": "Bearer {{operator.acme}}"}
	byOperator.Capture = map[string]string{"key_id": ".keys"}
	return map[string]func(*keyring, *rules.Rule, *revoker.Verdict, *scanner.Finding){
		"the verdict names another id": func(_ *keyring, _ r, v v, _ f) { v.Facts["key_id"] = "k0" },
		"the verdict names no id":      func(_ *keyring, _ r, v v, _ f) { delete(v.Facts, "key_id") },
		"the issuer tells another id now": func(k *keyring, _ r, _ v, _ f) {
			k.echo = func(string) string { return "k2" }
		},
		"the issuer tells no id now": func(k *keyring, _ r, _ v, _ f) { k.echo = func(string) string { return "" } },
		"the id would change the path": func(k *keyring, _ r, v v, _ f) {
			k.echo = func(string) string { return ".." }
			v.Facts["key_id"] = ".."
		},
		"the owner has changed":  func(k *keyring, _ r, _ v, _ f) { k.owner = "bob" },
		"the key has died since": func(k *keyring, _ r, _ v, f f) { delete(k.ids, f.Token().Reveal()) },
		"the key was disabled since, and tells its id": func(k *keyring, rule r, _ v, _ f) {
			k.status = 203
			rule.Verify = slices.Clone(rule.Verify)
			rule.Verify[0].Inactive = rules.Conditions{{Status: []int{203}}}
		},
		"another finding's verdict": func(_ *keyring, rule r, _ v, f f) { *f = sampleFinding(rule, 1) },
		"the first of a list in the verify": func(_ *keyring, rule r, v v, _ f) {
			rule.Verify = slices.Clone(rule.Verify)
			rule.Verify[0].Capture = map[string]string{"key_id": ".ids[0]", "owner": ".owner"}
			v.Facts["key_id"] = "k0"
		},
		"the first of a looked up list": func(_ *keyring, rule r, _ v, _ f) {
			rule.Revoke = append(rules.Flow{lookUp}, rule.Revoke...)
		},
		"an id that only the operator saw": func(_ *keyring, rule r, _ v, _ f) {
			rule.Revoke = append(rules.Flow{byOperator}, rule.Revoke...)
		},
		"matched":  func(_ *keyring, rule r, _ v, _ f) { rule.Revoke[0].Bind = rules.BindMatched },
		"no bind":  func(_ *keyring, rule r, _ v, _ f) { rule.Revoke[0].Bind = "" },
		"by value": func(_ *keyring, rule r, _ v, _ f) { rule.Revoke[0].Bind = rules.BindValue },
		"by self, without the key": func(_ *keyring, rule r, _ v, _ f) {
			rule.Revoke[0].Bind, rule.Revoke[0].Header = rules.BindSelf, nil
		},
		"by an id in the key, which is not in it": func(_ *keyring, rule r, _ v, f f) {
			rule.Revoke[0].Bind, rule.Revoke[0].Delete = rules.BindIDInKey, "{{base}}/v1/keys/{{near}}"
			f.Parts["near"] = scanner.NewSecret("k0")
		},
		"echoed, without an id": func(_ *keyring, rule r, _ v, _ f) { rule.Revoke[0].Delete = "{{base}}/v1/keys/k0" },
		"the operator's credential with the key": func(_ *keyring, rule r, _ v, _ f) {
			rule.Revoke[0].Header = map[string]string{"Authorization": "Bearer {{operator.acme}}", "X-Key": "{{token}}"}
		},
		"a flow that changes nothing": func(_ *keyring, rule r, _ v, _ f) { rule.Revoke = rules.Flow{lookUp} },
	}
}

// TestIDInKey: an id that stands in the key binds.
func TestIDInKey(t *testing.T) {
	set, rule := acmeRule(t)
	k, f := ring(rule, 1)
	flow := handled(t, set, k, nil).flows(rule).Verifier.(*flow)
	v := verified(t, revoker.Provider{Verifier: flow}, f)
	changed := *rule
	changed.Revoke = slices.Clone(rule.Revoke)
	changed.Revoke[0].Bind, changed.Revoke[0].Delete = rules.BindIDInKey, "{{base}}/v1/keys/{{id}}"
	flow.rule = &changed
	receipt, err := (&flowRevoker{flow}).Revoke(context.Background(), f, v)
	if err != nil || !slices.Equal(k.deleted, []string{f.Parts["id"].Reveal()}) {
		t.Errorf("%v, deleted %v, want the id in the key", err, k.deleted)
	}
	if want := "https://api.acme.example/v1/keys/{{id}}"; receipt.Exchange.URL != want {
		t.Errorf("recorded as %s, want %s", receipt.Exchange.URL, want)
	}
}
