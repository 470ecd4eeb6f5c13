package revoker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// Facts are what a policy can ask for that neither the finding nor the issuer tells. The zero value of each is not known.
type Facts struct {
	Exposure  Exposure
	Privilege Privilege
	// Environment is what the operator's inventory says; where it says nothing, the issuer's word is taken.
	Environment string
	// Owner is what the inventory says. It counts only where the issuer tells no owner.
	Owner string
}

// owner is whose key it is: the issuer's word, else the inventory's.
func (f Facts) owner(v Verdict) string { return cmp.Or(v.Owner(), f.Owner) }

// Situation is what a decision rests on beside finding, verdict and past.
type Situation struct {
	Facts
	Now time.Time
	// Provider and Action are the provider's name and its revoke. An action without a name: there is none.
	Provider string
	Action   Action
	// Plan is the plan that is being carried out; nil: none is. With a plan nothing is executed that it does not list.
	Plan *Plan
	// Used counts the keys, other than this one, on which was executed.
	Used Used
	// Tripped says why the circuit breaker of the run is open. Empty: it is closed.
	Tripped string
}

// Used counts keys as [Caps] bounds them.
type Used struct{ Run, Provider, Hour int }

// What stands between a decision and its execution ([Decision.Needs]).
const (
	NeedsRevoker    = "revoker"     // nothing can revoke this kind of key
	NeedsPolicy     = "policy"      // no policy rule says more than plan
	NeedsListing    = "plan"        // the plan that is carried out does not list it
	NeedsOwner      = "owner"       // its owner is not on the operator's list
	NeedsRightOwner = "right owner" // an automatic execution met a wrong owner; opens the run's circuit breaker
	NeedsKnownOwner = "known owner" // nobody knows whose it is
	NeedsControl    = "control"     // the verdict has no control probe
	NeedsApproval   = "approval"    // a second person
	NeedsBreaker    = "breaker"     // the run's circuit breaker is open
	NeedsHour       = "hour"        // the quiet hours must pass
	NeedsCap        = "cap"         // a cap is reached
	NeedsExecute    = "execute"     // this is a dry run
)

// Decide says what to do about a key. past are the journal's entries of this key, in which approvals stand. It is pure: the
// same arguments give the same decision.
func (p Policy) Decide(f scanner.Finding, v Verdict, past []Entry, s Situation) Decision {
	c := &question{policy: p, f: f, v: v, past: past, s: s}
	for _, gate := range gates {
		if verb, needs, why := gate(c); verb != "" {
			return Decision{Verb: verb, Needs: needs, Reason: c.because(why), Action: s.Action}
		}
	}
	return Decision{Verb: Execute, Reason: c.because(fmt.Sprintf("mode %s", c.rule.Mode)), Action: s.Action}
}

// question is a decision being made. rule is set by the gate that finds it.
type question struct {
	policy Policy
	f      scanner.Finding
	v      Verdict
	past   []Entry
	s      Situation
	rule   *PolicyRule
	number int
}

// because puts the file and the rule before a reason.
func (c *question) because(why string) string {
	name := cmp.Or(c.policy.Name, "policy")
	switch {
	case c.rule == nil:
		return name + ": " + why
	case c.rule.Name == "":
		return fmt.Sprintf("%s, rule %d: %s", name, c.number, why)
	default:
		return fmt.Sprintf("%s, rule %q: %s", name, c.rule.Name, why)
	}
}

// gates are what stands before an execution, in order. A gate that answers with a verb ends the decision.
var gates = [...]func(c *question) (verb Verb, needs, why string){
	(*question).live,
	(*question).allowed,
	(*question).revocable,
	(*question).matched,
	(*question).listed,
	(*question).owned,
	(*question).controlled,
	(*question).approved,
	(*question).unbroken,
	(*question).awake,
	(*question).capped,
}

func (c *question) live() (Verb, string, string) {
	if c.v.Validity != Active {
		return Leave, "", fmt.Sprintf("the key is %s; only an active key is revoked", c.v.Validity)
	}
	return "", "", ""
}

func (c *question) allowed() (Verb, string, string) {
	if slices.Contains(c.policy.Never.IDs, c.f.ID) {
		return Leave, "", fmt.Sprintf("%s is on the never-revoke list", c.f.ID)
	}
	for _, pattern := range c.policy.Never.Owners {
		for _, name := range [...]string{c.v.Facts["organization"], c.v.Facts["owner"], c.v.Facts["owner_id"], c.s.Owner} {
			if name != "" && fits(strings.ToLower(pattern), strings.ToLower(name)) {
				return Leave, "", fmt.Sprintf("owner %q is on the never-revoke list", name)
			}
		}
	}
	return "", "", ""
}

func (c *question) revocable() (Verb, string, string) {
	if c.s.Action.Name == "" {
		return Leave, NeedsRevoker, fmt.Sprintf("nothing can revoke a key of rule %s; configure its provider", c.f.Rule)
	}
	return "", "", ""
}

func (c *question) matched() (Verb, string, string) {
	for i := range c.policy.Rules {
		if c.fitsRule(c.policy.Rules[i].Match) {
			c.rule, c.number = &c.policy.Rules[i], i+1
			break
		}
	}
	switch {
	case c.rule == nil:
		return Propose, NeedsPolicy, "no rule matches, so it is planned only"
	case c.rule.Mode != ModeApprove && c.rule.Mode != ModeAuto:
		return Propose, NeedsPolicy, "mode dry-run"
	}
	return "", "", ""
}

func (c *question) fitsRule(m Match) bool {
	environment := cmp.Or(c.s.Environment, c.v.Facts["environment"])
	return m.Provider.match(c.s.Provider) && m.Rule.match(c.f.Rule) && m.Owner.match(c.owner()) &&
		m.Environment.match(environment) && m.Exposure.match(string(c.s.Exposure)) && m.Privilege.match(string(c.s.Privilege)) &&
		(m.Reversible == nil || *m.Reversible == c.s.Action.Reversible)
}

func (c *question) owner() string { return c.s.owner(c.v) }

func (c *question) listed() (Verb, string, string) {
	if p := c.s.Plan; p != nil && !p.lists(c.f.ID, c.f.Rule, c.s.Provider, c.owner(), c.s.Action) {
		return Propose, NeedsListing, "the plan that is carried out does not list this action on this key of this owner"
	}
	return "", "", ""
}

func (c *question) owned() (Verb, string, string) {
	open := c.s.Action.Bind == "value" && !c.s.Action.Operator
	for _, a := range c.policy.Owners {
		switch {
		case a.Provider != c.s.Provider || a.Provider == "":
		case a.Owner == "*":
			if open {
				return "", "", ""
			}
		case c.owner() != "" && fits(a.Owner, c.owner()), c.v.Facts["owner_id"] != "" && fits(a.Owner, c.v.Facts["owner_id"]):
			return "", "", ""
		}
	}
	if c.owner() == "" {
		return Leave, NeedsKnownOwner, "nobody knows whose key this is; tell its owner to revoke it, or enter it with quash keys add"
	}
	needs := NeedsOwner
	if c.rule.Mode == ModeAuto {
		needs = NeedsRightOwner
	}
	return Leave, needs, fmt.Sprintf("owner %q at %q is not on the owners list; if it is yours list it, if not narrow the rule by owner or put it under never.owners", c.owner(), c.s.Provider)
}

func (c *question) controlled() (Verb, string, string) {
	if c.v.Control == nil {
		return Leave, NeedsControl, "the verdict has no control probe, so that the issuer's yes proves nothing"
	}
	return "", "", ""
}

func (c *question) approved() (Verb, string, string) {
	risks := c.risks()
	if c.rule.Mode == ModeAuto && len(risks) == 0 {
		return "", "", ""
	}
	if c.signed() {
		return "", "", ""
	}
	if len(risks) > 0 {
		return Propose, NeedsApproval, fmt.Sprintf("it is %s: a second person approves", strings.Join(risks, " and "))
	}
	return Propose, NeedsApproval, "mode approve: a second person approves"
}

// signed says that the plan which is carried out was approved for this key.
func (c *question) signed() bool { return c.s.Plan != nil && c.s.Plan.approved(c.past, c.s.Now) }

// risks are those that the rule does not take by itself. A work order for a person sends nothing and has none.
func (c *question) risks() (names []string) {
	a := c.s.Action
	if a.Name == string(Manual) {
		return nil
	}
	for _, r := range [...]struct {
		has  bool
		risk Risk
		name string
	}{
		{!a.Reversible, RiskIrreversible, "irreversible"},
		{a.Collateral != "", RiskCollateral, "not confined to this key"},
		{a.Operator, RiskOperator, "done with the operator's credential"},
	} {
		if r.has && !c.rule.takes(r.risk) {
			names = append(names, r.name)
		}
	}
	return names
}

func (r *PolicyRule) takes(risk Risk) bool { return slices.Contains(r.WithoutApproval, risk) }

func (c *question) unbroken() (Verb, string, string) {
	if c.s.Tripped != "" {
		return Propose, NeedsBreaker, "the run executes nothing more: " + c.s.Tripped
	}
	return "", "", ""
}

func (c *question) awake() (Verb, string, string) {
	if w, quiet := c.policy.Quiet.at(c.s.Now); quiet && !c.signed() {
		return Propose, NeedsHour, fmt.Sprintf("quiet hours %s: execute later, or have the plan approved", w)
	}
	return "", "", ""
}

func (c *question) capped() (Verb, string, string) {
	caps := c.policy.Caps
	for _, b := range [...]struct {
		used, limit int
		of          string
	}{
		{c.s.Used.Run, cmp.Or(caps.Run, DefaultRunCap), "a run"},
		{c.s.Used.Provider, caps.Provider, "a provider in a run"},
		{c.s.Used.Hour, caps.Hour, "an hour"},
	} {
		if b.limit != 0 && b.used >= b.limit {
			return Propose, NeedsCap, fmt.Sprintf("the cap of %d keys for %s is reached", b.limit, b.of)
		}
	}
	return "", "", ""
}
