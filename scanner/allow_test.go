package scanner

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// placed is a source whose places are known at the end, as those of history are.
type placed struct{ records }

func (placed) Place(_ context.Context, at []Location) ([][]Location, error) {
	all := make([][]Location, len(at))
	for i, l := range at {
		l.Path, l.Commit, l.Time = "a.env", "c-"+l.Blob, time.Unix(int64(len(l.Blob)), 0)
		all[i] = []Location{l}
	}
	return all, nil
}

// TestKeepAllowed: what is allowed comes with its mark, and all else is as if it were not kept: the same findings, the same counts.
func TestKeepAllowed(t *testing.T) {
	set := testSet(t)
	rule, _ := set.Rule("acme-token")
	one, two := rule.Sample(testRand(1)).Token, rule.Sample(testRand(2)).Token
	id := testScanner(t, Options{}).ID(rule, NewSecret(two))
	const comment = " # quash:allow sandbox"
	at := func(text string, from Location) Chunk { return Chunk{Data: []byte(text), From: from} }
	for name, src := range map[string]Source{
		"text":    pieces{data: []string{one + comment + "\n" + one + "\n" + two}},
		"records": records{at(one+comment, Location{Path: "x", Record: "T-1", Field: "a"}), at(one, Location{Path: "x", Record: "T-1", View: ViewRecord}), at(two, Location{Path: "x", Record: "T-2"})},
		"history": placed{records{at(one+comment, Location{Blob: "b"}), at(one, Location{Blob: "bb"}), at(two, Location{Blob: "bbb"})}},
	} {
		scan := func(keep bool) (plain, allowed []Finding, stats Stats) {
			l, err := ParseAllowList("list", []byte(FormatAllowance(id, time.Time{}, "", "")), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			s := testScanner(t, Options{Only: []string{"acme-token"}, Allow: l, KeepAllowed: keep})
			stats, err = s.Scan(context.Background(), src, SinkFunc(func(_ context.Context, f Finding) error {
				if f.Allowed {
					allowed = append(allowed, f)
				} else {
					plain = append(plain, f)
				}
				return nil
			}))
			if err != nil || l.Notes() != nil {
				t.Errorf("%s: %v %v", name, err, l.Notes())
			}
			return plain, allowed, stats
		}
		want, none, before := scan(false)
		got, kept, after := scan(true)
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b Secret) bool { return a.value() == b.value() })); diff != "" || len(none) > 0 || len(want) != 1 {
			t.Errorf("%s: %d allowed, %s", name, len(none), diff)
		}
		if len(kept) != 2 || before.Allowed != 2 || after.Allowed != 0 {
			t.Errorf("%s: %d kept, %d and %d counted", name, len(kept), before.Allowed, after.Allowed)
		}
		if diff := cmp.Diff(before, after, cmpopts.IgnoreFields(Stats{}, "Allowed")); diff != "" {
			t.Errorf("%s: counts changed: %s", name, diff)
		}
	}
}
