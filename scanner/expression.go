package scanner

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/quash-sh/quash/scanner/internal/dfa"
)

// expression is an expression in the forms in which texts are searched for it, each made when it is first needed.
type expression struct {
	text          string
	plain         lazy[string]
	begins        lazy[*starts]
	begin         lazy[*dfa.Lead]
	automaton     lazy[*dfa.Program]
	loosened      lazy[*dfa.Program]
	atStart, then lazy[*regexp.Regexp]
	shorter       lazy[*short]
	halves        lazy[*worded]
}

// program is the expression for an automaton.
func (e *expression) program() *dfa.Program {
	return e.automaton.get(func() *dfa.Program { return must(dfa.Compile(e.unmixed())) })
}

// loose is the expression for an automaton that does not count.
func (e *expression) loose() *dfa.Program {
	return e.loosened.get(func() *dfa.Program { return must(dfa.Loose(e.unmixed())) })
}

// form is the expression as it is tried at one place: at the start of a text, or behind one byte, which lets \b see what stands
// before.
func (e *expression) form(behind bool) *regexp.Regexp {
	if behind {
		return e.then.get(func() *regexp.Regexp { return regexp.MustCompile(`\A(?s:.)(?:` + e.unmixed() + `)`) })
	}
	return e.atStart.get(func() *regexp.Regexp { return regexp.MustCompile(`\A(?:` + e.unmixed() + `)`) })
}

// starts is how matches begin.
type starts struct {
	// at are the bytes with which one can begin that does not begin with the text.
	at [256]bool
	// word says that all begin at the edge of a word.
	word bool
	// few says that at has no more than fewStarts.
	few bool
}

// fewStarts is how many bytes begin a word or two in capitals and small letters, and are no class of which keys are made.
const fewStarts = 8

// count notes whether there are few.
func (s *starts) count() *starts {
	n := 0
	for _, b := range s.at {
		if b {
			n++
		}
	}
	s.few = n <= fewStarts
	return s
}

// starts is how matches of the expression begin.
func (e *expression) starts() *starts {
	return e.begins.get(func() *starts { return newStarts(e.text) })
}

func newStarts(expr string) *starts {
	tree := inner(must(syntax.Parse(expr, syntax.Perl)))
	s := &starts{word: tree.Op == syntax.OpConcat && tree.Sub[0].Op == syntax.OpWordBoundary}
	w := must(dfa.LooseTree(tree)).Forward() // the first byte is the same
	for c := range s.at {
		n, ok := w.Begin([]byte{byte(c)}, true)
		s.at[c] = n > 0 || ok
	}
	return s.count()
}

// inner is an expression without what matches at the beginning of a text alone.
func inner(re *syntax.Regexp) *syntax.Regexp {
	if re.Op == syntax.OpBeginText {
		return &syntax.Regexp{Op: syntax.OpNoMatch}
	}
	none := false
	for i, sub := range re.Sub {
		re.Sub[i] = inner(sub)
		none = none || re.Sub[i].Op == syntax.OpNoMatch
	}
	if none && (re.Op == syntax.OpConcat || re.Op == syntax.OpCapture) {
		return &syntax.Regexp{Op: syntax.OpNoMatch} // its other parts would be left in the program with nothing that leads to them
	}
	return re
}

// within reports whether a match can begin somewhere in a text from one place to another, both included.
func (s *starts) within(text []byte, from, to int) bool {
	for i := from; i <= to && i < len(text); i++ {
		if i == 0 || s.at[text[i]] && !(s.word && isWord(text[i-1]) && isWord(text[i])) {
			return true
		}
	}
	return to >= len(text)
}

// isWord reports whether \b takes a byte for one of a word.
func isWord(c byte) bool { return c != '-' && wordByte(c) }

// unmixed is the expression with repeats of one class that follow each other made one: a text can be shared out between x{200,1000}
// and x{0,400} in hundreds of ways, all of which a search would follow.
func (e *expression) unmixed() string {
	return e.plain.get(func() string {
		if !strings.Contains(e.text, "}[") {
			return e.text
		}
		tree := must(syntax.Parse(e.text, syntax.Perl))
		if !mixed(tree) {
			return e.text
		}
		return unmix(tree).String()
	})
}

// mixed reports whether a tree has such repeats. Most have none, and a tree is dear to write out.
func mixed(re *syntax.Regexp) bool {
	for i, sub := range re.Sub {
		if mixed(sub) || re.Op == syntax.OpConcat && i > 0 && isRun(re.Sub[i-1]) && isRun(sub) && re.Sub[i-1].Sub[0].Equal(sub.Sub[0]) {
			return true
		}
	}
	return false
}

func unmix(re *syntax.Regexp) *syntax.Regexp {
	for i, sub := range re.Sub {
		re.Sub[i] = unmix(sub)
	}
	if re.Op != syntax.OpConcat {
		return re
	}
	var subs []*syntax.Regexp
	for _, sub := range re.Sub {
		if n := len(subs); n > 0 && isRun(subs[n-1]) && isRun(sub) && subs[n-1].Sub[0].Equal(sub.Sub[0]) {
			sub = repeat(sub.Sub[0], subs[n-1].Min+sub.Min, subs[n-1].Max+sub.Max)
			subs = subs[:n-1]
		}
		subs = append(subs, sub)
	}
	re.Sub = subs
	return re
}

// isRun reports whether a tree is a bounded repeat of a class that takes as much as it can.
func isRun(re *syntax.Regexp) bool {
	return re.Op == syntax.OpRepeat && re.Max > 0 && re.Flags&syntax.NonGreedy == 0 && re.Sub[0].Op == syntax.OpCharClass
}

// maxRepeat is the most that package regexp takes for a repeat.
const maxRepeat = 1000

// repeat is a class from least to most times, as many as there are. Beyond maxRepeat it is either a thousand and the rest of them, or
// less than a thousand.
func repeat(class *syntax.Regexp, least, most int) *syntax.Regexp {
	run := func(least, most int) *syntax.Regexp {
		return &syntax.Regexp{Op: syntax.OpRepeat, Sub: []*syntax.Regexp{class}, Min: least, Max: most}
	}
	if most <= maxRepeat {
		return run(least, most)
	}
	more := &syntax.Regexp{Op: syntax.OpConcat, Sub: []*syntax.Regexp{run(maxRepeat, maxRepeat), repeat(class, max(0, least-maxRepeat), most-maxRepeat)}}
	if least >= maxRepeat {
		return more
	}
	return &syntax.Regexp{Op: syntax.OpAlternate, Sub: []*syntax.Regexp{more, run(least, maxRepeat-1)}}
}

// must is what is made of an expression that the loader has taken.
func must[T any](p T, err error) T {
	if err != nil {
		panic("scanner: " + err.Error())
	}
	return p
}
