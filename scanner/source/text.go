package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"sync"
	"unicode/utf8"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/records"
	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

const (
	// pieceSize is the longest chunk; a longer text comes in pieces.
	pieceSize = 1 << 20
	// firstRoom is how much is read of a text at first.
	firstRoom = 128 << 10
	// binaryHead is how much of a text is looked at to tell whether it is one.
	binaryHead = 8 << 10
)

// Reasons for which a source leaves things out on purpose, as Coverage.Skipped has them.
const (
	skipBinary  = "binary"
	skipIgnored = "ignored by .gitignore"
	skipLinks   = "symbolic links"
	skipSpecial = "special files"
	skipLarge   = "larger than the limit"
	// skipPointers are changes of the commit that a submodule stands at.
	skipPointers = "changed submodules"
	skipHistory  = "git histories" // of repositories inside and around a directory
)

// errBinary says that what was to be read is not text.
var errBinary = errors.New("binary")

// isBinary reports whether a file that begins with head is no text: it has zero bytes, and more of them than damage leaves.
func isBinary(head []byte) bool {
	head = head[:min(len(head), binaryHead)]
	return hasZeros(head) && !isDamaged(head)
}

// hasZeros reports whether a file that begins with head has a zero byte, no mark of UTF-16 or UTF-32, and does not look like either
// without one.
func hasZeros(head []byte) bool {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff", "\x00\x00\xfe\xff"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return false
		}
	}
	return bytes.IndexByte(head, 0) >= 0 && !isWide(head)
}

// leastWide is how many characters of UTF-16 or UTF-32 without a mark are believed to be text.
const leastWide = 16

// isWide reports whether what begins with head could be UTF-16 or UTF-32 without a mark: of every two or four bytes one is never zero and
// nearly always printable ASCII, and each of the others is nearly always zero.
func isWide(head []byte) bool {
	var zeros, shown [4]int
	for i, c := range head {
		switch {
		case c == 0:
			if zeros[i%4]++; zeros[0] > 0 && zeros[1] > 0 && zeros[2] > 0 && zeros[3] > 0 {
				return false
			}
		case ' ' <= c && c <= '~' || '\t' <= c && c <= '\r':
			shown[i%4]++
		}
	}
	half, quarter := len(head)/2, len(head)/4
	for i := range 4 {
		low, other := zeros[i]+zeros[(i+2)%4], zeros[(i+1)%4]+zeros[(i+3)%4]
		if i < 2 && half >= leastWide && low == 0 && other >= most(half) && shown[i]+shown[i+2] >= most(half) {
			return true
		}
		if i%3 == 0 && quarter >= leastWide && zeros[i] == 0 && zeros[(i+2)%4] >= most(quarter) && other >= most(half) && shown[i] >= most(quarter) {
			return true
		}
	}
	return false
}

// most is nearly all of a number.
func most(n int) int { return n * 9 / 10 }

// leastWhole is how many bytes of a damaged text must be whole for each that is not.
const leastWhole = 64

// isDamaged reports whether head is that of a text in which a few bytes are zero, or are otherwise none of a text in UTF-8. Such a file is read:
// what else it holds would not be seen.
func isDamaged(head []byte) bool {
	left := len(head) / leastWhole
	for i := 0; i < len(head) && left >= 0; {
		c, size := rune(head[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRune(head[i:])
		}
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == utf8.RuneError && size == 1 {
			left--
		}
		i += size
	}
	return left >= 0
}

// emitter hands chunks and gaps to the consumer of one range over a source. After it has returned false nothing more may
// be yielded.
type emitter struct {
	ctx   context.Context
	yield func(scanner.Chunk, error) bool
	buf   []byte
	named bool // a person named the file: it is searched though it may be no text
}

// chunk yields a chunk, or the context's error when it is done.
func (e *emitter) chunk(c scanner.Chunk) bool {
	return e.live() && e.yield(c, nil)
}

// gap yields something that could not be read.
func (e *emitter) gap(g *scanner.Gap) bool {
	return e.live() && e.yield(scanner.Chunk{}, g)
}

func (e *emitter) gaps(gaps []*scanner.Gap) bool {
	for _, g := range gaps {
		if !e.gap(g) {
			return false
		}
	}
	return true
}

// live reports whether the source may go on; when the context is done it yields its error.
func (e *emitter) live() bool {
	if err := e.ctx.Err(); err != nil {
		e.yield(scanner.Chunk{}, err)
		return false
	}
	return true
}

// data yields a text that is in memory.
func (e *emitter) data(from scanner.Location, text []byte) bool {
	for len(text) > 0 {
		n := min(len(text), pieceSize)
		if !e.chunk(scanner.Chunk{Data: text[:n], From: from, More: n < len(text)}) {
			return false
		}
		from = after(from, text[:n])
		text = text[n:]
	}
	return true
}

// text yields what r holds, in pieces. It returns errBinary, before any piece, when that is no text, and the error of
// reading, after the pieces read so far.
func (e *emitter) text(from scanner.Location, r io.Reader) (bool, error) {
	return e.pieces(from, r, isBinary)
}

// pieces is text with a choice of what is none.
func (e *emitter) pieces(from scanner.Location, r io.Reader, isBinary func(head []byte) bool) (bool, error) {
	first := firstRoom
	if from.Blob != "" { // histories are full of archives of pictures
		first = binaryHead
	}
	n, err := e.upTo(r, 0, first)
	if isBinary(e.buf[:n]) {
		return true, errBinary
	}
	if n == first && first < firstRoom && err == nil {
		n, err = e.upTo(r, n, firstRoom)
	}
	return e.rest(from, r, n, err)
}

// begin reads the beginning of a text, firstRoom of it at most. That the text ends is no error.
func (e *emitter) begin(r io.Reader) (n int, err error) { return e.upTo(r, 0, firstRoom) }

// upTo reads on to the given length where n bytes were read. That the text ends is no error.
func (e *emitter) upTo(r io.Reader, n, to int) (int, error) {
	if e.buf == nil {
		e.buf = make([]byte, firstRoom)
	}
	more, err := io.ReadFull(r, e.buf[n:to])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n + more, err
}

// rest gives on a text of which begin has read n bytes and given err.
func (e *emitter) rest(from scanner.Location, r io.Reader, n int, err error) (bool, error) {
	if n == firstRoom && err == nil {
		n, err = e.fill(r, n)
	}
	for n > pieceSize && err == nil {
		if !e.chunk(scanner.Chunk{Data: e.buf[:pieceSize], From: from, More: true}) {
			return false, nil
		}
		from = after(from, e.buf[:pieceSize])
		e.buf[0] = e.buf[pieceSize]
		n, err = e.fill(r, 1)
	}
	ok := n == 0 || e.chunk(scanner.Chunk{Data: e.buf[:n], From: from})
	return ok, err
}

// fill reads behind what is held, up to a piece and a byte, to know whether another follows. That the text ends is no error. The room
// for it grows with what there is to read: most texts are short.
func (e *emitter) fill(r io.Reader, held int) (n int, err error) {
	for n = held; ; {
		m, err := io.ReadFull(r, e.buf[n:])
		n += m
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return n, nil
		case err != nil || len(e.buf) > pieceSize:
			return n, err
		}
		room := make([]byte, min(4*len(e.buf), pieceSize+1))
		copy(room, e.buf)
		e.buf = room
	}
}

// after is the place that follows a piece.
func after(from scanner.Location, piece []byte) scanner.Location {
	from.Offset += int64(len(piece))
	from.Line = max(from.Line, 1) + bytes.Count(piece, []byte{'\n'})
	return from
}

// counter counts what a source saw. The parts of a split source share one.
type counter struct {
	mu            sync.Mutex
	seen, skipped map[string]int
	room          *unpack.Room
	folders       []records.Folder // exports that somebody unpacked into what is read; set before any of it is read
	bufs          [][]byte         // of emitters that are done
	nests         *nesting         // repositories in files; nil: they are not read
	large         *large           // what Git LFS keeps for the repository; nil: pointers are texts
}

// lend gives an emitter the room of one that is done, if there is any. The emitter gives it back with giveBack when nothing that it
// yielded is used any more.
func (c *counter) lend(e *emitter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.bufs); n > 0 && e.buf == nil {
		e.buf, c.bufs = c.bufs[n-1], c.bufs[:n-1]
	}
}

func (c *counter) giveBack(e *emitter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.buf != nil {
		e.buf, c.bufs = nil, append(c.bufs, e.buf)
	}
}

// shared is the memory that the parts of the source share for documents.
func (c *counter) shared() *unpack.Room {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room == nil {
		c.room = unpack.NewRoom()
	}
	return c.room
}

func (c *counter) saw(what string, n int) { c.add(&c.seen, what, n) }

func (c *counter) skip(reason string, n int) { c.add(&c.skipped, reason, n) }

func (c *counter) add(m *map[string]int, key string, n int) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[key] += n
}

// Coverage implements scanner.Counter.
func (c *counter) Coverage() scanner.Coverage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return scanner.Coverage{Seen: maps.Clone(c.seen), Skipped: maps.Clone(c.skipped)}
}

// unreadable is the gap that a failed read leaves.
func unreadable(what string, err error) *scanner.Gap {
	next := "check the disk, then scan again"
	switch {
	case errors.Is(err, fs.ErrPermission):
		next = "run as a user who may read it"
	case errors.Is(err, fs.ErrNotExist):
		next = "it was there a moment ago: scan again"
	}
	return &scanner.Gap{What: what, Why: cause(err), Next: next, Err: err}
}

// cause is an error without the path that its gap already names.
func cause(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// tooLarge is the gap that a limit on sizes leaves.
func tooLarge(what string, size, limit int64) *scanner.Gap {
	return &scanner.Gap{
		What: what,
		Why:  fmt.Sprintf("%d bytes, over the limit of %d", size, limit),
		Next: "raise the limit on file sizes",
	}
}
