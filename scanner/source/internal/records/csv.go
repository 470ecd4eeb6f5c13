package records

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// csvReader reads rows as records.
type csvReader struct {
	r       *reading
	shape   *shape // nil for none
	row     *csvRow
	cell    int         // of the row, from 0
	begun   bool        // the cell is being read
	columns []csvColumn // by the header; of the first row, its cells as they would be columns
	text    []byte      // the view "record" of the row
}

// csvColumn is a column by its header.
type csvColumn struct {
	word *word
	spot *spot  // what the shape knows of it
	name string // "Comment", or "Comment #2" where several have the name
}

// csvRow is a row that is being read, or whose texts are held.
type csvRow struct {
	c      *csvReader
	number int // the first is 1
	header bool
	self   about
	label  string // of a pair of columns like name and value: the name
}

// csvCell is the place of a cell, or of the whole row.
type csvCell struct {
	row   *csvRow
	index int    // -1 for the row
	self  *about // what the cell says of itself, as Jira's comments do; nil for nothing
}

// maxColumns is how many columns are known by name.
const maxColumns = 4096

// parseTable returns the parser of a table of a shape, nil for none. Its first row is a header when it looks like one.
func parseTable(s *shape) func(*reading) error {
	return func(r *reading) error { return (&csvReader{r: r, shape: s}).all() }
}

// all reads all rows.
func (c *csvReader) all() error {
	r := c.r
	table := lex.NewCSV(r.in, delimiter(r.in.Peek(HeadSize)))
	for !r.stopped {
		t, err := table.Next()
		if err == nil {
			err = c.token(t)
		}
		if err != nil {
			r.hold.end()
			return err
		}
	}
	return nil
}

func (c *csvReader) token(t lex.Token) error {
	if c.row == nil {
		c.row = &csvRow{c: c, number: 1}
	}
	if t.Kind == lex.Row {
		return c.endRow(len(t.Text) == 0)
	}
	if !c.begun {
		c.r.hold.begin(&csvCell{row: c.row, index: c.cell}, "")
		c.begun = true
	}
	c.r.hold.write(t.Text)
	if !t.More {
		c.endCell()
	}
	return nil
}

func (c *csvReader) endCell() {
	if c.shape != nil && c.shape.formula {
		c.bare()
	}
	text := c.r.hold.text()
	if c.row.number == 1 {
		c.name(text)
	} else {
		c.tell(text)
	}
	c.r.hold.end()
	c.cell++
	c.begun = false
}

// formulaSigns are the characters for which a spreadsheet takes a text for a formula, their full-width forms among them.
const formulaSigns = "=+-@\t\r\n＝＋－＠"

// bare takes the ' off a cell that was put before a formula sign.
func (c *csvReader) bare() {
	text := c.r.hold.text()
	if len(text) < 2 || text[0] != '\'' {
		return
	}
	if sign, _ := utf8.DecodeRune(text[1:]); strings.ContainsRune(formulaSigns, sign) {
		c.r.hold.open.start++
	}
}

// name takes a cell of the first row as the name of a column.
func (c *csvReader) name(text []byte) {
	if len(c.columns) == maxColumns {
		return
	}
	col := csvColumn{word: c.r.words.of(text[:min(len(text), longestNamed)])}
	if col.name = col.word.name; c.shape != nil {
		col.spot = c.shape.spots().child(plainName(col.word.exact))
	}
	if n := c.sameName(col.word.exact); n > 1 {
		col.name += " #" + strconv.Itoa(n)
	}
	c.columns = append(c.columns, col)
}

// sameName returns which of the columns with that name the next one is, from 1.
func (c *csvReader) sameName(name string) int {
	n := 1
	for _, col := range c.columns {
		if col.word.exact == name {
			n++
		}
	}
	return n
}

// isHeader reports whether the first row names columns: it has a name that is known, or nothing but what may be names.
func (c *csvReader) isHeader() bool {
	names := true
	for _, col := range c.columns {
		if col.word.known || col.spot != nil {
			return true
		}
		b := []byte(col.word.exact)
		_, date := parseTime(col.word.exact)
		names = names && !date && len(b) <= maxLabel && label(b) != "" && !bytes.ContainsAny(b, "@:/=\n") && b[0] > '9'
	}
	return names
}

// tell takes what a cell says of its row or of itself.
func (c *csvReader) tell(text []byte) {
	col, ok := c.row.column(c.cell)
	if !ok {
		return
	}
	m, rank := c.r.words.mean(col.word)
	if s := col.spot; s != nil && s.means != meansNothing {
		m, rank, text = s.means, s.rank, s.value(text)
	}
	c.row.self.set(m, rank, text)
	if col.word.label && c.row.label == "" && len(text) <= maxLabel {
		c.row.label = string(text)
	}
	if len(text) > 0 && len(text) <= longestQuoted && len(c.text) < fieldSize {
		if len(c.text) > 0 {
			c.text = append(c.text, ",\n"...)
		}
		c.text = appendMember(c.text, col.word.exact, text)
		c.r.hold.open.inside = len(c.text) - len(text) - 1
	}
	if cell, ok := c.r.hold.open.place.(*csvCell); ok {
		cell.self = comment(text)
	}
}

// comment returns who wrote a cell and when, where it says so itself, as Jira's comments and attachments do: "date;author;text".
func comment(text []byte) *about {
	parts := bytes.SplitN(text, []byte{';'}, 3)
	if len(parts) < 3 || len(parts[0]) > longestTime {
		return nil
	}
	self := &about{}
	if self.set(meansTime, 0, parts[0]); self.time.IsZero() {
		return nil
	}
	self.set(meansAuthor, 0, parts[1])
	return self
}

// endRow ends a row; last says that the input ended with it.
func (c *csvReader) endRow(last bool) error {
	c.row.header = c.row.number == 1 && c.isHeader()
	switch {
	case last && (c.row.header || c.cell < len(c.columns)):
		return &lex.Error{Offset: c.r.in.Offset(), Line: c.r.in.Line(), Cut: true, Why: "inside a row"}
	case !c.row.header:
		c.r.record()
	}
	if len(c.text) > 0 {
		c.r.hold.begin(&csvCell{row: c.row, index: -1}, viewRecord)
		c.r.hold.write(c.text)
		c.r.hold.end()
		c.text = c.text[:0]
	}
	c.r.hold.record()
	if c.row.number == 1 && !c.row.header {
		c.columns = make([]csvColumn, len(c.columns))
	}
	c.row = &csvRow{c: c, number: c.row.number + 1}
	c.cell = 0
	if last { // a longer cell may have been cut there
		return &lex.Error{Offset: c.r.in.Offset(), Line: c.r.in.Line(), Cut: true, Why: "in a row, or behind it: its line does not end"}
	}
	return nil
}

// column is the column of a cell; false where no header names it.
func (row *csvRow) column(i int) (csvColumn, bool) {
	if row.number == 1 || i >= len(row.c.columns) || row.c.columns[i].word == nil {
		return csvColumn{}, false
	}
	return row.c.columns[i], true
}

// location implements place.
func (p *csvCell) location() scanner.Location {
	at := scanner.Location{Record: "row " + strconv.Itoa(p.row.number)}
	if p.row.self.record != "" {
		at.Record = p.row.self.record
	}
	at = p.row.self.over(at)
	if p.self != nil {
		at = p.self.over(at)
	}
	if p.index < 0 {
		return at
	}
	col, ok := p.row.column(p.index)
	if !ok {
		at.Field = "column " + strconv.Itoa(p.index+1)
		return at
	}
	if at.Field = col.name; col.word.history || col.spot != nil && col.spot.history {
		at.Field = historyPrefix + at.Field
	}
	return at
}

// name implements place.
func (p *csvCell) name() string {
	if p.index < 0 {
		return ""
	}
	col, ok := p.row.column(p.index)
	switch {
	case !ok:
		return ""
	case col.word.value && p.row.label != "":
		return p.row.label
	}
	return col.word.exact
}

// delimiter returns the character that parts the cells of a table: of the usual ones the one most often on its first line.
func delimiter(head []byte) byte {
	var count [256]int
	quoted := false
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		} else if c == '\n' && !quoted {
			break
		} else if !quoted {
			count[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte(";\t|") {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}
