package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// key is everything a run says of one key.
type key struct {
	id       scanner.ID
	findings []Finding
	verdict  *Verdict
	action   *revoker.PlanAction
	outcome  *revoker.Outcome
}

// keys groups a run by key: the live ones first, then by severity, then as they were found.
func (d document) keys() []*key {
	byID := map[scanner.ID]*key{}
	var all []*key
	get := func(id scanner.ID) *key {
		k, ok := byID[id]
		if !ok {
			k = &key{id: id}
			byID[id] = k
			all = append(all, k)
		}
		return k
	}
	for _, f := range d.Findings {
		k := get(f.ID)
		k.findings = append(k.findings, f)
	}
	for i := range d.Verdicts {
		get(d.Verdicts[i].ID).verdict = &d.Verdicts[i]
	}
	for i := range d.Plans {
		for j := range d.Plans[i].Actions {
			get(d.Plans[i].Actions[j].ID).action = &d.Plans[i].Actions[j]
		}
	}
	for i := range d.Outcomes {
		get(d.Outcomes[i].ID).outcome = &d.Outcomes[i]
	}
	slices.SortStableFunc(all, func(a, b *key) int { return cmp.Compare(a.urgency(), b.urgency()) })
	return all
}

// state is what is known of a key now.
type state string

// The states, most urgent first.
const (
	stateLive     state = "active"    // active when last seen, and not proven dead since
	stateUnknown  state = "unknown"   // its issuer gave no clear answer
	stateNotAsked state = "not asked" // no issuer was asked
	stateDead     state = "dead"      // was active, was revoked, and is proven dead
	stateInactive state = "inactive"  // was dead before anything was done
)

var urgencies = []state{stateLive, stateUnknown, stateNotAsked, stateDead, stateInactive}

func (k *key) state() state {
	switch {
	case k.outcome != nil && (k.outcome.Stage == revoker.StageConfirmed || k.outcome.Stage == revoker.StageReviewed):
		return stateDead
	case k.live():
		return stateLive
	case k.validity() == revoker.Inactive:
		return stateInactive
	case k.validity() == revoker.Unknown:
		return stateUnknown
	}
	return stateNotAsked
}

// live reports whether the key was active when last seen and is not proven dead since.
func (k *key) live() bool {
	if k.outcome != nil && k.outcome.Verdict != nil {
		return k.outcome.Live()
	}
	return k.validity() == revoker.Active
}

// urgency orders keys, smallest first: by state, then by severity.
func (k *key) urgency() int {
	return 100*slices.Index(urgencies, k.state()) - slices.Index(severities, k.severity())
}

var severities = []rules.Severity{rules.SeverityInfo, rules.SeverityLow, rules.SeverityMedium, rules.SeverityHigh, rules.SeverityCritical}

// severity is that of the rule; high where no place says it.
func (k *key) severity() rules.Severity { return cmp.Or(k.first().Severity, rules.SeverityHigh) }

// first is the first place; the zero finding when there is none.
func (k *key) first() Finding {
	if len(k.findings) == 0 {
		return Finding{}
	}
	return k.findings[0]
}

func (k *key) rule() string {
	switch {
	case len(k.findings) > 0:
		return k.findings[0].Rule
	case k.outcome != nil:
		return k.outcome.Rule
	case k.verdict != nil:
		return k.verdict.Rule
	case k.action != nil:
		return k.action.Rule
	}
	return ""
}

// name is what a person calls this kind of key.
func (k *key) name() string { return cmp.Or(k.first().Name, k.rule(), "key of an unknown kind") }

// says is what the issuer said, as far as the run knows; nil when it was not asked.
func (k *key) says() *revoker.Verdict {
	switch {
	case k.outcome != nil && k.outcome.Verdict != nil:
		return k.outcome.Verdict
	case k.verdict != nil:
		return &k.verdict.Verdict
	}
	return nil
}

func (k *key) validity() revoker.Validity {
	if v := k.says(); v != nil {
		return v.Validity
	}
	return ""
}

// receipt is the order to revoke, as the issuer or a person took it; nil when there was none.
func (k *key) receipt() *revoker.Receipt {
	if k.outcome == nil {
		return nil
	}
	return k.outcome.Receipt
}

func (k *key) activity() *revoker.Activity {
	if k.outcome == nil {
		return nil
	}
	return k.outcome.Activity
}

// outlivers are the events that may go on after the key is dead and that the operator did not expect.
func (k *key) outlivers() []revoker.Event {
	var all []revoker.Event
	if a := k.activity(); a != nil {
		for _, e := range a.Events {
			if e.Outlives && !e.Expected {
				all = append(all, e)
			}
		}
	}
	return all
}

// exposed is when the key first appeared: as the response found it, else the oldest place that has a time. Zero: not known.
func (k *key) exposed() time.Time {
	if k.outcome != nil && !k.outcome.Window.From.IsZero() {
		return k.outcome.Window.From
	}
	var first time.Time
	for _, f := range k.findings {
		if t := f.Location.Time; !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// place is where a finding is, on one line.
func place(at scanner.Location) string {
	var parts []string
	switch {
	case at.Path == "-":
		parts = append(parts, "standard input")
	case at.Path != "" && at.Line > 0 && at.Record == "":
		parts = append(parts, at.Path+":"+itoa(at.Line))
	case at.Path != "":
		parts = append(parts, at.Path)
	case at.Commit != "":
		parts = append(parts, "commit "+short(at.Commit))
	}
	if record := strings.TrimSpace(at.Record + " " + at.Field); record != "" {
		parts = append(parts, record)
	}
	if at.View != "" {
		parts = append(parts, "(seen as "+at.View+")")
	}
	return strings.Join(parts, "  ")
}

// since is on which branches, from when and by whom a place holds the key, and what became of it.
func since(at scanner.Location) []string {
	when := ""
	if !at.Time.IsZero() {
		when = minute(at.Time)
	}
	commit := short(at.Commit)
	switch {
	case at.Commit == "":
	case at.InHead:
		when = strings.TrimSpace("in HEAD since " + when)
	case at.Unreachable:
		when = strings.TrimSpace("committed " + when)
	default:
		when = strings.TrimSpace("in history since " + when)
	}
	if at.Path == "" {
		commit = "" // place names it
	}
	return slices.DeleteFunc([]string{list(at.Refs, 3), when, commit, at.Author, gone(at)}, func(s string) bool { return s == "" })
}

// gone says that a place is no longer in HEAD, as far as more is known of it than that: since when, or that nothing leads there.
func gone(at scanner.Location) string {
	switch {
	case at.Unreachable:
		return "no branch or tag leads to it"
	case at.Removed.IsZero():
		return ""
	case at.RemovedIn == "":
		return "removed " + minute(at.Removed)
	}
	return "removed " + minute(at.Removed) + " in " + short(at.RemovedIn)
}

// placeSum tells the places of keys apart: by finding ID, file, record and field, and not by line or by the machine's name for
// the repository, so that a key which moves inside its file stays at its place. more are told apart as well.
func placeSum(f Finding, more ...string) [sha256.Size]byte {
	at := f.Location
	return sha256.Sum256([]byte(strings.Join(append([]string{string(f.ID), at.Path, at.Record, at.Field}, more...), "\x00")))
}

// placeHash is a short form of placeSum.
func placeHash(f Finding) string {
	sum := placeSum(f)
	return hex.EncodeToString(sum[:8])
}
