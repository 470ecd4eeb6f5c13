package rules

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// Options are what an operator sets about rules.
type Options struct {
	// Vars replace the vars of rule files: "provider.name" to an RE2 expression without capturing groups. A name that no
	// rule file has is an error of [Builtin].
	Vars map[string]string
}

// Builtin returns the rules that quash ships. Their proofs (examples, recorded replies) were run by this package's
// tests and are not run again; patterns into which the operator puts a var are.
func Builtin(o Options) (*Set, error) {
	all, err := builtinFiles()
	if err != nil {
		return nil, err
	}
	var files []*File
	var problems []Problem
	for i := range all {
		c := &checker{file: all[i].unpack()}
		if replaced := c.prepare(o); !replaced {
			c.file.know(all[i].Facts)
		}
		files, problems = append(files, c.file), append(problems, c.problems...)
	}
	if problems = append(problems, strayVars(files, o)...); len(problems) > 0 {
		return nil, join(problems)
	}
	return newSet(files)
}

// With returns a new set that has the rules of one more file. The file passes every check of [CheckFile] first, and the error
// lists all problems. name is how they call the file.
func (s *Set) With(name string, data []byte, o Options) (*Set, error) {
	f, problems := check(name, data, o)
	if len(problems) > 0 {
		return nil, join(problems)
	}
	return newSet(append(slices.Clone(s.files), f))
}

// newSet puts files together.
func newSet(files []*File) (*Set, error) {
	s := &Set{files: files, byID: make(map[string]int)}
	for _, f := range files {
		for i := range f.Rules {
			s.rules = append(s.rules, &f.Rules[i])
		}
	}
	slices.SortStableFunc(s.rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	for i, r := range s.rules {
		if j, taken := s.byID[r.ID]; taken {
			return nil, fmt.Errorf("rule id %q: used in %s and in %s; ids are unique over all files",
				r.ID, s.rules[j].file.name, r.file.name)
		}
		s.byID[r.ID] = i
	}
	s.version = sync.OnceValue(s.computeVersion)
	return s, nil
}

// Files yields the rule files of the set.
func (s *Set) Files() iter.Seq[*File] { return slices.Values(s.files) }
