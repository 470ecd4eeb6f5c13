package records

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

// inJira is the sample with slots filled. What stands in a slot is HTML that Jira rendered; it is escaped for XML here.
func inJira(t testing.TB, slot, rendered string) []told {
	t.Helper()
	return readAs(t, &jira, strings.NewReader(sample(t, "jira.xml", "{{"+slot+"}}", html.EscapeString(rendered))))
}

func TestJiraPlaces(t *testing.T) {
	const browse = "https://jira.acme.example/browse/"
	written := time.Date(2026, 3, 4, 8, 12, 0, 0, time.UTC)
	ticket := scanner.Location{Path: "exports/sample", Line: 1, Record: "OPS-7", Author: "Ben Cho", Time: written, URL: browse + "OPS-7"}
	in := func(field string, change func(*scanner.Location)) scanner.Location {
		at := ticket
		at.Field = field
		if change != nil {
			change(&at)
		}
		return at
	}
	for slot, want := range map[string]scanner.Location{
		"summary":     in("summary", nil),
		"description": in("description", nil),
		"environment": in("environment", nil),
		"label":       in("label", nil),
		"custom":      in("AGILED_API_TOKEN", nil),
		"comment": in("comment 5501", func(at *scanner.Location) {
			at.Author, at.Time, at.URL = "ben", written.Add(44*time.Second), browse+"OPS-7?focusedCommentId=5501"
		}),
		"link": in("comment 5502", func(at *scanner.Location) {
			at.Author, at.Time, at.URL = "ann", written.Add(49*time.Minute+9*time.Second), browse+"OPS-7?focusedCommentId=5502"
		}),
		"attachment": in("attachment 77 name", func(at *scanner.Location) {
			at.Author, at.Time = "ben", written.Add(80*time.Second)
		}),
		"old": in("history changehistory/change/oldvalue", func(at *scanner.Location) {
			at.Record, at.URL, at.Author, at.Time = "OPS-8", browse+"OPS-8", "ann", written.Add(2*time.Hour+53*time.Minute)
		}),
		"last": in("description", func(at *scanner.Location) {
			at.Record, at.URL, at.Author, at.Time = "OPS-9", browse+"OPS-9", "Ann Lee", written.Add(22*time.Hour+48*time.Minute)
		}),
	} {
		key := sampleKey()
		if d := cmp.Diff(want, find(t, inJira(t, slot, key), key).Location); d != "" {
			t.Errorf("%s (-want +got):\n%s", slot, d)
		}
	}
}

// TestJiraSplitKeys splits a key in the ways in which Jira's rendering does.
func TestJiraSplitKeys(t *testing.T) {
	key := sampleKey()
	a, b, c := key[:12], key[12:25], key[25:]
	under, dash, star := a+"_"+b+"_"+c, a+"-"+b+"-"+c, a+"*"+b+"*"+c
	for _, s := range []struct{ name, rendered, whole, view string }{
		{"as it is", key, key, ""},
		{"spans of the syntax plug-in", a + `<span class="code-quote">` + b + "</span>" + c, key, "html-text"},
		{"bold", a + "<b>" + b + "</b>" + c, key, "html-text"},
		{"underscores became em", a + "<em>" + b + "</em>" + c, under, "wiki"},
		{"dashes became del", a + "<del>" + b + "</del>" + c, dash, "wiki"},
		{"stars became b", a + "<b>" + b + "</b>" + c, star, "wiki"},
		{"plus signs became ins", a + "<ins>" + b + "</ins>" + c, a + "+" + b + "+" + c, "wiki"},
		{"a decimal entity", a + "&#45;" + b, a + "-" + b, "html-text"},
		{"a hexadecimal entity", a + "&#x2d;" + b, a + "-" + b, "html-text"},
		{"a named entity", a + "&equals;" + b, a + "=" + b, "html-text"},
		{"an entity twice escaped", a + "&amp;#61;" + b, a + "=" + b, "html-text"},
		{"a zero-width space", a + "\u200b" + b + "\u2060" + c, key, "html-text"},
		{"a soft hyphen as an entity", a + "&shy;" + b + c, key, "html-text"},
		{"bidirectional controls", a + "\u202e" + b + "\u202c" + c, key, "html-text"},
		{"full-width letters", a + "\uff11\uff21" + c, a + "1A" + c, "html-text"},
		{"a typographic dash", a + "\u2011" + b, a + "-" + b, "html-text"},
		{"a link", `<a href="https://x.example/?t=` + a + "&#45;" + b + `">here</a>`, "https://x.example/?t=" + a + "-" + b, "html-text"},
		{"an image between", a + `<img src="x.png"/>` + b + c, key, "html-text"},
	} {
		got := find(t, inJira(t, "comment", s.rendered), s.whole)
		if got.Record != "OPS-7" || got.Field != "comment 5501" || got.View != s.view {
			t.Errorf("%s: found in %q %q under the view %q, want %q", s.name, got.Record, got.Field, got.View, s.view)
		}
	}
}

// TestJiraKeepsLinesApart checks that only what stands in one line is joined.
func TestJiraKeepsLinesApart(t *testing.T) {
	key := sampleKey()
	for _, rendered := range []string{"<p>" + key + "</p><p>next</p>", key + "<br/>next", "<li>" + key + "</li><li>next</li>", "<td>" + key + "</td><td>next</td>"} {
		for _, c := range inJira(t, "comment", rendered) {
			if strings.Contains(c.text, key+"next") {
				t.Errorf("%.10s…: the view %q joins two lines", rendered, c.View)
			}
		}
	}
}

// TestJiraXMLForms writes the same text in the ways that XML has.
func TestJiraXMLForms(t *testing.T) {
	key := sampleKey()
	for name, form := range map[string]string{
		"cdata":              "<![CDATA[" + key + "]]>",
		"two cdata sections": "<![CDATA[" + key[:9] + "]]><![CDATA[" + key[9:] + "]]>",
		"references":         "&#103;&#x68;" + key[2:],
		"markup not escaped": "text " + key[:9] + "<em>" + key[9:] + "</em>",
		"control characters": "\x1c\x01 " + key + " \x0b",
		"not UTF-8":          "\xff\xfe " + key,
		"comment inside":     "text " + key[:9] + "<!-- c -->" + key[9:],
	} {
		text := strings.Replace(sample(t, "jira.xml"), "{{description}}", form, 1)
		all := readAs(t, &jira, strings.NewReader(text))
		if gaps := gapsOf(all); len(gaps) > 0 {
			t.Errorf("%s: %v", name, gaps[0])
		}
		if got := find(t, all, key); got.Record != "OPS-7" || got.Field != "description" {
			t.Errorf("%s: found in %q %q", name, got.Record, got.Field)
		}
	}
}

func TestJiraRefusesBombs(t *testing.T) {
	bomb := `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>` +
		`<rss><channel><item><key id="1">OPS-1</key><description>` + strings.Repeat("&b;", 1000) + `</description></item></channel></rss>`
	total := 0
	for _, c := range readAs(t, &jira, strings.NewReader(bomb)) {
		total += len(c.text)
	}
	if total > 3*len(bomb) {
		t.Errorf("%d bytes became %d", len(bomb), total)
	}
}

func TestJiraMissingItems(t *testing.T) {
	text := strings.Replace(sample(t, "jira.xml"), `end="3"`, `end="5"`, 1)
	gaps := gapsOf(readAs(t, &jira, strings.NewReader(text)))
	if len(gaps) != 1 || gaps[0].Why != "it says that it holds 5 records, and holds 3" {
		t.Errorf("%v", gaps)
	}
}

func TestJiraNamedCustomField(t *testing.T) {
	key := sampleKey()
	want := `"AGILED_API_TOKEN": "` + key + `"`
	if got := find(t, inJira(t, "custom", key), want); got.View != "named" || got.Field != "AGILED_API_TOKEN" {
		t.Errorf("%+v", got.Location)
	}
}

// TestLocationsHoldNoKeys puts a key wherever a location is made from: it is searched there, and shown nowhere.
func TestLocationsHoldNoKeys(t *testing.T) {
	key := sampleKey()
	for _, c := range []struct{ name, old, new string }{
		{"jira.xml", "OPS-7</key>", key + "</key>"},
		{"jira.xml", `author="ben"`, `author="` + key + `"`},
		{"jira.xml", "AGILED_API_TOKEN", key},
		{"jira.xml", "/browse/OPS-7", "/browse/" + key},
		{"jira.xml", `id="5501"`, `id="` + key + `"`},
		{"issues.json", `"number": 7`, `"number": "` + key + `"`},
		{"issues.json", `"login": "ben"`, `"login": "` + key + `"`},
		{"issues.json", `"config"`, `"` + key + `"`},
		{"issues.json", "/issues/7?notify=1", "/issues/7?notify=" + key},
		{"issues.json", "/issues/7?notify=1", "/issues/" + key},
		{"jira.csv", "AGILED_API_TOKEN", key},
		{"jira.csv", "OPS-7", key},
		{"jira.csv", "10107,ben", "10107," + key},
	} {
		text := strings.ReplaceAll(sample(t, c.name), c.old, c.new)
		all := readAs(t, exportSamples[c.name], strings.NewReader(text))
		find(t, all, key)
		for _, x := range all {
			at := strings.Join([]string{x.Record, x.Field, x.Author, x.AuthorEmail, x.URL}, " ")
			if strings.Contains(at, key) || x.gap != nil && strings.Contains(x.gap.Error(), key) {
				t.Errorf("%s, in place of %s: a location shows the key", c.name, c.old)
				break
			}
		}
	}
}

// A program or a note that speaks of Jira exports is a file like any other.
func TestTextAboutJiraIsNoExport(t *testing.T) {
	export := "<!--\nRSS generated by JIRA (9.12)\n-->\n<rss version=\"0.92\">\n<channel>\n"
	for head, want := range map[string]int{
		export: Sure, "\ufeff <?xml version=\"1.0\"?>\n" + export: Sure,
		"package source // " + export: None, "# Notes\n" + export: None,
	} {
		if got := jira.score("a.xml", []byte(head)); got != want {
			t.Errorf("%.20q…: score %d, want %d", head, got, want)
		}
	}
}
