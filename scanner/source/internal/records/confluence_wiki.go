package records

import (
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// wiki is what is known of the pages of a Confluence export: what their texts, comments and attachments are called by. Objects refer to
// each other by id, in any order.
type wiki struct {
	contents map[uint64]wikiContent
	versions map[wikiVersion]uint64 // of attachments
	people   map[string]*wikiPerson // by key
}

// wikiContent is what is kept of a page, blog post, comment or attachment, or of a version of one.
type wikiContent struct {
	kind                string // "page", "blogpost", "comment", "attachment" or another class
	state               string // "draft" or "deleted"; empty for the current one
	title               string
	version             int
	original, container uint64 // the content that it is a version of, and the page that it belongs to
	author              *wikiPerson
	time                time.Time
}

// wikiVersion is a version of an attachment.
type wikiVersion struct {
	original uint64
	version  int
}

// wikiPerson is somebody who has written.
type wikiPerson struct{ name string }

// Bounds of what is kept of an export. Of what is beyond, an id is shown in place of a name.
const (
	maxContents = 300_000
	maxPeople   = 100_000
)

func newWiki() *wiki {
	return &wiki{contents: map[uint64]wikiContent{}, versions: map[wikiVersion]uint64{}, people: map[string]*wikiPerson{}}
}

// wikiKinds are the classes of objects that are contents.
var wikiKinds = map[string]string{"Page": "page", "BlogPost": "blogpost", "Comment": "comment", "Attachment": "attachment"}

// person returns somebody by a key, whose name may be told later.
func (k *wiki) person(key string) *wikiPerson {
	if key == "" {
		return nil
	}
	if p := k.people[key]; p != nil {
		return p
	}
	p := &wikiPerson{}
	if len(k.people) < maxPeople {
		k.people[key] = p
	}
	return p
}

// add takes in what an object says.
func (k *wiki) add(o *wikiObject) {
	switch {
	case o.class == "ConfluenceUserImpl" && o.id != "":
		k.person(o.id).name = label([]byte(o.name))
	case wikiKinds[o.class] != "" && o.number() > 0 && len(k.contents) < maxContents:
		c := o.entry(k)
		k.contents[o.number()] = c
		if c.kind == "attachment" && c.original > 0 {
			k.versions[wikiVersion{c.original, c.version}] = o.number()
		}
	}
}

// entry is an object as it is kept.
func (o *wikiObject) entry(k *wiki) wikiContent {
	c := wikiContent{
		kind: wikiKinds[o.class], version: count([]byte(o.version)), original: wikiNumber(o.original), container: wikiNumber(o.container),
		author: k.person(o.modifier), time: o.modified,
	}
	if c.author == nil {
		c.author = k.person(o.creator)
	}
	if c.time.IsZero() {
		c.time = o.created
	}
	switch o.status {
	case "draft", "deleted":
		c.state = o.status
	}
	if c.original == 0 {
		c.title = label([]byte(o.title))
	}
	return c
}

// wikiNumber reads an id; what is none is 0.
func wikiNumber(id string) uint64 {
	n, err := strconv.ParseUint(strings.TrimSpace(id), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// deepestWiki is how many contents may lead from one to its page.
const deepestWiki = 8

// page is the page that a content belongs to, in its current version.
func (k *wiki) page(id uint64, c wikiContent) (uint64, wikiContent) {
	for range deepestWiki {
		up := c.container
		if up == 0 {
			up = c.original
		}
		if up == 0 {
			break
		}
		id, c = up, k.contents[up]
	}
	return id, c
}

// at is the place of a text of a content, without its field.
func (k *wiki) at(id uint64, c wikiContent) scanner.Location {
	at := scanner.Location{Time: c.time}
	if c.author != nil {
		at.Author = c.author.name
	}
	id, page := k.page(id, c)
	if page.kind == "" {
		page.kind = "content"
	}
	at.Record = page.kind + " " + strconv.FormatUint(id, 10)
	if page.title != "" {
		at.Record = page.title + " (" + at.Record + ")"
	}
	return at
}

// field names a text of a content.
func (k *wiki) field(id uint64, c wikiContent, name string) string {
	var words []string
	switch {
	case c.original > 0:
		words = append(words, strings.TrimSpace(historyPrefix), "version", strconv.Itoa(c.version))
	case c.state != "":
		words = append(words, strings.TrimSpace(historyPrefix), c.state)
	}
	if c.kind == "comment" || c.kind == "attachment" {
		if c.original > 0 {
			id = c.original
		}
		words = append(words, c.kind, strconv.FormatUint(id, 10))
		if c.kind == "attachment" && name == "title" {
			name = "name"
		}
	}
	if name != "body" || c.kind != "comment" {
		words = append(words, name)
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// attached is the place of a file: "attachments/", the ids of a page and an attachment, and the version.
func (k *wiki) attached(name string) scanner.Location {
	parts := strings.Split(name, "/")
	if len(parts) < 4 || parts[0] != "attachments" {
		return scanner.Location{}
	}
	id, version := wikiNumber(parts[2]), count([]byte(parts[3]))
	c, ok := k.contents[id]
	switch old, is := k.versions[wikiVersion{id, version}]; {
	case is:
		title := c.title
		c, ok = k.contents[old], true
		c.title = title
	case c.version != version:
		c.author, c.time = nil, time.Time{}
		c.original, c.version = id, version
	}
	if !ok {
		c.kind, c.container = "attachment", wikiNumber(parts[1])
	}
	at := k.at(id, c)
	at.Field = k.field(id, c, c.title)
	return at
}
