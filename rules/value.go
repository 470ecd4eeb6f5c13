package rules

import (
	"encoding/hex"
	"strings"
	"sync"
)

// Kind of a value, by what it shows by itself.
type ValueKind int

// The kinds of values, from what is no key at all to what is most likely one.
const (
	// Reference is no literal: a variable, a call, a template, a type, a word of the language.
	Reference ValueKind = iota
	// StandIn is written where a key would stand: "changeme", "xxxx", "your_key".
	StandIn
	// Place is a path, an address, a date, a version or a name of something.
	Place
	// Hash is a password's hash: it is not the password.
	Hash
	// Words consists of words, as a weak password does, and a label, and a message.
	Words
	// Chosen has words and something else besides, as passwords that people choose do.
	Chosen
	// Random is made of characters that do not follow from each other.
	Random
)

// Value is what a value shows by itself, without the name it was given to.
type Value struct {
	Kind ValueKind
	// Why says in words how the kind is known. It holds no character of the value.
	Why string
	// Bits is how much the value says: the sum over its characters of how surprising each is after those before it. A word has
	// 3 to 4 bits per letter, a random one of base64 6.
	Bits float64
	// Signs says that it has digits or symbols.
	Signs bool
	// Wrapped says that it is the base64 of a text, which is what was looked at.
	Wrapped bool
}

// UUID is the Why of a value that is one: the name of something, or a token.
const UUID = "a UUID"

// pathWhy is the Why of a path.
const pathWhy = "a path"

// NotASCII is the Why of a value with characters in which no issuer writes keys, though a person may write a password.
const NotASCII = "not ASCII"

// Refers reports whether a value is no literal but refers to one: a variable, a call, a template. Its Kind is Reference.
func Refers(v string) bool { return reference(v) != "" }

// LookAt says what a value shows by itself.
func LookAt(v string) Value {
	if why := reference(v); why != "" {
		return Value{Kind: Reference, Why: why}
	}
	if mayHash(v) && hashForm().MatchString(v) {
		return Value{Kind: Hash, Why: "a password's hash"}
	}
	bits, mix := weigh(v)
	out := Value{Bits: bits, Signs: mix.digits+mix.symbols > 0}
	if out.Why = standIn(v); out.Why != "" {
		out.Kind = StandIn
		return out
	}
	random := mix.random(bits) || prefixed(v)
	if out.Why = placeForm(v); out.Why != "" && !(random && out.Why == pathWhy && base64Like(v)) {
		out.Kind = Place
		return out
	}
	switch {
	case beyondASCII(v):
		out.Kind, out.Why = Words, NotASCII
	case random:
		out.Kind, out.Why = Random, "random characters"
		if inner, ok := wrapped(v); ok {
			out.Kind, out.Why, out.Wrapped = inner.Kind, "base64 of a text: "+inner.Why, true
		}
	case mix.digits+mix.symbols+mix.switches > 0 && mix.n >= leastChosen:
		out.Kind, out.Why = Chosen, "words with digits or signs"
	default:
		out.Kind, out.Why = Words, "made of words"
	}
	return out
}

// leastHex is the least length of a part in hexadecimal that is a key by itself, whatever stands before it.
const leastHex = 16

// prefixed reports a random part in hexadecimal behind the sign of an issuer or the number of a key: sk-…, key_…, id:…. A digest says
// which one it is instead.
func prefixed(v string) bool {
	if len(v) < leastHex || !strings.ContainsAny(v, partSigns) {
		return false
	}
	found := false
	for part := range strings.FieldsFuncSeq(v, func(r rune) bool { return r < 0x80 && strings.IndexByte(partSigns, byte(r)) >= 0 }) {
		switch lower(part) {
		case "sha1", "sha256", "sha384", "sha512", "md5":
			return false
		}
		if len(part) >= leastHex {
			bits, mix := weigh(part)
			found = found || mix.hex && mix.random(bits)
		}
	}
	return found
}

// partSigns stand between the parts of a key.
const partSigns = "-_.:/~|"

// base64Like reports a value that could be base64: no path is as long and says as much without a sign that base64 has not.
func base64Like(v string) bool {
	return len(v) >= leastHex && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == ""
}

// wrapped looks at the text that a value is the base64 of.
func wrapped(v string) (Value, bool) {
	data, ok := decodeBase64(v)
	if !ok || len(data) < 6 {
		return Value{}, false
	}
	for _, c := range data {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return Value{}, false
		}
	}
	inner := LookAt(strings.TrimSpace(string(data)))
	if inner.Kind == Reference {
		inner.Kind = StandIn
	}
	return inner, true
}

// beyondASCII reports characters outside ASCII, in which no issuer writes keys.
func beyondASCII(v string) bool {
	return strings.IndexFunc(v, func(r rune) bool { return r > '~' }) >= 0
}

// leastChosen is the least length of what is taken for a chosen password.
const leastChosen = 5

// hashForm are the forms of password hashes that crypt(3), PHC strings, LDAP and frameworks use.
var hashForm = form(`^(?:\$(?:1|2[abxy]?|5|6|7|y|apr1|argon2(?:id|i|d)|scrypt|pbkdf2[a-z0-9-]*|bcrypt|P|S)\$|\{(?:SSHA|SHA|MD5|CRYPT|SMD5|bcrypt|noop|pbkdf2|cipher)[0-9]*\}|pbkdf2_sha|sha(?:1|256|384|512)[$:-]|md5[$:-]|phpass:|\*[0-9A-F]{40}$)`)

// mixture counts the characters of a value by class.
type mixture struct {
	n, lower, upper, digits, symbols, separators int
	// switches are the changes between small letters, capitals and digits that words do not make.
	switches int
	// surprise is the bits per letter of letters.
	surprise float64
	hex      bool
}

// The costs of what are no letters, in bits per character.
const (
	digitBits     = 3.3
	sequelBits    = 0.5
	symbolBits    = 4.5
	separatorBits = 1
	switchBits    = 1.5
)

// weigh is the bits of a value and its mixture.
func weigh(v string) (float64, mixture) {
	m := mixture{n: len(v), hex: true}
	surprise, letters := surprise(v)
	m.surprise = surprise
	bits := surprise * float64(letters)
	for i := range len(v) {
		c := v[i]
		switch {
		case 'a' <= c && c <= 'z':
			m.lower++
		case upper(c):
			m.upper++
		case '0' <= c && c <= '9':
			m.digits++
			if i > 0 && (c == v[i-1] || c == v[i-1]+1 || c == v[i-1]-1) {
				bits += sequelBits
			} else {
				bits += digitBits
			}
		case strings.IndexByte("-_. :/,", c) >= 0:
			m.separators++
			bits += separatorBits
		default:
			m.symbols++
			bits += symbolBits
		}
		m.hex = m.hex && ('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == '-')
		if i > 0 && switches(v[i-1], c) {
			m.switches++
			bits += switchBits
		}
	}
	return bits, m
}

// switches reports a change of class that words do not make: into a digit or out of one, and from a small letter to a capital
// (which names do make, so that they have some).
func switches(a, b byte) bool {
	return class(a) != class(b) && class(a) != 0 && class(b) != 0 && !(upper(a) && class(b) == 1)
}

func class(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return 1
	case upper(c):
		return 2
	case '0' <= c && c <= '9':
		return 3
	}
	return 0
}

// What is taken for random: so many bits per character, and so many in all.
const (
	randomRate  = 4.3
	hexRate     = 3.0
	randomBits  = 34
	randomWords = 5.6
)

func (m mixture) random(bits float64) bool {
	rate := bits / float64(m.n)
	letters := m.lower + m.upper
	switch {
	case m.n < 7 || bits < randomBits:
		return false
	case m.hex && m.digits > 0 && letters > 0:
		return rate >= hexRate && m.switches*6 >= m.n
	case m.digits == 0 && m.symbols == 0 && m.switches <= 2:
		return m.surprise >= randomWords
	}
	return rate >= randomRate && (m.switches+m.symbols)*6 >= m.n || m.surprise >= randomWords
}

// reference says why a value is no literal, or "".
func reference(v string) string {
	low := lower(v)
	if languageWords[low] {
		return "a word of the language"
	}
	for _, mark := range [...]string{"${", "{{", "#{", "%(", "$(", "<%", "%{", "{%", "@{", "$["} {
		if strings.Contains(v, mark) {
			return "a template"
		}
	}
	if formatted(v) || underlined(v) {
		return "a template"
	}
	for _, mark := range [...]string{"process.env", "os.environ", "getenv", "env[", "environ[", "secrets.", "vars.", "import.meta"} {
		if strings.Contains(low, mark) {
			return "an expression"
		}
	}
	if mayVariable(v) && variableForm().MatchString(v) {
		return "a variable"
	}
	return ""
}

// formatted reports a value that a program puts others into: a verb of a format stands in it and what is around that is not random.
func formatted(v string) bool {
	rest := v
	for _, verb := range [...]string{"%s", "%v", "%d", "%q", "%w", "%@"} {
		rest = strings.ReplaceAll(rest, verb, "")
	}
	if rest == v {
		return false
	}
	bits, mix := weigh(rest)
	return rest == "" || !mix.random(bits)
}

// underlined reports the two lines by which names to be filled in are known, where what stands around them is not random.
func underlined(v string) bool {
	if !strings.Contains(v, "__") {
		return false
	}
	bits, mix := weigh(v)
	return !mix.random(bits)
}

// variableForm is what shells, batch files and template languages write for a variable, and arguments in messages.
var variableForm = form(`^(?:\$[A-Za-z_][A-Za-z0-9_.:>/-]*\$?|%[A-Za-z_][A-Za-z0-9_]*%?|\{[A-Za-z0-9_.:$ -]*\}|<[^>]*>?|\[[A-Za-z0-9_ -]*\]|@[A-Za-z_.]+@?|:[a-z_]+|&[a-z]+;?|!!?[a-zA-Z/]+|\*[a-z_]+|[A-Za-z_][\w.]*\(.*\)?|[A-Za-z_]\w*\[.*|\?+|=.*|-+|\.+|~|[{}()]+|--[a-z][a-z-]*=?|\.\$.*)$`)

var languageWords = wordSet(`
	true false null nil none undefined string str text int integer number bool boolean bytes byte char void object any auto yes no on
	off self this required optional default unset empty blank hidden submit button input varchar nvarchar const var let func function
	return static final public private import export nan void symbol array list map dict set type
`)

// standIn says which stand-in for a key a value is, or "".
func standIn(v string) string {
	if strings.Contains(v, "...") || strings.Contains(v, "…") {
		return "cut short"
	}
	low := lower(v)
	if standInStarts().meets(low) {
		for _, w := range standInWords {
			if strings.Contains(low, w) {
				return "the word " + w
			}
		}
	}
	if sequence(low) {
		return "a sequence of characters"
	}
	return ""
}

var standInWords = []string{
	"example", "placeholder", "changeme", "change_me", "change-me", "change_this", "changethis", "your_", "your-", "yourtoken", "yourkey",
	"yoursecret", "yourpass", "insert", "replace", "redacted", "dummy", "not_a_real", "notreal", "not-a-real", "not_real", "sample", "xxxx",
	"****", "....", "todo", "fixme", "lorem", "fake", "removed", "invalid", "<your", "-here", "_here", "enter_", "-goes-", "bogus",
	"mypassword", "my_password", "my-password", "mysecret", "my_secret", "my-secret", "mytoken", "my_token", "my-token", "my_key", "some_", "some-",
	"foobar", "foo_bar", "_token", "-token", "_secret", "-secret", "_password", "-password", "_key", "-key",
}

// starts are the first four bytes of words, as a set in which others may be too. A value is looked through for them once, whatever the number
// of words.
type starts [1 << (startBits - 6)]uint64

// startBits is the logarithm of how many numbers starts are told apart by.
const startBits = 14

// standInStarts are those of the words for stand-ins, none of which is shorter.
var standInStarts = sync.OnceValue(func() *starts {
	s := &starts{}
	for _, w := range standInWords {
		n := startOf(w)
		s[n/64] |= 1 << (n % 64)
	}
	return s
})

// startOf is a number for the first four bytes of a text.
func startOf(s string) uint32 {
	four := uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
	return four * 0x9e3779b1 >> (32 - startBits) // the golden ratio spreads what is alike
}

// meets reports whether one of the words may stand in a text.
func (s *starts) meets(text string) bool {
	for i := 0; i+4 <= len(text); i++ {
		if n := startOf(text[i:]); s[n/64]>>(n%64)&1 != 0 {
			return true
		}
	}
	return false
}

// sequence reports a value that hardly says anything: one character repeated, a run of the alphabet or of digits.
func sequence(low string) bool {
	if len(low) >= 4 && runs(low) || len(low) >= 16 && counts(low) || len(low) >= 6 && pairOnly(low) {
		return true
	}
	var letters, digits strings.Builder
	for _, c := range low {
		switch class(byte(c)) {
		case 1:
			letters.WriteRune(c)
		case 3:
			digits.WriteRune(c)
		}
	}
	return letters.Len()+digits.Len() == len(strings.TrimRight(low, "!@#$%^&*")) && digits.Len() > 2 && letters.Len() > 3 && runs(letters.String()) && runs(digits.String()) ||
		keyboard(low)
}

// counts reports bytes in hexadecimal that count up by one, or by one in each digit, as the keys of test vectors do.
func counts(low string) bool {
	data, err := hex.DecodeString(low)
	if err != nil {
		return false
	}
	steps := 0
	for i := 1; i < len(data); i++ {
		if d := data[i] - data[i-1]; d == 1 || d == 0x11 || d == 0x22 {
			steps++
		}
	}
	return steps*10 >= (len(data)-1)*9
}

// pairOnly reports a text of two characters, over and over.
func pairOnly(s string) bool {
	return strings.Trim(s, s[:2]) == ""
}

// runs reports a text whose characters follow each other in the alphabet, for the greater part.
func runs(s string) bool {
	steps := 0
	for i := 1; i < len(s); i++ {
		if d := int(s[i]) - int(s[i-1]); d >= -1 && d <= 1 {
			steps++
		}
	}
	return steps*10 >= (len(s)-1)*7
}

// keyboard reports a text of which most is rows of a keyboard.
func keyboard(low string) bool {
	covered := 0
	for i := 0; i+4 <= len(low); {
		n := 4
		if !strings.Contains(keyboardRows, low[i:i+n]) {
			i++
			continue
		}
		for i+n < len(low) && strings.Contains(keyboardRows, low[i:i+n+1]) {
			n++
		}
		covered += n
		i += n
	}
	return covered*10 >= len(low)*7
}

const keyboardRows = "qwertyuiop asdfghjkl zxcvbnm qwertz 1qaz2wsx3edc4rfv 1q2w3e4r5t6y q1w2e3r4t5y6 poiuytrewq lkjhgfdsa mnbvcxz asdfasdf"

// placeForm says why a value is the place or name of something, or "".
func placeForm(v string) string {
	switch {
	case strings.Contains(v, "://"):
		return "an address"
	case mayPath(v) && pathForm().MatchString(v):
		return pathWhy
	case mayName(v) && nameForm().MatchString(v):
		return "a name or version"
	case len(v) == uuidLength && uuidForm().MatchString(v):
		return UUID
	}
	return ""
}

var (
	pathForm = form(`^(?:[A-Za-z]:|~|\.{0,2})/[\w.@-]+(?:/|$)|^[\w@.-]+(?:/[\w@.-]+)*\.(?:js|ts|json|ya?ml|php|py|rb|go|java|txt|pem|key|crt|html?|xml|conf|cfg|ini|env|properties|sh|md|css|png|svg|jks|p12|pfx|keytab|sock)$`)
	nameForm = form(`^(?:[a-z][a-z0-9]*(?:[.:][a-z][a-z0-9_-]*){2,}|arn:.*|[~^<>=v]*[0-9]+(?:\.[0-9x*]+){1,3}(?:[-+.][\w.]*)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:[A-Z][a-z]+){0,6}(?:Exception|Error|Token|Password|Secret|Key|Provider|Service|Controller|Handler|Factory))$`)
	uuidForm = form(`^(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)
