package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/store"
	"github.com/spf13/cobra"
)

const approveLong = `Approve records your yes to exactly this plan: a plan that was changed by one
character, has expired, or was asked for by yourself is refused. It changes nothing
at any issuer; quash respond --execute --approve PLAN carries the plan out, and so
do the workers of quash serve --execute. With --store, where workers on several machines share
a database, the plan is the one that waits there for the key of that ID.`

func newApprove(g *globals) *cobra.Command {
	var by, where string
	cmd := &cobra.Command{
		Use: "approve PLAN.json|ID", Short: "say yes to a plan that somebody else asked for", Long: approveLong,
		Args: someArgs(1, 1, "one plan file, or with --store one key's ID"),
	}
	cmd.Flags().StringVar(&by, "by", "", "who approves (default: the user's name)")
	sharedFlag(cmd.Flags(), &where)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if where != "" {
			return inShared(ctx, where, func(s *store.Store, j revoker.Journal) error {
				p, err := sharedPlan(ctx, s, args[0])
				if err != nil {
					return usage(err)
				}
				return g.approve(ctx, j, args[0], p, by)
			})
		}
		p, err := desk.ReadPlan(args[0])
		if err != nil {
			return usage(err)
		}
		c, err := g.load()
		if err != nil {
			return err
		}
		j, err := revoker.OpenJournal(ctx, desk.JournalPath(g.stateDir(c)))
		if err != nil {
			return usage(err)
		}
		return g.approve(ctx, j, args[0], p, by)
	}
	return cmd
}

// approve records somebody's yes to a plan.
func (g *globals) approve(ctx context.Context, j revoker.Journal, name string, p revoker.Plan, by string) error {
	a, err := p.Approve((&answerFlags{by: by}).person(g), g.env.Now())
	if err != nil {
		return usage(err)
	}
	run := g.env.Now().UTC().Format("20060102T150405.000000000Z")
	if err := revoker.RecordApproval(ctx, j, run, p, a); err != nil {
		return usage(err)
	}
	return g.approved(name, p, a)
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
