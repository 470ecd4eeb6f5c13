package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// conform runs the suite that every database passes, each test on a store of its own. fresh names one that does not exist yet.
func conform(t *testing.T, fresh func(testing.TB) string) {
	for name, test := range map[string]func(t *testing.T, where string){
		"finding":             testFinding,
		"no key is kept":      testNoKeyIsKept,
		"keys of all targets": testKeysOfAllTargets,
		"seen in any order":   testSeenInAnyOrder,
		"counts":              testCounts,
		"not found":           testNotFound,
		"plan":                testPlan,
		"journal head":        testJournalHead,
		"inventory":           testInventory,
		"scan state":          testScanState,
		"delivery":            testDelivery,
		"prune deliveries":    testPruneDeliveries,
		"any text":            testAnyText,
		"long names":          testLongNames,
		"big texts":           testBigTexts,
		"rolled back":         testRolledBack,
		"not accepted":        testNotAccepted,
		"open again":          testOpenAgain,
		"down and up":         testDownAndUp,
		"one migrates":        testOneMigrates,
		"cancelled":           testCancelled,
		"closed":              testClosed,
		"cancelled waiting":   testCancelledWaiting,
		"two accept at once":  testTwoAcceptAtOnce,
		"writers in parallel": testWritersInParallel,
		"many processes":      testManyProcesses,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func open(t testing.TB, where string) *Store {
	t.Helper()
	s, err := Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// must ends the test at an error.
func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// same compares what was answered without an error.
func same[T any](t testing.TB, want, got T, err error) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v; -want +got:\n%s", err, diff)
	}
}

var at = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC) // databases keep microseconds

func finding(id scanner.ID, path string) scanner.Finding {
	return scanner.Finding{
		ID: id, Rule: "acme-token", Confidence: rules.High, Reasons: []string{"checksum right"}, Redacted: "acme_… 40 chars",
		Parts: map[string]scanner.Secret{"token": scanner.NewSecret(neverStored)},
		At:    scanner.Location{Path: path, Line: 3, Commit: "abc", Time: at, Refs: []string{"main"}},
	}
}

const neverStored = "never-stored-value"

func testFinding(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	f, g := finding("q-1", "a.env"), finding("q-1", "b.env")
	last := g
	last.Redacted, last.Confidence, last.Reasons = "acme_… 41 chars", rules.Low, nil
	must(t, s.PutFindings(ctx, "repo", at, []scanner.Finding{g, f, g}), s.PutFindings(ctx, "repo", at.Add(time.Hour), []scanner.Finding{g, f, last}))
	want := Key{
		ID: "q-1", Rule: f.Rule, Redacted: last.Redacted, Confidence: rules.Low, FirstSeen: at, LastSeen: at.Add(time.Hour),
		Places: []Place{{"repo", f.At}, {"repo", g.At}},
	}
	got, err := s.Key(ctx, "q-1")
	same(t, want, got, err)

	v := revoker.Verdict{Validity: revoker.Active, Reason: "answered 200", At: at, Facts: map[string]string{"owner": "ann"}}
	older, again := revoker.Verdict{Validity: revoker.Unknown, At: at.Add(-time.Hour)}, v
	again.Reason = "the same moment twice"
	must(t, s.PutVerdict(ctx, "q-1", v), s.PutVerdict(ctx, "q-1", older), s.PutVerdict(ctx, "q-1", again))
	gotVerdict, err := s.Verdict(ctx, "q-1")
	same(t, v, gotVerdict, err)
	want.Verdict = &v
	got, err = s.Key(ctx, "q-1")
	same(t, want, got, err)
}

// testNoKeyIsKept reads every table: what a later migration adds is searched too.
func testNoKeyIsKept(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	must(t, s.PutFindings(ctx, "repo", at, []scanner.Finding{finding("q-1", "a.env")}))
	var all strings.Builder
	for _, table := range tables(t) {
		all.WriteString(dump(t, s, table))
	}
	if text := all.String(); !strings.Contains(text, "acme_… 40 chars") || strings.Contains(text, neverStored) {
		t.Errorf("the database holds the key, or was not read:\n%s", text)
	}
}

// tables are those that the migrations make.
func tables(t *testing.T) []string {
	t.Helper()
	var names []string
	must(t, fs.WalkDir(migrations, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations, path)
		for _, m := range regexp.MustCompile(`CREATE TABLE (\w+)`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
		return err
	}))
	return names
}

// dump is the text of a table.
func dump(t *testing.T, s *Store, table string) string {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), "SELECT * FROM "+table)
	must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(t, err)
	var text strings.Builder
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		must(t, rows.Scan(cells...))
		for i, c := range cells {
			fmt.Fprintf(&text, "%s.%s: %v\n", table, columns[i], *c.(*any))
		}
	}
	must(t, rows.Err())
	return text.String()
}

func testKeysOfAllTargets(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	none, err := s.Keys(ctx)
	same(t, nil, none, err)
	v := revoker.Verdict{Validity: revoker.Inactive, At: at}
	must(t, s.PutFindings(ctx, "b", at, []scanner.Finding{finding("q-2", "b.env"), finding("q-1", "B.env"), finding("q-1", "a.env")}),
		s.PutFindings(ctx, "B", at, []scanner.Finding{finding("q-1", "c.env")}), s.PutFindings(ctx, "a", at, []scanner.Finding{finding("q-1", "a.env")}),
		s.PutVerdict(ctx, "q-2", v), s.PutVerdict(ctx, "q-3", v)) // of q-3 nothing else is known
	all, err := s.Keys(ctx)
	var got []string
	for _, k := range all {
		for _, p := range k.Places {
			got = append(got, fmt.Sprintf("%s %s %s %v", k.ID, p.Target, p.At.Path, k.Verdict != nil))
		}
	}
	same(t, []string{"q-1 B c.env false", "q-1 a a.env false", "q-1 b B.env false", "q-1 b a.env false", "q-2 b b.env true"}, got, err)
	for _, k := range all {
		one, err := s.Key(ctx, k.ID)
		same(t, k, one, err)
	}
}

// testSeenInAnyOrder records a later scan before an earlier one, as two workers may.
func testSeenInAnyOrder(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	for _, when := range []time.Time{at, at.Add(time.Hour), at.Add(-time.Hour), at} {
		must(t, s.PutFindings(ctx, "repo", when, []scanner.Finding{finding("q-1", "a.env")}))
	}
	k, err := s.Key(ctx, "q-1")
	same(t, []time.Time{at.Add(-time.Hour), at.Add(time.Hour)}, []time.Time{k.FirstSeen, k.LastSeen}, err)
}

func testCounts(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	none, err := s.Counts(ctx)
	same(t, nil, none, err)
	other := finding("q-4", "a.env")
	other.Rule = "Bcme-token"
	must(t, s.PutFindings(ctx, "a", at, []scanner.Finding{finding("q-1", "a.env"), finding("q-1", "b.env"), finding("q-2", "a.env"), finding("q-3", "a.env"), other}),
		s.PutFindings(ctx, "b", at, []scanner.Finding{finding("q-1", "a.env")}))
	for i, id := range []scanner.ID{"q-1", "q-2", "q-2"} { // q-2 was active first
		v := []revoker.Validity{revoker.Active, revoker.Active, revoker.Inactive}[i]
		must(t, s.PutVerdict(ctx, id, revoker.Verdict{Validity: v, At: at.Add(time.Duration(i) * time.Second)}))
	}
	got, err := s.Counts(ctx)
	same(t, []Count{
		{"Bcme-token", "", 1, 1}, {"acme-token", "", 1, 1}, {"acme-token", revoker.Active, 1, 3}, {"acme-token", revoker.Inactive, 1, 1},
	}, got, err)
}

func testNotFound(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	_, key := s.Key(ctx, "q-1")
	_, verdict := s.Verdict(ctx, "q-1")
	_, plan := s.Plan(ctx, "x")
	_, record := s.KeyRecord(ctx, "q-1")
	_, _, head := s.JournalHead(ctx, "j")
	_, state := s.ScanState(ctx, "r")
	_, delivery := s.Delivery(ctx, "d")
	_, odd := s.Key(ctx, "q-\xff\x00")
	for i, err := range []error{key, verdict, plan, record, head, state, delivery, odd, s.SetOutcome(ctx, "d", "scanned")} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func testPlan(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	p := revoker.Plan{Schema: "quash.plan/1", Made: at, Hash: "h", Actions: []revoker.PlanAction{{ID: "q-1", Rule: "acme-token"}}}
	other := p
	other.By = "another of the same hash"
	must(t, s.PutPlan(ctx, p), s.PutPlan(ctx, p), s.PutPlan(ctx, other))
	got, err := s.Plan(ctx, "h")
	same(t, p, got, err)

	later := p
	later.Hash, later.Made = "h2", at.Add(time.Hour)
	later.Actions = []revoker.PlanAction{{ID: "q-1"}, {ID: "q-2"}, {ID: "q-1"}}
	must(t, s.PutPlan(ctx, later))
	for _, id := range []scanner.ID{"q-1", "q-2"} {
		got, err = s.PlanOf(ctx, id)
		same(t, later, got, err)
	}
	if _, err := s.PlanOf(ctx, "q-3"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func testJournalHead(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	for _, seq := range []int64{5, 7, 6} {
		must(t, s.PutJournalHead(ctx, "j", seq, fmt.Sprint("hash", seq)), s.PutJournalHead(ctx, "another", seq-1, "x"))
	}
	seq, hash, err := s.JournalHead(ctx, "j")
	same(t, "7 hash7", fmt.Sprint(seq, " ", hash), err)
}

func testInventory(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	a := KeyRecord{ID: "q-a", Rule: "agiled-api-key", Name: "Warehouse sync - production - Ops", Owner: "ops@acme.example", StoredAt: "vault/agiled", Created: at, Expires: at.AddDate(0, 0, 90)}
	b := KeyRecord{ID: "q-b", Rule: "agiled-api-key", Name: "New key"}
	c := KeyRecord{ID: "q-c", Rule: "agiled-api-key", Name: "New key"}
	retired := a
	retired.Retired, retired.ReplacedBy = at, "q-b"
	must(t, s.PutKeyRecord(ctx, c), s.PutKeyRecord(ctx, b), s.PutKeyRecord(ctx, a), s.PutKeyRecord(ctx, retired))
	all, err := s.KeyRecords(ctx)
	same(t, []KeyRecord{b, c, retired}, all, err)
	got, err := s.KeyRecord(ctx, "q-a")
	same(t, retired, got, err)
}

func testScanState(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	first := ScanState{Repository: "https://git.example/a.git", Rules: "0123456789abcdef", At: at, Tips: map[string]string{"refs/heads/main": "abc"},
		Gaps: []scanner.Gap{{What: "blob 1", Why: "missing", Next: "git fetch"}}}
	next := ScanState{Repository: first.Repository, Rules: "v2", At: at.Add(time.Minute), Tips: map[string]string{"refs/heads/dev": "def"}}
	must(t, s.PutScanState(ctx, first))
	got, err := s.ScanState(ctx, first.Repository)
	same(t, first, got, err)
	must(t, s.PutScanState(ctx, next), s.PutScanState(ctx, first)) // the first ends last
	got, err = s.ScanState(ctx, first.Repository)
	same(t, next, got, err)
	next.Rules = "v3"
	must(t, s.PutScanState(ctx, next))
	got, err = s.ScanState(ctx, first.Repository)
	same(t, next, got, err)
}

func testDelivery(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	for i, want := range []bool{true, false} {
		first, err := s.SeenDelivery(ctx, "d-1", at.Add(time.Duration(i)), nil)
		same(t, want, first, err)
	}
	got, err := s.Delivery(ctx, "d-1")
	same(t, Delivery{ID: "d-1", Received: at}, got, err)
	must(t, s.SetOutcome(ctx, "d-1", "scanned"))
	got, err = s.Delivery(ctx, "d-1")
	same(t, Delivery{ID: "d-1", Received: at, Outcome: "scanned"}, got, err)
}

func testPruneDeliveries(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	days := func(n int) time.Time { return at.AddDate(0, 0, -n) }
	for _, n := range []int{0, 29, 30, 31, 400} {
		_, err := s.SeenDelivery(ctx, fmt.Sprint(n), days(n), nil)
		must(t, err)
	}
	pruned, err := s.PruneDeliveries(ctx, at)
	same(t, 2, pruned, err)
	for n, want := range map[int]bool{0: false, 29: false, 30: false, 31: true, 400: true} {
		first, err := s.SeenDelivery(ctx, fmt.Sprint(n), at, nil)
		same(t, want, first, err)
	}
}

func testAnyText(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	odd := []string{"", "naïve ☃ 漢字 🔑", "line\nfeed", "right\u202eleft", "zero\x00byte", "not UTF-8 \xff\xfe", "\xff", "\xfe", `"\xff"`, `"quoted"`, `'; DROP TABLE keys; --`, "%s$1?"}
	for i, text := range odd {
		f := finding(scanner.ID("q-"+text), fmt.Sprint("a.env", i))
		f.Rule, f.Redacted, f.Reasons = text, text, []string{"is valid"}
		must(t, s.PutFindings(ctx, text, at, []scanner.Finding{f}), s.PutJournalHead(ctx, text, int64(i), text),
			s.PutPlan(ctx, revoker.Plan{Hash: text, By: fmt.Sprint(i)}), s.PutKeyRecord(ctx, KeyRecord{ID: scanner.ID(text), Owner: fmt.Sprint(i)}),
			s.PutScanState(ctx, ScanState{Repository: text, Rules: fmt.Sprint(i)}), s.PutVerdict(ctx, scanner.ID(text), revoker.Verdict{At: at, Reason: fmt.Sprint(i)}))
		first, err := s.SeenDelivery(ctx, text, at, nil)
		same(t, true, first, err)
		must(t, s.SetOutcome(ctx, text, text))
	}
	for i, text := range odd {
		k, err := s.Key(ctx, scanner.ID("q-"+text))
		same(t, Key{ID: scanner.ID("q-" + text), Rule: text, Redacted: text, Confidence: rules.High, Reasons: []string{"is valid"}, FirstSeen: at, LastSeen: at,
			Places: []Place{{text, finding("", fmt.Sprint("a.env", i)).At}}}, k, err)
		_, hash, err := s.JournalHead(ctx, text)
		same(t, text, hash, err)
		p, err := s.Plan(ctx, text)
		same(t, fmt.Sprint(i), p.By, err)
		r, err := s.KeyRecord(ctx, scanner.ID(text))
		same(t, fmt.Sprint(i), r.Owner, err)
		state, err := s.ScanState(ctx, text)
		same(t, fmt.Sprint(i), state.Rules, err)
		v, err := s.Verdict(ctx, scanner.ID(text))
		same(t, fmt.Sprint(i), v.Reason, err)
		d, err := s.Delivery(ctx, text)
		same(t, Delivery{text, at, text}, d, err)
	}
	// paths of one key that differ in what is not UTF-8 only
	must(t, s.PutFindings(ctx, "t", at, []scanner.Finding{finding("q-p", "\xff"), finding("q-p", "\xfe"), finding("q-p", "\xff")}))
	k, err := s.Key(ctx, "q-p")
	same(t, 2, len(k.Places), err)
}

// testLongNames puts more into primary keys than an index of PostgreSQL holds, of a kind that does not compress.
func testLongNames(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	var long strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&long, "%x/", i*2654435761)
	}
	for _, end := range []string{"a", "b", "a"} {
		n := long.String() + end
		must(t, s.PutFindings(ctx, n, at, []scanner.Finding{finding("q-1", n)}), s.PutJournalHead(ctx, n, 1, n), s.PutScanState(ctx, ScanState{Repository: n}))
		_, err := s.SeenDelivery(ctx, n, at, nil)
		must(t, err)
	}
	k, err := s.Key(ctx, "q-1")
	same(t, 2, len(k.Places), err)
	for _, p := range k.Places {
		if !strings.HasPrefix(long.String(), p.Target[:800]) || !strings.HasPrefix(p.At.Path, long.String()) {
			t.Errorf("place %.100q… in %.100q…", p.At.Path, p.Target)
		}
	}
	_, hash, err := s.JournalHead(ctx, long.String()+"a")
	same(t, long.String()+"a", hash, err)
}

func testBigTexts(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	big := strings.Repeat("漢字 \U0001f511 text\n", 200_000)
	f := finding("q-1", "a.env")
	f.Reasons = []string{big}
	must(t, s.PutFindings(ctx, "repo", at, []scanner.Finding{f}), s.PutVerdict(ctx, "q-1", revoker.Verdict{At: at, Reason: big}))
	k, err := s.Key(ctx, "q-1")
	if err != nil || k.Reasons[0] != big || k.Verdict.Reason != big {
		t.Errorf("%v, %d and %d bytes of %d", err, len(k.Reasons[0]), len(k.Verdict.Reason), len(big))
	}
}

// testRolledBack writes a finding that cannot be recorded behind one that can.
func testRolledBack(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	bad := finding("q-2", "b.env")
	bad.At.Time = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) // JSON has no such year
	if err := s.PutFindings(ctx, "repo", at, []scanner.Finding{finding("q-1", "a.env"), bad}); err == nil || !strings.Contains(err.Error(), "year") {
		t.Errorf("error %v", err)
	}
	all, err := s.Keys(ctx)
	same(t, nil, all, err)
	must(t, s.PutFindings(ctx, "repo", at, []scanner.Finding{finding("q-1", "a.env")})) // nothing is left locked
}

func testNotAccepted(t *testing.T, where string) {
	s, ctx := open(t, where), t.Context()
	full := errors.New("the queue is full")
	enqueue := func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO plans (hash, made, plan) VALUES ('job', 0, '{}')")
		return err
	}
	first, err := s.SeenDelivery(ctx, "d", at, func(tx *sql.Tx) error { return errors.Join(enqueue(tx), full) })
	if first || !errors.Is(err, full) {
		t.Errorf("first %v, error %v", first, err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = s.SeenDelivery(ctx, "d", at, func(tx *sql.Tx) error { must(t, enqueue(tx)); panic("a bug") })
	}()
	if _, err := s.Plan(ctx, "job"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the job of a delivery that was not accepted: %v", err)
	}
	first, err = s.SeenDelivery(ctx, "d", at, enqueue)
	same(t, true, first, err)
	first, err = s.SeenDelivery(ctx, "d", at, func(*sql.Tx) error { t.Error("accepted twice"); return nil })
	same(t, false, first, err)
	_, err = s.Plan(ctx, "job")
	must(t, err)
}

func testOpenAgain(t *testing.T, where string) {
	a, err := Open(t.Context(), where)
	must(t, err)
	must(t, a.PutPlan(t.Context(), revoker.Plan{Hash: "h"}), a.Close(), a.Close())
	_, err = open(t, where).Plan(t.Context(), "h")
	must(t, err)
}
