package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

const rulesTestLong = `Test checks rule files as the loader does and runs their proofs: each example is found
by its own rule and no look-alike is, every recorded reply is read as it says, no
request goes to a host that is not listed, and no pattern can match without one of
its keywords. A rule whose matches have no literal in common has no keywords, and is
expensive: quash rules stats counts such.

Then it holds the rules against broken keys and against each other: a key with one
character of its prefix, length, alphabet or checksum broken is not found (else the rule
says why under loose), no rule finds the key of another provider (else it says why under
overlaps), each example is won by its own rule, every pattern is bounded, and every rule
names the page of the issuer on which it rests.

Without a FILE it tests the built-in rules, and all of that must hold. Of a FILE, what
the loader would refuse is an error and the rest a note; a rule with the id of a built-in
one is tested in its place. Several FILEs are tested together: each rule is held against
those of the others too. Files of another tool are read, and not held against anything.`

func newRulesTest(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "test [FILE…]", Short: "check rule files and run their proofs", Long: rulesTestLong, Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			began := g.env.Now()
			c, err := g.load()
			if err != nil {
				return err
			}
			p, err := g.prove(args, rules.Options{Vars: c.Vars()})
			if err != nil {
				return err
			}
			for _, problem := range p.problems {
				if _, err := fmt.Fprintln(g.env.Stdout, g.cleaner.complaint(problem.String())); err != nil {
					return err
				}
			}
			if len(p.problems) > 0 {
				return usage(fmt.Errorf("%d problems in the rule files", len(p.problems)))
			}
			names := args
			if len(names) == 0 {
				names = []string{"the built-in rules"}
			}
			took := g.env.Now().Sub(began).Round(100 * time.Millisecond)
			_, err = fmt.Fprintf(g.env.Stdout, "ok: %s (%d kinds of key, %s)\n", strings.Join(names, ", "), p.kinds, took)
			return err
		},
	}
}

// proof is what came of testing rules.
type proof struct {
	problems []rules.Problem
	kinds    int
}

// prove tests the built-in rules, or the named files instead. A file that the loader takes can be used; what it is found at fault
// with beyond that is a note.
func (g *globals) prove(paths []string, o rules.Options) (p proof, err error) {
	set, err := rules.Builtin(o)
	if err != nil {
		return p, usage(err)
	}
	if len(paths) == 0 {
		if p.problems = rules.CheckBuiltin(o); len(p.problems) == 0 {
			p.problems, err = compared(set, nil)
		}
		p.kinds = set.Len()
		return p, err
	}
	var files []*rules.File
	for _, path := range paths {
		f, problems, err := g.testRules(path, o)
		if err != nil {
			return p, usage(err)
		}
		if p.problems = append(p.problems, problems...); f != nil {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return p, nil
	}
	err = g.proveFiles(set, files, &p)
	return p, err
}

// proveFiles holds the rules of checked files, in the place of those with their ids, against all.
func (g *globals) proveFiles(set *rules.Set, files []*rules.File, p *proof) error {
	tried, ids, err := set.Try(files...)
	if err != nil {
		return usage(err)
	}
	p.kinds = len(ids)
	notes, err := compared(tried, ids)
	for _, n := range notes {
		g.note("%s", n.String())
	}
	return err
}

// compared holds rules against broken keys and against all rules of the set; ids are those that are asked about, sorted, none means all.
func compared(set *rules.Set, ids []string) ([]rules.Problem, error) {
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		return nil, err
	}
	problems := set.CheckCatalogue(ids...)
	for r := range set.All() {
		if _, asked := slices.BinarySearch(ids, r.ID); asked || len(ids) == 0 {
			problems = append(problems, lost(s, r)...)
		}
	}
	return problems, nil
}

// lost names the examples of a rule whose key another rule wins. Which rule wins a literal depends on what it looks like, and a
// generated one looks like nothing that people write: there is nothing to hold it against.
func lost(s *scanner.Scanner, r *rules.Rule) []rules.Problem {
	if r.Literal() != "" {
		return nil
	}
	var problems []rules.Problem
	for i, example := range r.Examples.Match {
		sample := r.Proof(i)
		text, err := r.Fill(example, sample)
		if err != nil {
			continue // the loader has said so
		}
		won := winner(s, text, scanner.NewSecret(sample.Token))
		if won == r.ID {
			continue
		}
		msg := fmt.Sprintf("example %q: the scanner finds no key in it", example)
		if won != "" {
			msg = fmt.Sprintf("example %q: rule %s wins its key; make this one more specific: a longer prefix, a checksum, another part near by", example, won)
		}
		problems = append(problems, rules.Problem{File: r.File().Name(), Rule: r.ID, Msg: msg})
	}
	return problems
}

// winner is the rule that wins a key in a text, "" when none finds it.
func winner(s *scanner.Scanner, text string, key scanner.Secret) string {
	for f := range s.Find(scanner.Chunk{Data: []byte(text)}) {
		if f.Token().Equal(key) {
			return f.Rule
		}
	}
	return ""
}
