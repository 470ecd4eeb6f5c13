package rules

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A filter of betterleaks is an expression that is true for what is no finding. What quash reads of that language is what its
// own allowances can say: alternatives of conjunctions of
//
//	matchesAny(X, [expressions])    X is finding["secret"], finding["match"], finding["line"] or the attribute path
//	containsAny(X, [texts])         the same
//	entropy(finding["secret"]) <= number
//	finding["secret"] == text
//
// An alternative that says anything else takes nothing out and is noted.

// filter reads the filter under a key.
func (t *tomlTable) filter(key string) []Allow {
	source := t.text(key)
	if strings.TrimSpace(source) == "" {
		return nil
	}
	p := &exprParser{}
	var err error
	if p.tokens, err = exprTokens(source); err == nil {
		var all []conjunction
		if all, err = p.alternatives(0); err == nil && p.peek() != "" {
			err = p.unexpected()
		}
		if err == nil {
			return t.readable(key, all)
		}
	}
	t.notef(key, "not read: %v; what it would take out is reported. Write it as allow: in a rule file of quash", err)
	return nil
}

// readable takes what could be read, and notes the rest.
func (t *tomlTable) readable(key string, all []conjunction) []Allow {
	var allows []Allow
	for _, c := range all {
		switch {
		case c.why != "":
			t.notef(key, "one of its alternatives is not read: %s; what it would take out is reported", c.why)
		case validAllow(c.allow) != nil:
			t.notef(key, "one of its alternatives is not read: %v; what it would take out is reported", validAllow(c.allow))
		default:
			allows = append(allows, c.allow)
		}
	}
	return allows
}

func validAllow(a Allow) error {
	for _, list := range [][]string{a.Token, a.Match, a.Line, a.Path} {
		for _, e := range list {
			if _, err := regexp.Compile(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// conjunction is one alternative, or why it cannot be read.
type conjunction struct {
	allow Allow
	why   string
}

func (c conjunction) and(d conjunction) conjunction {
	both, ok := c.allow.and(d.allow)
	switch {
	case c.why != "":
		return c
	case d.why != "":
		return d
	case !ok:
		return conjunction{why: "two conditions on one thing, both to hold"}
	}
	return conjunction{allow: both}
}

// exprToken is one token; the text of a string begins with a quotation mark and is otherwise as it means.
type exprToken = string

var (
	exprForm = form("^(?:\\s+|//[^\n]*|(\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`)|([A-Za-z_][A-Za-z_0-9]*|[0-9]+(?:\\.[0-9]+)?|&&|\\|\\||[<>=!]=|\\?\\?|\\?\\.|.))")
	escapes  = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r", `\"`, `"`, `\'`, `'`)
)

// maxExpr bounds an expression in bytes, and maxDepth its nesting; maxAlternatives what becomes of it.
const (
	maxExpr         = 1 << 18
	maxDepth        = 40
	maxAlternatives = 500
)

func exprTokens(source string) ([]exprToken, error) {
	if len(source) > maxExpr {
		return nil, errors.New("it is too long")
	}
	var tokens []exprToken
	for source != "" {
		m := exprForm().FindStringSubmatch(source)
		if m == nil {
			return nil, errors.New("it has a character that no expression has")
		}
		source = source[len(m[0]):]
		switch {
		case strings.HasPrefix(m[1], "`"):
			tokens = append(tokens, `"`+m[1][1:len(m[1])-1])
		case m[1] != "":
			tokens = append(tokens, `"`+escapes.Replace(m[1][1:len(m[1])-1]))
		case m[2] != "":
			tokens = append(tokens, m[2])
		}
	}
	return tokens, nil
}

type exprParser struct {
	tokens []exprToken
	at     int
}

func (p *exprParser) peek() exprToken {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return ""
}

func (p *exprParser) next() exprToken {
	t := p.peek()
	p.at++
	return t
}

// accept takes a token if it is the next.
func (p *exprParser) accept(any ...exprToken) bool {
	for _, t := range any {
		if p.peek() == t && t != "" {
			p.at++
			return true
		}
	}
	return false
}

func (p *exprParser) expect(tokens ...exprToken) error {
	for _, t := range tokens {
		if !p.accept(t) {
			return p.unexpected()
		}
	}
	return nil
}

func (p *exprParser) unexpected() error {
	if p.peek() == "" {
		return errors.New("it ends too soon")
	}
	return fmt.Errorf("%q stands where quash reads nothing of the kind", strings.TrimPrefix(p.peek(), `"`))
}

// alternatives reads A || B || …
func (p *exprParser) alternatives(depth int) ([]conjunction, error) {
	if depth > maxDepth {
		return nil, errors.New("it is nested too deeply")
	}
	var all []conjunction
	for {
		one, err := p.conjunctions(depth)
		if err != nil {
			return nil, err
		}
		if all = append(all, one...); len(all) > maxAlternatives {
			return nil, errors.New("it has too many alternatives")
		}
		if !p.accept("||", "or") {
			return all, nil
		}
	}
}

// conjunctions reads A && B && … and multiplies the alternatives out.
func (p *exprParser) conjunctions(depth int) ([]conjunction, error) {
	all, err := p.operand(depth)
	for err == nil && p.accept("&&", "and") {
		var right, product []conjunction
		right, err = p.operand(depth)
		if len(all)*len(right) > maxAlternatives {
			err = errors.New("it has too many alternatives")
		}
		for _, a := range all {
			for _, b := range right {
				product = append(product, a.and(b))
			}
		}
		all = product
	}
	return all, err
}

// operand reads what stands between && and ||: a bracket or one condition. A condition that is not read is skipped to its end.
func (p *exprParser) operand(depth int) ([]conjunction, error) {
	start := p.at
	if p.accept("(") {
		all, err := p.alternatives(depth + 1)
		if err == nil {
			err = p.expect(")")
		}
		if err == nil && p.ended() {
			return all, nil
		}
		p.at = start
	} else if a, err := p.condition(); err == nil && p.ended() {
		return []conjunction{{allow: a}}, nil
	}
	p.at = start
	what, err := p.skip()
	if err != nil {
		return nil, err
	}
	return []conjunction{{why: fmt.Sprintf("quash has no allowance for %s", what)}}, nil
}

// ended reports whether an operand ends here.
func (p *exprParser) ended() bool {
	switch p.peek() {
	case "", "&&", "||", "and", "or", ")":
		return true
	}
	return false
}

// longestQuote bounds how much of an expression a note shows.
const longestQuote = 60

// skip passes over an operand and shows its beginning, without the texts in it.
func (p *exprParser) skip() (what string, err error) {
	open := 0
	for open > 0 || !p.ended() {
		t := p.next()
		switch t {
		case "":
			return "", errors.New("it ends too soon")
		case ";", "let":
			return "", errors.New("quash reads no expression with let")
		case "(", "[", "{":
			open++
		case ")", "]", "}":
			open--
		}
		if strings.HasPrefix(t, `"`) {
			t = `"…"`
		}
		if len(what) < longestQuote {
			what += t
		}
	}
	if what == "" {
		return "", p.unexpected()
	}
	return what, nil
}

// condition reads one condition that an allowance can say.
func (p *exprParser) condition() (Allow, error) {
	if p.accept("filter") {
		if err := p.expect("."); err != nil {
			return Allow{}, err
		}
	}
	switch {
	case p.accept("matchesAny"):
		return p.listed(func(e string) string { return e })
	case p.accept("containsAny"):
		return p.listed(regexp.QuoteMeta)
	case p.accept("entropy"):
		return p.entropy()
	}
	set, err := p.subject()
	if err == nil {
		err = p.expect("==")
	}
	text := p.next()
	if err != nil || !strings.HasPrefix(text, `"`) {
		return Allow{}, p.unexpected()
	}
	return set([]string{`^(?:` + regexp.QuoteMeta(text[1:]) + `)$`}), nil
}

// listed reads (X, ["a", "b"]).
func (p *exprParser) listed(form func(string) string) (a Allow, err error) {
	if err := p.expect("("); err != nil {
		return a, err
	}
	set, err := p.subject()
	if err == nil {
		err = p.expect(",", "[")
	}
	var list []string
	for err == nil && !p.accept("]") {
		text := p.next()
		if !strings.HasPrefix(text, `"`) {
			return a, p.unexpected()
		}
		list = append(list, form(text[1:]))
		if !p.accept(",") && p.peek() != "]" {
			err = p.unexpected()
		}
	}
	if err == nil {
		err = p.expect(")")
	}
	if err == nil && len(list) == 0 {
		err = errors.New("an empty list")
	}
	if err != nil {
		return a, err
	}
	return set(list), nil
}

// entropy reads (finding["secret"]) <= number.
func (p *exprParser) entropy() (a Allow, err error) {
	if err := p.expect("("); err != nil {
		return a, err
	}
	set, err := p.subject()
	if err == nil {
		err = p.expect(")")
	}
	if err != nil || set([]string{"x"}).Token == nil || !p.accept("<=", "<") {
		return a, p.unexpected()
	}
	a.Entropy, err = strconv.ParseFloat(p.next(), 64)
	if a.Entropy <= 0 {
		err = errors.New("entropy is above 0")
	}
	return a, err
}

// subject reads what a condition is about, and returns how an allowance says so.
func (p *exprParser) subject() (set func([]string) Allow, err error) {
	var name string
	switch {
	case p.accept("finding"):
		name, err = p.index()
	case p.accept("attributes"):
		if name, err = p.index(); err == nil && name != "path" {
			err = p.unexpected()
		}
	case p.accept("("):
		if err = p.expect("attributes", "[", `"path`, "]", "??", `"`, ")"); err == nil {
			name = "path"
		}
	case p.accept("get"):
		name, err = p.getPath()
	default:
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	switch name {
	case "secret":
		return func(e []string) Allow { return Allow{Token: e} }, nil
	case "match":
		return func(e []string) Allow { return Allow{Match: e} }, nil
	case "line":
		return func(e []string) Allow { return Allow{Line: e} }, nil
	case "path":
		return func(e []string) Allow { return Allow{Path: e} }, nil
	}
	return nil, p.unexpected()
}

// index reads ["name"] or .name.
func (p *exprParser) index() (string, error) {
	if p.accept(".") {
		return p.next(), nil
	}
	if err := p.expect("["); err != nil {
		return "", err
	}
	name := strings.TrimPrefix(p.next(), `"`)
	return name, p.expect("]")
}

// getPath reads (attributes, "path", "").
func (p *exprParser) getPath() (string, error) {
	return "path", p.expect("(", "attributes", ",", `"path`, ",", `"`, ")")
}
