package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/sourcetest"
)

// TestExportsConform runs the suite of all sources over a small export of each format.
func TestExportsConform(t *testing.T) {
	for _, c := range []struct {
		name, kind, text string
		records          int
		texts            map[string]string // by record, field and view with a "|" between
	}{
		{
			"a.xml", "jira",
			"<rss version=\"0.92\"><channel><title>Acme</title><item><key id=\"1\">OPS-1</key><description>a &lt;b&gt;c&lt;/b&gt;</description>" +
				"<comments><comment id=\"5\">one\ntwo</comment></comments></item></channel></rss>\n", 1,
			map[string]string{
				"channel|rss/channel/title|":  "Acme",
				"OPS-1|key|":                  "OPS-1",
				"OPS-1|description|":          "a <b>c</b>",
				"OPS-1|description|html-text": "a c",
				"OPS-1|description|wiki":      "a *c*",
				"OPS-1|comment 5|":            "one\ntwo",
			},
		},
		{
			"a.json", "json", `{"items":[{"id":"T-1","text":"one\ntwo"},{"id":"T-2","token":"abcdefgh"}]}`, 2,
			map[string]string{
				"T-1|id|": "T-1", "T-1|text|": "one\ntwo", "T-1||record": "{\"id\": \"T-1\",\n\"text\": \"one\ntwo\"}",
				"T-2|id|": "T-2", "T-2|token|": "abcdefgh", "T-2|token|named": `"token": "abcdefgh"`, "T-2||record": "{\"id\": \"T-2\",\n\"token\": \"abcdefgh\"}",
				"top||record": `{"items": []}`,
			},
		},
		{
			"a.jsonl", "jsonl", "{\"a\":\"x\"}\n{\"a\":\"y\"}\n", 2,
			map[string]string{"line 1|a|": "x", "line 1||record": `{"a": "x"}`, "line 2|a|": "y", "line 2||record": `{"a": "y"}`},
		},
		{
			"a.csv", "csv", "Issue key,Comment,Comment\nOPS-1,one,two\n", 1,
			map[string]string{
				"row 1|column 1|": "Issue key", "row 1|column 2|": "Comment", "row 1|column 3|": "Comment",
				"OPS-1|Issue key|": "OPS-1", "OPS-1|Comment|": "one", "OPS-1|Comment #2|": "two",
				"OPS-1||record": "\"Issue key\": \"OPS-1\",\n\"Comment\": \"one\",\n\"Comment\": \"two\"",
			},
		},
		{
			"a.json", "zendesk", `{"id":7,"raw_subject":"x","description":"one\ntwo","comments":[{"id":5,"body":"one\ntwo"}]}` + "\n", 1,
			map[string]string{
				"7|subject|": "x", "7|comment 5|": "one\ntwo",
				"7||record": "{\"id\": 7,\n\"raw_subject\": \"x\",\n\"description\": \"one\ntwo\",\n\"comments\": [{\"id\": 5,\n\"body\": \"one\ntwo\"}]}",
			},
		},
		{
			"a.csv", "linear", "ID,Team,Title,Cycle Name\nOPS-1,Ops,'=a long title,\n", 1,
			map[string]string{
				"row 1|column 1|": "ID", "row 1|column 2|": "Team", "row 1|column 3|": "Title", "row 1|column 4|": "Cycle Name",
				"OPS-1|ID|": "OPS-1", "OPS-1|Team|": "Ops", "OPS-1|Title|": "=a long title", "OPS-1|Title|named": `"Title": "=a long title"`,
				"OPS-1||record": "\"ID\": \"OPS-1\",\n\"Team\": \"Ops\",\n\"Title\": \"=a long title\"",
			},
		},
		{
			"a.xml", "xml", "<list><!-- note --><ticket id=\"7\"><text>one</text><note by=\"ann\">three</note><x/></ticket></list>\n", 1,
			map[string]string{
				"top|list.#comment|": " note ", "7|id|": "7", "7|text|": "one", "7|note.by|": "ann", "7|note|": "three",
				"7||record":   "{\"id\": \"7\",\n\"text\": \"one\",\n\"note\": {\"by\": \"ann\",\n\"#text\": \"three\"},\n\"x\": \"\"}",
				"top||record": "{\"list\": {\"#comment\": \" note \",\n\"ticket\": }}",
			},
		},
	} {
		t.Run(c.kind, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.name)
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			texts := map[string]string{}
			for place, text := range c.texts {
				p := strings.Split(place, "|")
				texts[sourcetest.Name(scanner.Location{Path: filepath.ToSlash(path), Record: p[0], Field: p[1], View: p[2]})] = text
			}
			sourcetest.Run(t, sourcetest.Case{
				Open: func(t *testing.T) scanner.Source {
					src, err := Open(t.Context(), path, Options{Kind: c.kind})
					if err != nil {
						t.Fatal(err)
					}
					return src
				},
				Texts: texts, Coverage: scanner.Coverage{Seen: map[string]int{"files": 1, "records": c.records}},
			})
		})
	}
}

// TestExportsInDirectories finds an export among other files and reads it as records.
func TestExportsInDirectories(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"jira.xml": sample(t, "jira.xml"), "config.json": `{"id": 7, "name": "x"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for c, err := range src.Chunks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for c := range c.Apart() {
			found[c.From.Path+" "+c.From.Record+" "+c.From.Field] = true
		}
	}
	for _, want := range []string{"config.json  ", "jira.xml OPS-7 comment 5501"} {
		if !found[want] {
			t.Errorf("no chunk from %q", want)
		}
	}
	if seen := src.(scanner.Counter).Coverage().Seen; seen["records"] != 3 || seen["files"] != 2 {
		t.Errorf("saw %v", seen)
	}
}
