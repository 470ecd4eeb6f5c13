package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

var _ = register("csv", FormatFunc(writeCSV), ".csv")

// csvColumns are the names in the first row. Those behind the note serve whoever imports the table into a ticket system: ticket is the record
// where it has a name of its own, comment the id of the comment that the field is of, action what is to be done in the ticket; gone says when the key
// left HEAD, or that nothing leads to it any more.
var csvColumns = []string{
	"state", "id", "rule", "name", "provider", "severity", "confidence", "key", "target", "path", "line", "column", "end_line", "end_column",
	"commit", "author", "time", "refs", "in_head", "record", "field", "view", "url", "note",
	"ticket", "comment", "author_email", "action", "gone",
}

// The columns that rows without a place fill.
var (
	csvState = slices.Index(csvColumns, "state")
	csvPath  = slices.Index(csvColumns, "path")
	csvNote  = slices.Index(csvColumns, "note")
)

// csvIncomplete is the state of a row that tells of something that could not be read.
const csvIncomplete = "incomplete"

// writeCSV writes a row for each place of each key, the most urgent keys first, then one for each thing that could not be
// read, so that no table looks whole that is not.
func writeCSV(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	s, err := summarize(run, items)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	write := func(cells []string) {
		for i, c := range cells {
			cells[i] = csvCell(c)
		}
		_ = out.Write(cells) // the writer keeps its error
	}
	_ = out.Write(csvColumns)
	for _, k := range s.keys {
		for _, f := range k.findings {
			write(csvPlace(k, f))
		}
	}
	for _, gap := range s.csvGaps() {
		row := make([]string, len(csvColumns))
		row[csvState], row[csvPath], row[csvNote] = csvIncomplete, gap[0], gap[1]
		write(row)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

// csvPlace are the cells of a place. Zero numbers and times are empty.
func csvPlace(k *key, f Finding) []string {
	at := f.Location
	when := ""
	if !at.Time.IsZero() {
		when = at.Time.UTC().Format(time.RFC3339)
	}
	number := func(n int) string { return strings.TrimPrefix(itoa(n), "0") }
	return []string{
		string(k.state()), string(f.ID), f.Rule, f.Name, f.Provider, string(f.Severity), string(f.Confidence), f.Redacted, f.Target, at.Path,
		number(at.Line), number(at.Column), number(at.EndLine), number(at.EndColumn), at.Commit, at.Author, when, strings.Join(at.Refs, " "),
		strconv.FormatBool(at.InHead), at.Record, at.Field, at.View, at.URL, strings.Join(f.Reasons, ", "),
		ticketName(at.Record), ticketComment(at.Field), at.AuthorEmail, ticketAction(f), gone(at),
	}
}

// csvGaps are what could not be read, and why.
func (s *summary) csvGaps() [][2]string {
	if s.Stats == nil {
		return [][2]string{{"", "the run was cut off before its end"}}
	}
	var all [][2]string
	for _, g := range s.Stats.Gaps {
		note := g.Why
		if g.Next != "" {
			note += " → " + g.Next
		}
		all = append(all, [2]string{g.What, note})
	}
	return all
}

// formulaStart are the characters with which a cell becomes a formula when a spreadsheet opens the file, and the wide forms that
// some take for them. Tab and carriage return, which some skip first, are written out before a cell comes here.
const formulaStart = "=+-@\t\r＝＋－＠"

// csvCell is a text that a spreadsheet shows and does not compute: it gets a leading apostrophe where it would.
func csvCell(s string) string {
	if trimmed := strings.TrimLeft(s, " "); trimmed != "" && strings.ContainsRune(formulaStart, []rune(trimmed)[0]) {
		return "'" + s
	}
	return s
}
