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
func finder(t testing.TB) (*rules.Set, *scanner.Scanner) {
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
		{"jira.json", "summary", key, "OPS-7|summary|"},
		{"jira.json", "description", key, "OPS-7|description|"},
		{"jira.json", "description", jsonSplit, "OPS-7|description|"},
		{"jira.json", "description", key[:9] + `"}, {"type": "text", "marks": [{"type": "strong"}], "text": "` + key[9:20] + `"}, {"type": "text", "text": "` + key[20:], "OPS-7|description|joined"},
		{"jira.json", "card", key, "OPS-7|description|"},
		{"jira.json", "environment", key, "OPS-7|environment|"},
		{"jira.json", "label", key, "OPS-7|labels[1]|"},
		{"jira.json", "custom", key, "OPS-7|customfield_10042|"},
		{"jira.json", "attachment", key, "OPS-7|attachment 77 filename|"},
		{"jira.json", "link", key, "OPS-7|attachment 77 content|"},
		{"jira.json", "comment", key, "OPS-7|comment 5501|"},
		{"jira.json", "plain", key[:9] + `\u200b` + key[9:], "OPS-7|comment 5502|visible"},
		{"jira.json", "worklog", key, "OPS-7|worklog 9|"},
		{"jira.json", "old", key, "OPS-7|history change 9001 fromString|"},
		{"jira.json", "new", jsonSplit, "OPS-7|history change 9001 toString|"},
		{"zendesk.jsonl", "body", key, "201|comment 5501|"},
		{"zendesk.jsonl", "subject", jsonSplit, "201|subject|"},
		{"zendesk.jsonl", "comment", key, "201|comment 5502|"},
		{"zendesk.jsonl", "html", key[:9] + `\u003cem\u003e` + key[9:] + `<\/em>`, "201|comment 5502|html-text"},
		{"zendesk.jsonl", "html", key[:3] + "&#95;" + key[4:], "201|comment 5502|html-text"},
		{"zendesk.jsonl", "custom", key, "201|custom field 360001|"},
		{"zendesk.jsonl", "attachment", key, "201|comment 5502 attachment 77 file_name|"},
		{"zendesk.jsonl", "link", key, "201|comment 5502 attachment 77 content_url|"},
		{"zendesk.csv", "subject", `""` + key + `""`, "201|Subject|"},
		{"zendesk.csv", "custom", key, "201|AGILED_API_TOKEN [txt]|"},
		{"freshdesk.json", "body", key[:9] + "<span>" + key[9:] + "</span>", "201|description|html-text"},
		{"freshdesk.json", "text", key, "201|description|"},
		{"freshdesk.json", "html", key[:9] + "&#8203;" + key[9:], "201|conversation 5501|html-text"},
		{"freshdesk.json", "comment", jsonSplit, "201|conversation 5501|"},
		{"freshdesk.json", "custom", key, "201|custom_fields.cf_token|"},
		{"freshdesk.json", "attachment", key, "201|attachment 77 name|"},
		{"freshdesk.csv", "subject", key, "201|Subject|"},
		{"freshdesk.csv", "custom", `"` + key + `"`, "201|AGILED_API_TOKEN|"},
		{"intercom.json", "body", key[:9] + "<b>" + key[9:] + "</b>", "201|source.body|html-text"},
		{"intercom.json", "comment", key[:3] + "&amp;#95;" + key[4:], "201|part 5501|html-text"},
		{"intercom.json", "custom", key, "201|custom_attributes.agiled_api_token|"},
		{"intercom.json", "attachment", key, "201|attachment #1 name|"},
		{"intercom.csv", "body", key[:9] + "<b>" + key[9:] + "</b>", "201|body|html-text"},
		{"linear.csv", "title", "'=" + key, "OPS-7|Title|"},
		{"linear.csv", "description", key + `""`, "OPS-7|Description|"},
		{"github.json", "body", key, "7|body|"},
		{"github.json", "body", jsonSplit, "7|body|"},
		{"github.json", "old", key, "7|history edit #1|"},
		{"github-cli.json", "comment", key, "7|comment IC_5501|"},
		{"github-comments.json", "comment", key, "7|comment 5501|"},
		{"github-comments.json", "diff", key, "8|comment 5502 diff_hunk|"},
		{"teams.json", "body", key[:9] + "<em>" + key[9:] + "</em>", "1772615520000|body|html-text"},
		{"teams.json", "reply", key, "1772615520000|reply 1772618469000|"},
		{"teams.json", "card", `{\"text\":\"` + key + `\"}`, "1772615520000|attachment 77 content|"},
		{"teams.json", "attachment", key, "1772615520000|attachment 77 name|"},
		{"teams.html", "reply", key[:9] + "<em>" + key[9:] + "</em>", "message 2|body|html-text"},
		{"teams-personal.json", "content", key[:9] + "<b>" + key[9:] + "</b>", "1772615520000|content|html-text"},
		{"tickets.csv", "last", key, "OPS-203|Text|"},
		{"discord.json", "content", key[:9] + `\u200b` + key[9:], "deploys/444444444444444441|content|visible"},
		{"discord.html", "content", key[:9] + "<em>" + key[9:] + "</em>", "1478686000000000000|content|html-text"},
		{"discord.html", "last", key[:9] + "\u200b" + key[9:], "1478686200000000000|content|html-text"},
		{"discord.json", "field", key, "deploys/444444444444444441|embed #1 fields[0].value|"},
		{"discord.json", "attachment", key, "deploys/444444444444444441|attachment 77 fileName|"},
		{"trello.json", "comment", key, "64f0000000000000000000c1|action 64f0000000000000000000a1|"},
		{"trello.json", "old", key, "64f0000000000000000000c1|history action 64f0000000000000000000a2 old|"},
		{"trello.json", "desc", jsonSplit, "64f0000000000000000000c1|desc|"},
		{"trello.json", "custom", key, "64f0000000000000000000c1|custom field 64f0000000000000000000f1|"},
		{"trello.json", "item", key, "64f0000000000000000000c1|checklist 64f0000000000000000000ab item 64f0000000000000000000ac|"},
		{"trello.json", "attachment", key, "64f0000000000000000000c1|attachment 64f0000000000000000000e1 name|"},
		{"asana.json", "html", key[:9] + "<strong>" + key[9:] + "</strong>", "1200000000000007|notes|html-text"},
		{"asana.json", "comment", key, "1200000000000007|story 1200000000005501|"},
		{"asana.json", "old", key, "1200000000000007|history story 1200000000005502 old_name|"},
		{"asana.json", "attachment", key, "1200000000000007|attachment 1200000000000077 name|"},
		{"asana.csv", "notes", `""` + key + `""`, "1200000000000007|Notes|"},
		{"agiled.json", "description", key[:9] + "<b>" + key[9:] + "</b>", "tkt_7|description|html-text"},
		{"agiled.json", "reply", jsonSplit, "tkt_7|reply rep_5501 message|"},
		{"tickets.xml", "description", key[:3] + "&amp;#95;" + key[4:], "201|description|html-text"},
		{"tickets.xml", "note", key, "201|notes.note[id=5501]|"},
		{"tickets.xml", "custom", key, "201|AGILED_API_TOKEN|"},
		{"github.json", "body", key[:3] + `\\` + key[3:], "7|body|escapes"},
		{"jira.csv", "comment", key[:3] + `\` + key[3:], "OPS-7|Comment|escapes"},
	} {
		t.Run(c.name+" "+c.slot, func(t *testing.T) {
			got := places(t, s, exportSamples[c.name], sample(t, c.name, "{{"+c.slot+"}}", c.value), rule)
			if d := cmp.Diff(map[scanner.ID][]string{id: {c.want}}, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestSignedAddressesInExports finds the addresses of attachments that open them for whoever has them, as keys of their own kind.
func TestSignedAddressesInExports(t *testing.T) {
	set, s := finder(t)
	for _, c := range []struct{ name, slot, before, rule, want string }{
		{"freshdesk.json", "link", "X-Amz-Expires=300&X-Amz-Signature=", "signed-url-aws", "201|attachment 77 attachment_url|"},
		{"asana.json", "link", "X-Amz-Expires=120\\u0026X-Amz-Signature=", "signed-url-aws", "1200000000000007|attachment 1200000000000077 download_url|"},
		{"zendesk.jsonl", "link", "", "signed-url-zendesk", "201|comment 5502 attachment 77 content_url|"},
		{"intercom.json", "link", "expires=1772615520&signature=", "signed-url-expires", "201|attachment #1 url|"},
		{"discord.json", "link", "ex=65a1b2c3&is=65903dc3&hm=", "signed-url-discord", "deploys/444444444444444441|attachment 77 url|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, ok := set.Rule(c.rule)
			if !ok {
				t.Fatalf("no rule %s", c.rule)
			}
			key := r.Sample(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))).Token
			got := places(t, s, exportSamples[c.name], sample(t, c.name, "{{"+c.slot+"}}", c.before+key), c.rule)
			if d := cmp.Diff(map[scanner.ID][]string{s.ID(r, scanner.NewSecret(key)): {c.want}}, got); d != "" {
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
