package lex

import "bytes"

// CSV reads rows of cells (RFC 4180), and what programs make of it: a quote inside a cell that is not quoted stands for
// itself, and so does a quote inside a quoted cell that neither ends it nor is doubled. Empty lines are skipped. Line
// breaks inside quoted cells are kept as they are.
//
// Every cell is at least one Text token; a Row token ends each row, its Text the line break or, at the end of the input,
// nothing.
type CSV struct {
	in     *Input
	comma  byte
	quoted bool // inside a quoted cell
	within bool // inside a cell
	row    bool // inside a row
	last   bool // the last cell of the row was read
}

// NewCSV returns a reader of the rows that in holds, with cells parted by comma.
func NewCSV(in *Input, comma byte) *CSV { return &CSV{in: in, comma: comma} }

// Next returns the next token. io.EOF ends an input after a whole row; any other error is an [Error].
func (c *CSV) Next() (Token, error) {
	switch {
	case c.last:
		c.last, c.row = false, false
		n := c.lineBreak()
		t := Token{Kind: Row, Text: c.in.rest()[:n]}
		c.in.i += n
		return t, nil
	case c.quoted:
		return c.quotedCell()
	case c.within:
		return c.bareCell()
	case !c.row:
		if !c.emptyLines() {
			return Token{}, c.in.end()
		}
		c.row = true
	}
	c.within = true
	if c.in.need(1) && c.in.rest()[0] == '"' {
		c.in.i++
		c.quoted = true
		return c.quotedCell()
	}
	return c.bareCell()
}

// emptyLines skips empty lines and reports whether something follows.
func (c *CSV) emptyLines() bool {
	for c.in.need(1) {
		n := c.lineBreak()
		if n == 0 {
			return true
		}
		c.in.i += n
	}
	return false
}

// lineBreak is the size of the line break that comes next, 0 where there is none.
func (c *CSV) lineBreak() int {
	c.in.need(2)
	switch b := c.in.rest(); {
	case len(b) > 0 && b[0] == '\n':
		return 1
	case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
		return 2
	}
	return 0
}

// endOfCell takes the comma that comes next, or notes the end of the row. It reports false where the cell goes on.
func (c *CSV) endOfCell() bool {
	switch {
	case !c.in.need(1) || c.lineBreak() > 0:
		c.last = true
	case c.in.rest()[0] == c.comma:
		c.in.i++
	default:
		return false
	}
	c.within, c.quoted = false, false
	return true
}

// bareCell reads a cell without quotes.
func (c *CSV) bareCell() (Token, error) {
	if c.endOfCell() {
		return Token{Kind: Text}, c.readError()
	}
	b := c.in.rest()
	n := 1
	for n < len(b) && b[n] != c.comma && b[n] != '\n' && b[n] != '\r' {
		n++
	}
	c.in.i += n
	return Token{Kind: Text, Text: b[:n], More: true}, nil
}

// readError is the error of a reader that failed at the end of what is there.
func (c *CSV) readError() error {
	if len(c.in.rest()) == 0 && c.in.Err() != nil {
		return c.in.cut("inside a row")
	}
	return nil
}

// quotedCell reads on in a quoted cell.
func (c *CSV) quotedCell() (Token, error) {
	if !c.in.need(1) {
		return Token{}, c.in.cut("inside a quoted cell")
	}
	b := c.in.rest()
	n := bytes.IndexByte(b, '"')
	switch {
	case n < 0:
		c.in.i += len(b)
		return Token{Kind: Text, Text: b, More: true}, nil
	case n > 0:
		c.in.i += n
		return Token{Kind: Text, Text: b[:n], More: true}, nil
	}
	return c.quote()
}

// quote reads a quote inside a quoted cell: the end of the cell, or a character of it.
func (c *CSV) quote() (Token, error) {
	c.in.need(2)
	c.in.i++
	if c.endOfCell() {
		return Token{Kind: Text}, c.readError()
	}
	b := c.in.rest()
	if b[0] == '"' {
		c.in.i++
	}
	return Token{Kind: Text, Text: quoteMark, More: true}, nil
}

var quoteMark = []byte{'"'}
