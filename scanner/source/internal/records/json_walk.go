package records

import (
	"bytes"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// jsonWalker reads JSON values as records.
type jsonWalker struct {
	r        *reading
	json     *lex.JSON                 // that gives the tokens, or
	next     func() (lex.Token, error) // what gives them instead
	shape    *shape                    // nil for none
	elements bool                      // the tokens are those of XML
	lines    bool                      // each value at the top is a record on a line of its own
	node     *jsonNode                 // the innermost that is open
	word     *word                     // of the member whose value comes next
	spot     *spot                     // what the shape knows of that value
	last     *jsonMember               // that was named
	members  map[memberName]*jsonMember
	known    []knownMember // by number
	line     int           // of the value at the top, for JSON lines; else 0
	key      []byte        // a name that is being read
	long     bool          // it is held as a text
	text     []byte        // the view "record" of what is open
	from     int           // where the string that is being read begins in text
	busy     bool          // a string is being read
	armored  bool          // its line ends are escaped in text
	read     int           // records read before the value at the top
	values   int           // at the top that were read
	places   room[jsonPlace]
	closed   []*jsonNode // of which texts may be held
	free     []*jsonNode // to be used again
}

// longestQuoted is the longest string that stands in the view "record": what needs its neighbours to be known is short.
const longestQuoted = 16 << 10

// manyNodes is how many nodes are kept to be used again.
const manyNodes = 4 << 10

// mostKept is how large the memory of a node may be that is used again, in bytes.
const mostKept = 4 << 10

// parseJSON returns the parser of JSON values that follow each other; with lines each is a record on a line of its own.
func parseJSON(lines bool) func(*reading) error {
	return func(r *reading) error {
		return (&jsonWalker{r: r, json: lex.NewJSON(r.in), lines: lines}).all()
	}
}

// parseShape returns the parser of a shape in JSON.
func parseShape(s *shape) func(*reading) error {
	return func(r *reading) error {
		r.links = s.links
		return (&jsonWalker{r: r, json: lex.NewJSON(r.in), shape: s}).all()
	}
}

// all reads all values.
func (w *jsonWalker) all() error {
	for !w.r.stopped {
		t, err := w.following()
		if err != nil {
			w.leave()
			return err
		}
		if w.node == nil {
			w.top()
		}
		w.token(t)
	}
	return nil
}

// following reads the next token.
func (w *jsonWalker) following() (lex.Token, error) {
	if w.json != nil {
		return w.json.Next()
	}
	return w.next()
}

// top begins a value at the top. A second one says that they stand on lines, so that reading can go on behind a broken one.
func (w *jsonWalker) top() {
	if w.lines {
		w.line = w.r.in.Line()
	}
	if w.values == 1 && !w.elements {
		w.r.resume = "\n"
	}
}

func (w *jsonWalker) token(t lex.Token) {
	switch t.Kind {
	case lex.Object, lex.Array:
		w.open(t.Kind == lex.Array)
	case lex.End:
		w.close()
	case lex.Key:
		w.readName(t)
	case lex.Text:
		w.string(t)
	case lex.Scalar:
		w.comma()
		w.text = append(w.text, t.Text...)
		if w.node != nil && w.word != nil && t.Text[0] < 'a' {
			w.node.tell(w.r.words, w.word, w.spot, t.Text)
		}
		w.after()
	}
}

// open begins an object or array.
func (w *jsonWalker) open(array bool) {
	w.comma()
	n := w.newNode()
	n.parent, n.word, n.spot, n.array, n.element, n.start = w.node, w.word, w.spot, array, w.elements, len(w.text)
	switch {
	case w.node == nil:
		n.line, n.record = w.line, w.line > 0 && !array
		if w.shape != nil {
			n.spot = w.shape.spots()
		}
	case w.node.array:
		n.index = w.node.count
		n.record = !array && w.node.outermost()
	case w.elements:
		n.record = w.node.parent != nil && w.node.parent.parent == nil
	}
	if n.spot != nil && n.spot.record && !array {
		n.shaped()
	}
	n.history = n.parent != nil && n.parent.history || n.word != nil && n.word.history || n.spot != nil && n.spot.history
	w.node = n
	w.name(nil)
	w.text = append(w.text, brackets(array)[0])
}

// name is the name of the value that comes next; nil for an element.
func (w *jsonWalker) name(k *word) {
	w.word, w.spot = k, nil
	switch {
	case w.node == nil || w.node.spot == nil:
	case k != nil:
		w.spot = w.node.spot.child(k.exact)
	case w.node.array:
		w.spot = w.node.spot.child("[]")
	}
}

// brackets are those around an object or array.
func brackets(array bool) string {
	if array {
		return "[]"
	}
	return "{}"
}

// close ends the innermost object or array.
func (w *jsonWalker) close() {
	n := w.node
	w.text = append(w.text, brackets(n.array)[1])
	if n.spans > 1 && n.split && !n.loose {
		w.hold(&jsonPlace{node: n}, viewJoined, n.joined)
	}
	n.joined = n.joined[:0]
	w.node = n.parent
	if n.record || w.node == nil {
		w.r.hold.begin(&jsonPlace{node: n}, viewRecord)
		w.r.hold.open.inside = n.start
		w.r.hold.open.quoted = onlyQuotes(w.text[n.start:])
		w.r.hold.write(w.text[n.start:])
		w.r.hold.end()
		w.text = w.text[:n.start]
		w.count(n)
	}
	if w.node != nil && w.node.array && n.self.named() {
		w.node.loose = true
	}
	w.closed = append(w.closed, n)
	w.after()
	if w.node == nil {
		w.values++
	}
	if w.node == nil || n.record && (w.node.parent == nil || n.sure || w.elements) {
		n.settle()
		w.r.hold.record()
	}
}

// newNode returns an empty node, of those that no text is held of any more where there is one.
func (w *jsonWalker) newNode() *jsonNode {
	if len(w.r.hold.held) == 0 {
		w.free, w.closed = append(w.free, w.closed...), w.closed[:0]
	}
	if len(w.free) > manyNodes || len(w.closed) > manyNodes {
		w.free, w.closed = nil, nil
	}
	last := len(w.free) - 1
	if last < 0 {
		return &jsonNode{}
	}
	n := w.free[last]
	w.free = w.free[:last]
	joined := n.joined[:0]
	if cap(joined) > mostKept {
		joined = nil
	}
	*n = jsonNode{joined: joined}
	return n
}

// count counts a record that was read whole. A value at the top that is a ticket is one with all that is in it.
func (w *jsonWalker) count(n *jsonNode) {
	switch {
	case n.record && (w.shape == nil || w.shape.members == nil || n.sure):
		w.r.record()
	case n.record:
	case n.self.ticket() && !n.holds:
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

// readName reads a member's name. It is searched as part of the view "record"; one that is too long for that, as a text.
func (w *jsonWalker) readName(t lex.Token) {
	if w.again(t.Known) {
		return
	}
	if !w.busy {
		w.comma()
		w.key, w.long = w.key[:0], false
	}
	w.quoted(t)
	if !w.long {
		w.key = append(w.key, t.Text...)
		if w.long = len(w.key) > longestQuoted; w.long {
			w.r.hold.begin(&jsonPlace{node: w.node}, "")
			w.r.hold.write(w.key)
			w.key = w.key[:longestNamed]
		}
	} else {
		w.r.hold.write(t.Text)
	}
	if !t.More {
		w.text = append(w.text, ": "...)
		w.member(w.key)
		if w.long {
			w.r.hold.end()
		} else if t.Known > 0 {
			w.remember(t.Known)
		}
	}
}

// string reads a string.
func (w *jsonWalker) string(t lex.Token) {
	begins := !w.busy
	if begins {
		w.comma()
		p := w.place()
		if w.node != nil {
			p.index = w.node.count
		}
		w.r.hold.begin(p, "")
		w.r.hold.open.again = w.spot != nil && w.spot.again
	}
	if begins && t.Bare && len(t.Text) <= longestQuoted && !bytes.HasPrefix(t.Text, armor) {
		w.text = append(w.text, '"')
		w.from = len(w.text)
		w.text = append(append(w.text, t.Text...), '"')
	} else {
		w.quoted(t)
	}
	if begins {
		w.r.hold.open.inside = w.from
	}
	w.r.hold.write(t.Text)
	if t.More {
		return
	}
	if w.node != nil {
		w.node.string(w.r.words, w.word, w.spot, w.r.hold.text())
	}
	w.r.hold.end()
	w.after()
}

// place is the place of the value that comes next.
func (w *jsonWalker) place() *jsonPlace {
	p := w.places.next(len(w.r.hold.held) == 0)
	*p = jsonPlace{node: w.node, word: w.word, spot: w.spot, value: true}
	return p
}

// armor begins keys that a JSON file holds as one string: what such a file is known by has the ends of lines in it as \n.
var armor = []byte("-----BEGIN ")

// quoted adds a piece of a string to the view "record".
func (w *jsonWalker) quoted(t lex.Token) {
	if !w.busy {
		w.text = append(w.text, '"')
		w.from, w.busy = len(w.text), true
	}
	if w.from >= 0 {
		if from := len(w.text); from == w.from {
			w.armored = bytes.HasPrefix(t.Text, armor)
		}
		if w.armored {
			w.text = appendQuoted(w.text, t.Text)
		} else {
			w.text = appendString(w.text, t.Text)
		}
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
		w.hold(&jsonPlace{node: w.node}, viewRecord, w.text)
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

// after follows a value.
func (w *jsonWalker) after() {
	if w.node != nil && w.node.array {
		w.node.count++
	}
	w.name(nil)
}

// leave gives on what is left of a broken value.
func (w *jsonWalker) leave() {
	w.r.hold.end()
	if len(w.text) > 0 {
		w.hold(&jsonPlace{node: w.node}, viewRecord, w.text)
	}
}
