package records

import (
	"io"
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// learnXMLNames reads a whole export in XML for what people are called in it: by elements that stand for them, and by an id and a name that
// stand beside each other, as in <author-id> and <author-name>.
func learnXMLNames(k *Contents, text io.Reader) {
	p := &xmlPeople{next: (&xmlTokens{x: lex.NewXML(lex.NewInput(text))}).Next, tell: k.callPerson}
	for p.step() {
	}
}

// xmlPeople is a reading of elements for people.
type xmlPeople struct {
	next       func() (lex.Token, error)
	tell       func(member map[string]string)
	open       []xmlPerson
	deeper     int // elements that are open beyond those of open
	key, value []byte
}

// xmlPerson is an element that is open: what of it can tell somebody's name.
type xmlPerson struct {
	name string
	told map[string]string
}

const (
	// deepestPerson is how deep elements are looked into.
	deepestPerson = 16
	// mostTold is how many of the members of one are kept.
	mostTold = 64
)

// pairIDs are the names of ids of people by that of the name beside them, where the one is not the other with another end.
var pairIDs = map[string]string{"req-name": "requester-id"}

// step reads a token.
func (p *xmlPeople) step() bool {
	t, err := p.next()
	if err != nil {
		return false
	}
	switch t.Kind {
	case lex.Key:
		p.key = fact(p.key, t.Text)
	case lex.Text, lex.Scalar:
		if p.value = fact(p.value, t.Text); !t.More {
			p.keep(string(p.key), string(p.value))
			p.key, p.value = p.key[:0], p.value[:0]
		}
	case lex.Object, lex.Array:
		if len(p.open) == deepestPerson {
			p.deeper++
		} else {
			p.open = append(p.open, xmlPerson{name: string(p.key)})
		}
		p.key = p.key[:0]
	case lex.End:
		p.close()
		p.key = p.key[:0]
	}
	return true
}

// keep keeps a member of the innermost element, if it can tell a name.
func (p *xmlPeople) keep(name, value string) {
	if p.deeper > 0 || len(p.open) == 0 || len(value) > longestFact {
		return
	}
	e := &p.open[len(p.open)-1]
	if name != xmlText && name != "email" && name != "id" && !strings.HasSuffix(name, "name") && !strings.HasSuffix(name, "-id") || len(e.told) == mostTold {
		return
	}
	if e.told == nil {
		e.told = map[string]string{}
	}
	e.told[name] = value
}

// close ends the innermost element. One with attributes and a text is that text to the element around it.
func (p *xmlPeople) close() {
	if p.deeper > 0 || len(p.open) == 0 {
		p.deeper = max(0, p.deeper-1)
		return
	}
	e := p.open[len(p.open)-1]
	p.open = p.open[:len(p.open)-1]
	if text, ok := e.told[xmlText]; ok {
		p.keep(e.name, text)
	}
	if slices.Contains(personNames, e.name) {
		p.tell(e.told)
	}
	for name, value := range e.told {
		id, ok := pairIDs[name]
		if !ok {
			if name, ok = strings.CutSuffix(name, "-name"); ok && slices.Contains(personNames, name) {
				id = name + "-id"
			}
		}
		if id != "" && e.told[id] != "" {
			p.tell(map[string]string{"id": e.told[id], "name": value})
		}
	}
}
