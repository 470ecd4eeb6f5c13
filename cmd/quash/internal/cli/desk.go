package cli

import (
	"context"
	"errors"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// world is what the desk takes of the program's environment.
func (g *globals) world() desk.World {
	return desk.World{
		Clock: g.env.clock(), LookupEnv: g.env.LookupEnv, Simulation: g.env.Simulation, Agent: "quash/" + Version(),
		Learn: g.env.Redactor.AddSecret, Log: g.log, Say: func(text string) { g.note("%s", text) },
	}
}

// openDesk opens all that keys are answered with. What cannot be opened is an error before anything is asked of anybody.
func (g *globals) openDesk(ctx context.Context, c config.Config, set *rules.Set) (*desk.Desk, error) {
	s, err := desk.OpenState(ctx, g.stateDir(c), nil)
	if err != nil {
		return nil, usage(err)
	}
	d, err := desk.New(g.world(), c, set, s)
	if err != nil {
		return nil, usage(errors.Join(err, s.Close(ctx)))
	}
	return d, nil
}

// stateDir is the directory of journal, store and plans.
func (g *globals) stateDir(c config.Config) string { return c.StateDir(g.state, g.env.getenv) }

// credential reads a credential and makes the redactor know it.
func (g *globals) credential(c config.Config, field string, at config.Credential) (scanner.Secret, error) {
	s, err := c.Secret(field, at, g.env.getenv)
	g.env.Redactor.AddSecret(s)
	return s, err
}

// sit opens the desk for a run, which answers so many keys at a time.
func (r *run) sit(ctx context.Context, atOnce int) error {
	var err error
	if r.desk, err = r.g.openDesk(ctx, r.config, r.set); err == nil {
		r.round = r.desk.Round(r.name(), atOnce)
	}
	return err
}
