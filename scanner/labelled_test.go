package scanner

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"go.yaml.in/yaml/v3"
)

//go:generate go test -run TestLabelled -update .

var updateQuality = flag.Bool("update", false, "write docs/quality.md anew")

// The set of snippets and the page that tells how they are judged.
const (
	labelledFiles = "../testdata/labelled/*.yaml"
	qualityPage   = "../docs/quality.md"
)

// What the set is held to: keys found of those that are there, and right findings of all.
const (
	leastRecall    = 0.93
	leastPrecision = 0.98
)

// labelledFile is one file of the set.
type labelledFile struct {
	Category string    `yaml:"category"`
	Source   string    `yaml:"source"`
	Snippets []snippet `yaml:"snippets"`
}

// snippet is a text of a few lines with places, «like this», where a value is put at test time. Want says whether one of these is a key
// ("key") or there is none ("none"). A place that begins with - is not the key that the text is about.
type snippet struct {
	Path string `yaml:"path"`
	Text string `yaml:"text"`
	Want string `yaml:"want"`
}

// tally counts what a scan made of snippets.
type tally struct {
	keys, found    int // snippets with a key; those where it is found
	none, mistaken int // snippets without one; those where one is reported all the same
	beside         int // snippets with a key where something else is reported as well
}

func (s *tally) add(o tally) {
	s.keys, s.found, s.none, s.mistaken, s.beside = s.keys+o.keys, s.found+o.found, s.none+o.none, s.mistaken+o.mistaken, s.beside+o.beside
}

func (s tally) recall() float64 { return float64(s.found) / float64(max(1, s.keys)) }

func (s tally) precision() float64 {
	return float64(s.found) / float64(max(1, s.found+s.mistaken+s.beside))
}

// TestLabelled measures the built-in rules, at medium confidence and above, on snippets that were written by hand, holds the result
// to its floor, and docs/quality.md to the result.
func TestLabelled(t *testing.T) {
	files := readLabelled(t)
	total, page := tally{}, ""
	for _, f := range files {
		var sum tally
		for i, s := range f.Snippets {
			sum.add(judgeSnippet(t, s, i))
		}
		page += fmt.Sprintf("| %s | %d | %d | %d | %d | %s |\n", f.Category, sum.keys, sum.found, sum.none, sum.mistaken+sum.beside, f.Source)
		total.add(sum)
	}
	t.Logf("%d keys, %d found; %d look-alikes, %d taken for keys, %d findings beside a key: precision %.3f, recall %.3f",
		total.keys, total.found, total.none, total.mistaken, total.beside, total.precision(), total.recall())
	if total.keys+total.none < 300 || total.none < total.keys*4/5 {
		t.Errorf("the set has %d keys and %d look-alikes", total.keys, total.none)
	}
	if total.recall() < leastRecall || total.precision() < leastPrecision {
		t.Errorf("precision %.3f and recall %.3f, want at least %.2f and %.2f", total.precision(), total.recall(), leastPrecision, leastRecall)
	}
	holdPage(t, fmt.Sprintf(qualityText, total.keys+total.none, total.keys, total.none, total.precision(), total.recall(), page))
}

func holdPage(t *testing.T, page string) {
	t.Helper()
	if *updateQuality {
		if err := os.WriteFile(qualityPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(qualityPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != page {
		t.Error("docs/quality.md is old: go generate ./scanner")
	}
}

// qualityText is the page. Its arguments are the snippets, the keys and the look-alikes among them, precision, recall, and the table's rows.
const qualityText = `# How well keys are found

Written by ` + "`go generate ./scanner`" + `; do not edit. A test holds this page to what the program does, and the program to a floor.

The set in ` + "`testdata/labelled`" + ` has %d snippets of a few lines, written by hand: %d with a key and %d look-alikes. Their shapes are those of issuers'
guides, format documents and public write-ups of leaks; the values are made at test time from the patterns and checksums of the rules and from
a seeded generator, so that no key stands in the repository and none was ever issued. The snippets were written before the program saw them.
On its first run over the set it had precision 0.984 and recall 0.856; ten of the 32 keys that it missed then were in
snippets that were wrong themselves (hosts that stand for none, samples cut out of what their rules need) and were put right.
The files of log-ins, servers, notes and frameworks came later, in the same way: on their first run, precision 0.953 and recall 0.508. The
program was then changed for what it missed in them, so that what they show today is no measure of texts that it has not seen.
The longer pieces of programs and those of operations came last, and had precision 0.979 and recall 0.920 on their first run; two of its three
mistakes were second keys of their snippets, and one snippet held a key that is made to be published.

At medium confidence and above, with the built-in rules: precision **%.3f**, recall **%.3f**. A key counts as found when a finding overlaps it; any
other finding is a mistake.

| category | keys | found | look-alikes | mistakes | shapes |
| --- | --- | --- | --- | --- | --- |
%s
This is a set of the project's own, so it shows what is known to work and what broke, and says little of texts of another kind.
`

func readLabelled(t *testing.T) []labelledFile {
	t.Helper()
	names, err := filepath.Glob(labelledFiles)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d files, %v", labelledFiles, len(names), err)
	}
	var files []labelledFile
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dec := yaml.NewDecoder(strings.NewReader(string(data)))
		dec.KnownFields(true)
		var f labelledFile
		if err := dec.Decode(&f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b labelledFile) int { return cmp.Compare(a.Category, b.Category) })
	return files
}

// judgeSnippet scans one snippet.
func judgeSnippet(t *testing.T, s snippet, n int) tally {
	t.Helper()
	text, keys := fillSnippet(t, s, n)
	if s.Want == "key" == (len(keys) == 0) && s.Want != "none" {
		t.Fatalf("%s: want %q with %d places: %s", s.Path, s.Want, len(keys), s.Text)
	}
	right, wrong := false, false
	for f := range builtinScanner(t).Find(Chunk{Data: []byte(text), From: Location{Path: s.Path}}) {
		if rank(f.Confidence) < rank(rules.Medium) {
			continue
		}
		at := span{f.At.Offset, f.At.Offset + int64(f.At.Length)}
		hit := s.Want == "key" && slices.ContainsFunc(keys, at.overlaps)
		right, wrong = right || hit, wrong || !hit
		if !hit {
			t.Logf("mistake: %s by %s in %s: %s", f.Confidence, f.Rule, s.Path, s.Text)
		}
	}
	if s.Want == "none" {
		return tally{none: 1, mistaken: count(wrong)}
	}
	if !right {
		t.Logf("missed: %s: %s", s.Path, s.Text)
	}
	return tally{keys: 1, found: count(right), beside: count(wrong)}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
