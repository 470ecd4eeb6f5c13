package scanner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner/internal/dfa"
	"github.com/quash-sh/quash/scanner/internal/prefilter"
)

// compiled is a rule ready to match. Its expressions are compiled when they are first needed, and the rule itself is read then:
// most runs meet the keywords of few rules, and a key of fewer.
type compiled struct {
	outline *rules.Outline
	number  int // in index.rules
	prefix  string
	span    rules.Span
	// offset is where a keyword stands in a match of an anchored rule.
	offset   int
	anchored bool

	once sync.Once
	rule *rules.Rule // the whole rule, after read

	program        func() *dfa.Program
	atStart, after func() *regexp.Regexp
	near           func() []nearPart
}

func newCompiled(o *rules.Outline, number int) *compiled {
	c := &compiled{outline: o, number: number, prefix: o.Prefix, span: o.Span, offset: o.Offset, anchored: o.Anchored}
	c.program = sync.OnceValue(func() *dfa.Program { return program(o.Expr) })
	c.atStart, c.after = anchoredForms(o.Expr)
	c.near = sync.OnceValue(func() []nearPart { return nearParts(o.Rule()) })
	return c
}

// read sees to it that the rule is there. It is to be called before rule is looked at.
func (c *compiled) read() {
	c.once.Do(func() { c.rule = c.outline.Rule() })
}

// program is the automaton of an expression that the loader has taken.
func program(expr string) *dfa.Program {
	p, err := dfa.Compile(expr)
	if err != nil {
		panic("scanner: " + err.Error())
	}
	return p
}

// lazyRegexp compiles an expression when it is first asked for.
func lazyRegexp(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

func nearParts(r *rules.Rule) []nearPart {
	var parts []nearPart
	for name, n := range r.Near {
		re := r.NearRegexp(name)
		parts = append(parts, nearPart{
			name: name, within: n.Within, optional: n.Optional, shared: n.Shared,
			re: re, group: max(0, re.SubexpIndex(name)), sight: r.NearSight(name),
		})
	}
	slices.SortFunc(parts, func(a, b nearPart) int { return strings.Compare(a.name, b.name) })
	return parts
}

// index is the rules by keyword.
type index struct {
	rules  []*compiled
	filter *prefilter.Filter
	// keywords are the keywords by number, in lower case.
	keywords []string
	// tools are for texts that are being searched.
	tools sync.Pool
	// wants lists, by keyword number, the rules that have that keyword.
	wants [][]int
	// reach is how far left and right of a keyword anything that decides about a match can stand, in bytes.
	reach int
}

// lineReach is how far from a key, on its line, an allow comment is honoured.
const lineReach = 512

func newIndex(set *rules.Set, only, skip []string) (*index, error) {
	if err := known(set, only, skip); err != nil {
		return nil, err
	}
	x := &index{}
	number := map[string]int{}
	var keywords []string
	for o := range set.Outlines() {
		if len(only) > 0 && !slices.Contains(only, o.ID) || slices.Contains(skip, o.ID) {
			continue
		}
		c := newCompiled(o, len(x.rules))
		x.reach = max(x.reach, c.span.Match+c.span.Context+lineReach)
		for _, k := range o.Keywords {
			k = strings.ToLower(k)
			if _, ok := number[k]; !ok {
				number[k] = len(keywords)
				keywords = append(keywords, k)
				x.wants = append(x.wants, nil)
			}
			x.wants[number[k]] = append(x.wants[number[k]], len(x.rules))
		}
		x.rules = append(x.rules, c)
	}
	x.keywords, x.filter = keywords, prefilter.New(keywords)
	x.tools.New = x.newTools
	return x, nil
}

func known(set *rules.Set, lists ...[]string) error {
	for _, id := range slices.Concat(lists...) {
		if _, ok := set.Rule(id); !ok {
			return fmt.Errorf("rule %q: not known; quash rules list shows all", id)
		}
	}
	return nil
}
