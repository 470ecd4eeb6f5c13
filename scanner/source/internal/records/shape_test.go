package records

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

// TestShapePlaces puts a key into each slot of the samples: it is found in that record and field, by that author at that time.
func TestShapePlaces(t *testing.T) {
	for _, c := range []struct{ name, slot, record, field, author, time, url string }{
		{"jira.json", "summary", "OPS-7", "summary", "Ben Cho", "2026-03-04T08:12:00Z", ""},
		{"jira.json", "description", "OPS-7", "description", "Ben Cho", "2026-03-04T08:12:00Z", ""},
		{"jira.json", "marked", "OPS-7", "description", "Ben Cho", "2026-03-04T08:12:00Z", ""},
		{"jira.json", "after", "OPS-7", "description", "Ben Cho", "2026-03-04T08:12:00Z", ""},
		{"jira.json", "card", "OPS-7", "description", "Ben Cho", "2026-03-04T08:12:00Z", ""},
		{"jira.json", "environment", "OPS-7", "environment", "Ben Cho", "2026-03-04T08:12:00Z", ""},
		{"jira.json", "label", "OPS-7", "labels[1]", "Ben Cho", "2026-03-04T08:12:00Z", ""},
		{"jira.json", "custom", "OPS-7", "customfield_10042", "Ben Cho", "2026-03-04T08:12:00Z", ""},
		{"jira.json", "attachment", "OPS-7", "attachment 77 filename", "Ann Lee", "2026-03-04T08:13:20Z", ""},
		{"jira.json", "link", "OPS-7", "attachment 77 content", "Ann Lee", "2026-03-04T08:13:20Z", ""},
		{"jira.json", "comment", "OPS-7", "comment 5501", "Ann Lee", "2026-03-04T09:01:09Z", ""},
		{"jira.json", "plain", "OPS-7", "comment 5502", "Ben Cho", "2026-03-04T09:05:00Z", ""},
		{"jira.json", "worklog", "OPS-7", "worklog 9", "Ann Lee", "2026-03-04T09:30:00Z", ""},
		{"jira.json", "old", "OPS-7", "history change 9001 fromString", "Ann Lee", "2026-03-04T12:05:00Z", ""},
		{"jira.json", "new", "OPS-7", "history change 9001 toString", "Ann Lee", "2026-03-04T12:05:00Z", ""},
		{"jira.json", "last", "OPS-8", "comment 5503", "Ann Lee", "2026-03-05T09:00:00Z", ""},
		{"zendesk.jsonl", "subject", "201", "subject", "Ben Cho", "2026-03-04T09:12:00Z", "https://acme.zendesk.com/api/v2/tickets/201.json"},
		{"zendesk.jsonl", "body", "201", "comment 5501", "301", "2026-03-04T09:12:00Z", "https://acme.zendesk.com/api/v2/tickets/201.json"},
		{"zendesk.jsonl", "custom", "201", "custom field 360001", "Ben Cho", "2026-03-04T09:12:00Z", "https://acme.zendesk.com/api/v2/tickets/201.json"},
		{"zendesk.jsonl", "comment", "201", "comment 5502", "302", "2026-03-04T10:01:09Z", "https://acme.zendesk.com/api/v2/tickets/201.json"},
		{"zendesk.jsonl", "html", "201", "comment 5502", "302", "2026-03-04T10:01:09Z", "https://acme.zendesk.com/api/v2/tickets/201.json"},
		{"zendesk.jsonl", "attachment", "201", "comment 5502 attachment 77 file_name", "302", "2026-03-04T10:01:09Z", "https://acme.zendesk.com/api/v2/tickets/201.json"},
		{"zendesk.jsonl", "link", "201", "comment 5502 attachment 77 content_url", "302", "2026-03-04T10:01:09Z", "https://acme.zendesk.com/api/v2/tickets/201.json"},
		{"zendesk.jsonl", "last", "202", "description", "Ann Lee", "2026-03-05T08:00:00Z", "https://acme.zendesk.com/api/v2/tickets/202.json"},
		{"zendesk.csv", "subject", "201", "Subject", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"zendesk.csv", "custom", "201", "AGILED_API_TOKEN [txt]", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"zendesk.csv", "last", "202", "Subject", "Ann Lee", "2026-03-05T08:00:00Z", ""},
		{"freshdesk.json", "subject", "201", "subject", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"freshdesk.json", "body", "201", "description", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"freshdesk.json", "text", "201", "description", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"freshdesk.json", "custom", "201", "custom_fields.cf_token", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"freshdesk.json", "attachment", "201", "attachment 77 name", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"freshdesk.json", "link", "201", "attachment 77 attachment_url", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"freshdesk.json", "html", "201", "conversation 5501", "302", "2026-03-04T10:01:09Z", ""},
		{"freshdesk.json", "comment", "201", "conversation 5501", "302", "2026-03-04T10:01:09Z", ""},
		{"freshdesk.json", "last", "202", "description", "Ann Lee", "2026-03-05T08:00:00Z", ""},
		{"freshdesk.csv", "subject", "201", "Subject", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"freshdesk.csv", "custom", "201", "AGILED_API_TOKEN", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"freshdesk.csv", "last", "202", "Subject", "Ann Lee", "2026-03-05T08:00:00Z", ""},
		{"intercom.json", "title", "201", "title", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"intercom.json", "body", "201", "source.body", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"intercom.json", "attachment", "201", "attachment #1 name", "Ben Cho", "2026-03-04T09:12:00Z", "https://downloads.acme.example/o/77/worker.log"},
		{"intercom.json", "link", "201", "attachment #1 url", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"intercom.json", "custom", "201", "custom_attributes.agiled_api_token", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"intercom.json", "comment", "201", "part 5501", "Ann Lee", "2026-03-04T10:01:09Z", ""},
		{"intercom.json", "last", "202", "source.body", "Ann Lee", "2026-03-05T08:00:00Z", ""},
		{"intercom.csv", "body", "201", "body", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"intercom.csv", "comment", "201", "body", "Ann Lee", "2026-03-04T10:01:09Z", ""},
		{"linear.csv", "title", "OPS-7", "Title", "ben@acme.example", "2026-03-04T09:12:00Z", ""},
		{"linear.csv", "description", "OPS-7", "Description", "ben@acme.example", "2026-03-04T09:12:00Z", ""},
		{"linear.csv", "last", "OPS-8", "Description", "ann@acme.example", "2026-03-05T08:00:00Z", ""},
		{"github.json", "title", "7", "title", "ben", "2026-03-04T09:12:00Z", "https://github.com/acme/sync/issues/7"},
		{"github.json", "label", "7", "labels[id=1].name", "ben", "2026-03-04T09:12:00Z", "https://github.com/acme/sync/issues/7"},
		{"github.json", "body", "7", "body", "ben", "2026-03-04T09:12:00Z", "https://github.com/acme/sync/issues/7"},
		{"github.json", "old", "7", "history edit #1", "ben", "2026-03-04T09:20:00Z", "https://github.com/acme/sync/issues/7"},
		{"github.json", "last", "8", "body", "ann", "2026-03-05T08:00:00Z", "https://github.com/acme/sync/pull/8"},
		{"github-cli.json", "body", "7", "body", "Ben Cho", "2026-03-04T09:12:00Z", "https://github.com/acme/sync/issues/7"},
		{"github-cli.json", "comment", "7", "comment IC_5501", "ann", "2026-03-04T10:01:09Z", "https://github.com/acme/sync/issues/7"},
		{"github-cli.json", "title", "7", "title", "Ben Cho", "2026-03-04T09:12:00Z", "https://github.com/acme/sync/issues/7"},
		{"github-cli.json", "last", "8", "body", "ann", "2026-03-05T08:00:00Z", "https://github.com/acme/sync/issues/8"},
		{"github-comments.json", "comment", "7", "comment 5501", "ann", "2026-03-04T10:01:09Z", "https://github.com/acme/sync/issues/7"},
		{"github-comments.json", "diff", "8", "comment 5502 diff_hunk", "ben", "2026-03-05T08:00:00Z", "https://github.com/acme/sync/pull/8"},
		{"github-comments.json", "review", "8", "comment 5502", "ben", "2026-03-05T08:00:00Z", "https://github.com/acme/sync/pull/8"},
		{"teams.json", "subject", "1772615520000", "subject", "Ben Cho", "2026-03-04T09:12:00Z", "https://teams.microsoft.com/l/message/c/1772615520000"},
		{"teams.json", "body", "1772615520000", "body", "Ben Cho", "2026-03-04T09:12:00Z", "https://teams.microsoft.com/l/message/c/1772615520000"},
		{"teams.json", "link", "1772615520000", "attachment 77 contentUrl", "Ben Cho", "2026-03-04T09:12:00Z", "https://teams.microsoft.com/l/message/c/1772615520000"},
		{"teams.json", "card", "1772615520000", "attachment 77 content", "Ben Cho", "2026-03-04T09:12:00Z", "https://teams.microsoft.com/l/message/c/1772615520000"},
		{"teams.json", "attachment", "1772615520000", "attachment 77 name", "Ben Cho", "2026-03-04T09:12:00Z", "https://teams.microsoft.com/l/message/c/1772615520000"},
		{"teams.json", "reply", "1772615520000", "reply 1772618469000", "Ann Lee", "2026-03-04T10:01:09Z", "https://teams.microsoft.com/l/message/c/1772615520000"},
		{"teams.json", "last", "1772697600000", "body", "Build", "2026-03-05T08:00:00Z", ""},
		{"teams-personal.json", "content", "1772615520000", "content", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"teams-personal.json", "last", "1772697600000", "content", "8:live:ann", "2026-03-05T08:00:00Z", ""},
		{"teams.html", "body", "message 1", "body", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"teams.html", "link", "message 1", "body", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"teams.html", "reply", "message 2", "body", "Ann & Lee", "2026-03-04T10:01:00Z", ""},
		{"teams.html", "last", "message 3", "body", "Ben Cho", "2026-03-05T08:00:00Z", ""},
		{"discord.html", "content", "1478686000000000000", "content", "Ben Cho", "2026-03-04T09:30:15Z", ""},
		{"discord.html", "second", "1478686100000000000", "content", "Ben Cho", "2026-03-04T09:30:38Z", ""},
		{"discord.html", "last", "1478686200000000000", "content", "Ann & Lee", "2026-03-04T09:31:02Z", ""},
		{"discord.json", "topic", "deploys", "channel.topic", "", "", ""},
		{"discord.json", "content", "deploys/444444444444444441", "content", "ben", "2026-03-04T09:12:00Z", ""},
		{"discord.json", "link", "deploys/444444444444444441", "attachment 77 url", "ben", "2026-03-04T09:12:00Z", ""},
		{"discord.json", "attachment", "deploys/444444444444444441", "attachment 77 fileName", "ben", "2026-03-04T09:12:00Z", "https://cdn.acme.example/attachments/2/77/worker.log"},
		{"discord.json", "embed", "deploys/444444444444444441", "embed #1 title", "ben", "2026-03-04T09:12:00Z", ""},
		{"discord.json", "field", "deploys/444444444444444441", "embed #1 fields[0].value", "ben", "2026-03-04T09:12:00Z", ""},
		{"discord.json", "last", "deploys/444444444444444442", "content", "ann", "2026-03-05T08:00:00Z", ""},
		{"trello.json", "board", "64f000000000000000000001", "name", "", "", "https://trello.com/b/BdArZfKf"},
		{"trello.json", "comment", "64f0000000000000000000c1", "action 64f0000000000000000000a1", "Ann Lee", "2026-03-04T10:01:09Z", ""},
		{"trello.json", "old", "64f0000000000000000000c1", "history action 64f0000000000000000000a2 old", "Ben Cho", "2026-03-04T09:30:00Z", ""},
		{"trello.json", "new", "64f0000000000000000000c1", "action 64f0000000000000000000a2 card.desc", "Ben Cho", "2026-03-04T09:30:00Z", ""},
		{"trello.json", "name", "64f0000000000000000000c1", "name", "", "", "https://trello.com/c/gPlJvSdx"},
		{"trello.json", "desc", "64f0000000000000000000c1", "desc", "", "", "https://trello.com/c/gPlJvSdx"},
		{"trello.json", "attachment", "64f0000000000000000000c1", "attachment 64f0000000000000000000e1 name", "64f0000000000000000000b1", "2026-03-04T09:20:00Z", "https://trello.com/1/cards/c1/attachments/e1/download/worker.log"},
		{"trello.json", "link", "64f0000000000000000000c1", "attachment 64f0000000000000000000e1 url", "64f0000000000000000000b1", "2026-03-04T09:20:00Z", "https://trello.com/c/gPlJvSdx"},
		{"trello.json", "custom", "64f0000000000000000000c1", "custom field 64f0000000000000000000f1", "", "", "https://trello.com/c/gPlJvSdx"},
		{"trello.json", "last", "64f0000000000000000000c2", "desc", "", "", "https://trello.com/c/hQmKwTey"},
		{"trello.json", "item", "64f0000000000000000000c1", "checklist 64f0000000000000000000ab item 64f0000000000000000000ac", "", "", ""},
		{"asana.json", "name", "1200000000000007", "name", "Ben Cho", "2026-03-04T09:12:00Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "notes", "1200000000000007", "notes", "Ben Cho", "2026-03-04T09:12:00Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "html", "1200000000000007", "notes", "Ben Cho", "2026-03-04T09:12:00Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "custom", "1200000000000007", "custom field 1200000000000401", "Ben Cho", "2026-03-04T09:12:00Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "attachment", "1200000000000007", "attachment 1200000000000077 name", "Ben Cho", "2026-03-04T09:12:00Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "link", "1200000000000007", "attachment 1200000000000077 download_url", "Ben Cho", "2026-03-04T09:12:00Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "comment", "1200000000000007", "story 1200000000005501", "Ann Lee", "2026-03-04T10:01:09Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "old", "1200000000000007", "history story 1200000000005502 old_name", "Ben Cho", "2026-03-04T10:05:00Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "subtask", "1200000000000007", "subtask 1200000000000010 name", "Ben Cho", "2026-03-04T09:12:00Z", "https://app.asana.com/0/1/1200000000000007"},
		{"asana.json", "last", "1200000000000008", "notes", "Ann Lee", "2026-03-05T08:00:00Z", "https://app.asana.com/0/1/1200000000000008"},
		{"asana.csv", "name", "1200000000000007", "Name", "", "2026-03-04T00:00:00Z", ""},
		{"asana.csv", "notes", "1200000000000007", "Notes", "", "2026-03-04T00:00:00Z", ""},
		{"asana.csv", "last", "1200000000000008", "Notes", "", "2026-03-05T00:00:00Z", ""},
		{"agiled.json", "subject", "tkt_7", "subject", "con_301", "2026-03-04T09:12:00Z", ""},
		{"agiled.json", "description", "tkt_7", "description", "con_301", "2026-03-04T09:12:00Z", ""},
		{"agiled.json", "reply", "tkt_7", "reply rep_5501 message", "Ann Lee", "2026-03-04T10:01:09Z", ""},
		{"agiled.json", "last", "tkt_8", "description", "con_302", "2026-03-05T00:00:00Z", ""},
		{"tickets.csv", "text", "OPS-201", "Text", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"tickets.csv", "answer", "OPS-201", "Text", "Ann Lee", "2026-03-04T10:01:09Z", ""},
		{"tickets.csv", "last", "OPS-203", "Text", "Ann Lee", "2026-03-05T08:00:00Z", ""},
		{"tickets.xml", "subject", "201", "subject", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"tickets.xml", "description", "201", "description", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"tickets.xml", "note", "201", "notes.note[id=5501]", "Ann Lee", "2026-03-04T10:01:09Z", ""},
		{"tickets.xml", "custom", "201", "AGILED_API_TOKEN", "Ben Cho", "2026-03-04T09:12:00Z", ""},
		{"tickets.xml", "last", "202", "description", "Ann Lee", "2026-03-05T08:00:00Z", ""},
	} {
		key := sampleKey()
		at := find(t, readAs(t, exportSamples[c.name], strings.NewReader(sample(t, c.name, "{{"+c.slot+"}}", key))), key)
		when := ""
		if !at.Time.IsZero() {
			when = at.Time.Format(time.RFC3339)
		}
		got := []string{at.Record, at.Field, at.Author, when, at.URL}
		if d := cmp.Diff([]string{c.record, c.field, c.author, c.time, c.url}, got); d != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.name, c.slot, d)
		}
	}
}

// TestShapesAreKnown checks that each sample is known as what it is, and surer than as anything else.
func TestShapesAreKnown(t *testing.T) {
	for name, want := range exportSamples {
		head := []byte(sample(t, name))
		head = head[:min(len(head), HeadSize)]
		if why := want.Refuse(head); why != "" {
			t.Errorf("%s: %s", name, why)
		}
		score := want.Score(name, head)
		for _, f := range Formats() {
			if f != want && f.Score(name, head) >= score {
				t.Errorf("%s is as well %s (%d) as %s (%d)", name, f.Title, f.Score(name, head), want.Title, score)
			}
		}
		surely := Surely(name, head)
		if sure := score >= Sure; sure != (surely == want) {
			t.Errorf("%s: score %d, surely %v", name, score, surely)
		}
	}
}

// TestTableHeads: a table whose first row names tickets, people and what they wrote is one of tickets, and no other is.
func TestTableHeads(t *testing.T) {
	for head, want := range map[string]int{
		"Ticket,Author,Text\n": Likely, "ticket;from;message\n": Likely, "Issue,Reported by,Description\n": Likely, "id,user,comment,date\n": Likely,
		"Case ID\tCreated\tBody\n": Likely, "\"Ticket\",\"Author\",\"Text\"\n": Likely,
		"id,price\n": None, "name,value\n": None, "ticket,price,seat\n": None, "author,title\n": None, "user,text\n": None, "key,en,de\n": None,
	} {
		if got := csvRecords.Score("a.csv", []byte(head+"1,2,3\n")); got != want {
			t.Errorf("%q: %d, want %d", head, got, want)
		}
		if got := csvRecords.Score("a.go", []byte(head)); got != None {
			t.Errorf("%q in a program: %d", head, got)
		}
	}
}

// TestShapesInOtherForms writes what a sample holds in the other ways that its program has.
func TestShapesInOtherForms(t *testing.T) {
	key := sampleKey()
	for _, c := range []struct {
		f                   *Format
		text, record, field string
	}{
		{&jiraJSON, `{"expand":"x","id":"1","self":"https://j.example/rest/api/2/issue/1","key":"OPS-1","fields":{"description":"KEY"}}`, "OPS-1", "description"},
		{&jiraJSON, `[{"id":"1","self":"https://j.example/rest/api/2/issue/1","key":"OPS-1","renderedFields":{"comment":{"comments":[{"id":"5","body":"<p>KEY</p>"}]}}}]`, "OPS-1", "comment 5"},
		{&zendesk, `{"tickets":[{"url":"https://a.zendesk.com/api/v2/tickets/1.json","id":1,"raw_subject":"x","requester_id":3,"description":"KEY"}],"count":1}`, "1", "description"},
		{&freshdesk, `[{"helpdesk_ticket":{"id":900,"display_id":1,"requester_id":3,"description_html":"x","notes":[{"id":5,"body":"KEY","user_id":4}]}}]`, "1", "note 5"},
		{&freshdesk, `{"tickets":[{"id":1,"requester_id":3,"fr_escalated":false,"spam":false,"description":"KEY"}]}`, "1", "description"},
		{&intercom, `{"type":"conversation","id":"1","created_at":1772615520,"waiting_since":null,"snoozed_until":null,"source":{"delivered_as":"x","body":"<p>KEY</p>"}}` + "\n", "1", "source.body"},
		{&github, `{"total_count":1,"items":[{"repository_url":"r","labels_url":"l","number":7,"user":{"login":"ann"},"body":"KEY"}]}`, "7", "body"},
		{&github, `{"author":{"is_bot":false,"login":"ann"},"number":7,"reviews":[{"id":"PRR_5","author":{"login":"ben"},"body":"KEY","submittedAt":"2026-03-04T09:12:00Z"}]}`, "7", "review PRR_5"},
		{&teams, `[{"id":"1772615520000","messageType":"message","createdDateTime":"2026-03-04T09:12:00Z","chatId":"c","from":{"user":{"displayName":"Ben"}},"body":{"contentType":"html","content":"<p>KEY</p>"}}]`, "1772615520000", "body"},
		{&asana, `{"data":{"gid":"7","resource_type":"task","notes":"KEY"}}`, "7", "notes"},
		{&agiled, `{"data":{"id":"tkt_1","subject":"x","priority":"high","account_id":"a","body":"KEY"}}`, "tkt_1", "body"},
	} {
		if got := c.f.Score("export", []byte(c.text)); got <= Likely {
			t.Errorf("%s: score %d of %.40s", c.f.Name, got, c.text)
		}
		got := find(t, readAs(t, c.f, strings.NewReader(strings.Replace(c.text, "KEY", key, 1))), key)
		if got.Record != c.record || got.Field != c.field {
			t.Errorf("%s: %q %q, want %q %q", c.f.Name, got.Record, got.Field, c.record, c.field)
		}
	}
}

// TestRepeatedTextIsGivenOnce reads a description that says what the first comment says, and one that says something else.
func TestRepeatedTextIsGivenOnce(t *testing.T) {
	for second, want := range map[string]int{"It sends KEY": 0, "It sends another": 1} {
		text := `{"id":1,"raw_subject":"x","requester_id":3,"description":"It sends KEY","comments":[{"id":5,"body":"` + second + `"}]}`
		n := 0
		for _, c := range readAs(t, &zendesk, strings.NewReader(text)) {
			if c.Field == "description" && c.View == "" {
				n++
			}
		}
		if n != want {
			t.Errorf("beside a comment %q the description is given %d times, want %d", second, n, want)
		}
	}
}

// TestPeopleAndPrefix gives authors the names that another file has for them, and records the name of where they stand.
func TestPeopleAndPrefix(t *testing.T) {
	key := sampleKey()
	text := `[{"id":1,"raw_subject":"x","requester_id":301,"description":"` + key + `"}]`
	var got told
	out := outFunc(func(c scanner.Chunk, _ *scanner.Gap) bool {
		if bytes.Contains(c.Data, []byte(key)) && c.From.View == "" {
			got.Location = c.From
		}
		return true
	})
	zendesk.Read(Input{Path: "x", Text: strings.NewReader(text), People: map[string]string{"301": "Ben Cho"}, Prefix: "acme/"}, out)
	if got.Record != "acme/1" || got.Author != "Ben Cho" {
		t.Errorf("record %q, author %q", got.Record, got.Author)
	}
}

// TestFormulaMark takes the mark off that a spreadsheet would need, and no other.
func TestFormulaMark(t *testing.T) {
	const head = "ID,Team,Title,Description,Cycle Number\n"
	for cell, want := range map[string]string{
		"'=x1": "=x1", "'-x1": "-x1", "'+x1": "+x1", "'@x1": "@x1", "'\uff1dx1": "\uff1dx1", "'x1": "'x1", "x'=1": "x'=1", "'": "'",
	} {
		text := head + "OPS-1,T,x," + cell + ",\n"
		var got []string
		for _, c := range readAs(t, &linear, strings.NewReader(text)) {
			if c.Field == "Description" && c.View == "" {
				got = append(got, c.text)
			}
		}
		if d := cmp.Diff([]string{want}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", cell, d)
		}
	}
}

// TestLinesGoOnAfterABrokenOne reads records on lines, one of which is broken.
func TestLinesGoOnAfterABrokenOne(t *testing.T) {
	key := sampleKey()
	text := "{\"id\":1,\"raw_subject\":\"x\"}\n{\"id\":2}\n{\"id\":3,x}\n{\"id\":4,\"description\":\"" + key + "\"}\n"
	all := readAs(t, &zendesk, strings.NewReader(text))
	if gaps := gapsOf(all); len(gaps) != 1 {
		t.Errorf("gaps %v, want one", gaps)
	}
	if got := find(t, all, key); got.Record != "4" {
		t.Errorf("found in record %q", got.Record)
	}
}
