package records

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Layouts of times in exports, by what their first characters tell. Days stand before months where a layout is ambiguous:
// that is how Jira writes CSV by default.
var (
	isoLayouts = []string{ // 2026-
		"2006-01-02T15:04:05.999999999Z07:00", // RFC 3339
		"2006-01-02T15:04:05.999999999-0700",  // Jira REST
		"2006-01-02T15:04:05.999999999",
		"2006-01-02 15:04:05.999999999",
		"2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999 -0700",
		"2006-01-02 15:04:05.999999999 MST", // GitLab project export
		"2006-01-02 15:04",
		"2006-01-02",
	}
	weekdayLayouts = []string{ // Wed
		"Mon, _2 Jan 2006 15:04:05 -0700", // RFC 822 with four digits, as Jira XML has it
		"Mon, _2 Jan 2006 15:04:05 MST",
		"Mon Jan _2 15:04:05 MST 2006",
		"Mon Jan _2 2006 15:04:05 GMT-0700", // JavaScript, without the zone's name behind it
		"Jan _2, 2006 3:04 PM",
		"January _2, 2006 3:04 PM", // Notion
		"January _2, 2006",
	}
	dayLayouts = []string{ // 4
		"_2/Jan/06 3:04 PM", // Jira CSV
		"_2/Jan/06 15:04",
		"_2/Jan/2006 3:04 PM",
		"_2 January 2006, 3:04 PM", // Teams, of an exporter
		"_2 Jan 2006 15:04:05 -0700",
		"_2 Jan 06 15:04 -0700",
		"_2 Jan 06 15:04 MST",
	}
)

// longestTime bounds the texts that are tried.
const longestTime = 80

// parseTime reads a time as exports write it, or seconds, milli-, micro- or nanoseconds since 1970 between 2000 and 2100.
// A time without a zone is taken as UTC.
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if len(s) > longestTime {
		return time.Time{}, false
	}
	if s, _, _ = strings.Cut(s, " ("); len(s) < 8 {
		return time.Time{}, false
	}
	if t, ok := epoch(s); ok {
		return t, true
	}
	layouts := weekdayLayouts
	switch {
	case s[4] == '-':
		layouts = isoLayouts
	case s[0] <= '9':
		layouts = dayLayouts
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil && plausible(t) {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// epoch reads a count since 1970, with a fraction or without.
func epoch(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, false
	}
	var t time.Time
	switch len(whole) {
	case 9, 10:
		t = time.Unix(n, 0)
		if fraction != "" {
			nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
			t = t.Add(time.Duration(nanos))
		}
	case 12, 13:
		t = time.UnixMilli(n)
	case 15, 16:
		t = time.UnixMicro(n)
	case 18, 19:
		t = time.Unix(0, n)
	}
	return t.UTC(), plausible(t)
}

func plausible(t time.Time) bool { return t.Year() >= 1990 && t.Year() < 2100 }

// longestLink bounds the addresses that are read, in bytes. Times are shorter.
const longestLink = 500

// link returns the address of a record as a location may show it: http or https, without user, query and fragment, which
// may hold keys themselves. It returns nothing for anything else.
func link(b []byte) string {
	if len(b) > longestLink || keyLike(b) {
		return ""
	}
	u, err := url.Parse(string(bytes.TrimSpace(b)))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
