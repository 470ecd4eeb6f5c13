package source

import (
	"errors"
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
var exportSamples = map[string]string{
	"jira.xml": "jira", "issues.json": "json", "tickets.jsonl": "jsonl", "tickets.xml": "xml", "tickets.csv": "csv",
	"jira.json": "jira-json", "jira.csv": "jira-csv", "zendesk.jsonl": "zendesk", "zendesk.csv": "zendesk-csv",
	"freshdesk.json": "freshdesk", "freshdesk.csv": "freshdesk-csv", "intercom.json": "intercom", "intercom.csv": "intercom-csv",
	"linear.csv": "linear", "github.json": "github", "github-cli.json": "github", "github-comments.json": "github-comments",
	"teams.json": "teams", "teams.html": "teams-html", "teams-personal.json": "teams-personal",
	"discord.json": "discord", "discord.html": "discord-html", "trello.json": "trello", "asana.json": "asana",
	"asana.csv": "asana-csv", "agiled.json": "agiled-json",
}

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
			if seen := x.Coverage().Seen; seen["records"] < 2 {
				t.Errorf("saw %v, want 2 records and more", seen)
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
		"openapi.json":      `{"openapi": "3.0.0", "info": {"title": "Shop", "version": "1"}, "paths": {}}`,
		"renovate.json":     `{"extends": ["config:base"], "labels": ["sync"], "prefs": {}, "number": 7}`,
		"board.json":        `{"id": "b", "name": "Board", "cards": [{"id": 1, "name": "x"}], "actions": []}`,
		"chat.json":         `{"channel": {"id": "1", "name": "ops"}, "messages": [{"id": "x", "role": "user"}]}`,
		"page.json":         `{"data": [{"id": 1, "subject": "x"}], "meta": {"current_page": 1}}`,
		"conversation.json": `{"type": "conversation", "id": "x"}`,
		"people.csv":        "ID,Team,Title\n1,a,b\n",
		"settings.xml":      `<settings><servers><server><id>x</id><username>ann</username></server></servers></settings>`,
		"icon.svg":          `<svg xmlns="http://www.w3.org/2000/svg"><title>x</title><desc>y</desc></svg>`,
		"log.jsonl":         `{"level":"info","msg":"started","port":80}` + "\n",
	} {
		src, err := openText(t, name, text, Options{})
		if _, ok := src.(*file); !ok || err != nil {
			t.Errorf("%s: %T, %v; want a plain file", name, src, err)
		}
	}
}

// TestUnlikeWhatItIsCalled tells a file that somebody named where it cannot be the export or the archive that it is called.
func TestUnlikeWhatItIsCalled(t *testing.T) {
	for _, c := range []struct{ name, text, why string }{
		{"a.json", `{"expand": "schema", "iss`, "JSON that ends inside a string"},
		{"issues", ` [{"id": 7}, `, "JSON that ends inside an array"},
		{"a.json", "", "it is empty"},
		{"a.jsonl", "\n", "it is empty"},
		{"a.xml", "<rss version=\"0.92\"><chann", "XML that ends inside <rss>"},
		{"a", "<?xml version=\"1.0\"?><entities>", "XML that ends inside <entities>"},
		{"a.csv", "Issue key,Issue id,Summ", "its first line does not end"},
		{"a.mbox", "From ben@acme.example Wed", "it does not begin as mail does"},
		{"export.zip", "PK", "it does not begin as a zip archive does"},
		{"export.tar.gz", "version https://git-lfs.example/spec/v1\n", "it does not begin as a gz archive does"},
		{"a.json", `{"id": 7}`, ""},
		{"a.json", `{"id": 7, oops`, ""},
		{"a.html", "<p>one<p>two", ""},
		{"a.txt", "", ""},
		{"a.txt", "one", ""},
		{"a.csv", "id,price\n1,2", ""},
		{"long.json", `{"a": "` + strings.Repeat("x", headSize), ""},
	} {
		src, err := openText(t, c.name, c.text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, err := range src.Chunks(t.Context()) {
			var gap *scanner.Gap
			if errors.As(err, &gap) {
				got += gap.Why
			}
		}
		if got != c.why {
			t.Errorf("%s %.40q: %q, want %q", c.name, c.text, got, c.why)
		}
	}
	src, err := openText(t, "a.json", "{", Options{Kind: "file"})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range src.Chunks(t.Context()) {
		if err != nil {
			t.Errorf("forced as a file: %v", err)
		}
	}
}

func TestForcedKinds(t *testing.T) {
	for _, c := range []struct{ kind, name, text, want string }{
		{"jira", "a.xml", "<rss><channel></channel></rss>", ""},
		{"json", "a.txt", `{"AGILED_API_TOKEN": "x"}`, ""},
		{"jsonl", "a.log", `{"a": "x"}`, ""},
		{"csv", "a.txt", "a;b\n1;2\n", ""},
		{"xml", "a.txt", "<a><b>x</b></a>", ""},
		{"zendesk", "a.txt", `{"id": 1, "raw_subject": "x"}`, ""},
		{"json", "a.json", "{}\n", `open "a.json": not a JSON export: there is nothing in it but {}; it looks like a file: leave --source out, or give --source file`},
		{"jsonl", "a.json", "[]", `open "a.json": not an export of JSON lines: there is nothing in it but []; it looks like a file: leave --source out, or give --source file`},
		{"agiled-json", "a.json", `""`, `open "a.json": not a list of Agiled tickets: it does not begin with { or [; it looks like a file: leave --source out, or give --source file`},
		{"csv", "a.csv", "\n", `open "a.csv": not a CSV export: it is empty; it looks like a file: leave --source out, or give --source file`},
		{"zendesk", "a.json", `{"x":1}`, `open "a.json": not a Zendesk JSON export: it begins without "raw_subject"; it looks like a file: leave --source out, or give --source file`},
		{"linear", "a.csv", "Issue key,Issue id,Summary\nOPS-1,1,x\n", `open "a.csv": not a Linear CSV export: it begins without "id"; it looks like a Jira CSV export: leave --source out, or give --source jira-csv`},
		{"trello", "a.xml", "<feed/>", `open "a.xml": not a Trello board export: it does not begin with { or [; it looks like a file: leave --source out, or give --source file`},
		{"xml", "a.json", "{}", `open "a.json": not an XML export: it does not begin with <; it looks like a file: leave --source out, or give --source file`},
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
	_, err := openText(t, "a.json", `{"a":1}`, Options{Kind: "json", Fields: map[string]string{"colour": "x"}})
	if err == nil || err.Error() != `open "a.json": no field is called "colour"; known are author, record, text, time, url` {
		t.Errorf("an unknown field: %v", err)
	}
}
