package scanner

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/rules"
	"pgregory.net/rapid"
)

// frugal is a scanner of the built-in rules that gives a text up soon.
func frugal(t testing.TB, least, ratio int64, o Options) *Scanner {
	s := testScannerOf(t, builtinRules(t), o)
	s.ids.memory = 8
	s.index.effort.least, s.index.effort.ratio = least, ratio
	return s
}

// TestEffortDependsOnTheTextAlone: where a search is given up, and what is found until then, is the same in any pieces, in any order of
// texts and with any number of workers.
func TestEffortDependsOnTheTextAlone(t *testing.T) {
	t.Parallel()
	only := []string{"github-pat", "aws-access-key", "generic-jwk", "private-key", "jwt", "generic-assignment"}
	set := builtinRules(t)
	only = slices.DeleteFunc(only, func(id string) bool { _, ok := set.Rule(id); return !ok })
	all := slices.DeleteFunc(slices.Collect(set.Outlines()), func(o *rules.Outline) bool { return !slices.Contains(only, o.ID) })
	one, three := frugal(t, 2000, 2, Options{Workers: 1, Only: only}), frugal(t, 2000, 2, Options{Workers: 3, Only: only})
	given, whole := 0, 0
	property(t, func(t *rapid.T) {
		var src, cut many
		var want []sighting
		var gaps []Gap
		for i := range rapid.IntRange(1, 4).Draw(t, "files") {
			text := strings.Repeat(drawText(t, set, all), rapid.IntRange(1, 12).Draw(t, "times"))
			p := pieces{string(rune('a' + i)), []string{text}}
			found, stats := scanAll(&quiet{}, one, p)
			want, gaps = append(want, found...), append(gaps, stats.Gaps...)
			src = append(src, p)
			n := rapid.IntRange(1, 900).Draw(t, "piece")
			cut = append(cut, pieces{p.path, chunked(text, n)})
		}
		given, whole = given+len(gaps), whole+len(src)-len(gaps)
		for what, run := range map[string]func() ([]sighting, Stats){
			"three workers": func() ([]sighting, Stats) { return scanAll(&quiet{}, three, src) },
			"pieces":        func() ([]sighting, Stats) { return scanAll(&quiet{}, one, cut) },
		} {
			got, stats := run()
			if diff := cmp.Diff(want, got) + cmp.Diff(gaps, stats.Gaps); diff != "" {
				t.Fatalf("%s: %s", what, diff)
			}
		}
	})
	if given == 0 || whole == 0 {
		t.Errorf("%d texts were given up, %d were not: the test tests nothing", given, whole)
	}
}

func chunked(text string, n int) []string {
	var all []string
	for c := range slices.Chunk([]byte(text), n) {
		all = append(all, string(c))
	}
	return all
}

// TestEffortIsBounded: a text that is given up names itself, the rule and the place; keys before it are found, those of other texts too, and
// a text without such parts is searched to its end.
func TestEffortIsBounded(t *testing.T) {
	s := frugal(t, 20_000, 4, Options{Only: []string{"github-pat", "generic-jwk"}})
	rule, _ := s.Rules().Rule("github-pat")
	jwk, _ := s.Rules().Rule("generic-jwk")
	key := func(seed uint64) string { return fill(rule.Examples.Match[0], rule.Sample(testRand(seed))) + "\n" }
	sample := jwk.Sample(testRand(1))
	crowd := strings.Repeat(fill(jwk.Examples.Match[0], sample)+"\n", 400)
	for name, c := range map[string]struct {
		texts []string
		found int
		gap   bool
	}{
		"usual":         {[]string{key(1), filler(testRand(1), 1<<16), key(2)}, 2, false},
		"dear":          {[]string{key(1), crowd, key(2)}, 1, true},
		"in two pieces": {[]string{key(1) + crowd[:len(crowd)/2], crowd[len(crowd)/2:] + key(2)}, 1, true},
	} {
		all, stats := scanAll(t, s, pieces{"a.env", c.texts})
		all = slices.DeleteFunc(all, func(f sighting) bool { return f.Rule != rule.ID })
		if len(all) != c.found || stats.Complete() == c.gap {
			t.Errorf("%s: %d found, gaps %v", name, len(all), stats.Gaps)
			continue
		}
		if !c.gap {
			continue
		}
		g := stats.Gaps[0]
		if len(stats.Gaps) != 1 || g.What != "file a.env" || !strings.Contains(g.Why, "4 times its length") || !strings.Contains(g.Why, "rule generic-jwk") || g.Next == "" {
			t.Errorf("%s: gaps %v", name, stats.Gaps)
		}
	}
	src := many{{"a", []string{crowd}}, {"b", []string{key(3)}}}
	if all, stats := scanAll(t, s, src); len(stats.Gaps) != 1 || !slices.ContainsFunc(all, func(f sighting) bool { return f.Path == "b" }) {
		t.Errorf("the text behind one that was given up: %d found, gaps %v", len(all), stats.Gaps)
	}
}

// TestEffortOfViews: what views show counts too.
func TestEffortOfViews(t *testing.T) {
	s := frugal(t, 2000, 0, Options{Only: []string{"generic-jwk"}})
	jwk, _ := s.Rules().Rule("generic-jwk")
	line := "data: " + each("%%%02x")(fill(jwk.Examples.Match[0], jwk.Sample(testRand(1)))) + "\n"
	_, stats := scanAll(t, s, pieces{"a.env", []string{strings.Repeat(line, 200)}})
	if len(stats.Gaps) != 1 || !strings.Contains(stats.Gaps[0].Why, "what the view percent shows of it") {
		t.Errorf("gaps %v", stats.Gaps)
	}
	_, stats = scanAll(t, s, pieces{"a.env", []string{line}})
	if !stats.Complete() {
		t.Errorf("one line: gaps %v", stats.Gaps)
	}
}

// TestEffortOfUsualTexts: texts full of keys, each another, are far from the bound.
func TestEffortOfUsualTexts(t *testing.T) {
	t.Parallel()
	set := builtinRules(t)
	s := builtinScanner(t)
	for r := range set.All() {
		rnd := testRand(5)
		var b strings.Builder
		for range 8 {
			b.WriteString(r.Sample(rnd).Text + "\n")
		}
		if used := spentOn(s, []byte(b.String())); used > effortRatio*int64(b.Len()) {
			t.Errorf("%s: eight keys of %d bytes in all cost %d, %d for each", r.ID, b.Len(), used, used/int64(b.Len()))
		}
	}
}

// spentOn is what it costs to search a text as it stands.
func spentOn(s *Scanner, text []byte) int64 {
	t := newText(s.index, Location{}, func(candidate) {})
	t.feed(text, true)
	return t.effort.used
}
