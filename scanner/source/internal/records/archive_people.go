package records

import (
	"io"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// longestFact is the longest string that eachObject keeps.
const longestFact = 256

// maxFacts is how many members of an object it keeps.
const maxFacts = 64

// eachObject reads a JSON array of objects and calls take with the short strings and numbers of each, by name; those of an object inside
// as "profile.email". What is no such array, or stands behind something broken, is left out.
func eachObject(text io.Reader, take func(member map[string]string)) {
	j := lex.NewJSON(lex.NewInput(text))
	var names []string // of the values that are open; "" for elements
	var key, value []byte
	member := map[string]string{}
	tell := func() {
		if depth := len(names); (depth == 2 || depth == 3 && names[2] != "") && len(member) < maxFacts && len(value) <= longestFact {
			name := string(key)
			if depth == 3 {
				name = names[2] + "." + name
			}
			member[name] = string(value)
		}
		key, value = key[:0], value[:0]
	}
	for {
		t, err := j.Next()
		if err != nil {
			return
		}
		switch t.Kind {
		case lex.Key:
			key = fact(key, t.Text)
		case lex.Text, lex.Scalar:
			if value = fact(value, t.Text); !t.More {
				tell()
			}
		case lex.Array:
			names = append(names, "")
			key = key[:0]
		case lex.Object:
			names = append(names, string(key))
			key = key[:0]
		case lex.End:
			if len(names) == 2 {
				take(member)
				clear(member)
			}
			names = names[:max(0, len(names)-1)]
			key = key[:0]
		}
	}
}

// fact appends a piece of a text, as far as it is kept.
func fact(dst, piece []byte) []byte {
	return append(dst, piece[:min(len(piece), longestFact+1-min(len(dst), longestFact+1))]...)
}
