package scanner

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/rules"
	"pgregory.net/rapid"
)

// bareRules are kinds of key that have no literal in common: of one length, of two, with assertions, within a line, capped, with a part
// near by, and all over each other.
const bareRules = `
provider: plain
docs: https://plain.example/tokens
rules:
  - id: plain-hex
    name: Plain hex
    pattern: '\b(?P<token>[0-9a-f]{32})\b'
    examples: {match: ['T={{sample}}']}
  - id: plain-open
    name: Plain and without an end
    max: 100
    pattern: '(?P<token>[A-Z0-9]{20,})'
    examples: {match: ['T={{sample}}']}
  - id: plain-two
    name: Plain in two halves
    pattern: '(?:^|[^a-z0-9])(?P<token>[a-z0-9]{8}-[a-z0-9]{12,14})(?:[^a-z0-9]|$)'
    examples: {match: ['T={{sample}}']}
  - id: plain-pair
    name: Plain with a part
    pattern: '\b(?P<token>[0-9]{12}[a-z]{6})\b'
    near: {part: {pattern: '\b(?P<part>[0-9a-f]{32})\b', within: 60, optional: true}}
    examples: {match: ['{{sample}}']}
  - id: plain-wide
    name: Plain, beyond ASCII
    pattern: '"(?P<token>[^"\n]{24,40})"'
    examples: {match: ['T="{{sample}}"']}
`

// bareScanner has the test rules and the bare ones, or the latter alone.
func bareScanner(t testing.TB, alone bool, o Options) *Scanner {
	t.Helper()
	set := testSet(t)
	if alone {
		set = new(rules.Set)
	}
	set, err := set.With("plain.yaml", []byte(bareRules), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, o)
	if err != nil {
		t.Fatal(err)
	}
	s.ids.memory = 8
	return s
}

// bareText is text of the bare rules' alphabets, in runs of any length.
func bareText(rnd *rand.Rand, n int) string {
	alphabets := []string{"0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "0123456789", "abcdefxyz", "é", " ", "\n", `"`, "-", "."}
	pair := func() string { // a part and its key
		return fmt.Sprintf(" %016x%016x ", rnd.Uint64(), rnd.Uint64()) + strings.Repeat(".", rnd.IntN(50)) + fmt.Sprintf(" %012dabcdef ", rnd.IntN(1e12))
	}
	var b strings.Builder
	for b.Len() < n {
		a := alphabets[rnd.IntN(len(alphabets))]
		if rnd.IntN(9) == 0 {
			a = "-"
			b.WriteString(pair())
		}
		if len(a) < 6 {
			b.WriteString(a)
			continue
		}
		for range []int{1, 6, 8, 10, 12, 14, 20, 32, 33, 99, 101, 400}[rnd.IntN(12)] {
			b.WriteByte(a[rnd.IntN(len(a))])
		}
	}
	return b.String()
}

// TestBareRulesFindWhatRegexpFinds: the matches are those of the expression in the whole text, but for those that are too long.
func TestBareRulesFindWhatRegexpFinds(t *testing.T) {
	t.Parallel()
	s := bareScanner(t, true, Options{})
	found, seeds := 0, uint64(400)
	if testing.Short() {
		seeds = 40
	}
	for r := range s.Rules().All() {
		alone := bareScanner(t, true, Options{Only: []string{r.ID}})
		alone.noViews = true
		for seed := range seeds {
			text := bareText(testRand(seed), 3000)
			var want, got []string
			for _, m := range r.Regexp().FindAllStringSubmatchIndex(text, -1) {
				at := m[2*r.Regexp().SubexpIndex("token"):]
				tooLong := m[1]-m[0] > r.Span().Match
				if token := text[at[0]:at[1]]; !tooLong {
					want = append(want, fmt.Sprint(at[0], " ", token))
				}
			}
			for _, f := range find(alone, text) {
				got = append(got, fmt.Sprint(f.Offset, " ", f.Token))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s, seed %d: %s", r.ID, seed, diff)
			}
			found += len(want)
		}
	}
	if found < int(seeds) {
		t.Errorf("%d matches: the test tests nothing", found)
	}
}

// TestBareRulesInAnyChunking: what is found does not depend on how the text is cut.
func TestBareRulesInAnyChunking(t *testing.T) {
	t.Parallel()
	s := bareScanner(t, false, Options{})
	found := 0
	property(t, func(t *rapid.T) {
		rnd := testRand(rapid.Uint64().Draw(t, "seed"))
		fresh := freshText(rnd, s.Rules())
		var text strings.Builder
		for range rapid.IntRange(1, 8).Draw(t, "blocks") {
			text.WriteString(bareText(rnd, rnd.IntN(900)))
			text.WriteString(fresh())
		}
		want := find(s, text.String())
		got, _ := scanAll(&quiet{}, s, pieces{data: cut(rnd, text.String())})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		found += len(want)
	})
	if found == 0 {
		t.Error("nothing was found")
	}
}

// cut cuts a text into pieces of any length.
func cut(rnd *rand.Rand, text string) []string {
	all := []string{}
	for most := []int{3, 90, 900, 9000}[rnd.IntN(4)]; text != ""; {
		n := min(rnd.IntN(most+1), len(text))
		all = append(all, text[:n])
		text = text[n:]
	}
	return append(all, "")
}

// TestBareRulesInCopies: what is found does not depend on what is told of the texts that a text was copied from, which is counted as
// searched whole.
func TestBareRulesInCopies(t *testing.T) {
	t.Parallel()
	s := bareScanner(t, false, Options{KeepAllowed: true})
	found := 0
	property(t, func(t *rapid.T) {
		rnd := testRand(rapid.Uint64().Draw(t, "seed"))
		fresh := freshText(rnd, s.Rules())
		some := func() string { return fresh() + bareText(rnd, rnd.IntN(200)) + codeLines(rnd, rnd.IntN(900)) }
		base := Chunk{Data: []byte(some() + some() + some()), Memo: &Memo{}, From: Location{Blob: "b"}}
		remembered(s, base)
		e := edits(t, rnd, base.Data, some)
		heir := Chunk{Data: e.text, Copies: e.copies, Base: base.Memo, Memo: &Memo{}, From: base.From}
		var want []sighting
		for f := range s.Find(Chunk{Data: heir.Data, From: heir.From}) {
			want = append(want, viewSight(f))
		}
		got, _, inherited := remembered(s, heir)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if inherited {
			t.Fatal("views of a text with bare rules were inherited")
		}
		found += len(want)
	})
	if found == 0 {
		t.Error("nothing was found")
	}
}

// TestBareRulesInTextsTogether: of texts that come in one chunk, each is searched, whether it has a keyword or not.
func TestBareRulesInTextsTogether(t *testing.T) {
	s := bareScanner(t, false, Options{})
	for seed := range uint64(200) {
		rnd := testRand(seed)
		var c Chunk
		for range 1 + rnd.IntN(6) {
			text := bareText(rnd, rnd.IntN(300))
			c.Data = append(append(c.Data, TextsApart...), text...)
			c.Texts = append(c.Texts, Text{From: len(c.Data) - len(text), To: len(c.Data)})
		}
		c.At = func(i int) Location { return Location{Path: "a", Record: fmt.Sprint(i), Field: "f", Line: 1} }
		if d := cmp.Diff(foundIn(t, s, together{c, true}), foundIn(t, s, together{c, false})); d != "" {
			t.Fatalf("seed %d (-apart +together):\n%s", seed, d)
		}
	}
}

// TestBareRulesInViews: a key of a bare rule is found in what a view shows, at its place in the text.
func TestBareRulesInViews(t *testing.T) {
	s := bareScanner(t, true, Options{})
	key := strings.Repeat("7f3a91c0", 4)
	text := "data: " + base64.StdEncoding.EncodeToString([]byte("secret "+key+" and more")) + "\n"
	for f := range s.Find(Chunk{Data: []byte(text)}) {
		if f.Rule == "plain-hex" && f.Token().value() == key && f.At.View == "base64" && f.At.Line == 1 && f.At.Offset > 6 {
			return
		}
	}
	t.Errorf("not found in the view: %v", find(s, text))
}

// TestBareRulesPassWhatIsTooLong: a run that is longer than the longest match is none, nor is its end.
func TestBareRulesPassWhatIsTooLong(t *testing.T) {
	s := bareScanner(t, true, Options{Only: []string{"plain-open"}})
	key := strings.Repeat("AB12CD34EF", 3)
	long := strings.Repeat(key, 4000)
	for text, want := range map[string]int64{long + " " + key: int64(len(long)) + 1, long + "\n" + key: int64(len(long)) + 1, "x" + key: 1} {
		for _, data := range [][]string{{text}, cut(testRand(1), text), strings.SplitAfter(text, "EF")} {
			if got, _ := scanAll(t, s, pieces{data: data}); len(got) != 1 || got[0].Offset != want {
				t.Errorf("%d bytes in %d pieces: %d found", len(text), len(data), len(got))
			}
		}
	}
}

// TestBareRulesWithinBounds: text in which every byte begins what is no match is searched to its end, in time.
func TestBareRulesWithinBounds(t *testing.T) {
	s := bareScanner(t, true, Options{})
	start := time.Now()
	text := strings.Repeat(strings.Repeat("0123456789abcdef", 2000)+"g ", 8) + strings.Repeat("a1b2c3d4-", 20000) + " " + strings.Repeat("7f3a91c0", 4)
	got, stats := scanAll(t, s, pieces{data: []string{text}})
	if !slices.ContainsFunc(got, func(g sighting) bool { return g.Rule == "plain-hex" }) || !stats.Complete() {
		t.Errorf("%d found, gaps %v", len(got), stats.Gaps)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("%d bytes took %v", len(text), took)
	}
}

// TestNoBareRulesCostNothing: nothing is kept for bare rules where there are none.
func TestNoBareRulesCostNothing(t *testing.T) {
	if tools := testScanner(t, Options{}).index.newTools().(*tools); tools.bare != nil {
		t.Error("there is room for bare rules")
	}
}

func FuzzBare(f *testing.F) {
	s := bareScanner(f, false, Options{})
	for seed := range uint64(4) {
		f.Add(bareText(testRand(seed), 400), uint64(3))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		got, _ := scanAll(t, s, pieces{data: cut(testRand(seed), text)})
		if diff := cmp.Diff(find(s, text), got); diff != "" {
			t.Fatal(diff)
		}
	})
}
