package source

import (
	"bytes"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// news tells what was added to a text.
//
// The lines that a key is on were added when they stand, one after the other, more often in the new text than in the old one.
// What both texts have at their begin and end is left out first. White space around a line does not count, so that indenting a
// file or changing its line ends adds nothing. A change that puts lines together which stood apart adds them: their run is new.
// A merge adds what no parent has.
type news struct {
	read func(id string) ([]byte, bool)

	newID, oldID pack.ID // what is held
	newText      []byte
	oldText      []byte
	comparable   bool // both were read
}

// lineReach is how much of a line counts on each side of a key. Some files are one line.
const lineReach = 256

// added reports whether the place is news to every text that was there before.
func (n *news) added(l scanner.Location, before []pack.ID) bool {
	id, err := pack.ParseID(l.Blob)
	if err != nil {
		return true
	}
	for _, old := range before {
		if n.load(id, old); n.comparable && !n.changed(l) {
			return false
		}
	}
	return true
}

// load reads the texts. What cannot be read cannot have been there before.
func (n *news) load(id, old pack.ID) {
	if n.newID == id && n.oldID == old {
		return
	}
	var okNew, okOld bool
	n.newText, okNew = n.read(id.String())
	n.oldText, okOld = n.read(old.String())
	n.newID, n.oldID, n.comparable = id, old, okNew && okOld
}

// changed reports whether the lines of a place are news to the old text.
func (n *news) changed(l scanner.Location) bool {
	size := int64(len(n.newText))
	from, to := min(max(l.Offset, 0), size), min(max(l.Offset+l.Length, 0), size)
	if from >= to {
		return true
	}
	run := around(n.newText, int(from), int(to))
	head, tail := common(n.newText, n.oldText)
	if int(to) <= head || int(from) >= len(n.newText)-tail {
		return false
	}
	now, was := n.newText[head:len(n.newText)-tail], n.oldText[head:len(n.oldText)-tail]
	if count := occurrences(trimmed(now), run); count > 0 {
		return count > occurrences(trimmed(was), run)
	}
	return occurrences(trimmed(n.newText), run) > occurrences(trimmed(n.oldText), run) // it reaches into what both have
}

// around is the trimmed run of lines that a place is on, each line end with it that is within reach.
func around(text []byte, from, to int) []byte {
	begin, end := text[max(0, from-lineReach):from], text[to:min(len(text), to+lineReach)]
	wholeBegin, wholeEnd := len(begin) == from, to+len(end) == len(text)
	if i := bytes.LastIndexByte(begin, '\n'); i >= 0 {
		begin, wholeBegin = begin[i+1:], true
	}
	if i := bytes.IndexByte(end, '\n'); i >= 0 {
		end, wholeEnd = end[:i], true
	}
	run := trimmed(text[from-len(begin) : to+len(end)])
	if !wholeBegin {
		run = run[1:]
	}
	if !wholeEnd {
		run = run[:len(run)-1]
	}
	return run
}

// occurrences counts a run of lines in a trimmed text. Two of them may share the line end between them.
func occurrences(text, run []byte) int {
	for n := 0; ; n++ {
		i := bytes.Index(text, run)
		if i < 0 || len(run) == 0 {
			return n
		}
		text = text[i+max(1, len(run)-1):]
	}
}

// common returns how many bytes of whole lines two texts have in common at their begin and at their end.
func common(a, b []byte) (head, tail int) {
	n := min(len(a), len(b))
	for head < n && a[head] == b[head] {
		head++
	}
	if head < len(a) || head < len(b) {
		head = bytes.LastIndexByte(a[:head], '\n') + 1
	}
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	if tail < n-head || len(a) != len(b) {
		i := bytes.IndexByte(a[len(a)-tail:], '\n')
		if i < 0 {
			return head, 0
		}
		tail -= i + 1
	}
	return head, tail
}

// trimmed is a text without the white space around its lines, a line end before the first and after each.
func trimmed(text []byte) []byte {
	out := append(make([]byte, 0, len(text)+2), '\n')
	for line := range bytes.Lines(text) {
		out = append(append(out, bytes.TrimSpace(line)...), '\n')
	}
	return out
}
