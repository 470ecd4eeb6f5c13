package desk

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// planLife is how long a plan may be approved and carried out.
const planLife = 24 * time.Hour

// ReadPlan reads a plan from its file.
func ReadPlan(path string) (revoker.Plan, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return revoker.Plan{}, fmt.Errorf("read plan: %w; quash respond writes one", err)
	}
	return revoker.LoadPlan(path, data)
}

// WritePlan writes a plan to its file, which only the user may read.
func WritePlan(path string, p revoker.Plan) error {
	data, err := p.Encode()
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

// Case is a key with all its places and where the response to it ended.
type Case struct {
	Finding scanner.Finding
	Places  []scanner.Location
	Outcome revoker.Outcome
}

// Waits reports whether what would be done about the key waits for somebody.
func (c Case) Waits() bool {
	o := c.Outcome
	return o.Stage == revoker.StagePlanned && o.Decision != nil && o.Verdict != nil && o.Decision.Action.Name != ""
}

// Plan is the plan, asked for by somebody, of the cases that wait. false: none does.
func (d *Desk) Plan(ctx context.Context, o Order, by string, cases []Case) (revoker.Plan, bool, error) {
	var actions []revoker.PlanAction
	for _, c := range cases {
		if c.Waits() {
			actions = append(actions, d.action(ctx, o, c))
		}
	}
	if len(actions) == 0 {
		return revoker.Plan{}, false, nil
	}
	p, err := revoker.MakePlan(by, d.world.Clock.Now(), planLife, actions)
	return p, err == nil, err
}

func (d *Desk) action(ctx context.Context, o Order, c Case) revoker.PlanAction {
	f, v := c.Finding, *c.Outcome.Verdict
	a := revoker.NewPlanAction(f, d.Provider(f.Rule).Name, v, d.facts(o)(f, v), *c.Outcome.Decision, c.Places)
	if k, err := d.Store.KeyRecord(ctx, f.ID); err == nil && k.Integration != "" {
		a.Breaks = []string{k.Integration}
	}
	if rule, ok := d.rules.Rule(f.Rule); ok && a.Action.Name == string(revoker.Manual) {
		a.Steps = steps(rule, v)
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
