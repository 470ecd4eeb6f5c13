package scanner

import "bytes"

// lineCounter tells line and column of places in a text that is held in part. It remembers the last place asked, since
// places come mostly in order.
type lineCounter struct {
	line, column int // of the first byte held
	at0          int // last place asked, from the first byte held
	line0        int // its line
}

func newLineCounter(from Location) lineCounter {
	l := lineCounter{line: max(from.Line, 1), column: max(from.Column, 1)}
	l.line0 = l.line
	return l
}

// at returns the line and column, both from 1, of buf[i].
func (l *lineCounter) at(buf []byte, i64 int64) (line, column int) {
	i := int(i64)
	if i < l.at0 {
		l.at0, l.line0 = 0, l.line
	}
	l.line0 += bytes.Count(buf[l.at0:i], newline)
	l.at0 = i
	if nl := bytes.LastIndexByte(buf[:i], '\n'); nl >= 0 {
		return l.line0, i - nl
	}
	return l.line0, l.column + i
}

// drop forgets the first n bytes held.
func (l *lineCounter) drop(buf []byte, n int64) {
	l.line, l.column = l.at(buf, n)
	l.at0, l.line0 = 0, l.line
}

var newline = []byte{'\n'}
