package rules

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// The proofs of a catalogue hold rules against broken keys and against each other. They take longer than the loader may, and what they
// find fault with can still be used: so they are run for those who write rules, not for those who load them.

// CheckCatalogue returns what is wrong with the rules as a catalogue: a file that names no page of its issuer; a key that is found
// though a character of it is broken ([Rule.Mutants]); a key that a rule of another provider finds and does not list; what is listed
// under loose or overlaps and does not happen. ids are the rules that are asked about, held against all; none means all.
func (s *Set) CheckCatalogue(ids ...string) []Problem {
	c := &catalogue{used: map[string]bool{}}
	for r := range s.All() {
		c.rules = append(c.rules, r)
		c.asked = append(c.asked, len(ids) == 0 || slices.Contains(ids, r.ID))
		c.keywords = append(c.keywords, lowerAll(r.Keywords))
	}
	c.found = make([][]Problem, len(c.rules))
	each(len(c.rules), func(i int) {
		c.found[i] = slices.Concat(c.shape(i), c.mutants(i), c.overlaps(i))
	})
	return append(slices.Concat(c.found...), c.idle()...)
}

// each runs a function for 0 to n-1, as many at a time as there are processors.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// catalogue is rules that are held against each other.
type catalogue struct {
	rules []*Rule
	// asked tells the rules that are asked about.
	asked []bool
	// keywords are those of each rule in lower case.
	keywords [][]string
	// found are the problems by rule.
	found [][]Problem

	mu sync.Mutex
	// used are the entries of overlaps that happened, as "finder key".
	used map[string]bool
}

func (r *Rule) problem(format string, args ...any) Problem {
	return Problem{File: r.file.name, Rule: r.ID, Msg: fmt.Sprintf(format, args...)}
}

// mutants holds one rule to its broken keys, each in one of the rule's examples in turn.
func (c *catalogue) mutants(i int) []Problem {
	r := c.rules[i]
	if !c.asked[i] {
		return nil
	}
	var problems []Problem
	broke := map[Break]bool{}
	for n, m := range r.Mutants(r.rand()) {
		if len(r.Examples.Match) == 0 {
			break
		}
		example := r.Examples.Match[n%len(r.Examples.Match)]
		if !r.takes(m, example) {
			continue
		}
		if _, loose := r.Loose[m.Break]; !loose && !broke[m.Break] {
			problems = append(problems, r.problem("a key with a broken %s is found in example %q: %s; mend the pattern, or say why under loose",
				m.Break, example, m.How))
		}
		broke[m.Break] = true
	}
	for _, b := range slices.Sorted(maps.Keys(r.Loose)) {
		if !broke[b] {
			problems = append(problems, r.problem("loose %s: no key with a broken %s is found; take it out", b, b))
		}
	}
	return problems
}

// takes reports whether the rule takes a mutant in an example for a key. A wrong checksum stands against a mutant of the checksum
// and no other.
func (r *Rule) takes(m Mutant, example string) bool {
	text, err := r.Fill(example, m.Sample)
	if err != nil {
		return false
	}
	found, _ := r.find(text, m.Break == BreakChecksum)
	return len(found) > 0
}

// overlapRuns is how many generated keys each example of a rule is filled with to hold it against the others.
const overlapRuns = 3

// overlaps holds the samples of one rule against the rules of other providers.
func (c *catalogue) overlaps(i int) []Problem {
	r := c.rules[i]
	var problems []Problem
	told := map[int]bool{}
	rnd := r.rand()
	for range overlapRuns {
		s := r.Sample(rnd)
		for _, example := range append([]string{"{{sample}}"}, r.Examples.Match...) {
			text, err := r.Fill(example, s)
			if err != nil {
				continue
			}
			for _, k := range c.finders(i, text, s.Token) {
				if told[k] {
					continue
				}
				told[k] = true
				if by := c.rules[k]; !c.listed(by, r) {
					problems = append(problems, by.problem("it finds a key of %s in %q; mend the pattern, or say why under overlaps", r.ID, example))
				}
			}
		}
	}
	return problems
}

// finders are the rules of other providers that find the key of a rule in a text, where one of both is asked about.
func (c *catalogue) finders(i int, text, token string) []int {
	var found []int
	low := lower(text)
	for k, other := range c.rules {
		if !c.asked[i] && !c.asked[k] || other.Provider == c.rules[i].Provider || !slices.ContainsFunc(c.keywords[k], func(w string) bool { return strings.Contains(low, w) }) {
			continue
		}
		all, _ := other.find(text, false)
		if slices.ContainsFunc(all, func(parts map[string]string) bool { return overlapping(parts["token"], token) }) {
			found = append(found, k)
		}
	}
	return found
}

// overlapping reports whether one key is in the other.
func overlapping(a, b string) bool { return strings.Contains(a, b) || strings.Contains(b, a) }

// listed reports whether a rule says that it finds keys of the other, and notes that it does.
func (c *catalogue) listed(by, of *Rule) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range []string{of.ID, of.Provider, "*"} {
		if _, ok := by.Overlaps[key]; ok {
			c.used[by.ID+" "+key] = true
			return true
		}
	}
	return false
}

// idle names what is listed under overlaps and did not happen, and files without a page.
func (c *catalogue) idle() []Problem {
	var problems []Problem
	for i, r := range c.rules {
		if !c.asked[i] {
			continue
		}
		if r.file.Docs == "" && r.Docs == "" {
			problems = append(problems, r.problem("no docs; name the issuer's page on which the rule rests"))
		}
		for _, key := range slices.Sorted(maps.Keys(r.Overlaps)) {
			if key != "*" && !c.used[r.ID+" "+key] {
				problems = append(problems, r.problem("overlaps %s: it finds no key of %s; take it out", key, key))
			}
		}
	}
	return problems
}

// Try returns a set in which the rules of files stand in the place of those with their ids, and these ids, sorted. It is for files
// that are being written; [Set.With] refuses a second rule of one id. The files are of [CheckFile]; two that have a rule of one id are
// an error.
func (s *Set) Try(added ...*File) (set *Set, ids []string, err error) {
	var tried []*held
	for _, f := range added {
		tried = append(tried, hold(f))
		for i := range f.Rules {
			ids = append(ids, f.Rules[i].ID)
		}
	}
	slices.Sort(ids)
	files := slices.DeleteFunc(slices.Clone(s.files), func(h *held) bool {
		return slices.ContainsFunc(h.rules, func(o Outline) bool { _, taken := slices.BinarySearch(ids, o.ID); return taken })
	})
	set, err = newSet(append(files, tried...))
	return set, ids, err
}

// Name is how the problems of the file call it.
func (f *File) Name() string { return f.name }

// Proof is a generated key with which an example of the rule is proven, the same on every run; n tells several apart.
func (r *Rule) Proof(n int) Sample {
	rnd := r.rand()
	var s Sample
	for range n + 1 {
		s = r.Sample(rnd)
	}
	return s
}
