package scanner

import (
	"fmt"
	"math"
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
	// silent says that nobody wants to be told of its keys. It is matched all the same: its keys are not those of another rule.
	silent bool

	once sync.Once
	rule *rules.Rule // the whole rule, after read

	expression
	parts lazy[[]nearPart]
	// made is what of its expression was worked out beforehand, ahead and before the automata unpacked from it.
	made          lazy[prepared]
	ahead, before lazy[*dfa.Walker]
}

// lazy is a value that is worked out when it is first asked for.
type lazy[T any] struct {
	once  sync.Once
	value T
}

func (l *lazy[T]) get(work func() T) T {
	l.once.Do(func() { l.value = work() })
	return l.value
}

func newCompiled(o *rules.Outline, number int) *compiled {
	return &compiled{
		outline: o, number: number, prefix: o.Prefix, span: o.Span, offset: o.Offset, anchored: o.Anchored, expression: expression{text: o.Expr},
	}
}

// near is what belongs to the rule's keys and stands near by.
func (c *compiled) near() []nearPart {
	return c.parts.get(func() []nearPart { return nearParts(c.outline.Rule()) })
}

// read sees to it that the rule is there. It is to be called before rule is looked at.
func (c *compiled) read() {
	c.once.Do(func() { c.rule = c.outline.Rule() })
}

// index is the rules by keyword.
type index struct {
	rules  []*compiled
	filter *prefilter.Filter
	// keywords are the keywords by number, in lower case.
	keywords []string
	// tools are for texts that are being searched.
	tools sync.Pool
	// viewers make the views of texts, and keep their memory.
	viewers sync.Pool
	// wants lists, by keyword number, the rules that have that keyword.
	wants [][]int
	// bare are the rules without keywords, and leads how their matches begin.
	bare  []*compiled
	leads func() *dfa.Leads
	// reach is how far left and right of a keyword anything that decides about a match can stand, in bytes.
	reach int
	// effort is what the search of a text may cost; viewBlock and viewReach are the sizes of the blocks for its views. Tests set them.
	effort               effort
	viewBlock, viewReach int64
	// scopes are what the outcome of a keyword depends on, by keyword number.
	scopes func() []scope
}

// lineReach is how far from a key, on its line, an allow comment is honoured.
const lineReach = 512

func newIndex(set *rules.Set, only, skip []string) (*index, error) {
	if err := known(set, only, skip); err != nil {
		return nil, err
	}
	x := &index{effort: effort{least: effortLeast, ratio: effortRatio, now: math.MaxInt64}, viewBlock: viewBlock, viewReach: viewReach}
	number := map[string]int{}
	var keywords []string
	for o := range set.Outlines() {
		if len(only) > 0 && !slices.Contains(only, o.ID) {
			continue
		}
		c := newCompiled(o, len(x.rules))
		c.silent = slices.Contains(skip, o.ID)
		x.reach = max(x.reach, c.span.Match+c.span.Context+lineReach)
		if o.Bare() {
			x.bare = append(x.bare, c)
		}
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
	x.viewers.New = func() any { return &viewer{} }
	x.scopes, x.leads = sync.OnceValue(x.scopesOf), sync.OnceValue(x.leadsOf)
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
