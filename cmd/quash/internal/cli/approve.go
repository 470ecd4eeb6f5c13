package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/quash-sh/quash/revoker"
	"github.com/spf13/cobra"
)

const approveLong = `Approve records your yes to exactly this plan: a plan that was changed by one
character, has expired, or was asked for by yourself is refused. It changes nothing
at any issuer; quash respond --execute --approve PLAN carries the plan out.`

func newApprove(g *globals) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "approve PLAN.json", Short: "say yes to a plan that somebody else asked for", Long: approveLong,
		Args: someArgs(1, 1, "one plan file"),
	}
	cmd.Flags().StringVar(&by, "by", "", "who approves (default: the user's name)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := readPlan(args[0])
		if err != nil {
			return usage(err)
		}
		a, err := p.Approve((&answerFlags{by: by}).person(g), g.env.Now())
		if err != nil {
			return usage(err)
		}
		c, err := g.load()
		if err != nil {
			return err
		}
		j, err := revoker.OpenJournal(cmd.Context(), filepath.Join(c.StateDir(g.state, g.env.getenv), "journal.jsonl"))
		if err != nil {
			return usage(err)
		}
		run := g.env.Now().UTC().Format("20060102T150405.000000000Z")
		if err := revoker.RecordApproval(cmd.Context(), j, run, p, a); err != nil {
			return usage(err)
		}
		return g.approved(args[0], p, a)
	}
	return cmd
}

// approved says what the yes was to.
func (g *globals) approved(path string, p revoker.Plan, a revoker.Approval) error {
	var errs []error
	for _, x := range p.Actions {
		_, err := fmt.Fprintf(g.env.Stdout, "approved  %s  %s  %s  %s %s\n", x.ID, x.Rule, x.Owner, x.Action.Name, x.Action.Call)
		errs = append(errs, err)
	}
	_, err := fmt.Fprintf(g.env.Stdout, "Approved by %s until %s. Nothing was changed at any issuer.\n  next: quash respond --execute --policy policy.yaml --approve %s\n",
		a.By, a.Expires.Format("2006-01-02 15:04 MST"), path)
	return errors.Join(append(errs, err)...)
}
