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

// Outline is what a search needs of a rule before it has met one of the rule's keys. The rest of a built-in rule is read when
// it is first asked for.
type Outline struct {
	// ID and Keywords are the rule's.
	ID       string
	Keywords []string
	Facts

	held *held
	n    int // the rule's number in its file
}

// Bare reports whether the rule has no keywords; see [Rule.Bare].
func (o *Outline) Bare() bool { return len(o.Keywords) == 0 }

// Rule is the rule itself.
func (o *Outline) Rule() *Rule { return &o.held.file().Rules[o.n] }

// held is a rule file of a set.
type held struct {
	// name is the file's, for problems.
	name string
	// version names the file's content and its vars.
	version string
	// file is the file's content.
	file  func() *File
	rules []Outline
}

// Builtin returns the rules that quash ships. Their proofs (examples, recorded replies) were run by this package's
// tests and are not run again; patterns into which the operator puts a var are.
func Builtin(o Options) (*Set, error) {
	all, err := builtinFiles()
	if err != nil {
		return nil, err
	}
	files := make([]*held, len(all))
	var problems []Problem
	for i := range all {
		p := &all[i]
		if !p.concerned(o) {
			files[i] = p.hold()
			continue
		}
		f, err := p.unpack()
		if err != nil {
			return nil, err
		}
		c := &checker{file: f}
		c.prepare(o)
		problems = append(problems, c.problems...)
		if len(problems) == 0 {
			files[i] = hold(f)
		}
	}
	if problems = append(problems, strayVars(all, o)...); len(problems) > 0 {
		return nil, join(problems)
	}
	return newSet(files)
}

// concerned reports whether the operator set a var of the file.
func (p *packed) concerned(o Options) bool {
	return slices.ContainsFunc(p.vars, func(name string) bool { _, ok := o.Vars[p.provider+"."+name]; return ok })
}

// hold holds an embedded file, to be read when it is first asked for.
func (p *packed) hold() *held {
	h := &held{name: "rules/" + p.provider + ".yaml", version: p.version, rules: p.rules}
	h.file = sync.OnceValue(func() *File {
		f, err := p.unpack()
		if err != nil {
			panic("rules: " + err.Error()) // the tests of this package read every file
		}
		(&checker{file: f}).prepare(Options{})
		f.know(h.rules)
		return f
	})
	return h.number()
}

// hold holds a file that was read.
func hold(f *File) *held {
	h := &held{name: f.name, version: f.version(), file: func() *File { return f }}
	for i := range f.Rules {
		h.rules = append(h.rules, f.Rules[i].outline())
	}
	return h.number()
}

// number tells the outlines whose they are.
func (h *held) number() *held {
	for i := range h.rules {
		h.rules[i].held, h.rules[i].n = h, i
	}
	return h
}

func (r *Rule) outline() Outline {
	return Outline{ID: r.ID, Keywords: r.Keywords, Facts: r.compiled.facts()}
}

// With returns a new set that has the rules of one more file. The file passes every check of [CheckFile] first, and the error
// lists all problems. name is how they call the file.
func (s *Set) With(name string, data []byte, o Options) (*Set, error) {
	f, problems := check(name, data, o)
	if len(problems) > 0 {
		return nil, join(problems)
	}
	return newSet(append(slices.Clone(s.files), hold(f)))
}

// newSet puts files together.
func newSet(files []*held) (*Set, error) {
	s := &Set{files: files, byID: make(map[string]*Outline, 512)}
	for _, f := range files {
		for i := range f.rules {
			s.rules = append(s.rules, &f.rules[i])
		}
	}
	slices.SortStableFunc(s.rules, func(a, b *Outline) int { return cmp.Compare(a.ID, b.ID) })
	for _, r := range s.rules {
		if other, taken := s.byID[r.ID]; taken {
			return nil, fmt.Errorf("rule id %q: used in %s and in %s; ids are unique over all files",
				r.ID, other.held.name, r.held.name)
		}
		s.byID[r.ID] = r
	}
	s.version = sync.OnceValue(s.computeVersion)
	return s, nil
}

// Files yields the rule files of the set.
func (s *Set) Files() iter.Seq[*File] {
	return func(yield func(*File) bool) {
		for _, h := range s.files {
			if !yield(h.file()) {
				return
			}
		}
	}
}
