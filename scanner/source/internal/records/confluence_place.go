package records

import (
	"strings"

	"github.com/quash-sh/quash/scanner"
)

// wikiPlace is the place of a text in an object.
type wikiPlace struct {
	wiki   *wiki
	object *wikiObject // nil outside of all
	field  string
}

// place is where the reader stands.
func (w *wikiReader) place() *wikiPlace {
	p := &wikiPlace{wiki: w.wiki, object: w.object}
	var names []string
	for name := range strings.SplitSeq(w.path(), "/") {
		names = append(names, w.r.words.of([]byte(name)).name)
	}
	p.field = strings.Join(names, "/")
	return p
}

// location implements place.
func (p *wikiPlace) location() scanner.Location {
	o := p.object
	if o == nil {
		return scanner.Location{Record: wikiRoot, Field: p.field}
	}
	id, c, ok := p.subject()
	if !ok {
		record := strings.TrimSpace(label([]byte(o.class)) + " " + label([]byte(o.id)))
		return scanner.Location{Record: record, Field: p.field}
	}
	at := p.wiki.at(id, c)
	at.Field = p.wiki.field(id, c, p.field)
	return at
}

// subject is the content that the object is, or that it speaks of.
func (p *wikiPlace) subject() (uint64, wikiContent, bool) {
	o := p.object
	if wikiKinds[o.class] != "" {
		return o.number(), o.entry(p.wiki), o.number() > 0
	}
	id := wikiNumber(o.content)
	if id == 0 {
		id = wikiNumber(o.container)
	}
	return id, p.wiki.contents[id], id > 0
}

// name is what a value is called where another property of its object says so.
func (p *wikiPlace) name() string {
	if p.object == nil {
		return ""
	}
	switch p.field {
	case "stringValue", "value", "textVal", "stringVal":
		if p.object.name != "" {
			return p.object.name
		}
		return p.object.key
	}
	return ""
}

// pages is what is known of the pages of a Confluence export.
func (k *Contents) pages() *wiki {
	if k.wiki == nil {
		k.wiki = newWiki()
	}
	return k.wiki
}

// wikiFile is the place of a file beside entities.xml.
func (k *Contents) wikiFile(name string) scanner.Location { return k.pages().attached(name) }
