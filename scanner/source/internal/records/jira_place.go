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
}

// jiraElement is an element that is open.
type jiraElement struct {
	word *word
	path string // to it in the item, once it was asked for
	id   string
	self about // of a comment or attachment: who and when
}

// jiraPlace is the place of a text in an item.
type jiraPlace struct {
	item   *jiraItem
	self   about
	field  string
	called string // of a custom field
	// attribute is what the attribute of the field is called that it is; empty for the field itself.
	attribute string
	comment   string // the id of a comment
}

// shortestKey is the length below which names and attributes are not searched: no key is shorter.
const shortestKey = 20

// attributes takes what the attributes of an element say, and holds what of the tag could be a key.
func (j *jiraReader) attributes(e *jiraElement) {
	var start, end int
	j.x.Attrs(func(name, value []byte) {
		switch string(name) {
		case "id":
			e.id = label(value)
		case "author":
			e.self.set(meansAuthor, 0, value)
		case "created":
			e.self.set(meansTime, 0, value)
		case "start":
			start = count(value)
		case "end":
			end = count(value)
		}
	})
	if e.word.exact == "issue" && j.item.self.record == outsideItems {
		j.r.total = max(0, end-start)
	}
	if len(e.word.exact) >= shortestKey {
		j.holdName([]byte(e.word.exact))
	}
	j.x.Attrs(func(name, value []byte) {
		if len(name) < shortestKey && len(value) < shortestKey && e.word.exact != "attachment" {
			return
		}
		j.holdName(name)
		file := e.word.exact == "attachment" && string(name) == "name"
		if file || len(value) >= shortestKey {
			p := j.place()
			p.attribute = j.r.words.of(name).name
			if !isTypeName(value) {
				p.called = string(name)
			}
			j.hold(p, value)
		}
	})
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

// path is where the reader stands inside the item.
func (j *jiraReader) path() string {
	switch len(j.open) {
	case 0:
		return ""
	case 1:
		return j.open[0].word.exact
	}
	top := j.open[len(j.open)-1]
	if top.path == "" {
		names := make([]string, 0, 8)
		for _, e := range j.open[:min(len(j.open), 8)] {
			names = append(names, e.word.name)
		}
		top.path = strings.Join(names, "/")
	}
	return top.path
}

// place is where the reader stands.
func (j *jiraReader) place() *jiraPlace {
	p := &jiraPlace{item: j.item}
	history := ""
	for _, e := range j.open {
		if e.self.named() {
			p.self = e.self
		}
		if e.word.history {
			history = historyPrefix
		}
	}
	p.field = history + j.field(p)
	return p
}

// field names the text that begins here as people cite it.
func (j *jiraReader) field(p *jiraPlace) string {
	path := j.path()
	if len(j.open) < 2 {
		return path
	}
	e := j.open[len(j.open)-1]
	switch path {
	case "comments/comment":
		p.comment = e.id
		return strings.TrimSpace("comment " + e.id)
	case "attachments/attachment":
		return strings.TrimSpace("attachment " + e.id)
	case "labels/label":
		return "label"
	}
	if field := j.open[1]; strings.HasPrefix(path, "customfields/customfield/") && j.item.custom != "" {
		p.called = j.item.custom
		if name := label([]byte(p.called)); name != "" {
			return name
		}
		return field.id
	}
	return path
}

// location implements place.
func (p *jiraPlace) location() scanner.Location {
	field := p.field
	if p.attribute != "" {
		field += " " + p.attribute
	}
	at := p.item.self.over(scanner.Location{Record: p.item.self.record, Field: field})
	if at.Record == "" {
		at.Record = "item " + strconv.Itoa(p.item.number)
	}
	at = p.self.over(at)
	if p.comment != "" && at.URL != "" {
		at.URL += "?focusedCommentId=" + p.comment
	}
	return at
}

// name implements place.
func (p *jiraPlace) name() string { return p.called }
