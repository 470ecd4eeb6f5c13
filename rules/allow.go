package rules

import (
	"regexp"
	"slices"
	"strings"
)

// Allow describes matches that are no finding of a rule: those for which every field that is set holds. Expressions are RE2
// and match anywhere in what they look at; of a list, one is enough.
type Allow struct {
	// Token are expressions over the key.
	Token []string `yaml:"token,omitempty"`
	// Match are expressions over the whole match of the rule's pattern.
	Match []string `yaml:"match,omitempty"`
	// Line are expressions over the lines of the match, of which at most 512 bytes before and behind the key are looked at.
	Line []string `yaml:"line,omitempty"`
	// Words are texts that the key contains, compared without case (ASCII).
	Words []string `yaml:"words,omitempty"`
	// Entropy is the greatest number of bits per character that the key has, by the frequencies of its own characters.
	Entropy float64 `yaml:"entropy,omitempty"`
	// Path are expressions over the path of the file.
	Path []string `yaml:"path,omitempty"`
}

// Occurrence is a match as allowances look at it.
type Occurrence struct {
	Token, Match, Line string
}

// Places says at which paths a match is a finding; nil is everywhere.
type Places struct {
	only *regexp.Regexp
	// not are lists of which each excludes the paths that one of its expressions matches.
	not [][]*regexp.Regexp
}

// Hold reports whether a match at a path is a finding.
func (p *Places) Hold(path string) bool {
	if p == nil {
		return true
	}
	return (p.only == nil || p.only.MatchString(path)) && !slices.ContainsFunc(p.not, func(any []*regexp.Regexp) bool {
		return anyMatches(any, path)
	})
}

// allowance is an Allow with its expressions compiled.
type allowance struct {
	token, match, line, path []*regexp.Regexp
	words                    []string
	entropy                  float64
}

// allowances are those of the rule and of its file.
type allowances struct {
	only *regexp.Regexp
	list []allowance
}

func (r *Rule) compileAllowances() *allowances {
	if len(r.file.Allow)+len(r.Allow) == 0 && r.Path == "" {
		return nil
	}
	a := &allowances{list: compileAllows(r.Allow)}
	if r.file.allow != nil {
		a.list = append(a.list, r.file.allow()...)
	}
	if r.Path != "" {
		a.only = regexp.MustCompile(r.Path)
	}
	return a
}

func compileAllows(all []Allow) []allowance {
	var list []allowance
	for _, w := range all {
		list = append(list, allowance{
			token: compileAll(w.Token), match: compileAll(w.Match), line: compileAll(w.Line), path: compileAll(w.Path),
			words: lowerAll(w.Words), entropy: w.Entropy,
		})
	}
	return list
}

func compileAll(exprs []string) []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, e := range exprs {
		all = append(all, regexp.MustCompile(e))
	}
	return all
}

// Places returns where a match is a finding of the rule; ok is false when it is one nowhere.
func (r *Rule) Places(o Occurrence) (places *Places, ok bool) {
	all := r.compiled.allow()
	if all == nil {
		return nil, true
	}
	p := &Places{only: all.only}
	for _, a := range all.list {
		switch {
		case !a.holds(o):
		case a.path == nil:
			return nil, false
		default:
			p.not = append(p.not, a.path)
		}
	}
	if p.only == nil && p.not == nil {
		return nil, true
	}
	return p, true
}

// holds looks at everything but the path.
func (a *allowance) holds(o Occurrence) bool {
	token := lower(o.Token)
	return (a.token == nil || anyMatches(a.token, o.Token)) &&
		(a.match == nil || anyMatches(a.match, o.Match)) &&
		(a.line == nil || anyMatches(a.line, o.Line)) &&
		(len(a.words) == 0 || slices.ContainsFunc(a.words, func(w string) bool { return strings.Contains(token, w) })) &&
		(a.entropy == 0 || entropy(o.Token) <= a.entropy)
}

func anyMatches(exprs []*regexp.Regexp, text string) bool {
	return slices.ContainsFunc(exprs, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}

func (a *Allow) empty() bool {
	return len(a.Token)+len(a.Match)+len(a.Line)+len(a.Words)+len(a.Path) == 0 && a.Entropy == 0
}

// allows checks allowances as they are written, and reports whether they can be used.
func (c *checker) allows(where at, rule string, all []Allow) bool {
	before := len(c.problems)
	for i, a := range all {
		here := where.in("allow", i)
		if a.empty() {
			c.addf(here, rule, "allow: nothing is set; say what is allowed, or take it out")
		}
		if a.Entropy < 0 || slices.Contains(a.Words, "") {
			c.addf(here, rule, "allow: entropy is above 0, and no word is empty")
		}
		for _, list := range [][]string{a.Token, a.Match, a.Line, a.Path} {
			for _, e := range list {
				if _, err := regexp.Compile(e); err != nil {
					c.addf(here, rule, "allow: %v", err)
				}
			}
		}
	}
	return len(c.problems) == before
}

// allowed checks what the rule says of places, and reports whether it can be used.
func (c *ruleChecker) allowed() bool {
	_, err := regexp.Compile(c.rule.Path)
	if err != nil {
		c.addf(at{"path"}, "path: %v", err)
	}
	return c.checker.allows(c.where, c.rule.ID, c.rule.Allow) && err == nil
}
