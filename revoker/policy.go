package revoker

import "github.com/quash-sh/quash/scanner"

// Mode is what a policy rule says of the keys that it matches.
type Mode string

// The modes. Dry-run plans and never executes; approve executes a plan that a second person approved; auto executes.
const (
	ModeDryRun  Mode = "dry-run"
	ModeApprove Mode = "approve"
	ModeAuto    Mode = "auto"
)

// Exposure is who could read the place where a key was found. The zero value is not known.
type Exposure string

// The exposures, widest first.
const (
	ExposurePublic   Exposure = "public"
	ExposureInternal Exposure = "internal"
	ExposureLocal    Exposure = "local"
)

// Privilege is the most that a key can do. The zero value is not known.
type Privilege string

// The privileges, highest first.
const (
	PrivilegeAdmin Privilege = "admin"
	PrivilegeWrite Privilege = "write"
	PrivilegeRead  Privilege = "read"
)

// Risk is a property of a revoke that takes two persons, unless the policy rule says that it does not.
type Risk string

// The risks.
const (
	RiskIrreversible Risk = "irreversible" // the issuer cannot undo it
	RiskCollateral   Risk = "collateral"   // something else dies with the key
	RiskOperator     Risk = "operator"     // the operator's own credential is used
)

// Policy says what may be done about which keys. It is data, and [Policy.Decide] is pure. The zero value plans and never
// executes. [LoadPolicy] reads one from a file.
//
// A rule of mode auto that reaches a key of an owner who is not listed opens the circuit breaker: that run executes nothing more.
// Where keys of others are to be expected, narrow the rule by owner or put their owners on the never-revoke list.
type Policy struct {
	// Name is the file, for reasons. Empty: "policy".
	Name string `yaml:"-"`
	// Owners are whose keys the operator has authority over. Nothing is executed on any other.
	Owners []Authority `yaml:"owners"`
	// Never are keys that are not revoked, whatever the rules say.
	Never Never `yaml:"never"`
	// Caps bound how many keys are executed on.
	Caps Caps `yaml:"caps"`
	// Quiet are the hours in which nothing is executed without approval.
	Quiet Quiet `yaml:"quiet"`
	// Rules are asked in order; the first that matches decides. No match: plan.
	Rules []PolicyRule `yaml:"rules"`
}

// Authority names an owner at a provider.
type Authority struct {
	// Provider is the provider's name, in full.
	Provider string `yaml:"provider"`
	// Owner is a pattern (* and ?) over the owner that the issuer tells (Verdict.Owner) or its owner_id; where the issuer tells
	// none, over the owner in the operator's inventory. Case matters. The pattern "*" alone is everybody, known or not; it
	// counts only for a revoke that is bound by value and uses no credential of the operator, which an issuer offers to whoever
	// holds a key.
	Owner string `yaml:"owner"`
}

// Never is the never-revoke list. Owners are patterns over every name that the issuer or the inventory has for the owner;
// case does not matter.
type Never struct {
	IDs    []scanner.ID `yaml:"ids"`
	Owners []string     `yaml:"owners"`
}

// DefaultRunCap is how many keys a run executes on when the policy sets no cap.
const DefaultRunCap = 5

// Caps bound executions, in keys. Zero: [DefaultRunCap] for Run, no bound for the others.
type Caps struct {
	// Run is for one run, Provider for one provider in one run, Hour for the hour that ends now, over all runs.
	Run      int `yaml:"run"`
	Provider int `yaml:"provider"`
	Hour     int `yaml:"hour"`
}

// PolicyRule is one rule.
type PolicyRule struct {
	// Name is for reasons. Empty: the rule's number.
	Name  string `yaml:"name"`
	Match Match  `yaml:"match"`
	Mode  Mode   `yaml:"mode"`
	// WithoutApproval are the risks that mode auto takes without a second person.
	WithoutApproval []Risk `yaml:"without_approval"`
}

// Match says which keys a rule is for: those that fit every field that is set. A field fits when one of its patterns (* and
// ?) does; a value that is not known is matched as "unknown".
type Match struct {
	Provider    Patterns `yaml:"provider"`
	Rule        Patterns `yaml:"rule"`
	Owner       Patterns `yaml:"owner"`
	Environment Patterns `yaml:"environment"`
	Exposure    Patterns `yaml:"exposure"`
	Privilege   Patterns `yaml:"privilege"`
	Reversible  *bool    `yaml:"reversible"`
}
