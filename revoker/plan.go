package revoker

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// planSchema is the version of plans that this package writes and reads.
const planSchema = "quash.plan/1"

// Plan is what would be done about a set of keys. An approval is bound to its hash, so that a plan that was changed by
// one character is another plan. [MakePlan] makes one and [LoadPlan] reads one; both fill in Hash.
type Plan struct {
	// Schema is "quash.plan/1".
	Schema  string       `json:"schema"`
	Made    time.Time    `json:"made"`
	Expires time.Time    `json:"expires"`
	By      string       `json:"by"`
	Actions []PlanAction `json:"actions"`
	// Hash is over the canonical JSON of everything above.
	Hash string `json:"hash"`
}

// PlanAction is one revoke of a plan.
type PlanAction struct {
	ID       scanner.ID `json:"id"`
	Rule     string     `json:"rule"`
	Provider string     `json:"provider"`
	Redacted string     `json:"redacted"`
	Owner    string     `json:"owner,omitempty"`
	Action   Action     `json:"action"`
	// From is where the key is read again when the plan is carried out: the plan holds no key.
	From []scanner.Location `json:"from"`
	// Breaks says what is known to use the key.
	Breaks []string `json:"breaks,omitempty"`
	// Steps are what a person does, for manual actions.
	Steps []string `json:"steps,omitempty"`
	// Needs is what stands between the plan and its execution ([Decision.Needs]).
	Needs string `json:"needs,omitempty"`
}

// NewPlanAction is the action of a plan for a key whose decision is to propose. from are all the places of the key.
func NewPlanAction(f scanner.Finding, provider string, v Verdict, facts Facts, d Decision, from []scanner.Location) PlanAction {
	return PlanAction{
		ID: f.ID, Rule: f.Rule, Provider: provider, Redacted: f.Redacted, Owner: facts.owner(v),
		Action: d.Action, From: from, Needs: d.Needs,
	}
}

// MakePlan makes a plan of what by asks for, which may be approved and carried out until valid has passed. The actions are
// put in the order of their IDs.
func MakePlan(by string, made time.Time, valid time.Duration, actions []PlanAction) (Plan, error) {
	made = made.UTC().Truncate(time.Second)
	p := Plan{Schema: planSchema, Made: made, Expires: made.Add(valid).Truncate(time.Second), By: by, Actions: slices.Clone(actions)}
	slices.SortStableFunc(p.Actions, func(a, b PlanAction) int { return cmp.Compare(a.ID, b.ID) })
	p, err := p.throughJSON()
	if err != nil {
		return Plan{}, fmt.Errorf("make plan: %w", err)
	}
	if p.Hash, err = p.digest(); err == nil {
		err = p.valid()
	}
	if err != nil {
		return Plan{}, fmt.Errorf("make plan: %w", err)
	}
	return p, nil
}

// throughJSON is the plan as it comes back from a file: text that is not UTF-8 is replaced once and for all.
func (p Plan) throughJSON() (out Plan, err error) {
	data, err := compact(p)
	if err != nil {
		return Plan{}, err
	}
	return out, json.Unmarshal(data, &out)
}

// digest is the hash that the plan ought to have.
func (p Plan) digest() (string, error) {
	p.Hash = ""
	data, err := compact(p)
	return digest(data), err
}

// valid says what is wrong with a plan that is whole.
func (p Plan) valid() error {
	switch {
	case p.Schema != planSchema:
		return fmt.Errorf("its schema is %q and this program reads %q; make the plan again", p.Schema, planSchema)
	case person(p.By) == "":
		return errors.New("it does not say who asks for it; name a person")
	case !p.Expires.After(p.Made):
		return errors.New("it expires before it begins; give it a time to live")
	}
	for i, a := range p.Actions {
		switch {
		case a.ID == "" || a.Rule == "" || a.Action.Name == "":
			return fmt.Errorf("action %d lacks an id, a rule or the name of what to do; make the plan again", i+1)
		case i > 0 && p.Actions[i-1].ID == a.ID:
			return fmt.Errorf("action %d: %s is in the plan twice; make the plan again", i+1, a.ID)
		}
	}
	return nil
}

// Encode returns the plan as a file: indented JSON. [LoadPlan] accepts these bytes and no others.
func (p Plan) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(p)
	return b.Bytes(), err
}

// LoadPlan reads a plan file. It refuses one in which any byte was changed; name stands in errors. Whether the plan has
// expired is for [Plan.Check].
func LoadPlan(name string, data []byte) (Plan, error) {
	p, err := decodePlan(data)
	if err != nil {
		return Plan{}, fmt.Errorf("load plan %q: %w", name, err)
	}
	return p, nil
}

func decodePlan(data []byte) (p Plan, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return p, fmt.Errorf("not a plan: %w; make the plan again", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return p, errors.New("something follows the plan; make the plan again")
	}
	if err := p.whole(); err != nil {
		return p, err
	}
	same, err := p.Encode()
	if err != nil {
		return p, err
	}
	if !bytes.Equal(same, data) {
		return p, errors.New("it was changed after it was made; make the plan again")
	}
	return p, p.valid()
}

// whole compares the plan with its hash.
func (p Plan) whole() error {
	want, err := p.digest()
	if err != nil {
		return err
	}
	if p.Hash != want {
		return errors.New("it was changed after it was made: its hash does not match; make the plan again")
	}
	return nil
}

// Check says whether the plan is as it was made and may still be carried out at now.
func (p Plan) Check(now time.Time) error {
	if err := p.whole(); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if !now.Before(p.Expires) {
		return fmt.Errorf("plan: it expired %s; make the plan again", p.Expires.Format(time.RFC3339))
	}
	return nil
}

// Approve returns the approval of the plan by a person, which ends when the plan does. The person who asked for the plan
// cannot approve it. An approval counts once it is on record ([RecordApproval]).
func (p Plan) Approve(by string, now time.Time) (Approval, error) {
	if err := p.Check(now); err != nil {
		return Approval{}, fmt.Errorf("approve %w", err)
	}
	a := Approval{Plan: p.Hash, By: by, Requested: p.By, At: now.UTC(), Expires: p.Expires}
	switch {
	case len(p.Actions) == 0:
		return Approval{}, errors.New("approve plan: there is nothing in it to approve")
	case person(by) == "":
		return Approval{}, errors.New("approve plan: it needs the name of who approves")
	case person(by) == person(p.By):
		return Approval{}, fmt.Errorf("approve plan: %s asked for it and cannot approve it; ask somebody else", p.By)
	}
	return a, nil
}

// person is a name as names are compared.
func person(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// RecordApproval writes the approval into the journal, for each key of the plan. Only then does it count.
func RecordApproval(ctx context.Context, j Journal, run string, p Plan, a Approval) error {
	if !p.approvedBy(a, a.At) {
		return errors.New("record approval: it is not for this plan; approve the plan again")
	}
	for _, action := range p.Actions {
		e := Entry{At: a.At, ID: action.ID, Kind: KindApproved, Rule: action.Rule, Run: run, Approval: &a}
		if err := j.Append(ctx, e); err != nil {
			return fmt.Errorf("record approval of %s: %w", action.ID, err)
		}
	}
	return nil
}

// approvedBy says whether a is a second person's yes to exactly this plan, and holds at now.
func (p Plan) approvedBy(a Approval, now time.Time) bool {
	return p.Check(now) == nil && a.Plan == p.Hash && a.Requested == p.By && a.Expires.Equal(p.Expires) &&
		person(a.By) != "" && person(a.By) != person(p.By)
}

// approved says whether an approval of the plan stands among the entries of a key.
func (p Plan) approved(past []Entry, now time.Time) bool {
	return slices.ContainsFunc(past, func(e Entry) bool {
		return e.Kind == KindApproved && e.Approval != nil && p.approvedBy(*e.Approval, now)
	})
}

// lists says whether the plan holds exactly this action on this key of this owner.
func (p Plan) lists(id scanner.ID, rule, provider, owner string, a Action) bool {
	return slices.ContainsFunc(p.Actions, func(listed PlanAction) bool {
		return listed.ID == id && listed.Rule == rule && listed.Provider == provider && listed.Owner == owner && listed.Action == a
	})
}
