package unpack

import (
	"bufio"
	"io"
)

// The codes of LZW in PDF files (ISO 32000-1, 7.4.4): 256 clears the table, 257 ends the text, those above stand for what was read.
const (
	lzwClear, lzwEnd, lzwFirst = 256, 257, 258
	lzwMost                    = 1 << 12
)

// lzw undoes LZWDecode. Its codes become a bit longer one code sooner than those of compress/lzw, unless the file says otherwise.
type lzw struct {
	r     *bufio.Reader
	early int

	bits   uint32
	have   uint
	width  uint
	next   int // code to be given
	last   int // code that was read, -1 after a clear
	prefix [lzwMost]uint16
	suffix [lzwMost]byte
	buf    [lzwMost]byte
	out    []byte // of buf
}

func newLZW(r io.Reader, early bool) *lzw {
	l := &lzw{r: bufio.NewReader(r)}
	if early {
		l.early = 1
	}
	l.clear()
	return l
}

func (l *lzw) clear() { l.width, l.next, l.last = 9, lzwFirst, -1 }

// Read implements io.Reader.
func (l *lzw) Read(b []byte) (int, error) {
	for len(l.out) == 0 {
		if err := l.step(); err != nil {
			return 0, err
		}
	}
	n := copy(b, l.out)
	l.out = l.out[n:]
	return n, nil
}

// step reads a code.
func (l *lzw) step() error {
	for l.have < l.width {
		c, err := l.r.ReadByte()
		if err != nil {
			return err // some writers leave out the end
		}
		l.bits, l.have = l.bits<<8|uint32(c), l.have+8
	}
	l.have -= l.width
	code := int(l.bits >> l.have & (1<<l.width - 1))
	switch {
	case code == lzwClear:
		l.clear()
		return nil
	case code == lzwEnd:
		return io.EOF
	case code > l.next || code >= lzwFirst && l.last < 0:
		return errDamaged
	}
	l.text(code)
	return nil
}

// text is what a code stands for. A code that is just being given stands for the last text and its first byte once more.
func (l *lzw) text(code int) {
	i, c := len(l.buf), code
	if code == l.next {
		i, c = i-1, l.last
	}
	for c >= lzwFirst {
		i--
		l.buf[i] = l.suffix[c]
		c = int(l.prefix[c])
	}
	i--
	l.buf[i] = byte(c)
	if code == l.next {
		l.buf[len(l.buf)-1] = byte(c)
	}
	l.out = l.buf[i:]
	if l.last >= 0 && l.next < lzwMost {
		l.prefix[l.next], l.suffix[l.next] = uint16(l.last), byte(c)
		l.next++
	}
	if l.next+l.early >= 1<<l.width && l.width < 12 {
		l.width++
	}
	l.last = code
}
