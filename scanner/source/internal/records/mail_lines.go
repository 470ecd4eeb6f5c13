package records

import (
	"bufio"
	"bytes"
	"io"
)

// mailLines gives a mail line by line, and knows where the part of it ends that is being read.
type mailLines struct {
	in     *bufio.Reader
	box    bool     // it is a box: a line can begin the next message
	bounds []string // the lines that part what is open, such as "--x", those of the outermost first

	piece        []byte // a line with its end, or a piece of a long one, that is not used yet
	begins, ends bool   // the piece begins and ends a line
	from         bool   // it begins the next message
	blank        bool   // the last line was empty
	offset       int64  // of the piece
	line         int
	loaded       bool
	copied       []byte
}

// lineRoom is how long a line may be to come in one piece.
const lineRoom = 64 << 10

func newMailLines(r io.Reader, box bool) *mailLines {
	return &mailLines{in: bufio.NewReaderSize(r, lineRoom), box: box, ends: true, line: 1}
}

// load reads the next piece where none is there, and reports whether there is one.
func (l *mailLines) load() bool {
	if l.loaded {
		return true
	}
	piece, err := l.in.ReadSlice('\n')
	if len(piece) == 0 {
		return false
	}
	l.loaded = true
	l.piece, l.begins, l.ends = piece, l.ends, err == nil
	l.from = l.box && l.begins && piece[0] == 'F' && isFromLine(piece)
	if l.from {
		l.copied = append(l.copied[:0], piece...) // a look ahead takes the room that it stands in
		l.piece = l.copied
		next, _ := l.in.Peek(longestField + 1)
		l.from = beginsMessage(next)
	}
	return true
}

// more reports whether the part goes on, and if so loads the next piece.
func (l *mailLines) more() bool {
	if !l.load() || l.from {
		return false
	}
	_, _, stop := l.bound()
	return !stop
}

// use uses up the piece.
func (l *mailLines) use() {
	l.offset += int64(len(l.piece))
	l.blank = l.begins && l.empty()
	if l.ends {
		l.line++
	}
	l.loaded = false
}

// empty reports whether the piece is an empty line.
func (l *mailLines) empty() bool {
	return l.piece[0] == '\n' || l.piece[0] == '\r' && len(l.piece) == 2 && l.piece[1] == '\n'
}

// bound reports whether the piece is a line that parts what is open, which of them, and whether it closes it.
func (l *mailLines) bound() (level int, closes, ok bool) {
	if len(l.bounds) == 0 || !l.begins || len(l.piece) < 3 || l.piece[0] != '-' || l.piece[1] != '-' {
		return 0, false, false
	}
	line := bytes.TrimRight(l.piece, " \t\r\n")
	for i := len(l.bounds) - 1; i >= 0; i-- {
		if rest, ok := bytes.CutPrefix(line, []byte(l.bounds[i])); ok && (len(rest) == 0 || string(rest) == "--") {
			return i, len(rest) > 0, true
		}
	}
	return 0, false, false
}

// text is the piece as the mail had it before it came into a box.
func (l *mailLines) text() []byte {
	if l.box && l.begins && l.piece[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(l.piece, ">"), []byte("From ")) {
		return l.piece[1:]
	}
	return l.piece
}
