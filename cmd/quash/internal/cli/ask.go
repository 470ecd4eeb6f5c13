package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// noIssuer is why a key was not asked about.
const noIssuer = "no issuer answers for it"

// ask asks the issuer of every key whether it is live, and reports the answers. It changes nothing.
func (r *run) ask(ctx context.Context) error {
	var errs []error
	for a := range r.round.Ask(ctx, r.findings) {
		if a.Verdict != nil {
			r.out.send(report.Item{Verdict: &report.Verdict{ID: a.Finding.ID, Rule: a.Finding.Rule, Verdict: *a.Verdict}})
		}
		errs = append(errs, r.took(a))
	}
	return usage(errors.Join(errs...))
}

// answer answers keys as the order says, each once. wanted are the keys; nil is all.
func (r *run) answer(ctx context.Context, o desk.Order, wanted map[scanner.ID]bool) error {
	var found []scanner.Finding
	for _, f := range r.findings {
		if wanted == nil || wanted[f.ID] {
			found = append(found, f)
		}
	}
	var errs []error
	for a := range r.round.Respond(ctx, o, found) {
		if a.Outcome != nil {
			r.outcomes = append(r.outcomes, *a.Outcome)
			r.out.send(report.Item{Outcome: a.Outcome})
		}
		errs = append(errs, r.took(a))
	}
	return usage(errors.Join(errs...))
}

// took notes how the answer to a key ended.
func (r *run) took(a desk.Answer) error {
	r.live = r.live || a.Live()
	switch a.End {
	case desk.NotBegun:
		r.interrupt("key "+string(a.Finding.ID), "interrupted before its issuer was asked")
	case desk.Interrupted:
		r.interrupt("key "+string(a.Finding.ID), "interrupted while it was answered")
	case desk.NoIssuer:
		if !a.Finding.Allowed {
			r.unchecked[a.Finding.Rule] = noIssuer
		}
	}
	return a.Err
}

// override asks the issuers of the keys that are allowed. Those that are live are reported like all others; the rest stays left
// out, and is counted. A run that asks nobody counts them as it scans.
func (r *run) override(ctx context.Context) error {
	var findings []scanner.Finding
	for _, p := range r.allowed {
		findings = append(findings, p.finding)
	}
	live := map[scanner.ID]bool{}
	var errs []error
	for a := range r.round.Ask(ctx, findings) {
		errs = append(errs, r.took(a))
		if a.Verdict != nil && a.Verdict.Validity == revoker.Active {
			live[a.Finding.ID] = true
			r.notes = append(r.notes, fmt.Sprintf("%s is allowed, and live: it is reported all the same", a.Finding.ID))
		}
	}
	for _, p := range r.allowed {
		if !live[p.finding.ID] {
			r.stats.Allowed++
			continue
		}
		r.reading = p.from
		if err := r.found(ctx, desk.Override(p.finding)); err != nil {
			return err
		}
		r.stats.Findings++
	}
	r.allowed, r.stats.Keys = nil, len(r.keys)
	return usage(errors.Join(errs...))
}

// places are all places of each key.
func (r *run) places() map[scanner.ID][]scanner.Location {
	all := map[scanner.ID][]scanner.Location{}
	for _, f := range r.findings {
		all[f.ID] = append(all[f.ID], f.At)
	}
	return all
}

// cases are the keys that were answered, with what became of them.
func (r *run) cases() []desk.Case {
	first := map[scanner.ID]scanner.Finding{}
	for _, f := range r.findings {
		if _, ok := first[f.ID]; !ok {
			first[f.ID] = f
		}
	}
	places := r.places()
	var all []desk.Case
	for _, o := range r.outcomes {
		all = append(all, desk.Case{Finding: first[o.ID], Places: places[o.ID], Outcome: o})
	}
	return all
}
