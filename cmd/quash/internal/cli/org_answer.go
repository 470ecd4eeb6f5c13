package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/scanner"
)

// cover reads what changed and reports every finding.
func (o *orgRun) cover(ctx context.Context, all []forge.Repository) {
	stopped := 0
	for res := range o.sweep.Run(ctx, all) {
		o.coverage.Add(res)
		o.g.log.Info().Str("repository", res.Repository.Name).Str("covered", string(res.Covered)).AnErr("cause", res.Err).Msg("repository")
		switch {
		case res.Covered == forge.Interrupted:
			stopped++
		case res.Covered == forge.Failed:
			o.stats.Gaps = append(o.stats.Gaps, res.Gap())
		default:
			o.report(ctx, res)
		}
	}
	o.bar.end()
	o.stats.Coverage.Skipped = sum(o.stats.Coverage.Skipped, o.coverage.Skipped())
	if stopped > 0 {
		o.interrupt(fmt.Sprintf("%d of %d repositories", stopped, len(all)), "interrupted before they were read")
	}
	for _, l := range o.lists {
		o.notes = append(o.notes, l.Notes()...)
	}
	o.notes = append(o.notes, o.coverage.String())
}

// report reports what was found in a repository.
func (o *orgRun) report(ctx context.Context, res forge.Result) {
	stats := res.Stats
	stats.Findings, stats.Gaps = 0, nil
	o.reading = origin{target: res.Repository.Name, kept: absolute(res.Dir), repository: res.Repository}
	for _, f := range res.Findings {
		switch f.Allowed = o.lists.Allowed(f) || f.Allowed; {
		case !f.Allowed:
			stats.Findings++
		case !o.asks:
			stats.Allowed++
			continue
		}
		_ = o.found(ctx, f) // it always takes what it is given
	}
	for _, g := range res.Stats.Gaps {
		g.What = res.Repository.Name + ": " + g.What
		stats.Gaps = append(stats.Gaps, g)
	}
	if res.Err != nil {
		o.notes = append(o.notes, res.Repository.Name+": "+res.Err.Error())
	}
	add(&o.stats, stats)
	o.stats.Coverage.Seen = sum(o.stats.Coverage.Seen, map[string]int{"repositories": 1})
	o.stats.Keys = len(o.keys)
}

// answerAll answers every key once, and those that are allowed when their issuers accept them.
func (o *orgRun) answerAll(ctx context.Context, order desk.Order) error {
	o.rereadAllowed(ctx)
	if err := o.override(ctx); err != nil {
		return err
	}
	if err := o.record(ctx, o.desk.Store); err != nil {
		return err
	}
	wanted := o.reread(ctx)
	order = o.about(order)
	return errors.Join(o.answer(ctx, order, wanted), o.plan(ctx, &o.flags.respondFlags, order))
}

// rereadAllowed gets the keys of allowed findings back. A key that cannot be read again stays allowed, which is a gap.
func (o *orgRun) rereadAllowed(ctx context.Context) {
	found, from := make([]scanner.Finding, len(o.allowed)), make([]origin, len(o.allowed))
	for i, p := range o.allowed {
		found[i], from[i] = p.finding, p.from
	}
	failed := o.parts(ctx, found, from)
	var left []allowedPlace
	for i, f := range found {
		if failed[f.ID] != nil {
			o.stats.Allowed++
			continue
		}
		left = append(left, allowedPlace{f, from[i]})
	}
	o.allowed = left
	o.unread(failed)
}

// reread gets the keys of findings back. It returns the keys that are at hand.
func (o *orgRun) reread(ctx context.Context) map[scanner.ID]bool {
	failed := o.parts(ctx, o.findings, o.from)
	wanted := map[scanner.ID]bool{}
	for _, f := range o.findings {
		wanted[f.ID] = failed[f.ID] == nil
	}
	o.unread(failed)
	return wanted
}

// parts gets the keys of remembered findings back from the mirrors, each from the first place that still has it. It says which
// it could not get back, and why.
func (o *orgRun) parts(ctx context.Context, found []scanner.Finding, from []origin) map[scanner.ID]error {
	parts := map[scanner.ID]map[string]scanner.Secret{}
	failed := map[scanner.ID]error{}
	for _, f := range found {
		if f.Parts != nil {
			parts[f.ID] = f.Parts
		}
	}
	for i, f := range found {
		if parts[f.ID] == nil && ctx.Err() == nil && o.desk.Provider(f.Rule).Verifier != nil {
			again, err := o.sweep.Reread(ctx, from[i].repository, f)
			parts[f.ID], failed[f.ID] = again.Parts, err
		}
	}
	for i, f := range found {
		found[i].Parts = parts[f.ID]
	}
	return failed
}

// unread names the keys that could not be read again.
func (o *orgRun) unread(failed map[scanner.ID]error) {
	for _, id := range slices.Sorted(maps.Keys(failed)) {
		if err := failed[id]; err != nil {
			o.gap("key "+string(id), "it could not be read again, so it was not answered: "+err.Error(), "run the same command again")
		}
	}
}
