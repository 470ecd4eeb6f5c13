package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "state", "quash.db"))
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

var at = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestFindings(t *testing.T) {
	s, ctx := open(t), context.Background()
	f := scanner.Finding{
		ID: "q-0123456789abcdef", Rule: "acme-token", Confidence: rules.High, Reasons: []string{"checksum right"}, Redacted: "acme_… 40 chars",
		Parts: map[string]scanner.Secret{"token": scanner.NewSecret("never-stored-value")},
		At:    scanner.Location{Path: "a.env", Line: 3, Commit: "abc", Time: at, Refs: []string{"main"}},
	}
	g := f
	g.At.Path = "b.env"
	for _, when := range []time.Time{at, at.Add(time.Hour)} {
		if err := s.PutFindings(ctx, "repo", when, []scanner.Finding{f, g, f}); err != nil {
			t.Fatal(err)
		}
	}
	v := revoker.Verdict{Validity: revoker.Active, Reason: "answered 200", At: at, Facts: map[string]string{"owner": "ann"}}
	for _, v := range []revoker.Verdict{{Validity: revoker.Unknown, At: at.Add(-time.Hour)}, v} {
		if err := s.PutVerdict(ctx, f.ID, v); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Key(ctx, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := Key{
		ID: f.ID, Rule: f.Rule, Redacted: f.Redacted, Confidence: rules.High, Reasons: f.Reasons, FirstSeen: at, LastSeen: at.Add(time.Hour),
		Places: []Place{{"repo", f.At}, {"repo", g.At}}, Verdict: &v,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	holdsNo(t, s, "never-stored-value")
}

// holdsNo looks for a value in the database's files.
func holdsNo(t *testing.T, s *Store, value string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(s.name), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil || strings.Contains(string(data), value) {
			t.Errorf("%s holds the value, or %v", f, err)
		}
	}
}

func TestNotFound(t *testing.T) {
	s, ctx := open(t), context.Background()
	_, keyErr := s.Key(ctx, "q-1")
	_, verdictErr := s.Verdict(ctx, "q-1")
	_, planErr := s.Plan(ctx, "x")
	_, recordErr := s.KeyRecord(ctx, "q-1")
	_, _, headErr := s.JournalHead(ctx, "j")
	for i, err := range []error{keyErr, verdictErr, planErr, recordErr, headErr} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestPlansAndHead(t *testing.T) {
	s, ctx := open(t), context.Background()
	p := revoker.Plan{Schema: "quash.plan/1", Made: at, Hash: "h", Actions: []revoker.PlanAction{{ID: "q-1", Rule: "acme-token"}}}
	if err := errors.Join(s.PutPlan(ctx, p), s.PutPlan(ctx, p)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Plan(ctx, "h"); err != nil || cmp.Diff(p, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(p, got))
	}
	for _, seq := range []int64{5, 7, 6} { // a head never goes back
		if err := s.PutJournalHead(ctx, "j", seq, "hash"+string(rune('0'+seq))); err != nil {
			t.Fatal(err)
		}
	}
	if seq, hash, err := s.JournalHead(ctx, "j"); seq != 7 || hash != "hash7" || err != nil {
		t.Errorf("head %d %s %v", seq, hash, err)
	}
}

func TestInventory(t *testing.T) {
	s, ctx := open(t), context.Background()
	a := KeyRecord{ID: "q-a", Rule: "agiled-api-key", Name: "Warehouse sync - production - Ops", Owner: "ops@acme.example", StoredAt: "vault/agiled", Created: at, Expires: at.AddDate(0, 0, 90)}
	b := KeyRecord{ID: "q-b", Rule: "agiled-api-key", Name: "New key"}
	for _, k := range []KeyRecord{b, a, a} {
		if err := s.PutKeyRecord(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.KeyRecords(ctx)
	if err != nil || cmp.Diff([]KeyRecord{b, a}, all) != "" {
		t.Errorf("%v %s", err, cmp.Diff([]KeyRecord{b, a}, all))
	}
	if got, err := s.KeyRecord(ctx, "q-a"); err != nil || cmp.Diff(a, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(a, got))
	}
}

func TestAudit(t *testing.T) {
	good := KeyRecord{Name: "Warehouse sync - production - Ops", Owner: "ops", StoredAt: "vault", RotateBy: at.AddDate(0, 1, 0), Preset: "full", Purpose: "sync"}
	for name, c := range map[string]struct {
		change func(*KeyRecord)
		want   string
	}{
		"good":           {func(*KeyRecord) {}, ""},
		"unnamed":        {func(k *KeyRecord) { k.Name = "New key" }, "its name"},
		"ownerless":      {func(k *KeyRecord) { k.Owner = "" }, "nobody owns"},
		"kept nowhere":   {func(k *KeyRecord) { k.StoredAt = "" }, "where it is kept"},
		"overdue":        {func(k *KeyRecord) { k.RotateBy = at.AddDate(0, 0, -1) }, "rotated by 2026-11-21"},
		"expired":        {func(k *KeyRecord) { k.Expires = at.AddDate(0, 0, -1) }, "expired on 2026-11-21"},
		"unused":         {func(k *KeyRecord) { k.LastUsed = at.AddDate(0, -3, 0) }, "last used"},
		"full reporting": {func(k *KeyRecord) { k.Purpose = "reporting" }, "may write"},
		"replaced":       {func(k *KeyRecord) { k.ReplacedBy = "q-2" }, "replaced by q-2"},
		"retired":        {func(k *KeyRecord) { k.Retired = at; k.Name = "" }, ""},
	} {
		k := good
		c.change(&k)
		points := k.Audit(at)
		if c.want == "" && len(points) > 0 || c.want != "" && (len(points) != 1 || !strings.Contains(points[0], c.want)) {
			t.Errorf("%s: %v", name, points)
		}
	}
}

func TestReadOnlyStoreSaysWhatToDo(t *testing.T) {
	if os.Geteuid() == 0 {
		// root writes anywhere; a directory in the way cannot be opened by anybody
		path := filepath.Join(t.TempDir(), "quash.db")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := Open(context.Background(), path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "--state") {
			t.Errorf("error %v", err)
		}
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), filepath.Join(dir, "quash.db"))
	if err == nil || !strings.Contains(err.Error(), "--state") {
		t.Errorf("error %v", err)
	}
}

func TestTwoProcessesAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quash.db")
	ctx := context.Background()
	a, errA := Open(ctx, path)
	b, errB := Open(ctx, path)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	done := make(chan error, 2)
	for i, s := range []*Store{a, b} {
		go func() {
			var errs []error
			for n := range 50 {
				id := scanner.ID(strings.Repeat("a", i+1) + string(rune('a'+n%26)))
				errs = append(errs, s.PutFindings(ctx, "t", at, []scanner.Finding{{ID: id}}))
			}
			done <- errors.Join(errs...)
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Error(err)
	}
}
