package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const respondLong = `Respond scans the targets, asks each issuer whether the keys found are live, and
plans what to do. Nothing is changed: the plan says which key, which call, and
whether it can be undone.

With --execute and a policy it carries the plan out: it records its intent,
revokes, looks until the issuer refuses the key, and reviews what the key did.
With --approve it carries out a plan that another person approved with
quash approve, and nothing that is not in it.

With --from it answers the keys of a saved run; they are read again where they
were found, since no run holds a key.

EXIT STATUS
  0  complete, and nothing found
  1  keys found, none of them known to be live now
  2  usage or configuration
  3  incomplete, and nothing found in what could be read
  4  a key that its issuer calls active is still active`

// answerFlags say how keys are answered.
type answerFlags struct {
	execute  bool
	policy   string
	wait     time.Duration
	exposure string
	by       string
}

func (a *answerFlags) flags(f *pflag.FlagSet) {
	f.BoolVar(&a.execute, "execute", false, "carry out what the policy allows (default: plan only)")
	f.StringVar(&a.policy, "policy", "", "policy file")
	f.DurationVar(&a.wait, "wait", 10*time.Minute, "how long to look for a revoked key's death before giving up for now")
	f.StringVar(&a.exposure, "exposure", "", "who could read the targets: public, internal or local")
	f.StringVar(&a.by, "by", "", "who asks (default: the user's name)")
}

// person is who runs the program.
func (a *answerFlags) person(g *globals) string {
	for _, name := range [...]string{a.by, g.env.getenv("QUASH_USER"), g.env.getenv("USER"), g.env.getenv("LOGNAME")} {
		if name != "" {
			return name
		}
	}
	return "unnamed"
}

// respondFlags are respond's own.
type respondFlags struct {
	scan          scanFlags
	out           outputFlags
	answer        answerFlags
	from, approve string
	planFile      string
}

func newRespond(g *globals) *cobra.Command {
	var r respondFlags
	cmd := &cobra.Command{
		Use: "respond [TARGET…]", Short: "scan, verify, plan; with --execute and a policy: revoke, prove, review", Long: respondLong,
		Args: cobra.ArbitraryArgs,
	}
	r.scan.flags(cmd.Flags())
	r.out.flags(cmd.Flags())
	r.answer.flags(cmd.Flags())
	cmd.Flags().StringVar(&r.from, "from", "", "answer the keys of this saved run (JSONL)")
	cmd.Flags().StringVar(&r.approve, "approve", "", "carry out this approved plan, with --execute")
	cmd.Flags().StringVar(&r.planFile, "plan", "plan.json", "file that the plan is written to")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return g.respond(cmd, &r, args) }
	return cmd
}

func (g *globals) respond(cmd *cobra.Command, f *respondFlags, args []string) error {
	ctx := cmd.Context()
	wanted, args, err := g.wanted(cmd, f, args)
	if err != nil {
		return usage(err)
	}
	plan, err := f.approved()
	if err != nil {
		return usage(err)
	}
	r, err := g.begin(cmd, &f.scan, &f.out, args)
	if err != nil {
		return err
	}
	defer r.abort()
	policy, err := f.answer.load(r.config)
	if err != nil {
		return err
	}
	d, err := g.desk(ctx, r.config, r.set)
	if err != nil {
		return err
	}
	r.desk = d
	if err := r.scan(ctx); err != nil {
		return errors.Join(err, d.close(ctx))
	}
	res := d.responder(&f.answer, policy, r.name())
	res.Plan = plan
	err = errors.Join(r.record(ctx), r.answer(ctx, res, wanted), r.plan(ctx, f), d.close(ctx))
	if err != nil {
		return errors.Join(err, r.end(ctx))
	}
	return r.end(ctx)
}

// approved is the plan to carry out, when one is named.
func (f *respondFlags) approved() (*revoker.Plan, error) {
	if f.approve == "" {
		return nil, nil
	}
	if !f.answer.execute {
		return nil, errors.New("--approve carries a plan out: say --execute too, or approve one with quash approve")
	}
	data, err := os.ReadFile(f.approve)
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	p, err := revoker.LoadPlan(f.approve, data)
	return &p, err
}

// wanted are the keys of the saved run, when one is named, and the targets and flags of that run.
func (g *globals) wanted(cmd *cobra.Command, f *respondFlags, args []string) (map[scanner.ID]bool, []string, error) {
	if f.from == "" {
		return nil, args, nil
	}
	in, err := g.saved(f.from)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	wanted := map[scanner.ID]bool{}
	for it, err := range report.Read(in) {
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("%s: %w", f.from, err)
		case it.Finding != nil:
			wanted[it.Finding.ID] = true
		case it.Config != nil && len(args) == 0:
			args = it.Config.Targets
			if err := again(cmd.Flags(), it.Config.Options); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", f.from, err)
			}
		}
	}
	return wanted, args, nil
}

// again sets the flags of an earlier run that were not given anew.
func again(fs *pflag.FlagSet, options []string) error {
	for _, o := range options {
		name, value, _ := strings.Cut(strings.TrimPrefix(o, "--"), "=")
		fl := fs.Lookup(name)
		if fl == nil || fl.Changed {
			continue
		}
		value = strings.TrimSuffix(strings.TrimPrefix(value, "["), "]") // how lists print
		if value == "" {
			continue
		}
		if err := fs.Set(name, value); err != nil {
			return fmt.Errorf("option %s of that run: %w", o, err)
		}
	}
	return nil
}

// name names the run in journal and plans.
func (r *run) name() string { return r.started.UTC().Format("20060102T150405.000000000Z") }

// record puts what was found into the store.
func (r *run) record(ctx context.Context) error {
	byTarget := map[string][]scanner.Finding{}
	for i, f := range r.findings {
		byTarget[r.from[i]] = append(byTarget[r.from[i]], f)
	}
	for target, found := range byTarget {
		if err := r.desk.store.PutFindings(ctx, absolute(target), r.started, found); err != nil {
			return usage(err)
		}
	}
	return nil
}

// answer answers every key once, in the order in which they were found.
func (r *run) answer(ctx context.Context, res *revoker.Responder, wanted map[scanner.ID]bool) error {
	exposed := r.exposed()
	res.Exposed = func(f scanner.Finding) time.Time { return exposed[f.ID] }
	done := map[scanner.ID]bool{}
	var errs []error
	for _, f := range r.findings {
		if done[f.ID] || wanted != nil && !wanted[f.ID] {
			continue
		}
		done[f.ID] = true
		if err := r.answerOne(ctx, res, f); err != nil {
			errs = append(errs, err)
			if errors.Is(err, revoker.ErrStopped) || ctx.Err() != nil {
				break
			}
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return usage(errors.Join(errs...))
}

func (r *run) answerOne(ctx context.Context, res *revoker.Responder, f scanner.Finding) error {
	if r.desk.issuers.Provider(f.Rule).Verifier == nil {
		r.unchecked[f.Rule] = "no issuer answers for it"
		return nil
	}
	out, err := res.Respond(ctx, f)
	if out.Verdict != nil {
		if err := r.desk.store.PutVerdict(ctx, f.ID, *out.Verdict); err != nil {
			return err
		}
	}
	r.outcomes = append(r.outcomes, out)
	r.out.send(report.Item{Outcome: &out})
	return err
}

// exposed is when each key was first exposed, over all its places; a place without a time tells nothing.
func (r *run) exposed() map[scanner.ID]time.Time {
	first := map[scanner.ID]time.Time{}
	for _, f := range r.findings {
		t, ok := first[f.ID]
		if !f.At.Time.IsZero() && (!ok || f.At.Time.Before(t)) {
			first[f.ID] = f.At.Time
		}
	}
	return first
}

// plan writes the plan of all that waits.
func (r *run) plan(ctx context.Context, f *respondFlags) error {
	var actions []revoker.PlanAction
	for _, o := range r.outcomes {
		if o.Stage == revoker.StagePlanned && o.Decision != nil && o.Verdict != nil && o.Decision.Action.Name != "" {
			actions = append(actions, r.planAction(ctx, f, o))
		}
	}
	if len(actions) == 0 {
		return nil
	}
	p, err := revoker.MakePlan(f.answer.person(r.g), r.g.env.Now(), planLife, actions)
	if err != nil {
		return err
	}
	data, err := p.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.planFile, data, 0o600); err != nil {
		return usage(fmt.Errorf("write plan: %w; name another file with --plan", err))
	}
	if err := r.desk.store.PutPlan(ctx, p); err != nil {
		return usage(err)
	}
	r.out.send(report.Item{Plan: &p})
	r.notes = append(r.notes, fmt.Sprintf("plan written to %s (%d actions); nothing was changed by it", f.planFile, len(actions)))
	return nil
}

// planLife is how long a plan may be approved and carried out.
const planLife = 24 * time.Hour

func (r *run) planAction(_ context.Context, f *respondFlags, o revoker.Outcome) revoker.PlanAction {
	var first scanner.Finding
	var from []scanner.Location
	for _, x := range r.findings {
		if x.ID == o.ID {
			if len(from) == 0 {
				first = x
			}
			from = append(from, x.At)
		}
	}
	facts := r.desk.facts(&f.answer)(first, *o.Verdict)
	a := revoker.NewPlanAction(first, r.desk.issuers.Provider(o.Rule).Name, *o.Verdict, facts, *o.Decision, from)
	if rule, ok := r.set.Rule(o.Rule); ok && a.Action.Name == "manual" {
		a.Steps = rule.Manual
	}
	return a
}
