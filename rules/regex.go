package rules

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"
)

// compiled is what is made of a rule's expressions, each when it is first asked for. Rules are shared between goroutines.
type compiled struct {
	tree  func() *syntax.Regexp
	re    func() *regexp.Regexp
	near  func() map[string]*regexp.Regexp
	allow func() *allowances
	facts func() Facts
}

// Facts are what follows from a rule's expressions.
type Facts struct {
	// Span bounds what the rule looks at; see [Rule.Span].
	Span Span
	// Prefix is that of [Rule.Prefix].
	Prefix string
	// Offset and Anchored are the results of [Rule.Anchor].
	Offset   int
	Anchored bool
	// Literal is that of [Rule.Literal].
	Literal string
	// Expr is that of [Rule.Expression]. Writing it costs more than compiling it.
	Expr string
}

func (r *Rule) computeFacts() Facts {
	f := Facts{Span: r.computeSpan(), Prefix: prefixOf(tokenTree(r.compiled.tree())), Expr: r.compiled.tree().String(), Literal: r.Literal()}
	f.Offset, f.Anchored = r.computeAnchor()
	return f
}

// Expression is the rule's expression for package regexp: its pattern, in which letters fold within ASCII alone.
func (r *Rule) Expression() string { return r.compiled.facts().Expr }

// know gives the rules of a file the facts that were computed before, in order.
func (f *File) know(all []Outline) {
	for i := range f.Rules {
		f.Rules[i].compiled.facts = func() Facts { return all[i].Facts }
	}
}

// compiler makes what is made of the rule's expressions. An expression that the loader would not have taken panics.
func (r *Rule) compiler() compiled {
	c := compiled{tree: sync.OnceValue(func() *syntax.Regexp { return mustParse(r.Pattern) })}
	c.re = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(r.Expression()) })
	c.near = sync.OnceValue(func() map[string]*regexp.Regexp {
		near := make(map[string]*regexp.Regexp, len(r.Near))
		for name, n := range r.Near {
			near[name] = regexp.MustCompile(mustParse(n.Pattern).String())
		}
		return near
	})
	c.allow = sync.OnceValue(r.compileAllowances)
	c.facts = sync.OnceValue(r.computeFacts)
	return c
}

// mustParse is parse for an expression that the loader has taken.
func mustParse(pattern string) *syntax.Regexp {
	tree, err := parse(pattern)
	if err != nil {
		panic("rules: " + err.Error())
	}
	return tree
}

// parse reads an expression. Under (?i) only ASCII letters fold: RE2 would also take U+017F for s and U+212A for k,
// which the keyword search does not, and a match would then have no keyword.
func parse(pattern string) (*syntax.Regexp, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return asciiFold(tree), nil
}

// asciiFold rewrites a tree so that no letter of ASCII folds to one outside.
func asciiFold(re *syntax.Regexp) *syntax.Regexp {
	for i, sub := range re.Sub {
		re.Sub[i] = asciiFold(sub)
	}
	switch {
	case re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase != 0:
		return foldedLiteral(re)
	case re.Op == syntax.OpCharClass:
		re.Rune = withoutFolds(re.Rune)
	}
	return re
}

// foldedLiteral spells out a literal without case: letters become classes of two.
func foldedLiteral(re *syntax.Regexp) *syntax.Regexp {
	out := &syntax.Regexp{Op: syntax.OpConcat}
	for _, c := range re.Rune {
		one := &syntax.Regexp{Op: syntax.OpLiteral, Rune: []rune{c}, Flags: re.Flags &^ syntax.FoldCase}
		if up, low := unicode.ToUpper(c), unicode.ToLower(c); c < utf8.RuneSelf && up != low {
			one = &syntax.Regexp{Op: syntax.OpCharClass, Rune: []rune{up, up, low, low}, Flags: one.Flags}
		} else if c >= utf8.RuneSelf {
			one.Flags = re.Flags
		}
		out.Sub = append(out.Sub, one)
	}
	return out
}

// withoutFolds drops U+017F and U+212A from a class in which they stand alone, as folding puts them.
func withoutFolds(ranges []rune) []rune {
	out := make([]rune, 0, len(ranges))
	for i := 0; i < len(ranges); i += 2 {
		if lo, hi := ranges[i], ranges[i+1]; lo == hi && (lo == '\u017F' || lo == '\u212A') {
			continue
		}
		out = append(out, ranges[i], ranges[i+1])
	}
	return out
}

// Regexp is the rule's pattern, compiled when it is first asked for.
func (r *Rule) Regexp() *regexp.Regexp { return r.compiled.re() }

// NearRegexp is the expression of a near part, nil when the rule has no such part.
func (r *Rule) NearRegexp(name string) *regexp.Regexp { return r.compiled.near()[name] }

// Span bounds what the rule looks at: the greatest length of a match, from the pattern and Max, and how far beside a
// match anything can stand that decides about its near parts. The byte that a \b or $ at an edge looks at is not counted.
func (r *Rule) Span() Span { return r.compiled.facts().Span }

func (r *Rule) computeSpan() Span {
	s := Span{Match: r.longestMatch()}
	for name := range r.Near {
		s.Context = max(s.Context, r.NearSight(name).Around)
	}
	return s
}

// unbounded is the length of matches that have no greatest.
const unbounded = -1

// longest is the length in bytes of the longest match of a tree, or unbounded.
func longest(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(string(re.Rune)) + foldGrowth(re)
	case syntax.OpCharClass:
		if len(re.Rune) == 0 {
			return 0
		}
		return utf8.RuneLen(re.Rune[len(re.Rune)-1])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpCapture, syntax.OpQuest:
		return longest(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return times(longest(re.Sub[0]), unbounded)
	case syntax.OpRepeat:
		return times(longest(re.Sub[0]), re.Max)
	case syntax.OpConcat:
		return fold(re.Sub, func(a, b int) int { return a + b })
	case syntax.OpAlternate:
		return fold(re.Sub, func(a, b int) int { return max(a, b) })
	}
	return 0 // zero-width assertions, and what matches nothing
}

// times is the length of n times length; a repeat of nothing stays nothing.
func times(length, n int) int {
	if length == 0 || n == 0 {
		return 0
	}
	if length == unbounded || n == unbounded {
		return unbounded
	}
	return length * n
}

func fold(subs []*syntax.Regexp, join func(a, b int) int) int {
	total := 0
	for _, sub := range subs {
		n := longest(sub)
		if n == unbounded {
			return unbounded
		}
		total = join(total, n)
	}
	return total
}

// foldGrowth is how many bytes a literal without case can grow by: outside ASCII, letters of one fold differ in length.
func foldGrowth(re *syntax.Regexp) int {
	if re.Flags&syntax.FoldCase == 0 {
		return 0
	}
	growth := 0
	for _, c := range re.Rune {
		most := utf8.RuneLen(c)
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			most = max(most, utf8.RuneLen(f))
		}
		growth += most - utf8.RuneLen(c)
	}
	return growth
}

// groupNames lists the named groups of a tree in order, doubled names twice.
func groupNames(re *syntax.Regexp) []string {
	return slices.DeleteFunc(re.CapNames(), func(name string) bool { return name == "" })
}
