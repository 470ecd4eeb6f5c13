package provider

import (
	"context"
	crand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// testClock is a clock that does not wait: a sleep moves it on.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newTestClock() *testClock {
	return &testClock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(d, 0))
	return ctx.Err()
}

func builtin(t testing.TB) *rules.Set {
	t.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestSuite runs the suite on every built-in rule whose flows are HTTP steps. Rules that share their flows with an earlier
// one are only asked for what depends on the form of the key.
func TestSuite(t *testing.T) {
	set := builtin(t)
	seen := map[string]bool{}
	for rule := range set.All() {
		if len(rule.Verify) == 0 || rule.Verify[0].Login != nil || rule.Provider == "agiled" {
			continue
		}
		flows, err := json.Marshal([]rules.Flow{rule.Verify, rule.Revoke})
		if err != nil {
			t.Fatal(err)
		}
		again := seen[string(flows)]
		seen[string(flows)] = true
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			for n, check := range providertest.Suite(suiteCase(t, set, rule)) {
				if again && !check.Key {
					continue
				}
				t.Run(check.Name, func(t *testing.T) { providertest.Suite(suiteCase(t, set, rule))[n].Run(t) })
			}
		})
	}
}

// suiteCase is the case of one rule.
func suiteCase(t testing.TB, set *rules.Set, rule *rules.Rule) providertest.Case {
	t.Helper()
	sample := signing(rule, rule.Sample(rand.New(rand.NewPCG(1, 2))))
	return providertest.Case{
		Issuer: func() *providertest.Issuer { return providertest.NewIssuer(rule, sample) },
		Provider: func(i *providertest.Issuer, timeout time.Duration) revoker.Provider {
			return simulated(t, set, rule, i, timeout).Provider(rule.ID)
		},
	}
}

// signer is a private key that signs; those of samples have only the form of one.
var signer = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(crand.Reader, 2048) })

// signing is the sample with a key that signs, where the check of its rule wants a private key.
func signing(rule *rules.Rule, sample rules.Sample) rules.Sample {
	if rule.Verify[0].JWT == nil || rule.Verify[0].JWT.Alg != "RS256" {
		return sample
	}
	key, err := signer()
	if err != nil {
		panic(err)
	}
	if strings.Contains(sample.Token, "BEGIN RSA") {
		sample.Token = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
		return sample
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	block := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	sample.Token = strings.ReplaceAll(block, "\n", `\n`)
	return sample
}

// simulated is a registry that reaches the issuer and nothing else.
func simulated(t testing.TB, set *rules.Set, rule *rules.Rule, i *providertest.Issuer, timeout time.Duration) *Registry {
	t.Helper()
	server, err := providertest.Start(i, i.Hosts()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	r, err := New(Options{
		Rules: set, Clock: newTestClock(), Timeout: timeout,
		Base:     map[string]string{rule.Provider: i.Base()},
		Operator: map[string]scanner.Secret{rule.Provider: scanner.NewSecret("operator-credential")},
		Simulate: &Simulation{Hosts: i.Dial(server), Roots: server.Roots},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
