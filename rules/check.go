package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// CheckFile reads a rule file and returns everything that is wrong with it, in the order of its lines; none means that [Set.With]
// takes it, and only then is there a file, for [Set.Try]. It runs the file's proofs: examples are filled with generated keys,
// recorded replies are read. name is how the problems call the file.
func CheckFile(name string, data []byte, o Options) (*File, []Problem) {
	f, problems := check(name, data, o)
	if len(problems) > 0 {
		return nil, problems
	}
	return f, nil
}

// CheckBuiltin returns what is wrong with the rules that quash ships under an operator's options, as [CheckFile] does for a
// file: it runs all their proofs. Its problems have no line, since the files' text is not shipped.
func CheckBuiltin(o Options) []Problem {
	all, err := builtinFiles()
	if err != nil {
		return []Problem{{File: "rules", Msg: err.Error()}}
	}
	var problems []Problem
	for i := range all {
		f, err := all[i].unpack()
		if err != nil {
			return []Problem{{File: "rules", Msg: err.Error()}}
		}
		c := &checker{file: f}
		if c.prepare(o); len(c.problems) == 0 {
			c.run()
		}
		problems = append(problems, c.problems...)
	}
	return append(problems, strayVars(all, o)...)
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
	hostForm = form(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:[0-9]{1,5})?$`)
	baseForm = form(`^https://([^/?#@{}]+)$`)
)

// unusedVars refuses vars that no pattern uses. It looks at the patterns as they are written.
func (c *checker) unusedVars() {
	used := make(map[string]bool)
	for _, r := range c.file.Rules {
		patterns := []string{r.Pattern}
		for _, n := range r.Near {
			patterns = append(patterns, n.Pattern)
		}
		for _, m := range varUse().FindAllStringSubmatch(strings.Join(patterns, "\n"), -1) {
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
		if !hostForm().MatchString(h) {
			c.addf(at{"hosts", i}, "", "host %q: a host's name in lower case is wanted, without scheme and path", h)
		}
	}
	c.bases()
	if c.file.Docs != "" && !strings.HasPrefix(c.file.Docs, "https://") {
		c.addf(at{"docs"}, "", "docs %q: an https address is wanted", c.file.Docs)
	}
	c.canaries()
	if !c.allows(nil, "", c.file.Allow) {
		return
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

// bases checks where keys are asked about when the operator names no base. A revocation or review goes to one place, which regions leave open.
func (c *checker) bases() {
	if c.file.Base != "" && !hostForm().MatchString(c.file.baseHost()) {
		c.addf(at{"base"}, "", "base %q: an https origin is wanted, without path or trailing slash", c.file.Base)
	}
	for i, region := range c.file.Regions {
		switch {
		case !hostForm().MatchString(originHost(region)):
			c.addf(at{"regions", i}, "", "region %q: an https origin is wanted, without path or trailing slash", region)
		case c.file.Base == "":
			c.addf(at{"regions", i}, "", "region %q: regions come after a base", region)
		}
	}
	for i, r := range c.file.Rules {
		if len(c.file.Regions) > 0 && len(r.Revoke)+len(r.Review) > 0 {
			c.addf(at{"rules", i}, r.ID, "revoke and review do not go with regions: nothing says which of them is meant")
		}
	}
}

// baseHost is the host of Base, empty if Base is not well-formed.
func (f *File) baseHost() string {
	return originHost(f.Base)
}

// originHost is the host of an https origin, empty if it is not well-formed.
func originHost(base string) string {
	if m := baseForm().FindStringSubmatch(base); m != nil {
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
	if allowed := c.allowed(); c.pattern() && allowed && c.checks() {
		c.examples()
	}
	c.flows()
	c.evidence()
}

func (c *ruleChecker) fields() {
	r := c.rule
	if !providerForm().MatchString(r.ID) || !strings.HasPrefix(r.ID, r.Provider+"-") {
		c.addf(at{"id"}, "id %q: it is %s-KIND in lower case", r.ID, r.Provider)
	}
	if r.Name == "" {
		c.addf(nil, "no name; say what a person calls this kind of key")
	}
	if !providerForm().MatchString(r.Family) {
		c.addf(at{"family"}, "family %q: a name in lower case is wanted", r.Family)
	}
	if !slices.Contains([]Severity{SeverityInfo, SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical}, r.Severity) {
		c.addf(at{"severity"}, "severity %q: it is info, low, medium, high or critical", r.Severity)
	}
	if !slices.Contains([]Confidence{Low, Medium, High}, r.Confidence) {
		c.addf(at{"confidence"}, "confidence %q: it is low, medium or high", r.Confidence)
	}
	for _, b := range slices.Sorted(maps.Keys(r.Loose)) {
		if !slices.Contains(breaks, b) || r.Loose[b] == "" {
			c.addf(at{"loose", string(b)}, "loose %q: it is prefix, length, alphabet or checksum, each with a reason", b)
		}
	}
	for _, other := range slices.Sorted(maps.Keys(r.Overlaps)) {
		if r.Overlaps[other] == "" {
			c.addf(at{"overlaps", other}, "overlaps %q: say why this rule finds its keys", other)
		}
	}
	for _, link := range []struct{ field, url string }{{"docs", r.Docs}, {"manual_url", r.ManualURL}} {
		if link.url != "" && !strings.HasPrefix(link.url, "https://") && !strings.HasPrefix(link.url, "{{base}}") {
			c.addf(at{link.field}, "%s %q: an https address is wanted", link.field, link.url)
		}
	}
}
