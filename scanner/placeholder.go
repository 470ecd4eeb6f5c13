package scanner

import (
	"strings"

	"github.com/quash-sh/quash/rules"
)

// placeholder says why a value is a stand-in for a key and not one, or "".
//
// A value is judged by its shape and by words that people write into examples. Words of four letters or fewer count only as a
// whole part of the value (between separators), since random text holds short words by chance, and not where another part is
// random: issuers put such words before their keys, "key-" or "test_".
//
// A block (PEM, OpenSSH, PGP) is not judged: its label holds words, and its structure is for the rule's checks.
func placeholder(value string) string {
	if strings.Contains(value, "-----BEGIN") || strings.Contains(value, "\n") {
		return ""
	}
	if why := templateVariable(value); why != "" {
		return why
	}
	if why := monotonous(value); why != "" {
		return why
	}
	low := strings.ToLower(value)
	for _, w := range exampleWords {
		if strings.Contains(low, w) {
			return "the word " + w
		}
	}
	word := ""
	for part := range strings.FieldsFuncSeq(value, separator) {
		switch _, ok := exampleParts[strings.ToLower(part)]; {
		case ok && word == "":
			word = "the word " + strings.ToLower(part)
		case !ok && len(part) >= leastRandom && says(part):
			return ""
		}
	}
	return word
}

// says reports a part that is random, or long and hardly made of words.
func says(part string) bool {
	v := rules.LookAt(part)
	return v.Kind == rules.Random || v.Bits >= vagueBits
}

// leastRandom is the length in bytes from which a random part of a value is the key, whatever word stands before it.
const leastRandom = 16

// exampleWords mark an example wherever they stand.
var exampleWords = []string{
	"example", "placeholder", "changeme", "change_me", "change-me", "your_", "your-", "yourtoken", "yourkey", "yoursecret",
	"insert", "replace", "redacted", "dummy", "notreal", "not-a-real", "sample", "xxxxx", "*****", ".....", "abcdefghij", "1234567890",
	"0123456789", "deadbeef", "lorem", "foobar",
}

// exampleParts mark an example when they are a whole part of the value.
var exampleParts = map[string]struct{}{
	"your": {}, "test": {}, "fake": {}, "todo": {}, "none": {}, "null": {}, "xxx": {}, "xxxx": {}, "foo": {}, "bar": {}, "here": {},
	"demo": {}, "mock": {}, "secret": {}, "token": {}, "password": {}, "key": {}, "undefined": {},
}

func separator(r rune) bool {
	return r == '_' || r == '-' || r == '.' || r == ' ' || r == '/' || r == ':'
}

// templateVariable recognises what a template engine, shell or language would fill in.
func templateVariable(v string) string {
	for _, pair := range [...][2]string{{"${", "}"}, {"{{", "}}"}, {"<", ">"}, {"%(", ")"}, {"$(", ")"}, {"#{", "}"}, {"%", "%"}, {"[", "]"}, {"{", "}"}} {
		if strings.HasPrefix(v, pair[0]) && strings.HasSuffix(v, pair[1]) && len(v) > len(pair[0]) {
			return "a variable"
		}
	}
	if strings.HasPrefix(v, "$") && len(v) > 1 && strings.Trim(v[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == "" {
		return "a variable"
	}
	for _, p := range [...]string{"process.env", "os.environ", "os.getenv", "getenv(", "env(", "secrets.", "vars.", "ENV["} {
		if strings.HasPrefix(v, p) {
			return "an expression"
		}
	}
	return ""
}

// monotonous recognises values made of hardly any different characters, and of one character repeated long.
func monotonous(v string) string {
	if len(v) < 8 {
		return ""
	}
	var seen [256]bool
	distinct, run, longest := 0, 0, 0
	for i := range len(v) {
		if !seen[v[i]] {
			seen[v[i]] = true
			distinct++
		}
		if i > 0 && v[i] == v[i-1] {
			run++
		} else {
			run = 1
		}
		longest = max(longest, run)
	}
	if distinct <= 3 {
		return "hardly any different characters"
	}
	if longest >= 8 || longest*2 > len(v) {
		return "one character repeated"
	}
	return ""
}
