package scanner

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
)

// testRules are made-up kinds of key that use every way in which the engine matches: anchored at a prefix, searched in a
// window, bounded by Max, with a part near by, guessable.
const testRules = `
provider: acme
docs: https://acme.example/tokens
rules:
  - id: acme-token
    name: Acme token
    keywords: [acmepat_]
    pattern: '\b(?P<token>acmepat_(?P<body>[0-9A-Za-z]{30})(?P<sum>[0-9A-Za-z]{6}))\b'
    validate: [{checksum: crc32-base62}]
    confidence: high
    examples: {match: ['T={{sample}}']}
  - id: acme-secret
    name: Acme secret
    keywords: [acme]
    pattern: '(?i)\bacme_?secret["'']?\s{0,3}[=:]\s{0,3}["'']?(?P<token>[0-9a-z]{24,40})\b'
    validate: [{entropy: 2.5}]
    examples: {match: ['acme_secret = "{{sample}}"']}
  - id: acme-id
    name: Acme id
    keywords: [AKME]
    pattern: '\b(?P<token>AKME[A-Z2-7]{16})\b'
    near: {secret: {pattern: 'sec=(?P<secret>[0-9A-Za-z/+]{40})', within: 120, optional: true}}
    examples: {match: ['{{sample}}']}
  - id: acme-block
    name: Acme block
    keywords: ['BEGIN ACME']
    max: 400
    pattern: 'BEGIN ACME\n(?P<token>[A-Za-z0-9+/\n]{40,}?)END ACME'
    examples: {match: ["BEGIN ACME\n{{sample}}END ACME"]}
  - id: acme-url
    name: Acme URL
    keywords: ['acme://']
    pattern: 'acme://[a-z]{1,20}:(?P<token>[^\s:@/]{3,40})@[a-z.]{1,40}'
    guessable: true
    examples: {match: ['acme://ann:{{sample}}@db.example']}
`

func testSet(t testing.TB) *rules.Set {
	t.Helper()
	set, err := new(rules.Set).With("acme.yaml", []byte(testRules), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func testScanner(t testing.TB, o Options) *Scanner {
	t.Helper()
	s, err := New(testSet(t), o)
	if err != nil {
		t.Fatal(err)
	}
	s.ids.memory = 8 // what the properties are about is not how dear a guess is
	return s
}

// planted is a text that holds one key of a rule, in the context that the rule wants.
type planted struct {
	rule, text, token string
}

// plant makes a text with a new key of every rule of a set, once for each of the rule's match examples.
func plant(t testing.TB, set *rules.Set, rnd *rand.Rand) []planted {
	t.Helper()
	var all []planted
	for r := range set.All() {
		for _, example := range r.Examples.Match {
			s := r.Sample(rnd)
			all = append(all, planted{r.ID, fill(example, s), s.Token})
		}
	}
	return all
}

// fill writes a sample into an example.
func fill(example string, s rules.Sample) string {
	out := strings.ReplaceAll(example, "{{sample}}", s.Token)
	for name, v := range s.Parts {
		out = strings.ReplaceAll(out, "{{"+name+"}}", v)
	}
	return out
}

// filler is text without keys.
func filler(rnd *rand.Rand, n int) string {
	words := []string{"the ", "quick\n", "acm ", "secret ", "=", "\"", "x", "é", "\xff", "BEGIN ", "func (a) {\n", "acme", "0a1b2c3d4e5f ", "://", "\r\n", "// "}
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[rnd.IntN(len(words))])
	}
	return b.String()
}

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }
