package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
)

// tally counts a run's keys by what is known of them.
type tally struct {
	keys, places, live, dead, inactive, unknown, asked int
}

func (t *text) tally() tally {
	var n tally
	for _, k := range t.keys {
		n.keys++
		n.places += len(k.findings)
		if k.says() != nil {
			n.asked++
		}
		switch {
		case k.dead():
			n.dead++
		case k.live():
			n.live++
		case k.validity() == revoker.Inactive:
			n.inactive++
		case k.validity() == revoker.Unknown:
			n.unknown++
		}
	}
	return n
}

// summary is the one line for the whole run. "Clean" is said only when everything was seen, with what that was.
func (t *text) summary() {
	t.covered()
	n := t.tally()
	complete := t.doc.Stats != nil && t.doc.Stats.Complete
	switch {
	case n.keys == 0 && complete:
		t.line("Clean: no keys in all that was read.")
	case n.keys == 0:
		t.line("0 keys in what could be read, but the scan is INCOMPLETE.")
	case n.asked == 0:
		t.line("%s in %s. Not asked of any issuer yet.", count(n.keys, "key", "keys"), count(n.places, "place", "places"))
	default:
		t.line("%s", strings.Join(n.states(t), ", ")+".")
	}
}

func (n tally) states(t *text) []string {
	var s []string
	if n.live > 0 {
		s = append(s, t.red(fmt.Sprintf("%s ACTIVE", count(n.live, "key is", "keys are"))))
	}
	if n.dead > 0 {
		s = append(s, fmt.Sprintf("%d of %d active keys proven dead", n.dead, n.dead+n.live))
	}
	if n.inactive > 0 {
		s = append(s, fmt.Sprintf("%d inactive and left alone", n.inactive))
	}
	if n.unknown > 0 {
		s = append(s, fmt.Sprintf("%d unknown", n.unknown))
	}
	if rest := n.keys - n.asked; rest > 0 {
		s = append(s, fmt.Sprintf("%d not asked", rest))
	}
	return s
}

// covered says what was read and what was left out on purpose.
func (t *text) covered() {
	st := t.doc.Stats
	if st == nil {
		return
	}
	var seen []string
	for _, noun := range slices.Sorted(maps.Keys(st.Coverage.Seen)) {
		seen = append(seen, thousands(st.Coverage.Seen[noun])+" "+noun)
	}
	if len(seen) > 0 {
		t.line("read: %s   %.1f s", strings.Join(seen, ", "), st.Seconds)
	}
	var left []string
	for _, why := range slices.Sorted(maps.Keys(st.Coverage.Skipped)) {
		left = append(left, thousands(st.Coverage.Skipped[why])+" "+why)
	}
	if st.Allowed > 0 {
		left = append(left, count(st.Allowed, "allowed finding", "allowed findings"))
	}
	if st.Unsure > 0 {
		left = append(left, count(st.Unsure, "match of lower confidence (--min-confidence low shows it)", "matches of lower confidence (--min-confidence low shows them)"))
	}
	if len(left) > 0 {
		t.line("left out: %s", strings.Join(left, ", "))
	}
	for _, u := range st.Unchecked {
		t.line("not asked: %s", u)
	}
}

// next names the commands that go on from here.
func (t *text) next() {
	n := t.tally()
	if n.keys == 0 || t.doc.Config == nil {
		return
	}
	target := strings.Join(t.doc.Config.Targets, " ")
	switch {
	case n.asked == 0:
		t.line("  next: quash respond %s    verify each, see what it can do, plan its revocation (changes nothing)", target)
		t.line("        quash show %s    every place, with context", t.keys[0].id)
	case len(t.doc.Plans) > 0 && n.live > 0:
		t.line("  next: quash respond %s --execute --policy policy.yaml    or    quash approve plan.json", target)
	}
}
