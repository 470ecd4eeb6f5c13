package rules

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// lacksKeyword reports whether some match of a tree has none of the keywords, which are in lower case and ASCII.
//
// It walks the expression's program and the automaton of the keywords side by side: a pair of states that is reached by
// some text without a keyword in it. If the program can get to its end that way, that text is a match without a keyword.
// Zero-width assertions are taken to hold, so the answer errs on the side of true.
func lacksKeyword(tree *syntax.Regexp, keywords []string) (bool, error) {
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return false, err
	}
	words := newWordStates(keywords)
	type pair struct {
		pc   uint32
		word string
	}
	start := pair{uint32(prog.Start), ""}
	seen, todo := map[pair]bool{start: true}, []pair{start}
	push := func(pc uint32, word string) {
		if p := (pair{pc, word}); !seen[p] {
			seen[p] = true
			todo = append(todo, p)
		}
	}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		inst := &prog.Inst[at.pc]
		switch inst.Op {
		case syntax.InstMatch:
			return true, nil
		case syntax.InstFail:
		case syntax.InstAlt, syntax.InstAltMatch:
			push(inst.Out, at.word)
			push(inst.Arg, at.word)
		case syntax.InstCapture, syntax.InstNop, syntax.InstEmptyWidth:
			push(inst.Out, at.word)
		default:
			for _, word := range words.after(at.word, inst) {
				push(inst.Out, word)
			}
		}
	}
	return false, nil
}

// inEvery reports whether every match of a tree has one of the words, which are in lower case and ASCII, and they can be keywords.
func inEvery(tree *syntax.Regexp, words []string) bool {
	if len(words) == 0 || shortest(words) < leastKeyword {
		return false
	}
	lacks, err := lacksKeyword(tree, words)
	return err == nil && !lacks
}

// wordStates is the automaton of a set of keywords. A state is the longest end of the text so far that begins a keyword.
type wordStates struct {
	keywords []string
	letters  string
}

func newWordStates(keywords []string) wordStates {
	letters := []byte(strings.Join(keywords, ""))
	slices.Sort(letters)
	return wordStates{keywords, string(slices.Compact(letters))}
}

// after lists the states that one character accepted by inst leads to, without those that complete a keyword.
func (w wordStates) after(word string, inst *syntax.Inst) []string {
	var next []string
	if w.acceptsOther(inst) {
		next = append(next, "")
	}
	for _, c := range w.letters {
		if !accepts(inst, c) {
			continue
		}
		if state, complete := w.step(word + string(c)); !complete {
			next = append(next, state)
		}
	}
	return next
}

// step cuts a text down to the longest end that begins a keyword, and reports whether it ends a keyword.
func (w wordStates) step(text string) (state string, complete bool) {
	for ; text != ""; text = text[1:] {
		for _, k := range w.keywords {
			if k == text {
				return "", true
			}
			if state == "" && strings.HasPrefix(k, text) {
				state = text
			}
		}
	}
	return state, false
}

// accepts reports whether inst takes a letter in either case.
func accepts(inst *syntax.Inst, c rune) bool {
	if inst.MatchRune(c) {
		return true
	}
	return 'a' <= c && c <= 'z' && inst.MatchRune(c-'a'+'A')
}

// acceptsOther reports whether inst takes a character that is in no keyword.
func (w wordStates) acceptsOther(inst *syntax.Inst) bool {
	switch inst.Op {
	case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	ranges := inst.Rune
	if len(ranges) == 1 {
		ranges = []rune{ranges[0], ranges[0]}
	}
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			if c > 0x7F || !strings.ContainsRune(w.letters, lowerRune(c)) {
				return true
			}
		}
	}
	return false
}

func lowerRune(c rune) rune {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
