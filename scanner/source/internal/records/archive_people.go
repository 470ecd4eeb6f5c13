package records

import (
	"io"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// longestFact is the longest string that eachObject keeps.
const longestFact = 256

// maxFacts is how many members of an object it keeps.
const maxFacts = 64

// eachObject reads JSON and calls take with the short strings and numbers of each object that is a member of that name, or, where it is
// empty, of each element of the array that the text is; those of an object inside as "profile.email". What stands behind something
// broken is left out.
func eachObject(text io.Reader, name string, take func(member map[string]string)) {
	eachObjectThat(text, func(open []string) bool {
		return name == "" && len(open) == 2 || name != "" && open[len(open)-1] == name
	}, take)
}

// eachObjectThat is eachObject for the objects that are wanted, by the names of the values that are open, their own the last. In those that
// are taken none is.
func eachObjectThat(text io.Reader, wanted func(open []string) bool, take func(member map[string]string)) {
	o := &objects{j: lex.NewJSON(lex.NewInput(text)), wanted: wanted, take: take, member: map[string]string{}}
	for o.next() {
	}
}

// objects is a reading of objects.
type objects struct {
	j          *lex.JSON
	wanted     func(open []string) bool
	take       func(member map[string]string)
	names      []string // of the values that are open; "" for elements and at the top
	top        int      // how many are open in the object that is being taken, itself included; 0 for none
	key, value []byte
	member     map[string]string
}

// next reads a token.
func (o *objects) next() bool {
	t, err := o.j.Next()
	if err != nil {
		return false
	}
	switch t.Kind {
	case lex.Key:
		o.key = fact(o.key, t.Text)
	case lex.Text, lex.Scalar:
		if o.value = fact(o.value, t.Text); !t.More {
			o.tell()
		}
	case lex.Array:
		o.open(string(o.key))
	case lex.Object:
		o.open(string(o.key))
		if o.top == 0 && o.wanted(o.names) {
			o.top = len(o.names)
		}
	case lex.End:
		if len(o.names) == o.top {
			o.take(o.member)
			clear(o.member)
			o.top = 0
		}
		o.names = o.names[:max(0, len(o.names)-1)]
		o.key = o.key[:0]
	}
	return true
}

func (o *objects) open(name string) {
	o.names = append(o.names, name)
	o.key = o.key[:0]
}

// tell keeps a value.
func (o *objects) tell() {
	if depth := len(o.names) - o.top; o.top > 0 && depth < 3 && len(o.member) < maxFacts && len(o.value) <= longestFact {
		if name := strings.Join(append(o.names[o.top:], string(o.key)), "."); !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".") && !strings.Contains(name, "..") {
			o.member[name] = string(o.value)
		}
	}
	o.key, o.value = o.key[:0], o.value[:0]
}

// fact appends a piece of a text, as far as it is kept.
func fact(dst, piece []byte) []byte {
	return append(dst, piece[:min(len(piece), longestFact+1-min(len(dst), longestFact+1))]...)
}
