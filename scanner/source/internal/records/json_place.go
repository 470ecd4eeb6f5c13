package records

import (
	"strconv"
	"strings"

	"github.com/quash-sh/quash/scanner"
)

// jsonNode is an object or array that is open, or that was and still has texts that are held.
type jsonNode struct {
	parent  *jsonNode
	word    *word // the member's name; nil for an element of an array and at the top
	array   bool
	index   int  // in the array
	count   int  // elements so far, of an array
	line    int  // of a value at the top of JSON lines
	record  bool // an element of an outermost array or a value at the top of JSON lines: a record for want of a better
	history bool
	start   int // where it begins in the view "record"

	self  about
	label string // of a pair like {"name": n, "value": v}: n

	joined []byte // of an array: the texts of its elements
	spans  int    // how many they are
	split  bool   // some were in objects
	loose  bool   // some were things of their own, not spans of one text

	known jsonKnown
}

// longestJoined bounds the joined text of spans.
const longestJoined = 256 << 10

// outermost reports whether an array has no array, nor a line's record, around it.
func (n *jsonNode) outermost() bool {
	for p := n.parent; p != nil; p = p.parent {
		if p.array || p.record {
			return false
		}
	}
	return true
}

// string takes what a string says of the object or array that it stands in.
func (n *jsonNode) string(words *Words, name *word, value []byte) {
	if name == nil {
		n.span(value)
		return
	}
	n.tell(words, name, value)
	if name.label && n.label == "" && len(value) <= maxLabel {
		n.label = string(value)
	}
	if name.span && n.parent != nil && n.parent.array {
		n.parent.span(value)
		n.parent.split = true
	}
}

// span adds the text of an element to the joined text of an array.
func (n *jsonNode) span(text []byte) {
	if n.array && len(n.joined)+len(text) <= longestJoined {
		n.joined = append(n.joined, text...)
		n.spans++
	}
}

// tell takes what the value of a member says of the object, and of the one around it.
func (n *jsonNode) tell(words *Words, name *word, value []byte) {
	m, rank := words.mean(name)
	n.self.set(m, rank, value)
	if n.word == nil || n.parent == nil {
		return
	}
	around, rank := words.meanAround(n.word, name)
	n.parent.self.set(around, rank, value)
	if around == meansAuthor && m == meansEmail {
		n.parent.self.set(meansEmail, rank, value)
	}
	if n.parent.word != nil && n.parent.word.wrapper && n.parent.parent != nil {
		n.parent.parent.self.set(around, rank, value)
	}
}

// jsonKnown is what is known of a node at one flush.
type jsonKnown struct {
	turn int              // the flush, counted from 1
	rank int              // of the record; the lowest is the surest, 0 is none
	path string           // from the record to the node
	at   scanner.Location // the record, and who wrote the node and when
}

// at returns what is known of the node now.
func (n *jsonNode) at(turn int) jsonKnown {
	if n.known.turn == turn {
		return n.known
	}
	k := jsonKnown{at: scanner.Location{Record: "top"}}
	if n.parent != nil {
		k = n.parent.at(turn)
		k.path = joinPath(k.path, n.segment())
	}
	k.turn = turn
	if rank := n.rank(); rank > 0 && (k.rank == 0 || rank < k.rank) {
		k.rank, k.path, k.at = rank, "", scanner.Location{Record: n.title()}
	}
	k.at = n.self.over(k.at)
	n.known = k
	return k
}

// rank says how sure it is that the node is a record; of nodes inside each other the outermost of the lowest rank is one.
func (n *jsonNode) rank() int {
	named := n.self.record != ""
	switch {
	case n.array:
		return 0
	case n.self.ticket(), n.record && named:
		return 1
	case named && (n.word == nil || n.word.means != meansAuthor):
		return 2
	case n.record:
		return 3
	}
	return 0
}

// title is what the record is called.
func (n *jsonNode) title() string {
	switch {
	case n.self.record != "":
		return n.self.record
	case n.line > 0:
		return "line " + strconv.Itoa(n.line)
	case n.word != nil:
		return n.word.name
	}
	return "record " + strconv.Itoa(n.index+1)
}

// segment is the node's part of a path.
func (n *jsonNode) segment() string {
	switch {
	case n.word != nil:
		return n.word.name
	case n.self.record != "":
		return "[id=" + n.self.record + "]"
	}
	return "[" + strconv.Itoa(n.index) + "]"
}

// joinPath adds a segment to a path, of which it keeps the end.
func joinPath(path, segment string) string {
	if path != "" && !strings.HasPrefix(segment, "[") {
		path += "."
	}
	path += segment
	if len(path) > maxPath {
		path = "…" + strings.ToValidUTF8(path[len(path)-maxPath:], "")
	}
	return path
}

// jsonPlace is the place of a string, or with no value that of a node.
type jsonPlace struct {
	hold  *holder
	node  *jsonNode // nil at the top
	word  *word     // nil for an element of an array
	index int
	value bool
}

// location implements place.
func (p *jsonPlace) location() (scanner.Location, string) {
	if p.node == nil {
		return scanner.Location{Record: "top"}, ""
	}
	k := p.node.at(p.hold.turn)
	at, name := k.at, ""
	at.Field = k.path
	switch {
	case p.word != nil:
		at.Field, name = joinPath(k.path, p.word.name), p.word.exact
		if p.word.value && p.node.label != "" {
			name = p.node.label
		}
	case p.value && p.node.array:
		at.Field = joinPath(k.path, "["+strconv.Itoa(p.index)+"]")
		if p.node.word != nil {
			name = p.node.word.exact
		}
	}
	if p.node.history || p.word != nil && p.word.history {
		at.Field = historyPrefix + at.Field
	}
	return at, name
}
