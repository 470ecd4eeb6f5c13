package desk

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// World is what a desk takes from outside. Every field but Simulation is required.
type World struct {
	Clock     revoker.Clock
	LookupEnv func(string) (string, bool)
	// Agent is sent with every request, as User-Agent.
	Agent string
	// Learn is told every credential before it is used.
	Learn func(scanner.Secret)
	// Log is where lines go that hold no key.
	Log zerolog.Logger
	// Say is told what a person must know at once: a work order. It may be called by several goroutines.
	Say func(text string)
	// Simulation, where it is not nil, stands in for all issuers.
	Simulation *provider.Simulation
}

func (w World) getenv(name string) string {
	v, _ := w.LookupEnv(name)
	return v
}

// credential reads a credential of the configuration.
func (w World) credential(c config.Config, field string, at config.Credential) (scanner.Secret, error) {
	s, err := c.Secret(field, at, w.getenv)
	w.Learn(s)
	return s, err
}

// killSwitch is every switch that is configured, and the environment's QUASH_STOP.
func (w World) killSwitch(c config.Config) (revoker.KillSwitch, error) {
	switches := []revoker.KillSwitch{revoker.KillEnv("QUASH_STOP", w.LookupEnv)}
	if c.Kill.File != "" {
		switches = append(switches, revoker.KillFile(c.Path(c.Kill.File)))
	}
	if c.Kill.Env != "" {
		switches = append(switches, revoker.KillEnv(c.Kill.Env, w.LookupEnv))
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

// issuers turns the configuration into what the providers want.
func (w World) issuers(c config.Config, set *rules.Set) (provider.Options, error) {
	o := provider.Options{
		Rules: set, Clock: w.Clock, Base: map[string]string{}, AllowAddrs: c.Network.Allow, Operator: map[string]scanner.Secret{},
		UserAgent: w.Agent, Timeout: c.Network.Timeout, Simulate: w.Simulation,
		Logins: provider.LoginOptions{Hosts: c.Network.Logins, Plain: c.Network.PlainLogins},
		GitHub: provider.GitHubOptions{Organization: c.Providers["github"].Organization},
	}
	if c.Agiled.BaseURL != "" {
		o.Base["agiled"] = c.Agiled.BaseURL
	}
	for name, p := range c.Providers {
		if p.BaseURL != "" {
			o.Base[name] = p.BaseURL
		}
		s, err := w.credential(c, "providers."+name+".credential", p.Credential)
		if err != nil {
			return o, err
		}
		if s.Len() > 0 {
			o.Operator[name] = s
		}
	}
	var err error
	o.Agiled, err = w.agiled(c)
	return o, err
}

func (w World) agiled(c config.Config) (provider.AgiledOptions, error) {
	a, e := c.Agiled, c.Agiled.Revoke.Endpoint
	known, err1 := w.credential(c, "agiled.known_good", a.KnownGood)
	review, err2 := w.credential(c, "agiled.review_key", a.ReviewKey)
	operator, err3 := w.credential(c, "agiled.revoke.endpoint.credential", e.Credential)
	return provider.AgiledOptions{
		KnownGood: known, ReviewKey: review, ExpectedTargets: a.ExpectedTargets,
		Revoke: provider.AgiledRevoke{
			Mode: a.Revoke.Mode, Command: provider.AgiledCommand{Argv: a.Revoke.Command},
			Endpoint: provider.AgiledEndpoint{Method: e.Method, URL: e.URL, Header: e.Header, Credential: operator, Body: e.Body, Success: e.Success},
		},
	}, errors.Join(err1, err2, err3)
}
