package scanner

import (
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A repeat of a class with a greatest number, such as [a-z]{0,40}, is as many instructions as that, and package regexp searches for what has
// more than a few hundred by following all ways at once, which takes ten times as long. In a text where no run of the class is longer than the
// number, [a-z]{0,} finds the same by the same way. Most texts that are searched are a name and a value.

// short is an expression whose repeats have no greatest number, for texts within its limits.
type short struct {
	expression
	limits []limit
}

// limit says that no more than most bytes of a class follow each other.
type limit struct {
	class [256]bool
	most  int
}

// leastLoose is how many instructions a repeat must save to be loosened.
const leastLoose = 8

// within is the expression, or the short form of it where a text is within its limits: a match in the text is the same.
func (e *expression) within(text []byte) *expression {
	s := e.shorter.get(func() *short { return newShort(e.unmixed()) })
	if s == nil || slices.ContainsFunc(s.limits, func(l limit) bool { return !l.holds(text) }) {
		return e
	}
	return &s.expression
}

// newShort makes the short form of an expression; nil where that is no shorter.
func newShort(expr string) *short {
	s := &short{expression: expression{text: unlimited(expr)}}
	if s.text == expr {
		return nil
	}
	tree := must(syntax.Parse(expr, syntax.Perl))
	s.loosen(tree)
	if same, err := syntax.Parse(s.text, syntax.Perl); err != nil || !same.Equal(tree) {
		return nil
	}
	return s
}

// unlimited is the text of an expression without the greatest numbers of repeats of classes. (A tree can be written out, but that takes a
// hundred times as long.)
func unlimited(expr string) string {
	var b strings.Builder
	class := false // a class has just ended
	for rest := expr; rest != ""; {
		n := 1
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			n, class = 2, false
		case rest[0] == '[':
			n, class = classLen(rest), true
		case class && rest[0] == '{':
			if least, most, ok := bounds(rest); ok && most-least >= leastLoose {
				b.WriteString("{" + strconv.Itoa(least) + ",}")
				rest, class = rest[strings.IndexByte(rest, '}')+1:], false
				continue
			}
			class = false
		default:
			class = false
		}
		b.WriteString(rest[:n])
		rest = rest[n:]
	}
	return b.String()
}

// classLen is the length of the class that an expression begins with.
func classLen(expr string) int {
	for i := 1; i < len(expr); i++ {
		switch expr[i] {
		case '\\':
			i++
		case ']':
			return i + 1
		}
	}
	return len(expr)
}

// bounds are the numbers of the repeat that an expression begins with: {least,most}.
func bounds(expr string) (least, most int, ok bool) {
	inner, _, ok := strings.Cut(expr[1:], "}")
	low, high, both := strings.Cut(inner, ",")
	least, err := strconv.Atoi(low)
	most, wrong := strconv.Atoi(high)
	return least, most, ok && both && err == nil && wrong == nil
}

// loosen takes the greatest number from every repeat of a class, and makes it a limit.
func (s *short) loosen(re *syntax.Regexp) {
	for _, sub := range re.Sub {
		s.loosen(sub)
	}
	if re.Op != syntax.OpRepeat || re.Max-re.Min < leastLoose {
		return
	}
	if class, ok := bytesOf(re.Sub[0]); ok {
		s.limit(class, re.Max)
		re.Max = -1
	}
}

// limit adds a limit.
func (s *short) limit(class [256]bool, most int) {
	if i := slices.IndexFunc(s.limits, func(l limit) bool { return l.class == class }); i >= 0 {
		s.limits[i].most = min(s.limits[i].most, most)
		return
	}
	s.limits = append(s.limits, limit{class, most})
}

// bytesOf are the bytes of the characters that a class takes, with all of those beyond ASCII where it takes one; false for what is no class.
func bytesOf(re *syntax.Regexp) (class [256]bool, ok bool) {
	ranges := re.Rune
	switch re.Op {
	case syntax.OpCharClass:
	case syntax.OpAnyChar:
		ranges = []rune{0, utf8.MaxRune}
	case syntax.OpAnyCharNotNL:
		ranges = []rune{0, '\n' - 1, '\n' + 1, utf8.MaxRune}
	default:
		return class, false
	}
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= min(ranges[i+1], 0xff); c++ {
			class[c] = true
		}
		if ranges[i+1] >= utf8.RuneSelf {
			for c := utf8.RuneSelf; c < len(class); c++ {
				class[c] = true
			}
		}
	}
	return class, true
}

// holds reports whether a text is within the limit. A run that is longer has a byte at one of the places that are looked at.
func (l *limit) holds(text []byte) bool {
	for at := l.most; at < len(text); at += l.most + 1 {
		from, to := at, at
		for from > 0 && to-from <= l.most && l.class[text[from-1]] {
			from--
		}
		for to < len(text) && to-from <= l.most && l.class[text[to]] {
			to++
		}
		if l.class[text[at]] && to-from > l.most {
			return false
		}
	}
	return true
}
