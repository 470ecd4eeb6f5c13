package scanner

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quash-sh/quash/rules"
	"pgregory.net/rapid"
)

func builtinRules(t testing.TB) *rules.Set {
	t.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// defined is what locate is to find, from the definition alone: the first of all beginnings at which the expression matches, holds
// the keyword and is not too long.
func defined(c *compiled, text string, hit span) (span, bool) {
	from, to := max(hit.from-int64(c.span.Match), 0), hit.from
	if c.anchored {
		from = hit.from - int64(c.offset)
		to = from
	}
	for start := max(from, 0); start <= to && from >= 0 && start < int64(len(text)); start++ {
		lead := min(start, 1)
		m := c.form(lead > 0).FindStringIndex(text[start-lead : min(start+int64(c.span.Match)+peek, int64(len(text)))])
		if inside := !utf8.RuneStart(text[start]); m == nil || inside { // of a character, of which . would take the rest
			continue
		}
		if at := (span{start, start - lead + int64(m[1])}); at.to >= hit.to && at.len() <= int64(c.span.Match) {
			return at, true
		}
	}
	return span{}, false
}

// drawText draws a text of keys, pieces of keys, keywords and other words of some rules.
func drawText(t *rapid.T, set *rules.Set, all []*rules.Outline) string {
	rnd := testRand(rapid.Uint64().Draw(t, "seed"))
	var b strings.Builder
	for range rapid.IntRange(1, 12).Draw(t, "parts") {
		o := rapid.SampledFrom(all).Draw(t, "rule")
		r, _ := set.Rule(o.ID)
		sample := r.Sample(rnd).Text
		switch rapid.IntRange(0, 5).Draw(t, "part") {
		case 0, 1:
			b.WriteString(sample)
		case 2:
			b.WriteString(sample[:rnd.IntN(len(sample)+1)])
		case 3:
			b.WriteString(sample[rnd.IntN(len(sample)+1):])
		case 4:
			b.WriteString(rapid.SampledFrom(o.Keywords).Draw(t, "keyword"))
		case 5:
			b.WriteString(filler(rnd, 1+rnd.IntN(60)))
		}
		b.WriteString(rapid.SampledFrom([]string{"", "", " ", "\n", "\"", "=", "é", "\xff", "-", "a"}).Draw(t, "between"))
	}
	return b.String()
}

// TestLocateEqualsDefinition holds the table-driven search for matches against the expressions alone, for every built-in rule.
func TestLocateEqualsDefinition(t *testing.T) {
	t.Parallel()
	set := builtinRules(t)
	x, err := newIndex(set, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(set.Outlines())
	matches := 0
	property(t, func(t *rapid.T) {
		whole := drawText(t, set, all)
		text := newText(x, Location{}, nil)
		text.buf = []byte(whole)
		low := strings.ToLower(whole)
		for _, h := range x.filter.Scan(text.buf, nil) {
			hit := span{int64(h.End - x.filter.Len(h.Keyword)), int64(h.End)}
			if len(low) == len(whole) && low[hit.from:hit.to] != x.keywords[h.Keyword] {
				t.Fatalf("%q is no keyword", low[hit.from:hit.to])
			}
			for _, n := range x.wants[h.Keyword] {
				c := x.rules[n]
				want, wantOK := defined(c, whole, hit)
				m, ok := text.locate(c, x.keywords[h.Keyword], hit)
				var got span
				if ok {
					matches++
					got = span{m.base + int64(m.groups[0]), m.base + int64(m.groups[1])}
				}
				if got != want || ok != wantOK {
					t.Fatalf("%s at %v: found %v %v, want %v %v", c.outline.ID, hit, got, ok, want, wantOK)
				}
			}
		}
	})
	if matches < 100 && !testing.Short() || matches == 0 {
		t.Errorf("only %d matches", matches)
	}
}

// hostile are texts in which a rule's keyword comes up as often as it can, each time with what a key begins with.
func hostile(r *rules.Rule) []string {
	rnd := testRand(7)
	sample := r.Sample(rnd).Text
	texts := []string{sample, sample[:len(sample)*3/4], sample[:max(1, len(sample)/2)], sample[len(sample)/3:]}
	for _, k := range r.Keywords[:min(2, len(r.Keywords))] {
		texts = append(texts, k, k+"=", k+" : \"", "a"+k)
	}
	return texts
}

// TestCostIsLinear: no text makes the search of a rule cost more than in proportion to its length. It looks at some of the rules, and at
// all with QUASH_LOAD=full.
func TestCostIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time, and takes some")
	}
	set, n := builtinRules(t), 0
	for r := range set.All() {
		if n++; n%24 != 0 && os.Getenv("QUASH_LOAD") != "full" {
			continue
		}
		s := testScannerOf(t, set, Options{Only: []string{r.ID}})
		for _, unit := range hostile(r) {
			cost := func(size int) time.Duration {
				text := []byte(strings.Repeat(unit, size/len(unit)+1))
				least := time.Hour
				for range 2 { // the least, since the machine has other work
					start := time.Now()
					s.judgeNothing(text)
					least = min(least, time.Since(start))
				}
				return least
			}
			cost(1 << 10) // compiles what is needed
			small := cost(2 << 10)
			if large := cost(8 << 10); large > 10*small+100*time.Millisecond {
				t.Errorf("%s: 2 KiB cost %v, 8 KiB %v", r.ID, small, large)
			}
		}
	}
}

func testScannerOf(t testing.TB, set *rules.Set, o Options) *Scanner {
	t.Helper()
	s, err := New(set, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// judgeNothing searches a text for matches without judging them.
func (s *Scanner) judgeNothing(data []byte) {
	t := newText(s.index, Location{}, nil)
	t.buf = data
	t.prefilter()
	for _, w := range t.waiting {
		hit := span{w.end - int64(s.index.filter.Len(w.keyword)), w.end}
		for _, r := range s.index.wants[w.keyword] {
			t.locate(s.index.rules[r], s.index.keywords[w.keyword], hit)
		}
	}
}

// TestFilesStandAlone: what is found in a file does not depend on the files around it, nor on the number of workers.
func TestFilesStandAlone(t *testing.T) {
	t.Parallel()
	set := testSet(t)
	all := slices.Collect(set.Outlines())
	quick := []string{"acme-token", "acme-secret", "acme-id", "acme-block"} // the ID of another kind is dear on purpose
	one := testScanner(t, Options{Workers: 1, Only: quick})
	var several []*Scanner
	for workers := range 5 {
		several = append(several, testScanner(t, Options{Workers: workers + 1, Only: quick}))
	}
	hundreds(t, 20, func(t *rapid.T) {
		var src many
		var want []sighting
		for i := range rapid.IntRange(1, 4).Draw(t, "files") {
			p := pieces{string(rune('a' + i)), []string{drawText(t, set, all), drawText(t, set, all)}}
			src = append(src, p)
			alone, _ := scanAll(&quiet{}, one, p)
			want = append(want, alone...)
		}
		got, _ := scanAll(&quiet{}, rapid.SampledFrom(several).Draw(t, "workers"), src)
		if !slices.Equal(got, want) {
			t.Fatalf("found %v, want %v", got, want)
		}
	})
}

// FuzzChunking cuts a text in many places.
func FuzzChunking(f *testing.F) {
	s := testScanner(f, Options{})
	for _, p := range plant(f, s.Rules(), testRand(11)) {
		f.Add([]byte(p.text+" "+p.text), []byte{1, 9, 40})
	}
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		whole := find(s, string(data))
		var cut []string
		rest := string(data)
		for _, n := range cuts {
			n := min(int(n), len(rest))
			cut = append(cut, rest[:n])
			rest = rest[n:]
		}
		if got, _ := scanAll(t, s, pieces{data: append(cut, rest)}); !slices.Equal(got, whole) {
			t.Fatalf("in pieces %v, whole %v", got, whole)
		}
	})
}

// BenchmarkKeyword is what a keyword costs that is in no key, over the built-in rules: each keyword in a line of prose and in an
// assignment of something else.
func BenchmarkKeyword(b *testing.B) {
	set := builtinRules(b)
	s := testScannerOf(b, set, Options{})
	var text strings.Builder
	for o := range set.Outlines() {
		for _, k := range o.Keywords {
			text.WriteString("the " + k + " is not set here, and " + k + " = None\n")
		}
	}
	data := []byte(text.String())
	hits := len(s.index.filter.Scan(data, nil))
	s.judgeNothing(data)
	for b.Loop() {
		s.judgeNothing(data)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*hits), "ns/keyword")
}

// newText begins a text in memory of its own.
func newText(x *index, from Location, emit func(candidate)) *text {
	t := &text{}
	t.begin(x, from, emit)
	return t
}
