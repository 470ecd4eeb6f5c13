package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quash-sh/quash/cmd/quash/internal/demo"
	"github.com/spf13/cobra"
)

const demoLong = `Demo shows the whole loop with no account and no network: it makes a git repository
and a Jira export with keys in them, starts a simulated Agiled on loopback, and runs
quash on them: scan, plan, execute, confirm, review, report.

All of it, with report.html, run.jsonl, plan.json and the journal, stays in a folder
that it names at the end.`

func newDemo(g *globals) *cobra.Command {
	var dir string
	cmd := &cobra.Command{Use: "demo", Short: "see the whole loop, without an account", Long: demoLong, Args: noArgs}
	cmd.Flags().StringVar(&dir, "dir", "", "folder to use, empty or absent (default: a new temporary one)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return g.demo(cmd.Context(), dir) }
	return cmd
}

// act is one command of the demonstration and how it is to end.
type act struct {
	say  string
	args []string
	exit int
}

func (g *globals) demo(ctx context.Context, dir string) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "quash-demo-"); err != nil {
			return fmt.Errorf("make demo folder: %w", err)
		}
	}
	w, err := demo.Make(dir, g.env.Now())
	if err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	in := func(name string) string { return filepath.Join(w.Dir, name) }
	targets := []string{w.Repository, w.Export}
	acts := []act{
		{"Two keys were committed or pasted, one is long dead. What is out there?", append([]string{"scan", "--no-store"}, targets...), ExitFound},
		{"Which are live, and what would be done about them? Nothing is changed yet.", append([]string{"respond", "--plan", in("plan.json")}, targets...), ExitActive},
		{
			"The policy allows it: revoke, look until the issuer refuses the key, see what it did.",
			append([]string{"respond", "--execute", "--policy", w.Policy, "--plan", in("plan-2.json"), "-o", in("run.jsonl"), "-o", in("report.html")}, targets...), ExitFound,
		},
		{"Is the record whole?", []string{"journal", "verify"}, ExitOK},
	}
	for _, a := range acts {
		if err := g.play(ctx, w, a); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(g.env.Stdout, demoEnd, w.Dir)
	return err
}

// play runs one command in the world, as a user would, and shows what it says.
func (g *globals) play(ctx context.Context, w *demo.World, a act) error {
	args := append(a.args, "--config", w.Config, "--state", filepath.Join(w.Dir, "state"))
	if _, err := fmt.Fprintf(g.env.Stdout, "\n# %s\n$ quash %s\n\n", a.say, strings.ReplaceAll(strings.Join(a.args, " "), w.Dir+string(filepath.Separator), "")); err != nil {
		return err
	}
	e := g.env
	e.Args, e.LookupEnv, e.Now, e.Sleep, e.Simulation = args, w.LookupEnv, w.Now, w.Sleep, w.Simulation
	e.StderrTerminal, e.Redactor = false, nil
	if n := Run(ctx, e); n != a.exit {
		return &exit{ExitInternal, fmt.Errorf("demo: quash %s ended with %d, not %d; everything is in %s", a.args[0], n, a.exit, w.Dir)}
	}
	return nil
}

const demoEnd = `
What you saw: two live Agiled keys in commits, on a side branch and in a ticket were found, proven live
(and a control with one changed character proven refused), revoked through the operator's own service,
and called dead only when Agiled refused them. A third key was dead already and was left alone. An id that
looks like a key and a placeholder were not reported. Time was skipped where quash would have waited.

  %[1]s/report.html      what happened, on one page
  %[1]s/run.jsonl        the same, for programs: quash report --from run.jsonl -f sarif
  %[1]s/plan.json        the plan that the dry run made
  %[1]s/issuer.txt       every request that the simulated Agiled got
  %[1]s/state            journal and store: quash --state %[1]s/state journal show

  next: quash scan       in a repository of yours (offline, changes nothing)
`
