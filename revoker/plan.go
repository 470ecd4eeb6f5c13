package revoker

import (
	"time"

	"github.com/quash-sh/quash/scanner"
)

// Plan is what would be done about a set of keys. An approval is bound to its hash, so that a plan that was changed by
// one character is another plan.
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
	// Needs is what stands between the plan and its execution.
	Needs string `json:"needs,omitempty"`
}
