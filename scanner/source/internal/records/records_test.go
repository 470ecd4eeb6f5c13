package records

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quash-sh/quash/scanner"
)

func TestRecordPlaces(t *testing.T) {
	day := func(d, h, m, s int) time.Time { return time.Date(2026, 3, d, h, m, s, 0, time.UTC) }
	at := func(record, field, author string, when time.Time, url string) scanner.Location {
		return scanner.Location{Path: "exports/sample", Line: 1, Record: record, Field: field, Author: author, Time: when, URL: url}
	}
	mail := func(l scanner.Location, address string, line int) scanner.Location {
		l.AuthorEmail, l.Line = address, line
		return l
	}
	const issue = "https://git.acme.example/ops/sync/issues/7"
	for _, c := range []struct {
		name, slot string
		want       scanner.Location
	}{
		{"issues.json", "body", mail(at("7", "body", "ben", day(4, 8, 12, 0), issue), "ben@acme.example", 1)},
		{"issues.json", "comment", at("7", "comments[id=5501].body", "ann", day(4, 10, 1, 9), issue)},
		{"issues.json", "second", at("7", "comments[id=5502].body", "ben", day(4, 10, 5, 0), issue)},
		{"issues.json", "context", mail(at("7", "config.AGILED_API_TOKEN", "ben", day(4, 8, 12, 0), issue), "ben@acme.example", 1)},
		{"issues.json", "old", at("8", "history changelog.histories[id=9001].items[0].fromString", "Ann Lee", day(4, 12, 5, 0), "")},
		{"issues.json", "adf", at("9", "body.content[0].content[0].text", "ann", day(5, 8, 0, 0), "")},
		{"tickets.jsonl", "body", mail(at("201", "description", "Ben Cho", day(4, 9, 12, 0), "https://acme.example/api/v2/tickets/201.json"), "ben@acme.example", 1)},
		{"tickets.jsonl", "comment", at("201", "comments[id=5501].html_body", "Ann Lee", day(4, 10, 1, 9), "https://acme.example/api/v2/tickets/201.json")},
		{"tickets.jsonl", "last", at("203", "description", "Ann Lee", day(5, 8, 0, 0), "")},
		{"jira.csv", "description", at("OPS-7", "Description", "ben", day(4, 9, 12, 0), "")},
		{"jira.csv", "custom", at("OPS-7", "AGILED_API_TOKEN", "ben", day(4, 9, 12, 0), "")},
		{"jira.csv", "comment", at("OPS-7", "Comment", "ben", day(4, 9, 12, 0), "")},
		{"jira.csv", "second", at("OPS-7", "Comment #2", "ann", day(4, 10, 1, 0), "")},
		{"jira.csv", "last", at("OPS-9", "Description", "ann", day(5, 8, 0, 0), "")},
	} {
		key := sampleKey()
		all := readAs(t, exportSamples[c.name], strings.NewReader(sample(t, c.name, "{{"+c.slot+"}}", key)))
		if d := cmp.Diff(c.want, find(t, all, key).Location); d != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.name, c.slot, d)
		}
	}
}

// TestRecordSplitKeys splits a key in the ways in which the formats write it.
func TestRecordSplitKeys(t *testing.T) {
	key := sampleKey()
	a, b, c := key[:12], key[12:25], key[25:]
	for _, s := range []struct{ name, text, whole, view, field string }{
		{"an escaped dash", `[{"id":1,"body":"` + a + `\u002d` + b + `"}]`, a + "-" + b, "", "body"},
		{"an escaped slash", `[{"id":1,"body":"` + a + `\/` + b + `"}]`, a + "/" + b, "", "body"},
		{"every letter escaped", `[{"id":1,"body":"\u0067\u0068` + key[2:] + `"}]`, key, "", "body"},
		{"an escaped zero-width space", `[{"id":1,"body":"` + a + `\u200b` + b + c + `"}]`, key, "visible", "body"},
		{"HTML in JSON", `[{"id":1,"body":"<p>` + a + `<em>` + b + `<\/em>` + c + `<\/p>"}]`, key, "html-text", "body"},
		{"HTML escaped by a cautious encoder", `[{"id":1,"body":"` + a + `\u003cb\u003e` + b + `\u003c/b\u003e` + c + `"}]`, key, "html-text", "body"},
		{"spans of a document tree", `[{"id":1,"body":{"content":[{"type":"text","text":"` + a + `"},{"type":"text","text":"` + b + `","marks":[{"type":"em"}]},{"type":"text","text":"` + c + `"}]}}]`, key, "joined", "body.content"},
		{"strings and spans", `[{"id":1,"text":["see ` + a + `",{"type":"bold","text":"` + b + `"},"` + c + `"]}]`, key, "joined", "text"},
		{"JSON in a string of JSON", `[{"id":1,"body":"{\"k\":\"` + key + `\"}"}]`, key, "", "body"},
		{"a member's name", `[{"id":1,"tokens":{"` + key + `":true}}]`, key, "record", ""},
		{"a member's name, escaped", `[{"id":1,"tokens":{"` + a + `\u002d` + b + `":{}}}]`, a + "-" + b, "record", ""},
	} {
		got := find(t, readAs(t, &jsonRecords, strings.NewReader(s.text)), s.whole)
		if got.Record != "1" || got.Field != s.field || got.View != s.view {
			t.Errorf("%s: found in %q %q under the view %q", s.name, got.Record, got.Field, got.View)
		}
	}
	for _, s := range []struct{ name, text, whole string }{
		{"doubled quotes", "Issue key,Body\nOPS-1,\"say \"\"" + key + "\"\"\"\n", `"` + key + `"`},
		{"a line break in a cell", "Issue key,Body\nOPS-1,\"one\n" + key + "\"\n", "one\n" + key},
		{"a quote inside a cell", "Issue key,Body\nOPS-1,5\" " + key + "\n", `5" ` + key},
		{"semicolons", "Issue key;Body\nOPS-1;" + key + ",x\n", key + ",x"},
		{"tabs", "Issue key\tBody\nOPS-1\t" + key + "\n", key},
		{"a mark before the header", "\xEF\xBB\xBFIssue key,Body\nOPS-1," + key + "\n", key},
		{"UTF-16", utf16Text("Issue key,Body\nOPS-1," + key + "\n"), key},
	} {
		got := find(t, readAs(t, &csvRecords, asUTF8(strings.NewReader(s.text), []byte(s.text))), s.whole)
		if got.Record != "OPS-1" || got.Field != "Body" || got.View != "" {
			t.Errorf("%s: found in %q %q under the view %q", s.name, got.Record, got.Field, got.View)
		}
	}
}

func utf16Text(s string) string {
	b := []byte("\xff\xfe")
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return string(b)
}

// TestNames checks that a value comes together with its name: in its own field where it is short, and with its neighbours.
func TestNames(t *testing.T) {
	key, id := sampleKey(), sampleKey()
	for _, s := range []struct {
		format              *Format
		text, want          string
		record, field, view string
	}{
		{&jsonRecords, `{"AGILED_API_TOKEN":"` + key + `"}`, `"AGILED_API_TOKEN": "` + key + `"`, "top", "AGILED_API_TOKEN", "named"},
		{&jsonRecords, `[{"id":7,"env":[{"name":"AGILED_API_TOKEN","value":"` + key + `"}]}]`, `"AGILED_API_TOKEN": "` + key + `"`, "7", "env[0].value", "named"},
		{&jsonRecords, `[{"id":7,"AGILED_API_TOKENS":["` + key + `"]}]`, `"AGILED_API_TOKENS": "` + key + `"`, "7", "AGILED_API_TOKENS[0]", "named"},
		{&jsonRecords, `[{"id":7,"aws":{"id":"` + id + `","secret":"` + key + `"}}]`, `"aws": {"id": "` + id + "\",\n\"secret\": \"" + key + `"}`, "7", "", "record"},
		{&jsonLines, `{"id":7,"key":"-----BEGIN\n` + key + `\n-----END","mail":"a@x.example"}` + "\n", "\"key\": \"-----BEGIN\n" + key + "\n-----END\",\n\"mail\": \"a@x.example\"", "7", "", "record"},
		{&csvRecords, "Issue key,AGILED_API_TOKEN\nOPS-1," + key + "\n", `"AGILED_API_TOKEN": "` + key + `"`, "OPS-1", "AGILED_API_TOKEN", "named"},
		{&csvRecords, "name,value\nAGILED_API_TOKEN," + key + "\n", `"AGILED_API_TOKEN": "` + key + `"`, "row 2", "value", "named"},
		{&csvRecords, "Access key ID,Secret access key\n" + id + "," + key + "\n", `"Access key ID": "` + id + "\",\n\"Secret access key\": \"" + key + `"`, "row 2", "", "record"},
	} {
		got := find(t, readAs(t, s.format, strings.NewReader(s.text)), s.want)
		if got.Record != s.record || got.Field != s.field || got.View != s.view {
			t.Errorf("%q %q under the view %q, want %q %q %q", got.Record, got.Field, got.View, s.record, s.field, s.view)
		}
	}
}

// TestFieldsBeforeRecords checks the order on which telling views apart rests.
func TestFieldsBeforeRecords(t *testing.T) {
	key := sampleKey()
	all := readAs(t, &jsonRecords, strings.NewReader(sample(t, "issues.json", "{{context}}", key)))
	var views []string
	for _, c := range all {
		if strings.Contains(c.text, key) {
			views = append(views, c.View)
		}
	}
	if d := cmp.Diff([]string{"", "named", "record"}, slices.Compact(views)); d != "" {
		t.Errorf("views (-want +got):\n%s", d)
	}
}

func TestRecordNames(t *testing.T) {
	key := sampleKey()
	for _, c := range []struct {
		format        *Format
		text          string
		record, field string
	}{
		{&jsonRecords, `["x","` + key + `"]`, "top", "[1]"},
		{&jsonRecords, `[{"a":"x"},{"a":"` + key + `"}]`, "record 2", "a"},
		{&jsonLines, "{\"a\":\"x\"}\n\n{\"a\":\"" + key + "\"}\n", "line 3", "a"},
		{&jsonRecords, `{"data":{"tickets":[{"id":"T-1","text":"` + key + `"}]},"id":"request-9"}`, "T-1", "text"},
		{&jsonRecords, `{"comments":[{"id":5,"body":"` + key + `"}],"created":"2026-01-01","key":"OPS-1","summary":"x"}`, "OPS-1", "comments[id=5].body"},
		{&jsonRecords, `[{"comments":[{"id":5,"body":"` + key + `"}],"key":"OPS-1"}]`, "OPS-1", "comments[id=5].body"},
		{&jsonRecords, `{"issues":[{"key":"OPS-1","fields":{"summary":"` + key + `"}}]}`, "OPS-1", "fields.summary"},
		{&jsonRecords, `{"OPS-1":{"summary":"` + key + `","author":"ann","date":"2026-01-01"}}`, "OPS-1", "summary"},
		{&jsonRecords, `"` + key + `"`, "top", ""},
		{&csvRecords, "1,2026-01-01," + key + "\n2,x,y\n", "row 1", "column 3"},
		{&csvRecords, "a,b\n1,2," + key + "\n", "row 2", "column 3"},
	} {
		got := find(t, readAs(t, c.format, strings.NewReader(c.text)), key)
		if got.Record != c.record || got.Field != c.field {
			t.Errorf("%.30q: %q %q, want %q %q", c.text, got.Record, got.Field, c.record, c.field)
		}
	}
}

func TestOwnFieldMap(t *testing.T) {
	key := sampleKey()
	fields := map[string]string{"record": "Vorgang", "author": "wer.kurz", "time": "wann", "url": "wo"}
	text := `[{"id":1,"Vorgang":"V-9","wer":{"kurz":"ann"},"wann":"1772611200","wo":"http://x.example/V-9","inhalt":"` + key + `"}]`
	want := scanner.Location{
		Path: "exports/sample", Line: 1, Record: "V-9", Field: "inhalt", Author: "ann",
		Time: time.Date(2026, 3, 4, 8, 0, 0, 0, time.UTC), URL: "http://x.example/V-9",
	}
	if d := cmp.Diff(want, find(t, readFields(t, &jsonRecords, strings.NewReader(text), fields), key).Location); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestParseTime(t *testing.T) {
	want := time.Date(2026, 3, 4, 8, 12, 0, 0, time.UTC)
	for _, s := range []string{
		"2026-03-04T08:12:00Z", "2026-03-04T09:12:00+01:00", "2026-03-04T09:12:00.000+0100", "2026-03-04T08:12:00", "2026-03-04 08:12:00",
		"2026-03-04 08:12:00 UTC", "2026-03-04 08:12", "Wed, 4 Mar 2026 09:12:00 +0100", "Wed, 04 Mar 2026 08:12:00 GMT",
		"04/Mar/26 8:12 AM", "4 Mar 26 09:12 +0100", "Mar 4, 2026 8:12 AM", "Wed Mar  4 08:12:00 UTC 2026",
		"Wed Mar 04 2026 09:12:00 GMT+0100 (Central European Standard Time)",
		"1772611920", "1772611920000", "1772611920000000", "1772611920000000000", "1772611920.000000", " 2026-03-04 08:12:00 ",
	} {
		if got, ok := parseTime(s); !ok || !got.Equal(want) {
			t.Errorf("%q is %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "x", "12345", "7", "yesterday", "0001-01-01T00:00:00Z", "99999999999999999999", strings.Repeat("1", 100), "2026-13-45", "202 (abcdefgh"} {
		if got, ok := parseTime(s); ok {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}

// TestAnyJSONIsSearched checks that every string and every name of any JSON value is given on, whatever its shape.
func TestAnyJSONIsSearched(t *testing.T) {
	key := sampleKey()
	rapid.Check(t, func(rt *rapid.T) {
		text := anyJSON(rt, key, 4)
		for _, f := range []*Format{&jsonRecords, &jsonLines} {
			all := readAs(t, f, strings.NewReader(text))
			if len(gapsOf(all)) > 0 {
				rt.Fatalf("%s: %v", text, gapsOf(all)[0])
			}
			if strings.Contains(text, key) {
				find(t, all, key)
			}
		}
	})
}

func anyJSON(t *rapid.T, key string, depth int) string {
	word := rapid.SampledFrom([]string{"id", "key", "author", "text", "body", "created_at", "comments", "fields", "value", "name", "old", "x", key})
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]string{"1", "null", "true", "-2.5e3"}).Draw(t, "scalar")
	case 1, 2, 3:
		return `"` + rapid.SampledFrom([]string{"", "x", "OPS-1", "2026-01-01", key, "a " + key + " b"}).Draw(t, "string") + `"`
	case 4:
		var parts []string
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			parts = append(parts, anyJSON(t, key, depth-1))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	var parts []string
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		parts = append(parts, `"`+word.Draw(t, "name")+`":`+anyJSON(t, key, depth-1))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
