package scanner

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// The rules for secrets begin with one of some thirty words and go on the same behind each. Where their expression is tried one of the words is
// known to stand, and the words are half of the expression: what is behind them is tried by itself, behind each word that stands there, in their
// order. So package regexp finds the same, the faster way: it follows all ways at once where an expression has more than 500 instructions.

// worded is an expression as the words that it begins with and the rest.
type worded struct {
	words []string // in small letters
	rest  expression
}

// worded is the expression in two; nil where it does not begin with words, or with few.
func (e *expression) worded() *worded {
	return e.halves.get(func() *worded { return newWorded(e.text) })
}

// leastWords is how many words are worth it.
const leastWords = 8

func newWorded(expr string) *worded {
	end := groupLen(expr)
	if end == 0 {
		return nil
	}
	tree, err := syntax.Parse(expr[:end], syntax.Perl)
	if err != nil {
		return nil
	}
	words, ok := wordsOf(tree)
	if !ok || len(words) < leastWords || slices.Contains(words, "") {
		return nil
	}
	return &worded{words: words, rest: expression{text: expr[end:]}}
}

// groupLen is the length of the group (?:…) that an expression begins with; 0 where it begins with none, or where that is one of its alternatives.
func groupLen(expr string) (end int) {
	if !strings.HasPrefix(expr, "(?:") || strings.Contains(expr, `\Q`) {
		return 0
	}
	depth := 0
	for i := 0; i < len(expr); i++ {
		switch expr[i] {
		case '\\':
			i++
		case '[':
			i += classLen(expr[i:]) - 1
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 && end == 0 {
				end = i + 1
			}
		case '|':
			if depth == 0 {
				return 0
			}
		case '*', '+', '?', '{':
			if i == end {
				return 0 // it is repeated
			}
		}
	}
	return end
}

// wordsOf are the words in either case that an expression matches, in the order in which it tries them; false where it matches anything else.
func wordsOf(re *syntax.Regexp) ([]string, bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return wordOf(re.Rune, re.Flags&syntax.FoldCase != 0)
	case syntax.OpCharClass:
		return wordsOfClass(re.Rune)
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			words, ok := wordsOf(sub)
			if !ok {
				return nil, false
			}
			all = append(all, words...)
		}
		return all, true
	case syntax.OpConcat:
		all := []string{""}
		for _, sub := range re.Sub {
			words, ok := wordsOf(sub)
			if !ok || len(all)*len(words) > mostWords {
				return nil, false
			}
			var longer []string
			for _, begin := range all {
				for _, word := range words {
					longer = append(longer, begin+word)
				}
			}
			all = longer
		}
		return all, true
	}
	return nil, false
}

// mostWords bounds the words of an expression.
const mostWords = 64

// letters are what has two cases.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// wordOf is a literal as a word: its letters have no case, and it has none that stands for others too, as k does for the sign of the kelvin.
func wordOf(runes []rune, fold bool) ([]string, bool) {
	word := strings.ToLower(string(runes))
	for _, c := range word {
		if c >= utf8.RuneSelf || strings.ContainsRune(letters, c) && !fold || fold && (c == 'k' || c == 's') {
			return nil, false
		}
	}
	return []string{word}, true
}

// wordsOfClass are the characters of ASCII that a class takes, letters as small ones: it has both of each.
func wordsOfClass(ranges []rune) (words []string, ok bool) {
	var has [128]bool
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			if c >= rune(len(has)) {
				return nil, false
			}
			has[c] = true
		}
	}
	for c, in := range has {
		switch low := byte(c) | 0x20; {
		case !in:
		case !strings.ContainsRune(letters, rune(c)):
			words = append(words, string(rune(c)))
		case !has[low] || !has[low&^0x20]:
			return nil, false
		case byte(c) == low:
			words = append(words, string(rune(c)))
		}
	}
	return words, true
}

// search runs the expression where a match can begin in a text, behind the byte before it or, where lead is 0, at the beginning. It returns the
// bounds of the groups, nil where nothing matches.
func (e *expression) search(text []byte, lead int) (re *regexp.Regexp, groups []int) {
	w := e.worded()
	if w == nil {
		re = e.within(text).form(lead > 0)
		if groups = re.FindSubmatchIndex(text); groups != nil {
			groups[0] += lead
		}
		return re, groups
	}
	for _, word := range w.words {
		from := lead + len(word) - 1
		if from >= len(text) || text[lead]|0x20 != word[0]|0x20 || !strings.EqualFold(string(text[lead:from+1]), word) {
			continue
		}
		re = w.rest.within(text[from:]).form(true)
		if groups = re.FindSubmatchIndex(text[from:]); groups == nil {
			continue
		}
		for i := range groups {
			if groups[i] >= 0 {
				groups[i] += from
			}
		}
		groups[0] = lead
		return re, groups
	}
	return nil, nil
}
