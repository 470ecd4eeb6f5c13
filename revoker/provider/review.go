package provider

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// longestReview is how far back a review looks when nobody knows since when the key was exposed.
const longestReview = 90 * 24 * time.Hour

// flowReviewer runs the review flow of a rule with the operator's credential.
type flowReviewer struct{ *flow }

// Review implements [revoker.Reviewer]. It asks for one page of each list that the rule names.
func (r *flowReviewer) Review(ctx context.Context, f scanner.Finding, v revoker.Verdict, w revoker.Window) (revoker.Activity, error) {
	from, to, spots := bounds(w, r.client.clock.Now())
	a := revoker.Activity{Window: w, Counts: map[string]int{}, BlindSpots: append(spots,
		"only what the issuer lists under the address asked is seen; reads are seen only where it lists them")}
	sc := newScope(f)
	for name, value := range v.Facts {
		sc.facts[name] = value
	}
	sc.since, sc.until = from.Format(time.RFC3339), to.Format(time.RFC3339)
	for i := range r.rule.Review {
		if err := r.ask(ctx, &r.rule.Review[i], sc, &a); err != nil {
			return a, err
		}
	}
	return a, nil
}

// ask runs one step and adds what it shows. The error is one that the caller can mend; everything else is a blind spot.
func (r *flowReviewer) ask(ctx context.Context, step *rules.Step, sc *scope, a *revoker.Activity) error {
	blind := func(format string, args ...any) { a.BlindSpots = append(a.BlindSpots, fmt.Sprintf(format, args...)) }
	q, _, err := r.render(step, sc)
	if err != nil {
		blind("not asked: %v", err)
		return nil
	}
	got, err := r.client.do(ctx, q)
	if err != nil {
		blind("no answer: %v", err)
		return mendable(err)
	}
	if got.Status != 200 {
		blind("%s %s answered %d", q.method, q.shown, got.Status)
		return nil
	}
	rows, err := step.EventsOf(got.Reply)
	if err != nil {
		blind("%s %s: the list of events cannot be read", q.method, q.shown)
		return nil
	}
	blind("%s %s: one page of %d events was read; older or further ones may be missing", q.method, q.shown, len(rows))
	addEvents(a, rows, sc)
	return nil
}

// addEvents adds the events inside the window, without any part of the key in them.
func addEvents(a *revoker.Activity, rows []map[string]string, sc *scope) {
	for _, row := range rows {
		e := revoker.Event{
			Kind: cmp.Or(clean(row["action"], sc.finding), "event"), Object: clean(row["object"], sc.finding),
			Actor: clean(row["actor"], sc.finding), IP: clean(row["ip"], sc.finding),
		}
		if at, err := time.Parse(time.RFC3339, normalTime(row["time"])); err == nil {
			e.At = at
		}
		if !outside(a.Window, e.At) {
			a.Events = append(a.Events, e)
			a.Counts[e.Kind]++
		}
	}
}

// clean is a text as it may be recorded: trimmed, bounded, and not at all where it holds a part of the key.
func clean(text string, f scanner.Finding) string {
	if holdsKey(text, f) {
		return "(withheld: it holds the key)"
	}
	return strings.TrimSpace(normal("", text)[:min(len(normal("", text)), maxFact)])
}

// outside says whether a time is known and not in the window.
func outside(w revoker.Window, at time.Time) bool {
	return !at.IsZero() && (at.Before(w.From) || !w.To.IsZero() && at.After(w.To))
}

// bounds are the times that a review asks for, and what that leaves unseen.
func bounds(w revoker.Window, now time.Time) (from, to time.Time, spots []string) {
	to = w.To
	if to.IsZero() {
		to = now
		spots = append(spots, "the key is not confirmed dead: what happens after this review is not in it")
	}
	from = w.From
	if from.IsZero() {
		from = to.Add(-longestReview)
		spots = append(spots, "since when the key was exposed is not known: the last 90 days were asked for")
	}
	return from.UTC(), to.UTC(), spots
}
