package unpack

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// row gives a row. It returns false where its record cannot be read.
func (d *database) row(t table, id int64, record []byte) bool {
	size, types, ok := varint(record)
	if !ok || size > uint64(len(record)) || size < uint64(len(record)-len(types)) {
		return false
	}
	values := record[size:]
	types = types[:int(size)-(len(record)-len(types))]
	row := d.node.below(t.name + "/" + strconv.FormatInt(id, 10))
	d.out = d.out[:0]
	var schema [5][]byte
	for i := 0; len(types) > 0; i++ {
		var kind uint64
		if kind, types, ok = varint(types); !ok {
			return false
		}
		n := valueSize(kind)
		if n > uint64(len(values)) {
			n, types = uint64(len(values)), nil
		}
		value := values[:n]
		values = values[n:]
		if i < len(schema) {
			schema[i] = value
		}
		d.column(t, row, i, kind, value)
	}
	if len(d.out) > 0 {
		d.w.text(Place{Path: row.path, Line: 1}, bytes.NewReader(d.out))
	}
	if t.schema {
		d.table(schema)
	}
	return true
}

// valueSize is the size of a value of a kind.
func valueSize(kind uint64) uint64 {
	if kind >= 12 {
		return (kind - 12) / 2
	}
	return uint64([...]uint8{0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0}[kind])
}

// column adds a column to the row's text: a line that begins with its name. What is a container is read as a member too.
func (d *database) column(t table, row node, i int, kind uint64, value []byte) {
	const zero, one, real = 8, 9, 7
	if kind == real || len(value) == 0 && kind != zero && kind != one {
		return
	}
	name := "column " + strconv.Itoa(i+1)
	if i < len(t.columns) {
		name = t.columns[i]
	}
	d.out = append(append(d.out, name...), ": "...)
	switch {
	case kind == zero || kind == one:
		d.out = append(d.out, byte('0'+kind-zero))
	case kind < 12:
		n := int64(int8(value[0]))
		for _, c := range value[1:] {
			n = n<<8 | int64(c)
		}
		d.out = strconv.AppendInt(d.out, n, 10)
	case kind%2 == 1 && d.utf16 != nil:
		d.out = append(d.out, decode16(value, d.utf16)...)
	default:
		d.out = append(d.out, value...)
	}
	d.out = append(d.out, '\n')
	if len(value) > 64 && Find(value[:min(len(value), headSize)], "") != nil {
		d.w.member(node{path: row.path + "/" + printable(name), name: name}, bytes.NewReader(value))
	}
}

func decode16(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// table takes a table from a row of the schema: type, name, table, page, statement.
func (d *database) table(row [5][]byte) {
	text := func(b []byte) string {
		if d.utf16 != nil {
			return decode16(b, d.utf16)
		}
		return string(b)
	}
	root := int64(0)
	for _, c := range row[3] {
		root = root<<8 | int64(c)
	}
	switch {
	case text(row[0]) != "table" || root <= 1:
	case len(d.tables) >= maxTables:
		d.fail(limitf("more than %s tables; the rows of others are named by their pages", lex.Number(maxTables)))
	default:
		d.tables = append(d.tables, table{name: text(row[1]), root: root, columns: columns(text(row[4]))})
	}
}

// columns are the names of the columns that a CREATE TABLE statement makes: what each part between the outer parentheses begins
// with. They make a row easier to read; nothing depends on them.
func columns(statement string) []string {
	_, rest, ok := strings.Cut(statement, "(")
	if !ok {
		return nil
	}
	var names []string
	begin, depth := 0, 0
	for i, c := range rest {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if c == ',' && depth == 0 || depth < 0 {
			names = append(names, columnName(rest[begin:i]))
			begin = i + 1
		}
		if depth < 0 {
			break
		}
	}
	return names
}

func columnName(part string) string {
	part = strings.TrimSpace(part)
	if part == "" {
		return "?"
	}
	if i := strings.IndexByte("\"`['", part[0]); i >= 0 {
		name, _, _ := strings.Cut(part[1:], "\"`]'"[i:i+1])
		return name
	}
	return strings.FieldsFunc(part+" ", func(r rune) bool { return r <= ' ' || r == '(' })[0]
}
