package source

import (
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// between reports whether a place in an export of lines or mails is one between two records: nothing says how many there are, and cut there
// what is left is whole.
func between(name, text string, at int) bool {
	switch filepath.Ext(name) {
	case ".csv":
		return strings.HasSuffix(text[:at], "\n")
	case ".jsonl":
		return strings.HasSuffix(text[:at], "\n") || strings.HasPrefix(text[at:], "\n")
	case ".mbox":
		return strings.HasSuffix(text[:at], "\n\n") // a mail may end at every empty line
	}
	return false
}

// allExportSamples are all samples of exports that are one file.
func allExportSamples(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "..", "testdata", "exports"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && e.Name() != "README.md" {
			names = append(names, e.Name())
		}
	}
	return names
}

// damaging scans a sample with a key in every slot, and what damage makes of it.
type damaging struct {
	t     *testing.T
	s     *scanner.Scanner
	path  string
	whole string
	keys  map[scanner.ID]int // that are found in it, and where they end
	last  int                // where the last of them begins
}

func newDamaging(t *testing.T, s *scanner.Scanner, rule *rules.Rule, name string) *damaging {
	t.Helper()
	d := &damaging{t: t, s: s, path: filepath.Join(t.TempDir(), name), keys: map[scanner.ID]int{}}
	rnd := rand.New(rand.NewPCG(1, 2))
	text, ends := sample(t, name), map[scanner.ID]int{}
	for {
		before, rest, ok := strings.Cut(text, "{{")
		_, after, _ := strings.Cut(rest, "}}")
		if !ok {
			break
		}
		key := rule.Sample(rnd).Token
		ends[s.ID(rule, scanner.NewSecret(key))], d.last = len(before)+len(key), len(before)
		text = before + key + after
	}
	d.whole = text
	found, complete := d.scan(text)
	for id := range found {
		if end, ok := ends[id]; ok {
			d.keys[id] = end
		}
	}
	if !complete || len(d.keys) == 0 || !slices.ContainsFunc(slices.Collect(maps.Values(d.keys)), func(end int) bool { return end > d.last }) {
		t.Fatalf("%s: whole, %d keys are found of %d, complete: %v", name, len(d.keys), len(ends), complete)
	}
	return d
}

// scan returns the keys that a scan of a text finds, and whether it says that it has seen all.
func (d *damaging) scan(text string) (found map[scanner.ID]bool, complete bool) {
	d.t.Helper()
	found = map[scanner.ID]bool{}
	if err := os.WriteFile(d.path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	src, err := Open(d.t.Context(), d.path, Options{})
	if err != nil {
		return found, false
	}
	stats, err := d.s.Scan(d.t.Context(), src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		found[f.ID] = true
		return nil
	}))
	return found, err == nil && stats.Complete()
}

// near reports whether a place is in a key or so near that damage there makes another key of it, or a longer word.
func (d *damaging) near(at, size int) bool {
	const keySize = 40
	for _, end := range d.keys {
		if at+size > end-keySize-3 && at <= end+3 {
			return true
		}
	}
	return false
}

// check scans a damaged text: all keys are found, or the scan is incomplete.
func (d *damaging) check(what string, at int, text string) {
	d.t.Helper()
	found, complete := d.scan(text)
	if !complete {
		return
	}
	for id, end := range d.keys {
		if !found[id] {
			d.t.Errorf("%s at byte %d of %d: the key that ends at %d is not found, and nothing said", what, at, len(d.whole), end)
			return
		}
	}
}

// TestDamagedExports cuts exports and changes bytes of them: all keys are found, or the scan is incomplete. A scan that says that all is
// well has seen all.
func TestDamagedExports(t *testing.T) {
	set, s := finder(t)
	rule, ok := set.Rule("github-pat")
	if !ok {
		t.Fatal("no rule github-pat")
	}
	cuts, changes := 200, 16
	if testing.Short() {
		cuts, changes = 20, 3
	}
	for _, name := range allExportSamples(t) {
		t.Run(name, func(t *testing.T) {
			d := newDamaging(t, s, rule, name)
			rnd := rand.New(rand.NewPCG(3, 4))
			for range cuts {
				if at := rnd.IntN(d.last); !between(name, d.whole, at) {
					d.check("cut", at, d.whole[:at])
				}
			}
			for range changes {
				if at := rnd.IntN(d.last); !d.near(at, 1) {
					d.change(at, rnd)
				}
			}
		})
	}
}

// change changes, drops and adds bytes at a place.
func (d *damaging) change(at int, rnd *rand.Rand) {
	was, before, after := d.whole[at], d.whole[:at], d.whole[at+1:]
	for _, c := range [...]byte{was ^ 1, was ^ 0x80, 0, '"', '}', '<', '\n', byte(rnd.IntN(256))} {
		d.check("changed to "+string(rune(c)), at, before+string([]byte{c})+after)
	}
	d.check("dropped", at, before+after)
	d.check("added a quote", at, before+`"`+d.whole[at:])
	if size := 2 + rnd.IntN(30); at+size < len(d.whole) && !d.near(at, size) {
		d.check("dropped some", at, before+d.whole[at+size:])
	}
}
