package report

import (
	"math"
	"strings"
	"time"
)

// stop is a point of an exposure. A zero time is not known or not yet; Note says which.
type stop struct {
	Name string
	At   time.Time
	Note string
	// Live says that a key is still live on the way to this stop, Doubt that nobody knows whether any was.
	Live, Doubt bool
}

// stops are the four times of the keys: first exposed, found, revoked, confirmed dead. Where only some of several keys came so
// far, the stop is not reached. It is nil for keys that were dead before anybody looked: their exposure does not end here.
func (s *summary) stops(keys []*key) []stop {
	keys = exposedKeys(keys)
	if len(keys) == 0 {
		return nil
	}
	first, found := stop{Name: "First exposed", Note: "not known"}, stop{Name: "Found", Note: "not known"}
	revoked, dead := stop{Name: "Revoked", Note: "not yet"}, stop{Name: "Confirmed dead", Note: "not yet"}
	if s.Config != nil {
		found.At = s.Config.Started
	}
	ordered, died := 0, 0
	for _, k := range keys {
		if t := k.exposed(); !t.IsZero() && (first.At.IsZero() || t.Before(first.At)) {
			first.At = t
		}
		if o := k.outcome; o != nil {
			ordered += later(&revoked.At, o.Revoked)
			died += later(&dead.At, o.Confirmed)
		}
		revoked.Live = revoked.Live || k.state() == stateLive
	}
	revoked.partly(ordered, len(keys))
	dead.partly(died, len(keys))
	dead.Live = revoked.Live
	if !revoked.At.IsZero() && revoked.At.Before(found.At) {
		found.Name = "Seen again" // an earlier run found it and revoked
	}
	found.Doubt = keys[0].state() == stateUnknown || keys[0].state() == stateNotAsked
	return inOrder(first, found, revoked, dead)
}

// exposedKeys are the keys that are or were active; where there are none, those of which that is not known.
func exposedKeys(keys []*key) []*key {
	var active, open []*key
	for _, k := range keys {
		switch k.state() {
		case stateLive, stateDead:
			active = append(active, k)
		case stateUnknown, stateNotAsked:
			open = append(open, k)
		}
	}
	if len(active) > 0 {
		return active
	}
	return open
}

// later moves t forward to u; it returns 1 when u is a time.
func later(t *time.Time, u time.Time) int {
	if u.IsZero() {
		return 0
	}
	if u.After(*t) {
		*t = u
	}
	return 1
}

// partly takes back a stop that not all keys have reached.
func (p *stop) partly(reached, all int) {
	if reached > 0 && reached < all {
		p.At, p.Note = time.Time{}, itoa(reached)+" of "+itoa(all)+" so far"
	}
}

// inOrder puts stops in the order of their times; what is not known keeps its place beside its neighbours.
func inOrder(stops ...stop) []stop {
	for i := 1; i < len(stops); i++ {
		for j := i; j > 0 && !stops[j].At.IsZero() && stops[j].At.Before(stops[j-1].At); j-- {
			stops[j], stops[j-1] = stops[j-1], stops[j]
		}
	}
	return stops
}

// drawing is a time line with its coordinates, which the page's template turns into SVG.
type drawing struct {
	Width, Height int
	Upright       bool
	Marks         []mark
	Bars          []bar
	// Text says the same for who does not see it.
	Text string
}

// mark is a stop in its place: a dot, and three lines of text from TX, TY on.
type mark struct {
	X, Y, TX, TY     int
	Known            bool
	Name, Date, Time string
}

// bar is the time between two stops: Class is what the key was, Label how long.
type bar struct {
	X1, Y1, X2, Y2, LX, LY int
	Class, Label           string
}

// The sizes of drawings, in units that are pixels at full size. A stop's text is at most 150 wide and 44 high.
const (
	flatWidth, flatHeight, flatEdge, flatGap = 960, 104, 80, 160
	uprightWidth, uprightEdge, uprightGap    = 320, 22, 76
)

// flat draws stops from left to right, for wide pages and paper.
func flat(stops []stop) drawing {
	d := drawing{Width: flatWidth, Height: flatHeight, Text: inWords(stops)}
	at := spread(stops, flatWidth-2*flatEdge, flatGap)
	for i, s := range stops {
		x := flatEdge + at[i]
		d.Marks = append(d.Marks, s.mark(x, 38, x, 62))
		if i > 0 {
			before := d.Marks[i-1].X
			d.Bars = append(d.Bars, bar{before, 38, x, 38, (before + x) / 2, 24, class(stops[i-1], s), between(stops[i-1], s)})
		}
	}
	return d
}

// upright draws stops from top to bottom, for narrow pages.
func upright(stops []stop) drawing {
	length := (len(stops) - 1) * uprightGap
	d := drawing{Width: uprightWidth, Height: length + 2*uprightEdge + 10, Upright: true, Text: inWords(stops)}
	at := spread(stops, length, uprightGap)
	for i, s := range stops {
		y := uprightEdge + at[i]
		d.Marks = append(d.Marks, s.mark(14, y, 34, y+5))
		if i > 0 {
			before := d.Marks[i-1].Y
			d.Bars = append(d.Bars, bar{14, before, 14, y, 34, (before+y)/2 + 14, class(stops[i-1], s), between(stops[i-1], s)})
		}
	}
	return d
}

func (p stop) mark(x, y, tx, ty int) mark {
	m := mark{X: x, Y: y, TX: tx, TY: ty, Name: p.Name, Date: p.Note}
	if !p.At.IsZero() {
		m.Known, m.Date, m.Time = true, day(p.At), clock(p.At)+" UTC"
	}
	return m
}

// spread says how far from the first stop each one stands, of length in all. Neighbours are at least least apart, so that
// their texts do not touch; the rest of the length goes to each gap by the logarithm of its time, since forty days of
// exposure and eight seconds of dying are to be seen in one picture.
func spread(stops []stop, length, least int) []int {
	weights, sum := make([]float64, len(stops)), 0.0
	for i := 1; i < len(stops); i++ {
		if a, b := stops[i-1].At, stops[i].At; !a.IsZero() && b.After(a) {
			weights[i] = math.Log1p(b.Sub(a).Seconds())
			sum += weights[i]
		}
	}
	free := float64(length - least*(len(stops)-1))
	at := make([]int, len(stops))
	for i := 1; i < len(stops); i++ {
		share := free / float64(len(stops)-1)
		if sum > 0 {
			share = free * weights[i] / sum
		}
		at[i] = at[i-1] + least + int(share)
	}
	return at
}

// class is what the key was between two stops: alive, ordered (alive after the order to revoke), over (dead), live (and no end
// in sight), doubt (nobody was asked) or unreached.
func class(from, to stop) string {
	switch {
	case to.At.IsZero() && to.Live:
		return "live"
	case to.At.IsZero():
		return "unreached"
	case to.Doubt:
		return "doubt"
	case from.Name == "Revoked":
		return "ordered"
	case from.Name == "Confirmed dead":
		return "over"
	}
	return "alive"
}

// between is how long it took from one stop to the next; "" when that is not known.
func between(from, to stop) string {
	switch {
	case to.At.IsZero() && to.Live && !from.At.IsZero():
		return "still live"
	case from.At.IsZero() || to.At.IsZero():
		return ""
	}
	return span(to.At.Sub(from.At))
}

// inWords is a time line as a sentence.
func inWords(stops []stop) string {
	var all []string
	for _, s := range stops {
		when := s.Note
		if !s.At.IsZero() {
			when = stamp(s.At)
		}
		all = append(all, s.Name+": "+when)
	}
	return strings.Join(all, "; ") + "."
}
