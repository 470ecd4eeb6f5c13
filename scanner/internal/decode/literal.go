package decode

import "bytes"

// longestGap is how far apart the quotes of two literals may stand, in bytes.
const longestGap = 128

// leastJoined is how long the sides of two literals must be together that are put together, in bytes.
const leastJoined = 12

// joint says which bytes may follow the quote that ends a literal to which another is added.
var joint = jointBytes()

func jointBytes() (t [256]bool) {
	for _, c := range []byte(" \t\r\n+.&|~<\\`\"',;") {
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
			if open := added(text, i); open > 0 {
				dst = append(dst, edit{from: i, to: open, weak: !ofOneKey(text, i, open)})
				to = open
			}
		}
		i = to
	}
}

// added returns where the literal begins that is put together with the one that ends with the quote at text[i], 0 when none is.
func added(text []byte, i int) int {
	switch text[i+1] {
	case ',':
		return listing(text, i)
	case ';':
		return adds(text, i)
	case '\r', '\n':
		if to := opens(text, i); to > 0 {
			return to
		}
		return adds(text, i)
	}
	return opens(text, i)
}

// opens returns where the literal begins that is added to the one that ends with the quote at text[i], 0 when none is.
func opens(text []byte, i int) int {
	limit := min(len(text), i+1+longestGap)
	p := blank(text, i+1, limit)
	spaced := p > i+1
	q := operator(text, p, limit)
	added := q > p
	p = blank(text, q, limit)
	to := open(text, p, limit)
	switch {
	case to == 0 || added:
	case !spaced && text[to-1] == text[i] && !ofKey(text, i, to): // a doubled quote
		return 0
	case emptyLine(text[i:p]): // another paragraph
		return 0
	}
	return to
}

// emptyLine reports whether nothing stands between two ends of lines.
func emptyLine(gap []byte) bool {
	_, gap, _ = bytes.Cut(gap, newline)
	for {
		line, rest, more := bytes.Cut(gap, newline)
		if !more {
			return false
		}
		if len(bytes.TrimSpace(line)) == 0 {
			return true
		}
		gap = rest
	}
}

// ofOneKey reports whether what the literals say before text[left] and from text[right] on could be one key, and not two words of a
// sentence or a line break: so long a run, of a key's letters, or one that the next literal goes on with.
func ofOneKey(text []byte, left, right int) bool {
	if left > 1 && text[left-2] == '\\' && isControl(text[left-1]) && (left < 3 || text[left-3] != '\\') {
		return false
	}
	from, to := sides(text, left, right)
	return from > 0 && quoted(text[from-1]) || to < len(text) && quoted(text[to]) && to-right < leastJoined || ofKey(text, left, right)
}

// sides are where the runs of key bytes begin and end that end before text[left] and begin at text[right].
func sides(text []byte, left, right int) (from, to int) {
	from, to = left, right
	for from > 0 && left-from < longestSide && class[text[from-1]]&keyByte != 0 {
		from--
	}
	for to < len(text) && to-right < longestSide && class[text[to]]&keyByte != 0 {
		to++
	}
	return from, to
}

// ofKey reports whether the runs before text[left] and from text[right] on are together as long and of such letters as a key.
func ofKey(text []byte, left, right int) bool {
	from, to := sides(text, left, right)
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

// blank skips white space, comments, and what some languages want at the end of a line that goes on.
func blank(text []byte, p, limit int) int {
	for ; p < limit; p++ {
		switch text[p] {
		case ' ', '\t', '\r', '\n':
		case '\\', '_', '`':
			if p+1 >= limit || text[p+1] != '\n' && text[p+1] != '\r' {
				return p
			}
		case '/', '#', '-':
			to := comment(text, p, limit)
			if to == p {
				return p
			}
			p = to - 1
		default:
			return p
		}
	}
	return p
}

// comment returns where the comment ends that begins at text[p], which is p where there is none. One that ends with its line ends before
// the line's end.
func comment(text []byte, p, limit int) int {
	rest := text[p:limit]
	if hasPrefix(rest, "/*") {
		if n := bytes.Index(rest[2:], []byte("*/")); n >= 0 {
			return p + 2 + n + 2
		}
		return p
	}
	if rest[0] == '#' || hasPrefix(rest, "//") || hasPrefix(rest, "--") {
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			return p + n
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
