package unpack

import (
	"encoding/binary"
	"io"
	"strconv"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// What a write-ahead log of SQLite begins with, but for the last bit, which gives the order of bytes in its sums, and the sizes of what
// stands before its frames and before the page in each (https://www.sqlite.org/fileformat2.html, 4.1).
const (
	walMagic = "\x37\x7F\x06"
	walHead  = 32
	walFrame = 24
)

// walPages are the pages of a write-ahead log as a database has them: each as it was written last.
type walPages struct {
	r    io.ReaderAt
	page int64
	at   map[int64]int64 // by page: where it stands in the log
}

// ReadAt implements io.ReaderAt.
func (l *walPages) ReadAt(b []byte, off int64) (int, error) {
	at, ok := l.at[off/l.page+1]
	if !ok {
		return 0, io.ErrUnexpectedEOF
	}
	return l.r.ReadAt(b, at)
}

// sqliteLog gives the rows of the pages in a write-ahead log, which stands beside its database and may hold what that does not: rows that
// were written last, and rows that were deleted since. What row goes on in a page of the database is read as far as the log has it.
func (w *walk) sqliteLog(n node, r io.ReaderAt, size int64) error {
	var head [walHead]byte
	if k, err := r.ReadAt(head[:], 0); k < len(head) {
		return err
	}
	log := &walPages{r, int64(binary.BigEndian.Uint32(head[8:])), map[int64]int64{}}
	if log.page < 512 || log.page > 64<<10 || log.page&(log.page-1) != 0 {
		return errDamaged
	}
	frames := (size - walHead) / (walFrame + log.page)
	var over error
	if frames > maxWALFrames {
		frames, over = maxWALFrames, limitf("more than %s frames", lex.Number(maxWALFrames))
	}
	d := &database{w: w, node: n, r: log, page: log.page, usable: log.page}
	var pages []int64
	for i := range frames {
		at := walHead + i*(walFrame+log.page)
		var number [4]byte
		if k, err := r.ReadAt(number[:], at); k < len(number) {
			return err
		}
		p := int64(binary.BigEndian.Uint32(number[:]))
		if p > maxWALPage {
			return limitf("pages beyond number %d", maxWALPage)
		}
		log.at[p] = at + walFrame
		pages = append(pages, at+walFrame)
		d.pages = max(d.pages, p)
	}
	d.seen = make([]uint64, d.pages/64+1)
	buf := make([]byte, log.page)
	for i := range pages {
		if !w.live() {
			break
		}
		if k, err := r.ReadAt(buf, pages[i]); k < len(buf) {
			return err
		}
		if c := d.cells(2, buf); c.kind == tableLeaf {
			d.rows(table{name: "frame " + strconv.Itoa(i+1)}, c)
		}
	}
	if rest := size - walHead - frames*(walFrame+log.page); over == nil && rest > walFrame {
		return io.ErrUnexpectedEOF
	}
	return over
}

// Bounds of what is held of a log: the numbers of its pages (a database of 512 GiB has so many), and its frames.
const (
	maxWALPage   = 1 << 27
	maxWALFrames = 1 << 19
)
