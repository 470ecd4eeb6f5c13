package quash_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// table returns the first column of the README's table under a heading.
func table(t *testing.T, heading string) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n### "+heading+"\n")
	if !ok {
		t.Fatalf("README.md has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	var rows []string
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 2 && !strings.HasPrefix(strings.TrimSpace(cells[1]), "---") {
			rows = append(rows, strings.Trim(strings.TrimSpace(cells[1]), "`"))
		}
	}
	if len(rows) == 0 {
		t.Fatalf("README.md has no table under %q", heading)
	}
	return rows[1:]
}

// TestReadmeLists: the views and containers in the README are those that the program knows.
func TestReadmeLists(t *testing.T) {
	var views, containers []string
	for _, v := range scanner.Views() {
		views = append(views, v.Name)
	}
	for _, c := range source.Containers() {
		containers = append(containers, c.Name)
	}
	for heading, want := range map[string][]string{"Views": views, "Containers": containers} {
		got := table(t, heading)
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-program +README):\n%s", heading, d)
		}
	}
}

// TestRulesPage: docs/rules.md is what the program prints, and the README counts as it does.
func TestRulesPage(t *testing.T) {
	want, err := exec.CommandContext(t.Context(), "go", "run", "./cmd/quash", "rules", "list", "-f", "markdown").Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Error("docs/rules.md is old: go generate ./cmd/quash/...")
	}
	count := regexp.MustCompile(`\d+ kinds of key from \d+ providers, \d+ with verify`).Find(want)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(count) == 0 || !bytes.Contains(bytes.ReplaceAll(readme, []byte("\n"), []byte(" ")), count) {
		t.Errorf("README.md does not say %q", count)
	}
}
