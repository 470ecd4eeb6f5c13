package rules

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// generator makes texts that an expression matches.
type generator struct {
	rnd *rand.Rand
	// size says how often what may repeat does: any number of times, as seldom as it may, as often.
	size    size
	members map[*syntax.Regexp][]rune
}

type size int

// The sizes of generated texts.
const (
	anySize size = iota
	least
	most
)

// The alphabets from which characters are taken: first those of keys, then those of the text around them.
const (
	keyAlphabet  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_+/"
	textAlphabet = " \"'=:;,.()[]{}<>|&?!#$%*@^`~\\\t\n\r"
	// keyMembers is the number of key characters from which a class is taken for that of a key's body.
	keyMembers = 8
)

// How often what may repeat is repeated beyond its minimum.
const (
	bodyExtra   = 40
	fillerExtra = 3
	// openBody is the least length of a key's body whose pattern has no minimum.
	openBody = 24
	// maxText bounds a generated text.
	maxText = 1 << 16
)

// text makes one text. Assertions are not looked at: the caller matches the text and tries again.
func (g *generator) text(re *syntax.Regexp) string {
	var b strings.Builder
	g.write(&b, re)
	return b.String()
}

func (g *generator) write(b *strings.Builder, re *syntax.Regexp) {
	if b.Len() > maxText {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		if members := g.membersOf(re); len(members) > 0 {
			b.WriteRune(members[g.rnd.IntN(len(members))])
		}
	case syntax.OpCapture:
		g.write(b, re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			g.write(b, sub)
		}
	case syntax.OpAlternate:
		g.write(b, re.Sub[g.rnd.IntN(len(re.Sub))])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		for range g.count(re) {
			g.write(b, re.Sub[0])
		}
	}
}

// count picks how often a repeat repeats.
func (g *generator) count(re *syntax.Regexp) int {
	from, to := bounds(re)
	switch {
	case g.size == least:
		return from
	case g.size == most && to != unbounded && len(g.membersOf(re.Sub[0])) >= keyMembers:
		return to
	}
	extra := fillerExtra
	if body := len(g.membersOf(re.Sub[0])) >= keyMembers; body && (from > 1 || to == unbounded) {
		extra = bodyExtra
		if to == unbounded {
			from = max(from, openBody)
		}
	}
	if to == unbounded || to > from+extra {
		to = from + extra
	}
	return from + g.rnd.IntN(to-from+1)
}

// bounds are the least and the greatest number of repeats.
func bounds(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, unbounded
	case syntax.OpPlus:
		return 1, unbounded
	case syntax.OpQuest:
		return 0, 1
	}
	return re.Min, re.Max
}

// membersOf lists the characters to choose from: those of keys if the class has any, else those of text, else its first.
func (g *generator) membersOf(re *syntax.Regexp) []rune {
	if members, ok := g.members[re]; ok {
		return members
	}
	members := classMembers(re)
	if g.members == nil {
		g.members = make(map[*syntax.Regexp][]rune)
	}
	g.members[re] = members
	return members
}

func classMembers(re *syntax.Regexp) []rune {
	ranges := re.Rune
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		ranges = []rune{' ', '~'}
	case syntax.OpCapture:
		return classMembers(re.Sub[0])
	case syntax.OpCharClass:
	default:
		return nil
	}
	for _, alphabet := range []string{keyAlphabet, textAlphabet} {
		var members []rune
		for _, c := range alphabet {
			if inRanges(ranges, c) {
				members = append(members, c)
			}
		}
		if len(members) > 0 {
			return members
		}
	}
	if len(ranges) == 0 || !utf8.ValidRune(ranges[0]) {
		return nil
	}
	return ranges[:1]
}

func inRanges(ranges []rune, c rune) bool {
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i] <= c && c <= ranges[i+1] {
			return true
		}
	}
	return false
}
