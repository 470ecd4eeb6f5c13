package scanner

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
)

// placeRules have allowances over keys, lines and paths, and a rule without any for the same keys.
const placeRules = `
provider: acme
allow: [{match: [acme_qq]}]
rules:
  - id: acme-env
    name: Acme token in an env file
    keywords: [acme_]
    pattern: '\b(?P<token>acme_[0-9a-z]{20})\b'
    path: '\.env$'
    confidence: high
    allow:
      - {words: [ZZZ]}
      - {line: ['for tests only']}
      - {token: ['^acme_9'], path: ['^old/']}
    examples: {match: ['{{sample}}']}
`

// blob is a source of one blob of a history, whose paths are told at the end.
type blob struct {
	text  string
	paths []string
}

func (b blob) Chunks(context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		yield(Chunk{Data: []byte(b.text), From: Location{Blob: "b1"}}, nil)
	}
}

func (b blob) Place(_ context.Context, at []Location) ([][]Location, error) {
	places := make([][]Location, len(at))
	for i, l := range at {
		for _, p := range b.paths {
			l.Path = p
			places[i] = append(places[i], l)
		}
	}
	return places, nil
}

func TestPlaces(t *testing.T) {
	set, err := new(rules.Set).With("acme.yaml", []byte(placeRules), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	body := "k4m8w2v6t3r7p5n1j0h9"
	for _, c := range []struct {
		name, text, path string
		want             bool
	}{
		{"at its path", "acme_" + body, "a/.env", true},
		{"elsewhere", "acme_" + body, "a/.envrc", false},
		{"without a path", "acme_" + body, "", false},
		{"a word", "acme_" + body[:17] + "zzz", "a/.env", false},
		{"its line", "x = acme_" + body + " # for tests only\n", "a/.env", false},
		{"another line", "# for tests only\nx = acme_" + body + "\n# for tests only", "a/.env", true},
		{"far on its line", "x = acme_" + body + strings.Repeat(" ", lineReach) + "# for tests only", "a/.env", true},
		{"of the file", "acme_qq" + body[2:], "a/.env", false},
		{"key and path", "acme_9" + body[1:], "old/.env", false},
		{"key alone", "acme_9" + body[1:], "new/.env", true},
		{"path alone", "acme_" + body, "old/.env", true},
	} {
		n := 0
		for range s.Find(Chunk{Data: []byte(c.text), From: Location{Path: c.path}}) {
			n++
		}
		if got := n == 1; got != c.want {
			t.Errorf("%s: found %v", c.name, got)
		}
		var paths []string
		other := "new/other.txt"
		_, err := s.Scan(context.Background(), blob{c.text, []string{other, c.path}}, SinkFunc(func(_ context.Context, f Finding) error {
			paths = append(paths, f.At.Path)
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(paths, other) || slices.Contains(paths, c.path) != c.want {
			t.Errorf("%s, in a history: found at %v", c.name, paths)
		}
	}
}

// TestPlacesUnknownGiveWay: a rule that may turn out not to count leaves the key to one that counts anywhere.
func TestPlacesUnknownGiveWay(t *testing.T) {
	more := placeRules + `
  - id: acme-any
    name: Acme token
    keywords: [acme_]
    pattern: '\b(?P<token>acme_[0-9a-z]{20})\b'
    confidence: low
    examples: {match: ['{{sample}}']}
`
	set, err := new(rules.Set).With("acme.yaml", []byte(more), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	_, err = s.Scan(context.Background(), blob{"acme_k4m8w2v6t3r7p5n1j0h9", []string{"a.txt", "b/.env"}}, SinkFunc(func(_ context.Context, f Finding) error {
		got[f.At.Path] = f.Rule
		return nil
	}))
	if err != nil || len(got) != 2 || got["a.txt"] != "acme-any" {
		t.Errorf("found %v, %v", got, err)
	}
}
