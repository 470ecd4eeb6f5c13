package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
)

// desk is where keys are answered: the issuers, the journal, the store, the locks and the kill switches.
type desk struct {
	g       *globals
	config  config.Config
	issuers *provider.Registry
	journal *revoker.FileJournal
	// record is the journal as runs write it.
	record narrator
	store  *store.Store
	kill   revoker.KillSwitch
	dir    string
}

// desk opens all of it. What cannot be opened is an error before anything is asked of anybody.
func (g *globals) desk(ctx context.Context, c config.Config, set *rules.Set) (*desk, error) {
	d := &desk{g: g, config: c, dir: c.StateDir(g.state, g.env.getenv)}
	var err error
	if d.kill, err = g.killSwitch(c); err != nil {
		return nil, usage(err)
	}
	if d.store, err = store.Open(ctx, filepath.Join(d.dir, "quash.db")); err != nil {
		return nil, usage(err)
	}
	if d.journal, err = revoker.OpenJournal(ctx, d.journalPath()); err != nil {
		return nil, usage(errors.Join(err, d.store.Close()))
	}
	d.record = narrator{Journal: d.journal, g: g}
	o, err := g.providerOptions(c, set)
	if err != nil {
		return nil, usage(errors.Join(err, d.store.Close()))
	}
	o.Kill, o.Agiled.Past, o.Agiled.Inventory = d.kill, d.journal, inventory{d.store}
	if d.issuers, err = provider.New(o); err != nil {
		return nil, usage(errors.Join(fmt.Errorf("configuration: %w", err), d.store.Close()))
	}
	return d, nil
}

func (d *desk) journalPath() string { return filepath.Join(d.dir, "journal.jsonl") }

// close notes the journal's end in the store, where a journal that was cut short is held against it, and closes the store.
func (d *desk) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	seq, hash, err := d.journal.Head(ctx)
	if err == nil && seq > 0 {
		err = d.store.PutJournalHead(ctx, absolute(d.journalPath()), seq, hash)
	}
	return errors.Join(err, d.store.Close())
}

// killSwitch is every switch that is configured, and the environment's QUASH_STOP.
func (g *globals) killSwitch(c config.Config) (revoker.KillSwitch, error) {
	switches := []revoker.KillSwitch{revoker.KillEnv("QUASH_STOP", g.env.LookupEnv)}
	if c.Kill.File != "" {
		switches = append(switches, revoker.KillFile(c.Path(c.Kill.File)))
	}
	if c.Kill.Env != "" {
		switches = append(switches, revoker.KillEnv(c.Kill.Env, g.env.LookupEnv))
	}
	if c.Kill.Endpoint != "" {
		s, err := provider.KillEndpoint(c.Kill.Endpoint)
		if err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		switches = append(switches, s)
	}
	return revoker.KillAny(switches...), nil
}

// providerOptions turns the configuration into what the providers want.
func (g *globals) providerOptions(c config.Config, set *rules.Set) (provider.Options, error) {
	o := provider.Options{
		Rules: set, Clock: clock{g.env}, Base: map[string]string{}, AllowAddrs: c.Network.Allow, Operator: map[string]scanner.Secret{},
		UserAgent: "quash/" + Version(), Timeout: c.Network.Timeout, Simulate: g.env.Simulation,
		GitHub: provider.GitHubOptions{Organization: c.Providers["github"].Organization},
	}
	if c.Agiled.BaseURL != "" {
		o.Base["agiled"] = c.Agiled.BaseURL
	}
	for name, p := range c.Providers {
		if p.BaseURL != "" {
			o.Base[name] = p.BaseURL
		}
		s, err := g.credential(c, "providers."+name+".credential", p.Credential)
		if err != nil {
			return o, err
		}
		if s.Len() > 0 {
			o.Operator[name] = s
		}
	}
	var err error
	o.Agiled, err = g.agiledOptions(c)
	return o, err
}

// credential reads a credential and makes the redactor know it.
func (g *globals) credential(c config.Config, field string, at config.Credential) (scanner.Secret, error) {
	s, err := c.Secret(field, at, g.env.getenv)
	g.env.Redactor.AddSecret(s)
	return s, err
}

func (g *globals) agiledOptions(c config.Config) (provider.AgiledOptions, error) {
	a, e := c.Agiled, c.Agiled.Revoke.Endpoint
	known, err1 := g.credential(c, "agiled.known_good", a.KnownGood)
	review, err2 := g.credential(c, "agiled.review_key", a.ReviewKey)
	operator, err3 := g.credential(c, "agiled.revoke.endpoint.credential", e.Credential)
	return provider.AgiledOptions{
		KnownGood: known, ReviewKey: review, ExpectedTargets: a.ExpectedTargets,
		Revoke: provider.AgiledRevoke{
			Mode: a.Revoke.Mode, Command: provider.AgiledCommand{Argv: a.Revoke.Command},
			Endpoint: provider.AgiledEndpoint{Method: e.Method, URL: e.URL, Header: e.Header, Credential: operator, Body: e.Body, Success: e.Success},
		},
	}, errors.Join(err1, err2, err3)
}

// clock is the environment's clock.
type clock struct{ env Env }

// Now implements revoker.Clock.
func (c clock) Now() time.Time { return c.env.Now() }

// Sleep implements revoker.Clock.
func (c clock) Sleep(ctx context.Context, d time.Duration) error { return c.env.Sleep(ctx, d) }

// inventory is the store's, as providers look things up in it.
type inventory struct{ store *store.Store }

// Lookup implements provider.Inventory.
func (i inventory) Lookup(ctx context.Context, id scanner.ID) (provider.KeyRecord, bool, error) {
	k, err := i.store.KeyRecord(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return provider.KeyRecord{}, false, nil
	}
	return provider.KeyRecord{
		Name: k.Name, Integration: k.Integration, Environment: k.Environment, Owner: k.Owner, Preset: k.Preset, StoredAt: k.StoredAt,
		Created: k.Created, Expires: k.Expires,
	}, err == nil, err
}

// responder answers keys. Without a policy it plans and never executes.
func (d *desk) responder(a *answerFlags, p revoker.Policy, run string) *revoker.Responder {
	d.record.wait = a.wait
	return &revoker.Responder{
		Run: run, Execute: a.execute, Policy: p, Provider: d.issuers.Provider, Journal: d.record,
		Lock: revoker.LockDir(filepath.Join(d.dir, "locks")), Clock: clock{d.g.env}, Kill: d.kill,
		Backoff: revoker.Backoff{Total: a.wait}, Facts: d.facts(a),
	}
}

// facts are what inventory and flags say of a key.
func (d *desk) facts(a *answerFlags) func(scanner.Finding, revoker.Verdict) revoker.Facts {
	return func(f scanner.Finding, _ revoker.Verdict) revoker.Facts {
		facts := revoker.Facts{Exposure: revoker.Exposure(a.exposure)}
		if k, err := d.store.KeyRecord(context.Background(), f.ID); err == nil {
			facts.Environment, facts.Owner = k.Environment, k.Owner
			switch k.Preset {
			case "full":
				facts.Privilege = revoker.PrivilegeWrite
			case "read-only":
				facts.Privilege = revoker.PrivilegeRead
			}
		}
		return facts
	}
}
