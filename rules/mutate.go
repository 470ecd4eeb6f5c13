package rules

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

// Break is what of a key's form a mutant breaks.
type Break string

// The breaks. A rule names one under loose, with a reason, when its keys may be found all the same.
const (
	// BreakPrefix changes a character of the fixed text with which keys begin, or puts one before it.
	BreakPrefix Break = "prefix"
	// BreakLength makes the shortest key one character shorter, or the longest one longer.
	BreakLength Break = "length"
	// BreakAlphabet puts a character into a key that no key has there.
	BreakAlphabet Break = "alphabet"
	// BreakChecksum changes a character of the sum.
	BreakChecksum Break = "checksum"
)

var breaks = []Break{BreakPrefix, BreakLength, BreakAlphabet, BreakChecksum}

// Mutant is a sample with one character broken. A mutant of the checksum is of the form that the pattern asks for; any other
// is not.
type Mutant struct {
	Sample
	Break Break
	// How says what was done, without a character of the key.
	How string
}

// mutantRuns is how many keys are broken: of a pattern with forms to choose from each is likely to be among them.
const mutantRuns = 3

// breakers are the characters that are put where no key has them: one of each kind that keys or the text around them have.
const breakers = "gGqQ70-_+/.~* "

// Mutants breaks generated keys in every way that applies to the rule: a rule without a prefix has no mutant of the prefix, one whose
// keys have no greatest length none that is longer. What a rule takes for a literal or a block has no form to break.
func (r *Rule) Mutants(rnd *rand.Rand) []Mutant {
	if r.Literal() != "" || r.isBlock() {
		return nil
	}
	form := regexp.MustCompile(`\A(?:` + tokenTree(r.compiled.tree()).String() + `)\z`)
	m := &mutator{rule: r, form: form, seen: map[string]bool{}}
	for range mutantRuns {
		if s := r.sampleOf(&generator{rnd: rnd, size: least}); s.Token != "" {
			m.prefixes(s)
			m.shorter(s)
			m.foreign(s)
		}
		if s := r.sampleOf(&generator{rnd: rnd, size: most}); s.Token != "" {
			m.longer(s)
		}
		m.sums(r.Sample(rnd))
	}
	return m.all
}

// isBlock reports a key of lines between labels.
func (r *Rule) isBlock() bool {
	for _, c := range r.Checks {
		if c.Kind == "pem" {
			return true
		}
	}
	return strings.Contains(r.Pattern, "BEGIN")
}

// mutator collects the mutants of a rule.
type mutator struct {
	rule *Rule
	// form is what the pattern says of the key alone.
	form *regexp.Regexp
	seen map[string]bool
	all  []Mutant
}

// add takes a broken key, unless it is of the right form all the same.
func (m *mutator) add(s Sample, token string, b Break, format string, args ...any) {
	if token == s.Token || m.seen[token] || m.form.MatchString(token) {
		return
	}
	m.seen[token] = true
	s.Token = token
	m.all = append(m.all, Mutant{Sample: s, Break: b, How: fmt.Sprintf(format, args...)})
}

func (m *mutator) prefixes(s Sample) {
	prefix := m.rule.Prefix()
	if !strings.HasPrefix(s.Token, prefix) {
		return
	}
	for i := range len(prefix) {
		m.add(s, s.Token[:i]+string(beside(prefix[i]))+s.Token[i+1:], BreakPrefix, "character %d of the prefix is another", i+1)
	}
	if prefix != "" {
		for _, c := range "aZ7" {
			m.add(s, string(c)+s.Token, BreakPrefix, "a %s stands before the prefix", kindOf(byte(c)))
		}
	}
}

// beside is another character of the same kind.
func beside(c byte) byte {
	switch {
	case c == 'z' || c == 'Z' || c == '9':
		return c - 1
	case 'a' <= c && c < 'z', 'A' <= c && c < 'Z', '0' <= c && c < '9':
		return c + 1
	case c == '-':
		return '+'
	}
	return '-'
}

func kindOf(c byte) string {
	switch {
	case 'a' <= c && c <= 'z':
		return "small letter"
	case 'A' <= c && c <= 'Z':
		return "capital"
	case '0' <= c && c <= '9':
		return "digit"
	}
	return fmt.Sprintf("%q", c)
}

func (m *mutator) shorter(s Sample) {
	body := len(m.rule.Prefix())
	for _, at := range []int{body, (body + len(s.Token)) / 2, len(s.Token) - 1} {
		if at < len(s.Token) {
			m.add(s, s.Token[:at]+s.Token[at+1:], BreakLength, "the shortest key without its character %d", at+1)
		}
	}
}

// tail is how many of the last characters of a key show which alphabet it ends in.
const tail = 4

// longer makes the longest key longer by a letter or digit, and by what else a key can end in.
func (m *mutator) longer(s Sample) {
	for _, c := range []byte("agAG7-_+/") {
		if kindOf(c)[0] != '\'' || m.endsIn(s.Token, c) {
			m.add(s, s.Token+string(c), BreakLength, "the longest key and a %s", kindOf(c))
		}
	}
}

// endsIn reports whether a key can have c among its last characters.
func (m *mutator) endsIn(token string, c byte) bool {
	for i := max(0, len(token)-tail); i < len(token); i++ {
		if m.form.MatchString(token[:i] + string(c) + token[i+1:]) {
			return true
		}
	}
	return false
}

// foreign puts characters into a key that no key has there. Where what stands before one is a whole key, it only ends the key.
func (m *mutator) foreign(s Sample) {
	body := min(len(m.rule.Prefix()), len(s.Token)-1)
	for _, at := range []int{body, (body + len(s.Token)) / 2, len(s.Token) - 1} {
		if m.form.MatchString(s.Token[:at]) {
			continue
		}
		for _, c := range breakers {
			m.add(s, s.Token[:at]+string(c)+s.Token[at+1:], BreakAlphabet, "a %s as character %d", kindOf(byte(c)), at+1)
		}
	}
}

// sums breaks each character of the sum for another of the form.
func (m *mutator) sums(s Sample) {
	sum := s.Parts["sum"]
	from := strings.LastIndex(s.Token, sum)
	if sum == "" || from < 0 || !m.rule.hasCheck("checksum") {
		return
	}
	for i := from; i < from+len(sum); i++ {
		for _, c := range keyAlphabet {
			token := s.Token[:i] + string(c) + s.Token[i+1:]
			if token == s.Token || m.seen[token] || !m.form.MatchString(token) {
				continue
			}
			m.seen[token] = true
			broken := s
			broken.Token = token
			m.all = append(m.all, Mutant{Sample: broken, Break: BreakChecksum, How: fmt.Sprintf("character %d of the sum is another", i-from+1)})
			break
		}
	}
}

func (r *Rule) hasCheck(kind string) bool {
	for _, c := range r.Checks {
		if c.Kind == kind {
			return true
		}
	}
	return false
}
