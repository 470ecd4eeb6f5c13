package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// acme is a rule file with everything that a flow can use. Its key is an id and a secret.
const acme = `
provider: acme
docs: https://acme.example/docs
hosts: [api.acme.example]
base: https://api.acme.example
rules:
  - id: acme-token
    name: Acme token
    keywords: [acme_]
    pattern: '\b(?P<token>acme_(?P<id>[a-z]{8})_[0-9A-Za-z]{30})\b'
    examples:
      match: ['ACME={{sample}}']
      ignore: ['acme_short']
    verify:
      - get: '{{base}}/v1/me'
        header: {Authorization: 'Bearer {{token}}'}
        active: {status: 200, json: {.id: '*'}}
        inactive: {status: 401}
        capture: {key_id: .id, owner: .owner}
        examples:
          - {reply: {status: 200, body: '{"id":"k2","owner":"ann"}'}, want: active, capture: {key_id: k2}}
          - {reply: {status: 401}, want: inactive}
          - {reply: {status: 503}, want: unknown}
    revoke:
      - delete: '{{base}}/v1/keys/{{key_id}}'
        header: {Authorization: 'Bearer {{token}}'}
        bind: echoed
        done: {status: 204}
        examples:
          - {reply: {status: 204}, want: done}
          - {reply: {status: 404}, want: failed}
`

// acmeRule loads the acme rule.
func acmeRule(t testing.TB) (*rules.Set, *rules.Rule) {
	t.Helper()
	set, err := (&rules.Set{}).With("acme.yaml", []byte(acme), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rule, ok := set.Rule("acme-token")
	if !ok {
		t.Fatal("no acme-token")
	}
	return set, rule
}

// sampleFinding is a finding of a generated key.
func sampleFinding(rule *rules.Rule, seed uint64) scanner.Finding {
	return providertest.NewIssuer(rule, rule.Sample(rand.New(rand.NewPCG(seed, seed)))).Finding()
}

// handled is a registry whose acme hosts are answered by a handler.
func handled(t testing.TB, set *rules.Set, h http.Handler, change func(*Options), hosts ...string) *Registry {
	t.Helper()
	hosts = append(hosts, "api.acme.example")
	server, err := providertest.Start(h, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	sim := &Simulation{Hosts: map[string]string{}, Roots: server.Roots}
	for _, host := range hosts {
		sim.Hosts[host+":443"] = server.TLSAddr
	}
	o := Options{Rules: set, Clock: newTestClock(), Simulate: sim, Timeout: 10 * time.Second}
	if change != nil {
		change(&o)
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestG05WrongHost: a key goes to no host but those that the rule file or the operator names.
func TestG05WrongHost(t *testing.T) {
	t.Run("origins", testOrigins)
	t.Run("redirects", testRedirects)
	t.Run("host from a value", testHostFromValue)
	t.Run("base URLs", testBaseURLs)
	t.Run("scanned text", testScannedText)
}

func testOrigins(t *testing.T) {
	origins := []string{"https://api.acme.example", "https://git.acme.example:8443"}
	for target, want := range map[string]bool{
		"https://api.acme.example/v1/me":                true,
		"https://git.acme.example:8443/x":               true,
		"http://api.acme.example/v1/me":                 false,
		"https://api.acme.example:8443/":                false,
		"https://api.acme.example:443/":                 false,
		"https://git.acme.example/":                     false,
		"https://api.acme.example.evil.example/":        false,
		"https://evil-api.acme.example/":                false,
		"https://api.acme.example@evil.example/":        false,
		"https://evil.example@api.acme.example/":        false,
		"https://u:p@api.acme.example/":                 false,
		"https://api.acme.example./":                    false,
		"https://API.acme.example/":                     false,
		"https://api.\u0430cme.example/":                false,
		"https://api\u3002acme\u3002example/":           false,
		"https://xn--api-acme.example/":                 false,
		"https://evil.example/https://api.acme.example": false,
		"https:api.acme.example":                        false,
		"//api.acme.example/":                           false,
		"ftp://api.acme.example/":                       false,
	} {
		u, err := url.Parse(target)
		if got := err == nil && allowed(u, origins); got != want {
			t.Errorf("%s: allowed %v, want %v", target, got, want)
		}
	}
	port, count := listener(t)
	c := dialling(loopback, nil)
	for _, target := range []string{"http://127.0.0.1:" + port, "https://127.0.0.1:" + port, "http://u@127.0.0.1:" + port} {
		_, err := c.do(context.Background(), call{method: "GET", url: target, origins: origins})
		if err == nil || count.Load() != 0 {
			t.Errorf("%s: %v and %d connections, want an error and none", target, err, count.Load())
		}
	}
}

// testRedirects: no code, and no form of Location, makes a request to another host.
func testRedirects(t *testing.T) {
	set, rule := acmeRule(t)
	f := sampleFinding(rule, 1)
	for _, code := range []int{300, 301, 302, 303, 307, 308} {
		for _, to := range []string{"https://evil.example/take", "//evil.example", "https://api.acme.example/v1/other", "%zz://", ""} {
			var here, there atomic.Int32
			r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Host == "api.acme.example" && r.URL.Path == "/v1/me" {
					here.Add(1)
				} else {
					there.Add(1)
				}
				w.Header().Set("Location", to)
				w.WriteHeader(code)
			}), nil, "evil.example")
			v, err := r.Provider(rule.ID).Verifier.Verify(context.Background(), f)
			if err != nil || v.Validity != revoker.Unknown || here.Load() != 1 || there.Load() != 0 {
				t.Errorf("%d to %q: %s (%s), %v; %d requests here and %d there, want unknown, 1 and 0",
					code, to, v.Validity, v.Reason, err, here.Load(), there.Load())
			}
		}
	}
}

// TestRevokeRedirected: a redirect is no success of a revoke, whatever a rule file says.
func TestRevokeRedirected(t *testing.T) {
	set, rule := acmeRule(t)
	k, f := ring(rule, 1)
	redirecting := false
	fl := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if redirecting && r.Method == http.MethodDelete {
			http.Redirect(w, r, "https://api.acme.example/v1/keys/k0", http.StatusTemporaryRedirect)
			return
		}
		k.ServeHTTP(w, r)
	}), nil).flows(rule).Verifier.(*flow)
	v := verified(t, revoker.Provider{Verifier: fl}, f)
	changed := *rule
	changed.Revoke = rules.Flow{rule.Revoke[0]}
	changed.Revoke[0].Done = rules.Conditions{{Status: []int{307}}}
	fl.rule, redirecting = &changed, true
	receipt, err := (&flowRevoker{fl}).Revoke(context.Background(), f, v)
	var refusal *revoker.Refusal
	if err == nil || errors.As(err, &refusal) || receipt.State != "" || len(k.deleted) != 0 {
		t.Errorf("%q, %v, deleted %v; want an unknown outcome and nothing", receipt.State, err, k.deleted)
	}
}

// TestReplyCap: a reply longer than 1 MiB is not read to its end and says nothing.
func TestReplyCap(t *testing.T) {
	set, rule := acmeRule(t)
	for _, size := range []int{maxReply, maxReply + 1} {
		r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			start := `{"id":"k2"}`
			_, _ = w.Write([]byte(start + strings.Repeat(" ", size-len(start))))
		}), nil)
		fl := r.flows(rule).Verifier.(*flow)
		v, err := fl.present(context.Background(), newScope(sampleFinding(rule, 1)))
		if want := size <= maxReply; (v.Validity == revoker.Active) != want || err != nil {
			t.Errorf("%d bytes: %s (%s), %v, want active %v", size, v.Validity, v.Reason, err, want)
		}
	}
}

// testHostFromValue: neither a part of the key nor a captured value becomes a host.
func testHostFromValue(t *testing.T) {
	set, rule := acmeRule(t)
	var asked atomic.Int32
	r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked.Add(1) }), nil, "evil.example")
	for _, target := range []string{
		"https://{{host}}/v1/me", "https://{{host}}", "https://api.{{host}}/", "{{host}}", "{{host}}/v1", "https://x@{{host}}/", "https://{{token}}/",
	} {
		f := r.flows(rule).Verifier.(*flow)
		changed := *rule
		changed.Verify = rules.Flow{{Get: target, Active: rules.Conditions{{Status: []int{200}}}}}
		f.rule = &changed
		found := sampleFinding(rule, 1)
		found.Parts["host"] = scanner.NewSecret("evil.example")
		v, err := f.Verify(context.Background(), found)
		if err != nil || v.Validity != revoker.Unknown {
			t.Errorf("%s: %s, %v, want unknown", target, v.Validity, err)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("%d requests left, want none", asked.Load())
	}
}

func testBaseURLs(t *testing.T) {
	set, _ := acmeRule(t)
	allow := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8")}
	for base, want := range map[string]bool{
		"https://git.example.com": true, "https://git.example.com/": true, "https://git.example.com:8443/gitlab": true,
		"http://10.1.2.3:8080": true, "http://127.0.0.1:4711": true,
		"http://git.example.com": false, "http://192.168.1.1": false, "http://localhost": false, "git.example.com": false,
		"https://": false, "https:git.example.com": false, "https://u:p@git.example.com": false, "https://u@git.example.com": false,
		"https://git.example.com?x=1": false, "https://git.example.com#x": false, "https://Git.example.com": false,
		"https://g\u0456t.example.com": false, "ftp://git.example.com": false, "": false,
	} {
		_, err := New(Options{Rules: set, Base: map[string]string{"acme": base}, AllowAddrs: allow})
		if (err == nil) != want {
			t.Errorf("%q: %v, want accepted %v", base, err, want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "providers.acme.base_url: ") {
			t.Errorf("%q: %v does not name the setting", base, err)
		}
	}
}

// testScannedText: what stands beside the key in the scanned text has no say in where it goes.
func testScannedText(t *testing.T) {
	set, rule := acmeRule(t)
	var hosts []string
	r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts = append(hosts, r.Host)
		w.WriteHeader(401)
	}), nil, "evil.example")
	f := sampleFinding(rule, 1)
	f.Parts["base"] = scanner.NewSecret("https://evil.example")
	f.At.URL, f.At.Repository = "https://evil.example", "https://evil.example/repo"
	if v, err := r.Provider(rule.ID).Verifier.Verify(context.Background(), f); err != nil || v.Validity != revoker.Inactive {
		t.Errorf("%s, %v", v.Validity, err)
	}
	if len(hosts) != 1 || hosts[0] != "api.acme.example" {
		t.Errorf("asked %v, want api.acme.example once", hosts)
	}
}

// TestNoBase: a self-hosted provider without a base URL is unknown, and the reason says what to set.
func TestNoBase(t *testing.T) {
	_, rule := acmeRule(t)
	rule.File().Base = ""
	set, _ := acmeRule(t)
	r := handled(t, set, http.NotFoundHandler(), nil)
	f := r.flows(rule).Verifier.(*flow)
	v, err := f.Verify(context.Background(), sampleFinding(rule, 1))
	want := "no base URL configured for acme: set providers.acme.base_url"
	if err != nil || v.Validity != revoker.Unknown || v.Reason != want {
		t.Errorf("%s (%s), %v, want unknown (%s)", v.Validity, v.Reason, err, want)
	}
}

// TestKillSwitch: the switch is asked before every request, and stops it.
func TestKillSwitch(t *testing.T) {
	set, rule := acmeRule(t)
	var asked, sent int
	r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sent++
		_, _ = w.Write([]byte(`{"id":"k2","owner":"ann"}`))
	}), func(o *Options) {
		o.Kill = func(context.Context) error {
			if asked++; asked > 1 {
				return fmt.Errorf("file %q exists", "STOP")
			}
			return nil
		}
	})
	v, err := r.Provider(rule.ID).Verifier.Verify(context.Background(), sampleFinding(rule, 1))
	if v.Validity != revoker.Unknown || !errors.Is(err, revoker.ErrStopped) || asked != 2 || sent != 1 {
		t.Errorf("%s, %v; asked %d times, %d requests; want unknown, the switch's error, 2 and 1", v.Validity, err, asked, sent)
	}
	text, _ := json.Marshal(v)
	if !strings.Contains(string(text), "kill switch") {
		t.Errorf("the verdict does not name the switch: %s", text)
	}
}
