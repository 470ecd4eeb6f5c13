package report

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
)

var _ = register("text", FormatFunc(writeText), ".txt")

// writeText says the most important thing first: which keys are live, where, and what to do now. It ends with one line
// that can be read from across the room.
func writeText(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	doc, err := collect(items)
	if err != nil {
		return err
	}
	t := &text{w: bufio.NewWriter(w), run: run, doc: doc, keys: doc.keys()}
	for _, k := range t.keys {
		t.key(k)
	}
	t.gaps()
	t.summary()
	t.next()
	return t.w.Flush()
}

type text struct {
	w    *bufio.Writer
	run  Run
	doc  document
	keys []*key
}

func (t *text) line(format string, args ...any) {
	_, _ = fmt.Fprintf(t.w, format+"\n", args...) // the writer keeps its error for Flush
}

// red marks what is live. Colour carries no meaning alone: the word says it too.
func (t *text) red(s string) string {
	if t.run.Color {
		return "\x1b[31;1m" + s + "\x1b[0m"
	}
	return s
}

const indent = "     "

// placesShown is how many places of one key are written out; quash show lists all.
const placesShown = 12

func (t *text) key(k *key) {
	state := "KEY"
	switch {
	case k.dead():
		state = "DEAD"
	case k.live():
		state = t.red("ACTIVE")
	case k.validity() == revoker.Inactive:
		state = "INACTIVE"
	case k.validity() == revoker.Unknown:
		state = "UNKNOWN"
	}
	confidence, shown := "", ""
	if len(k.findings) > 0 {
		confidence, shown = string(k.findings[0].Confidence), k.findings[0].Redacted
	}
	t.line("%s  %s  %s  %s  %s  %s", state, k.rule(), confidence, count(len(k.findings), "place", "places"), shown, k.id)
	for i, f := range k.findings {
		if i == placesShown {
			t.line("%sand %s: quash show %s", indent, count(len(k.findings)-i, "more place", "more places"), k.id)
			break
		}
		t.line("%s%-44s %s", indent, place(f.Location), since(f.Location))
	}
	if len(k.findings) > 0 && len(k.findings[0].Reasons) > 0 {
		t.line("%swhy: %s", indent, strings.Join(k.findings[0].Reasons, ", "))
	}
	t.verdict(k.says())
	t.action(k.action)
	t.outcome(k.outcome)
	t.line("")
}

func (t *text) verdict(v *revoker.Verdict) {
	if v == nil {
		return
	}
	t.line("%sissuer: %s", indent, v.Reason)
	var facts []string
	for _, name := range slices.Sorted(maps.Keys(v.Facts)) {
		facts = append(facts, strings.ReplaceAll(name, "_", " ")+" "+v.Facts[name])
	}
	if len(facts) > 0 {
		t.line("%s%s", indent, strings.Join(facts, " · "))
	}
}

func (t *text) action(a *revoker.PlanAction) {
	if a == nil {
		return
	}
	t.line("%splan: %s", indent, describe(a.Action))
	for i, s := range a.Steps {
		t.line("%s  %d  %s", indent, i+1, s)
	}
	if a.Needs != "" {
		t.line("%sneeds: %s", indent, a.Needs)
	}
	if len(a.Breaks) > 0 {
		t.line("%swill break: %s", indent, strings.Join(a.Breaks, ", "))
	}
}

func describe(a revoker.Action) string {
	s := a.Name
	if a.Call != "" {
		s += ", " + a.Call
	}
	if a.Reversible {
		s += " (can be undone)"
	}
	if a.Collateral != "" {
		s += "; also ends: " + a.Collateral
	}
	return s
}

func (t *text) outcome(o *revoker.Outcome) {
	if o == nil {
		return
	}
	switch {
	case !o.Confirmed.IsZero() && !o.Revoked.IsZero():
		t.line("%srevoked %s, confirmed dead %s (look %d)%s", indent, clock(o.Revoked), clock(o.Confirmed), o.Looks, exposed(o.Window))
	case !o.Confirmed.IsZero():
		t.line("%sconfirmed dead %s%s", indent, clock(o.Confirmed), exposed(o.Window))
	default:
		t.line("%s%s: %s", indent, strings.ReplaceAll(string(o.Stage), "_", " "), o.Reason)
	}
	if o.Receipt != nil && o.Receipt.State == revoker.Manual && o.Confirmed.IsZero() {
		t.line("%swork order %s", indent, o.Receipt.Reference)
		for i, s := range o.Receipt.Steps {
			t.line("%s  %d  %s", indent, i+1, s)
		}
	}
	t.activity(o.Activity)
}

func exposed(w revoker.Window) string {
	if w.From.IsZero() || w.To.IsZero() {
		return ""
	}
	return ", exposed " + span(w.To.Sub(w.From))
}

func (t *text) activity(a *revoker.Activity) {
	if a == nil {
		return
	}
	t.line("%sactivity %s … %s:", indent, a.Window.From.UTC().Format("2006-01-02"), a.Window.To.UTC().Format("2006-01-02"))
	for _, e := range a.Events {
		if !e.Outlives || e.Expected {
			continue
		}
		t.line("%s  %s %s  %s  ← act on this: it may outlive the key", indent, e.Kind, e.Object, e.Detail)
	}
	for _, kind := range slices.Sorted(maps.Keys(a.Counts)) {
		if n := a.Counts[kind]; n > 0 {
			t.line("%s  %s changed: %s", indent, kind, thousands(n))
		}
	}
	t.line("%s  cannot be seen: %s", indent, strings.Join(a.BlindSpots, "; "))
}

func (t *text) gaps() {
	if t.doc.Stats == nil || len(t.doc.Stats.Gaps) == 0 {
		return
	}
	t.line("The scan is INCOMPLETE. What could not be seen:")
	for i, g := range t.doc.Stats.Gaps {
		if i == placesShown {
			t.line("  and %s", count(len(t.doc.Stats.Gaps)-i, "more", "more"))
			break
		}
		s := "  " + g.What + ": " + g.Why
		if g.Next != "" {
			s += "\n      → " + g.Next
		}
		t.line("%s", s)
	}
	t.line("")
}
