package scanner

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/quash-sh/quash/rules"
)

// embeddings put a text into files of all kinds, as people do.
var embeddings = []struct {
	name  string
	embed func(text string) string
}{
	{"itself", func(s string) string { return s }},
	{"Go", func(s string) string {
		return "package main\n\nconst text = `" + s + "`\n\nfunc main() { use(text) }\n"
	}},
	{"Python", func(s string) string { return "import os\n\nTEXT = \"\"\"" + s + "\"\"\"\nprint(len(TEXT))\n" }},
	{"JavaScript", func(s string) string { return "const text = `" + s + "`;\nmodule.exports = text;\n" }},
	{"TypeScript", func(s string) string { return "export const text: string = `" + s + "`;\n" }},
	{"Java", func(s string) string { return "class A {\n  String text = \"\"\"\n" + s + "\"\"\";\n}\n" }},
	{"C#", func(s string) string { return "class A {\n  const string Text = \"\"\"\n" + s + "\n\"\"\";\n}\n" }},
	{"Ruby", func(s string) string { return "TEXT = <<~END\n" + s + "\nEND\nputs TEXT.size\n" }},
	{"PHP", func(s string) string { return "<?php\n$text = <<<'END'\n" + s + "\nEND;\n" }},
	{"Rust", func(s string) string { return "fn main() {\n    let text = r#\"" + s + "\"#;\n}\n" }},
	{"shell", func(s string) string { return "#!/bin/sh\nset -e\ncat <<'END' >out\n" + s + "\nEND\n" }},
	{"C", func(s string) string {
		return "#include <stdio.h>\n\nstatic const char *text = " + strconv.Quote(s) + ";\n"
	}},
	{"JSON", func(s string) string { return `{"id": 7, "text": ` + quoted(s) + `, "ok": true}` }},
	{"YAML", func(s string) string {
		return "id: 7\ntext: |\n  " + strings.ReplaceAll(s, "\n", "\n  ") + "\nok: true\n"
	}},
	{"URL query", func(s string) string {
		return "GET https://acme.example/cb?state=1&text=" + strings.ReplaceAll(url.QueryEscape(s), "+", "%20") + "&next=2"
	}},
	{"log line", func(s string) string {
		return "2026-01-02T03:04:05.678Z INFO [worker-3] request 42 failed: " + s + "\n2026-01-02T03:04:06Z INFO next\n"
	}},
	{"base64", func(s string) string {
		return "data: " + base64.StdEncoding.EncodeToString([]byte("a few words before it\n"+s+"\nand after it\n")) + "\n"
	}},
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// builtin is the scanner over the rules that are shipped, made once: its automata are then there for all tests.
var builtin = sync.OnceValues(func() (*Scanner, error) {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		return nil, err
	}
	s, err := New(set, Options{})
	if err == nil {
		s.ids.memory = 8
	}
	return s, err
})

func builtinScanner(t testing.TB) *Scanner {
	t.Helper()
	s, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// foundBy are the rules that win at a key in a text, with the confidence of each.
func foundBy(s *Scanner, text, token string) map[string]rules.Confidence {
	found := map[string]rules.Confidence{}
	for f := range s.Find(Chunk{Data: []byte(text)}) {
		if unspaced(f.Token().value()) == unspaced(token) {
			found[f.Rule] = f.Confidence
		}
	}
	return found
}

// unspaced is a key without what a file puts between its lines: line ends, written out or as escapes, and indentation.
func unspaced(key string) string {
	return strings.NewReplacer(`\\n`, "", `\n`, "", `\r`, "", "\n", "", "\r", "", " ", "", "\t", "").Replace(key)
}

// inContext is the text in which a rule's key is embedded: the key alone where the rule wants no more, else the first of its
// examples in which a key is found.
func inContext(s *Scanner, r *rules.Rule, sample rules.Sample) string {
	for _, example := range append([]string{"{{sample}}"}, r.Examples.Match...) {
		text := fill(example, sample)
		if sees(s, r, foundBy(s, text, sample.Token)) {
			return text
		}
	}
	return ""
}

// notFound are places in which keys of a kind are not found, with the reason: rule or *, embedding or *.
var notFound = map[[2]string]string{
	{"adyen-api-key", "URL query"}:           "the key ends in any characters, & among them; it travels in a header, never in an address",
	{"django-insecure-key", "URL query"}:     "the key holds &, and so has no end there",
	{"private-key-pgp", "JSON"}:              "the generated block is one long line; escapes are undone around where they stand, every 64 characters in a real block",
	{"private-key-pgp", "C"}:                 "as in JSON",
	{"private-key-pgp", "YAML"}:              "the indentation of a generated block without lines falls into its header",
	{"private-key-putty", "JSON"}:            "as private-key-pgp",
	{"private-key-putty", "C"}:               "as private-key-pgp",
	{"agiled-api-key-block", "JSON"}:         "the block stands at the beginning of the string, where its first line is not in the view; a general rule finds the key",
	{"agiled-api-key-block", "C"}:            "as in JSON",
	{"generic-bearer-header", "*"}:           "a generated header holds any characters that one may, and some look like an expression",
	{"generic-basic-header", "*"}:            "the user and password of a generated header are random bytes, which no header holds",
	{"generic-npmrc-auth", "*"}:              "as generic-basic-header",
	{"generic-server-password", "URL query"}: "a line of a server's configuration does not travel in an address",
	{"generic-told-key", "URL query"}:        "a sentence is known by its blanks, which an address has none of before its first escape",
	{"generic-told-password", "URL query"}:   "as generic-told-key",
	{"htpasswd", "URL query"}:                "a line of a password file is known by its beginning, which an address does not have",
	{"slack-session-cookie", "URL query"}:    "the cookie is in percent escapes where it is issued, so that they are a part of it",
	{"snowflake-password", "URL query"}:      "a password holds &, and so has no end there",
}

// sees reports whether a rule is among those that found a key. A literal is as well seen by another rule that reads literals: which
// of them wins depends on the syntax around it.
func sees(s *Scanner, r *rules.Rule, found map[string]rules.Confidence) bool {
	if _, ok := found[r.ID]; ok || r.Literal() == "" {
		return ok
	}
	for id := range found {
		if other, _ := s.Rules().Rule(id); other.Literal() != "" {
			return true
		}
	}
	return false
}

func excused(r *rules.Rule, embedding string) bool {
	for _, k := range [][2]string{{r.ID, embedding}, {r.ID, "*"}, {r.Provider, embedding}, {r.Provider, "*"}} {
		if _, ok := notFound[k]; ok {
			return true
		}
	}
	return false
}

// TestCatalogueIsFound embeds samples of every rule in all kinds of files: the rule finds them there, and wins.
func TestCatalogueIsFound(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it uses one goroutine, and takes its time")
	}
	s := builtinScanner(t)
	for r := range s.Rules().All() {
		t.Run(r.ID, func(t *testing.T) {
			rnd := testRand(3)
			for range 3 {
				sample := r.Sample(rnd)
				text := inContext(s, r, sample)
				if text == "" && excused(r, "*") {
					return
				}
				if text == "" {
					t.Errorf("no key is found in any of its examples; instead %v", foundBy(s, fill(r.Examples.Match[0], sample), sample.Token))
					return
				}
				for _, e := range embeddings {
					found := foundBy(s, e.embed(text), sample.Token)
					if !sees(s, r, found) && !excused(r, e.name) {
						t.Errorf("a key is not found in %s; instead %v", e.name, found)
					}
				}
			}
		})
	}
}

// TestCatalogueWins holds every example of every rule to the rule itself: none of another provider wins its key.
func TestCatalogueWins(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it uses one goroutine, and takes its time")
	}
	s := builtinScanner(t)
	for r := range s.Rules().All() {
		rnd := testRand(5)
		for i, example := range r.Examples.Match {
			sample := r.Sample(rnd)
			found := foundBy(s, fill(example, sample), sample.Token)
			if !sees(s, r, found) && !excused(r, "*") {
				t.Errorf("%s: example %d is won by %v", r.ID, i+1, found)
			}
		}
	}
}

// TestMutantsAreNotFound holds broken keys to the engine itself: no broken key is found by its rule with the confidence of a whole
// one. A wrong checksum takes confidence away; any other break takes the finding.
func TestMutantsAreNotFound(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it uses one goroutine, and takes its time")
	}
	s := builtinScanner(t)
	levels := []rules.Confidence{rules.Low, rules.Medium, rules.High}
	for r := range s.Rules().All() {
		for _, m := range r.Mutants(testRand(9)) {
			if _, loose := r.Loose[m.Break]; loose {
				continue
			}
			text := fill(r.Examples.Match[0], m.Sample)
			for f := range s.Find(Chunk{Data: []byte(text)}) {
				if f.Rule != r.ID || m.Break == rules.BreakChecksum && slices.Index(levels, f.Confidence) < slices.Index(levels, rules.High) {
					continue
				}
				t.Errorf("%s: a key with a broken %s is found with %s confidence: %s", r.ID, m.Break, f.Confidence, m.How)
			}
		}
	}
}
