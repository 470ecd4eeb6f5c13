package rules

import "regexp/syntax"

// leastBare is the least length in bytes of a match of a rule without keywords: shorter ones would be found everywhere.
const leastBare = 8

// bare checks a rule that has no keywords: it needs a pattern that has none to offer.
func (c *ruleChecker) bare() {
	tree, err := parse(c.rule.Pattern)
	if err != nil || nodes(tree) > maxNodes {
		return // which the pattern's own check says
	}
	if words := wordsOf(tree); inEvery(tree, words) {
		c.addf(nil, "no keywords; every match contains one of %q, so name these", words)
	} else if n := shortestMatch(tree); n < leastBare {
		c.addf(at{"pattern"}, "pattern can match %d bytes; without keywords, which every match would contain, a match has at least %d", n, leastBare)
	}
}

// shortestMatch is the length in bytes of the shortest match of a tree.
func shortestMatch(re *syntax.Regexp) int {
	n := 0
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return shortestMatch(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * shortestMatch(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			n += shortestMatch(sub)
		}
	case syntax.OpAlternate:
		n = shortestMatch(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			n = min(n, shortestMatch(sub))
		}
	}
	return n
}
