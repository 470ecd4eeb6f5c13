package records

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

// piecesOf writes a file as ServiceNow does: packed, cut, and each piece in base64.
func piecesOf(t testing.TB, file string, size int) []string {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	if _, err := io.WriteString(g, file); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for packed := b.Bytes(); len(packed) > 0; {
		n := min(size, len(packed))
		rows = append(rows, fmt.Sprintf(`<sys_attachment_doc action="INSERT_OR_UPDATE"><data>%s</data><length>%d</length><position>%d</position>`+
			`<sys_attachment display_value="worker.log">0badc0de0badc0de0badc0de0badc0d3</sys_attachment></sys_attachment_doc>`,
			base64.StdEncoding.EncodeToString(packed[:n]), n, len(rows)))
		packed = packed[n:]
	}
	return rows
}

func TestXMLPlaces(t *testing.T) {
	for _, c := range []struct{ name, slot, record, field, author, time string }{
		{"servicenow.xml", "short", "INC0010007", "short_description", "Ben Cho", "2026-03-04T09:12:00Z"},
		{"servicenow.xml", "description", "INC0010007", "description", "Ben Cho", "2026-03-04T09:12:00Z"},
		{"servicenow.xml", "custom", "INC0010007", "u_agiled_api_token", "Ben Cho", "2026-03-04T09:12:00Z"},
		{"servicenow.xml", "listed", "INC0010007", "comments", "Ann Lee", "2026-03-04T10:05:00Z"},
		{"servicenow.xml", "older", "INC0010007", "comments", "Ben Cho", "2026-03-04T09:30:00Z"},
		{"servicenow.xml", "journal", "INC0010007", "work_notes", "ann.lee", "2026-03-04T10:01:09Z"},
		{"servicenow.xml", "old", "INC0010007", "history description", "ben.cho", "2026-03-04T09:40:00Z"},
		{"servicenow.xml", "last", "SCTASK0010009", "short_description", "ann.lee", "2026-03-05T08:00:00Z"},
		{"zendesk.xml", "subject", "201", "subject", "Ben Cho", "2026-03-04T09:12:00Z"},
		{"zendesk.xml", "description", "201", "description", "Ben Cho", "2026-03-04T09:12:00Z"},
		{"zendesk.xml", "comment", "201", "comment 5501", "Ann Lee", "2026-03-04T10:01:09Z"},
		{"zendesk.xml", "name", "201", "comment 5501 attachment filename", "Ann Lee", "2026-03-04T10:01:09Z"},
		{"zendesk.xml", "url", "201", "comment 5501 attachment url", "Ann Lee", "2026-03-04T10:01:09Z"},
		{"zendesk.xml", "custom", "201", "ticket-field-entries.ticket-field-entry.value", "Ben Cho", "2026-03-04T09:12:00Z"},
		{"zendesk.xml", "last", "203", "description", "Ann Lee", "2026-03-05T08:00:00Z"},
		{"freshdesk.xml", "subject", "201", "subject", "Ben Cho", "2026-03-04T09:12:00Z"},
		{"freshdesk.xml", "html", "201", "description", "Ben Cho", "2026-03-04T09:12:00Z"},
		{"freshdesk.xml", "note", "201", "note 5501", "Ann Lee", "2026-03-04T10:01:09Z"},
		{"freshdesk.xml", "name", "201", "note 5501 attachment content-file-name", "Ann Lee", "2026-03-04T10:01:09Z"},
	} {
		key := sampleKey()
		text := sample(t, c.name, "{{"+c.slot+"}}", key)
		all := readTwice(t, exportSamples[c.name], text)
		got := find(t, all, key)
		want := strings.Join([]string{c.record, c.field, c.author, c.time}, " | ")
		if d := cmp.Diff(want, strings.Join([]string{got.Record, got.Field, got.Author, got.Time.Format(time.RFC3339)}, " | ")); d != "" || len(gapsOf(all)) > 0 {
			t.Errorf("%s %s: gaps %v (-want +got):\n%s", c.name, c.slot, gapsOf(all), d)
		}
	}
}

// readTwice reads an export that is on disk.
func readTwice(t testing.TB, f *Format, text string) []told {
	t.Helper()
	var all []told
	f.Read(Input{Path: "exports/sample", Text: strings.NewReader(text), Again: strings.NewReader(text)}, outFunc(func(c scanner.Chunk, gap *scanner.Gap) bool {
		all = append(all, told{Location: c.From, text: string(c.Data), more: c.More, gap: gap})
		return true
	}))
	return all
}

// TestServiceNowFiles puts files together from their pieces, and tells those that cannot be.
func TestServiceNowFiles(t *testing.T) {
	key := sampleKey()
	file := strings.Repeat("a line of the log\n", 500) + "sent " + key + "\n"
	rows := piecesOf(t, file, 40)
	if len(rows) < 3 {
		t.Fatalf("%d pieces", len(rows))
	}
	long := rows[1]
	for name, c := range map[string]struct {
		rows []string
		gap  string
	}{
		"whole":        {rows, ""},
		"one missing":  {append(append([]string{}, rows[0]), rows[2:]...), "piece 1 of it is missing"},
		"last missing": {rows[:len(rows)-1], "it is damaged"},
		"turned round": {append([]string{rows[1], rows[0]}, rows[2:]...), "piece 0 of it is missing"},
		"damaged":      {append([]string{rows[0], strings.Replace(long, "<data>", "<data>!", 1)}, rows[2:]...), "piece 1 of it is damaged"},
	} {
		all := readTwice(t, &serviceNow, sample(t, "servicenow.xml", "{{pieces}}", strings.Join(c.rows, "\n")))
		gaps := gapsOf(all)
		if c.gap != "" {
			if len(gaps) == 0 || !strings.Contains(gaps[0].Why, c.gap) {
				t.Errorf("%s: gaps %v, want %q", name, gaps, c.gap)
			}
			continue
		}
		got := find(t, all, key)
		want := "exports/sample!worker {{name}}.log | INC0010007 | attachment worker {{name}}.log | ben.cho"
		if d := cmp.Diff(want, strings.Join([]string{got.Path, got.Record, got.Field, got.Author}, " | ")); d != "" || len(gaps) > 0 {
			t.Errorf("%s: gaps %v (-want +got):\n%s", name, gaps, d)
		}
	}
}

// TestConfluenceSections reads what stands in sections of macros, however their ends are written.
func TestConfluenceSections(t *testing.T) {
	key := sampleKey()
	for _, end := range []string{"]] >", "]]]]>", "]]]]><![CDATA[>", "]]&gt;", "]]"} {
		body := "<ac:plain-text-body><![CDATA[x" + end + "</ac:plain-text-body><p>" + key + "</p>"
		all := readTwice(t, &confluence, sample(t, "confluence/entities.xml", "{{body}}", body))
		got := find(t, all, key)
		if got.Record != "Runbook {{title}} (page 98310)" || got.Field != "body" || len(gapsOf(all)) > 0 {
			t.Errorf("%q: found in %q %q, gaps %v", end, got.Record, got.Field, gapsOf(all))
		}
	}
}

// TestConfluenceOnce reads an export that cannot be read twice: what stands before a text is known of it, and else its id.
func TestConfluenceOnce(t *testing.T) {
	key := sampleKey()
	got := find(t, readAs(t, &confluence, strings.NewReader(sample(t, "confluence/entities.xml", "{{body}}", key))), key)
	if got.Record != "content 98310" || got.Field != "body" {
		t.Errorf("found in %q %q", got.Record, got.Field)
	}
	got = find(t, readAs(t, &confluence, strings.NewReader(sample(t, "confluence/entities.xml", "{{property}}", key))), key)
	if got.Record != "Runbook {{title}} (page 98310)" || got.Field != "stringValue" {
		t.Errorf("found in %q %q", got.Record, got.Field)
	}
}

// TestContentsHoldNoKeys puts a key wherever a location is made from.
func TestContentsHoldNoKeys(t *testing.T) {
	key := sampleKey()
	for _, c := range []struct{ name, old, new string }{
		{"confluence/entities.xml", "Runbook {{title}}", key},
		{"confluence/entities.xml", "[ben]", "[" + key + "]"},
		{"confluence/entities.xml", "98400", key},
		{"confluence/entities.xml", `class="Space"`, `class="` + key + `"`},
		{"confluence/entities.xml", `name="stringValue"`, `name="` + key + `"`},
		{"servicenow.xml", "INC0010007", key},
		{"servicenow.xml", "worker {{name}}.log", key},
		{"servicenow.xml", "ben.cho", key},
		{"servicenow.xml", "<sc_task ", "<" + key + " "},
		{"servicenow.xml", "u_agiled_api_token", key},
		{"servicenow.xml", ">work_notes<", ">" + key + "<"},
		{"servicenow.xml", "Ann Lee", key},
		{"slack/general/2026-03-04.json", "1772611920.000100", key},
		{"slack/general/2026-03-04.json", "F0LOG", key},
		{"zendesk.xml", ">5501<", ">" + key + "<"},
		{"zendesk.xml", "Ben Cho", key},
	} {
		text := strings.ReplaceAll(strings.ReplaceAll(sample(t, c.name), c.old, c.new), "</sc_task>", strings.TrimSpace(strings.Replace(c.new, "<", "</", 1))+">")
		if !strings.HasPrefix(c.new, "<") {
			text = strings.ReplaceAll(sample(t, c.name), c.old, c.new)
		}
		all := readTwice(t, exportSamples[c.name], text)
		if find(t, all, key).text == "" {
			t.Errorf("%s, in place of %s: not searched", c.name, c.old)
		}
		for _, x := range all {
			at := strings.Join([]string{x.Path, x.Record, x.Field, x.Author, x.AuthorEmail, x.URL}, " ")
			if strings.Contains(at, key) || x.gap != nil && strings.Contains(x.gap.Error(), key) {
				t.Errorf("%s, in place of %s: a location shows the key: %s", c.name, c.old, strings.ReplaceAll(at, key, "KEY"))
				break
			}
		}
	}
}

func TestUnlinked(t *testing.T) {
	for text, want := range map[string]string{
		"a &amp; b &lt;c&gt;":                   "a & b <c>",
		"see <https://x.example|the page> now":  "see the page now",
		"see <https://x.example/?a=1&amp;b=2>!": "see https://x.example/?a=1&b=2!",
		"<@U1|ann> in <#C1|ops>":                "@ann in #ops",
		"ab<http://cd.ef|cd.ef>gh":              "abcd.efgh",
		"1 < 2, <a\nb>, &amp;lt; & <":           "1 < 2, <a\nb>, &lt; & <",
		"<<https://x.example|x>>":               "<x>",
	} {
		if got := string(unlinked(nil, []byte(text))); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestUnsafeNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a/b.json": false, "a..b/c": false, "./a": false, "../a": true, "a/../b": true, "/etc/passwd": true, "C:/a": true, "a/..": true,
	} {
		if Unsafe(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func TestFindArchive(t *testing.T) {
	for want, names := range map[string][]string{
		"slack":            {"users.json", "channels.json", "general/2026-03-04.json"},
		"slack ":           {"Acme Slack export/users.json", "Acme Slack export/general/2026-03-04.json"},
		"confluence":       {"entities.xml", "exportDescriptor.properties"},
		"confluence ":      {"export/entities.xml", "export/exportDescriptor.properties", "other/entities.xml"},
		"gitlab":           {"./uploads/a", "./tree/project/issues.ndjson"},
		"gitlab ":          {"./VERSION", "./GITLAB_VERSION"},
		"github-migration": {"schema.json", "issues_000001.json"},
		"notion":           {"Export/Runbook 0badc0de0badc0de0badc0de0badc0de.md"},
		"notion ":          {"Export-0badc0de-Part-1.zip"},
		"":                 {"users.json", "package.json", "src/main.go"},
		" ":                {"entities.xml", "a/exportDescriptor.properties"},
		"  ":               {"../users.json", "../general/2026-03-04.json"},
		"   ":              {"VERSION", "README.md", "0badc0de0badc0de0badc0de0badc0de.bin"},
		"    ":             nil,
	} {
		got := ""
		if a := FindArchive(names); a != nil {
			got = a.Name
		}
		if got != strings.TrimSpace(want) {
			t.Errorf("%q is %q, want %q", names, got, strings.TrimSpace(want))
		}
	}
}

func TestEachObject(t *testing.T) {
	text := `[{"id":"U1","n":7,"profile":{"real_name":"Ann","deep":{"x":"y"}},"list":["z"]},{"id":"U2","long":"` + strings.Repeat("x", 500) + `"},"loose",{"id"`
	var all []map[string]string
	eachObject(strings.NewReader(text), "", func(m map[string]string) {
		all = append(all, maps.Clone(m))
	})
	want := []map[string]string{{"id": "U1", "n": "7", "profile.real_name": "Ann", "profile.deep.x": "y"}, {"id": "U2"}}
	if d := cmp.Diff(want, all); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	all = nil
	eachObject(strings.NewReader(`{"id":1,"user":{"id":3,"username":"ben","more":{"x":1}}}`+"\n"+`{"members":[{"user":{"id":4}},{"users":{"id":5}}]}`), "user", func(m map[string]string) {
		all = append(all, maps.Clone(m))
	})
	if d := cmp.Diff([]map[string]string{{"id": "3", "username": "ben", "more.x": "1"}, {"id": "4"}}, all); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func FuzzConfluence(f *testing.F)   { fuzzExport(f, "confluence/entities.xml", &confluence) }
func FuzzServiceNow(f *testing.F)   { fuzzExport(f, "servicenow.xml", &serviceNow) }
func FuzzZendeskXML(f *testing.F)   { fuzzExport(f, "zendesk.xml", &zendeskXML) }
func FuzzFreshdeskXML(f *testing.F) { fuzzExport(f, "freshdesk.xml", &freshdeskXML) }
func FuzzSlack(f *testing.F)        { fuzzExport(f, "slack/general/2026-03-04.json", &slack) }
func FuzzGitLab(f *testing.F)       { fuzzExport(f, "gitlab/tree/project/issues.ndjson", &gitlab) }
func FuzzGitHubMigration(f *testing.F) {
	fuzzExport(f, "github-migration/issues_000001.json", &githubMigration)
}

// FuzzLearn reads what tells of others: it ends, whatever it is.
func FuzzLearn(f *testing.F) {
	for _, name := range []string{"confluence/entities.xml", "servicenow.xml", "slack/users.json", "gitlab/tree/project/project_members.ndjson"} {
		f.Add([]byte(sample(f, name)))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		k := &Contents{}
		learnConfluence(k, bytes.NewReader(b))
		learnServiceNow(k, bytes.NewReader(b))
		learnPeople(k, bytes.NewReader(b))
		learnMembers(k, bytes.NewReader(b))
	})
}
