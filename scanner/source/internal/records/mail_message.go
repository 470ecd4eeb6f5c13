package records

import (
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// message is a mail, or one within another.
type message struct {
	outer  *message
	record string // of the outermost
	prefix string // of all records
	self   about
	length int64 // what it says of the length of its body; 0 when it says nothing
	// id, from and date are what headers say that nobody has asked for yet.
	id, from, date string
}

// mailPlace is the place of a text in a mail.
type mailPlace struct {
	message *message
	field   string      // of a header the part that it is of
	header  *headerName // nil for what is none
}

// location implements place.
func (p *mailPlace) location() scanner.Location {
	return p.message.at(scanner.Location{Field: p.cited()})
}

// cited names the text as people cite it.
func (p *mailPlace) cited() string {
	switch {
	case p.header == nil:
		return p.field
	case p.field == "":
		return p.header.shown
	}
	return p.field + " " + p.header.shown
}

// name implements place.
func (p *mailPlace) name() string { return "" }

// at lays over a place what a message says of itself.
func (m *message) at(at scanner.Location) scanner.Location {
	m.settle()
	if m.outer != nil {
		at = m.outer.at(at)
	} else {
		at.Record = m.record
	}
	return m.self.over(at)
}

// tell takes what a header says of its message.
func (m *message) tell(name, value string) {
	switch name {
	case "message-id":
		m.note(&m.id, value)
	case "from":
		m.note(&m.from, value)
	case "date":
		m.note(&m.date, value)
	case "content-length":
		m.length, _ = strconv.ParseInt(value, 10, 64) // what is no number is not said
	}
}

// note keeps what a header says until the message's place is asked for: that of few is.
func (m *message) note(at *string, value string) {
	if *at != "" {
		m.settle()
	}
	*at = value
}

// settle looks at what was noted.
func (m *message) settle() {
	if m.id != "" && m.outer == nil {
		if id := messageID(m.id); id != "" {
			m.record = m.prefix + id
		}
	}
	if m.from != "" {
		m.author(m.from)
	}
	if t, ok := mailTime(m.date); ok {
		m.self.time = t
	}
	m.id, m.from, m.date = "", "", ""
}

// author takes the name and the address of who wrote it, as far as they can be told apart.
func (m *message) author(value string) {
	name, address := value, ""
	if at := strings.LastIndexByte(value, '<'); at >= 0 {
		name = strings.Trim(value[:at], " \t\"")
		address, _, _ = strings.Cut(value[at+1:], ">")
	} else if a, err := mail.ParseAddress(value); err == nil {
		name, address = a.Name, a.Address
	}
	if strings.TrimSpace(name) == "" {
		name = address
	}
	m.self.set(meansAuthor, 0, []byte(name))
	m.self.set(meansEmail, 0, []byte(address))
}

// zones are the zones that RFC 822 knows by name.
var zones = strings.NewReplacer(" EST", " -0500", " EDT", " -0400", " CST", " -0600", " CDT", " -0500", " MST", " -0700", " MDT", " -0600", " PST", " -0800", " PDT", " -0700")

// mailTime reads a time as mails write it, obsolete forms among them, with a remark behind it or without.
func mailTime(value string) (time.Time, bool) {
	plain, _, _ := strings.Cut(value, "(")
	plain = zones.Replace(plain)
	if t, ok := parseTime(plain); ok { // as nearly all do, in a tenth of the time
		return t, true
	}
	t, err := mail.ParseDate(plain)
	return t.UTC(), err == nil && plausible(t)
}

// systemID are the names that mail systems make up for messages by themselves, which look like keys and are none.
var systemID = expression(`^(?:CA[\w+=.-]{30,80}@mail\.gmail\.com|[0-9A-Z]{20,60}@[0-9A-Z.-]+\.(?:prod\.outlook\.com|PROD\.OUTLOOK\.COM)|[0-9a-f-]{40,90}@(?:[a-z0-9-]+\.)?amazonses\.com)$`)

// messageID returns the name of a message as a location may show it, without its brackets.
func messageID(value string) string {
	id := strings.TrimSpace(value)
	if from := strings.IndexByte(id, '<'); from >= 0 {
		id, _, _ = strings.Cut(id[from+1:], ">")
	}
	if systemID().MatchString(id) {
		return id
	}
	return label([]byte(id))
}
