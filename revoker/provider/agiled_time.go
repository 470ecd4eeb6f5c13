package provider

import (
	"time"

	"github.com/quash-sh/quash/revoker"
)

// Agiled does not document how records tell their times. Three ways are known from clients: ISO 8601 with a zone, date and
// time without a zone, and a date alone. What has no zone may be any of the world's local times, so a time is read as a
// span from the earliest to the latest moment that it can mean.
const (
	// aheadOfUTC and behindUTC are the greatest offsets of local times in use.
	aheadOfUTC, behindUTC = 14 * time.Hour, 12 * time.Hour
	// widestSpan is the longest that a span gets: a day in an unknown zone.
	widestSpan = 24*time.Hour + aheadOfUTC + behindUTC
)

// moment is a time as an issuer told it.
type moment struct {
	// told is the time read as UTC, for comparing times of one list with each other.
	told time.Time
	// early and late bound the moments that it can mean.
	early, late time.Time
}

// agiledLayouts are the known ways, and how far beyond told each may reach.
var agiledLayouts = [...]struct {
	layout        string
	before, after time.Duration
}{
	{time.RFC3339Nano, 0, 0},
	{"2006-01-02T15:04:05", aheadOfUTC, behindUTC},
	{time.DateTime, aheadOfUTC, behindUTC},
	{time.DateOnly, aheadOfUTC, behindUTC + 24*time.Hour},
}

// agiledTime reads a time; false when it is none that is known.
func agiledTime(s string) (moment, bool) {
	for _, l := range agiledLayouts {
		if t, err := time.Parse(l.layout, s); err == nil {
			t = t.UTC()
			return moment{told: t, early: t.Add(-l.before), late: t.Add(l.after)}, true
		}
	}
	return moment{}, false
}

// touches says whether the moment may lie in the window.
func (m moment) touches(w revoker.Window) bool { return !m.late.Before(w.From) && !m.early.After(w.To) }

// inside says whether it does for certain.
func (m moment) inside(w revoker.Window) bool { return !m.early.Before(w.From) && !m.late.After(w.To) }
