package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// CheckFile returns everything that is wrong with a rule file, in the order of its lines; none means that [Set.With] takes
// it. It runs the file's proofs: examples are filled with generated keys, recorded replies are read. name is how the
// problems call the file.
func CheckFile(name string, data []byte, o Options) []Problem {
	_, problems := check(name, data, o)
	return problems
}

// check decodes and checks. The file is nil when it could not be decoded.
func check(name string, data []byte, o Options) (*File, []Problem) {
	f, problems := decode(name, data)
	if len(problems) > 0 {
		return nil, problems
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, yamlProblems(name, err)
	}
	c := &checker{file: f, root: &root}
	c.unusedVars()
	if c.prepare(o); len(c.problems) == 0 {
		c.run()
	}
	sortByLine(c.problems)
	return f, c.problems
}

// checker collects the problems of one file.
type checker struct {
	file *File
	// root is the document, for line numbers; nil for an embedded file, which this package's tests have proven.
	root     *yaml.Node
	problems []Problem
}

// at is a place in the document: mapping keys and indexes.
type at []any

// in is a place below another.
func (a at) in(steps ...any) at { return append(slices.Clone(a), steps...) }

// addf notes a problem of a rule, or of the file when rule is empty.
func (c *checker) addf(where at, rule, format string, args ...any) {
	c.problems = append(c.problems, Problem{
		File: c.file.name, Line: lineOf(c.root, where...), Rule: rule, Msg: fmt.Sprintf(format, args...),
	})
}

// The forms of hosts and of a base.
var (
	hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:[0-9]{1,5})?$`)
	baseForm = regexp.MustCompile(`^https://([^/?#@{}]+)$`)
)

// unusedVars refuses vars that no pattern uses. It looks at the patterns as they are written.
func (c *checker) unusedVars() {
	used := make(map[string]bool)
	for _, r := range c.file.Rules {
		patterns := []string{r.Pattern}
		for _, n := range r.Near {
			patterns = append(patterns, n.Pattern)
		}
		for _, m := range varUse.FindAllStringSubmatch(strings.Join(patterns, "\n"), -1) {
			used[m[1]] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.file.Vars)) {
		if !used[name] {
			c.addf(at{"vars", name}, "", "var %s is used by no pattern; write {{%s}} in one or take it out", name, name)
		}
	}
}

func (c *checker) run() {
	for i, h := range c.file.Hosts {
		if !hostForm.MatchString(h) {
			c.addf(at{"hosts", i}, "", "host %q: a host's name in lower case is wanted, without scheme and path", h)
		}
	}
	if c.file.Base != "" && !hostForm.MatchString(c.file.baseHost()) {
		c.addf(at{"base"}, "", "base %q: an https origin is wanted, without path or trailing slash", c.file.Base)
	}
	if c.file.Docs != "" && !strings.HasPrefix(c.file.Docs, "https://") {
		c.addf(at{"docs"}, "", "docs %q: an https address is wanted", c.file.Docs)
	}
	seen := make(map[string]bool)
	for i := range c.file.Rules {
		r := &ruleChecker{checker: c, rule: &c.file.Rules[i], where: at{"rules", i}}
		if seen[r.rule.ID] {
			r.addf(at{"id"}, "the id is used twice in this file; ids are unique over all files")
		}
		seen[r.rule.ID] = true
		r.run()
	}
}

// baseHost is the host of Base, empty if Base is not well-formed.
func (f *File) baseHost() string {
	if m := baseForm.FindStringSubmatch(f.Base); m != nil {
		return m[1]
	}
	return ""
}

// ruleChecker collects the problems of one rule.
type ruleChecker struct {
	*checker
	rule  *Rule
	where at
}

// addf notes a problem at a place inside the rule.
func (c *ruleChecker) addf(where at, format string, args ...any) {
	c.checker.addf(c.where.in(where...), c.rule.ID, format, args...)
}

func (c *ruleChecker) run() {
	c.fields()
	c.keywords()
	if c.pattern() && c.checks() {
		c.examples()
	}
	c.flows()
}

func (c *ruleChecker) fields() {
	r := c.rule
	if !providerForm.MatchString(r.ID) || !strings.HasPrefix(r.ID, r.Provider+"-") {
		c.addf(at{"id"}, "id %q: it is %s-KIND in lower case", r.ID, r.Provider)
	}
	if r.Name == "" {
		c.addf(nil, "no name; say what a person calls this kind of key")
	}
	if !providerForm.MatchString(r.Family) {
		c.addf(at{"family"}, "family %q: a name in lower case is wanted", r.Family)
	}
	if !slices.Contains([]Severity{SeverityInfo, SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical}, r.Severity) {
		c.addf(at{"severity"}, "severity %q: it is info, low, medium, high or critical", r.Severity)
	}
	if !slices.Contains([]Confidence{Low, Medium, High}, r.Confidence) {
		c.addf(at{"confidence"}, "confidence %q: it is low, medium or high", r.Confidence)
	}
	for _, link := range []struct{ field, url string }{{"docs", r.Docs}, {"manual_url", r.ManualURL}} {
		if link.url != "" && !strings.HasPrefix(link.url, "https://") && !strings.HasPrefix(link.url, "{{base}}") {
			c.addf(at{link.field}, "%s %q: an https address is wanted", link.field, link.url)
		}
	}
}

// leastKeyword is the least length of a keyword in bytes: shorter ones turn up everywhere and cost speed.
const leastKeyword = 3

func (c *ruleChecker) keywords() {
	if len(c.rule.Keywords) == 0 {
		c.addf(nil, "no keywords; name a literal that every match contains")
	}
	for i, k := range c.rule.Keywords {
		if len(k) < leastKeyword {
			c.addf(at{"keywords", i}, "keyword %q is shorter than %d bytes", k, leastKeyword)
		}
		if strings.IndexFunc(k, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			c.addf(at{"keywords", i}, "keyword %q: only printable ASCII is compared without case", k)
		}
	}
}

// reserved are the names of template values that are not parts of a key.
var reserved = []string{"sample", "base", "since", "until", "operator"}

// pattern reports whether the rule's expressions can be used.
func (c *ruleChecker) pattern() bool {
	before := len(c.problems)
	if tree := c.expression(at{"pattern"}, "pattern", c.rule.Pattern); tree != nil {
		if longest(tree) == unbounded && c.rule.Max == 0 {
			c.addf(at{"pattern"}, "pattern has no greatest length; bound its repeats, or cap a match with max")
		}
		if lacks, err := lacksKeyword(tree, lowerAll(c.rule.Keywords)); err != nil || lacks {
			c.addf(at{"pattern"}, "pattern can match a text that has none of the keywords %q; every match must contain one",
				c.rule.Keywords)
		}
		c.groups(groupNames(tree))
	}
	if c.rule.Max < 0 || c.rule.Max > maxSpan {
		c.addf(at{"max"}, "max %d: it is from 1 to %d bytes", c.rule.Max, maxSpan)
	}
	for _, name := range slices.Sorted(maps.Keys(c.rule.Near)) {
		c.nearPart(name, c.rule.Near[name])
	}
	return len(c.problems) == before
}

func lowerAll(keywords []string) []string {
	out := make([]string, len(keywords))
	for i, k := range keywords {
		out[i] = lower(k)
	}
	return out
}

// groups refuses names that would hide another template value.
func (c *ruleChecker) groups(names []string) {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			c.addf(at{"pattern"}, "group %q stands twice in the pattern; put both forms into one group", name)
		}
		if slices.Contains(reserved, name) || !varForm.MatchString(name) {
			c.addf(at{"pattern"}, "group %q: the name is taken or not [a-z][a-z0-9_]*", name)
		}
		if _, both := c.rule.Near[name]; both {
			c.addf(at{"near", name}, "near part %q has the name of a group of the pattern", name)
		}
	}
}

func (c *ruleChecker) nearPart(name string, n Near) {
	where := at{"near", name}
	if n.Within <= 0 || n.Within > maxSpan {
		c.addf(where, "near part %q has no within; say how far from the match it may stand, from 1 to %d bytes", name, maxSpan)
	}
	if name == "token" || slices.Contains(reserved, name) || !varForm.MatchString(name) {
		c.addf(where, "near part %q: the name is taken or not [a-z][a-z0-9_]*", name)
	}
	tree := c.expression(where.in("pattern"), "near part "+name, n.Pattern)
	if tree == nil {
		return
	}
	if longest(tree) == unbounded {
		c.addf(where.in("pattern"), "near part %q has no greatest length; bound its repeats", name)
	}
	for _, group := range groupNames(tree) {
		if group != name {
			c.addf(where.in("pattern"), "near part %q: its pattern has the group %q, which nothing reads", name, group)
		}
	}
}

func (c *ruleChecker) checks() bool {
	before := len(c.problems)
	groups := groupNames(c.rule.compiled.tree())
	for i, check := range c.rule.Checks {
		if err := check.check(); err != nil {
			c.addf(at{"validate", i}, "%v", err)
		}
		if check.Kind == "checksum" && !slices.Contains(groups, "sum") {
			c.addf(at{"validate", i}, "checksum: the pattern has no group (?P<sum>…) that holds it")
		}
	}
	return len(c.problems) == before
}
