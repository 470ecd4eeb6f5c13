package records

import "github.com/quash-sh/quash/scanner/source/internal/lex"

// jsonWalker reads JSON values as records.
type jsonWalker struct {
	r    *reading
	j    *lex.JSON
	node *jsonNode // the innermost that is open
	word *word     // of the member whose value comes next
	line int       // of the value at the top, for JSON lines; else 0
	key  []byte    // a name that is being read
	long bool      // it is held as a text
	text []byte    // the view "record" of what is open
	from int       // where the string that is being read begins in text
	busy bool      // a string is being read
	read int       // records read before the value at the top
}

// longestQuoted is the longest string that stands in the view "record": what needs its neighbours to be known is short.
const longestQuoted = 16 << 10

// parseJSON returns the parser of JSON values that follow each other; with lines each is a record on a line of its own.
func parseJSON(lines bool) func(*reading) error {
	return func(r *reading) error {
		w := &jsonWalker{r: r, j: lex.NewJSON(r.in)}
		for !r.stopped {
			t, err := w.j.Next()
			if err != nil {
				w.leave()
				return err
			}
			if lines && w.node == nil {
				w.line = r.in.Line()
			}
			w.token(t)
		}
		return nil
	}
}

func (w *jsonWalker) token(t lex.Token) {
	switch t.Kind {
	case lex.Object, lex.Array:
		w.open(t.Kind == lex.Array)
	case lex.End:
		w.close()
	case lex.Key:
		w.name(t)
	case lex.Text:
		w.string(t)
	case lex.Scalar:
		w.comma()
		w.text = append(w.text, t.Text...)
		if w.node != nil && w.word != nil {
			w.node.tell(w.r.words, w.word, t.Text)
		}
		w.next()
	}
}

// open begins an object or array.
func (w *jsonWalker) open(array bool) {
	w.comma()
	n := &jsonNode{parent: w.node, word: w.word, array: array, start: len(w.text)}
	switch {
	case w.node == nil:
		n.line, n.record = w.line, w.line > 0 && !array
	case w.node.array:
		n.index = w.node.count
		n.record = !array && w.node.outermost()
	}
	n.history = n.parent != nil && n.parent.history || n.word != nil && n.word.history
	w.node, w.word = n, nil
	w.text = append(w.text, brackets[array][0])
}

var brackets = map[bool]string{false: "{}", true: "[]"}

// close ends the innermost object or array.
func (w *jsonWalker) close() {
	n := w.node
	w.text = append(w.text, brackets[n.array][1])
	if n.spans > 1 && n.split && !n.loose {
		w.hold(&jsonPlace{hold: &w.r.hold, node: n}, viewJoined, n.joined)
	}
	n.joined = nil
	w.node = n.parent
	if n.record || w.node == nil {
		w.hold(&jsonPlace{hold: &w.r.hold, node: n}, viewRecord, w.text[n.start:])
		w.text = w.text[:n.start]
		w.count(n)
	}
	if w.node != nil && w.node.array && n.self.named() {
		w.node.loose = true
	}
	w.next()
	if w.node == nil || n.record && w.node.parent == nil {
		w.r.hold.flush()
	}
}

// count counts a record that was read whole. A value at the top that is a ticket is one with all that is in it.
func (w *jsonWalker) count(n *jsonNode) {
	switch {
	case n.record:
		w.r.record()
	case n.self.ticket():
		w.r.records = w.read
		w.r.record()
	}
	if w.node == nil {
		w.read = w.r.records
	}
}

// hold holds a text that was made here.
func (w *jsonWalker) hold(p place, view string, text []byte) {
	w.r.hold.begin(p, view)
	w.r.hold.write(text)
	w.r.hold.end()
}

// name reads a member's name. It is searched as part of the view "record"; one that is too long for that, as a text.
func (w *jsonWalker) name(t lex.Token) {
	if !w.busy {
		w.comma()
		w.key, w.long = w.key[:0], false
	}
	w.quoted(t)
	if !w.long {
		w.key = append(w.key, t.Text...)
		if w.long = len(w.key) > longestQuoted; w.long {
			w.r.hold.begin(&jsonPlace{hold: &w.r.hold, node: w.node}, "")
			w.r.hold.write(w.key)
			w.key = w.key[:longestNamed]
		}
	} else {
		w.r.hold.write(t.Text)
	}
	if !t.More {
		w.text = append(w.text, ": "...)
		w.word = w.r.words.of(w.key)
		if w.long {
			w.r.hold.end()
		}
	}
}

// string reads a string.
func (w *jsonWalker) string(t lex.Token) {
	if !w.busy {
		w.comma()
		p := &jsonPlace{hold: &w.r.hold, node: w.node, word: w.word, value: true}
		if w.node != nil {
			p.index = w.node.count
		}
		w.r.hold.begin(p, "")
	}
	w.quoted(t)
	w.r.hold.write(t.Text)
	if t.More {
		return
	}
	if w.node != nil {
		w.node.string(w.r.words, w.word, w.r.hold.text())
	}
	w.r.hold.end()
	w.next()
}

// quoted adds a piece of a string to the view "record".
func (w *jsonWalker) quoted(t lex.Token) {
	if !w.busy {
		w.text = append(w.text, '"')
		w.from, w.busy = len(w.text), true
	}
	if w.from >= 0 {
		w.text = appendQuoted(w.text, t.Text)
		if len(w.text)-w.from > longestQuoted {
			w.text, w.from = w.text[:w.from], -1
		}
	}
	if !t.More {
		w.text, w.busy = append(w.text, '"'), false
	}
}

// comma parts members and elements in the view "record", and gives on a view that grew long.
func (w *jsonWalker) comma() {
	n := len(w.text)
	if n == 0 {
		return
	}
	if n > fieldSize && w.node != nil && w.word == nil {
		w.hold(&jsonPlace{hold: &w.r.hold, node: w.node}, viewRecord, w.text)
		w.text = w.text[:0]
		for p := w.node; p != nil; p = p.parent {
			p.start = 0
		}
		return
	}
	switch w.text[n-1] {
	case '{', '[', ' ':
	default:
		w.text = append(w.text, ",\n"...)
	}
}

// next follows a value.
func (w *jsonWalker) next() {
	w.word = nil
	if w.node != nil && w.node.array {
		w.node.count++
	}
}

// leave gives on what is left of a broken value.
func (w *jsonWalker) leave() {
	w.r.hold.end()
	if len(w.text) > 0 {
		w.hold(&jsonPlace{hold: &w.r.hold, node: w.node}, viewRecord, w.text)
	}
}
