package scanner

import (
	"path"
	"regexp"
	"strings"

	"github.com/quash-sh/quash/rules"
)

// leastWord is the least length in bytes of a word that is taken for a password where the place alone speaks for it.
const leastWord = 5

// pairs reports a quoted value that is given to the name by a sign alone: no call reads it and nothing is compared with it.
func (a assigned) pairs() bool {
	if !a.quoted() {
		return false
	}
	sign := strings.Trim(strings.TrimRight(a.gap, "@bBuUrRfFL\\\"'`"), " \t\\\"'`")
	switch strings.TrimSpace(strings.TrimPrefix(sign, "]")) {
	case ":", "=", "=>", ":=", ": string =", ": String =":
		return true
	}
	return false
}

// argument reports a value that a call is given by name: open("x", password="y"), in Ruby also without the brackets.
func (a assigned) argument() bool {
	depth := 0
	for i := len(a.before) - 1; i >= 0; i-- {
		switch a.before[i] {
		case ')', '}', ']':
			depth++
		case '(', '{', '[':
			if depth--; depth < 0 {
				return a.before[i] == '('
			}
		}
	}
	return strings.HasPrefix(strings.TrimLeft(a.after, "\\\"'` "), ")") || commandForm.MatchString(a.before)
}

// commandForm is a call of Ruby without brackets up to one of its named arguments that is not the first.
var commandForm = regexp.MustCompile(`^\s*[a-z_]+ (?:\w+: [^,]*, )+$`)

// keyed reports a name that is a key of data: one that a colon or an arrow gives its value to. Unquoted ones of Ruby are none, which are
// the arguments of its calls too.
func (a assigned) keyed() bool {
	gap := strings.TrimLeft(a.gap, `\`)
	sign := strings.TrimLeft(gap, "\"' \t")
	colon := strings.HasPrefix(sign, ":") && !strings.HasPrefix(sign, ":=")
	return (colon || strings.HasPrefix(sign, "=>")) && (sign != gap || strings.ToLower(path.Ext(a.path)) != ".rb")
}

// picked reports a password of a test that somebody thought of: a word, or a few, that tell of no password and that no test is about.
// In the programs and settings of tests such a word signs in somewhere as often as not; elsewhere programs name much else so.
func (a assigned) picked(v rules.Value) bool {
	words := v.Kind == rules.Words && v.Why != rules.NotASCII || v.Kind == rules.Chosen && !v.Signs
	if !words || !a.placed() || fixtureOf(a.path) && !dataFile(a.path) || !a.wordOfOnesOwn() {
		return false
	}
	if language(a.path) == programFile {
		return a.pairs() && !a.argument() && !commented(a.before) && !a.shows()
	}
	return dataFile(a.path) && !strings.Contains(strings.ToLower(a.value), "pass") && !a.shows() && !inString(a.before)
}

// wordOfOnesOwn reports a value that is neither what stands for a password nor what says how one is, nor the name of a constant.
func (a assigned) wordOfOnesOwn() bool {
	low := strings.ToLower(a.value)
	return len(low) >= leastWord && strings.Trim(low, "abcdefghijklmnopqrstuvwxyz_-") == "" && a.value != strings.ToUpper(a.value) &&
		!strings.Contains(low, "password") && !weakWord(low) && !anyWord(a.value, showWords) && !anyWord(a.value, howWords) && !sameWords(a.name, a.value)
}

// howWords say of a password how it is, or what is done to it.
var howWords = set(`correct incorrect right broken old new without plain hashed encrypted token secret field form name confirmation`)

// thoughtOf reports a password with digits or signs in settings that is none of the usual stand-ins: it is the password there, of a test or
// not.
func (a assigned) thoughtOf(v rules.Value) bool {
	return v.Kind == rules.Chosen && v.Signs && dataFile(a.path) && !weakWord(a.value) && !codeLike(a.value)
}

// shipped reports a password that is in force because nobody has changed it: a stand-in that settings and programs are delivered with.
func (a assigned) shipped(v rules.Value) bool {
	if language(a.path) == proseFile || commented(a.before) || a.shows() || handedOut[strings.ToLower(path.Ext(a.path))] {
		return false
	}
	settings := language(a.path) == settingsFile
	switch v.Why {
	case "the word changeme":
		return settings
	case "the word mypassword":
		return settings || a.pairs()
	}
	return a.value == "password" && settings && a.configures()
}

// handedOut are the endings of files that are there to be filled in.
var handedOut = map[string]bool{".example": true, ".sample": true, ".template": true, ".dist": true, ".tmpl": true, ".j2": true, ".tt": true}
