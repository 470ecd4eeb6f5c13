package scanner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnyNumberOfWorkersWithViews: hidden keys in many files are found in the same order whatever the number of workers.
func TestAnyNumberOfWorkersWithViews(t *testing.T) {
	only := []string{"acme-token"}
	one := testScanner(t, Options{Only: only, Workers: 1})
	rule, _ := one.Rules().Rule("acme-token")
	rnd := testRand(11)
	var src many
	for i := range 60 {
		h := hidings[i%len(hidings)]
		text := "\n" + strings.Replace(h.frame, "%s", h.encode(rule.Sample(rnd).Token), 1) + "\n" + filler(rnd, 300)
		src = append(src, pieces{fmt.Sprintf("f%03d", i), []string{text}})
	}
	want, _ := scanAll(t, one, src)
	if len(want) != len(src) {
		t.Fatalf("%d found in %d files", len(want), len(src))
	}
	for _, workers := range []int{2, 3, 8} {
		got, _ := scanAll(t, testScanner(t, Options{Only: only, Workers: workers}), src)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(workers, diff)
		}
	}
}
