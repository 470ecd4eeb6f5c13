package scanner

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/rules"
	"pgregory.net/rapid"
)

// pairRules have two kinds of key that want the same part, one that takes a shared part, and a kind whose key is the half of
// another.
const pairRules = `
provider: acme
docs: https://acme.example/tokens
rules:
  - id: acme-id
    name: Acme id
    keywords: [AKME]
    pattern: '\b(?P<token>AKME[A-Z2-7]{16})\b'
    near: {secret: &secret {pattern: 'secret["]?[ ]{0,2}[=:,][ ]{0,2}["]?(?P<secret>[0-9A-Za-z]{24})\b', within: 200, optional: true}}
    confidence: high
    examples: {match: ['{{sample}}']}
  - id: acme-temporary
    name: Acme temporary id
    keywords: [TKME]
    pattern: '\b(?P<token>TKME[A-Z2-7]{16})\b'
    near: {secret: *secret}
    examples: {match: ['{{sample}}']}
  - id: acme-token
    name: Acme token
    keywords: [akme_]
    pattern: '\b(?P<token>akme_[0-9a-z]{20})\b'
    near: {account: {pattern: 'account=(?P<account>[0-9]{12})\b', within: 200, shared: true}}
    examples: {match: ['account={{account}} {{sample}}']}
  - id: acme-generic
    name: Acme secret alone
    keywords: [secret]
    pattern: 'secret["]?[ ]{0,2}[=:,][ ]{0,2}["]?(?P<token>[0-9A-Za-z]{24})\b'
    confidence: low
    examples: {match: ['secret={{sample}}']}
`

func pairScanner(t testing.TB, o Options) *Scanner {
	t.Helper()
	set, err := new(rules.Set).With("acme.yaml", []byte(pairRules), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// halves makes ids and secrets, numbered from 1.
func halves(t testing.TB, s *Scanner, rnd *rand.Rand, n int) *strings.Replacer {
	t.Helper()
	var pairs []string
	for i := range n {
		for name, id := range map[string]string{"A": "acme-id", "T": "acme-temporary", "K": "acme-token"} {
			r, _ := s.Rules().Rule(id)
			pairs = append(pairs, fmt.Sprintf("%s%d", name, i+1), r.Sample(rnd).Token)
		}
		r, _ := s.Rules().Rule("acme-generic")
		pairs = append(pairs, fmt.Sprintf("S%d", i+1), r.Sample(rnd).Token)
	}
	return strings.NewReplacer(pairs...)
}

// paired tells, for a template in which A1 stands for an id and S1 for a secret, which pairs were found, in the template's
// words: "A1-S1", "S1<A1" for the place of a pair's secret, "A1-" for an id alone, "S1" for a secret that is reported as a key of its own.
func paired(t testing.TB, s *Scanner, template string) (pairs []string, reasons string) {
	t.Helper()
	names := map[string]string{}
	r := halves(t, s, testRand(11), 9)
	for i := range 9 {
		for _, kind := range []string{"A", "T", "K", "S"} {
			name := fmt.Sprintf("%s%d", kind, i+1)
			names[r.Replace(name)] = name
		}
	}
	text := r.Replace(template)
	for f := range s.Find(Chunk{Data: []byte(text)}) {
		pair, there := names[f.Token().value()], names[text[f.At.Offset:f.At.Offset+f.At.Length]]
		switch {
		case there != pair:
			pair = there + "<" + pair
		case f.Rule != "acme-generic":
			pair += "-" + names[f.Parts["secret"].value()]
			reasons += strings.Join(f.Reasons, "; ")
		}
		pairs = append(pairs, pair)
	}
	return pairs, reasons
}

func TestPairs(t *testing.T) {
	s := pairScanner(t, Options{})
	far := strings.Repeat("x ", 110)
	for _, c := range []struct{ name, text, want, why string }{
		{"profiles", "[a]\nid=A1\nsecret=S1\n\n[b]\nid=A2\nsecret=S2\n[c]\nid = A3\nsecret = S3\n", "A1-S1 S1<A1 A2-S2 S2<A2 A3-S3 S3<A3", ""},
		{"no headers", "id=A1\nsecret=S1\nid=A2\nsecret=S2\nid=A3\nsecret=S3", "A1-S1 S1<A1 A2-S2 S2<A2 A3-S3 S3<A3", ""},
		{"secret first", "secret=S1\nid=A1\nsecret=S2\nid=A2\n", "S1<A1 A1-S1 S2<A2 A2-S2", ""},
		{"blank lines", "id=A1\nsecret=S1\n\nsecret=S2\nid=A2\n", "A1-S1 S1<A1 S2<A2 A2-S2", ""},
		{"one blank between", "id=A1\n\nsecret=S1", "A1-S1 S1<A1", ""},
		{"objects on a line", `[{"secret":"S1","id":"A1"},{"id":"A2","secret":"S2"}]`, "S1<A1 A1-S1 A2-S2 S2<A2", ""},
		{"objects", "{\n \"a\": {\n  \"id\": \"A1\",\n  \"secret\": \"S1\"\n },\n \"b\": {\n  \"secret\": \"S2\",\n  \"id\": \"A2\"\n }\n}", "A1-S1 S1<A1 S2<A2 A2-S2", ""},
		{"list", "- id: A1\n  secret: S1\n- secret: S2\n  id: A2\n", "A1-S1 S1<A1 S2<A2 A2-S2", ""},
		{"items of one half", "- name: ID\n  value: A1\n- name: x\n  secret: S1\n", "A1-S1 S1<A1", ""},
		{"table", "A1,secret,S1\nA2,secret,S2\nA3,secret,S3\n", "A1-S1 S1<A1 A2-S2 S2<A2 A3-S3 S3<A3", ""},
		{"kinds share", "[a]\nid=A1\nsecret=S1\n[b]\nid=T1\nsecret=S2\n", "A1-S1 S1<A1 T1-S2 S2<T1", ""},
		{"same twice", "id=A1\nsecret=S1\nid=A1\nsecret=S1\n", "A1-S1 S1<A1 A1-S1 S1<A1", ""},
		{"id again below", "[a]\nid=A1\nsecret=S1\n\nuses A1 here", "A1-S1 S1<A1 A1-S1", ""},
		{"too far", "id=A1 " + far + " secret=S1", "A1- S1", ""},
		{"two secrets", "id=A1\nsecret=S1\nsecret=S2\n", "A1- S1 S2", "several values of secret near by"},
		{"two ids", "id=A1\nid=A2\nsecret=S1\n", "A1- A2- S1", "secret near by may belong to another key"},
		{"two kinds, one secret", "id=A1\nid=T1\nsecret=S1\n", "A1- T1- S1", "secret near by may belong to another key"},
		{"ids, then secrets", "id=A1\nid=A2\nsecret=S1\nsecret=S2\n", "A1- A2- S1 S2", "several values"},
		{"between two", "id=A1\n\nsecret=S1\n\nid=A2\n", "A1- S1 A2-", "secret near by may belong to another key"},
		{"lines across pairs", "x id=A1\nsecret=S1 id=A2\nsecret=S2\n", "A1- S1<A2 A2-S1 S2", "may belong to another key"},
		{"another's", "[a]\nid=A1\nsecret=S1\n\n[b]\nid=A2\n", "A1-S1 S1<A1 A2-", ""},
		{"another's and own", "[a]\nid=A1\nsecret=S1\n\nid=A2\n\nsecret=S2\n", "A1-S1 S1<A1 A2-S2 S2<A2", ""},
		{"settled within", "secret=S1\n\n[x]\nid=A1\nid=T1\n{\nid=A2 id=A3\nsecret=S2\n}\n", "S1 A1- T1- A2- A3- S2", "may belong to another key"},
	} {
		got, why := paired(t, s, c.text)
		if strings.Join(got, " ") != c.want || !strings.Contains(why, c.why) {
			t.Errorf("%s: %v (%s), want %s", c.name, got, why, c.want)
		}
	}
}

// TestAllowedPairClaimsNothing: an allow comment on the line of an id says nothing of the secret on another.
func TestAllowedPairClaimsNothing(t *testing.T) {
	s := pairScanner(t, Options{})
	if got, _ := paired(t, s, "id=A1 # quash:allow\nsecret=S1\n"); !slices.Equal(got, []string{"S1"}) {
		t.Errorf("found %v", got)
	}
}

func TestSharedPart(t *testing.T) {
	s := pairScanner(t, Options{Only: []string{"acme-token"}})
	r := halves(t, s, testRand(12), 3)
	for text, want := range map[string][]string{
		"account=123456789012\nx=K1\ny=K2\nz=K3\n":                               {"123456789012", "123456789012", "123456789012"},
		"[a]\naccount=123456789012\nx=K1\n[b]\naccount=210987654321\nx=K2\n":     {"123456789012", "210987654321"},
		"account=123456789012\nx=K1\n\n\nx=K2\n":                                 {"123456789012", "123456789012"},
		"x=K1 account=123456789012 account=210987654321 account=111111111111 \n": {""},
		"x=K1 " + strings.Repeat("far ", 100) + " account=123456789012":          nil,
	} {
		var got []string
		for f := range s.Find(Chunk{Data: []byte(r.Replace(text))}) {
			got = append(got, f.Parts["account"].value())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// pairText draws a text of ids and secrets in all orders, between all kinds of edges.
func pairText(t *rapid.T, s *Scanner) string {
	r := halves(&quiet{}, s, testRand(rapid.Uint64().Draw(t, "seed")), 5)
	words := []string{"\n", "\n", "\n\n", "\n[x]\n", "{", "}", "\n- ", "\n---\n", " ", ",", "${x}", strings.Repeat("filler ", 20), strings.Repeat("long ", 70)}
	for i := range 5 {
		words = append(words, fmt.Sprintf("id=A%d", i+1), fmt.Sprintf("secret=S%d", i+1), fmt.Sprintf("id=A%d\nsecret=S%d", i+1, i+1))
	}
	words = append(words, "id=T1", "K1", "account=123456789012")
	return r.Replace(strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 2, 30).Draw(t, "words"), " "))
}

// TestPairsAreMutual: in any text, no secret belongs to two different ids and none that is taken is reported by itself at its
// place; and chunks change nothing.
func TestPairsAreMutual(t *testing.T) {
	t.Parallel()
	s := pairScanner(t, Options{})
	property(t, func(t *rapid.T) {
		text := pairText(t, s)
		owners := map[string]string{}
		var taken []string
		places := map[string]int{}
		for f := range s.Find(Chunk{Data: []byte(text)}) {
			if f.Rule == "acme-generic" {
				places[f.Token().value()]++
				continue
			}
			secret := f.Parts["secret"].value()
			if other, ok := owners[secret]; secret != "" && ok && other != f.Token().value() && strings.Count(text, secret) == 1 {
				t.Fatalf("one secret for two ids in %q", text)
			}
			if secret != "" {
				taken = append(taken, secret)
			}
			owners[secret] = f.Token().value()
		}
		for _, secret := range taken {
			if strings.Count(text, secret) == 1 && places[secret] > 0 {
				t.Fatalf("a secret that is paired is reported by itself in %q", text)
			}
		}
		at := rapid.IntRange(0, len(text)).Draw(t, "cut")
		got, _ := scanAll(&quiet{}, s, pieces{data: []string{text[:at], text[at:]}})
		if diff := cmp.Diff(find(s, text), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestPairsDependOnWhatIsNear: text out of reach changes no pair.
func TestPairsDependOnWhatIsNear(t *testing.T) {
	t.Parallel()
	s := pairScanner(t, Options{})
	gap := strings.Repeat("\nnothing here", 400)
	property(t, func(t *rapid.T) {
		text, other := pairText(t, s), pairText(t, s)
		var want, got []string
		for f := range s.Find(Chunk{Data: []byte(text + gap)}) {
			want = append(want, f.Token().value()+f.Parts["secret"].value())
		}
		for f := range s.Find(Chunk{Data: []byte(text + gap + other)}) {
			if f.At.Offset < int64(len(text)) {
				got = append(got, f.Token().value()+f.Parts["secret"].value())
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
