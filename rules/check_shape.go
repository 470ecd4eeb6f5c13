package rules

import (
	"regexp/syntax"
	"strconv"
)

// The limits of what a pattern may take in one go.
const (
	// wideRun is the length up to which a pattern may take any characters at all.
	wideRun = 512
	// wideClass is from how many characters of printable ASCII on a class says nothing of what it takes.
	wideClass = 80
	// loops is how often a repeat may be repeated in turn where both ends are open.
	loops = 8
)

// shape refuses patterns whose alphabet makes them dear: a class that takes nearly everything, repeated over a screenful of text,
// and a repeat in a repeat of which neither says where it ends. Such patterns hold the search up at every keyword. A block is
// bounded by what closes it, and a rule with max says itself how far it looks.
func (c *catalogue) shape(i int) []Problem {
	r := c.rules[i]
	if !c.asked[i] || r.isBlock() || r.Max > 0 {
		return nil
	}
	if why := dear(r.compiled.tree()); why != "" {
		return []Problem{r.problem("pattern: %s", why)}
	}
	return nil
}

func dear(re *syntax.Regexp) string {
	if repeats(re) {
		least, most := bounds(re)
		if most == unbounded {
			most = maxSpan
		}
		if most-least > wideRun && printable(re.Sub[0]) >= wideClass {
			return "it takes nearly every character up to " + strconv.Itoa(most) + " times; name the characters, or what ends them"
		}
		if most-least > loops && openEnded(re.Sub[0]) {
			return "a repeat of open length is repeated in turn; give one of them a fixed length or an end that the other lacks"
		}
	}
	for _, sub := range re.Sub {
		if why := dear(sub); why != "" {
			return why
		}
	}
	return ""
}

func repeats(re *syntax.Regexp) bool {
	return re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat
}

// openEnded reports a tree that is a repeat of open length, or ends and begins in one.
func openEnded(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpCapture:
		return openEnded(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return true
	case syntax.OpRepeat:
		return re.Max == unbounded || re.Max-re.Min > loops
	}
	return false
}

// printable is how many printable characters of ASCII a class has; 0 for what is no class.
func printable(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpCapture:
		return printable(re.Sub[0])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 95
	case syntax.OpCharClass:
		n := 0
		for c := ' '; c <= '~'; c++ {
			if inRanges(re.Rune, c) {
				n++
			}
		}
		return n
	}
	return 0
}
