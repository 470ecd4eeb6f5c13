package records

import (
	"io"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// chunks keeps what is given on, as it is given on.
type chunks struct{ texts []int }

// Chunk implements Out.
func (c *chunks) Chunk(k scanner.Chunk) bool {
	c.texts = append(c.texts, len(k.Texts))
	return true
}

// File implements Out.
func (c *chunks) File(scanner.Location, io.Reader) bool { return true }

// Gap implements Out.
func (c *chunks) Gap(*scanner.Gap) bool { return true }

// TestRecordsTogether: short records are given on together, and what stands behind one says nothing of it all the same.
func TestRecordsTogether(t *testing.T) {
	const text = `[{"key":"A-1","text":"first words"},{"key":"A-2","text":"second words","author":"ann"}]`
	all := &chunks{}
	jsonRecords.Read(Input{Path: "a.json", Text: strings.NewReader(text)}, all)
	if len(all.texts) != 1 || all.texts[0] < 4 {
		t.Errorf("it comes in chunks of %d texts", all.texts)
	}
	for words, want := range map[string]scanner.Location{"first words": {Record: "A-1"}, "second words": {Record: "A-2", Author: "ann"}} {
		if at := find(t, readAs(t, &jsonRecords, strings.NewReader(text)), words); at.Record != want.Record || at.Author != want.Author {
			t.Errorf("%q is in %q by %q, want %q by %q", words, at.Record, at.Author, want.Record, want.Author)
		}
	}
}

// TestLineEndsStayInRecords: a text of several lines stands in the view of its record as it stands for itself, but for keys that are known by
// how JSON writes them.
func TestLineEndsStayInRecords(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":1,"text":"one\ntwo"}`:                      "\"text\": \"one\ntwo\"",
		`{"id":1,"text":"say \"a\"\n\\b"}`:                "\"text\": \"say \\\"a\\\"\n\\\\b\"",
		`{"id":1,"text":"` + string(armor) + `X-\nab\n"}`: `"text": "` + string(armor) + `X-\nab\n"`,
	} {
		if at := find(t, readAs(t, &jsonRecords, strings.NewReader(text)), want); at.View != viewRecord {
			t.Errorf("%s is not in the record as %s", text, want)
		}
	}
	for text, only := range map[string]bool{``: true, `a\"b\"`: true, `a\\b`: false, `\n`: false, `a\`: false} {
		if onlyQuotes([]byte(text)) != only {
			t.Errorf("only quotes are escaped in %s: %v", text, !only)
		}
	}
}

// TestTypeNames: the type of a custom field is no key, whatever its attribute is called.
func TestTypeNames(t *testing.T) {
	for value, is := range map[string]bool{
		"com.atlassian.jira.plugin.system.customfieldtypes:textfield": true,
		"com.pyxis.greenhopper.jira:gh-epic-link":                     true,
		"com.atlassian.jira.Field":                                    true,
		"com.atlassian":                                               false,
		"com.atlassian.jira:":                                         false,
		"a..b.c":                                                      false,
		"abc.def.ghi:jkl:mno":                                         false,
		"abc.d3f.ghi":                                                 false,
		"":                                                            false,
	} {
		if isTypeName([]byte(value)) != is {
			t.Errorf("%q is the name of a type: %v", value, !is)
		}
	}
}
