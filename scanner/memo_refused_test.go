package scanner

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/rules"
)

// TestRefusalsAreOfTheSameMatch: that a match was refused once decides about it only where all is the same that it was refused for.
func TestRefusalsAreOfTheSameMatch(t *testing.T) {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, Options{KeepAllowed: true})
	if err != nil {
		t.Fatal(err)
	}
	s.ids.memory = 8
	rnd := testRand(1)
	letters := "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	value := make([]byte, 20)
	for i := range value {
		value[i] = letters[rnd.IntN(len(letters))]
	}
	frames := []string{
		"db_password = \"%s\"\n", "db_password = \"%s\" + more\n", "db_password = %s\n", "db_password = %s(x)\n", "db_password = %s", "--password %s\n",
		"call(\"db_password\", \"%s\")\n", "x db_password: %s, y\n", "'%s' = db_password\n", "db_password = \"%s\":\n", "db_password=%s&x\n", "?db_password=%s&x\n",
		"ENV password %s\n", "run password %s\n", "print 'a password = %s;\n", "print a password = %s;\n",
	}
	view, found := &viewer{}, 0
	for range 400 {
		at := Location{Blob: "b", Path: []string{"a.env", "b.go", "c.txt", "d.yaml"}[rnd.IntN(4)]}
		text := fmt.Appendf(nil, "first\n"+frames[rnd.IntN(len(frames))], value)
		var got, want []sighting
		c := view.text(s.index, at, func(k candidate) { got = append(got, viewSight(s.identified(k))) }, nil)
		tools := c.raw.tools
		c.feedFrom(Chunk{Data: text, From: at, Memo: &Memo{}}, minRun)
		for f := range s.Find(Chunk{Data: text, From: at}) {
			want = append(want, viewSight(f))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %q: %s", at.Path, text, diff)
		}
		found += len(want)
		if len(tools.memory.refused.known) > mostRefusals {
			t.Fatal("more is remembered than the bound allows")
		}
	}
	if found == 0 || found == 400 {
		t.Errorf("%d of 400 found: the test tests nothing", found)
	}
}
