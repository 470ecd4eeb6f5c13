package unpack

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
)

const sqliteMagic = "SQLite format 3\x00"

// Bounds of what is held of a database.
const (
	maxTables = 10_000
	maxRow    = 16 << 20
)

// Kinds of pages of a tree (https://www.sqlite.org/fileformat2.html, 1.6).
const (
	indexInner = 0x02
	tableInner = 0x05
	indexLeaf  = 0x0A
	tableLeaf  = 0x0D
)

// database is a SQLite file that is being read. Each page is read once at most, as part of one tree or of one long row.
type database struct {
	w      *walk
	node   node
	r      io.ReaderAt
	page   int64 // size of one
	usable int64 // of it
	pages  int64
	utf16  binary.ByteOrder // of texts; nil for UTF-8
	seen   []uint64         // bit by page
	tables []table
	err    error // the first thing that could not be read
	out    []byte
}

type table struct {
	name    string
	root    int64
	columns []string
	schema  bool // its rows are the tables
}

// sqlite gives the rows of a database: each is a text named by its table and its number, a line for each column. Rows on pages that
// belong to no table, which is where deleted ones stay, are named by their page.
func (w *walk) sqlite(n node, r io.ReaderAt, size int64) error {
	var head [100]byte
	if k, err := r.ReadAt(head[:], 0); k < len(head) {
		return err
	}
	if string(head[:len(walMagic)]) == walMagic {
		return w.sqliteLog(n, r, size)
	}
	be := binary.BigEndian
	d := &database{w: w, node: n, r: r, page: int64(be.Uint16(head[16:]))}
	if d.page == 1 {
		d.page = 64 << 10
	}
	if d.page < 512 || d.page&(d.page-1) != 0 || head[20] > 32 {
		return errDamaged
	}
	d.usable = d.page - int64(head[20])
	d.pages = size / d.page
	d.seen = make([]uint64, d.pages/64+1)
	switch be.Uint32(head[56:]) {
	case 2:
		d.utf16 = binary.LittleEndian
	case 3:
		d.utf16 = be
	}
	d.tree(table{name: "sqlite_schema", root: 1, columns: []string{"type", "name", "table", "page", "sql"}, schema: true})
	for _, t := range d.tables {
		d.tree(t)
	}
	for p := int64(1); p <= d.pages && w.live(); p++ {
		if d.seen[p/64]&(1<<(p%64)) == 0 {
			d.lost(p)
		}
	}
	if said := int64(be.Uint32(head[28:])); d.err == nil && said > d.pages && be.Uint32(head[24:]) == be.Uint32(head[92:]) {
		d.err = io.ErrUnexpectedEOF
	}
	return d.err
}

// read reads a page that was not read before.
func (d *database) read(p int64, buf []byte) ([]byte, bool) {
	if p < 1 || p > d.pages {
		d.fail(io.ErrUnexpectedEOF)
		return nil, false
	}
	if d.seen[p/64]&(1<<(p%64)) != 0 {
		d.fail(errDamaged)
		return nil, false
	}
	d.seen[p/64] |= 1 << (p % 64)
	return d.load(p, buf)
}

func (d *database) load(p int64, buf []byte) ([]byte, bool) {
	if buf == nil {
		buf = make([]byte, d.page)
	}
	if k, err := d.r.ReadAt(buf, (p-1)*d.page); k < len(buf) {
		d.fail(err)
		return nil, false
	}
	return buf, true
}

func (d *database) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// tree gives the rows of a table in their order.
func (d *database) tree(t table) {
	buf := make([]byte, d.page)
	for todo := []int64{t.root}; len(todo) > 0 && d.w.live(); {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		b, ok := d.read(p, buf)
		if !ok {
			continue
		}
		c := d.cells(p, b)
		if c.inner() {
			children := c.children()
			for i := len(children) - 1; i >= 0; i-- {
				todo = append(todo, children[i])
			}
		}
		if c.kind != tableInner && !d.rows(t, c) {
			d.fail(errDamaged)
		}
	}
}

// lost gives the rows of a page that no table has. It need not be such a page.
func (d *database) lost(p int64) {
	before := d.err
	b, ok := d.load(p, nil)
	if c := d.cells(p, b); ok && c.kind == tableLeaf {
		d.rows(table{name: "page " + strconv.FormatInt(p, 10)}, c)
	}
	d.err = before
}

// cells is a page as cells.
type cells struct {
	kind  byte
	b     []byte
	at    []byte // where each cell is, two bytes
	right int64  // the last child of an inner page
}

func (d *database) cells(p int64, b []byte) cells {
	from := 0
	if p == 1 {
		from = 100
	}
	if len(b) < from+12 {
		return cells{}
	}
	c := cells{kind: b[from], b: b[:d.usable]}
	n, at := int(binary.BigEndian.Uint16(b[from+3:])), from+8
	if c.inner() {
		c.right, at = int64(binary.BigEndian.Uint32(b[from+8:])), from+12
	}
	c.at = c.b[min(at, len(c.b)):min(at+2*n, len(c.b))]
	return c
}

func (c cells) inner() bool { return c.kind == tableInner || c.kind == indexInner }

func (c cells) count() int { return len(c.at) / 2 }

// cell is what begins at the place of a cell.
func (c cells) cell(i int) []byte {
	return c.b[min(int(binary.BigEndian.Uint16(c.at[2*i:])), len(c.b)):]
}

// children are the pages below an inner page.
func (c cells) children() []int64 {
	var all []int64
	for i := range c.count() {
		if cell := c.cell(i); len(cell) >= 4 {
			all = append(all, int64(binary.BigEndian.Uint32(cell)))
		}
	}
	return append(all, c.right)
}

// rows gives the rows of a page; those of a table without row ids are numbered on their page. It returns false where one cannot be
// read.
func (d *database) rows(t table, c cells) bool {
	switch c.kind {
	case tableLeaf, indexLeaf, indexInner:
	default:
		return false
	}
	whole := true
	for i := 0; i < c.count() && d.w.live(); i++ {
		cell := c.cell(i)
		if c.kind == indexInner {
			cell = cell[min(4, len(cell)):]
		}
		size, cell, ok := varint(cell)
		id := uint64(i + 1)
		if ok && c.kind == tableLeaf {
			id, cell, ok = varint(cell)
		}
		if !ok {
			whole = false
			continue
		}
		payload, ok := d.payload(size, cell, c.kind == tableLeaf)
		if !ok || !d.row(t, int64(id), payload) {
			whole = false
		}
	}
	return whole
}

// varint reads a number of up to nine bytes, the high seven bits first.
func varint(b []byte) (uint64, []byte, bool) {
	var n uint64
	for i := range min(len(b), 9) {
		if i == 8 {
			return n<<8 | uint64(b[i]), b[i+1:], true
		}
		n = n<<7 | uint64(b[i]&0x7F)
		if b[i] < 0x80 {
			return n, b[i+1:], true
		}
	}
	return 0, nil, false
}

// payload is the record of a cell, put together from the pages that it is spread over.
func (d *database) payload(size uint64, cell []byte, leaf bool) ([]byte, bool) {
	u := uint64(d.usable)
	most := (u-12)*64/255 - 23
	if leaf {
		most = u - 35
	}
	if size <= most {
		return cell[:min(size, uint64(len(cell)))], size <= uint64(len(cell))
	}
	if size > maxRow {
		d.fail(limitf("a row of more than %d bytes", maxRow))
		return nil, false
	}
	least := (u-12)*32/255 - 23
	here := least + (size-least)%(u-4)
	if here > most {
		here = least
	}
	if uint64(len(cell)) < here+4 {
		return nil, false
	}
	out := bytes.Clone(cell[:here])
	next := int64(binary.BigEndian.Uint32(cell[here:]))
	buf := make([]byte, d.page)
	for uint64(len(out)) < size {
		b, ok := d.read(next, buf)
		if !ok {
			return out, true // as far as it is there
		}
		next = int64(binary.BigEndian.Uint32(b))
		out = append(out, b[4:min(u, 4+size-uint64(len(out)))]...)
	}
	return out, true
}
