package records

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// expression is an expression that is compiled when it is first asked for: most runs read no export.
func expression(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// meaning is what the value of a column or member tells of its record.
type meaning uint8

const (
	meansNothing meaning = iota
	meansRecord          // what people call the record
	meansAuthor
	meansEmail
	meansTime // when it was written
	meansURL
	meansText // what somebody wrote
	meansPart // what a part of a record is called among its like
)

// defaultWords are the names, without case and punctuation, that exports use for each meaning, the best first.
var defaultWords = map[meaning]string{
	meansRecord: "issuekey key identifier iid number ticketnumber ticketid issueid taskid id gid sysid uuid " +
		"caseid casenumber ticket issue",
	meansAuthor: "author authorname createdby creator reporter requester requestername user username sender from fromname " +
		"submitter submittedby openedby syscreatedby membercreator authorid userid creatorid reporterid " +
		"reportedby postedby writtenby",
	meansEmail: "authoremail useremail reporteremail requesteremail emailaddress email",
	meansTime: "created createdat createdtime createddatetime createdon creationdate createddate opened openedat syscreatedon submittedat " +
		"publishedat date datetime timestamp time ts updated updatedat updateddatetime lastmodified sysupdatedon",
	meansURL: "htmlurl weburl permalink ticketurl issueurl shorturl link url",
	meansText: "summary title subject description shortdescription body bodyhtml content text plaintext message comment " +
		"comments notes worknotes desc",
}

// personWords are the names of a person's name in an object that stands for one ({"user":{"login":"ann"}}), the best first.
const personWords = "displayname realname fullname name login username emailaddress email id"

// historyWords name what holds older values of a record; historyPrefix begins the fields of places in it.
const (
	historyWords  = "changelog changehistory histories history previous old edits usercontentedits revisions"
	historyPrefix = "history "
)

// wrapperWords name objects whose members speak of the record around them (Jira: fields; JSON API: attributes).
const wrapperWords = "fields attributes"

// labelWords and valueWords are the names of the two members of a pair that is written {"name": n, "value": v}.
const (
	labelWords = "name key variable field label title"
	valueWords = "value val secret secretvalue"
)

// spanWords name the text of a span, in formats that split a text where its looks change.
const spanWords = "text"

// wordRank is the rank of the best word. What a shape knows is better.
const wordRank = 1000

// word is what is known of a name in an export.
type word struct {
	known   bool   // it is one of the names below
	name    string // as a location may show it
	exact   string // as it stands
	means   meaning
	rank    int // of names with one meaning, in tens; the lowest wins
	person  int // 1 to 9: it is a person's name, by rank
	history bool
	wrapper bool
	label   bool
	value   bool
	span    bool // what a span of text is called
}

// fieldNames are the names by which Options.Fields knows the meanings.
var fieldNames = map[string]meaning{
	"record": meansRecord, "author": meansAuthor, "time": meansTime, "text": meansText, "url": meansURL,
}

// knownWords are the words that exports use, by plain spelling.
var knownWords = sync.OnceValue(func() map[string]word {
	known := map[string]word{}
	learn := func(list string, set func(w *word, i int)) {
		for i, name := range strings.Fields(list) {
			w := known[name]
			w.known = true
			set(&w, i+1)
			known[name] = w
		}
	}
	for m, list := range defaultWords {
		learn(list, func(w *word, i int) { w.means, w.rank = m, wordRank+10*i })
	}
	learn(personWords, func(w *word, i int) { w.person = i })
	learn(historyWords, func(w *word, _ int) { w.history = true })
	learn(wrapperWords, func(w *word, _ int) { w.wrapper = true })
	learn(labelWords, func(w *word, _ int) { w.label = true })
	learn(valueWords, func(w *word, _ int) { w.value = true })
	learn(spanWords, func(w *word, _ int) { w.span = true })
	return known
})

// Words knows what names mean. It remembers spellings as it goes and is used by one reading at a time.
type Words struct {
	custom map[string]word // by plain spelling, "name" or "parent.name": what the user said
	seen   map[string]*word
}

// maxWords is how many spellings are remembered.
const maxWords = 4096

// NewWords returns the known words, and before them those that the user gave: a name, or "parent.name", for each meaning ("record",
// "author", "time", "text", "url"). Another meaning is an error.
func NewWords(fields map[string]string) (*Words, error) {
	w := &Words{custom: map[string]word{}, seen: map[string]*word{}}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		m, ok := fieldNames[field]
		if !ok {
			return nil, fmt.Errorf("no field is called %q; known are %s", field, strings.Join(slices.Sorted(maps.Keys(fieldNames)), ", "))
		}
		w.custom[plainName(fields[field])] = word{means: m}
	}
	return w, nil
}

// noWords are the known words alone.
func noWords() *Words { return &Words{seen: map[string]*word{}} }

// plainName is a name without case and punctuation, but for dots.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r == ' ' || r == '_' || r == '-':
			return -1
		}
		return r
	}, name)
}

// of returns what is known of a name.
func (w *Words) of(name []byte) *word {
	if k, ok := w.seen[string(name)]; ok {
		return k
	}
	k := knownWords()[plainName(string(name))]
	k.exact, k.name = string(name), label(name)
	if k.name == "" {
		k.name = fmt.Sprintf("(%d bytes)", len(name))
	}
	if len(w.seen) < maxWords && len(name) <= 4*maxLabel {
		w.seen[k.exact] = &k
	}
	return &k
}

// mean returns what a name means in an object or row.
func (w *Words) mean(k *word) (meaning, int) {
	if len(w.custom) > 0 {
		if c, ok := w.custom[plainName(k.exact)]; ok {
			return c.means, c.rank
		}
	}
	return k.means, k.rank
}

// meanAround returns what a name means for the object around the one that is called parent.
func (w *Words) meanAround(parent, k *word) (meaning, int) {
	if len(w.custom) > 0 {
		if c, ok := w.custom[plainName(parent.exact+"."+k.exact)]; ok {
			return c.means, c.rank
		}
	}
	switch {
	case parent.wrapper:
		return w.mean(k)
	case parent.means == meansAuthor && k.person > 0:
		return meansAuthor, parent.rank + k.person
	}
	return meansNothing, 0
}

// about is what a record, a comment or a row says of itself.
type about struct {
	record, part, author, email, url string
	time                             time.Time
	text                             bool
	told                             int                   // how often something was taken
	rank                             [meansPart + 1]uint16 // of what was taken, plus one; zero when nothing was
}

// set takes a value for a meaning, unless a better one was taken or the value is none.
func (a *about) set(m meaning, rank int, value []byte) {
	if m == meansNothing || a.rank[m] > 0 && int(a.rank[m]) <= rank+1 || len(value) == 0 {
		return
	}
	ok := true
	switch m {
	case meansRecord:
		a.record, ok = take(a.record, label(value))
	case meansPart:
		a.part, ok = take(a.part, label(value))
	case meansAuthor:
		a.author, ok = take(a.author, label(value))
	case meansEmail:
		a.email, ok = take(a.email, label(value))
	case meansURL:
		a.url, ok = take(a.url, link(value))
	case meansText:
		a.text = true
	case meansTime:
		var t time.Time
		if t, ok = parseTime(string(value)); ok {
			a.time = t
		}
	}
	if ok {
		a.told++
		a.rank[m] = uint16(rank + 1)
	}
}

// take returns s, or old where s is nothing.
func take(old, s string) (string, bool) {
	if s == "" {
		return old, false
	}
	return s, true
}

// over lays what it knows of author, time and address over a place.
func (a *about) over(at scanner.Location) scanner.Location {
	if a.author != "" {
		at.Author, at.AuthorEmail = a.author, a.email
	}
	if !a.time.IsZero() {
		at.Time = a.time
	}
	if a.url != "" {
		at.URL = a.url
	}
	return at
}

// named reports whether it has a name, an author or a time of its own.
func (a *about) named() bool {
	return a.rank[meansRecord] > 0 || a.rank[meansAuthor] > 0 || a.rank[meansTime] > 0
}

// ticket reports whether it is a thing that somebody wrote: with a text, and at least two of a name, an author and a time.
func (a *about) ticket() bool {
	n := 0
	for _, m := range [...]meaning{meansRecord, meansAuthor, meansTime} {
		if a.rank[m] > 0 {
			n++
		}
	}
	return a.text && n >= 2
}
