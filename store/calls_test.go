package store

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/revoker"
)

// calls calls every method of a store that asks its database.
var calls = map[string]func(context.Context, *Store) error{
	"PutFindings":     func(ctx context.Context, s *Store) error { return s.PutFindings(ctx, "t", at, nil) },
	"Key":             func(ctx context.Context, s *Store) error { _, err := s.Key(ctx, "q"); return err },
	"Keys":            func(ctx context.Context, s *Store) error { _, err := s.Keys(ctx); return err },
	"Counts":          func(ctx context.Context, s *Store) error { _, err := s.Counts(ctx); return err },
	"PutVerdict":      func(ctx context.Context, s *Store) error { return s.PutVerdict(ctx, "q", revoker.Verdict{At: at}) },
	"Verdict":         func(ctx context.Context, s *Store) error { _, err := s.Verdict(ctx, "q"); return err },
	"PutPlan":         func(ctx context.Context, s *Store) error { return s.PutPlan(ctx, revoker.Plan{}) },
	"Plan":            func(ctx context.Context, s *Store) error { _, err := s.Plan(ctx, ""); return err },
	"PlanOf":          func(ctx context.Context, s *Store) error { _, err := s.PlanOf(ctx, "q"); return err },
	"OpenJournal":     func(ctx context.Context, s *Store) error { _, err := s.OpenJournal(ctx); return err },
	"VerifyJournal":   func(ctx context.Context, s *Store) error { _, err := s.VerifyJournal(ctx); return err },
	"PutJournalHead":  func(ctx context.Context, s *Store) error { return s.PutJournalHead(ctx, "j", 1, "h") },
	"JournalHead":     func(ctx context.Context, s *Store) error { _, _, err := s.JournalHead(ctx, "j"); return err },
	"PutKeyRecord":    func(ctx context.Context, s *Store) error { return s.PutKeyRecord(ctx, KeyRecord{}) },
	"KeyRecord":       func(ctx context.Context, s *Store) error { _, err := s.KeyRecord(ctx, ""); return err },
	"KeyRecords":      func(ctx context.Context, s *Store) error { _, err := s.KeyRecords(ctx); return err },
	"PutScanState":    func(ctx context.Context, s *Store) error { return s.PutScanState(ctx, ScanState{}) },
	"ScanState":       func(ctx context.Context, s *Store) error { _, err := s.ScanState(ctx, ""); return err },
	"SeenDelivery":    func(ctx context.Context, s *Store) error { _, err := s.SeenDelivery(ctx, "d", at, nil); return err },
	"SetOutcome":      func(ctx context.Context, s *Store) error { return s.SetOutcome(ctx, "d", "scanned") },
	"Delivery":        func(ctx context.Context, s *Store) error { _, err := s.Delivery(ctx, "d"); return err },
	"PruneDeliveries": func(ctx context.Context, s *Store) error { _, err := s.PruneDeliveries(ctx, at); return err },
}

func TestCallsAreAllMethods(t *testing.T) {
	var methods []string
	for m := range reflect.TypeFor[*Store]().Methods() {
		methods = append(methods, m.Name)
	}
	called := []string{"Close", "Locker", "Shared"}
	for name := range calls {
		called = append(called, name)
	}
	slices.Sort(called)
	same(t, methods, called, nil)
}

// testCancelled expects the same error of every method, so that callers can tell.
func testCancelled(t *testing.T, where string) {
	s := open(t, where)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls {
		if err := call(ctx, s); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), s.name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(ctx, where); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v", err)
	}
	must(t, s.PutPlan(t.Context(), revoker.Plan{Hash: "h"})) // the store lives on
}

func testClosed(t *testing.T, where string) {
	s, err := Open(t.Context(), where)
	must(t, err, s.Close())
	for name, call := range calls {
		if err := call(t.Context(), s); err == nil || !strings.Contains(err.Error(), "closed") || !strings.Contains(err.Error(), s.name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
