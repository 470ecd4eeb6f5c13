package scanner

import "bytes"

// lineCounter tells line and column of places in a text that is held in part. It remembers the last place asked, since
// places come mostly in order.
type lineCounter struct {
	line, column int // of the first byte held
	at0          int // last place asked, from the first byte held
	line0        int // its line
	start0       int // where that begins, which may be before the first byte held
}

func newLineCounter(from Location) lineCounter {
	l := lineCounter{line: max(from.Line, 1), column: max(from.Column, 1)}
	l.rewind()
	return l
}

// at returns the line and column, both from 1, of buf[i].
func (l *lineCounter) at(buf []byte, i64 int64) (line, column int) {
	i := int(i64)
	if i < l.at0 {
		l.rewind()
	}
	between := buf[l.at0:i]
	if nl := bytes.LastIndexByte(between, '\n'); nl >= 0 {
		l.line0 += bytes.Count(between[:nl+1], newline)
		l.start0 = l.at0 + nl + 1
	}
	l.at0 = i
	return l.line0, i - l.start0 + 1
}

// rewind goes back to the first byte held.
func (l *lineCounter) rewind() { l.at0, l.line0, l.start0 = 0, l.line, 1-l.column }

// drop forgets the first n bytes held.
func (l *lineCounter) drop(buf []byte, n int64) {
	l.line, l.column = l.at(buf, n)
	l.rewind()
}

var newline = []byte{'\n'}
