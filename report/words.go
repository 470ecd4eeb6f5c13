package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

// count is a number with its noun: "1 key", "1,204 commits".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// pick is the form of a word that goes with a number.
func pick(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// counted is a number with its noun, which is given in the plural as sources count: "1 branch", "8 branches".
func counted(n int, nouns string) string { return count(n, singular(nouns), nouns) }

// singular is one of what a plural noun names. What does not look like a plural stays.
func singular(nouns string) string {
	for _, end := range [...]struct{ many, one string }{{"ies", "y"}, {"ches", "ch"}, {"shes", "sh"}, {"xes", "x"}, {"ss", "ss"}, {"s", ""}} {
		if stem, ok := strings.CutSuffix(nouns, end.many); ok {
			return stem + end.one
		}
	}
	return nouns
}

// thousands writes a number with its thousands apart.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// ordinal is "first", "second", "third", "4th" …
func ordinal(n int) string {
	if words := [...]string{"", "first", "second", "third"}; n >= 0 && n < len(words) {
		return words[n]
	}
	end := "th"
	if n/10%10 != 1 && n%10 <= 3 {
		end = [...]string{"th", "st", "nd", "rd"}[n%10]
	}
	return itoa(n) + end
}

// span is a duration as people say it.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return "under 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// The forms of a time. All are UTC; stamp says so.
func clock(t time.Time) string  { return t.UTC().Format("15:04:05") }
func day(t time.Time) string    { return t.UTC().Format(time.DateOnly) }
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
func stamp(t time.Time) string  { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// list joins the first n of many.
func list(all []string, n int) string {
	if len(all) <= n {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:n], ", ") + " and " + count(len(all)-n, "more", "more")
}

func short(commit string) string { return commit[:min(len(commit), 8)] }

// spaced is a name of the stream as words: key_id, dead_on_arrival.
func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

// shell is a word as a shell reads it back: quoted where it has to be.
func shell(word string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("_-./:@%+=,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
