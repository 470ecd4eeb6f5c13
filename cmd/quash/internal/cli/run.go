package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

// run is one scan or response under way.
type run struct {
	g       *globals
	config  config.Config
	set     *rules.Set
	out     *outputs
	targets []target
	bar     *progress
	flags   *scanFlags
	started time.Time
	stats   scanner.Stats
	// findings are all places found, in order.
	findings []scanner.Finding
	keys     map[scanner.ID]struct{}
	// from is each finding's target, reading the target that is being read.
	from    []string
	reading string
	// desk, outcomes and unchecked belong to runs that ask issuers; unchecked says why a rule's keys were not asked about.
	desk      *desk
	outcomes  []revoker.Outcome
	unchecked map[string]string
	// notes are said on stderr when the report is out.
	notes []string
}

// begin reads configuration and rules, opens outputs and targets, and writes the first item.
func (g *globals) begin(cmd *cobra.Command, s *scanFlags, o *outputFlags, names []string) (*run, error) {
	r := &run{g: g, bar: g.progress(), flags: s, started: g.env.Now(), keys: map[scanner.ID]struct{}{}, unchecked: map[string]string{}}
	var err error
	if r.config, err = g.load(); err != nil {
		return nil, err
	}
	if r.set, err = g.ruleSet(r.config); err != nil {
		return nil, err
	}
	if r.targets, err = g.open(cmd.Context(), s, r.config, r.set, names, r.bar); err != nil {
		return nil, err
	}
	rr := g.reportRun()
	rr.Rules = r.set
	if r.out, err = o.open(g, rr); err != nil {
		return nil, err
	}
	c := report.Config{
		Schema: report.Schema, Quash: Version(), Command: cmd.Name(), Started: r.started.UTC(), Rules: r.set.Version(), RuleCount: r.set.Len(),
		Options: s.typed(cmd.Flags()),
	}
	for _, t := range r.targets {
		c.Targets = append(c.Targets, t.name)
	}
	r.out.send(report.Item{Config: &c})
	return r, nil
}

// abort ends the outputs of a run that did not come to its end.
func (r *run) abort() {
	r.bar.end()
	_ = r.out.close() // the error that aborted the run is the one to tell
}

// scan reads all targets. An interrupted scan is incomplete, not failed: what it had covered is reported.
func (r *run) scan(ctx context.Context) error {
	defer r.bar.end()
	for _, t := range r.targets {
		r.reading = t.name
		stats, err := t.scanner.Scan(ctx, t.source, scanner.SinkFunc(r.found))
		add(&r.stats, stats)
		if errors.Is(err, context.Canceled) {
			r.stats.Gaps = append(r.stats.Gaps, scanner.Gap{What: t.name, Why: "interrupted before its end", Next: "run the command again"})
			return nil
		}
		if err != nil {
			return &exit{ExitInternal, fmt.Errorf("scan %s: %w", t.name, err)}
		}
		for _, l := range t.lists {
			r.notes = append(r.notes, l.Notes()...)
		}
	}
	r.stats.Keys = len(r.keys)
	return nil
}

// found takes one finding: the redactor learns the key before anything is written about it.
func (r *run) found(_ context.Context, f scanner.Finding) error {
	r.g.env.Redactor.Add(f.Parts)
	r.findings, r.from = append(r.findings, f), append(r.from, r.reading)
	r.keys[f.ID] = struct{}{}
	r.out.send(report.Item{Finding: r.describe(f)})
	return nil
}

// describe is a finding as reports show it.
func (r *run) describe(f scanner.Finding) *report.Finding {
	d := &report.Finding{
		ID: f.ID, Rule: f.Rule, Confidence: f.Confidence, Reasons: f.Reasons, Redacted: f.Redacted, Location: f.At,
	}
	if rule, ok := r.set.Rule(f.Rule); ok {
		d.Name, d.Provider, d.Severity = rule.Name, rule.Provider, rule.Severity
	}
	return d
}

func add(to *scanner.Stats, s scanner.Stats) {
	to.Bytes += s.Bytes
	to.Chunks += s.Chunks
	to.Findings += s.Findings
	to.Allowed += s.Allowed
	to.Unsure += s.Unsure
	to.Excluded += s.Excluded
	to.Gaps = append(to.Gaps, s.Gaps...)
	to.Coverage.Seen = sum(to.Coverage.Seen, s.Coverage.Seen)
	to.Coverage.Skipped = sum(to.Coverage.Skipped, s.Coverage.Skipped)
}

func sum(to, from map[string]int) map[string]int {
	for k, n := range from {
		if to == nil {
			to = map[string]int{}
		}
		to[k] += n
	}
	return to
}

// end writes the last item and says how the program exits.
func (r *run) end(context.Context) error {
	n := r.exitCode()
	now := r.g.env.Now()
	r.out.send(report.Item{Stats: &report.Stats{
		Stats: r.stats, Complete: r.stats.Complete(), Ended: now.UTC(), Seconds: now.Sub(r.started).Seconds(), Exit: n,
		Unchecked: r.notAsked(),
	}})
	if err := r.out.close(); err != nil {
		return &exit{ExitUsage, err}
	}
	for _, note := range r.notes {
		r.g.note("%s", note)
	}
	return code(n)
}

// notAsked says of which keys no issuer was asked, and why: where issuers were asked at all.
func (r *run) notAsked() []string {
	var all []string
	for _, rule := range slices.Sorted(maps.Keys(r.unchecked)) {
		all = append(all, rule+": "+r.unchecked[rule])
	}
	return all
}

func (r *run) exitCode() int {
	switch {
	case slices.ContainsFunc(r.outcomes, revoker.Outcome.Live):
		return ExitActive
	case len(r.findings) > 0:
		return ExitFound
	case !r.stats.Complete() && !r.flags.allowIncomplete:
		return ExitIncomplete
	}
	return ExitOK
}
