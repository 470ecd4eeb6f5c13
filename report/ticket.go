package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// ByTicket returns the format of that name that tells a run ticket by ticket: for each what to redact where, and a comment to post.
// Markdown alone has one.
func ByTicket(name string) (Format, error) {
	if _, err := ByName(name); err != nil {
		return nil, err
	}
	if name != "markdown" {
		return nil, fmt.Errorf("format %q: it is not written by ticket; say -f markdown, or leave --by out: csv has a row for each place, with its ticket", name)
	}
	return FormatFunc(writeTickets), nil
}

// ticket is a record of an export with keys in it.
type ticket struct {
	path, record, url string
	places            []ticketPlace
}

// ticketPlace is a key in a field of a ticket.
type ticketPlace struct {
	key *key
	Finding
}

// number is what a record is called that has no name of its own: by its place in its file.
var number = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:message|row|record|line|item) [0-9]+$|^top$|^channel$`)
})

// ticketName is the name of a record; empty for one that has none of its own.
func ticketName(record string) string {
	if number().MatchString(record) {
		return ""
	}
	return record
}

// tickets are the records with keys, those with the most urgent key first, and how many places are in none. What is in one field under
// several views is one place.
func (s *summary) tickets() (all []*ticket, outside int) {
	known := map[string]*ticket{}
	seen := map[string]bool{}
	for _, k := range s.keys {
		for _, f := range k.findings {
			at := f.Location
			if at.Record == "" {
				outside++
				continue
			}
			name := f.Target + "\x00" + at.Record
			if ticketName(at.Record) == "" {
				name += "\x00" + at.Path
			}
			t, ok := known[name]
			if !ok {
				t = &ticket{path: at.Path, record: at.Record}
				known[name] = t
				all = append(all, t)
			}
			t.url = cmp.Or(t.url, strings.TrimSpace(at.URL))
			if place := name + "\x00" + at.Path + "\x00" + at.Field + "\x00" + string(f.ID); !seen[place] {
				seen[place] = true
				t.places = append(t.places, ticketPlace{k, f})
			}
		}
	}
	return all, outside
}

// The things that are done about a key in a field.
const (
	ticketRedact = "redact"
	ticketPurge  = "purge history"
	ticketDelete = "delete attachment"
)

// ticketAction is what is to be done about a key in a field of a record; empty for a place in none.
func ticketAction(f Finding) string {
	switch field := f.Location.Field; {
	case f.Location.Record == "":
		return ""
	case strings.HasPrefix(field, "history "):
		return ticketPurge
	case strings.HasPrefix(field, "attachment "):
		return ticketDelete
	}
	return ticketRedact
}

// commentID is the id of a comment in the name of a field: "comment 5501", "comments[id=5501].body".
var commentID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[ .])(?i:comment|note|reply|story|conversation|conversation_part|journal|worklog)(?:s|ies)?(?: |\[id=)([\w.:-]*[0-9][\w:-]*)`)
})

// ticketComment is the id of the comment that a field is of; empty where it is of none.
func ticketComment(field string) string {
	if m := commentID().FindStringSubmatch(field); m != nil {
		return m[1]
	}
	return ""
}

// writeTickets writes a run ticket by ticket. As in every Markdown, other people's text stands in code.
func writeTickets(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	s, err := summarize(run, items)
	if err != nil {
		return err
	}
	head, tail := s.markdownHead(), s.markdownGaps()
	tickets, outside := s.tickets()
	if outside > 0 {
		tail = count(outside, "place is", "places are") + " in no ticket: without `--by ticket` the report has them.\n\n" + tail
	}
	if len(tickets) == 0 {
		head += "No ticket holds a key.\n\n"
	}
	if _, err := io.WriteString(w, head+s.ticketList(tickets, markdownMost-len(head)-len(tail))+tail); err != nil {
		return fmt.Errorf("write markdown: %w", err)
	}
	return nil
}

// ticketList is a section for each ticket, in at most so many bytes.
func (s *summary) ticketList(tickets []*ticket, most int) string {
	const room = 200 // for the line that says what is left out
	var b strings.Builder
	for i, t := range tickets {
		section := t.markdown()
		if b.Len()+len(section) > most-room {
			b.WriteString(count(len(tickets)-i, "ticket is", "tickets are") + " left out here for want of room: `-o run.csv` lists all.\n\n")
			break
		}
		b.WriteString(section)
	}
	return b.String()
}

// markdown is the section of a ticket: what to do in it, and the comment to post.
func (t *ticket) markdown() string {
	var b strings.Builder
	b.WriteString("#### Ticket " + cmp.Or(code(t.record), "without a name") + "\n\nFrom " + code(t.path))
	if t.url != "" {
		b.WriteString(", at " + code(t.url))
	}
	b.WriteString(".\n\n| Do | Field | Comment | Author | Written | Finding | Key | State |\n" + strings.Repeat("| --- ", 8) + "|\n")
	for _, p := range t.places[:min(len(t.places), ticketMost)] {
		at := p.Location
		written := ""
		if !at.Time.IsZero() {
			written = stamp(at.Time)
		}
		cells := []string{ticketAction(p.Finding), code(t.where(p)), code(ticketComment(at.Field)), code(at.Author), code(written), code(string(p.ID)), code(p.Redacted), string(p.key.state())}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	if more := len(t.places) - ticketMost; more > 0 {
		b.WriteString("\n" + count(more, "place is", "places are") + " left out here for want of room: `-o run.csv` lists all.\n")
	}
	return b.String() + "\nA comment to post, without the key:\n\n```text\n" + t.comment() + "```\n\n"
}

// ticketMost is how many places of one ticket are listed.
const ticketMost = 200

// where is the field of a place, with the file in which it is where that is not the ticket's.
func (t *ticket) where(p ticketPlace) string {
	if p.Location.Path != t.path {
		return strings.TrimSpace(p.Location.Field + " in " + p.Location.Path)
	}
	return cmp.Or(p.Location.Field, "the record")
}

// comment is what to post in a ticket: what was found, what was done about it, and what is left to do. No key stands in it.
func (t *ticket) comment() string {
	lines := []string{"A scan found " + t.kinds() + " in this ticket. Whoever can read it could use " + pick(len(t.keys()), "the key", "them") + ".", ""}
	for _, k := range t.keys() {
		lines = append(lines, "- "+k.name()+" ("+string(k.id)+"): "+k.fate())
	}
	lines = append(lines, "", "What to do:")
	did := map[string]bool{}
	for _, p := range t.places {
		if todo := t.order(p); !did[todo] && len(did) < ticketMost {
			did[todo] = true
			lines = append(lines, "- "+todo)
		}
	}
	lines = append(lines, "- Put the new key into the store of secrets and name it here by its name alone; do not post it again.")
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(clip(strings.ReplaceAll(visible(line), "`", `\x60`), markdownCell), " ") + "\n")
	}
	return b.String()
}

// order is what somebody has to do about a place, in a sentence.
func (t *ticket) order(p ticketPlace) string {
	at := p.Location
	by := ""
	if at.Author != "" {
		by = ", written by " + at.Author
	}
	if !at.Time.IsZero() {
		by += " at " + stamp(at.Time)
	}
	switch ticketAction(p.Finding) {
	case ticketPurge:
		return "Also in the change history (" + strings.TrimPrefix(at.Field, "history ") + by + "): an administrator must purge it; editing the field leaves it there."
	case ticketDelete:
		return "Delete " + at.Field + by + "."
	}
	return "Edit " + cmp.Or(at.Field, "the record") + by + ": replace the key by [redacted]."
}

// keys are the keys of a ticket, the most urgent first.
func (t *ticket) keys() []*key {
	var all []*key
	for _, p := range t.places {
		if !slices.Contains(all, p.key) && len(all) < ticketMost {
			all = append(all, p.key)
		}
	}
	return all
}

// kinds counts the keys of a ticket.
func (t *ticket) kinds() string { return count(len(t.keys()), "API key", "API keys") }

// fate is what became of a key, for those who read the ticket.
func (k *key) fate() string {
	switch k.state() {
	case stateLive:
		return "it is STILL ACTIVE. Tell the security team what uses it, and replace it now."
	case stateDead:
		return "it has been revoked and is confirmed dead. Replace it where it was in use."
	case stateInactive:
		return "its issuer no longer accepts it. Nothing has to be revoked."
	case stateUnknown:
		return "its issuer gave no clear answer. Take it for active: replace it, and tell the security team what uses it."
	}
	return "its issuer was not asked. Take it for active: replace it, and tell the security team what uses it."
}
