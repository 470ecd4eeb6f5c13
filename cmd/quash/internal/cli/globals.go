package cli

import (
	"fmt"
	"os"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/rules"
	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
)

// globals are the flags that every command has, and what is made from them.
type globals struct {
	env      Env
	config   string
	state    string
	logLevel string
	quiet    bool
	rules    []string
}

func (g *globals) flags(f *pflag.FlagSet) {
	f.StringVar(&g.config, "config", "", "operator's configuration file (default: QUASH_CONFIG, then quash/config.yaml in the user's configuration directory)")
	f.StringVar(&g.state, "state", "", "directory of journal, store and plans (default: QUASH_STATE, then the user's state directory)")
	f.StringVar(&g.logLevel, "log-level", "warn", "least level of log lines on stderr: trace, debug, info, warn, error")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "no progress and no notes on stderr")
	f.StringArrayVar(&g.rules, "rules", nil, "rule file to add to the built-in ones (repeatable)")
}

// load reads the operator's configuration.
func (g *globals) load() (config.Config, error) {
	c, err := config.Load(g.config, g.env.getenv)
	return c, usage(err)
}

// logger writes to stderr, one JSON object a line, with every known key taken out.
func (g *globals) logger() (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(g.logLevel)
	if err != nil {
		return zerolog.Nop(), usage(fmt.Errorf("--log-level %q: not known; it is trace, debug, info, warn or error", g.logLevel))
	}
	w := g.env.Redactor.Writer(g.env.Stderr)
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}

// note writes a line for a person to stderr.
func (g *globals) note(format string, args ...any) {
	if !g.quiet {
		_, _ = fmt.Fprintf(g.env.Redactor.Writer(g.env.Stderr), "quash: "+format+"\n", args...)
	}
}

// ruleSet is the built-in rules with the operator's own.
func (g *globals) ruleSet(c config.Config) (*rules.Set, error) {
	o := rules.Options{Vars: c.Vars()}
	set, err := rules.Builtin(o)
	if err != nil {
		return nil, usage(err)
	}
	files := append([]string{}, g.rules...)
	for _, f := range c.Rules {
		files = append(files, c.Path(f))
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, usage(fmt.Errorf("read rule file: %w", err))
		}
		if set, err = set.With(path, data, o); err != nil {
			return nil, usage(err)
		}
	}
	return set, nil
}
