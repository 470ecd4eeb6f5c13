package source

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// finder is a scanner with the rules that quash ships.
func finder(t *testing.T) (*rules.Set, *scanner.Scanner) {
	t.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set, s
}

// places are where a scan finds the keys of a rule, by finding ID: record, field and view. A view of several fields is left
// out where one of them showed the key.
func places(t *testing.T, s *scanner.Scanner, kind, text, rule string) map[scanner.ID][]string {
	t.Helper()
	x, err := openText(t, "sample", text, Options{Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	found := map[scanner.ID][]string{}
	_, err = s.Scan(t.Context(), x, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		several := f.At.View == "record" || f.At.View == "joined"
		if f.Rule == rule && (!several || len(found[f.ID]) == 0) {
			found[f.ID] = append(found[f.ID], strings.Join([]string{f.At.Record, f.At.Field, f.At.View}, "|"))
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestFindInExports puts one key into every slot of the samples, as it is and split in the format's own ways: it is found
// there under the same ID.
func TestFindInExports(t *testing.T) {
	const rule = "github-pat"
	set, s := finder(t)
	r, ok := set.Rule(rule)
	if !ok {
		t.Fatalf("no rule %s", rule)
	}
	rnd := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	key := r.Sample(rnd).Token
	id := s.ID(r, scanner.NewSecret(key))
	jsonSplit := key[:4] + `\u` + "00" + hexByte(key[4]) + key[5:]
	for _, c := range []struct{ name, slot, value, want string }{
		{"jira.xml", "description", key, "OPS-7|description|"},
		{"jira.xml", "summary", key, "OPS-7|summary|"},
		{"jira.xml", "environment", key, "OPS-7|environment|"},
		{"jira.xml", "label", " " + key, "OPS-7|label|"},
		{"jira.xml", "custom", key, "OPS-7|AGILED_API_TOKEN|"},
		{"jira.xml", "comment", key, "OPS-7|comment 5501|"},
		{"jira.xml", "comment", key[:9] + "&lt;span&gt;" + key[9:] + "&lt;/span&gt;", "OPS-7|comment 5501|html-text"},
		{"jira.xml", "comment", key[:9] + "\u200b" + key[9:], "OPS-7|comment 5501|html-text"},
		{"jira.xml", "comment", key[:3] + "&#95;" + key[4:], "OPS-7|comment 5501|"},
		{"jira.xml", "comment", key[:3] + "&amp;#95;" + key[4:], "OPS-7|comment 5501|html-text"},
		{"jira.xml", "comment", key[:3] + "&amp;amp;#95;" + key[4:], "OPS-7|comment 5501|html-text"},
		{"jira.xml", "attachment", " " + key + " ", "OPS-7|attachment 77 name|"},
		{"jira.xml", "old", key, "OPS-8|history changehistory/change/oldvalue|"},
		{"jira.xml", "last", key, "OPS-9|description|"},
		{"issues.json", "body", key, "7|body|"},
		{"issues.json", "body", jsonSplit, "7|body|"},
		{"issues.json", "comment", key, "7|comments[id=5501].body|"},
		{"issues.json", "context", key, "7|config.AGILED_API_TOKEN|"},
		{"issues.json", "pair", key, "7|variables[id=AGILED_API_KEY].value|"},
		{"issues.json", "old", key, "8|history changelog.histories[id=9001].items[0].fromString|"},
		{"issues.json", "adf", key, "9|body.content[0].content[0].text|"},
		{"tickets.jsonl", "body", key, "201|description|"},
		{"tickets.jsonl", "comment", key[:9] + "<b>" + key[9:] + "</b>", "201|comments[id=5501].html_body|html-text"},
		{"tickets.jsonl", "custom", key, "201|custom_fields[id=360001].value|"},
		{"jira.csv", "description", key, "OPS-7|Description|"},
		{"jira.csv", "custom", `"` + key + `"`, "OPS-7|AGILED_API_TOKEN|"},
		{"jira.csv", "comment", key, "OPS-7|Comment|"},
		{"jira.csv", "second", key, "OPS-7|Comment #2|"},
	} {
		t.Run(c.name+" "+c.slot, func(t *testing.T) {
			got := places(t, s, exportSamples[c.name], sample(t, c.name, "{{"+c.slot+"}}", c.value), rule)
			if d := cmp.Diff(map[scanner.ID][]string{id: {c.want}}, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// hexByte writes a byte as two hexadecimal digits.
func hexByte(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
