package records

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNamesOfPeople: an author that stands as an id is called what the export calls him anywhere, be it behind what he wrote.
func TestNamesOfPeople(t *testing.T) {
	key := sampleKey()
	const card = "64f0000000000000000000c1"
	for name, c := range map[string]struct {
		format *Format
		text   string
		want   []string
	}{
		"zendesk, list behind": {
			&zendesk,
			`{"tickets": [{"url": "https://a.zendesk.com/api/v2/tickets/1.json", "id": 1, "raw_subject": "x", "requester_id": 7, "created_at": "2026-03-04T09:12:00Z",
				"comments": [{"id": 5, "author_id": 8, "body": "` + key + `", "created_at": "2026-03-04T10:12:00Z"}]}], "users": [{"id": 7, "name": "Ben"}, {"id": 8, "name": "Ann Lee"}]}`,
			[]string{"1", "comment 5", "Ann Lee", "2026-03-04 10:12:00 +0000 UTC"},
		},
		"zendesk, another ticket": {
			&zendesk,
			`{"id": 1, "raw_subject": "x", "requester_id": 8, "description": "` + key + `", "created_at": "2026-03-04T09:12:00Z"}` + "\n" +
				`{"id": 2, "raw_subject": "x", "requester": {"id": 8, "name": "Ann Lee"}, "created_at": "2026-03-04T09:12:00Z"}`,
			[]string{"1", "description", "Ann Lee", "2026-03-04 09:12:00 +0000 UTC"},
		},
		"freshdesk, agents": {
			&freshdesk,
			`{"tickets": [{"id": 1, "subject": "x", "description_text": "y", "requester_id": 7, "responder_id": 8, "created_at": "2026-03-04T09:12:00Z",
				"conversations": [{"id": 5, "user_id": 8, "body_text": "` + key + `", "created_at": "2026-03-04T10:12:00Z"}]}], "agents": [{"id": 8, "contact": {"name": "Ann Lee"}}]}`,
			[]string{"1", "conversation 5", "Ann Lee", "2026-03-04 10:12:00 +0000 UTC"},
		},
		"trello, who made a card": {
			&trello,
			`{"idOrganization": "1", "descData": null, "shortLink": "x", "cards": [{"id": "` + card + `", "desc": "` + key + `"}],
				"actions": [{"type": "createCard", "data": {"card": {"id": "` + card + `"}}, "date": "2026-03-04T10:12:00Z", "memberCreator": {"id": "m", "fullName": "Ann Lee"}}]}`,
			[]string{card, "desc", "Ann Lee", "2023-08-31 02:50:40 +0000 UTC"},
		},
		"trello, who added a file": {
			&trello,
			`{"idOrganization": "1", "descData": null, "shortLink": "x", "cards": [{"id": "` + card + `", "attachments": [{"id": "a", "idMember": "m", "date": "2026-03-04T10:12:00Z", "name": "` + key + `"}]}],
				"members": [{"id": "m", "fullName": "Ann Lee"}]}`,
			[]string{card, "attachment a name", "Ann Lee", "2026-03-04 10:12:00 +0000 UTC"},
		},
		"trello, only the id tells": {
			&trello, `{"idOrganization": "1", "descData": null, "shortLink": "x", "cards": [{"id": "` + card + `", "name": "` + key + `"}, {"id": "c2"}]}`,
			[]string{card, "name", "", "2023-08-31 02:50:40 +0000 UTC"},
		},
		"agiled": {
			&agiled,
			`{"data": [{"id": "tkt_7", "subject": "x", "ticket_number": "7", "priority": "high", "description": "` + key + `", "contact_id": "con_8", "contact": {"id": "con_8", "full_name": "Ann Lee"}, "created_at": "2026-03-04 10:12:00"}],
				"meta": {"current_page": 1, "last_page": 1, "per_page": 25, "total": 1}}`,
			[]string{"tkt_7", "description", "Ann Lee", "2026-03-04 10:12:00 +0000 UTC"},
		},
	} {
		at := find(t, readTwice(t, c.format, c.text), key)
		if d := cmp.Diff(c.want, []string{at.Record, at.Field, at.Author, at.Time.String()}); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestTrelloBorn: only the ids of Trello tell a time.
func TestTrelloBorn(t *testing.T) {
	for _, id := range []string{"", "7", strings.Repeat("z", 24), strings.Repeat("a", 23)} {
		if at := trelloBorn(id); !at.IsZero() {
			t.Errorf("%q: %v", id, at)
		}
	}
}

// TestNotionFacts: a page says who made it and when where it has these properties, and nowhere else.
func TestNotionFacts(t *testing.T) {
	for text, want := range map[string]string{
		"# A\n\nCreated by: Ann Lee\nCreated time: March 4, 2026 9:12 AM\nTags: x\n\nText": "Ann Lee 2026-03-04 09:12:00 +0000 UTC",
		"# A\n\nCreated: March 14, 2026\n":                                                 " 2026-03-14 00:00:00 +0000 UTC",
		"# A\n\nText.\nCreated by: Ben":                                                    " 0001-01-01 00:00:00 +0000 UTC",
		"":                                                                                 " 0001-01-01 00:00:00 +0000 UTC",
		"# A\n\nAuthor: Ann\nCreated by: Ben\nCreated time: whenever": "Ben 0001-01-01 00:00:00 +0000 UTC",
	} {
		author, when := notionFacts([]byte(text))
		if got := author + " " + when.String(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := lastName("a.zip!Part-1.zip!dir/b.md"); got != "b.md" {
		t.Errorf("last name %q", got)
	}
	if got := notionTable.prefix("a.zip!Tasks " + strings.Repeat("0badc0de", 4) + ".csv"); got != "Tasks (0badc0de)/" {
		t.Errorf("prefix %q", got)
	}
}
