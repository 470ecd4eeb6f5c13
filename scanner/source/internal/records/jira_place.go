package records

import (
	"strconv"
	"strings"

	"github.com/quash-sh/quash/scanner"
)

// jiraItem is an issue, or what stands outside of all.
type jiraItem struct {
	self   about
	number int    // the first is 1
	custom string // the name of the custom field that is being read
	// link and created are what it says of itself that nobody has asked for yet.
	link, created string
}

// note keeps what an item says of itself until its place is asked for: that of few is.
func (i *jiraItem) note(at *string, value []byte) {
	if *at != "" {
		i.settle()
	}
	if len(value) > longestLink {
		return // it says nothing
	}
	*at = string(value)
}

// settle looks at what was noted.
func (i *jiraItem) settle() {
	i.self.set(meansURL, 0, []byte(i.link))
	i.self.set(meansTime, 0, []byte(i.created))
	i.link, i.created = "", ""
}

// jiraElement is an element that is open.
type jiraElement struct {
	way *jiraWay
	id  string   // of a part or a custom field
	who *jiraWho // of the innermost element around it that says one
}

// jiraWho is what a comment, an attachment or a change says of who wrote it and when.
type jiraWho struct {
	around          *jiraWho
	author, created string
}

// over lays what is said over a place: by the innermost element that says something.
func (w *jiraWho) over(at scanner.Location) scanner.Location {
	for ; w != nil; w = w.around {
		var self about
		self.set(meansAuthor, 0, []byte(w.author))
		self.set(meansTime, 0, []byte(w.created))
		if self.named() {
			return self.over(at)
		}
	}
	return at
}

// jiraPlace is the place of a text in an item.
type jiraPlace struct {
	item   *jiraItem
	way    *jiraWay // nil for what has a field alone
	who    *jiraWho
	field  string
	called string // what it is searched with, of a custom field or an attribute
	custom string // the name of the custom field that it is in
	// attribute is what the attribute of the field is called that it is; empty for the field itself.
	attribute string
	id        string // of the part or custom field that it is in
}

// shortestKey is the length below which names and attributes are not searched: no key is shorter.
const shortestKey = 20

// attributes takes what the attributes of an element say, and holds what of the tag could be a key.
func (j *jiraReader) attributes(e *jiraElement) {
	if name := e.way.word.exact; len(name) >= shortestKey {
		j.holdName([]byte(name))
	}
	if len(j.x.RawAttrs()) == 0 {
		return
	}
	j.about(e)
	attachment := e.way.word.exact == "attachment"
	j.x.Attrs(func(name, value []byte) {
		if len(name) < shortestKey && len(value) < shortestKey && !attachment {
			return
		}
		j.holdName(name)
		if attachment && string(name) == "name" || len(value) >= shortestKey {
			p := j.place(e)
			p.attribute = j.r.words.of(name).name
			if !isTypeName(value) {
				p.called = string(name)
			}
			j.hold(p, value)
		}
	})
}

// about takes what the attributes of an element say of it.
func (j *jiraReader) about(e *jiraElement) {
	var start, end int
	var who jiraWho
	j.x.Attrs(func(name, value []byte) {
		switch {
		case string(name) == "id" && e.way.part != jiraField:
			e.id = label(value)
		case string(name) == "author" && who.author == "":
			who.author = label(value)
		case string(name) == "created" && who.created == "" && len(value) <= longestTime:
			who.created = string(value)
		case string(name) == "start":
			start = count(value)
		case string(name) == "end":
			end = count(value)
		}
	})
	if e.way.word.exact == "issue" && j.item.self.record == outsideItems {
		j.r.total = max(0, end-start)
	}
	if who.author != "" || who.created != "" {
		e.who = &jiraWho{e.who, who.author, who.created}
	}
}

// isTypeName reports whether a value is the name of a type of fields, such as "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
// which an export gives as its key: three words of letters or more with dots between, the last with another behind a colon, or none.
func isTypeName(value []byte) bool {
	dots, colons, from := 0, 0, 0
	for i, c := range value {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', i > from && (c == '-' || c == '_'):
			continue
		case i == from, colons > 0, c != '.' && c != ':':
			return false
		case c == '.':
			dots++
		default:
			colons++
		}
		from = i + 1
	}
	return dots >= 2 && from < len(value)
}

// holdName holds the name of an element or attribute that is no name.
func (j *jiraReader) holdName(name []byte) {
	if len(name) >= shortestKey {
		j.hold(&jiraPlace{item: j.item, field: "xml name"}, name)
	}
}

func (j *jiraReader) hold(p *jiraPlace, text []byte) {
	j.r.hold.begin(p, "")
	j.r.hold.write(text)
	j.r.hold.end()
}

// count reads a number of records; what is none is 0.
func count(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 1e9 {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// top is the innermost element that is open outside of a text.
func (j *jiraReader) top() *jiraElement {
	if n := len(j.open); n > 0 {
		return &j.open[n-1]
	}
	return &jiraElement{way: &j.ways.root}
}

// place is the place of a text in an element, or of an attribute of it.
func (j *jiraReader) place(e *jiraElement) *jiraPlace {
	p := j.places.next(len(j.r.hold.held) == 0)
	*p = jiraPlace{item: j.item, way: e.way, who: e.who, id: e.id}
	if e.way.part == jiraCustom && e.way.depth > 2 && j.item.custom != "" {
		p.called, p.custom, p.id = j.item.custom, j.item.custom, j.open[1].id
	}
	return p
}

// cited names the text as people cite it.
func (p *jiraPlace) cited() string {
	switch {
	case p.way == nil:
		return p.field
	case p.way.part == jiraComment:
		return p.way.history + strings.TrimSpace("comment "+p.id)
	case p.way.part == jiraAttachment:
		return p.way.history + strings.TrimSpace("attachment "+p.id)
	case p.custom != "":
		if name := label([]byte(p.custom)); name != "" {
			return p.way.history + name
		}
		return p.way.history + p.id
	case p.way.path == "labels/label":
		return p.way.history + "label"
	}
	return p.way.history + p.way.path
}

// location implements place.
func (p *jiraPlace) location() scanner.Location {
	field := p.cited()
	if p.attribute != "" {
		field += " " + p.attribute
	}
	p.item.settle()
	at := p.item.self.over(scanner.Location{Record: p.item.self.record, Field: field})
	if at.Record == "" {
		at.Record = "item " + strconv.Itoa(p.item.number)
	}
	at = p.who.over(at)
	if p.way != nil && p.way.part == jiraComment && p.id != "" && at.URL != "" {
		at.URL += "?focusedCommentId=" + p.id
	}
	return at
}

// name implements place.
func (p *jiraPlace) name() string { return p.called }
