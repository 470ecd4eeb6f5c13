package scanner

import (
	"crypto/sha256"
	_ "embed" // for the prepared automata
	"encoding/binary"
	"sort"
	"strings"

	"github.com/quash-sh/quash/scanner/internal/dfa"
)

// preparedText is what is worked out of the expressions of the rules that quash ships, so that no run has to: how their matches begin,
// and the automata that do not count. A run works out itself what is not in it: those of other rules, and automata with many states.
// What is found is the same.
//
// It has the number of expressions, as all numbers in four bytes; a key of eight bytes (keyOf) for each, in order; where each ends in
// the rest; and the rest: each is three texts, the first two with their lengths before them.
//
//go:generate go test -run TestPrepared -update .
//go:embed prepared.bin
var preparedText string

// prepared is what was worked out of an expression, as its packages pack it. What is empty was not.
type prepared struct{ begin, forward, backward string }

const (
	keySize    = 8
	numberSize = 4
)

// preparedOf looks up what was worked out for an expression and its keywords.
func preparedOf(text, expr string, keywords []string) prepared {
	n := int(number(text))
	keys, rest := text[numberSize:numberSize+n*keySize], text[numberSize+n*keySize:]
	key := keyOf(expr, keywords)
	i := sort.Search(n, func(i int) bool { return keys[i*keySize:(i+1)*keySize] >= key })
	if i == n || keys[i*keySize:(i+1)*keySize] != key {
		return prepared{}
	}
	ends, rest := rest[:n*numberSize], rest[n*numberSize:]
	from := uint32(0)
	if i > 0 {
		from = number(ends[(i-1)*numberSize:])
	}
	rest = rest[from:number(ends[i*numberSize:])]
	var p prepared
	p.begin, rest = sized(rest)
	p.forward, p.backward = sized(rest)
	return p
}

// keyOf names an expression with its keywords.
func keyOf(expr string, keywords []string) string {
	sum := sha256.Sum256([]byte(expr + "\x00" + strings.Join(keywords, "\x00")))
	return string(sum[:keySize])
}

func number(s string) uint32 { return binary.BigEndian.Uint32([]byte(s[:numberSize])) }

// sized takes a text off that has its length before it.
func sized(s string) (text, rest string) {
	n := number(s)
	return s[numberSize:][:n], s[numberSize:][n:]
}

// ready is what was worked out for the rule.
func (c *compiled) ready() prepared {
	return c.made.get(func() prepared { return preparedOf(preparedText, c.text, c.walked()) })
}

// walked are the keywords from which the rule's automata walk; of a rule that begins with its keyword the beginning.
func (c *compiled) walked() []string {
	if c.anchored {
		return []string{""}
	}
	keywords := make([]string, len(c.outline.Keywords))
	for i, k := range c.outline.Keywords {
		keywords[i] = strings.ToLower(k)
	}
	return keywords
}

// lead is how the rule's matches begin.
func (c *compiled) lead() *dfa.Lead {
	return c.begin.get(func() *dfa.Lead {
		if p := c.ready(); p.begin != "" {
			return dfa.UnpackLead(p.begin)
		}
		return must(dfa.NewLead(c.text))
	})
}

// starts is how matches of the rule begin.
func (c *compiled) starts() *starts {
	return c.begins.get(func() *starts {
		if p := c.ready(); p.begin != "" {
			return unpackStarts(p.begin)
		}
		return newStarts(c.text)
	})
}

// pack writes down how matches begin.
func (s *starts) pack() string {
	packed := make([]byte, 0, len(s.at)+1)
	for _, b := range append(s.at[:], s.word) {
		if b {
			packed = append(packed, 1)
		} else {
			packed = append(packed, 0)
		}
	}
	return string(packed)
}

func unpackStarts(packed string) *starts {
	s := &starts{word: packed[len(packed)-1] != 0}
	for i := range s.at {
		s.at[i] = packed[i] != 0
	}
	return s.count()
}

// looseForward makes the automaton that reads the rule's matches from their beginning on without counting.
func (c *compiled) looseForward() *dfa.Walker {
	if p := c.ready(); p.forward != "" {
		return c.ahead.get(func() *dfa.Walker { return dfa.Unpack(p.forward, c.walked()) }).Share()
	}
	return c.loose().Forward()
}

// looseBackward makes the one that reads them from their end back.
func (c *compiled) looseBackward() *dfa.Walker {
	if p := c.ready(); p.backward != "" {
		return c.before.get(func() *dfa.Walker { return dfa.Unpack(p.backward, c.walked()) }).Share()
	}
	return c.loose().Backward()
}
