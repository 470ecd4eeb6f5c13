package report

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files and schema.json anew")

// TestGolden holds every format against what it wrote when somebody last looked at it: go test ./report -update.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		file, format string
		run          Run
	}{
		{"run.txt", "text", Run{Rules: ruleSet(t)}},
		{"run-80.txt", "text", Run{Width: 80, Color: true, Rules: ruleSet(t)}},
		{"run.jsonl", "jsonl", Run{}},
		{"run.json", "json", Run{}},
		{"run.sarif", "sarif", Run{Rules: ruleSet(t)}},
		{"run.html", "html", Run{Rules: ruleSet(t)}},
		{"run.gitlab.json", "gitlab", Run{Rules: ruleSet(t)}},
		{"run.junit.xml", "junit", Run{Rules: ruleSet(t)}},
		{"run.csv", "csv", Run{Rules: ruleSet(t)}},
		{"run.annotations", "github", Run{Rules: ruleSet(t)}},
		{"run.md", "markdown", Run{Rules: ruleSet(t)}},
	} {
		t.Run(c.file, func(t *testing.T) {
			got, path := render(t, c.format, c.run, story()...), filepath.Join("testdata", c.file)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s changed (-want +got):\n%s", path, diff)
			}
		})
	}
}
