package scanner

import (
	"slices"
	"strings"

	"github.com/quash-sh/quash/rules"
)

// madeUp says why a literal that looks like a key was likely written for show, or "".
func (a assigned) madeUp(v rules.Value) string {
	random := v.Kind == rules.Random || v.Kind == rules.Place
	if a.kind == rules.LiteralPassword && (documents(a.path) || fixtureOf(a.path)) {
		random = random && !weakWord(spelled.Replace(strings.ToLower(a.value)))
	}
	if a.kind == rules.LiteralPassword && (a.picked(v) || v.Kind == rules.StandIn && a.shipped(v)) {
		return ""
	}
	random = random || a.kind == rules.LiteralPassword && a.thoughtOf(v)
	words := nameWords(a.name)
	if strings.HasPrefix(a.gap, "(") { // whose the call is says nothing of the key
		words = nameWords(a.name[strings.LastIndexByte(a.name, '.')+1:])
	}
	switch {
	case a.placed() && a.shows() && !(a.kind == rules.LiteralPassword && (v.Kind == rules.Random || v.Signs && !weakWord(a.value))):
		return "named as one of a test"
	case a.placed() && a.kind == rules.LiteralSecret && random && !dataFile(a.path) && language(a.path) == programFile && nobodys(words, a.keyed() && v.Kind == rules.Random):
		return "a name of a test that says nothing of whose it is"
	case a.placed() && slices.ContainsFunc(strings.Split(strings.ToLower(a.path), "/"), func(seg string) bool { return seg == "dummy" || seg == "fake" }):
		return "in the dummy of a test"
	case a.placed() && a.kind == rules.LiteralPassword && !random && (language(a.path) != programFile || strings.Contains(strings.ToLower(a.value), "password")):
		return "a password of a test"
	case !random && documents(a.path):
		return "in prose"
	case language(a.path) == programFile && commented(a.before) && (!random || displayed(a.before)):
		return "in a comment"
	}
	return ""
}

// nobodys reports a name of a key that does not say what the key opens, or that says it signs what the program itself hands out: in a
// test that is nobody's. A random value of a data key is the recording of what an issuer has answered.
func nobodys(words []string, recorded bool) bool {
	return !recorded && len(words) == 1 && plainNames[words[0]] || ownNames[strings.Join(words[max(0, len(words)-3):], " ")] || ownNames[strings.Join(words[max(0, len(words)-2):], " ")]
}

// displayed reports a line of a comment that is set in, as examples of use are.
func displayed(before string) bool {
	line := strings.TrimLeft(strings.TrimLeft(before, " \t"), "#/*-;")
	return strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")
}

// shows reports a name, or one shortly before it on its line, that says that its value is there to be compared with.
func (a assigned) shows() bool {
	tail := a.before[max(0, len(a.before)-nameReach):] + a.name
	return slices.ContainsFunc(strings.FieldsFunc(tail, func(r rune) bool { return r >= 0x80 || !nameByte(byte(r)) }), func(name string) bool {
		return anyWord(name, showWords)
	})
}

var (
	// showWords are the words of such names.
	showWords = set(`test tests testing mock mocked fake dummy sample example expected expect want actual got wrong bad good invalid stub
		fixture other another`)
	// plainNames are what a key is called that is nobody's.
	plainNames = set(`token secret key seed ticket credential`)
	// ownNames are what the keys are called that an application signs its own sessions with.
	ownNames = map[string]bool{"secret key base": true, "session secret": true, "cookie secret": true}
)

// commented reports a line of a program that is a comment up to here.
func commented(before string) bool {
	line := strings.TrimLeft(before, " \t")
	if strings.HasPrefix(line, "#define") {
		return false
	}
	for _, mark := range [...]string{"#", "//", "*", "/*", "--", "<!--", ";"} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}

// sameStem reports a user and a password that are one name with two endings: appuser and apppass.
func sameStem(user, password string) bool {
	u, p := stem(user, "username", "user", "login"), stem(password, "password", "passwd", "pass", "pwd")
	return u == p && u != strings.ToLower(user) && p != strings.ToLower(password)
}

// stem is a name in lower case without the first of the words that it holds.
func stem(name string, words ...string) string {
	low := strings.ToLower(name)
	for _, w := range words {
		if strings.Contains(low, w) {
			return strings.Replace(low, w, "", 1)
		}
	}
	return low
}
