package rules

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

// The caps that an imported pattern gets where it has no bound of its own, in bytes.
const (
	// lineCap is that of a match within a line or a few.
	lineCap = 1024
	// blockCap is that of a match over any text, such as a PEM block.
	blockCap = 8192
	// repeatCap is the greatest number of repeats in an imported near part.
	repeatCap = 200
)

// capOf is the cap for an expression without a bound, 0 for one that has a bound.
func capOf(tree *syntax.Regexp) int {
	switch {
	case longest(tree) != unbounded:
		return 0
	case repeatsLines(tree):
		return blockCap
	}
	return lineCap
}

// repeatsLines reports whether an unbounded repeat takes line ends and letters alike.
func repeatsLines(re *syntax.Regexp) bool {
	if _, most := bounds(re); most == unbounded && isRepeat(re) {
		return takes(re.Sub[0], '\n') && takes(re.Sub[0], 'A')
	}
	return slices.ContainsFunc(re.Sub, repeatsLines)
}

func isRepeat(re *syntax.Regexp) bool {
	return re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat
}

// takes reports whether a tree has a character class, or a point, that takes a character.
func takes(re *syntax.Regexp, c rune) bool {
	switch re.Op {
	case syntax.OpAnyChar:
		return true
	case syntax.OpAnyCharNotNL:
		return c != '\n'
	case syntax.OpCharClass:
		return inRanges(re.Rune, c)
	}
	return slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return takes(sub, c) })
}

// keyGroup is the number of the group that holds the key: the one that the rule names, else the first that takes part in every
// match, else 0, the whole match.
func keyGroup(tree *syntax.Regexp, named int) (int, error) {
	groups := tree.MaxCap()
	switch {
	case named > groups || named < 0:
		return 0, fmt.Errorf("secretGroup is %d, and the expression has %d groups", named, groups)
	case named > 0 || groups == 0:
		return named, nil
	}
	if n := firstCertain(tree); n > 0 {
		return n, nil
	}
	if groups == 1 {
		return 1, nil
	}
	return 0, errInTurn
}

// errInTurn says that one of several groups holds the key, depending on the match.
var errInTurn = errors.New("several groups may hold the key, in turn; put them into one and name it with secretGroup")

// through is the part of an expression's matches in which the n-th group takes part: the expression with the alternatives
// that lead past the group taken out. ok is false if it has no such group.
func through(re *syntax.Regexp, n int) (out *syntax.Regexp, ok bool) {
	if re.Op == syntax.OpCapture && re.Cap == n {
		return re, true
	}
	for i, sub := range re.Sub {
		inner, ok := through(sub, n)
		switch {
		case !ok:
			continue
		case re.Op == syntax.OpAlternate, re.Op == syntax.OpQuest:
			return inner, true
		}
		c := *re
		c.Sub = slices.Clone(re.Sub)
		c.Sub[i] = inner
		if c.Op == syntax.OpStar {
			c.Op = syntax.OpPlus
		}
		c.Min = max(c.Min, toInt(c.Op == syntax.OpRepeat))
		return &c, true
	}
	return re, false
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// firstCertain is the first group that takes part in every match, 0 if there is none.
func firstCertain(re *syntax.Regexp) int {
	switch {
	case re.Op == syntax.OpCapture:
		return re.Cap
	case re.Op == syntax.OpConcat, re.Op == syntax.OpPlus, re.Op == syntax.OpRepeat && re.Min > 0:
		for _, sub := range re.Sub {
			if n := firstCertain(sub); n > 0 {
				return n
			}
		}
	}
	return 0
}

// nameGroup writes an expression with its n-th group named and all other names taken away, the rest letter for letter.
func nameGroup(expr string, n int, name string) string {
	var b strings.Builder
	count := 0
	for i := 0; i < len(expr); {
		switch skip := literalPiece(expr[i:]); {
		case skip > 0:
			b.WriteString(expr[i : i+skip])
			i += skip
		case expr[i] != '(' || strings.HasPrefix(expr[i:], "(?") && groupName(expr[i:]) == "":
			b.WriteByte(expr[i])
			i++
		default:
			if count++; count == n {
				b.WriteString("(?P<" + name + ">")
			} else {
				b.WriteByte('(')
			}
			i += 1 + len(groupName(expr[i:]))
		}
	}
	return b.String()
}

// groupName is what stands between "(" and the body of a named group: "?P<name>".
func groupName(expr string) string {
	rest := expr[1:]
	if !strings.HasPrefix(rest, "?P<") && !strings.HasPrefix(rest, "?<") {
		return ""
	}
	return rest[:strings.IndexByte(rest, '>')+1]
}

// literalPiece is the length of what stands at the beginning of an expression and holds no group: an escape, a quotation, a
// class; 0 for anything else.
func literalPiece(expr string) int {
	switch {
	case strings.HasPrefix(expr, `\Q`):
		if i := strings.Index(expr, `\E`); i >= 0 {
			return i + 2
		}
		return len(expr)
	case expr[0] == '\\':
		return min(2, len(expr))
	case expr[0] == '[':
		return classLength(expr)
	}
	return 0
}

// classLength is the length of a character class.
func classLength(expr string) int {
	i := 1
	if strings.HasPrefix(expr[i:], "^") {
		i++
	}
	for first := i; i < len(expr); i++ {
		switch {
		case expr[i] == '\\':
			i++
		case strings.HasPrefix(expr[i:], "[:"):
			if end := strings.Index(expr[i:], ":]"); end > 0 {
				i += end + 1
			}
		case expr[i] == ']' && i > first:
			return i + 1
		}
	}
	return len(expr)
}

// wordsOf returns keywords, in lower case, of which every match of a tree contains at least one; none if the expression has
// no text of at least leastKeyword bytes in every match.
func wordsOf(re *syntax.Regexp) []string {
	best := usable(headsOf(re, true).texts)
	switch {
	case re.Op == syntax.OpConcat:
		for i, sub := range re.Sub {
			rest := &syntax.Regexp{Op: syntax.OpConcat, Sub: re.Sub[i:]}
			best = rarer(best, rarer(usable(headsOf(rest, true).texts), wordsOf(sub)))
		}
	case re.Op == syntax.OpCapture, re.Op == syntax.OpPlus, re.Op == syntax.OpRepeat && re.Min > 0:
		best = rarer(best, wordsOf(re.Sub[0]))
	case re.Op == syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			words := wordsOf(sub)
			if words == nil {
				return best
			}
			all = append(all, words...)
		}
		slices.Sort(all)
		best = rarer(best, slices.Compact(all))
	}
	return best
}

// longestWord bounds a keyword: what follows makes it no rarer.
const longestWord = 24

// usable returns the texts as keywords, none if one of them is none.
func usable(texts []string) []string {
	var words []string
	for _, text := range texts {
		if i := strings.IndexFunc(text, func(c rune) bool { return c < ' ' || c > '~' }); i >= 0 {
			text = text[:i]
		}
		if len(text) < leastKeyword {
			return nil
		}
		words = append(words, text[:min(len(text), longestWord)])
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// rarer picks the keywords that turn up less: the longer, then the fewer.
func rarer(a, b []string) []string {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	la, lb := min(shortest(a), 6), min(shortest(b), 6)
	if la > lb || la == lb && len(a) <= len(b) {
		return a
	}
	return b
}

func shortest(words []string) int { return len(slices.MinFunc(words, byLength)) }

// named is a tree with its n-th group as the only one, named.
func named(re *syntax.Regexp, n int, name string) *syntax.Regexp {
	out := *re
	out.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		out.Sub[i] = named(sub, n, name)
	}
	switch {
	case re.Op == syntax.OpCapture && re.Cap == n:
		out.Name = name
	case re.Op == syntax.OpCapture:
		return &syntax.Regexp{Op: syntax.OpConcat, Sub: out.Sub}
	}
	return &out
}

// bounded is a tree with every unbounded repeat capped.
func bounded(re *syntax.Regexp) *syntax.Regexp {
	out := *re
	out.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		out.Sub[i] = bounded(sub)
	}
	if least, most := bounds(re); isRepeat(re) && most == unbounded {
		out.Op, out.Min, out.Max = syntax.OpRepeat, least, max(repeatCap, least)
	}
	return &out
}
