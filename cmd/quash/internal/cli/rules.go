package cli

import (
	"fmt"
	"strings"

	"github.com/quash-sh/quash/rules"
	"github.com/spf13/cobra"
)

func newRules(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use: "rules", Short: "show and test what is known of each kind of key", Args: noArgs, RunE: showHelp,
	}
	cmd.AddCommand(newRulesList(g), newRulesStats(g), newRulesShow(g), newRulesTest(g), newRulesSchema(g), newRulesImport(g))
	return cmd
}

// configured is the rule set of the configuration.
func (g *globals) configured() (*rules.Set, error) {
	c, err := g.load()
	if err != nil {
		return nil, err
	}
	return g.ruleSet(c)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

func revokes(r *rules.Rule) string {
	switch {
	case len(r.Revoke) > 0:
		return string(r.Revoke[len(r.Revoke)-1].Bind)
	case len(r.Manual) > 0:
		return "manual"
	}
	return "-"
}

func newRulesShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "explain one rule", Args: someArgs(1, 1, "one rule id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := g.configured()
			if err != nil {
				return err
			}
			r, ok := set.Rule(args[0])
			if !ok {
				return wrong(cmd, "no such rule; quash rules list shows all")
			}
			_, err = fmt.Fprint(g.env.Stdout, explain(r))
			return err
		},
	}
}

// explain tells a person what quash knows of a kind of key.
func explain(r *rules.Rule) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-12s%s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "%s: %s\n", r.ID, r.Name)
	docs := r.Docs
	if docs == "" {
		docs = r.File().Docs
	}
	line("rests on", docs)
	line("severity", string(r.Severity))
	line("confidence", string(r.Confidence))
	if line("keywords", strings.Join(r.Keywords, ", ")); r.Bare() {
		line("keywords", "none: it is looked for at every byte, which is expensive")
	}
	line("pattern", r.Pattern)
	var checks []string
	for _, c := range r.Checks {
		checks = append(checks, c.Kind+" "+c.Arg)
	}
	line("checks", strings.Join(checks, ", "))
	line("can do", strings.Join(r.Grants, ", "))
	for _, f := range []struct {
		name string
		flow rules.Flow
	}{{"verify", r.Verify}, {"revoke", r.Revoke}, {"review", r.Review}} {
		for i := range f.flow {
			method, url := f.flow[i].Request()
			if l := f.flow[i].Login; l != nil {
				method, url = "LOGIN", l.Scheme+"://"+l.Host
			}
			s := method + " " + url
			if f.flow[i].Bind != "" {
				s += "  (bound by " + string(f.flow[i].Bind) + ")"
			}
			line(f.name, s)
		}
	}
	if e := r.Evidence; e != nil {
		var says []string
		for _, s := range e.Says {
			says = append(says, string(s))
		}
		line("documented", strings.Join(says, ", ")+" at "+e.At+", read on "+e.On)
	}
	line("trace", r.Trace)
	line("by hand", strings.Join(r.Manual, " > "))
	line("at", r.ManualURL)
	return b.String()
}

func newRulesSchema(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of rule files, for editors", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := g.env.Stdout.Write(rules.Schema())
			return err
		},
	}
}
