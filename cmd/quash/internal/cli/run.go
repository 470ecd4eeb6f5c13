package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

// run is one scan or response under way.
type run struct {
	g       *globals
	cmd     *cobra.Command
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
	// held are those, by number, that wait for the end of the scan; scanning says that it is under way.
	held     []int
	scanning bool
	// from says where each finding was read, reading what is being read.
	from    []origin
	reading origin
	// desk and round belong to runs that ask issuers, which asks announces; outcomes belongs to runs that answer keys.
	desk     *desk.Desk
	round    *desk.Round
	asks     bool
	outcomes []revoker.Outcome
	// allowed are places whose key somebody let stand, by a comment, the ignore file or a baseline, in runs that ask issuers.
	allowed []allowedPlace
	// live says that a key was active when last seen, unchecked why a rule's keys were not asked about.
	live      bool
	unchecked map[string]string
	// interrupted says that the run was stopped from outside.
	interrupted bool
	// notes are said on stderr when the report is out.
	notes []string
}

// origin is what a finding was read from.
type origin struct {
	// target is what reports call it, kept what the store does.
	target, kept string
	// repository is the forge's, in an organisation job.
	repository forge.Repository
}

// exposure is who can read it, as far as that is known.
func (o origin) exposure() revoker.Exposure { return o.repository.Exposure() }

// allowedPlace is a place whose key somebody let stand.
type allowedPlace struct {
	finding scanner.Finding
	from    origin
}

// prepare reads configuration and rules. Nothing is written yet.
func (g *globals) prepare(cmd *cobra.Command, s *scanFlags) (*run, error) {
	r := &run{
		g: g, cmd: cmd, bar: g.progress(), flags: s, started: g.env.Now(), keys: map[scanner.ID]struct{}{}, unchecked: map[string]string{},
	}
	var err error
	if r.config, err = g.load(); err != nil {
		return nil, err
	}
	r.set, err = g.ruleSet(r.config)
	return r, err
}

// start opens the outputs and writes the first item. From here on the run ends with finish.
func (r *run) start(o *outputFlags, targets []string) error {
	rr := r.g.reportRun()
	rr.Rules = r.set
	var err error
	if r.out, err = o.open(r.g, rr); err != nil {
		if r.desk != nil {
			err = errors.Join(err, r.desk.Close(r.cmd.Context()))
		}
		return err
	}
	c := report.Config{
		Schema: report.Schema, Quash: Version(), Command: r.cmd.Name(), Started: r.started.UTC(), Rules: r.set.Version(), RuleCount: r.set.Len(),
		Options: r.flags.typed(r.cmd.Flags()), Verify: r.desk != nil,
	}
	for _, t := range targets {
		c.Targets = append(c.Targets, r.g.cleaner.text(t))
	}
	for i, option := range c.Options {
		c.Options[i] = r.g.cleaner.text(option)
	}
	r.g.log.Info().Str("command", c.Command).Strs("targets", c.Targets).Strs("options", c.Options).Msg("start")
	r.out.send(report.Item{Config: &c})
	return nil
}

// name names the run in journal and plans.
func (r *run) name() string { return r.started.UTC().Format("20060102T150405.000000000Z") }

// scan reads all targets. An interrupted scan is incomplete, not failed: what it had covered is reported.
func (r *run) scan(ctx context.Context) error {
	defer r.bar.end()
	defer r.settle()
	r.scanning = true
	for _, t := range r.targets {
		r.reading = origin{target: t.name, kept: absolute(t.name)}
		if t.repository != nil {
			r.reading.repository = *t.repository
		}
		r.g.log.Info().Str("target", t.name).Str("source", fmt.Sprintf("%T", t.source)).Msg("scan")
		stats, err := t.scanner.Scan(ctx, t.source, r.sink(t))
		if c, ok := t.source.(io.Closer); ok {
			err = errors.Join(err, c.Close())
		}
		if err == nil {
			r.keep(ctx, t, stats)
		}
		add(&r.stats, stats)
		r.stats.Keys = len(r.keys)
		r.g.log.Debug().Str("target", t.name).Int64("bytes", stats.Bytes).Int("chunks", stats.Chunks).Int("findings", stats.Findings).
			Int("gaps", len(stats.Gaps)).Msg("scanned")
		switch {
		case ctx.Err() != nil:
			r.interrupt(inWords(t.name), "interrupted before its end")
		case err != nil:
			r.gap(t.name, "the scan stopped before its end", "run it again with --log-level debug")
			return &exit{ExitInternal, fmt.Errorf("scan %s: %w", t.name, err)}
		}
		if r.interrupted {
			continue // what was not begun is named too
		}
		for _, l := range t.lists {
			r.notes = append(r.notes, l.Notes()...)
		}
	}
	return nil
}

// sink takes the findings of a target. Those of a repository that was fetched are placed in it, not in its mirror.
func (r *run) sink(t target) scanner.Sink {
	if t.repository == nil {
		return scanner.SinkFunc(r.found)
	}
	return scanner.SinkFunc(func(ctx context.Context, f scanner.Finding) error {
		f.At = t.repository.Locate(f.At)
		return r.found(ctx, f)
	})
}

func (r *run) gap(what, why, next string) {
	r.stats.Gaps = append(r.stats.Gaps, scanner.Gap{What: what, Why: why, Next: next})
}

// interrupt notes that the run was stopped from outside at something.
func (r *run) interrupt(what, why string) {
	r.interrupted = true
	r.gap(what, why, "run the same command again")
}

// found takes one finding: the redactor learns the key before anything is written about it, and no name of its place may
// hold one. What is allowed waits for what its issuer says.
func (r *run) found(_ context.Context, f scanner.Finding) error {
	r.g.env.Redactor.Add(f.Parts)
	f.At = r.g.cleaner.place(f.At)
	if f.Allowed {
		r.allowed = append(r.allowed, allowedPlace{f, r.reading})
		return nil
	}
	r.findings, r.from = append(r.findings, f), append(r.from, r.reading)
	r.keys[f.ID] = struct{}{}
	if r.scanning && doubtful(f.At) {
		r.held = append(r.held, len(r.findings)-1)
		return nil
	}
	r.out.send(report.Item{Finding: r.describe(f, r.reading)})
	return nil
}

// describe is a finding as reports show it.
func (r *run) describe(f scanner.Finding, from origin) *report.Finding {
	d := &report.Finding{
		ID: f.ID, Rule: f.Rule, Confidence: f.Confidence, Reasons: f.Reasons, Redacted: f.Redacted,
		Target: r.g.cleaner.text(from.target), Location: f.At,
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

// finish closes everything, writes the last item, and says how the program exits. err is what stopped the run, if anything
// did: what came before it is reported all the same.
func (r *run) finish(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // told as a gap
	}
	if r.desk != nil {
		err = errors.Join(err, r.desk.Close(ctx))
	}
	n := r.exitCode()
	if err != nil {
		n, err = exitOf(usage(err))
		if r.live && n == ExitUsage {
			n = ExitActive
		}
	}
	now := r.g.env.Now()
	for i, gap := range r.stats.Gaps {
		r.stats.Gaps[i].What, r.stats.Gaps[i].Why = r.g.cleaner.text(gap.What), r.g.cleaner.text(gap.Why)
	}
	r.out.send(report.Item{Stats: &report.Stats{
		Stats: r.stats, Complete: r.stats.Complete(), Ended: now.UTC(), Seconds: now.Sub(r.started).Seconds(), Exit: n, Unchecked: r.notAsked(),
	}})
	if failed := r.out.close(); failed != nil {
		return errors.Join(failed, err)
	}
	for _, note := range r.notes {
		r.g.note("%s", note)
	}
	r.g.log.Info().Int("exit", n).Bool("complete", r.stats.Complete()).Int("keys", len(r.keys)).Msg("end")
	if err != nil {
		return &exit{n, err}
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
	case r.live:
		return ExitActive
	case len(r.findings) > 0:
		return ExitFound
	case r.interrupted, !r.stats.Complete() && !r.flags.allowIncomplete:
		return ExitIncomplete
	}
	return ExitOK
}

// inWords names a target for a person.
func inWords(target string) string {
	if target == "-" {
		return "standard input"
	}
	return target
}
