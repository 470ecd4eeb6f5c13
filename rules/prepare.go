package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The forms of names.
var (
	providerForm = form(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	varForm      = form(`^[a-z][a-z0-9_]*$`)
	varUse       = form(`\{\{([^{}]*)\}\}`)
)

// prepare fills in what the loader sets and checks what can be checked without running a proof. Patterns into which the
// operator put an expression are proven again, since the file's own tests did not know it; replaced reports that there are
// such.
func (c *checker) prepare(o Options) (replaced bool) {
	f := c.file
	if !providerForm().MatchString(f.Provider) {
		c.addf(at{"provider"}, "", "provider %q: a name in lower case is wanted, [a-z0-9] with single dashes", f.Provider)
	}
	if len(f.Rules) == 0 {
		c.addf(nil, "", "no rules; a rule file has at least one")
	}
	f.allow = sync.OnceValue(func() []allowance { return compileAllows(f.Allow) })
	replaced = c.setVars(o)
	for i := range f.Rules {
		r := &f.Rules[i]
		if err := r.prepare(f); err != nil {
			c.addf(at{"rules", i, "pattern"}, r.ID, "%v", err)
		}
	}
	if replaced && len(c.problems) == 0 {
		for i := range f.Rules {
			(&ruleChecker{checker: c, rule: &f.Rules[i], where: at{"rules", i}}).pattern()
		}
	}
	return replaced
}

// setVars puts the operator's vars in the place of the file's and reports whether there were any.
func (c *checker) setVars(o Options) (replaced bool) {
	f := c.file
	for _, name := range slices.Sorted(maps.Keys(f.Vars)) {
		expr, given := o.Vars[f.Provider+"."+name]
		if given {
			f.Vars[name], replaced = expr, true
		}
		if proven := c.root == nil && !given; proven {
			continue
		}
		if err := checkVar(name, f.Vars[name]); err != nil {
			c.addf(at{"vars", name}, "", "var %s: %v", name, err)
		}
	}
	return replaced
}

// checkVar refuses what cannot stand in the middle of a pattern.
func checkVar(name, expr string) error {
	if !varForm().MatchString(name) {
		return errors.New("a var's name is [a-z][a-z0-9_]*")
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return err
	}
	if re.NumSubexp() > 0 {
		return errors.New("a var has no capturing group; write (?:…)")
	}
	return nil
}

// prepare sets defaults and puts the file's vars into the patterns.
func (r *Rule) prepare(f *File) error {
	r.file, r.Provider = f, f.Provider
	r.Family = cmp.Or(r.Family, f.Provider)
	r.Confidence = cmp.Or(r.Confidence, Medium)
	r.Severity = cmp.Or(r.Severity, SeverityHigh)
	if r.Public {
		r.Severity = SeverityInfo
	}
	r.compiled = r.compiler()
	var err error
	if r.Pattern, err = f.expandVars(r.Pattern); err != nil {
		return fmt.Errorf("pattern: %w", err)
	}
	for name, n := range r.Near {
		if n.Pattern, err = f.expandVars(n.Pattern); err != nil {
			return fmt.Errorf("near %s: pattern: %w", name, err)
		}
		r.Near[name] = n
	}
	return nil
}

// expandVars replaces {{name}} in a pattern by the file's var, as one unit of the expression.
func (f *File) expandVars(pattern string) (string, error) {
	if !strings.Contains(pattern, "{{") {
		return pattern, nil
	}
	var err error
	out := varUse().ReplaceAllStringFunc(pattern, func(use string) string {
		name := use[2 : len(use)-2]
		expr, ok := f.Vars[name]
		if !ok {
			err = fmt.Errorf("{{%s}}: the file's vars have no such name", name)
		}
		return "(?:" + expr + ")"
	})
	return out, err
}

// strayVars refuses an operator's var that no file knows: a misspelt name would silently change nothing.
func strayVars(files []packed, o Options) []Problem {
	known := make(map[string]bool)
	for _, f := range files {
		for _, name := range f.vars {
			known[f.provider+"."+name] = true
		}
	}
	var problems []Problem
	for _, key := range slices.Sorted(maps.Keys(o.Vars)) {
		if !known[key] {
			problems = append(problems, Problem{File: "vars", Msg: fmt.Sprintf(
				"%q: no rule file has this var; known are %q", key, slices.Sorted(maps.Keys(known)))})
		}
	}
	return problems
}
