package scanner

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/quash-sh/quash/rules"
)

// assigned is a literal and what stands around it, as far as that says whether it is a key.
type assigned struct {
	kind string // rules.LiteralPassword or LiteralSecret
	// name is the identifier that the literal is given to, gap what stands between the two.
	name, gap, value string
	// before is the line up to the name, after what follows the literal on its line, each cut.
	before, after string
	path          string
}

// Bounds of what is looked at around a match, in bytes.
const (
	nameReach  = 48
	lineBefore = 160
	lineAfter  = 64
	// gapReach is how far from a keyword the value that it names may open.
	gapReach = 120
)

// worth is the look before the expression of a rule for literals: it refuses most places where a keyword stands.
//
// Where it refuses, the first read bytes are enough to know; one more than there are says that the end of the text is too.
func worth(kind string, after []byte) (read int, ok bool) {
	switch kind {
	case rules.LiteralPassword, rules.LiteralSecret:
		return gives(after)
	case rules.LiteralAddress:
		return userinfo(after)
	}
	return 0, true
}

// userinfo reports whether an address may have a password: a colon and after it an @, before anything that ends its authority. It returns
// what worth does.
func userinfo(b []byte) (read int, ok bool) {
	all := len(b) + 1
	i := bytes.Index(b, []byte("://"))
	if i < 0 {
		return all, false
	}
	colon := false
	for i += len("://"); i < len(b); i++ {
		switch c := b[i]; {
		case c == '@':
			return i + 1, colon
		case c == ':':
			colon = true
		case c <= ' ' || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' || c == '\\' || c == '/':
			return i + 1, false
		}
	}
	return all, colon
}

// gives reports whether what follows a keyword can give a value to the name that the keyword is in. It is the look before the
// expression: most words of text are refused after a few bytes. It returns what worth does.
func gives(after []byte) (read int, ok bool) {
	i := 0
	if len(after) > 0 && after[0] == '"' {
		i = 1
	}
	all := len(after) + 1
	i = skip(after, i, 40, nameByte)
	if i == len(after) {
		return all, false
	}
	named := i
	if i < len(after) && after[i] == '[' { // of an array of characters
		i = skip(after, i+1, 4, digit)
	}
	i = skip(after, i, 6, closeByte)
	quoted := i > named
	j := skip(after, i, 40, blank)
	if j == len(after) {
		return all, false
	}
	switch c := after[j]; c {
	case '=', ':', '-', '|', '!', '>', '?':
		return all, j+1 < len(after) && after[j+1] != '\n' || c == ':' || c == '=' || c == '>'
	case ',':
		return all, quoted && quoteNear(after[j+1:], 60)
	case '{': // a variable of Terraform
		return all, quoted && bytes.Contains(after[j:], []byte("default"))
	case '(':
		call := skip(after, j+1, 40, nameByte)
		return max(j+4, call+5), quoteNear(after[j+1:], 3) || call > j+1 && call < len(after) && after[call] == '(' && quoteNear(after[call+1:], 3)
	case ';': // serialized by PHP
		return all, quoted && bytes.HasPrefix(after[j:], []byte(";s:"))
	case '<':
		return all, bytes.HasPrefix(after[j:], []byte("</"))
	case 'a', 'v', 'V', '"', '\'', '\\':
		word := bytes.TrimPrefix(bytes.TrimLeft(after[j:], `"'\`), []byte("android:"))
		if bytes.HasPrefix(word, []byte("value")) || bytes.HasPrefix(word, []byte("Value")) {
			return all, true
		}
	default:
		if quoted || j == i || after[i] == '\n' {
			return j + 1, false
		}
	}
	return min(all, j+41), !quoted && j > i && after[i] != '\n' && (quoteNear(after[j:], 40) || bareNear(after[j:]))
}

func skip(b []byte, i, most int, in func(byte) bool) int {
	for end := min(len(b), i+most); i < end && in(b[i]); {
		i++
	}
	return i
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func nameByte(c byte) bool { return wordByte(c) || c == '.' }

func closeByte(c byte) bool {
	return c == '"' || c == '\'' || c == '`' || c == '\\' || c == ']' || c == ')'
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// quoteNear reports a quote within n bytes and before the end of the line.
func quoteNear(b []byte, n int) bool {
	b = b[:min(n, len(b))]
	i := bytes.IndexAny(b, "\"'`\n")
	return i >= 0 && b[i] != '\n'
}

// bareNear reports that a word begins here which holds more than small letters, as the value of a flag does and most prose does not.
func bareNear(b []byte) bool {
	for i, c := range b {
		switch {
		case c <= ' ' || c == ',' || c == '.' || c == ')':
			return false
		case (c < 'a' || c > 'z') && i < wordMost:
			return true
		}
	}
	return false
}

// wordMost is how many bytes of a word are looked at.
const wordMost = 24

// setting reads what stands around a match of a rule for literals.
func (t *text) setting(kind string, match, tok span) assigned {
	line := t.bytes(t.window(span{match.from - lineBefore, match.from}))
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	n := len(line)
	for n > 0 && len(line)-n < nameReach && nameByte(line[n-1]) {
		n--
	}
	inside := t.bytes(span{match.from, tok.from})
	if inside[0] == '"' { // the name is the keyword's own
		inside, n = inside[1:], len(line)
	}
	m := skip(inside, 0, nameReach, nameByte)
	after := t.bytes(t.window(span{tok.to, tok.to + lineAfter}))
	if i := bytes.IndexByte(after, '\n'); i >= 0 {
		after = after[:i+1]
	}
	return assigned{
		kind: kind, name: string(line[n:]) + string(inside[:m]), gap: string(inside[m:]),
		value: string(t.bytes(tok)), before: string(line[:n]), after: string(after), path: judgedPath(t.from.Path),
	}
}

// syntax reports whether the value is a literal where it stands.
func (a assigned) syntax() bool {
	switch {
	case strings.HasSuffix(a.before, "${"): // of what a shell puts in, or what is taken where nothing is
		return a.gap == ":" && strings.HasPrefix(a.after, "}") && a.shown()
	case a.treated(), a.worked(), a.expanded():
		return false
	case a.quoted():
		return a.closed() && (a.operator() || a.directive()) && !a.label() && !a.attribute() && !(strings.HasPrefix(a.gap, "]") && strings.HasSuffix(a.before, "[")) // what a variable names
	}
	return a.bare()
}

// treated reports what is done with the value that the name already has: password.encode("utf-8").
func (a assigned) treated() bool {
	i := strings.Index(a.gap, a.name)
	return i >= 0 && a.name != "" && strings.HasPrefix(a.gap[i+len(a.name):], ".")
}

// worked reports the second argument of a call about passwords, whose first is the password: HashPassword("password", "salt").
func (a assigned) worked() bool {
	if a.kind != rules.LiteralPassword || !strings.HasPrefix(strings.TrimLeft(a.gap, `"'\`), ",") {
		return false
	}
	call, ok := strings.CutSuffix(strings.TrimRight(a.before, `"'\`), "(")
	if !ok {
		return false
	}
	from := len(call)
	for from > 0 && wordByte(call[from-1]) {
		from--
	}
	words := nameWords(call[from:])
	return len(words) > 1 && passwordWord(words[len(words)-1]) && words[0] != "set" && words[0] != "with"
}

// expanded reports a value in which a shell puts variables.
func (a assigned) expanded() bool {
	switch path.Ext(a.path) {
	case ".sh", ".bash", ".zsh":
		return strings.HasSuffix(a.gap, `"`) && shellVariable.MatchString(a.value)
	}
	return false
}

// shellVariable is a variable of the environment between double quotes.
var shellVariable = regexp.MustCompile(`\$[A-Z][A-Z_]{2,}`)

// operator reports a sign between the name and the quote that opens the value.
func (a assigned) operator() bool {
	return strings.Trim(a.gap, " \t\\\"'`bBuUrRfFL@$") != ""
}

// directive reports a name that is given its value by standing before it, as macros, build files and keywords of Lisp do.
func (a assigned) directive() bool {
	before := strings.TrimRight(a.before, " \t")
	return strings.HasSuffix(before, "#define") || strings.HasSuffix(a.before, ":") || before == "" && path.Ext(a.path) == ".gradle" || option(a.before, a.name)
}

func (a assigned) quoted() bool {
	g := strings.TrimRight(a.gap, `\`)
	return strings.HasSuffix(g, `"`) || strings.HasSuffix(g, `'`) || strings.HasSuffix(g, "`")
}

// attribute reports that the name is that of a tag, and the value that of one of its attributes, which says how the key is written.
func (a assigned) attribute() bool {
	low := strings.ToLower(a.gap)
	return strings.HasSuffix(a.before, "<") && !strings.Contains(low, "val") && !strings.Contains(low, "content") && !strings.Contains(low, "default")
}

// closed reports whether the quote that opens the value closes it.
func (a assigned) closed() bool {
	open := strings.TrimRight(a.gap, `\`)
	closing := strings.TrimLeft(a.after, `\`)
	if closing == "" || closing[0] != open[len(open)-1] {
		return false
	}
	rest := strings.TrimLeft(closing[1:], " \t")
	// a value that is continued is a piece of a text
	return !strings.HasPrefix(rest, "+") && !strings.HasPrefix(rest, ". ") && !strings.HasPrefix(rest, ".$") && !strings.HasPrefix(rest, "=>") && !strings.HasPrefix(rest, "%") && !strings.HasPrefix(rest, ":")
}

// label reports a text for people: a message, a caption.
func (a assigned) label() bool {
	g := a.gap
	if strings.HasPrefix(strings.TrimLeft(g, `"'`), ",") && g[0] != ',' && !strings.HasSuffix(strings.TrimRight(a.before, "\\"), g[:1]) {
		return true // one of a list of texts, that ends with the name
	}
	if strings.HasPrefix(g, `",`) && strings.EqualFold(path.Ext(a.path), ".json") && strings.Trim(g, `", `) == "" {
		return true // one of a list, and so is the name
	}
	return strings.Contains(g, "(") && callsOf(g) && a.kind == rules.LiteralSecret || strings.HasPrefix(strings.TrimLeft(g, `"'\ `), ",") && strings.EqualFold(a.name, a.value)
}

// callsOf reports a call that reads something by the name in the quotes.
func callsOf(gap string) bool {
	low := strings.ToLower(gap)
	for _, w := range [...]string{"get(", "find(", "translate(", "t(", "param(", "query(", "header(", "getproperty(", "label(", "input(", "require("} {
		if strings.HasSuffix(strings.TrimRight(low, `"'\`), w) {
			return true
		}
	}
	return false
}

// bare reports whether an unquoted value is a literal: in files whose language has bare values, behind a flag, in the query
// of an address, inside a string, between tags.
func (a assigned) bare() bool {
	next := byte('\n')
	if a.after != "" {
		next = a.after[0]
	}
	gap := strings.TrimLeft(a.gap, `"'\]`)
	switch {
	case strings.HasPrefix(gap, ">") || strings.HasPrefix(gap, "<") || strings.HasSuffix(gap, `">`):
		return strings.HasPrefix(a.after, "</") && strings.Contains(a.before, "<")
	case strings.TrimLeft(gap, " \t") == "":
		return option(a.before, a.name) || a.name == "requirepass" || netrc(a.path) || strings.HasSuffix(strings.ToUpper(strings.TrimRight(a.before, " \t")), "ENV")
	case strings.HasSuffix(a.before, "?") || strings.HasSuffix(a.before, "&") || next == '&':
		return gap == "="
	case next == '(' || next == '[' || next == '{':
		return false
	case option(a.before, a.name):
		return true
	case (next == '}' || next == ',') && besideUser.MatchString(a.before):
		return true
	}
	switch language(a.path) {
	case settingsFile:
		return next == '\n' || next == '\r' || next == ' ' || next == '\t' || next == ',' || next == '"' || next == '\'' || next == '\\' || next == ';' || next == '}'
	case programFile:
		return inString(a.before) && (next == '"' || next == '\'' || next == '`' || next == '\\' || next == ' ' || next == ';')
	}
	return next == '\n' || next == '\r' || next == ' ' || next == '"' || next == '\'' || next == '`' || next == '\\' || next == ';' || next == '<'
}

// besideUser is the user before its password, between the brackets of one line.
var besideUser = regexp.MustCompile(`(?:^|[{,\s])(?:user|username|login|name)\s?[:=]\s?[\w.@-]+,\s{0,4}$`)

// netrc reports a file of sign-ins that curl, git and others read, in which words follow each other without a sign between.
func netrc(name string) bool {
	base := strings.TrimLeft(path.Base(name), "._")
	return base == "netrc" || base == "authinfo"
}

// option reports whether a name is that of a command's option.
func option(before, name string) bool {
	return strings.HasPrefix(name, "--") || strings.HasPrefix(name, "-") && strings.HasSuffix(before, " ") || strings.HasSuffix(before, "--")
}

// inString reports whether a line is inside a string at its end.
func inString(before string) bool {
	for _, q := range [...]string{`"`, `'`, "`"} {
		if strings.Count(before, q)%2 == 1 {
			return true
		}
	}
	return false
}
