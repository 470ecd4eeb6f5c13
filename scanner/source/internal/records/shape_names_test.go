package records

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestQuotedNames: a name with a number is seen where it stands between two quotes, and nowhere else.
func TestQuotedNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{`"`, `"`, "type", "typ", "e", "id", "a.b", "", " ", strings.Repeat("x", longestName), "\\"})
		text := strings.Join(rapid.SliceOfN(piece, 0, 30).Draw(t, "text"), "")
		n := &names{numbers: map[string]int{}}
		for _, name := range []string{"type", "id", "a.b", strings.Repeat("x", longestName), "typid"} {
			n.add(name)
		}
		found := n.within([]byte(text))
		for name, number := range n.numbers {
			if want := strings.Contains(text, `"`+name+`"`); found.has(number) != want {
				t.Fatalf("%q in %q: %v, want %v", name, text, found.has(number), want)
			}
		}
	})
}

// TestNamesWithoutNumber: what has no number is looked for all the same.
func TestNamesWithoutNumber(t *testing.T) {
	long := strings.Repeat("y", longestName+1)
	n := &names{numbers: map[string]int{}}
	n.add(long)
	if _, ok := n.number(long); ok {
		t.Fatal("a name that is too long has a number")
	}
	for _, known := range []*names{nil, n} {
		g := &sight{head: []byte(`{"` + long + `": 1, "unasked": 2}`), form: inJSON, names: known}
		if !g.hasName(long) || !g.hasName("unasked") || g.hasName("y") {
			t.Errorf("names %v: what is in quotes is not seen", known)
		}
	}
}

// TestPartsOfMarks: a mark whose part stands nowhere needs no reading, but where a backslash may hide it.
func TestPartsOfMarks(t *testing.T) {
	m := newMarkNames("/type~conversation.list id")
	for head, want := range map[string]bool{
		`{"type": "conversation.list", "id": 1}`:       true,
		`{"type": "list", "id": 1}`:                    false,
		`{"type": "conversation\\u002elist", "id": 1}`: true,
		`{"type": "conversation.list"}`:                false,
	} {
		if g := (&sight{head: []byte(head), form: inJSON}); g.quoted(m) != want {
			t.Errorf("%s: %v, want %v", head, !want, want)
		}
	}
}
