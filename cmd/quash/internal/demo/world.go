// Package demo makes a small world in which the whole loop can be seen without an account: a git repository and a Jira
// export with keys in them, a simulated Agiled that knows those keys, and the operator's configuration and policy for it.
//
// Everything is made in one folder, with keys generated for this run alone; nothing outside loopback is reached. Time is the
// world's own: it starts now and skips what would be waited for, so that the demonstration of an hour takes seconds.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// World is the demonstration's world. Close it.
type World struct {
	// Dir holds everything: repository, export, configuration, state and results.
	Dir string
	// Repository, Export, Config and Policy are paths below Dir.
	Repository, Export, Config, Policy string
	// Simulation reaches the simulated issuers.
	Simulation *provider.Simulation

	agiled *providertest.Agiled
	server *providertest.Server
	org    providertest.AgiledOrganization
	start  time.Time
	keys   keys
	mu     sync.Mutex
	skip   time.Duration
}

// keys are the keys of the world.
type keys struct{ warehouse, reporting, old, review providertest.AgiledKey }

// The hosts of the world: Agiled's as third parties name it, and the operator's own revoke service.
const (
	agiledHost   = "api.agiled.ai"
	operatorHost = "revoke.ops.acme.example"
)

// Make makes the world in a folder, which must be empty or absent.
func Make(dir string, now time.Time) (*World, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("demo folder %s is not empty; name another with --dir", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make demo folder: %w", err)
	}
	w := &World{
		Dir: dir, Repository: filepath.Join(dir, "shop"), Export: filepath.Join(dir, "OPS.xml"),
		Config: filepath.Join(dir, "config.yaml"), Policy: filepath.Join(dir, "policy.yaml"), start: now.UTC().Truncate(time.Second),
	}
	if err := w.issue(); err != nil {
		return nil, err
	}
	if err := errors.Join(w.commit(), w.export(), w.configure()); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close stops the simulated issuers and writes down what they were asked. The folder stays.
func (w *World) Close() error {
	return errors.Join(w.server.Close(), os.WriteFile(filepath.Join(w.Dir, "issuer.txt"), []byte(w.asked()), 0o600))
}

// asked is every request that the simulated Agiled and the operator's service got, a line each, with the key's name.
func (w *World) asked() string {
	names := map[string]string{providertest.AgiledFingerprint(w.agiled.Operator()): "the operator's credential"}
	for _, k := range []providertest.AgiledKey{w.keys.warehouse, w.keys.reporting, w.keys.old, w.keys.review} {
		names[providertest.AgiledFingerprint(k.Token)] = k.Name
	}
	var b strings.Builder
	for _, c := range w.agiled.Calls() {
		who := cmp.Or(names[c.Key], "no key of theirs: the control, with one character changed")
		fmt.Fprintf(&b, "%s  %d  %-4s %s  %s\n", c.At.UTC().Format("15:04:05"), c.Status, c.Method, c.Path, who)
	}
	return b.String()
}

// Now is the world's time.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.skip)
}

// Sleep skips ahead.
func (w *World) Sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.skip += d
	return ctx.Err()
}

// LookupEnv gives the operator's credentials and nothing else of the environment but what a terminal needs.
func (w *World) LookupEnv(name string) (string, bool) {
	switch name {
	case "DEMO_REVIEW_KEY":
		return w.keys.review.Token, true
	case "DEMO_OPERATOR":
		return w.agiled.Operator(), true
	case "USER":
		return "demo", true
	case "HOME":
		return w.Dir, true
	case "NO_COLOR", "PATH":
		return os.LookupEnv(name)
	}
	return "", false
}

// issue starts the simulated Agiled with the keys of the story and what was done with them.
func (w *World) issue() error {
	w.agiled = providertest.NewAgiled(providertest.AgiledOptions{Seed: uint64(w.start.UnixNano()), Now: w.Now})
	w.org = w.agiled.AddOrganization("Acme GmbH")
	add := func(name, preset string, days int) providertest.AgiledKey {
		return w.agiled.AddKey(providertest.AgiledKey{Name: name, Organization: w.org.ID, Preset: preset, Created: w.day(-days)})
	}
	w.keys.warehouse = add("Warehouse sync - production - Ops", providertest.AgiledFullAccess, 60)
	w.keys.reporting = add("Reporting - staging - Data", providertest.AgiledReadOnly, 50)
	w.keys.old = add("Import - migration - Ops", providertest.AgiledFullAccess, 70)
	w.keys.review = add("Security review - production - Sec", providertest.AgiledReadOnly, 5)
	if err := w.agiled.RevokeInUI(w.keys.old.Name); err != nil {
		return err
	}
	w.agiled.Fill(w.org.ID, providertest.AgiledFill{Lists: []string{"contacts", "invoices", "deals", "files"}, Before: 60, Inside: 7, From: w.day(-40), To: w.day(-1)})
	w.agiled.AddSubscription(w.org.ID, providertest.AgiledSubscription{
		Description: "sync2", TargetURL: "https://collect.example.net/in", Events: []string{"contact.updated"}, Created: w.day(-2),
	})
	w.agiled.AddSubscription(w.org.ID, providertest.AgiledSubscription{
		Description: "warehouse", TargetURL: "https://hooks.acme.example/agiled", Events: []string{"deal.created"}, Created: w.day(-300),
	})
	w.agiled.SetLag(providertest.AgiledLag{Looks: 2})
	server, err := providertest.Start(w.agiled, agiledHost, operatorHost)
	if err != nil {
		return err
	}
	w.server = server
	w.Simulation = &provider.Simulation{
		Hosts: map[string]string{agiledHost + ":443": server.TLSAddr, operatorHost + ":443": server.TLSAddr}, Roots: server.Roots,
	}
	return nil
}

// day is a day of the story, counted from today.
func (w *World) day(n int) time.Time { return w.start.AddDate(0, 0, n).Add(-3 * time.Hour) }

const configuration = `# The operator's configuration. It names where credentials are; it holds none.
agiled:
  base_url: https://%s
  review_key: {env: DEMO_REVIEW_KEY}
  expected_targets: [hooks.acme.example]
  revoke:
    mode: endpoint            # Agiled documents no request that revokes: this is the operator's own service
    endpoint:
      url: https://%s%s
      body: '{"token_id": "{{key_id}}"}'
      credential: {env: DEMO_OPERATOR}
state: state
`

const policy = `# What may be done without asking anybody, and to whose keys.
schema: quash.policy/1
owners:
  - {provider: agiled, owner: Acme GmbH}
rules:
  - name: our own Agiled keys
    match: {provider: agiled}
    mode: auto
    without_approval: [irreversible, operator]
`

func (w *World) configure() error {
	return errors.Join(
		os.WriteFile(w.Config, fmt.Appendf(nil, configuration, agiledHost, operatorHost, providertest.AgiledRevokePath), 0o600),
		os.WriteFile(w.Policy, []byte(policy), 0o600))
}
