package rules

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// Prefix is the fixed text with which every key of this kind begins, as the issuer sets it ("ghp_"); empty when there is
// none. It may be shown: it is the same for all keys.
func (r *Rule) Prefix() string { return r.compiled.facts().Prefix }

func prefixOf(token *syntax.Regexp) string {
	h := headsOf(token, false)
	if h.exact {
		return ""
	}
	return commonPrefix(h.texts)
}

// tokenTree is the part of a pattern that matches the key.
func tokenTree(re *syntax.Regexp) *syntax.Regexp {
	if group := findGroup(re, "token"); group != nil {
		return group
	}
	return re
}

// findGroup is the capturing group of that name, or nil.
func findGroup(re *syntax.Regexp, name string) *syntax.Regexp {
	if re.Op == syntax.OpCapture && re.Name == name {
		return re
	}
	for _, sub := range re.Sub {
		if group := findGroup(sub, name); group != nil {
			return group
		}
	}
	return nil
}

// Anchor is the offset in bytes at which a keyword stands in every match, counted from the match's first byte. ok is
// false when there is no one offset for all matches. With it the expression need only be tried at keyword - offset. A rule
// without keywords has the offset 0.
func (r *Rule) Anchor() (offset int, ok bool) {
	f := r.compiled.facts()
	return f.Offset, f.Anchored
}

func (r *Rule) computeAnchor() (offset int, ok bool) {
	if r.Bare() {
		return 0, true // it is looked for where matches begin
	}
	texts := headsOf(r.compiled.tree(), true).texts
	for offset := range len(slices.MinFunc(texts, byLength)) {
		if !slices.ContainsFunc(texts, func(text string) bool { return !r.keywordAt(text[offset:]) }) {
			return offset, true
		}
	}
	return 0, false
}

func byLength(a, b string) int { return len(a) - len(b) }

// keywordAt reports whether a text in lower case begins with a keyword.
func (r *Rule) keywordAt(text string) bool {
	return slices.ContainsFunc(r.Keywords, func(k string) bool { return strings.HasPrefix(text, lower(k)) })
}

// lower folds ASCII letters, and no others: that is how keywords are compared.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}, s)
}

// heads are the texts with which matches begin.
type heads struct {
	// texts: every match begins with one of these. Never empty.
	texts []string
	// exact: every match is one of these, whole.
	exact bool
}

// The limits to which heads are spelt out: how many there are, how long they are, how many characters a class has.
const (
	maxHeads      = 64
	maxHeadLength = 64
	maxClass      = 8
)

// noHead is what is known where nothing is: every match begins with the empty text.
var noHead = heads{texts: []string{""}}

// headsOf spells out how matches of a tree begin, in lower case if fold is set.
func headsOf(re *syntax.Regexp, fold bool) heads {
	switch re.Op {
	case syntax.OpLiteral:
		return literalHead(re, fold)
	case syntax.OpCharClass:
		return classHeads(re, fold)
	case syntax.OpCapture:
		return headsOf(re.Sub[0], fold)
	case syntax.OpConcat:
		return concatHeads(re.Sub, fold)
	case syntax.OpAlternate:
		return alternateHeads(re.Sub, fold)
	case syntax.OpQuest:
		return alternateHeads([]*syntax.Regexp{re.Sub[0], {Op: syntax.OpEmptyMatch}}, fold)
	case syntax.OpPlus:
		return heads{texts: headsOf(re.Sub[0], fold).texts}
	case syntax.OpRepeat:
		return repeatHeads(re, fold)
	case syntax.OpStar, syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpNoMatch:
		return noHead
	}
	return heads{texts: []string{""}, exact: true} // zero-width
}

func literalHead(re *syntax.Regexp, fold bool) heads {
	if re.Flags&syntax.FoldCase != 0 {
		return noHead
	}
	text := string(re.Rune)
	if fold {
		text = lower(text)
	}
	return heads{texts: []string{text}, exact: true}
}

func classHeads(re *syntax.Regexp, fold bool) heads {
	members := 0
	for i := 0; i < len(re.Rune); i += 2 {
		members += int(re.Rune[i+1]-re.Rune[i]) + 1
	}
	if members > maxClass {
		return noHead
	}
	h := heads{exact: true}
	for i := 0; i < len(re.Rune); i += 2 {
		for c := re.Rune[i]; c <= re.Rune[i+1]; c++ {
			text := string(c)
			if fold {
				text = lower(text)
			}
			h.texts = append(h.texts, text)
		}
	}
	return h.tidy()
}

func concatHeads(subs []*syntax.Regexp, fold bool) heads {
	h := heads{texts: []string{""}, exact: true}
	for _, sub := range subs {
		next := headsOf(sub, fold)
		if next.is(noHead) && !next.exact || len(h.texts)*len(next.texts) > maxHeads {
			h.exact = false
			return h
		}
		texts := make([]string, 0, len(h.texts)*len(next.texts))
		for _, a := range h.texts {
			for _, b := range next.texts {
				texts = append(texts, a+b)
			}
		}
		longer := heads{texts: texts, exact: next.exact}.tidy()
		if longer.is(noHead) && !h.is(noHead) {
			h.exact = false
			return h
		}
		if h = longer; !h.exact {
			return h
		}
	}
	return h
}

func alternateHeads(subs []*syntax.Regexp, fold bool) heads {
	h := heads{exact: true}
	for _, sub := range subs {
		next := headsOf(sub, fold)
		h.texts = append(h.texts, next.texts...)
		h.exact = h.exact && next.exact
	}
	return h.tidy()
}

func repeatHeads(re *syntax.Regexp, fold bool) heads {
	switch {
	case re.Min == 0 && re.Max == 1:
		return headsOf(&syntax.Regexp{Op: syntax.OpQuest, Sub: re.Sub}, fold)
	case re.Min == 0:
		return noHead
	}
	h := concatHeads(slices.Repeat(re.Sub[:1], min(re.Min, maxHeadLength)), fold)
	h.exact = h.exact && re.Min == re.Max && re.Min <= maxHeadLength
	return h
}

// is compares two sets of heads by their texts.
func (h heads) is(other heads) bool { return slices.Equal(h.texts, other.texts) }

// tidy sorts out doubles and gives up on what grew beyond the limits.
func (h heads) tidy() heads {
	slices.Sort(h.texts)
	h.texts = slices.Compact(h.texts)
	if len(h.texts) == 0 || len(h.texts) > maxHeads || len(slices.MaxFunc(h.texts, byLength)) > 2*maxHeadLength {
		return noHead
	}
	return h
}

// commonPrefix is the longest text with which all texts begin, cut at a whole character.
func commonPrefix(texts []string) string {
	prefix := texts[0]
	for _, text := range texts[1:] {
		for !strings.HasPrefix(text, prefix) {
			_, size := utf8.DecodeLastRuneInString(prefix)
			prefix = prefix[:len(prefix)-size]
		}
	}
	return prefix
}
