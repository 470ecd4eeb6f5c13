package records

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// confluence is entities.xml of a Confluence space export: <hibernate-generic> with an <object> for each row of its database. Texts are
// in objects of their own (BodyContent), as XHTML with macros, in CDATA sections; sections of macros stand in those with their end
// written "]] >", now and then "]]]]>". Older versions, drafts and what was deleted are among the objects.
var confluence = Format{
	Name: "confluence", Title: "a Confluence export",
	score: func(_ string, head []byte) int {
		if refuseConfluence(head) == "" {
			return Sure
		}
		return None
	},
	refuse: refuseConfluence,
	parse:  parseConfluence,
	learn:  learnConfluence,
	resume: wikiResume,
}

// wikiRoot is the root element, and wikiResume ends an object: what can be understood by itself, so that reading goes on from there.
const (
	wikiRoot    = "hibernate-generic"
	wikiObjects = "object"
	wikiResume  = "</object>"
)

// refuseConfluence says why a file that begins with head is no entities.xml.
func refuseConfluence(head []byte) string {
	before, _, ok := bytes.Cut(head, []byte("<"+wikiRoot))
	if start := bytes.TrimSpace(before); !ok || len(start) > 0 && start[0] != '<' {
		return "no <" + wikiRoot + ">"
	}
	return ""
}

// confluenceArchive is the zip file that Confluence makes of a space or a site.
var confluenceArchive = Archive{
	Name: "confluence", Title: confluence.Title,
	alone: []*Format{&confluence},
	score: func(names []string) (int, string) {
		root, ok := rootOf(names, "entities.xml")
		if !ok || !holds(names, root+"exportDescriptor.properties") {
			return None, ""
		}
		return Sure, root
	},
	missing: "no entities.xml beside an exportDescriptor.properties",
	learns:  func(name string) *Format { return when(name == "entities.xml", &confluence) },
	format:  func(name string) *Format { return when(name == "entities.xml", &confluence) },
	place:   (*Contents).wikiFile,
}

// wikiObject is an object that is being read.
type wikiObject struct {
	class, id string
	// What its properties say; creator and modifier are keys or names of people, the other references ids.
	title, name, key, status, version, creator, modifier, content, container, original string
	created, modified                                                                  time.Time
}

// number is the id of a content; 0 for none.
func (o *wikiObject) number() uint64 { return wikiNumber(o.id) }

// wikiElement is an element that is open in an object.
type wikiElement struct{ tag, name string }

// wikiReader reads objects. Without a reading it takes what they say and forgets their texts.
type wikiReader struct {
	r      *reading // nil when nothing is given on
	x      *lex.XML
	wiki   *wiki
	object *wikiObject
	open   []wikiElement // inside the object
	within int           // how many of open hold the text that is being read, -1 when none is
	text   []byte        // its beginning
	remark bool
	seen   map[string]bool // values of attributes that were given on
}

// wikiText is how much of a text is kept for what it says.
const wikiText = 512

// learnConfluence reads a whole export for what it says of its contents.
func learnConfluence(k *Contents, text io.Reader) {
	in := lex.NewInput(text)
	w := &wikiReader{x: lex.NewXML(in), wiki: k.pages()}
	for {
		err := w.read()
		for more := !errors.Is(err, io.EOF); more; {
			var found bool
			if _, more, found = in.Raw([]byte(wikiResume)); found {
				break
			}
			if !more {
				err = io.EOF
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		w.x = lex.NewXML(in, wikiRoot, wikiObjects)
	}
}

// parseConfluence reads objects, or after an error reads on behind one.
func parseConfluence(r *reading) error {
	w := &wikiReader{r: r, x: lex.NewXML(r.in), wiki: r.around.pages(), seen: map[string]bool{}}
	if r.broken > 0 {
		w.x = lex.NewXML(r.in, wikiRoot, wikiObjects)
	}
	return w.read()
}

func (w *wikiReader) read() error {
	w.x.WholeSections()
	w.outside()
	for w.r == nil || !w.r.stopped {
		t, err := w.x.Next()
		if err != nil {
			return err
		}
		switch t.Kind {
		case lex.Begin:
			w.begin(t.Text)
		case lex.End:
			w.end(t.Text)
		case lex.Text:
			w.write(t.Text)
		case lex.Comment:
			w.comment(t)
		}
	}
	return nil
}

// outside begins what is no object.
func (w *wikiReader) outside() {
	w.object, w.open, w.within = nil, w.open[:0], -1
}

// begin begins an element.
func (w *wikiReader) begin(tag []byte) {
	if w.within >= 0 { // markup that nobody escaped
		w.hold("<" + string(tag) + string(w.x.RawAttrs()) + ">")
		w.open = append(w.open, wikiElement{})
		return
	}
	var class, name string
	w.x.Attrs(func(attr, value []byte) {
		switch string(attr) {
		case "class":
			class = string(value)
		case "name":
			name = string(value)
		}
	})
	if w.x.Depth() == 2 && string(tag) == wikiObjects {
		w.object, w.open = &wikiObject{class: class}, w.open[:0]
		w.attributes(tag)
		return
	}
	w.open = append(w.open, wikiElement{string(tag), name})
	w.attributes(tag)
}

// attributes gives on what of a tag could be a key, once for each value.
func (w *wikiReader) attributes(tag []byte) {
	if w.r == nil {
		return
	}
	w.once("xml name", tag)
	w.x.Attrs(func(name, value []byte) {
		w.once("xml name", name)
		w.once("xml attribute", value)
	})
}

func (w *wikiReader) once(field string, text []byte) {
	if len(text) < shortestKey || w.seen[string(text)] {
		return
	}
	if len(w.seen) < maxWords && len(text) <= 4*maxLabel {
		w.seen[string(text)] = true
	}
	w.r.hold.begin(&wikiPlace{wiki: w.wiki, object: w.object, field: field}, "")
	w.r.hold.write(text)
	w.r.hold.end()
}

// write reads a piece of a text. White space between elements is none, nor is that before a text.
func (w *wikiReader) write(b []byte) {
	if w.within < 0 {
		if b = bytes.TrimLeft(b, " \t\r\n"); len(b) == 0 {
			return
		}
		w.within = len(w.open)
		w.text = w.text[:0]
		if w.r != nil {
			w.r.hold.begin(w.place(), "")
		}
	}
	w.hold(string(b))
}

func (w *wikiReader) hold(text string) {
	w.text = append(w.text, text[:min(len(text), wikiText-min(wikiText, len(w.text)))]...)
	if w.r != nil {
		w.r.hold.write([]byte(text))
	}
}

// comment reads a piece of a comment or declaration of XML.
func (w *wikiReader) comment(t lex.Token) {
	if w.r != nil && w.within < 0 {
		if !w.remark {
			w.r.hold.begin(&wikiPlace{wiki: w.wiki, object: w.object, field: "xml comment"}, "")
		}
		w.r.hold.write(t.Text)
		if !t.More {
			w.r.hold.end()
		}
	} else if w.r != nil {
		w.r.hold.write(t.Text)
	}
	w.remark = t.More
}

// end ends an element.
func (w *wikiReader) end(tag []byte) {
	switch {
	case w.within >= 0 && w.within < len(w.open):
		w.hold("</" + string(tag) + ">")
	case w.within >= 0:
		if w.object != nil {
			w.tell(string(bytes.TrimSpace(w.text)))
		}
		if w.r != nil {
			w.r.hold.end()
		}
		w.within = -1
	}
	if len(w.open) > 0 {
		w.open = w.open[:len(w.open)-1]
		return
	}
	if w.object != nil {
		w.wiki.add(w.object)
		if w.r != nil {
			w.r.record()
		}
	}
	if w.r != nil {
		w.r.hold.flush()
	}
	w.outside()
}

// tell takes what a text says of its object.
func (w *wikiReader) tell(text string) {
	o, path := w.object, w.path()
	set := func(s *string) {
		if *s == "" {
			*s = text
		}
	}
	switch strings.TrimSuffix(path, "/id") {
	case "id":
		set(&o.id)
	case "title", "fileName":
		set(&o.title)
	case "name":
		set(&o.name)
	case "key":
		set(&o.key)
	case "contentStatus":
		set(&o.status)
	case "version", "attachmentVersion":
		set(&o.version)
	case "creator", "creatorName":
		set(&o.creator)
	case "lastModifier", "lastModifierName":
		set(&o.modifier)
	case "content", "sourceContent", "owner", "page":
		set(&o.content)
	case "containerContent":
		set(&o.container)
	case "originalVersion":
		set(&o.original)
	case "creationDate":
		o.created, _ = parseTime(text)
	case "lastModificationDate":
		o.modified, _ = parseTime(text)
	}
}

// path is where the reader stands in the object: the names of properties, or what else the elements are.
func (w *wikiReader) path() string {
	names := make([]string, 0, 4)
	for _, e := range w.open[:min(len(w.open), 6)] {
		if e.tag == "property" || e.tag == "collection" {
			names = append(names, e.name)
		} else {
			names = append(names, e.tag)
		}
	}
	return strings.Join(names, "/")
}
