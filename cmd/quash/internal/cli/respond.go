package cli

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
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
	policy, err := f.answer.load(r.config)
	if err != nil {
		return err
	}
	r.asks = true
	if err := r.open(ctx, args); err != nil {
		return err
	}
	if r.desk, err = g.desk(ctx, r.config, r.set); err != nil {
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
	res := r.desk.responder(&f.answer, policy, r.name())
	res.Plan = plan
	if err := r.record(ctx, r.desk.store); err != nil {
		return r.finish(ctx, err)
	}
	r.missing(wanted)
	return r.finish(ctx, errors.Join(r.answer(ctx, res, wanted), r.plan(ctx, f)))
}

// approved is the plan to carry out, when one is named.
func (f *respondFlags) approved(now time.Time) (*revoker.Plan, error) {
	if f.approve == "" {
		return nil, nil
	}
	if !f.answer.execute {
		return nil, errors.New("--approve carries a plan out; say --execute too, or approve one with quash approve")
	}
	p, err := readPlan(f.approve)
	if err != nil {
		return nil, err
	}
	return &p, p.Check(now)
}

// readPlan reads a plan from its file.
func readPlan(path string) (revoker.Plan, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return revoker.Plan{}, fmt.Errorf("read plan: %w; quash respond writes one", err)
	}
	return revoker.LoadPlan(path, data)
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

// reading are the flags that say how targets are read. No other flag is taken from a saved run: a file must not be able to
// say --execute.
var reading = []string{"source", "staged", "range", "no-history", "no-worktree", "no-ignore", "min-confidence", "only", "skip", "baseline", "max-file", "field"}

// again sets the flags of an earlier run that were not given anew.
func again(fs *pflag.FlagSet, options []string) error {
	for _, o := range options {
		name, value, _ := strings.Cut(strings.TrimPrefix(o, "--"), "=")
		value = strings.TrimSuffix(strings.TrimPrefix(value, "["), "]") // how lists print
		if !slices.Contains(reading, name) || fs.Changed(name) || value == "" {
			continue
		}
		values, err := []string{value}, error(nil)
		if fs.Lookup(name).Value.Type() == "stringArray" { // its values hold commas
			values, err = csv.NewReader(strings.NewReader(value)).Read()
		}
		for _, v := range values {
			err = errors.Join(err, fs.Set(name, v))
		}
		if err != nil {
			return fmt.Errorf("its option --%s cannot be used again; give it anew", name)
		}
	}
	return nil
}

// missing names the keys of a saved run that were not found again.
func (r *run) missing(wanted map[scanner.ID]bool) {
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		if _, ok := r.keys[id]; !ok && !r.interrupted {
			r.gap("key "+string(id), "not found again where the saved run saw it, so it was not answered", "name the place where it stands now, and the --rules of that run")
		}
	}
}

// answer answers every key once.
func (r *run) answer(ctx context.Context, res *revoker.Responder, wanted map[scanner.ID]bool) error {
	exposed := r.exposed()
	res.Exposed = func(f scanner.Finding) time.Time { return exposed[f.ID] }
	return r.each(ctx, wanted, func(ctx context.Context, f scanner.Finding) error {
		out, err := res.Respond(ctx, f)
		if err != nil && out.Verdict == nil { // it stopped before there was anything to say
			return err
		}
		r.outcomes, r.live = append(r.outcomes, out), r.live || out.Live()
		r.out.send(report.Item{Outcome: &out})
		if out.Verdict != nil {
			err = errors.Join(err, r.desk.store.PutVerdict(context.WithoutCancel(ctx), f.ID, *out.Verdict))
		}
		return err
	})
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

// planLife is how long a plan may be approved and carried out.
const planLife = 24 * time.Hour

// plan writes the plan of all that waits. Where an approved plan is being carried out none is written unless a file is named:
// what waits may wait for the next run of that plan.
func (r *run) plan(ctx context.Context, f *respondFlags) error {
	var actions []revoker.PlanAction
	for _, o := range r.outcomes {
		if o.Stage == revoker.StagePlanned && o.Decision != nil && o.Verdict != nil && o.Decision.Action.Name != "" {
			actions = append(actions, r.planAction(ctx, f, o))
		}
	}
	if len(actions) == 0 || f.approve != "" && !r.cmd.Flags().Changed("plan") {
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
	r.out.send(report.Item{Plan: &p})
	r.notes = append(r.notes, fmt.Sprintf("plan written to %s: %s. Nothing was changed by it", f.planFile, planned(actions)))
	return r.desk.store.PutPlan(context.WithoutCancel(ctx), p)
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

func (r *run) planAction(ctx context.Context, f *respondFlags, o revoker.Outcome) revoker.PlanAction {
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
	if k, err := r.desk.store.KeyRecord(ctx, o.ID); err == nil && k.Integration != "" {
		a.Breaks = []string{k.Integration}
	}
	if rule, ok := r.set.Rule(o.Rule); ok && a.Action.Name == "manual" {
		a.Steps = steps(rule, *o.Verdict)
	}
	return a
}

// steps are what a person does by hand, with what the issuer told of the key.
func steps(rule *rules.Rule, v revoker.Verdict) []string {
	var all []string
	for _, step := range rule.Manual {
		text, err := rules.Expand(step, func(name string) (string, bool) {
			return cmp.Or(v.Facts[name], "("+strings.ReplaceAll(name, "_", " ")+" not known)"), true
		}, strings.TrimSpace)
		if err != nil { // a template that cannot be read is a text
			text = step
		}
		all = append(all, text)
	}
	return all
}
