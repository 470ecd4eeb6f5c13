package records

// jsonMember is a member that was met, by its name and what the shape knows of the object. Records name theirs in the same order, mostly: so
// what is known of a name is looked for behind the one before it.
type jsonMember struct {
	memberName
	spot *spot
	next [2]*jsonMember // that followed it, the last one first
}

type memberName struct {
	word *word
	in   *spot // of the object
}

// member is the name of the value that comes next.
func (w *jsonWalker) member(name []byte) {
	var in *spot
	if w.node != nil {
		in = w.node.spot
	}
	m := w.last.follower(in, name)
	if m == nil {
		m = w.met(memberName{w.r.words.of(name), in})
		if w.last != nil {
			w.last.next[0], w.last.next[1] = m, w.last.next[0]
		}
	}
	w.last, w.word, w.spot = m, m.word, m.spot
}

// follower is the member of that name that followed this one before, or nil.
func (m *jsonMember) follower(in *spot, name []byte) *jsonMember {
	if m == nil {
		return nil
	}
	for _, n := range m.next {
		if n != nil && n.in == in && n.word.exact == string(name) {
			return n
		}
	}
	return nil
}

// met is the member of a name. Of many the first maxWords are remembered.
func (w *jsonWalker) met(name memberName) *jsonMember {
	m := w.members[name]
	if m != nil {
		return m
	}
	m = &jsonMember{memberName: name, spot: name.in.child(name.word.exact)}
	if w.members == nil {
		w.members = map[memberName]*jsonMember{}
	}
	if len(w.members) < maxWords {
		w.members[name] = m
	}
	return m
}

// knownMember is a member whose name the reader of tokens knows by a number.
type knownMember struct {
	*jsonMember
	text string // what it adds to the view "record" behind another one
}

// betweenMembers stands between members in the view "record".
const betweenMembers = ",\n"

// remember remembers the member that was read last by a number.
func (w *jsonWalker) remember(number int32) {
	for len(w.known) <= int(number) {
		w.known = append(w.known, knownMember{})
	}
	w.known[number] = knownMember{w.last, betweenMembers + string(w.text[w.from-1:])}
}

// again reads a name that is known by a number in such an object, and reports whether it is.
func (w *jsonWalker) again(number int32) bool {
	n := len(w.text)
	if number == 0 || int(number) >= len(w.known) || n == 0 || n > fieldSize || w.node == nil {
		return false
	}
	m := &w.known[number]
	if m.jsonMember == nil || m.in != w.node.spot {
		return false
	}
	text := m.text
	if w.text[n-1] == '{' {
		text = text[len(betweenMembers):]
	}
	w.text = append(w.text, text...)
	w.last, w.word, w.spot = m.jsonMember, m.word, m.spot
	return true
}
