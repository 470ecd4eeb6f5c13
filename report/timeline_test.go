package report

import (
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"pgregory.net/rapid"
)

// TestTimelineLabels: whatever the times, the texts of stops do not touch and nothing leaves the drawing.
func TestTimelineLabels(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var stops []stop
		now := at(-400, 0)
		for _, name := range []string{"First exposed", "Found", "Revoked", "Confirmed dead"} {
			s := stop{Name: name, Note: "not yet"}
			if rapid.Bool().Draw(rt, "known") {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(500*24*time.Hour)).Draw(rt, "later")))
				s.At = now
			}
			stops = append(stops, s)
		}
		d := flat(stops)
		for i, m := range d.Marks {
			if m.X < flatEdge || m.X > d.Width-flatEdge {
				rt.Errorf("stop %d is at %d of %d", i, m.X, d.Width)
			}
			if i > 0 && m.X-d.Marks[i-1].X < flatGap {
				rt.Errorf("stops %d and %d are %d apart", i-1, i, m.X-d.Marks[i-1].X)
			}
		}
		u := upright(stops)
		for i, m := range u.Marks {
			if m.Y < uprightEdge || m.TY+17 > u.Height {
				rt.Errorf("stop %d is at %d of %d", i, m.Y, u.Height)
			}
			if i > 0 && (m.Y-u.Marks[i-1].Y < uprightGap || u.Bars[i-1].LY < u.Marks[i-1].TY+17+12 || u.Bars[i-1].LY > m.TY-14) {
				rt.Errorf("texts of stops %d and %d touch: %+v %+v", i-1, i, u.Marks, u.Bars)
			}
		}
	})
}

func TestStops(t *testing.T) {
	told := func(items ...Item) string {
		s, err := summarize(Run{}, of(items...))
		if err != nil {
			t.Fatal(err)
		}
		stops := s.stops(s.keys)
		if len(stops) == 0 {
			return ""
		}
		var classes []string
		for _, b := range flat(stops).Bars {
			classes = append(classes, b.Class+" "+b.Label)
		}
		return inWords(stops) + " " + strings.Join(classes, ", ")
	}
	again := answered(idDead)
	again.Outcome.Revoked, again.Outcome.Confirmed = at(-3, 0), at(-2, 0)
	for name, c := range map[string]struct{ got, want string }{
		"dead": {
			told(append(found(idDead), answered(idDead), done())...),
			"First exposed: 2026-10-23 13:57:00 UTC; Found: 2026-11-22 14:00:00 UTC; Revoked: 2026-11-22 14:02:00 UTC; Confirmed dead: 2026-11-22 14:03:00 UTC. alive 30 days, alive 2 min, ordered 1 min",
		},
		"live": {
			told(append(found(idLive), answered(idLive), done())...),
			"First exposed: 2026-10-13 13:57:00 UTC; Found: 2026-11-22 14:00:00 UTC; Revoked: not yet; Confirmed dead: not yet. alive 40 days, live still live, live ",
		},
		"one of two": {
			told(append(found(idLive, idDead, idInactive), answered(idLive), answered(idDead), answered(idInactive), done())...),
			"First exposed: 2026-10-13 13:57:00 UTC; Found: 2026-11-22 14:00:00 UTC; Revoked: 1 of 2 so far; Confirmed dead: 1 of 2 so far. alive 40 days, live still live, live ",
		},
		"not asked": {
			told(append(found(idLive), done())...),
			"First exposed: not known; Found: 2026-11-22 14:00:00 UTC; Revoked: not yet; Confirmed dead: not yet. doubt , unreached , unreached ",
		},
		"revoked by an earlier run": {
			told(append(found(idDead), again, done())...),
			"First exposed: 2026-10-23 13:57:00 UTC; Revoked: 2026-11-19 14:00:00 UTC; Confirmed dead: 2026-11-20 14:00:00 UTC; Seen again: 2026-11-22 14:00:00 UTC. alive 27 days, ordered 24 hours, over 2 days",
		},
		"dead already": {told(append(found(idInactive), answered(idInactive), done())...), ""},
		"no config":    {told(Item{Verdict: &Verdict{ID: idLive, Verdict: revoker.Verdict{Validity: revoker.Unknown}}}), "First exposed: not known; Found: not known; Revoked: not yet; Confirmed dead: not yet. unreached , unreached , unreached "},
	} {
		if c.got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, c.got, c.want)
		}
	}
}

// TestExposedIsTheOldestPlace: a place without a time tells nothing.
func TestExposedIsTheOldestPlace(t *testing.T) {
	k := key{findings: []Finding{{Location: scanner.Location{Path: "a"}}, {Location: scanner.Location{Time: at(-2, 0)}}, {Location: scanner.Location{Time: at(-9, 0)}}}}
	if got := k.exposed(); !got.Equal(at(-9, 0)) {
		t.Errorf("exposed %v", got)
	}
}
