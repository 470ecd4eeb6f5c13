package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// byTicket writes items by ticket.
func byTicket(t *testing.T, items ...Item) string {
	t.Helper()
	f, err := ByTicket("markdown")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := f.Write(&b, Run{Rules: ruleSet(t)}, of(items...)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ticketStory is the story with places in tickets: a history field, an attachment, a mail, one place under two views, and hostile names.
func ticketStory() []Item {
	in := func(record, field string, change func(*scanner.Location)) scanner.Location {
		at := commentAt(record, field, -30, "Ben Cho")
		if change != nil {
			change(&at)
		}
		return at
	}
	items := append([]Item{config()}, findings()...)
	items = append(items,
		tokenAt(idLive, rules.High, in("OPS-7", "comment 5501", func(at *scanner.Location) { at.View = "html-text" })),
		tokenAt(idDead, rules.High, in("OPS-7", "history changelog.histories[id=9001].items[0].fromString", nil)),
		tokenAt(idLive, rules.High, in("OPS-7", "attachment config.env", func(at *scanner.Location) { at.Path = "exports/OPS.zip!config.env" })),
		tokenAt(idUnknown, rules.High, in("message 2", "part 1 text/plain", func(at *scanner.Location) { at.Path, at.URL = "exports/box.mbox", "" })),
		tokenAt(idUnknown, rules.High, in("message 2", "part 1 text/plain", func(at *scanner.Location) { at.Path, at.URL = "exports/old.mbox", "" })),
		tokenAt(idInactive, rules.High, in("A|`x`\n```", "comments[id=5\n```\n@all].body", func(at *scanner.Location) { at.Author = "`<b>@ann|" })),
	)
	return append(append(items, outcomes()...), stats())
}

// TestTickets holds the report by ticket against what it was when somebody last looked at it: go test ./report -update.
func TestTickets(t *testing.T) {
	got, path := byTicket(t, ticketStory()...), filepath.Join("testdata", "run.tickets.md")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s changed (-want +got):\n%s", path, d)
	}
	for _, want := range []string{
		"#### Ticket `OPS-7`", "STILL ACTIVE", "revoked and is confirmed dead", "| purge history |", "Also in the change history (changelog.histories", "| delete attachment |", "- Delete attachment config.env",
		"- Edit comment 5501, written by Ben Cho at 2026-10-18 14:12:00 UTC: replace the key by [redacted].", "`5501`", "INCOMPLETE", "are in no ticket",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Count(got, "#### Ticket `message 2`") != 2 || strings.Count(got, "- Edit comment 5501") != 1 {
		t.Error("messages of two boxes are one ticket, or two views of one field are two places")
	}
	if last := strings.Index(got, "OPS-9"); last < strings.Index(got, "OPS-7") {
		t.Error("the ticket with the live key is not first")
	}
}

// TestTicketsHoldNoMarkup: other people's words stand in code or in a block, and end neither.
func TestTicketsHoldNoMarkup(t *testing.T) {
	fenced := false
	for line := range strings.Lines(byTicket(t, ticketStory()...)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
			if line != "```" && line != "```text" {
				t.Errorf("a fence is %q", line)
			}
		case fenced:
		case strings.HasPrefix(line, "| --- "):
		case strings.HasPrefix(line, "|"):
			if strings.Count(line, "|") != 9 {
				t.Errorf("a row has other cells: %q", line)
			}
			fallthrough
		default:
			rest := inlineCode.ReplaceAllString(line, "x")
			if !plainProse.MatchString(strings.NewReplacer("|", " ", "#", "", "-", "").Replace(rest)) {
				t.Errorf("outside of code stands %q", rest)
			}
		}
	}
	if fenced {
		t.Error("a block does not end")
	}
}

func TestTicketsWithoutTickets(t *testing.T) {
	text := byTicket(t, config(), findings()[0], stats())
	if !strings.Contains(text, "No ticket holds a key.") || !strings.Contains(text, "1 place is in no ticket") {
		t.Errorf("%s", text)
	}
	items := []Item{config()}
	for i := range 8000 {
		items = append(items, tokenAt(scanner.ID(fmt.Sprintf("q-%016x", i)), rules.High, commentAt(fmt.Sprintf("OPS-%d", i), "comment 1", -1, "Ann")))
	}
	if text := byTicket(t, append(items, stats())...); len(text) > 1<<20 || !strings.Contains(text, "are left out here for want of room") {
		t.Errorf("%d bytes, and nothing says what is left out", len(text))
	}
}

func TestByTicketFormats(t *testing.T) {
	for _, name := range Names() {
		_, err := ByTicket(name)
		if (err == nil) != (name == "markdown") || err != nil && !strings.Contains(err.Error(), "-f markdown") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ByTicket("pdf"); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("pdf: %v", err)
	}
}

func TestTicketCells(t *testing.T) {
	for field, want := range map[string]string{
		"comment 5501": "5501", "comments[id=5501].body": "5501", "fields.comment.comments[id=7].body": "7", "history comment 12 old": "12", "conversations[id=c-9].body": "c-9",
		"description": "", "part 1.2 text/plain": "", "comments": "", "Comment #2": "", "attachment 77 name": "",
	} {
		if got := ticketComment(field); got != want {
			t.Errorf("%q is of comment %q, want %q", field, got, want)
		}
	}
	rows := parseCSV(t, render(t, "csv", Run{}, ticketStory()...))
	column := func(row []string, name string) string { return row[slices.Index(csvColumns, name)] }
	found := map[string]string{}
	for _, row := range rows[1:] {
		found[column(row, "record")+" "+column(row, "field")] = strings.Join([]string{column(row, "ticket"), column(row, "comment"), column(row, "author"), column(row, "author_email"), column(row, "action")}, "|")
	}
	for place, want := range map[string]string{
		"OPS-7 comment 5501":                                             "OPS-7|5501|Ben Cho||redact",
		"message 2 part 1 text/plain":                                    "||Ben Cho||redact",
		"OPS-7 attachment config.env":                                    "OPS-7||Ben Cho||delete attachment",
		"OPS-7 history changelog.histories[id=9001].items[0].fromString": "OPS-7||Ben Cho||purge history",
		" ": "|||dev@acme.example|",
	} {
		if got := found[place]; place != " " && got != want {
			t.Errorf("%s: %q, want %q", place, got, want)
		}
	}
}
