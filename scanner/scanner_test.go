package scanner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/rules"
	"pgregory.net/rapid"
)

// sighting is what tests compare of a finding.
type sighting struct {
	Rule, Token, Path  string
	Offset             int64
	Line, Column       int
	EndLine, EndColumn int
	Confidence         rules.Confidence
	Reasons            string
	ID                 ID
	Parts              int
}

func sight(f Finding) sighting {
	return sighting{f.Rule, f.Token().value(), f.At.Path, f.At.Offset, f.At.Line, f.At.Column, f.At.EndLine, f.At.EndColumn, f.Confidence,
		strings.Join(f.Reasons, "; "), f.ID, len(f.Parts)}
}

func find(s *Scanner, text string) []sighting {
	var all []sighting
	for f := range s.Find(Chunk{Data: []byte(text)}) {
		all = append(all, sight(f))
	}
	return all
}

// pieces is a source of one text in pieces.
type pieces struct {
	path string
	data []string
}

func (p pieces) Chunks(context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		for i, d := range p.data {
			buf := []byte(d)
			if !yield(Chunk{Data: buf, From: Location{Path: p.path}, More: i < len(p.data)-1}, nil) {
				return
			}
			for j := range buf { // the data is the scanner's no longer
				buf[j] = '#'
			}
		}
	}
}

func scanAll(t testing.TB, s *Scanner, src Source) ([]sighting, Stats) {
	t.Helper()
	var all []sighting
	stats, err := s.Scan(context.Background(), src, SinkFunc(func(_ context.Context, f Finding) error {
		all = append(all, sight(f))
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return all, stats
}

func TestFindsEveryPlantedKey(t *testing.T) {
	t.Parallel()
	s := testScanner(t, Options{})
	for seed := range uint64(200) {
		rnd := testRand(seed)
		for _, p := range plant(t, s.Rules(), rnd) {
			before := filler(rnd, 50)
			text := before + " " + p.text + " " + filler(rnd, 50)
			got := find(s, text)
			if !slices.ContainsFunc(got, func(g sighting) bool { return g.Rule == p.rule && g.Token == p.token }) {
				t.Fatalf("seed %d: %s not found in %q; found %v", seed, p.rule, text, got)
			}
		}
	}
}

// property checks a property with a thousand generated cases, with a hundred in a short run.
func property(t *testing.T, check func(*rapid.T)) {
	t.Helper()
	hundreds(t, 10, check)
}

// hundreds checks a property with so many hundreds of generated cases, with one hundred in a short run.
func hundreds(t *testing.T, n int, check func(*rapid.T)) {
	t.Helper()
	if testing.Short() {
		n = 1
	}
	for range n {
		rapid.Check(t, check)
	}
}

// TestAnyChunking: the findings of a text do not depend on how it is cut into chunks.
func TestAnyChunking(t *testing.T) {
	t.Parallel()
	s := testScanner(t, Options{})
	property(t, func(t *rapid.T) {
		rnd := testRand(rapid.Uint64().Draw(t, "seed"))
		var text strings.Builder
		for range rapid.IntRange(1, 6).Draw(t, "repeats") {
			for _, p := range plant(&quiet{}, s.Rules(), rnd) {
				text.WriteString(filler(rnd, rapid.IntRange(0, 900).Draw(t, "gap")))
				text.WriteString(p.text)
			}
		}
		whole := text.String()
		var cut []string
		for rest := whole; ; {
			n := rapid.IntRange(0, 700).Draw(t, "piece")
			if n >= len(rest) {
				cut = append(cut, rest)
				break
			}
			cut = append(cut, rest[:n])
			rest = rest[n:]
		}
		want := find(s, whole)
		got, _ := scanAll(&quiet{}, s, pieces{data: cut})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if len(want) == 0 {
			t.Fatal("nothing planted was found")
		}
	})
}

// quiet is a testing.TB for helpers inside a property, where failing is the property's business.
type quiet struct{ testing.TB }

func (*quiet) Helper()           {}
func (*quiet) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func TestOneBytePieces(t *testing.T) {
	s := testScanner(t, Options{})
	text := filler(testRand(1), 300)
	for _, p := range plant(t, s.Rules(), testRand(2)) {
		text += "\n" + p.text
	}
	got, _ := scanAll(t, s, pieces{data: strings.Split(text, "")})
	if diff := cmp.Diff(find(s, text), got); diff != "" {
		t.Error(diff)
	}
}

// TestPrefilterChangesNothing: the matches are those of every rule run over the whole text.
func TestPrefilterChangesNothing(t *testing.T) {
	t.Parallel()
	set := testSet(t)
	seeds := uint64(1000)
	if testing.Short() {
		seeds = 20
	}
	alone := map[string]*Scanner{}
	for r := range set.All() {
		alone[r.ID] = testScanner(t, Options{Only: []string{r.ID}})
	}
	for seed := range seeds {
		rnd := testRand(seed)
		text := filler(rnd, 200)
		for _, p := range plant(t, set, rnd) {
			text += "\n" + p.text + "\n" + filler(rnd, 200)
		}
		for r := range set.All() {
			s := alone[r.ID]
			var want, got []int64
			re := r.Regexp()
			for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
				want = append(want, int64(m[2*re.SubexpIndex("token")]))
			}
			for _, f := range find(s, text) {
				got = append(got, f.Offset)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, rule %s: %s", seed, r.ID, diff)
			}
		}
	}
}

func TestPositions(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	token := rule.Sample(testRand(3)).Token
	got := find(s, "first\r\nsecond é "+token+"\nthird")
	if len(got) != 1 {
		t.Fatalf("found %v", got)
	}
	g := got[0]
	if want := int64(len("first\r\nsecond é ")); g.Offset != want || g.Line != 2 || g.Column != 11 || g.EndLine != 2 || g.EndColumn != 11+len(token) {
		t.Errorf("at %d, %d:%d-%d:%d", g.Offset, g.Line, g.Column, g.EndLine, g.EndColumn)
	}
}

func TestChecksumRaisesAndLowers(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	right := rule.Sample(testRand(4)).Token
	wrong := right[:len(right)-1] + string('0'+('9'-right[len(right)-1])%10)
	if wrong == right || !strings.HasPrefix(wrong, "acmepat_") {
		wrong = right[:len(right)-1] + "z"
	}
	if got := find(s, right); len(got) != 1 || got[0].Confidence != rules.High {
		t.Errorf("right checksum: %v", got)
	}
	if got := find(s, wrong); len(got) != 1 || got[0].Confidence != rules.Medium {
		t.Errorf("wrong checksum: %v", got)
	}
}

func TestNearParts(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-id"}})
	rule, _ := s.Rules().Rule("acme-id")
	id := rule.Sample(testRand(5)).Token
	one, two := strings.Repeat("aB3/", 10), strings.Repeat("xY7+", 10)
	for name, c := range map[string]struct {
		text  string
		parts int
		why   string
	}{
		"alone":      {id, 1, ""},
		"beside":     {"sec=" + one + " id=" + id, 2, ""},
		"behind":     {id + "\nsec=" + one, 2, ""},
		"too far":    {id + strings.Repeat(" ", 121) + "sec=" + one, 1, ""},
		"two":        {"sec=" + one + " " + id + " sec=" + two, 1, "several values of secret"},
		"same twice": {"sec=" + one + " " + id + " sec=" + one, 2, ""},
	} {
		got := find(s, c.text)
		if len(got) != 1 || got[0].Parts != c.parts || !strings.Contains(got[0].Reasons, c.why) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTooLongIsNoMatch(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-block"}})
	line := strings.Repeat("AbCd01+/", 8) + "\n"
	if got := find(s, "BEGIN ACME\n"+line+line+"END ACME"); len(got) != 1 {
		t.Errorf("a block within its bound: %v", got)
	}
	if got := find(s, "BEGIN ACME\n"+strings.Repeat(line, 20)+"END ACME"); len(got) != 0 {
		t.Errorf("a block beyond its bound: %v", got)
	}
}

func TestAllowComment(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	token := rule.Sample(testRand(6)).Token
	for text, want := range map[string]int{
		token + " # quash:allow example":                 0,
		"/* quash:allow */ " + token:                     0,
		token + "\n# quash:allow":                        1,
		"# quash:allow\n" + token:                        1,
		token + strings.Repeat(" ", 600) + "quash:allow": 1,
	} {
		got, stats := scanAll(t, s, pieces{data: []string{text}})
		if len(got) != want || stats.Allowed != 1-want {
			t.Errorf("%.60q…: %d found, %d allowed", text[len(token):], len(got), stats.Allowed)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	for _, v := range []string{"your_api_key_here", "${TOKEN}", "$AGILED_API_TOKEN", "<token>", "xxxxxxxxxxxxxxxx", "changeme123", "{{ secret }}", "process.env.KEY",
		"AKIAIOSFODNN7EXAMPLE", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "test-token", "my-secret", "abababababababab"} {
		if placeholder(v) == "" {
			t.Errorf("%q is not seen as a placeholder", v)
		}
	}
	for _, v := range []string{"hunter2", "Tr0ub4dor&3", "k9Qz7LmW2xVb8NcR4tYp", "a3f5c9e1b7d20864", "latestBuild9Kq", "pa$$w0rd"} {
		if why := placeholder(v); why != "" {
			t.Errorf("%q is taken for a placeholder: %s", v, why)
		}
	}
}

// many is a source of many texts that can be split.
type many []pieces

func (m many) Chunks(ctx context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		for _, p := range m {
			for c, err := range p.Chunks(ctx) {
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

func (m many) Split(n int) []Source {
	var parts []Source
	for c := range slices.Chunk(m, max(1, (len(m)+n-1)/n)) {
		parts = append(parts, c)
	}
	return parts
}

func TestAnyNumberOfWorkers(t *testing.T) {
	var src many
	rnd := testRand(8)
	set := testSet(t)
	for i := range 60 {
		for _, p := range plant(t, set, rnd) {
			src = append(src, pieces{fmt.Sprintf("f%03d-%s", i, p.rule), []string{filler(rnd, 100), p.text, filler(rnd, 100)}})
		}
	}
	want, _ := scanAll(t, testScanner(t, Options{Workers: 1}), src)
	if len(want) < 200 {
		t.Fatalf("only %d findings", len(want))
	}
	for _, n := range []int{2, 3, 8} {
		got, _ := scanAll(t, testScanner(t, Options{Workers: n}), src)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d workers: %s", n, diff)
		}
	}
}

// faulty is a source with gaps, and an error at its end.
type faulty struct{ err error }

func (f faulty) Chunks(context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		_ = yield(Chunk{}, &Gap{What: "blob 1", Why: "missing", Next: "git fetch"}) &&
			yield(Chunk{Data: []byte("text")}, nil) &&
			yield(Chunk{}, fmt.Errorf("wrapped: %w", &Gap{What: "blob 2", Why: "corrupt"})) &&
			f.err != nil && yield(Chunk{}, f.err)
	}
}

func TestGapsMakeIncomplete(t *testing.T) {
	s := testScanner(t, Options{})
	_, stats := scanAll(t, s, faulty{})
	if stats.Complete() || len(stats.Gaps) != 2 || stats.Chunks != 1 {
		t.Errorf("stats %+v", stats)
	}
	boom := errors.New("disk on fire")
	_, err := s.Scan(context.Background(), faulty{boom}, SinkFunc(func(context.Context, Finding) error { return nil }))
	if !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
}

func TestSinkErrorEndsTheScan(t *testing.T) {
	var src many
	rule, _ := testSet(t).Rule("acme-token")
	for i := range 2000 {
		src = append(src, pieces{fmt.Sprint(i), []string{rule.Sample(testRand(uint64(i))).Token}})
	}
	boom := errors.New("full")
	n := 0
	_, err := testScanner(t, Options{Workers: 4}).Scan(context.Background(), src, SinkFunc(func(context.Context, Finding) error {
		n++
		return boom
	}))
	if !errors.Is(err, boom) || n != 1 {
		t.Errorf("error %v after %d findings", err, n)
	}
}

func TestCancelledScanEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := testScanner(t, Options{}).Scan(ctx, pieces{data: []string{"a"}}, SinkFunc(func(context.Context, Finding) error { return nil }))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestG09IDsTellNothing(t *testing.T) {
	set := testSet(t)
	token, _ := set.Rule("acme-token")
	url, _ := set.Rule("acme-url")
	a := testScanner(t, Options{IDKey: NewSecret("installation a")})
	b := testScanner(t, Options{IDKey: NewSecret("installation b")})
	standard := testScanner(t, Options{})
	secret := NewSecret("hunter2")
	for _, r := range []*rules.Rule{token, url} {
		ids := map[ID]bool{a.ID(r, secret): true, b.ID(r, secret): true, standard.ID(r, secret): true}
		if len(ids) != 3 {
			t.Errorf("%s: two installations give one ID", r.ID)
		}
		if a.ID(r, secret) != a.ID(r, NewSecret("hunter2")) {
			t.Errorf("%s: one key has two IDs", r.ID)
		}
		if !isID(string(a.ID(r, secret))) {
			t.Errorf("%s: ID %s is not of the form", r.ID, a.ID(r, secret))
		}
	}
	if standard.ID(token, secret) == standard.ID(url, secret) {
		t.Error("a guessable kind has the ID of the fast hash")
	}
}

func TestAllowList(t *testing.T) {
	s := testScanner(t, Options{})
	rule, _ := s.Rules().Rule("acme-token")
	one, two := rule.Sample(testRand(1)).Token, rule.Sample(testRand(2)).Token
	id := func(tok string) ID { return s.ID(rule, NewSecret(tok)) }
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	list := "# known\n\n" + FormatAllowance(id(one), time.Time{}, "Ann Lee", "key of the\nsandbox") + "\n" +
		FormatAllowance(id(two), now.AddDate(0, 0, -1), "", "") + "\nq-00000000000000ff\n"
	l, err := ParseAllowList(".quashignore", []byte(list), now)
	if err != nil {
		t.Fatal(err)
	}
	s = testScanner(t, Options{Allow: AllowLists{l}})
	got, stats := scanAll(t, s, pieces{data: []string{one + "\n" + two}})
	if len(got) != 1 || got[0].Token != two || stats.Allowed != 1 {
		t.Errorf("found %v, %d allowed", got, stats.Allowed)
	}
	want := []string{".quashignore: q-00000000000000ff matched nothing; the line can go", fmt.Sprintf(".quashignore: %s expired on 2026-11-21 and is reported again", id(two))}
	slices.Sort(want)
	if diff := cmp.Diff(want, l.Notes()); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"q-12", "q-00000000000000ff when=never", "q-00000000000000ff expires=soon", "q-00000000000000ff alone"} {
		if _, err := ParseAllowList("f", []byte("\n"+bad), now); err == nil || !strings.HasPrefix(err.Error(), "f:2: ") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

// records is an export's fields.
type records []Chunk

func (r records) Chunks(context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		for _, c := range r {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func TestOneKeyOnceAField(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	token := rule.Sample(testRand(1)).Token
	at := func(record, field, view string) Chunk {
		return Chunk{Data: []byte(token), From: Location{Path: "x", Record: record, Field: field, View: view}}
	}
	src := records{
		at("T-1", "text", ""), at("T-1", "text", "html-text"), at("T-1", "note", "html-text"), at("T-1", "", ViewRecord), at("T-1", "doc", ViewJoined),
		at("T-2", "", ViewRecord), at("T-3", "doc", ViewJoined), at("T-3", "", ViewRecord),
	}
	var got []string
	_, err := s.Scan(context.Background(), src, SinkFunc(func(_ context.Context, f Finding) error {
		got = append(got, f.At.Record+" "+f.At.Field+" "+f.At.View)
		return nil
	}))
	want := []string{"T-1 text ", "T-1 note html-text", "T-2  record", "T-3 doc joined"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestG07NoKeyInThePlaceOfAKey(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	token := rule.Sample(testRand(1)).Token
	src := records{{Data: []byte(token), From: Location{
		Path: "a/" + token + ".txt", Record: token, Field: "x" + token, Author: token, URL: "https://x/?t=" + token, Refs: []string{"b/" + token},
	}}}
	_, err := s.Scan(context.Background(), src, SinkFunc(func(_ context.Context, f Finding) error {
		if out := fmt.Sprintf("%+v", f); strings.Contains(out, token) {
			t.Errorf("the finding tells the key: %s", strings.ReplaceAll(out, token, "KEY"))
		}
		return nil
	}))
	if err != nil {
		t.Error(err)
	}
}

func TestUnknownRuleIsRefused(t *testing.T) {
	if _, err := New(testSet(t), Options{Only: []string{"acme"}}); err == nil {
		t.Error("a prefix of a rule id was taken")
	}
}

// TestWith: a scanner with other options finds what a new one with them does.
func TestWith(t *testing.T) {
	first, err := New(builtinRules(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	id := first.index.rules[0].outline.ID
	for _, o := range []Options{{MinConfidence: rules.High, Workers: 3}, {Skip: []string{id}}, {Only: []string{id}}} {
		s, err := first.With(o)
		if err != nil {
			t.Fatal(err)
		}
		if shares, want := s.index == first.index, len(o.Only)+len(o.Skip) == 0; shares != want {
			t.Errorf("%+v: shares what was compiled: %v, want %v", o, shares, want)
		}
		if c := s.index.rules[0]; c.outline.ID != id || c.silent != (len(o.Skip) > 0) {
			t.Errorf("%+v: the first rule is %s, silent: %v", o, c.outline.ID, c.silent)
		}
		if s.opts.MinConfidence == "" || s.opts.Workers == 0 {
			t.Errorf("%+v: options without their defaults", o)
		}
	}
	if _, err := first.With(Options{Skip: []string{"no-such-rule"}}); err == nil {
		t.Error("an unknown rule is taken")
	}
}
