package rules

import (
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// The limits of expressions.
const (
	// maxSpan is the greatest length of a match, in bytes.
	maxSpan = 1 << 16
	// maxNodes bounds the size of an expression once its repeats are written out.
	maxNodes = 20_000
)

// leastKeyword is the least length of a keyword in bytes: shorter ones turn up everywhere and cost speed.
const leastKeyword = 3

func (c *ruleChecker) keywords() {
	if len(c.rule.Keywords) == 0 {
		c.bare()
	}
	for i, k := range c.rule.Keywords {
		if len(k) < leastKeyword {
			c.addf(at{"keywords", i}, "keyword %q is shorter than %d bytes", k, leastKeyword)
		}
		if strings.IndexFunc(k, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			c.addf(at{"keywords", i}, "keyword %q: only printable ASCII is compared without case", k)
		}
	}
}

// reserved are the names of template values that are not parts of a key.
var reserved = []string{"sample", "base", "since", "until", "operator", signedName}

// pattern reports whether the rule's expressions can be used.
func (c *ruleChecker) pattern() bool {
	before := len(c.problems)
	if tree := c.expression(at{"pattern"}, "pattern", c.rule.Pattern); tree != nil {
		if longest(tree) == unbounded && c.rule.Max == 0 {
			c.addf(at{"pattern"}, "pattern has no greatest length; bound its repeats, or cap a match with max")
		}
		if lacks, err := lacksKeyword(tree, lowerAll(c.rule.Keywords)); len(c.rule.Keywords) > 0 && (err != nil || lacks) {
			c.addf(at{"pattern"}, "pattern can match a text that has none of the keywords %q; every match must contain one",
				c.rule.Keywords)
		}
		c.groups(groupNames(tree))
	}
	if c.rule.Max < 0 || c.rule.Max > maxSpan {
		c.addf(at{"max"}, "max %d: it is from 1 to %d bytes", c.rule.Max, maxSpan)
	}
	for _, name := range slices.Sorted(maps.Keys(c.rule.Near)) {
		c.nearPart(name, c.rule.Near[name])
	}
	return len(c.problems) == before
}

func lowerAll(keywords []string) []string {
	out := make([]string, len(keywords))
	for i, k := range keywords {
		out[i] = lower(k)
	}
	return out
}

// groups refuses names that would hide another template value.
func (c *ruleChecker) groups(names []string) {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			c.addf(at{"pattern"}, "group %q stands twice in the pattern; put both forms into one group", name)
		}
		if slices.Contains(reserved, name) || !varForm().MatchString(name) {
			c.addf(at{"pattern"}, "group %q: the name is taken or not [a-z][a-z0-9_]*", name)
		}
		if _, both := c.rule.Near[name]; both {
			c.addf(at{"near", name}, "near part %q has the name of a group of the pattern", name)
		}
	}
}

func (c *ruleChecker) nearPart(name string, n Near) {
	where := at{"near", name}
	if n.Within <= 0 || n.Within > maxSpan {
		c.addf(where, "near part %q has no within; say how far from the match it may stand, from 1 to %d bytes", name, maxSpan)
	}
	if name == "token" || slices.Contains(reserved, name) || !varForm().MatchString(name) {
		c.addf(where, "near part %q: the name is taken or not [a-z][a-z0-9_]*", name)
	}
	tree := c.expression(where.in("pattern"), "near part "+name, n.Pattern)
	if tree == nil {
		return
	}
	if longest(tree) == unbounded {
		c.addf(where.in("pattern"), "near part %q has no greatest length; bound its repeats", name)
	}
	for _, group := range groupNames(tree) {
		if group != name {
			c.addf(where.in("pattern"), "near part %q: its pattern has the group %q, which nothing reads", name, group)
		}
	}
}

func (c *ruleChecker) checks() bool {
	before := len(c.problems)
	groups := groupNames(c.rule.compiled.tree())
	for i, check := range c.rule.Checks {
		if err := check.check(); err != nil {
			c.addf(at{"validate", i}, "%v", err)
		}
		if check.Kind == "checksum" && !slices.Contains(groups, "sum") {
			c.addf(at{"validate", i}, "checksum: the pattern has no group (?P<sum>…) that holds it")
		}
	}
	return len(c.problems) == before
}

// expression parses and compiles an expression; nil means that it noted a problem.
func (c *ruleChecker) expression(where at, what, pattern string) *syntax.Regexp {
	if pattern == "" {
		c.addf(where, "%s is empty", what)
		return nil
	}
	tree, err := parse(pattern)
	if err == nil && nodes(tree) > maxNodes {
		err = fmt.Errorf("it is too large once its repeats are written out")
	}
	if err == nil {
		_, err = regexp.Compile(tree.String())
	}
	if err != nil {
		c.addf(where, "%s is not a usable RE2 expression: %v", what, err)
		return nil
	}
	if n := longest(tree); n > maxSpan {
		c.addf(where, "%s can match %d bytes; at most %d are searched", what, n, maxSpan)
		return nil
	}
	return tree
}

// nodes counts the nodes of a tree with its repeats written out, up to a little over maxNodes.
func nodes(re *syntax.Regexp) int {
	n := 0
	for _, sub := range re.Sub {
		n = min(n+nodes(sub), maxNodes+1)
	}
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpRepeat:
		n *= max(re.Min, re.Max, 1)
	}
	return min(n+1, maxNodes+1)
}
