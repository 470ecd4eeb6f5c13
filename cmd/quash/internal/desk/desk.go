package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store"
)

// Desk answers keys. It is safe for concurrent use.
type Desk struct {
	*State
	world   World
	rules   *rules.Set
	issuers *provider.Registry
	kill    revoker.KillSwitch
}

// New makes a desk. It opens no connection; what is wrong with the configuration is an error before anything is asked of anybody.
func New(w World, c config.Config, set *rules.Set, s *State) (*Desk, error) {
	kill, err := w.killSwitch(c)
	if err != nil {
		return nil, err
	}
	o, err := w.issuers(c, set)
	if err != nil {
		return nil, err
	}
	o.Kill, o.Agiled.Past, o.Agiled.Inventory = kill, s.Journal, inventory{s.Store}
	issuers, err := provider.New(o)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return &Desk{State: s, world: w, rules: set, issuers: issuers, kill: kill}, nil
}

// Provider is what can be done about the keys of a rule.
func (d *Desk) Provider(rule string) revoker.Provider { return d.issuers.Provider(rule) }

// Order says what may be done about keys.
type Order struct {
	// Execute carries out what the policy allows; without it nothing is changed at any issuer.
	Execute bool
	// Policy decides. The zero value plans.
	Policy revoker.Policy
	// Plan is the approved plan that is carried out; nil: none is.
	Plan *revoker.Plan
	// Wait is how long a key's death is looked for after its revoke.
	Wait time.Duration
	// Exposed is when a key was first exposed, and Exposure who could read it. nil: the time of the finding; not known.
	Exposed  func(scanner.ID) time.Time
	Exposure func(scanner.ID) revoker.Exposure
}

// Responder is what carries an order out, for the run of that name. Caps count by it.
func (d *Desk) Responder(o Order, run string) *revoker.Responder {
	r := &revoker.Responder{
		Run: run, Execute: o.Execute, Policy: o.Policy, Plan: o.Plan, Provider: d.Provider, Journal: narrator{d.Journal, d.world, o.Wait},
		Lock: d.Locks, Clock: d.world.Clock, Kill: d.kill, Backoff: revoker.Backoff{Total: o.Wait}, Facts: d.facts(o),
	}
	if o.Exposed != nil {
		r.Exposed = func(f scanner.Finding) time.Time { return o.Exposed(f.ID) }
	}
	return r
}

// facts are what order and inventory say of a key.
func (d *Desk) facts(o Order) func(scanner.Finding, revoker.Verdict) revoker.Facts {
	return func(f scanner.Finding, _ revoker.Verdict) revoker.Facts {
		var facts revoker.Facts
		if o.Exposure != nil {
			facts.Exposure = o.Exposure(f.ID)
		}
		k, err := d.Store.KeyRecord(context.Background(), f.ID)
		if err != nil {
			return facts
		}
		facts.Environment, facts.Owner = k.Environment, k.Owner
		switch k.Preset {
		case "full":
			facts.Privilege = revoker.PrivilegeWrite
		case "read-only":
			facts.Privilege = revoker.PrivilegeRead
		}
		return facts
	}
}

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
