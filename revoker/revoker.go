package revoker

import (
	"context"
	"iter"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// Validity is what the issuer says of a key. It has three states, never two.
type Validity string

// The validities. Only a documented "this credential does not exist" is Inactive; everything else that is not a clear
// yes is Unknown.
const (
	Active   Validity = "active"
	Inactive Validity = "inactive"
	Unknown  Validity = "unknown"
)

// Exchange is one request to an issuer and its answer, without any key: the URL has every part of a key taken out.
type Exchange struct {
	Method string    `json:"method"`
	URL    string    `json:"url"`
	Status int       `json:"status,omitempty"`
	At     time.Time `json:"at"`
	Err    string    `json:"error,omitempty"`
}

// Verdict is what a verify found out.
type Verdict struct {
	Validity Validity `json:"validity"`
	// Reason says in words how the answer was read.
	Reason string `json:"reason"`
	// At is when the issuer answered.
	At time.Time `json:"at,omitzero"`
	// RetryAfter is how long the issuer asked us to wait, when it did.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// Facts are what the issuer told of the key: owner, owner_id, organization, scopes, key_id, key_name, created,
	// expires, last_used, environment.
	Facts map[string]string `json:"facts,omitempty"`
	// Proof is the request that decided; Control the one with one character of the key changed, which an active verdict
	// always has and which the issuer must have refused.
	Proof   *Exchange `json:"proof,omitempty"`
	Control *Exchange `json:"control,omitempty"`
}

// Owner is who the key belongs to, as far as the issuer told: the first of organization, owner and owner_id that is known.
func (v Verdict) Owner() string {
	for _, k := range [...]string{"organization", "owner", "owner_id"} {
		if s := v.Facts[k]; s != "" {
			return s
		}
	}
	return ""
}

// State is how far a revoke came.
type State string

// The states. Requested is an order taken (202); Done is the issuer's word that the key is gone; Manual waits for a
// person. None of them is "revoked": that takes a later verify that says inactive.
const (
	Requested State = "requested"
	Done      State = "done"
	Manual    State = "manual"
)

// Receipt is the issuer's answer to a revoke.
type Receipt struct {
	State State `json:"state"`
	// Action names what was done: the rule's revoke step, "manual", "endpoint", "command".
	Action string `json:"action"`
	// Reversible says that the issuer can undo it.
	Reversible bool      `json:"reversible"`
	At         time.Time `json:"at"`
	// Reference is the issuer's or the work order's own number.
	Reference string `json:"reference,omitempty"`
	// Steps are what a person has to do, for Manual.
	Steps    []string  `json:"steps,omitempty"`
	Exchange *Exchange `json:"exchange,omitempty"`
}

// Window is the time in which a key was exposed: from its first appearance until it was confirmed dead (zero: not yet).
type Window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Event is something that happened at the issuer inside the window.
type Event struct {
	At     time.Time `json:"at,omitzero"`
	Kind   string    `json:"kind"`
	Object string    `json:"object,omitempty"`
	Actor  string    `json:"actor,omitempty"`
	IP     string    `json:"ip,omitempty"`
	Detail string    `json:"detail,omitempty"`
	// Outlives says that it may go on after the key is dead (a webhook subscription, a minted token).
	Outlives bool `json:"outlives,omitempty"`
	// Expected says that the operator's configuration names it as its own.
	Expected bool `json:"expected,omitempty"`
}

// Activity is a review.
type Activity struct {
	Window Window  `json:"window"`
	Events []Event `json:"events,omitempty"`
	// Counts are the number of changed records by kind.
	Counts map[string]int `json:"counts,omitempty"`
	// CanWrite are the kinds of record that the key could change.
	CanWrite []string `json:"can_write,omitempty"`
	// BlindSpots say what a review of this provider cannot see, and what could not be asked this time. Never empty.
	BlindSpots []string `json:"blind_spots"`
}

// Verifier asks the issuer whether a key is live. It changes nothing there.
//
// It returns an error only for what the caller can mend (configuration, a cancelled context); whatever the issuer or the
// network does ends in a verdict, Unknown where it is not clear.
type Verifier interface {
	Verify(ctx context.Context, f scanner.Finding) (Verdict, error)
}

// Revoker makes the issuer forget a key. v is the active verdict on which the decision rests; an implementation that
// needs an id takes it from v.Facts and refuses when it is not proven to be this key's.
//
// An error of type [*Refusal] means that nothing was sent; any other error means that the outcome is not known.
type Revoker interface {
	Revoke(ctx context.Context, f scanner.Finding, v Verdict) (Receipt, error)
}

// Reviewer asks the issuer, with the operator's credential, what happened in the window. It changes nothing.
type Reviewer interface {
	Review(ctx context.Context, f scanner.Finding, v Verdict, w Window) (Activity, error)
}

// Provider is what can be done about one kind of key. A nil field cannot be done.
type Provider struct {
	// Name is the issuer's name (rules.Rule.Provider), which policies match. Nothing is executed for a provider without one.
	Name     string
	Verifier Verifier
	Revoker  Revoker
	Reviewer Reviewer
	// Action describes the Revoker to policies and plans.
	Action Action
}

// Action describes a revoke before it is done.
type Action struct {
	// Name is the rule's or provider's name for it: "delete", "manual", "endpoint".
	Name string `json:"name"`
	// Call is the request as a person would read it, without any key: "DELETE https://…/self".
	Call string `json:"call,omitempty"`
	// Bind is how the object is known to be this key (rules.Bind).
	Bind string `json:"bind,omitempty"`
	// Reversible, Idempotent and Collateral are as in the rule.
	Reversible bool   `json:"reversible"`
	Idempotent bool   `json:"idempotent"`
	Collateral string `json:"collateral,omitempty"`
	// Operator says that the operator's credential is used.
	Operator bool `json:"operator,omitempty"`
}

// Refusal is a revoke that was not sent.
type Refusal struct{ Why string }

// Error implements error.
func (r *Refusal) Error() string { return "not sent: " + r.Why }

// Kind is what a journal entry records.
type Kind string

// The kinds of entry, in the order in which a response writes them.
const (
	KindVerified  Kind = "verified"
	KindDead      Kind = "dead_on_arrival"
	KindPlanned   Kind = "planned"
	KindApproved  Kind = "approved"
	KindRefused   Kind = "refused"
	KindIntent    Kind = "intent"
	KindReceipt   Kind = "receipt"
	KindFailed    Kind = "failed"
	KindLook      Kind = "look"
	KindConfirmed Kind = "confirmed"
	KindReviewed  Kind = "reviewed"
)

// Entry is one line of the journal. It holds no key. The journal fills in Seq, Prev and Hash.
type Entry struct {
	Seq  int64      `json:"seq"`
	At   time.Time  `json:"at"`
	ID   scanner.ID `json:"id"`
	Kind Kind       `json:"kind"`
	Rule string     `json:"rule"`
	// Run names the run that wrote the entry.
	Run string `json:"run,omitempty"`
	// Note says in words what happened.
	Note string `json:"note,omitempty"`
	// At most one of these is set, by Kind.
	Verdict  *Verdict  `json:"verdict,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
	Receipt  *Receipt  `json:"receipt,omitempty"`
	Activity *Activity `json:"activity,omitempty"`
	// Approval names who approved which plan.
	Approval *Approval `json:"approval,omitempty"`
	// Prev is the hash of the entry before; Hash is over this entry's canonical JSON without Hash.
	Prev string `json:"prev"`
	Hash string `json:"hash"`
}

// Journal is the record. Append is durable when it returns nil: an entry that was not written must not be acted on.
type Journal interface {
	Append(ctx context.Context, e Entry) error
	// Entries yields the entries of one key, or of all when id is empty, oldest first.
	Entries(ctx context.Context, id scanner.ID) iter.Seq2[Entry, error]
}

// Verb is what a decision says to do.
type Verb string

// The verbs. Propose waits for a person; Execute goes ahead; Leave does nothing, for the stated reason.
const (
	Leave   Verb = "leave"
	Propose Verb = "plan"
	Execute Verb = "execute"
)

// Decision is what the policy says of one key.
type Decision struct {
	Verb Verb `json:"verb"`
	// Reason says why, and names the policy rule.
	Reason string `json:"reason"`
	Action Action `json:"action,omitzero"`
	// Needs is what is missing before it may be executed: "approval", "policy", "verifier" …
	Needs string `json:"needs,omitempty"`
}

// Approval is a person's yes to exactly one plan.
type Approval struct {
	// Plan is the plan's hash.
	Plan string `json:"plan"`
	// By approved; Requested asked. They differ.
	By        string    `json:"by"`
	Requested string    `json:"requested"`
	At        time.Time `json:"at"`
	Expires   time.Time `json:"expires"`
}

// Stage is where a response to one key ended.
type Stage string

// The stages.
const (
	StageUnknown   Stage = "unknown"         // the issuer gave no clear answer
	StageDead      Stage = "dead_on_arrival" // inactive before we did anything
	StagePlanned   Stage = "planned"         // a plan waits
	StageLeft      Stage = "left"            // active, and the policy says to leave it
	StagePending   Stage = "pending"         // revoke ordered, not yet confirmed dead
	StageFailed    Stage = "failed"          // the revoke was refused or failed
	StageConfirmed Stage = "confirmed"       // revoked and proven dead, not reviewed
	StageReviewed  Stage = "reviewed"        // proven dead and reviewed
)

// Outcome is the end of one [Responder.Respond].
type Outcome struct {
	ID     scanner.ID `json:"id"`
	Rule   string     `json:"rule"`
	Stage  Stage      `json:"stage"`
	Reason string     `json:"reason,omitempty"`
	// Verdict is the last active one where there is one, since it holds the facts; else the last one.
	Verdict  *Verdict  `json:"verdict,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
	Receipt  *Receipt  `json:"receipt,omitempty"`
	Activity *Activity `json:"activity,omitempty"`
	Window   Window    `json:"window"`
	// Looks counts the verifies after the revoke until the key was dead.
	Looks int `json:"looks,omitempty"`
	// Times of the response, as far as it came.
	Revoked   time.Time `json:"revoked,omitzero"`
	Confirmed time.Time `json:"confirmed,omitzero"`
	// RetryAfter says when to call again, for unknown and pending.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
}

// Live reports whether the key was active when last seen and is not proven dead since: exit code 4.
func (o Outcome) Live() bool {
	switch o.Stage {
	case StagePlanned, StageLeft, StagePending, StageFailed:
		return true
	case StageUnknown:
		return o.Verdict != nil && o.Verdict.Validity == Active
	}
	return false
}
