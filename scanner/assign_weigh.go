package scanner

import (
	"encoding/base64"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quash-sh/quash/rules"
)

// literal judges a literal by its name, its looks and its place; false means that it is no key at all.
func (j *judgement) literal(a assigned) bool {
	var conf rules.Confidence
	var why []string
	switch looks := rules.LookAt(a.value); a.kind {
	case rules.LiteralPassword, rules.LiteralSecret:
		conf, why = a.weigh(looks)
		if made := a.madeUp(looks); made != "" && conf != "" {
			conf, why = rules.Low, append(why, made)
		}
	case rules.LiteralAddress:
		conf, why = a.weighAddress(looks)
	case rules.LiteralBasic:
		conf, why = a.weighBasic()
	case rules.LiteralHeader:
		conf, why = a.weighHeader(looks)
	case rules.LiteralSQL:
		conf, why = a.weighSQL(looks)
	case rules.LiteralLogin:
		conf, why = a.weighLogin(looks)
	case rules.LiteralRandom:
		conf, why = a.weighRandom(looks)
	default:
		conf, why = a.weighCommand(looks)
	}
	if conf == "" {
		return false
	}
	if j.documented || strings.Contains(strings.ToLower(a.path), strings.ToLower(a.value)) {
		conf = rules.Low
	}
	j.confidence = conf
	for _, reason := range why {
		if !slices.Contains(j.reasons, reason) {
			j.reasons = append(j.reasons, reason)
		}
	}
	return true
}

// weigh says how likely a literal given to a name is a key, "" for not at all.
func (a assigned) weigh(v rules.Value) (rules.Confidence, []string) {
	why := a.reasons("given to "+a.name, v)
	password := a.kind == rules.LiteralPassword
	switch {
	case v.Kind == rules.Reference || !a.quoted() && (strings.HasSuffix(a.value, ":") || settingForm.MatchString(a.value)):
		return "", nil
	case password && a.shipped(v):
		return rules.Medium, append(why, "what is delivered is often in use")
	case v.Kind == rules.StandIn, v.Kind == rules.Hash, sameWords(a.name, a.value):
		return rules.Low, why
	case v.Kind == rules.Place:
		if v.Why == rules.UUID && !password && !vague(a.name) {
			return rules.Medium, why
		}
		return rules.Low, why
	case translated(a.path):
		return rules.Low, why
	case v.Wrapped && v.Kind != rules.Random && a.ofSecret():
		return rules.Medium, append(why, "as the secrets of a cluster are written")
	case password && a.weak():
		return rules.Low, why
	case v.Kind == rules.Random:
		if !password && (v.Bits < secretBits || vague(a.name) && v.Bits < vagueBits) {
			return rules.Low, why
		}
		return rules.Medium, why
	case v.Kind == rules.Chosen && password && v.Signs && !codeLike(a.value):
		return rules.Medium, why
	case v.Kind == rules.Words && v.Why != rules.NotASCII && password && (a.configures() && plain(a.value) && !a.listed() || a.exported() && naming(a.value)):
		return rules.Medium, why
	case password && a.picked(v):
		return rules.Medium, append(why, "a word of one's own, given to a password")
	}
	return rules.Low, why
}

// ofSecret reports a value of a manifest, in which the secrets of Kubernetes stand in base64.
func (a assigned) ofSecret() bool {
	ext := path.Ext(a.path)
	return (ext == ".yml" || ext == ".yaml") && !a.placed() && strings.HasPrefix(a.gap, ":") && !commented(a.before)
}

// sameWords reports a value that repeats its name, as a constant that names a field does.
func sameWords(name, value string) bool {
	n, v := strings.Join(nameWords(name), ""), strings.Join(nameWords(value), "")
	return strings.HasSuffix(n, v) || strings.HasSuffix(v, n) || len(v) > 3 && slices.Contains(nameWords(name), v)
}

// The least bits of what is taken for a secret by its randomness alone, and under a vague name.
const (
	secretBits = 40
	vagueBits  = 90
)

// settingForm is another setting where the value of one is missing.
var settingForm = regexp.MustCompile(`^[A-Z_]{3,}=`)

// vague reports a name that is given to much else than keys: programs give small seeds to dice and keys to maps.
func vague(name string) bool {
	low := strings.ToLower(name)
	return strings.HasSuffix(low, "seed") || low == "key"
}

// codeLike reports a piece of a program.
func codeLike(v string) bool {
	return strings.Count(v, "(")+strings.Count(v, ")")+strings.Count(v, "[")+strings.Count(v, ";")+strings.Count(v, ",")+strings.Count(v, "|") > 1 || strings.HasPrefix(v, "*")
}

// listed reports a word that others follow, as in a list of what to look a password up in.
func (a assigned) listed() bool {
	rest := strings.TrimLeft(a.after, " \t")
	return strings.Contains(a.gap, ":") && !a.quoted() && len(rest) < len(a.after) && rest != "" && letter(rune(rest[0]|0x20)) > 0 && !strings.Contains(rest, "=")
}

// plain reports a word that names nothing in a program.
func plain(v string) bool { return len(v) >= 5 && !strings.ContainsAny(v, "./:*%=#_") }

// weighAddress judges the password of an address.
func (a assigned) weighAddress(v rules.Value) (rules.Confidence, []string) {
	why := a.reasons("in an address", v)
	user := strings.TrimPrefix(a.gap, "://")
	user, _, _ = strings.Cut(user, ":")
	switch {
	case v.Kind == rules.Reference || strings.ContainsAny(a.value, "{}$*") && v.Kind != rules.Random:
		return "", nil
	case a.own(user, v):
		return rules.Medium, why
	case v.Kind == rules.StandIn || v.Kind == rules.Place || v.Kind != rules.Random && (exampleHost(a.after) || anyWord(a.value, showWords)) || strings.EqualFold(user, "user") && strings.HasPrefix(strings.ToLower(a.value), "pass"):
		return rules.Low, why
	case weakWord(decoded(a.value)) && (v.Kind == rules.Words || !a.configures()), v.Kind == rules.Words && strings.EqualFold(user, a.value), sameStem(user, a.value):
		return rules.Low, why
	}
	return rules.Medium, why
}

// own reports a password of an address that says as little as a stand-in does, and is in use all the same: the name of an account that is
// no usual one, what software is delivered with, and a weak word, on a machine near by.
func (a assigned) own(user string, v rules.Value) bool {
	ext := strings.ToLower(path.Ext(a.path))
	if proseTypes[strings.TrimPrefix(ext, ".")] || handedOut[ext] || commented(a.before) || exampleHost(a.after) {
		return false
	}
	switch {
	case v.Kind == rules.Words && user == a.value:
		return !weakWord(user)
	case v.Why == "the word changeme" || v.Why == "the word _secret":
		return !weakWord(user) && (strings.HasPrefix(a.after, "@127.") || strings.HasPrefix(a.after, "@localhost"))
	}
	return v.Kind == rules.Words && nearBy.MatchString(a.after) && a.signsIn(user)
}

// nearBy is the host of an address on the machine itself, or one that the program puts in, with its port.
var nearBy = regexp.MustCompile(`^@(?:(?:127\.[0-9.]+|localhost):(?:[0-9]|%[dsv]|\$\{)|%[sv]:%[dsv])`)

// signsIn reports a weak word that is the password of an account with a name of its own, or of the account that settings name.
func (a assigned) signsIn(user string) bool {
	switch {
	case len(a.value) < 4 || a.value == strings.ToUpper(a.value) || a.shows() || anyWord(user, showWords) || anyWord(a.value, showWords) || sameStem(user, a.value):
		return false
	case weakWord(user):
		return a.configures() && dataFile(a.path) && user != "" && !strings.Contains(strings.ToLower(user), "user")
	}
	return true
}

// decoded is a password of an address as it is (RFC 3986 section 2.1).
func decoded(v string) string {
	if plain, err := url.PathUnescape(v); err == nil {
		return plain
	}
	return v
}

// weighBasic judges the credentials of a Basic header.
func (a assigned) weighBasic() (rules.Confidence, []string) {
	data, err := base64.StdEncoding.DecodeString(pad(a.value))
	if err != nil {
		return "", nil
	}
	user, password, ok := strings.Cut(string(data), ":")
	if !ok || password == "" || strings.IndexFunc(string(data), func(r rune) bool { return r < ' ' || r == utf8.RuneError }) >= 0 {
		return "", nil
	}
	v := rules.LookAt(password)
	why := a.reasons("decodes to a user and a password", v)
	if v.Kind == rules.Reference || v.Kind == rules.StandIn && a.placed() || v.Kind == rules.Words && (user == "" || a.placed() && (fixtureOf(a.path) || !dataFile(a.path) && weakWord(user))) {
		return rules.Low, why
	}
	return rules.Medium, why
}

// exampleHost reports an address on a host that stands for none (RFC 2606). People who hide where a key belongs write such a host too,
// so that it says nothing of what a machine has made.
func exampleHost(after string) bool {
	host := strings.TrimPrefix(after, "@")
	if i := strings.IndexAny(host, "/:?#\"'` \n\r<>)"); i >= 0 {
		host = host[:i]
	}
	host = strings.ToLower(host)
	for _, h := range [...]string{"example.com", "example.org", "example.net", ".example", ".invalid", ".test", "foo.com", "host", "hostname", "server", "acme.com"} {
		if host == strings.TrimPrefix(h, ".") || strings.HasSuffix(host, h) && h[0] == '.' || strings.HasSuffix(host, "."+h) {
			return true
		}
	}
	return false
}

func pad(s string) string {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	return s + strings.Repeat("=", (4-len(s)%4)%4)
}

// weighHeader judges what a header carries: tokens that machines make.
func (a assigned) weighHeader(v rules.Value) (rules.Confidence, []string) {
	why := a.reasons("in an authorization header", v)
	switch {
	case v.Kind == rules.Reference || strings.HasSuffix(a.value, "=") && (strings.HasPrefix(a.after, `"`) || a.after != "" && letter(rune(a.after[0]|0x20)) > 0): // a parameter of a challenge
		return "", nil
	case v.Kind == rules.Random:
		return rules.Medium, why
	}
	return rules.Low, why
}

// weighSQL judges the password of an SQL statement.
func (a assigned) weighSQL(v rules.Value) (rules.Confidence, []string) {
	low := strings.ToLower(a.before + a.name + a.gap)
	if !strings.Contains(low, "identified") && !strings.Contains(low, "user ") && !strings.Contains(low, "role ") && !strings.Contains(low, "login ") {
		return "", nil
	}
	why := a.reasons("in an SQL statement", v)
	switch {
	case v.Kind == rules.Reference:
		return "", nil
	case v.Kind == rules.StandIn || v.Kind == rules.Hash || v.Kind == rules.Words && (weakWord(a.value) && !(a.configures() && dataFile(a.path)) || a.placed() || v.Why == rules.NotASCII):
		return rules.Low, why
	}
	return rules.Medium, why
}

// weighCommand judges a password on a command line.
func (a assigned) weighCommand(v rules.Value) (rules.Confidence, []string) {
	why := a.reasons("on a command line", v)
	switch {
	case v.Kind == rules.Reference:
		return "", nil
	case v.Kind == rules.Random || v.Kind == rules.Chosen && !a.placed():
		return rules.Medium, why
	}
	return rules.Low, why
}

// weighLogin judges a password that a call or a line of a server's configuration signs in with.
func (a assigned) weighLogin(v rules.Value) (rules.Confidence, []string) {
	why := a.reasons("beside what signs in with it", v)
	switch {
	case v.Kind == rules.Reference:
		return "", nil
	case v.Kind == rules.Random, v.Kind == rules.Chosen && v.Signs && !a.placed() && !codeLike(a.value) && !weakWord(a.value),
		v.Kind == rules.Words && a.configures() && plain(a.value) && !weakWord(a.value) && !commented(a.before) && strings.TrimSpace(a.after) == "" && !strings.Contains(a.gap, "is"):
		return rules.Medium, why
	}
	return rules.Low, why
}

// weighRandom judges a value that only its looks can tell from others in such a place.
func (a assigned) weighRandom(v rules.Value) (rules.Confidence, []string) {
	why := a.reasons("where a key is told or used", v)
	switch {
	case v.Kind == rules.Reference:
		return "", nil
	case v.Kind == rules.Random && v.Bits >= secretBits && !(a.placed() && language(a.path) == programFile && strings.Contains(a.gap, "(")): // a call of a test works with any key
		return rules.Medium, why
	}
	return rules.Low, why
}

func (a assigned) reasons(where string, v rules.Value) []string {
	why := []string{where, v.Why}
	if place := placeOf(a.path); place != "" {
		why = append(why, place)
	}
	return why
}

// configures reports a file that a program reads its settings from, and a script that starts one: there even a weak word is the password.
func (a assigned) configures() bool {
	return (dataFile(a.path) || language(a.path) == settingsFile) && !a.placed()
}

// exported reports a variable of the environment that a program is given its password in, MYSQL_ROOT_PASSWORD: whatever it holds there
// is the password, however weak.
func (a assigned) exported() bool {
	words := nameWords(a.name)
	return len(words) > 1 && a.name == strings.ToUpper(a.name) && passwordWord(words[len(words)-1]) &&
		language(a.path) != programFile && !a.placed() && !commented(a.before) && !anyWord(a.name, showWords)
}

// weak reports a password that says no more than that one stands here, unless the place shows that it is the password all the same.
func (a assigned) weak() bool {
	return weakWord(a.value) && !(a.configures() && (!kindWords[strings.ToLower(a.value)] || a.exported() && naming(a.value)))
}

// naming reports a word that could be in use, rather than one that names what belongs in its place.
func naming(v string) bool {
	low := strings.ToLower(v)
	return len(v) >= 4 && !strings.ContainsAny(v, "./:*%=#_") && strings.Trim(low, "x") != "" && low != "token"
}

// placed reports a path whose keys are likely made up.
func (a assigned) placed() bool { return placeOf(a.path) != "" }
