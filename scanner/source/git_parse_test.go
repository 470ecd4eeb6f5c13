package source

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

func TestParseSignature(t *testing.T) {
	at := time.Unix(1_700_000_000, 0).UTC()
	for _, c := range []struct {
		text, name, email string
		time              time.Time
	}{
		{"Ann Lee <ann@acme.example> 1700000000 +0200", "Ann Lee", "ann@acme.example", at},
		{" <> 1700000000 -0000", "", "", at},
		{"A <b> C <d@e> 1700000000 +0000", "A", "b> C <d@e", at},
		{"Ann <ann@acme.example>", "Ann", "ann@acme.example", time.Time{}},
		{"Ann <ann@acme.example> -5 +0000", "Ann", "ann@acme.example", time.Time{}},
		{"Ann <ann@acme.example> 99999999999999 +0000", "Ann", "ann@acme.example", time.Time{}},
		{"Ann > 5 <", "Ann > 5 <", "", time.Time{}},
		{"nobody", "nobody", "", time.Time{}},
	} {
		s := parseSignature(c.text)
		if s.name != c.name || s.email != c.email || !s.time.Equal(c.time) {
			t.Errorf("%q: %+v", c.text, s)
		}
	}
}

func TestParseCommit(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	c, err := parseCommit([]byte("tree " + a + "\nparent " + b + "\nparent " + a + "\nauthor A <a@acme.example> 7 +0000\n" +
		"committer B <b@acme.example> 9 +0000\ngpgsig -----BEGIN\n tree " + b + "\n parent " + b + "\n\nsubject\n\nbody\n"))
	if err != nil || c.tree.String() != a || len(c.parents) != 2 || c.when != 9 || c.author.name != "A" || string(c.message) != "subject\n\nbody\n" {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = parseCommit([]byte("tree " + a + "\nmergetag object " + b + "\n tag v1\n \n one\n  two\ngpgsig x\n three\nmergetag object " + a + "\n \n four\n\nsubject\n"))
	if want := "object " + b + "\ntag v1\n\none\n two\nobject " + a + "\n\nfour\n"; err != nil || string(c.merged) != want || string(c.message) != "subject\n" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, text := range []string{"", "\n\nmessage", "tree short\n\n", "tree " + a + "\nparent zz\n\n", "parent " + a + "\n\n"} {
		if _, err := parseCommit([]byte(text)); err == nil {
			t.Errorf("%q is taken for a commit", text)
		}
	}
	for _, text := range []string{"", "object zz\n\n", "tag v1\n\n"} {
		if _, err := parseTag([]byte(text)); err == nil {
			t.Errorf("%q is taken for a tag", text)
		}
	}
}

func TestNextEntry(t *testing.T) {
	id := strings.Repeat("\x07", 20)
	for _, text := range []string{"", "100644 a", "100644 a\x00short", " a\x00" + id, "100644 \x00" + id, "10064x a\x00" + id, "100644100644 a\x00" + id, "a\x00" + id} {
		if e, _, err := nextEntry([]byte(text), 20); err == nil {
			t.Errorf("%q is taken for %+v", text, e)
		}
	}
}

// FuzzGitObjects feeds the readers of commits, tags and trees.
func FuzzGitObjects(f *testing.F) {
	f.Add([]byte("tree " + strings.Repeat("a", 40) + "\nauthor A <a@acme.example> 7 +0000\n\nm"))
	f.Add([]byte("object " + strings.Repeat("a", 40) + "\ntag v\ntagger A <a> 1 +0\n\nm"))
	f.Add([]byte("40000 a\x00" + strings.Repeat("\x01", 20) + "100644 b\x00" + strings.Repeat("\x02", 20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := parseCommit(data); err == nil && (c.tree == pack.ID{} || !bytes.HasSuffix(data, c.message)) {
			t.Errorf("commit %+v", c)
		}
		if g, err := parseTag(data); err == nil && (g.object == pack.ID{} || !bytes.HasSuffix(data, g.message)) {
			t.Errorf("tag %+v", g)
		}
		for rest := data; len(rest) > 0; {
			e, next, err := nextEntry(rest, 20)
			if err != nil {
				break
			}
			if len(e.raw)+len(next) != len(rest) || len(e.name) == 0 {
				t.Fatalf("entry %+v", e)
			}
			rest = next
		}
	})
}
