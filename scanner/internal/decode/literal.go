package decode

import "bytes"

// longestGap is how far apart the quotes of two literals may stand, in bytes.
const longestGap = 128

// leastJoined is how long the sides of two literals must be together that are put together, in bytes.
const leastJoined = 12

// joint says which bytes may follow the quote that ends a literal to which another is added.
var joint = jointBytes()

func jointBytes() (t [256]bool) {
	for _, c := range []byte(" \t\r\n+.&|~<\\`\"'") {
		t[c] = true
	}
	return t
}

var newline = []byte{'\n'}

// literals finds what stands between two string literals that are put together and whose sides could be of one key.
func literals(dst []edit, m *Marks) []edit {
	text := m.text
	for i := 0; ; {
		if i = m.next(marksQuote, i); i < 0 {
			return dst
		}
		to := i + 1
		if to < len(text) && joint[text[to]] {
			if open := opens(text, i); open > 0 {
				dst = append(dst, edit{from: i, to: open, weak: !ofOneKey(text, i, open)})
				to = open
			}
		}
		i = to
	}
}

// opens returns where the literal begins that is added to the one that ends with the quote at text[i], 0 when none is.
func opens(text []byte, i int) int {
	limit := min(len(text), i+1+longestGap)
	p := blank(text, i+1, limit)
	spaced := p > i+1
	q := operator(text, p, limit)
	added := q > p
	p = blank(text, q, limit)
	for n := 0; n < 2 && p < limit && stringPrefix(text[p]); n++ {
		p++
	}
	if p+1 >= limit || text[p] != '"' && text[p] != '\'' || class[text[p+1]]&keyByte == 0 {
		return 0
	}
	if !added && (!spaced && text[p] == text[i] || bytes.Count(text[i:p], newline) > 1) {
		return 0 // a doubled quote, or another paragraph
	}
	return p + 1
}

// ofOneKey reports whether what the literals say before text[left] and from text[right] on could be one key, and not two words of a
// sentence or a line break: so long a run, of a key's letters, or one that the next literal goes on with.
func ofOneKey(text []byte, left, right int) bool {
	if left > 1 && text[left-2] == '\\' && isControl(text[left-1]) && (left < 3 || text[left-3] != '\\') {
		return false
	}
	from, to := left, right
	for from > 0 && left-from < longestSide && class[text[from-1]]&keyByte != 0 {
		from--
	}
	for to < len(text) && to-right < longestSide && class[text[to]]&keyByte != 0 {
		to++
	}
	if from > 0 && quoted(text[from-1]) || to < len(text) && quoted(text[to]) && to-right < leastJoined {
		return true
	}
	var m mixture
	for _, c := range text[from:left] {
		m.add(c)
	}
	for _, c := range text[right:to] {
		m.add(c)
	}
	return left-from+to-right >= leastJoined && m.ofKey()
}

// isControl reports whether c behind a backslash stands for white space.
func isControl(c byte) bool { return c == 'n' || c == 'r' || c == 't' }

func quoted(c byte) bool { return c == '"' || c == '\'' }

// blank skips white space, and what some languages want at the end of a line that goes on.
func blank(text []byte, p, limit int) int {
	for ; p < limit; p++ {
		switch text[p] {
		case ' ', '\t', '\r', '\n':
		case '\\', '_', '`':
			if p+1 >= limit || text[p+1] != '\n' && text[p+1] != '\r' {
				return p
			}
		default:
			return p
		}
	}
	return p
}

// operator skips the operator that puts strings together in some language.
func operator(text []byte, p, limit int) int {
	if p >= limit {
		return p
	}
	c := text[p]
	switch {
	case p+1 < limit && (c == '.' && text[p+1] == '.' || c == '|' && text[p+1] == '|' || c == '<' && (text[p+1] == '>' || text[p+1] == '<') || c == '+' && text[p+1] == '+'):
		return p + 2
	case c == '+' || c == '.' || c == '&' || c == '~':
		return p + 1
	}
	return p
}

// stringPrefix reports whether c may stand before the quote of a literal, as in f"…" @"…" or u8"…".
func stringPrefix(c byte) bool {
	switch c {
	case 'f', 'F', 'b', 'B', 'r', 'R', 'u', 'U', 'L', '8', '@', '$':
		return true
	}
	return false
}
