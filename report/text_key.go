package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
)

// allKeys writes the keys, the most urgent first, with their heads in columns.
func (t *text) allKeys() {
	heads := make([][]string, len(t.keys))
	var widths [6]int
	for i, k := range t.keys {
		heads[i] = t.head(k)
		for j, s := range heads[i] {
			widths[j] = max(widths[j], columns(s))
		}
	}
	for i, k := range t.keys {
		for j := range heads[i] {
			heads[i][j] = pad(heads[i][j], widths[j])
		}
		c := colour(0)
		if k.state() == stateLive {
			c = red
		}
		t.flow(c, 0, "  ", heads[i]...)
		t.key(k)
		t.blank()
	}
}

// head are the columns of a key's first line: what it is now, and the ID, by which every command knows it, before the rest.
func (t *text) head(k *key) []string {
	word := strings.ToUpper(string(k.state()))
	if t.unasked() {
		word = "KEY"
	}
	return []string{word, string(k.id), k.rule(), string(k.first().Confidence), count(len(k.findings), "place", "places"), k.first().Redacted}
}

func (t *text) key(k *key) {
	t.places(k)
	if reasons := k.first().Reasons; len(reasons) > 0 {
		t.line(body, "why: %s", strings.Join(reasons, ", "))
	}
	if v := k.says(); v != nil {
		t.line(body, "issuer: %s", v.Reason)
		t.told(v)
	}
	if k.state() == stateLive {
		t.danger(k)
	}
	t.plan(k)
	if k.outcome != nil {
		t.line(body, "%s", k.story())
	}
	t.order(k)
	t.activity(k.activity())
}

// places writes where the key is, in two columns.
func (t *text) places(k *key) {
	width := 0
	for i, f := range k.findings {
		if i < shown {
			width = max(width, min(columns(t.where(f)), 44))
		}
	}
	for i, f := range k.findings {
		if i == shown {
			t.line(body, "and %s: quash show %s", count(len(k.findings)-i, "more place", "more places"), k.id)
			return
		}
		t.flow(0, body, "  ", append([]string{pad(t.where(f), width)}, since(f.Location)...)...)
	}
}

// where is a place on one line; of several targets it names the one, unless the path does already.
func (t *text) where(f Finding) string {
	at := place(f.Location)
	if !t.several || f.Target == "" || strings.HasPrefix(at, f.Target) {
		return at
	}
	return f.Target + "  " + at
}

// told are the issuer's facts on one line.
func (t *text) told(v *revoker.Verdict) {
	var all []string
	for _, f := range facts(v) {
		all = append(all, f[0]+" "+f[1])
	}
	if len(all) > 0 {
		t.flow(0, body, " · ", all...)
	}
}

// danger says for how long a live key has been exposed and what it can do.
func (t *text) danger(k *key) {
	if from := k.exposed(); !from.IsZero() {
		s := "exposed since " + minute(from)
		if v := k.says(); v != nil && v.At.After(from) {
			s += " (" + span(v.At.Sub(from)) + ") · last seen alive " + stamp(v.At)
		}
		t.line(body, "%s", s)
	}
	if r := t.rule(k); r != nil && len(r.Grants) > 0 {
		t.line(body, "it can: %s", strings.Join(r.Grants, "; "))
	}
}

// plan says what would be done. Once it was done, the story tells it.
func (t *text) plan(k *key) {
	a := k.planned()
	if a.Name == "" || k.receipt() != nil {
		return
	}
	t.line(body, "plan: %s", describe(a))
	if k.action == nil {
		return
	}
	steps, _ := t.steps(k)
	if k.manual() {
		t.numbered(steps)
	}
	if len(k.action.Breaks) > 0 {
		t.line(body, "will break: %s", strings.Join(k.action.Breaks, ", "))
	}
}

// describe is a revoke before it is done.
func describe(a revoker.Action) string {
	s := cmp.Or(a.Call, a.Name)
	if a.Reversible {
		s += " · can be undone"
	} else {
		s += " · cannot be undone"
	}
	if a.Collateral != "" {
		s += " · also ends: " + a.Collateral
	}
	return s
}

// order writes the work order that waits for a person.
func (t *text) order(k *key) {
	r := k.receipt()
	if r == nil || r.State != revoker.Manual || k.state() == stateDead {
		return
	}
	t.line(body, "work order %s", r.Reference)
	t.numbered(r.Steps)
}

func (t *text) numbered(steps []string) {
	for i, s := range steps {
		t.line(body+2, "%d  %s", i+1, s)
	}
}

// stages say in words where a response stands that did not end in a proven death.
var stages = map[revoker.Stage]string{
	revoker.StageUnknown: "not decided", revoker.StagePlanned: "planned, not done", revoker.StageLeft: "left alone",
	revoker.StagePending: "ordered, not yet dead", revoker.StageFailed: "failed",
}

// story is how far the response to a key came, in one line.
func (k *key) story() string {
	o := k.outcome
	switch {
	case o.Stage == revoker.StageDead:
		return "nothing to do: dead before anything was done"
	case k.state() != stateDead:
		return stages[o.Stage] + ": " + o.Reason
	}
	s := "confirmed dead " + stamp(o.Confirmed)
	if !o.Revoked.IsZero() {
		s = "revoked " + stamp(o.Revoked) + ", " + s
	}
	if o.Looks > 0 {
		s += " (" + ordinal(o.Looks) + " look)"
	}
	if from := k.exposed(); !from.IsZero() && o.Confirmed.After(from) {
		s += " · exposed " + span(o.Confirmed.Sub(from))
	}
	if !o.Revoked.IsZero() {
		s += ", alive " + span(max(0, o.Confirmed.Sub(o.Revoked)).Round(time.Second)) + " after the order"
	}
	return s
}

// activity writes what happened in the window: first what may outlive the key, then counts, then what cannot be seen.
func (t *text) activity(a *revoker.Activity) {
	if a == nil {
		return
	}
	t.line(body, "activity %s:", window(a.Window))
	for _, e := range a.Events {
		if e.Outlives && !e.Expected {
			t.line(body+2, "%s  %s  ← act on this: it may outlive the key", eventName(e), e.Detail)
		}
	}
	var changed, same []string
	for _, kind := range slices.Sorted(maps.Keys(a.Counts)) {
		if n := a.Counts[kind]; n > 0 {
			changed = append(changed, counted(n, kind))
		} else {
			same = append(same, kind)
		}
	}
	if len(changed) > 0 {
		t.line(body+2, "changed or made: %s", strings.Join(changed, ", "))
	}
	if len(same) > 0 {
		t.line(body+2, "unchanged: %s", strings.Join(same, ", "))
	}
	t.line(body+2, "cannot be seen:")
	for _, s := range a.BlindSpots {
		t.line(body+4, "%s", s)
	}
}

// window is a span of time in words; a missing end is said.
func window(w revoker.Window) string {
	from, to := "an unknown begin", "now"
	if !w.From.IsZero() {
		from = minute(w.From)
	}
	if !w.To.IsZero() {
		to = minute(w.To)
	}
	return from + " … " + to
}
