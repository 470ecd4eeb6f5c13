package scanner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner/internal/prefilter"
)

// compiled is a rule ready to match. Each of its expressions is compiled when it is first needed: most runs meet the keywords of
// few rules, and need one form of each.
type compiled struct {
	rule   *rules.Rule
	prefix string
	span   rules.Span
	// offset is where a keyword stands in a match of an anchored rule.
	offset   int
	anchored bool

	// window is the pattern as it is; atStart and after anchor it at the start of the text, and after one byte, which
	// lets \b see what stands before.
	window, atStart, after func() *regexp.Regexp
	near                   func() []nearPart
}

// nearPart is a further part of a key that may stand beside the match.
type nearPart struct {
	name     string
	within   int
	optional bool
	re       *regexp.Regexp
	group    int
}

func newCompiled(r *rules.Rule) *compiled {
	c := &compiled{rule: r, prefix: r.Prefix(), span: r.Span()}
	c.offset, c.anchored = r.Anchor()
	c.window = r.Regexp
	c.atStart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A(?:` + r.Expression() + `)`) })
	c.after = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A(?s:.)(?:` + r.Expression() + `)`) })
	c.near = sync.OnceValue(func() []nearPart { return nearParts(r) })
	return c
}

func nearParts(r *rules.Rule) []nearPart {
	var parts []nearPart
	for name, n := range r.Near {
		re := r.NearRegexp(name)
		parts = append(parts, nearPart{name, n.Within, n.Optional, re, max(0, re.SubexpIndex(name))})
	}
	slices.SortFunc(parts, func(a, b nearPart) int { return strings.Compare(a.name, b.name) })
	return parts
}

// index is the rules by keyword.
type index struct {
	rules  []*compiled
	filter *prefilter.Filter
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
	for r := range set.All() {
		if len(only) > 0 && !slices.Contains(only, r.ID) || slices.Contains(skip, r.ID) {
			continue
		}
		c := newCompiled(r)
		x.reach = max(x.reach, c.span.Match+c.span.Context+lineReach)
		for _, k := range r.Keywords {
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
	x.filter = prefilter.New(keywords)
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
