package rules

import (
	"regexp"
	"strings"
	"sync"
)

// form is an expression that is compiled when it is first asked for: most runs check no rule, and meet no value that has to be held against it.
func form(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// Most values are of none of the forms that the expressions in value.go describe, and an expression takes a microsecond to say so. What
// stands here says it of most at a look: what may not be of a form is not.

// uuidLength is the length of a UUID in bytes.
const uuidLength = 36

// mayHash reports whether a value begins as hashForm does.
func mayHash(v string) bool {
	if v == "" {
		return false
	}
	switch v[0] {
	case '$', '{', '*':
		return true
	case 's':
		return strings.HasPrefix(v, "sha")
	case 'm':
		return strings.HasPrefix(v, "md5")
	case 'p':
		return strings.HasPrefix(v, "pbkdf2_sha") || strings.HasPrefix(v, "phpass:")
	}
	return false
}

// mayVariable reports whether a value begins as variableForm does, with a sign, or is a word with a bracket behind it.
func mayVariable(v string) bool {
	if v == "" {
		return false
	}
	if c := v[0]; class(c) == 1 || class(c) == 2 || c == '_' {
		return strings.IndexByte(v, '(') >= 0 || strings.IndexByte(v, '[') >= 0
	}
	return strings.IndexByte("$%{<[@:&!*?=-.~()}", v[0]) >= 0
}

// mayPath reports whether a value has what every path of pathForm has.
func mayPath(v string) bool { return strings.IndexByte(v, '/') >= 0 || strings.IndexByte(v, '.') >= 0 }

// mayName reports whether a value has what every one of nameForm has: a sign between its parts, the look of a date, or one of the words
// that types end with.
func mayName(v string) bool {
	if strings.ContainsAny(v, ".:@") || len(v) >= len("2006-01-02") && v[4] == '-' && v[7] == '-' {
		return true
	}
	for _, word := range [...]string{"Exception", "Error", "Token", "Password", "Secret", "Key", "Provider", "Service", "Controller", "Handler", "Factory"} {
		if strings.HasSuffix(v, word) {
			return true
		}
	}
	return false
}
