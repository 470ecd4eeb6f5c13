package provider_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// agiledClock stands still but for sleeps, which take no time.
type agiledClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *agiledClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *agiledClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(d, 0))
	return ctx.Err()
}

// agiledWorld is a simulated Agiled with an organization, the leaked key, another good key, and a registry that talks to
// it under the name of the real host.
type agiledWorld struct {
	*providertest.Agiled
	t      *testing.T
	clock  *agiledClock
	server *providertest.Server
	org    providertest.AgiledOrganization
	leaked providertest.AgiledKey
	good   providertest.AgiledKey
	o      provider.Options
}

const (
	agiledRule  = "agiled-api-key"
	legacyRule  = "agiled-legacy-token"
	agiledKeyID = scanner.ID("q-7f3a2c9d00112233")
	agiledBrand = "https://acme.agiled.app"
	leakedName  = "Warehouse sync - production - Ops"
)

func agiledRules(t *testing.T) *rules.Set {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// newAgiledWorld starts a simulator whose leaked key was made 60 days ago.
func newAgiledWorld(t *testing.T, sim providertest.AgiledOptions) *agiledWorld {
	w := &agiledWorld{t: t, clock: &agiledClock{now: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)}}
	sim.Now = w.clock.Now
	w.Agiled = providertest.NewAgiled(sim)
	w.org = w.AddOrganization("Acme GmbH")
	created := w.clock.now.AddDate(0, 0, -60)
	w.leaked = w.AddKey(providertest.AgiledKey{Name: leakedName, Organization: w.org.ID, Created: created})
	w.good = w.AddKey(providertest.AgiledKey{
		Name: "Audit - production - Security", Organization: w.org.ID, Preset: providertest.AgiledReadOnly, Created: created,
	})
	server, err := w.Start("ops.example.com")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w.server = server
	w.o = provider.Options{
		Rules: agiledRules(t), Clock: w.clock, Timeout: 5 * time.Second,
		Base: map[string]string{"agiled": "https://api.agiled.ai"},
		Simulate: &provider.Simulation{
			Hosts: map[string]string{
				"api.agiled.ai:443": server.TLSAddr, "my.agiled.app:443": server.TLSAddr, "ops.example.com:443": server.TLSAddr,
			},
			Roots: server.Roots,
		},
		Agiled: provider.AgiledOptions{ReviewKey: scanner.NewSecret(w.good.Token)},
	}
	return w
}

// provider makes a fresh registry, as a new process would, and returns what it can do for a rule.
func (w *agiledWorld) provider(rule string) revoker.Provider {
	w.t.Helper()
	r, err := provider.New(w.o)
	if err != nil {
		w.t.Fatal(err)
	}
	p := r.Provider(rule)
	if p.Verifier == nil || p.Revoker == nil || p.Reviewer == nil || p.Name != "agiled" {
		w.t.Fatalf("%s: something cannot be done: %+v", rule, p)
	}
	return p
}

func (w *agiledWorld) finding() scanner.Finding { return agiledFinding(agiledRule, w.leaked.Token, "") }

func agiledFinding(rule, token, brand string) scanner.Finding {
	f := scanner.Finding{ID: agiledKeyID, Rule: rule, Parts: map[string]scanner.Secret{"token": scanner.NewSecret(token)}}
	if brand != "" {
		f.Parts["brand"] = scanner.NewSecret(brand)
	}
	f.At.Path = "config/agiled.env"
	return f
}

func (w *agiledWorld) verify(p revoker.Provider, f scanner.Finding) revoker.Verdict {
	w.t.Helper()
	v, err := p.Verifier.Verify(w.t.Context(), f)
	if err != nil {
		w.t.Fatal(err)
	}
	w.holdsNoKey("verdict", v)
	return v
}

// active verifies the leaked key, which must be active.
func (w *agiledWorld) active(p revoker.Provider) revoker.Verdict {
	w.t.Helper()
	v := w.verify(p, w.finding())
	if v.Validity != revoker.Active {
		w.t.Fatalf("the leaked key is %s: %s", v.Validity, v.Reason)
	}
	return v
}

// holdsNoKey searches the JSON and the printed form of a value for every key of the world, raw and encoded.
func (w *agiledWorld) holdsNoKey(what string, value any) {
	w.t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		w.t.Fatal(err)
	}
	all := string(text) + fmt.Sprintf(" %v %+v", value, value)
	for _, key := range []string{w.leaked.Token, w.good.Token, w.Operator()} {
		for _, form := range []string{key, base64.StdEncoding.EncodeToString([]byte(key))[:40], url.QueryEscape(key), fmt.Sprintf("%x", key)} {
			if strings.Contains(all, form) {
				w.t.Errorf("the %s holds a key", what)
			}
		}
	}
}

// changes are the mutating requests that reached the simulator.
func (w *agiledWorld) changes() []providertest.AgiledCall {
	return slices.DeleteFunc(w.Calls(), func(c providertest.AgiledCall) bool { return !c.Mutating })
}

// journalOf is a past with the given entries.
type journalOf []revoker.Entry

func (j journalOf) Entries(context.Context, scanner.ID) iter.Seq2[revoker.Entry, error] {
	return func(yield func(revoker.Entry, error) bool) {
		for _, e := range j {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// inventoryOf is an inventory that knows the leaked key.
type inventoryOf provider.KeyRecord

func (i inventoryOf) Lookup(_ context.Context, id scanner.ID) (provider.KeyRecord, bool, error) {
	return provider.KeyRecord(i), id == agiledKeyID, nil
}

func TestAgiledVerifyActive(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	v := w.active(w.provider(agiledRule))
	for fact, want := range map[string]string{
		"organization": "Acme GmbH", "owner_id": w.org.ID, "key_id": w.leaked.ID, "scopes": "read, write",
	} {
		if v.Facts[fact] != want {
			t.Errorf("%s is %q, want %q", fact, v.Facts[fact], want)
		}
	}
	if v.Proof == nil || v.Proof.Status != 200 || v.Control == nil || v.Control.Status != 401 || v.Proof.URL != "https://api.agiled.ai/public/v1/me" {
		t.Errorf("proof %+v, control %+v", v.Proof, v.Control)
	}
	calls := w.Calls()
	if len(calls) != 2 || calls[0].Key != providertest.AgiledFingerprint(w.leaked.Token) || calls[1].Key == calls[0].Key || len(w.changes()) != 0 {
		t.Errorf("not one request with the key and one with an altered key: %+v", calls)
	}
}

func TestAgiled403IsActive(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.DenyAPI(w.org.ID, true)
	if v := w.active(w.provider(agiledRule)); v.Proof.Status != 403 || v.Control.Status != 401 {
		t.Errorf("proof %+v, control %+v", v.Proof, v.Control)
	}
}

func TestAgiledVerifySparseMe(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{Me: []string{"token_id"}})
	if v := w.active(w.provider(agiledRule)); v.Facts["key_id"] != w.leaked.ID || v.Owner() != "" {
		t.Errorf("facts %v", v.Facts)
	}
}

func TestAgiledVerifyUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		fault providertest.AgiledFault
		after time.Duration
	}{
		"404":        {providertest.AgiledFault{Status: 404}, 0},
		"429":        {providertest.AgiledFault{Status: 429, RetryAfter: "37"}, 37 * time.Second},
		"500":        {providertest.AgiledFault{Status: 500}, 0},
		"redirect":   {providertest.AgiledFault{Redirect: "https://api.agiled.ai/public/v1/me"}, 0},
		"portal":     {providertest.AgiledFault{HTML: true}, 0},
		"no reply":   {providertest.AgiledFault{Lost: true}, 0},
		"no control": {providertest.AgiledFault{Status: 503, After: 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{})
			w.Inject(c.fault)
			v := w.verify(w.provider(agiledRule), w.finding())
			if v.Validity != revoker.Unknown || v.RetryAfter != c.after {
				t.Errorf("%s, retry after %s: %s", v.Validity, v.RetryAfter, v.Reason)
			}
		})
	}
}

func TestAgiledAcceptsAnything(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	server, err := providertest.Start(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write([]byte(`{"data":{"abilities":["read"]}}`))
	}), "api.agiled.ai")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	w.o.Simulate = &provider.Simulation{Hosts: map[string]string{"api.agiled.ai:443": server.TLSAddr}, Roots: server.Roots}
	if v := w.verify(w.provider(agiledRule), w.finding()); v.Validity != revoker.Unknown {
		t.Errorf("an issuer that accepts every key: %s: %s", v.Validity, v.Reason)
	}
}

func TestAgiledBaseURL(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.o.Base = nil
	if v := w.verify(w.provider(agiledRule), w.finding()); v.Validity != revoker.Unknown || !strings.Contains(v.Reason, "agiled.base_url") || len(w.Calls()) > 0 {
		t.Errorf("without a base URL: %s: %s", v.Validity, v.Reason)
	}
	for _, base := range []string{"https://api.agiled.ai", "https://api.agiled.ai/", "https://api.agiled.ai/public/v1", "https://api.agiled.ai/public/v1/"} {
		w.o.Base = map[string]string{"agiled": base}
		if v := w.active(w.provider(agiledRule)); v.Proof.URL != "https://api.agiled.ai/public/v1/me" {
			t.Errorf("base %q: asked %s", base, v.Proof.URL)
		}
		w.clock.now = w.clock.now.Add(time.Minute)
	}
	w.o.Base, w.o.Simulate = map[string]string{"agiled": w.server.URL + "/public/v1"}, nil
	if _, err := provider.New(w.o); err == nil {
		t.Error("plain http is taken without being allowed")
	}
	w.o.AllowAddrs = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if v := w.active(w.provider(agiledRule)); v.Proof.URL != w.server.URL+"/public/v1/me" {
		t.Errorf("asked %s", v.Proof.URL)
	}
}

func TestAgiledADeadKeyNeedsProof(t *testing.T) {
	me := "https://api.agiled.ai/public/v1/me"
	past := func(url string) journalOf {
		return journalOf{
			{ID: agiledKeyID, Kind: revoker.KindPlanned},
			{ID: agiledKeyID, Kind: revoker.KindVerified, Verdict: &revoker.Verdict{Validity: revoker.Active, Proof: &revoker.Exchange{URL: url}}},
		}
	}
	for name, c := range map[string]struct {
		set    func(w *agiledWorld)
		want   revoker.Validity
		reason string
	}{
		"nothing proves it":       {func(w *agiledWorld) { w.o.Agiled.ReviewKey = scanner.Secret{} }, revoker.Unknown, "known_good"},
		"the review key does":     {func(*agiledWorld) {}, revoker.Inactive, "known-good key was answered 200"},
		"a known-good key does":   {func(w *agiledWorld) { w.o.Agiled = provider.AgiledOptions{KnownGood: scanner.NewSecret(w.good.Token)} }, revoker.Inactive, "known-good"},
		"a good key answered 403": {func(w *agiledWorld) { w.DenyAPI(w.org.ID, true) }, revoker.Inactive, "known-good key was answered 403"},
		"the good key is dead": {func(w *agiledWorld) {
			if err := w.RevokeInUI(w.good.Name); err != nil {
				t.Fatal(err)
			}
		}, revoker.Unknown, "check the base URL"},
		"the good key is throttled": {func(w *agiledWorld) {
			w.Inject(providertest.AgiledFault{Status: 429, RetryAfter: "9", Token: w.good.Token})
		}, revoker.Unknown, "asked to wait 9s"},
		"the good key is the leaked one": {func(w *agiledWorld) { w.o.Agiled.KnownGood = scanner.NewSecret(w.leaked.Token) }, revoker.Unknown, "another key"},
		"the journal saw it active here": {func(w *agiledWorld) { w.o.Agiled = provider.AgiledOptions{Past: past(me)} }, revoker.Inactive, "before"},
		"the journal saw it elsewhere":   {func(w *agiledWorld) { w.o.Agiled = provider.AgiledOptions{Past: past("https://x.example" + me)} }, revoker.Unknown, "known_good"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{})
			if err := w.RevokeInUI(leakedName); err != nil {
				t.Fatal(err)
			}
			c.set(w)
			v := w.verify(w.provider(agiledRule), w.finding())
			if v.Validity != c.want || !strings.Contains(v.Reason, c.reason) {
				t.Errorf("%s: %s; want %s because of %q", v.Validity, v.Reason, c.want, c.reason)
			}
		})
	}
}

func TestAgiledSeenActiveThenDead(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.o.Agiled.ReviewKey = scanner.Secret{}
	w.SetLag(providertest.AgiledLag{Looks: 2})
	p := w.provider(agiledRule)
	w.active(p)
	if err := w.RevokeInUI(leakedName); err != nil {
		t.Fatal(err)
	}
	var looks []revoker.Validity
	for range 4 {
		w.clock.now = w.clock.now.Add(time.Second)
		looks = append(looks, w.verify(p, w.finding()).Validity)
	}
	if want := []revoker.Validity{revoker.Active, revoker.Active, revoker.Inactive, revoker.Inactive}; !slices.Equal(looks, want) {
		t.Errorf("looks %v, want %v", looks, want)
	}
}

func TestAgiledKnownGoodIsAskedOnceAMinute(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	p := w.provider(agiledRule)
	asked := func() (n int) {
		for _, c := range w.Calls() {
			if c.Key == providertest.AgiledFingerprint(w.good.Token) {
				n++
			}
		}
		return n
	}
	for i := range 3 {
		f := agiledFinding(agiledRule, fmt.Sprintf("dead%d%s", i, w.leaked.Token[5:]), "")
		f.ID = scanner.ID(fmt.Sprintf("q-000000000000000%d", i))
		if v := w.verify(p, f); v.Validity != revoker.Inactive {
			t.Fatalf("%s: %s", v.Validity, v.Reason)
		}
	}
	if n := asked(); n != 1 {
		t.Errorf("asked %d times in a minute", n)
	}
	w.clock.now = w.clock.now.Add(2 * time.Minute)
	w.verify(p, agiledFinding(agiledRule, "dead"+w.leaked.Token[4:], ""))
	if n := asked(); n != 2 {
		t.Errorf("asked %d times in three minutes, want 2", n)
	}
}

func TestAgiledVerifyKeepsTheLimit(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	p := w.provider(agiledRule)
	start := w.clock.Now()
	for range 70 {
		if v := w.verify(p, w.finding()); v.Validity != revoker.Active {
			w.clock.now = w.clock.now.Add(v.RetryAfter)
		}
	}
	for _, c := range w.Calls() {
		if c.Status == 429 {
			t.Fatal("more than 60 reads a minute were sent")
		}
	}
	if took := w.clock.Now().Sub(start); took > 5*time.Minute {
		t.Errorf("it took %s", took)
	}
}

func TestAgiledLegacy(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	legacy := func(name, brand string) string {
		return w.AddKey(providertest.AgiledKey{Name: name, Organization: w.org.ID, Legacy: true, Brand: brand}).Token
	}
	live, good := legacy("live", agiledBrand), legacy("good", agiledBrand)
	dead := "dead" + live[4:]
	known := func(w *agiledWorld) {
		w.o.Agiled.LegacyKnownGood, w.o.Agiled.LegacyBrand = scanner.NewSecret(good), agiledBrand
	}
	for name, c := range map[string]struct {
		token, brand string
		set          func(*agiledWorld)
		want         revoker.Validity
		reason       string
	}{
		"live":               {live, agiledBrand, nil, revoker.Active, ""},
		"live, slash":        {live, agiledBrand + "/", nil, revoker.Active, ""},
		"no brand":           {live, "", nil, revoker.Unknown, "Brand"},
		"configured brand":   {live, "", known, revoker.Active, ""},
		"other brand":        {live, "https://other.agiled.app", known, revoker.Unknown, "known_good"},
		"dead":               {dead, agiledBrand, known, revoker.Inactive, "known-good"},
		"dead without proof": {dead, agiledBrand, nil, revoker.Unknown, "known_good"},
	} {
		t.Run(name, func(t *testing.T) {
			w.clock.now = w.clock.now.Add(time.Minute)
			w.o.Agiled = provider.AgiledOptions{}
			if c.set != nil {
				c.set(w)
			}
			before := len(w.Calls())
			v := w.verify(w.provider(legacyRule), agiledFinding(legacyRule, c.token, c.brand))
			if v.Validity != c.want || !strings.Contains(v.Reason, c.reason) {
				t.Errorf("%s: %s", v.Validity, v.Reason)
			}
			if c.brand == "" && c.set == nil && len(w.Calls()) != before {
				t.Error("it was asked without Brand")
			}
			if text := fmt.Sprintf("%+v %+v", v.Proof, v.Control); strings.Contains(text, c.token) {
				t.Error("the exchange holds the token")
			}
		})
	}
}

func TestAgiledOptionsAreChecked(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	credential := scanner.NewSecret("operator")
	endpoint := func(e provider.AgiledEndpoint) provider.AgiledOptions {
		return provider.AgiledOptions{Revoke: provider.AgiledRevoke{Mode: "endpoint", Endpoint: e}}
	}
	for name, c := range map[string]struct {
		o    provider.AgiledOptions
		want string
	}{
		"mode":         {provider.AgiledOptions{Revoke: provider.AgiledRevoke{Mode: "yes"}}, "revoke.mode"},
		"command":      {provider.AgiledOptions{Revoke: provider.AgiledRevoke{Mode: "command"}}, "revoke.command"},
		"target":       {provider.AgiledOptions{ExpectedTargets: []string{"https://hooks.acme.example/in"}}, "expected_targets"},
		"legacy brand": {provider.AgiledOptions{LegacyKnownGood: credential}, "legacy_brand"},
		"http":         {endpoint(provider.AgiledEndpoint{URL: "http://ops.example.com/{{id}}", Credential: credential}), "endpoint.url"},
		"host":         {endpoint(provider.AgiledEndpoint{URL: "https://{{organization}}.example.com/{{id}}", Credential: credential}), "endpoint.url"},
		"user info":    {endpoint(provider.AgiledEndpoint{URL: "https://u:p@ops.example.com/{{id}}", Credential: credential}), "endpoint.url"},
		"credential":   {endpoint(provider.AgiledEndpoint{URL: "https://ops.example.com/{{id}}"}), "endpoint.credential"},
		"method":       {endpoint(provider.AgiledEndpoint{Method: "GET", URL: "https://ops.example.com/{{id}}", Credential: credential}), "endpoint.method"},
		"no key":       {endpoint(provider.AgiledEndpoint{URL: "https://ops.example.com/{{organization}}", Credential: credential}), "which key"},
		"token in url": {endpoint(provider.AgiledEndpoint{URL: "https://ops.example.com/{{token}}", Credential: credential}), "{{token}}"},
		"token in header": {endpoint(provider.AgiledEndpoint{
			URL: "https://ops.example.com/{{id}}", Header: map[string]string{"X-Key": "{{token}}"}, Credential: credential,
		}), "{{token}}"},
		"credential in url": {endpoint(provider.AgiledEndpoint{URL: "https://ops.example.com/{{id}}?c={{credential}}", Credential: credential}), "{{credential}}"},
		"unknown name":      {endpoint(provider.AgiledEndpoint{URL: "https://ops.example.com/{{nonsense}}", Credential: credential}), "{{nonsense}}"},
		"open template":     {endpoint(provider.AgiledEndpoint{URL: "https://ops.example.com/{{id}}/{{", Credential: credential}), "endpoint.url"},
		"body":              {endpoint(provider.AgiledEndpoint{URL: "https://ops.example.com/", Body: `{"id":{{id}`, Credential: credential}), "endpoint.body"},
	} {
		t.Run(name, func(t *testing.T) {
			o := w.o
			o.Agiled = c.o
			_, err := provider.New(o)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "providers.agiled.") {
				t.Errorf("error %v, want one that names %s", err, c.want)
			}
		})
	}
}
