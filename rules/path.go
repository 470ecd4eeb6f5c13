package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A JSON path is a small subset of the usual notations: ".a.b[0].c", ."x-y" for names with other characters, [*] for all
// items of a list, "." for the whole document.

// allItems is the step [*].
type allItems struct{}

// parsePath reads a JSON path into steps: string for a name, int for an index, allItems.
func parsePath(path string) ([]any, error) {
	switch path {
	case "":
		return nil, errors.New("an empty path; write . for the whole document")
	case ".":
		return nil, nil
	}
	var steps []any
	for rest := path; rest != ""; {
		step, after, err := parseStep(rest)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", path, err)
		}
		steps = append(steps, step)
		rest = after
	}
	return steps, nil
}

func parseStep(s string) (step any, rest string, err error) {
	switch {
	case strings.HasPrefix(s, `."`):
		name, rest, closed := strings.Cut(s[2:], `"`)
		if !closed {
			return nil, "", errors.New("a name in quotes has no end")
		}
		return name, rest, nil
	case strings.HasPrefix(s, ".["):
		return parseStep(s[1:])
	case s[0] == '.':
		n := strings.IndexAny(s[1:], ".[") + 1
		if n == 0 {
			n = len(s)
		}
		if !plainName(s[1:n]) {
			return nil, "", fmt.Errorf("%q is no name; put other characters in quotes, .\"x-y\"", s[1:n])
		}
		return s[1:n], s[n:], nil
	case s[0] == '[':
		inner, rest, closed := strings.Cut(s[1:], "]")
		if inner == "*" && closed {
			return allItems{}, rest, nil
		}
		if i, err := strconv.Atoi(inner); closed && err == nil && i >= 0 {
			return i, rest, nil
		}
		return nil, "", errors.New("an index is written [0] or [*]")
	}
	return nil, "", errors.New("a step begins with . or [")
}

func plainName(s string) bool {
	for _, c := range s {
		if c != '_' && c != '$' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != ""
}

// lookup follows a path through a decoded document and returns every value that it reaches.
func lookup(doc any, steps []any) []any {
	values := []any{doc}
	for _, step := range steps {
		var next []any
		for _, v := range values {
			next = append(next, follow(v, step)...)
		}
		values = next
	}
	return values
}

func follow(v, step any) []any {
	switch step := step.(type) {
	case string:
		if object, ok := v.(map[string]any); ok {
			if value, ok := object[step]; ok {
				return []any{value}
			}
		}
	case int:
		if list, ok := v.([]any); ok && step < len(list) {
			return list[step : step+1]
		}
	case allItems:
		if list, ok := v.([]any); ok {
			return list
		}
	}
	return nil
}

// scalar writes a JSON scalar as text; ok is false for lists and objects.
func scalar(v any) (text string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "null", true
	case bool:
		return strconv.FormatBool(v), true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// joined writes the scalars among values, and of lists their scalars, as one text; nulls are left out.
func joined(values []any) (text string, ok bool) {
	var parts []string
	for _, v := range values {
		if list, isList := v.([]any); isList {
			for _, item := range list {
				if s, ok := scalar(item); ok && item != nil {
					parts = append(parts, s)
				}
			}
			continue
		}
		if s, ok := scalar(v); ok && v != nil {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", "), len(parts) > 0
}
