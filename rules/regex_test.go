package rules

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// ruleOf makes a rule of a pattern without a file around it.
func ruleOf(pattern string, keywords ...string) *Rule {
	r := &Rule{ID: "acme-x", Pattern: pattern, Keywords: keywords}
	if err := r.prepare(&File{Provider: "acme"}); err != nil {
		panic(err)
	}
	return r
}

func TestSpan(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		want    int
	}{
		{`abc`, 3}, {`\babc$`, 3}, {`a{2,5}b?`, 6}, {`(?:ab|cde)`, 3}, {`(?i)ask`, 3}, {`é`, 2}, {`[a-é]`, 2},
		{`[^a]`, 4}, {`.`, 4}, {`(?s).{3}`, 12}, {`a*`, unbounded}, {`(?:a+)?b`, unbounded}, {`(?:\b)*a`, 1},
		{`a{3,}`, unbounded}, {`(?i)\x{2C65}`, 3}, {`(?i)é`, 2}, {``, 0},
	} {
		if got := ruleOf(tt.pattern).Span().Match; got != tt.want {
			t.Errorf("%s: longest match %d, want %d", tt.pattern, got, tt.want)
		}
	}
	r := ruleOf(`a{1,50}`)
	r.Max = 9
	r.Near = map[string]Near{"id": {Pattern: `x{5}`, Within: 100}, "other": {Pattern: `x`, Within: 7}}
	if got, want := r.Span(), (Span{Match: 9, Context: 4*100 + 2*5 + 3*9}); got != want {
		t.Errorf("span %v, want %v", got, want)
	}
}

func TestPrefix(t *testing.T) {
	for pattern, want := range map[string]string{
		`\b(?P<token>acme_[a-z]{30})\b`:                            "acme_",
		`ACME=(?P<token>[a-z]{30})`:                                "",
		`ACME=(?P<token>ac[ab]{30})`:                               "ac",
		`(?P<token>(?:acme_live|acme_test)_[a-z]{30})`:             "acme_",
		`(?P<token>ac[xyz]_[a-z]{30})`:                             "ac",
		`(?P<token>(?i:acme)_[a-z]{30})`:                           "",
		`acme_[a-z]{30}`:                                           "acme_",
		`(?P<token>acme_secret)`:                                   "", // all of it is fixed: it would be shown whole
		`(?P<token>x{3}y[a-z]{30})`:                                "xxxy",
		`(?P<token>(?:x{1,3}y)[a-z]{30})`:                          "x",
		`(?P<token>a?b[a-z]{30})`:                                  "",
		`(?P<token>é[a-z]{30}|è[a-z]{30})`:                         "",
		`(?P<token>-----BEGIN (?:RSA )?PRIVATE KEY-----[a-z]{30})`: "-----BEGIN ",
	} {
		if got := ruleOf(pattern).Prefix(); got != want {
			t.Errorf("%s: prefix %q, want %q", pattern, got, want)
		}
	}
}

func TestAnchor(t *testing.T) {
	for _, tt := range []struct {
		pattern  string
		keywords []string
		offset   int
		ok       bool
	}{
		{`\b(?P<token>acme_[a-z]{30})`, []string{"acme_"}, 0, true},
		{`(?i)\bx-acme_[a-z]{30}`, []string{"acme_"}, 2, true},
		{`[xy]{2}acme[a-z]{30}`, []string{"acme"}, 2, true},
		{`éacme[a-z]{30}`, []string{"acme"}, 2, true},
		{`[éx]acme[a-z]{30}`, []string{"acme"}, 0, false},
		{`(?:acme|emca)_[a-z]{30}`, []string{"acme", "emca"}, 0, true},
		{`(?:acme|xemca)_[a-z]{30}`, []string{"acme", "emca"}, 0, false},
		{`x?acme_[a-z]{30}`, []string{"acme"}, 0, false},
		{`[a-z]{30}acme`, []string{"acme"}, 0, false},
		{`(?i:sk)-[a-z]{30}`, []string{"sk-"}, 0, true},
		{`(?:a|b|)acme[a-z]{30}`, []string{"acme"}, 0, false},
	} {
		offset, ok := ruleOf(tt.pattern, tt.keywords...).Anchor()
		if offset != tt.offset || ok != tt.ok {
			t.Errorf("%s: anchor %d %v, want %d %v", tt.pattern, offset, ok, tt.offset, tt.ok)
		}
	}
}

func TestLacksKeyword(t *testing.T) {
	for _, tt := range []struct {
		pattern  string
		keywords string
		want     bool
	}{
		{`acme_[a-z]+`, "acme_", false},
		{`(?i)acme_[a-z]+`, "acme_", false},
		{`(?i)task_[a-z]+`, "task_", false}, // s and k fold to letters outside ASCII in RE2
		{`acm[ef]_[a-z]+`, "acme_", true},
		{`acm[ef]_[a-z]+`, "acme_ acmf_", false},
		{`(?:acme|other)_x`, "acme_ other_", false},
		{`(?:acme|other)_x`, "acme_", true},
		{`a{3}me`, "aame", false},
		{`(?:acme)?_x`, "acme", true},
		{`(?:acme)+_x`, "acme", false},
		{`(?:acme){0,2}`, "acme", true},
		{`[a-z]{4}acme`, "acme", false},
		{`ac.e`, "acme", true},
		{`(?:acm|a)e?cme`, "acme aecme acmcme acmecme", false},
		{`x*`, "acme", true},
		{`acme`, "", true},
		{`ßacme`, "acme", false},
	} {
		tree, err := parse(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := lacksKeyword(tree, strings.Fields(tt.keywords)); got != tt.want || err != nil {
			t.Errorf("%s with %q: %v %v, want %v", tt.pattern, tt.keywords, got, err, tt.want)
		}
	}
}

// TestRegexpFoldsASCII holds Regexp to what the keyword search folds.
func TestRegexpFoldsASCII(t *testing.T) {
	re := ruleOf(`(?i)ask[s-t]É`).Regexp()
	for text, want := range map[string]bool{
		"askté": true, "ASKTÉ": true, "aSkSé": true, "a\u017Fkt\u00E9": false, "as\u212At\u00E9": false, "ask\u017F\u00E9": false,
	} {
		if re.MatchString(text) != want {
			t.Errorf("match of %+q is %v, want %v", text, !want, want)
		}
	}
}

// expressions draws small expressions over the letters a, b, c.
func expressions() *rapid.Generator[string] {
	leaf := rapid.SampledFrom([]string{"a", "b", "ab", "abc", "[ab]", "[^c]", ".", "(?i:bc)", "(?i:ask)", `\b`, "é", "c?", "[b-é]"})
	return rapid.Deferred(func() *rapid.Generator[string] {
		return rapid.OneOf(leaf, leaf, rapid.Custom(func(t *rapid.T) string {
			x, y := leaf.Draw(t, "x"), expressions().Draw(t, "y")
			return fmt.Sprintf(rapid.SampledFrom([]string{
				"%s%s", "(?:%s|%s)", "(?:%s)*%s", "(?:%s){1,2}%s", "%s(?:%s){2}", "%s(?:%s)?", "(?:%s)+(?:%s){0,3}",
			}).Draw(t, "form"), x, y)
		}))
	})
}

// TestAnalysis generates texts from random expressions and holds them to what was computed from the expression.
func TestAnalysis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := expressions().Draw(t, "pattern")
		keywords := rapid.SampledFrom([][]string{{"ab"}, {"abc", "b"}, {"bc", "ab"}, {"ask"}}).Draw(t, "keywords")
		r := ruleOf(pattern, keywords...)
		tree := r.compiled.tree()
		lacks, err := lacksKeyword(tree, keywords)
		if err != nil {
			t.Fatal(err)
		}
		offset, anchored := r.Anchor()
		g := &generator{rnd: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))}
		for range 20 {
			text := g.text(tree)
			if _, ok := r.wholeMatch(text); !ok {
				continue // an assertion did not hold
			}
			if !lacks && !r.hasKeyword(text) {
				t.Fatalf("%s: %q has none of %q, and it was proven to", pattern, text, keywords)
			}
			if n := longest(tree); n != unbounded && len(text) > n {
				t.Fatalf("%s: %q is longer than %d", pattern, text, n)
			}
			if !strings.HasPrefix(text, r.Prefix()) {
				t.Fatalf("%s: %q does not begin with %q", pattern, text, r.Prefix())
			}
			if anchored && !r.keywordAt(lower(text)[offset:]) {
				t.Fatalf("%s: %q has no keyword at %d", pattern, text, offset)
			}
		}
	})
}

// TestLacksKeywordFindsWitness is the other direction: where a match can lack every keyword and nothing is asserted, some
// generated text does.
func TestLacksKeywordFindsWitness(t *testing.T) {
	texts := textsOver("abc", 8)
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "[ab]", "(?:a|bc)", "b?", "(?:ab){0,1}"}), 1, 4).Draw(t, "parts")
		tree, err := parse(strings.Join(pattern, ""))
		if err != nil {
			t.Fatal(err)
		}
		lacks, err := lacksKeyword(tree, []string{"ab"})
		if err != nil {
			t.Fatal(err)
		}
		re, witness := regexp.MustCompile("^(?:"+tree.String()+")$"), false
		for _, text := range texts {
			witness = witness || re.MatchString(text)
		}
		if witness != lacks {
			t.Fatalf("%s: a match can lack the keyword is %v, a text shows %v", tree, lacks, witness)
		}
	})
}

// textsOver lists the texts up to a length that have no "ab" in them.
func textsOver(letters string, most int) []string {
	texts, last := []string{""}, []string{""}
	for range most {
		var next []string
		for _, text := range last {
			for _, c := range letters {
				if longer := text + string(c); !strings.HasSuffix(longer, "ab") {
					next = append(next, longer)
				}
			}
		}
		texts, last = append(texts, next...), next
	}
	return texts
}
