package records

import (
	"html"
	"slices"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// foundInJira are the rules that find something in the description of a ticket of a Jira export.
func foundInJira(t *testing.T, s *scanner.Scanner, text string) []string {
	t.Helper()
	var found []string
	for _, c := range inJira(t, "description", "<pre>"+html.EscapeString(text)+"</pre>") {
		for f := range s.Find(scanner.Chunk{Data: []byte(c.text), From: c.Location}) {
			found = append(found, f.Rule)
		}
	}
	return found
}

// TestCatalogueInJira puts a key of every rule into a ticket, in each of the rule's examples, and finds it there. Literals are judged
// by what stands around them and are left out.
func TestCatalogueInJira(t *testing.T) {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for r := range set.All() {
		if r.Literal() != "" {
			continue
		}
		for i, example := range r.Examples.Match {
			text, err := r.Fill(example, r.Proof(i))
			if err != nil {
				t.Fatal(err)
			}
			if found := foundInJira(t, s, text); !slices.Contains(found, r.ID) {
				t.Errorf("%s: the key of example %d is not found; instead %q", r.ID, i+1, found)
			}
		}
	}
}
