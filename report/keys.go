package report

import (
	"slices"
	"strings"

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
	slices.SortStableFunc(all, func(a, b *key) int { return a.urgency() - b.urgency() })
	return all
}

// urgency orders keys, smallest first.
func (k *key) urgency() int {
	u := 10 * (len(severities) - slices.Index(severities, k.severity()))
	switch {
	case k.live():
		return u
	case k.validity() == revoker.Inactive:
		return 200 + u
	}
	return 100 + u
}

var severities = []rules.Severity{rules.SeverityInfo, rules.SeverityLow, rules.SeverityMedium, rules.SeverityHigh, rules.SeverityCritical}

func (k *key) severity() rules.Severity {
	if len(k.findings) == 0 {
		return rules.SeverityHigh
	}
	return k.findings[0].Severity
}

func (k *key) rule() string {
	switch {
	case len(k.findings) > 0:
		return k.findings[0].Rule
	case k.outcome != nil:
		return k.outcome.Rule
	case k.verdict != nil:
		return k.verdict.Rule
	}
	return ""
}

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

// live reports whether the key was active when last seen and is not proven dead since.
func (k *key) live() bool {
	if k.outcome != nil {
		return k.outcome.Live()
	}
	return k.validity() == revoker.Active
}

// dead reports whether the run proved that a key that was active is dead.
func (k *key) dead() bool {
	return k.outcome != nil && (k.outcome.Stage == revoker.StageConfirmed || k.outcome.Stage == revoker.StageReviewed)
}

// place is where a finding is, on one line.
func place(at scanner.Location) string {
	var b strings.Builder
	b.WriteString(at.Path)
	if at.Line > 0 && at.Record == "" {
		b.WriteString(":" + itoa(at.Line))
	}
	for _, s := range [...]string{at.Record, at.Field} {
		if s != "" {
			b.WriteString("  " + s)
		}
	}
	return strings.TrimSpace(b.String())
}

// since is who and when, on one line.
func since(at scanner.Location) string {
	var parts []string
	if len(at.Refs) > 0 {
		parts = append(parts, list(at.Refs, 3))
	}
	switch {
	case at.Commit != "" && at.InHead:
		parts = append(parts, "in HEAD since "+short(at.Commit))
	case at.Commit != "":
		parts = append(parts, "introduced "+short(at.Commit)+", still in history")
	}
	if !at.Time.IsZero() {
		parts = append(parts, at.Time.UTC().Format("2006-01-02 15:04"))
	}
	if at.Author != "" {
		parts = append(parts, at.Author)
	}
	return strings.Join(parts, "  ")
}

func short(commit string) string { return commit[:min(len(commit), 8)] }

// list joins the first n of many.
func list(all []string, n int) string {
	if len(all) <= n {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:n], ", ") + " and " + count(len(all)-n, "more", "more")
}
