package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/spf13/cobra"
)

const respondLong = `Respond scans the targets, asks each issuer whether the keys found are live, and
plans what to do. Nothing is changed: the plan says which key, which call, and
whether it can be undone.

With --execute and a policy it carries the plan out: it records its intent,
revokes, looks until the issuer refuses the key, and reviews what the key did.
With --approve it carries out a plan that another person approved with
quash approve, and nothing that is not in it.

With --from it answers the keys of a saved run; they are read again where they
were found, as that run read them, since no run holds a key.

EXIT STATUS
  0  complete, and nothing found
  1  keys found, none of them known to be live now
  2  usage or configuration, or stopped before all keys were answered
  3  incomplete, and nothing found in what could be read
  4  a key that its issuer calls active is still active`

// respondFlags are respond's own.
type respondFlags struct {
	scan          scanFlags
	out           outputFlags
	answer        answerFlags
	from, approve string
	planFile      string
}

func newRespond(g *globals) *cobra.Command {
	var f respondFlags
	cmd := &cobra.Command{
		Use: "respond [TARGET…]", Short: "scan, verify, plan; with --execute and a policy: revoke, prove, review", Long: respondLong,
		Args: cobra.ArbitraryArgs,
	}
	f.scan.flags(cmd.Flags())
	f.out.flags(cmd.Flags())
	f.answer.flags(cmd.Flags())
	cmd.Flags().StringVar(&f.from, "from", "", "answer the keys of this saved run (JSONL)")
	cmd.Flags().StringVar(&f.approve, "approve", "", "carry out this approved plan, with --execute")
	cmd.Flags().StringVar(&f.planFile, "plan", "plan.json", "file that a new plan is written to; with --approve none is, unless it is named")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return g.respond(cmd, &f, args) }
	return cmd
}

func (g *globals) respond(cmd *cobra.Command, f *respondFlags, args []string) error {
	ctx := cmd.Context()
	wanted, args, err := g.wanted(cmd, f, args)
	if err != nil {
		return usage(err)
	}
	plan, err := f.approved(g.env.Now())
	if err != nil {
		return usage(err)
	}
	r, err := g.prepare(cmd, &f.scan)
	if err != nil {
		return err
	}
	o, err := f.answer.order(r.config)
	if err != nil {
		return err
	}
	r.asks, o.Plan = true, plan
	if err := r.open(ctx, args); err != nil {
		return err
	}
	defer r.close()
	if err := r.sit(ctx, f.answer.atOnce); err != nil {
		return err
	}
	if err := r.start(&f.out, r.targetNames()); err != nil {
		return err
	}
	if err = r.scan(ctx); err == nil {
		err = r.override(ctx)
	}
	if err != nil {
		return r.finish(ctx, err)
	}
	if err := r.record(ctx, r.desk.Store); err != nil {
		return r.finish(ctx, err)
	}
	r.missing(wanted)
	o = r.about(o)
	return r.finish(ctx, errors.Join(r.answer(ctx, o, wanted), r.plan(ctx, f, o)))
}

// approved is the plan to carry out, when one is named.
func (f *respondFlags) approved(now time.Time) (*revoker.Plan, error) {
	if f.approve == "" {
		return nil, nil
	}
	if !f.answer.execute {
		return nil, errors.New("--approve carries a plan out; say --execute too, or approve one with quash approve")
	}
	p, err := desk.ReadPlan(f.approve)
	if err != nil {
		return nil, err
	}
	return &p, p.Check(now)
}

// plan writes the plan of all that waits. Where an approved plan is being carried out none is written unless a file is named:
// what waits may wait for the next run of that plan.
func (r *run) plan(ctx context.Context, f *respondFlags, o desk.Order) error {
	if f.approve != "" && !r.cmd.Flags().Changed("plan") {
		return nil
	}
	p, ok, err := r.desk.Plan(ctx, o, f.answer.person(r.g), r.cases())
	if err != nil || !ok {
		return err
	}
	if err := desk.WritePlan(f.planFile, p); err != nil {
		return usage(fmt.Errorf("%w; name another file with --plan", err))
	}
	r.out.send(report.Item{Plan: &p})
	r.notes = append(r.notes, fmt.Sprintf("plan written to %s: %s. Nothing was changed by it", f.planFile, planned(p.Actions)))
	return r.desk.Store.PutPlan(context.WithoutCancel(ctx), p)
}

// planned counts actions, and those that cannot be undone.
func planned(actions []revoker.PlanAction) string {
	final := 0
	for _, a := range actions {
		if !a.Action.Reversible && a.Action.Name != "manual" {
			final++
		}
	}
	noun := "actions"
	if len(actions) == 1 {
		noun = "action"
	}
	return fmt.Sprintf("%d %s, %d irreversible", len(actions), noun, final)
}
