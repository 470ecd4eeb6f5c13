package records

import (
	"bytes"
	"io"
	"path"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

var (
	jsonRecords = Format{
		Name: "json", Title: "a JSON export", general: true,
		score:  func(name string, head []byte) int { return scoreJSON(name, head, false) },
		refuse: refuseJSON,
		parse:  parseJSON(false),
	}
	jsonLines = Format{
		Name: "jsonl", Title: "an export of JSON lines", general: true,
		score:  func(name string, head []byte) int { return scoreJSON(name, head, true) },
		refuse: refuseJSON,
		parse:  parseJSON(true),
		resume: "\n",
	}
	csvRecords = Format{
		Name: "csv", Title: "a CSV export", general: true,
		score:  scoreCSV,
		refuse: refuseCSV,
		parse:  parseTable(nil),
	}
)

// refuseJSON says why a file cannot be JSON records.
func refuseJSON(head []byte) string {
	head = bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(head) == 0:
		return "it is empty"
	case head[0] != '{' && head[0] != '[':
		return "it does not begin with { or ["
	case len(head) < HeadSize && len(bytes.Trim(head, " \t\r\n{}[],")) == 0:
		return "there is nothing in it but " + string(bytes.TrimSpace(head[:min(len(head), 2*len("{}"))]))
	}
	return ""
}

// refuseCSV says why a file cannot be a table.
func refuseCSV(head []byte) string {
	if len(bytes.TrimSpace(head)) == 0 {
		return "it is empty"
	}
	return ""
}

// scoreJSON says how sure it is that a file that begins with head is an export of JSON values, or of one such a line. It is
// when one of the first objects is a ticket: something that a person wrote, with two of a name, an author and a time.
// Everything else, such as configuration, is better read as the text that it is.
func scoreJSON(name string, head []byte, lines bool) int {
	if refuseJSON(head) != "" {
		return None
	}
	ext := strings.ToLower(path.Ext(name))
	ticket, values := sniffJSON(head)
	if ticket && lines == (values > 1 || ext == ".jsonl" || ext == ".ndjson") {
		return Likely
	}
	return None
}

// sniffJSON reports whether a ticket begins in head, and how many values do.
func sniffJSON(head []byte) (ticket bool, values int) {
	r := newReading(nobody{}, "", bytes.NewReader(head))
	r.words = noWords()
	return (&jsonWalker{r: r, json: lex.NewJSON(r.in)}).sniff()
}

// sniff reads as far as it goes and reports whether a ticket began, and how many values at the top did.
func (w *jsonWalker) sniff() (ticket bool, values int) {
	for {
		t, err := w.following()
		n := w.node
		if err != nil {
			return ticket || w.inTicket(), values
		}
		if w.token(t); n == nil && t.Kind == lex.Object {
			values++
		}
		ticket = ticket || t.Kind == lex.End && n.self.ticket()
	}
}

// inTicket reports whether what is being read stands in a ticket. The name of a text is enough: it may be a long one.
func (w *jsonWalker) inTicket() bool {
	if w.node != nil && w.word != nil && w.busy {
		w.node.self.text = w.node.self.text || w.word.means == meansText
	}
	for n := w.node; n != nil; n = n.parent {
		if n.self.ticket() {
			return true
		}
	}
	return false
}

// scoreCSV says how sure it is that a file that begins with head is a table of tickets, by its header. A file whose name
// says that it is something else is not looked at.
func scoreCSV(name string, head []byte) int {
	switch ext := strings.ToLower(path.Ext(name)); {
	case ext != ".csv" && ext != ".tsv" && ext != ".txt" && ext != "", refuseCSV(head) != "":
		return None
	}
	words := noWords()
	table := lex.NewCSV(lex.NewInput(bytes.NewReader(head)), delimiter(head))
	var header about
	var cell []byte
	for {
		t, err := table.Next()
		switch {
		case err != nil:
			return None
		case t.Kind == lex.Row && header.ticket():
			return Likely
		case t.Kind == lex.Row:
			return None
		}
		if cell = append(cell, t.Text...); !t.More {
			m := words.of(cell).means
			header.rank[m], header.text = 1, header.text || m == meansText
			cell = cell[:0]
		}
	}
}

// nobody takes everything and keeps nothing.
type nobody struct{}

// Chunk implements Out.
func (nobody) Chunk(scanner.Chunk) bool { return true }

// File implements Out.
func (nobody) File(scanner.Location, io.Reader) bool { return true }

// Gap implements Out.
func (nobody) Gap(*scanner.Gap) bool { return true }
