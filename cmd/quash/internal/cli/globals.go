package cli

import (
	"fmt"
	"os"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/rules"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// globals are the flags that every command has, and what is made from them.
type globals struct {
	env      Env
	cleaner  *cleaner
	log      zerolog.Logger
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

// setUp runs before every command: it makes the logger, which writes to stderr, one JSON object a line, with every known key
// taken out.
func (g *globals) setUp(cmd *cobra.Command, _ []string) error {
	level, err := zerolog.ParseLevel(g.logLevel)
	if err != nil || g.logLevel == "" {
		return wrong(cmd, "--log-level: not known; it is trace, debug, info, warn or error")
	}
	now := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) { e.Time("time", g.env.Now().UTC()) })
	g.log = zerolog.New(g.env.Redactor.Writer(g.env.Stderr)).Level(level).Hook(now)
	return nil
}

// load reads the operator's configuration.
func (g *globals) load() (config.Config, error) {
	c, err := config.Load(g.config, g.env.getenv)
	return c, usage(err)
}

// note writes a line for a person to stderr.
func (g *globals) note(format string, args ...any) {
	if !g.quiet {
		_, _ = fmt.Fprintf(g.env.Stderr, "quash: %s\n", g.cleaner.text(fmt.Sprintf(format, args...))) // there is nowhere else to say it
	}
}

// room makes room for much to be read.
func (g *globals) room() {
	if g.env.Room != nil {
		g.env.Room()
	}
}

// builtinWith are the built-in rules with what the operator puts into them.
func builtinWith(o rules.Options) (*rules.Set, error) {
	if len(o.Vars) == 0 {
		return builtinRules(), nil
	}
	return rules.Builtin(o)
}

// ruleSet is the built-in rules with the operator's own.
func (g *globals) ruleSet(c config.Config) (*rules.Set, error) {
	o := rules.Options{Vars: c.Vars()}
	set, err := builtinWith(o)
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
			return nil, usage(fmt.Errorf("read rule file: %w; check --rules and the configuration's rules", err))
		}
		if set, err = g.addRules(set, path, data, o); err != nil {
			return nil, usage(err)
		}
	}
	g.log.Debug().Str("version", set.Version()).Int("rules", set.Len()).Strs("files", files).Msg("rules loaded")
	return set, nil
}
