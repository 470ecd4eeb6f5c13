package rules

import (
	"fmt"
	"slices"
	"strings"
)

// templateName is what may stand between {{ and }}.
var templateName = form(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// Expand replaces each {{NAME}} of a template by its value. The text around it stays as it is; values go through escape,
// which makes them fit the place (path, query, JSON string). An unknown name and an open {{ are errors that name it; no
// error holds a value.
func Expand(tmpl string, value func(name string) (string, bool), escape func(string) string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(tmpl, "{{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed || !templateName().MatchString(name) {
			return "", fmt.Errorf("template: {{%s is no {{NAME}}", firstWord(rest))
		}
		v, ok := value(name)
		if !ok {
			return "", fmt.Errorf("template: {{%s}}: nothing of that name is known here", name)
		}
		out.WriteString(escape(v))
		tmpl = after
	}
}

// firstWord is the beginning of a text, short enough for an error.
func firstWord(s string) string {
	if i := strings.IndexAny(s, " \n\"}"); i >= 0 {
		s = s[:i]
	}
	return s[:min(len(s), 20)]
}

// TemplateNames lists the names that a template uses, sorted, each once. What is not well-formed is left out.
func TemplateNames(tmpl string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(tmpl, "{{")
		name, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			slices.Sort(names)
			return slices.Compact(names)
		}
		if templateName().MatchString(name) {
			names = append(names, name)
		}
		tmpl = after
	}
}

// verbatim is the escape for text that is no part of a request.
func verbatim(s string) string { return s }
