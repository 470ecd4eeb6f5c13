package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// sample is a file of testdata/exports with its slots filled: {{key}} by the key, {{name}} by the other words.
func sample(t testing.TB, name string, fill ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "exports", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(fill...).Replace(string(b))
}

// openText writes a text to a file and opens it.
func openText(t *testing.T, name, text string, o Options) (scanner.Source, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(path))
	return Open(t.Context(), name, o)
}

// exportSamples are the kinds of one good export of each format.
var exportSamples = map[string]string{"jira.xml": "jira", "issues.json": "json", "tickets.jsonl": "jsonl", "jira.csv": "csv"}

func TestDetectExports(t *testing.T) {
	for name, kind := range exportSamples {
		t.Run(name, func(t *testing.T) {
			src, err := openText(t, name, sample(t, name), Options{})
			if err != nil {
				t.Fatal(err)
			}
			x, ok := src.(*export)
			if !ok || x.format.Name != kind {
				t.Fatalf("taken for another kind: %T", src)
			}
			for _, err := range src.Chunks(t.Context()) {
				if err != nil {
					t.Error(err)
				}
			}
			if seen := x.Coverage().Seen; seen["records"] != 3 {
				t.Errorf("saw %v, want 3 records", seen)
			}
		})
	}
}

func TestDetectPlainFiles(t *testing.T) {
	for name, text := range map[string]string{
		"config.json":       `{"id": 7, "name": "sync", "description": "our sync", "token": "x"}`,
		"package.json":      `{"name": "shop", "version": "1.0.0", "description": "a shop", "author": "Ann"}`,
		"package-lock.json": `{"name":"shop","lockfileVersion":3,"packages":{"":{"name":"shop","license":"MIT"}}}`,
		"tsconfig.json":     "{\n  // comment\n  \"compilerOptions\": {}\n}",
		"data.json":         `[1, 2, 3]`,
		"broken.json":       `{"id": "7", "title`,
		"feed.xml":          `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><item><title>x</title></item></channel></rss>`,
		"pom.xml":           `<project><item><key>x</key></item></project>`,
		"prices.csv":        "id,price,currency\n1,2,EUR\n",
		"main.go":           "package main\n\nfunc main() {}\n",
		"empty.json":        "",
		"log.jsonl":         `{"level":"info","msg":"started","port":80}` + "\n",
	} {
		src, err := openText(t, name, text, Options{})
		if _, ok := src.(*file); !ok || err != nil {
			t.Errorf("%s: %T, %v; want a plain file", name, src, err)
		}
	}
}

func TestForcedKinds(t *testing.T) {
	for _, c := range []struct{ kind, name, text, want string }{
		{"jira", "a.xml", "<rss><channel></channel></rss>", ""},
		{"json", "a.txt", `{"AGILED_API_TOKEN": "x"}`, ""},
		{"jsonl", "a.log", `{"a": "x"}`, ""},
		{"csv", "a.txt", "a;b\n1;2\n", ""},
		{"jira", "a.xml", "<feed/>", `open "a.xml": not a Jira XML export: no <rss><channel>; it looks like a file: leave --source out, or give --source file`},
		{"json", "a.json", "x = 1", `open "a.json": not a JSON export: it does not begin with { or [; it looks like a file: leave --source out, or give --source file`},
		{"json", "a.json", "", `open "a.json": not a JSON export: it is empty; it looks like a file: leave --source out, or give --source file`},
		{"csv", "a.csv", "a\x00b", `open "a.csv": not a CSV export: it holds zero bytes; it looks like a file: leave --source out, or give --source file`},
	} {
		_, err := openText(t, c.name, c.text, Options{Kind: c.kind})
		if got := fmt.Sprint(err); err != nil && got != c.want || err == nil && c.want != "" {
			t.Errorf("%s as %s: %v\nwant %s", c.name, c.kind, err, c.want)
		}
	}
	_, err := openText(t, "a.json", "{}", Options{Kind: "json", Fields: map[string]string{"colour": "x"}})
	if err == nil || err.Error() != `open "a.json": no field is called "colour"; known are author, record, text, time, url` {
		t.Errorf("an unknown field: %v", err)
	}
}
