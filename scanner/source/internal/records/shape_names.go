package records

import (
	"bytes"
	"slices"
	"sync"
)

// names are the names in the marks of all shapes of JSON, numbered. All of them are looked for in one pass over a file's head, and most of what
// stands in quotes there is refused by its first byte and its length.
type names struct {
	numbers map[string]int
	// lengths are, by first byte, how long names are that begin with it: a bit for each length up to longestName.
	lengths [256]uint64
}

const (
	// longestName is how long names with a number are at most, and mostNames how many there are.
	longestName = 63
	mostNames   = 256
)

// nameSet is a set of names by number.
type nameSet [mostNames / 64]uint64

func (s *nameSet) has(number int) bool { return s[number/64]>>(number%64)&1 != 0 }

func (s *nameSet) add(number int) { s[number/64] |= 1 << (number % 64) }

// allNames are the names in the marks of the formats. It is for those who ask all formats.
var allNames = sync.OnceValue(func() *names {
	n := &names{numbers: map[string]int{}}
	for _, f := range Formats() {
		if f.shape == nil || f.shape.form != inJSON {
			continue
		}
		for _, mark := range slices.Concat(f.shape.sure, f.shape.likely) {
			for _, name := range f.shape.markOf(mark).names {
				n.add(name)
			}
		}
	}
	return n
})

// number is the number of a name; false where it has none.
func (n *names) number(name string) (number int, ok bool) {
	if n != nil {
		number, ok = n.numbers[name]
	}
	return number, ok
}

// add gives a name a number. One that is too long, or one too many, has none, and is looked for by itself.
func (n *names) add(name string) {
	if _, ok := n.numbers[name]; ok || name == "" || len(name) > longestName || len(n.numbers) == mostNames {
		return
	}
	n.numbers[name] = len(n.numbers)
	n.lengths[name[0]] |= 1 << len(name)
}

// within are the names that stand between two quotes in a text.
func (n *names) within(text []byte) (found nameSet) {
	for i := bytes.IndexByte(text, '"'); i >= 0; {
		text = text[i+1:]
		if i = bytes.IndexByte(text, '"'); i <= 0 || i > longestName || n.lengths[text[0]]>>i&1 == 0 {
			continue
		}
		if number, ok := n.numbers[string(text[:i])]; ok {
			found.add(number)
		}
	}
	return found
}
