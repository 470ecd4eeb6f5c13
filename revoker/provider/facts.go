package provider

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

const (
	// maxFact is the longest fact that is kept, in bytes. What is longer is no name, id or list of scopes.
	maxFact = 1000
	// leastPart is the length from which a part of a key is looked for in what an issuer says. Shorter parts are words.
	leastPart = 6
)

// take adds what a reply tells to the scope. Secret captures are kept apart; a value that holds a part of the key is not
// kept at all, since facts are written down.
func (sc *scope) take(step *rules.Step, got reply) {
	for name, told := range step.Captured(got.Reply) {
		if slices.Contains(step.Secret, name) {
			sc.secret[name] = scanner.NewSecret(told)
			continue
		}
		value := normal(name, told)
		if value != "" && len(value) <= maxFact && !holdsKey(told, sc.finding) && !holdsKey(value, sc.finding) {
			sc.facts[name] = value
		}
	}
}

// holdsKey says whether a text holds a part of the key.
func holdsKey(text string, f scanner.Finding) bool {
	for _, part := range f.Parts {
		if part.Len() >= leastPart && strings.Contains(text, part.Reveal()) {
			return true
		}
	}
	return false
}

// normal writes a fact the way all providers' facts are written: times in RFC 3339 UTC, scopes as a list with commas, no
// control characters.
func normal(name, value string) string {
	value = strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, value))
	switch name {
	case "created", "expires", "last_used":
		return normalTime(value)
	case "scopes":
		return strings.Join(strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(` ,[]"`, c) }), ", ")
	}
	return value
}

// timeLayouts are how issuers write times.
var timeLayouts = [...]string{time.RFC3339Nano, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", time.DateTime, time.DateOnly}

// normalTime returns a time in RFC 3339 UTC, or the value as it is where it is none that we know.
func normalTime(value string) string {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC().Format(time.RFC3339)
		}
	}
	return value
}
