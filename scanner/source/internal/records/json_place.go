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
	spot    *spot // what a shape knows of it; nil for nothing
	array   bool
	index   int  // in the array
	count   int  // elements so far, of an array
	line    int  // of a value at the top of JSON lines
	record  bool // an element of an outermost array or a value at the top of JSON lines: a record for want of a better
	sure    bool // a shape says that it is a record
	holds   bool // such a one is inside
	element bool // of XML
	history bool
	start   int // where it begins in the view "record"

	self  about
	label string // of a pair like {"name": n, "value": v}: n

	joined []byte // of an array: the texts of its elements
	spans  int    // how many they are
	split  bool   // some were in objects
	loose  bool   // some were things of their own, not spans of one text

	known *jsonKnown // once it was asked for
	base  *jsonKnown // what was known of the parent when the node ended, of a record
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

// shaped makes the node a record, because a shape says so. What is around it is none, though a shape may take either for one.
func (n *jsonNode) shaped() {
	n.record, n.sure = true, true
	for p := n.parent; p != nil; p = p.parent {
		p.record, p.sure, p.holds = false, false, true
		p.self.told++
	}
}

// string takes what a string says of the object or array that it stands in.
func (n *jsonNode) string(words *Words, name *word, at *spot, value []byte) {
	if name == nil {
		n.span(value)
		return
	}
	n.tell(words, name, at, value)
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
	if n.array && !n.loose && len(n.joined)+len(text) <= longestJoined {
		n.joined = append(n.joined, text...)
		n.spans++
	}
}

// tell takes what the value of a member says of the object, and of the one around it.
func (n *jsonNode) tell(words *Words, name *word, at *spot, value []byte) {
	if at != nil && at.means != meansNothing {
		n.thing().self.set(at.means, at.rank, at.value(value))
		n.thing().self.set(at.also, at.rank, value)
		return
	}
	if at != nil && at.aside {
		return
	}
	m, rank := words.mean(name)
	if n.spot == nil || !n.spot.skip {
		n.self.set(m, rank, value)
	}
	if n.parent == nil {
		return
	}
	if n.spot != nil && n.spot.means != meansNothing {
		n.person(name, m, value)
		return
	}
	if n.word == nil {
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

// person takes what a member says of the person that the object stands for.
func (n *jsonNode) person(name *word, m meaning, value []byte) {
	thing := n.parent.thing()
	if name.person > 0 {
		thing.self.set(n.spot.means, n.spot.rank+name.person, value)
	}
	if m == meansEmail {
		thing.self.set(meansEmail, n.spot.rank, value)
	}
}

// thing is the innermost record or part that the node stands in, or what is at the top.
func (n *jsonNode) thing() *jsonNode {
	for n.parent != nil && !(n.spot != nil && (n.spot.record || n.spot.part != "") && !n.array) {
		n = n.parent
	}
	return n
}

// jsonKnown is what is known of a node at one time.
type jsonKnown struct {
	told int              // how much the node, and what is around it, had been told
	rank int              // of the record; the lowest is the surest, 0 is none
	part string           // of the record, that the node stands in
	path string           // from the record or its part to the node
	same bool             // what is in the node has the node's own field
	at   scanner.Location // the record, and who wrote the node and when
}

// settle keeps what is known around a record that has ended: what comes behind it says nothing of it.
func (n *jsonNode) settle() {
	if n.parent != nil {
		n.base = n.parent.at()
	}
}

// told is how much the node, and what is around it, was told.
func (n *jsonNode) told() int {
	sum := n.self.told
	for n.base == nil && n.parent != nil {
		n = n.parent
		sum += n.self.told
	}
	return sum
}

// at returns what is known of the node now.
func (n *jsonNode) at() *jsonKnown {
	told := n.told()
	if n.known == nil || n.known.told != told {
		n.known = n.know()
		n.known.told = told
	}
	return n.known
}

func (n *jsonNode) know() *jsonKnown {
	k := &jsonKnown{at: scanner.Location{Record: "top"}}
	if n.parent != nil {
		around := n.base
		if around == nil {
			around = n.parent.at()
		}
		*k = *around
		n.extend(k)
	}
	if rank := n.rank(); rank > 0 && (k.rank == 0 || rank < k.rank) {
		name := n.title()
		if n.sure && n.spot.under && n.parent != nil {
			name = strings.TrimPrefix(n.parent.thing().self.record+"/"+name, "/")
		}
		k.rank, k.part, k.path, k.at = rank, "", "", scanner.Location{Record: name}
	}
	if n.spot != nil && n.spot.part != "" && !n.array {
		k.part, k.path = strings.TrimSpace(k.part+" "+n.spot.part+" "+n.id()), ""
	}
	k.at = n.self.over(k.at)
	return k
}

// extend makes the path to the node of that to what is around it.
func (n *jsonNode) extend(k *jsonKnown) {
	switch s := n.spot; {
	case k.same || s != nil && s.skip:
	case s != nil && (s.as != "" || s.main):
		k.path, k.same = joinPath(k.path, s.as), true
	default:
		k.path = joinPath(k.path, n.segment())
	}
}

// id is what tells a part from others.
func (n *jsonNode) id() string {
	switch {
	case n.self.part != "":
		return n.self.part
	case n.self.record != "" && !n.sure:
		return n.self.record
	case n.parent != nil && n.parent.array && !n.sure:
		return "#" + strconv.Itoa(n.index+1)
	}
	return ""
}

// rank says how sure it is that the node is a record; of nodes inside each other the outermost of the lowest rank is one.
func (n *jsonNode) rank() int {
	named := n.self.record != ""
	switch {
	case n.array:
		return 0
	case n.sure:
		return 1
	case n.self.ticket(), n.record && named:
		return 2
	case named && (n.word == nil || n.word.means != meansAuthor):
		return 3
	case n.record:
		return 4
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
	case n.word != nil && n.element && n.self.record != "":
		return n.word.name + "[id=" + n.self.record + "]"
	case n.word != nil:
		return n.word.name
	case n.self.record != "":
		return "[id=" + n.self.record + "]"
	}
	return "[" + strconv.Itoa(n.index) + "]"
}

// joinPath adds a segment to a path, of which it keeps the end.
func joinPath(path, segment string) string {
	if path != "" && segment != "" && !strings.HasPrefix(segment, "[") {
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
	node  *jsonNode // nil at the top
	word  *word     // nil for an element of an array
	spot  *spot     // what a shape knows of it
	index int
	value bool
}

// location implements place.
func (p *jsonPlace) location() scanner.Location {
	if p.node == nil {
		return scanner.Location{Record: "top"}
	}
	k := p.node.at()
	at := k.at
	field := k.path
	switch {
	case p.word != nil:
		field = p.field(k)
	case p.value && p.node.array && !k.same:
		field = joinPath(k.path, "["+strconv.Itoa(p.index)+"]")
	}
	at.Field = strings.TrimSpace(k.part + " " + field)
	if p.node.history || p.word != nil && p.word.history || p.spot != nil && p.spot.history {
		at.Field = historyPrefix + at.Field
	}
	return at
}

// name implements place.
func (p *jsonPlace) name() string {
	switch {
	case p.node == nil:
		return ""
	case p.word != nil && p.word.value && p.node.label != "":
		return p.node.label
	case p.word != nil:
		return p.word.exact
	case p.value && p.node.array && p.node.word != nil:
		return p.node.word.exact
	}
	return ""
}

// field is the path from the record or its part to a member.
func (p *jsonPlace) field(k *jsonKnown) string {
	switch s := p.spot; {
	case k.same || s != nil && s.main || p.node.element && p.word.exact == xmlText:
		return k.path
	case s != nil && s.as != "":
		return joinPath(k.path, s.as)
	}
	return joinPath(k.path, p.word.name)
}
