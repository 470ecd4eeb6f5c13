package revoker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Patterns are alternatives, in which * stands for any text and ? for one character. None at all matches everything. In YAML
// one pattern may stand without a list.
type Patterns []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (p *Patterns) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		var one string
		if err := n.Decode(&one); err != nil {
			return err
		}
		*p = Patterns{one}
		return nil
	}
	return n.Decode((*[]string)(p))
}

// match says whether one of the patterns fits the value; an empty value is "unknown".
func (p Patterns) match(value string) bool {
	if value == "" {
		value = "unknown"
	}
	return len(p) == 0 || slices.ContainsFunc(p, func(pattern string) bool { return fits(pattern, value) })
}

// fits matches a whole text against a pattern with * and ?. Its time is at most the product of the lengths.
func fits(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// Quiet are hours of the week.
type Quiet struct {
	// Zone is the time zone in which the windows are meant (IANA name). Required where there are windows.
	Zone    string        `yaml:"zone"`
	Windows []QuietWindow `yaml:"windows"`

	// zone is Zone, looked up by the loader.
	zone *time.Location
}

// QuietWindow is a span of hours on some days. One that ends before it begins goes on into the next day.
type QuietWindow struct {
	// Days are mon, tue, wed, thu, fri, sat, sun. None: every day.
	Days []string `yaml:"days"`
	// From and To are HH:MM, 00:00 to 24:00; To is not part of the window.
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// String is the window in words.
func (w QuietWindow) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s-%s", strings.Join(w.Days, ","), w.From, w.To))
}

// weekdays are the names of the days, in the order of time.Weekday.
var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// at returns the window that now is in. A window whose hours or zone cannot be read holds always: it fails closed.
func (q Quiet) at(now time.Time) (QuietWindow, bool) {
	zone := q.zone
	if zone == nil && len(q.Windows) > 0 {
		var err error
		if zone, err = time.LoadLocation(q.Zone); err != nil {
			return q.Windows[0], true
		}
	}
	for _, w := range q.Windows {
		if w.holds(now.In(zone)) {
			return w, true
		}
	}
	return QuietWindow{}, false
}

func (w QuietWindow) holds(now time.Time) bool {
	from, okFrom := minutes(w.From)
	to, okTo := minutes(w.To)
	if !okFrom || !okTo {
		return true
	}
	minute := now.Hour()*60 + now.Minute()
	if from < to {
		return w.on(now.Weekday()) && from <= minute && minute < to
	}
	return w.on(now.Weekday()) && minute >= from || w.on((now.Weekday()+6)%7) && minute < to
}

func (w QuietWindow) on(day time.Weekday) bool {
	return len(w.Days) == 0 || slices.Contains(w.Days, weekdays[day])
}

// minutes reads HH:MM.
func minutes(s string) (int, bool) {
	if s == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == len("15:04")
}
