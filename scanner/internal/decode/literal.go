package decode

import "bytes"

// longestGap is how far apart the quotes of two literals may stand, in bytes.
const longestGap = 128

// joint says which bytes may follow the quote that ends a literal to which another is added.
var joint = jointBytes()

func jointBytes() (t [256]bool) {
	for _, c := range []byte(" \t\r\n+.&|~<\\\"'") {
		t[c] = true
	}
	return t
}

var newline = []byte{'\n'}

// literals finds what stands between two string literals that are put together and whose sides could be of one key.
func literals(dst []edit, text []byte) []edit {
	double, single := bytes.IndexByte(text, '"'), bytes.IndexByte(text, '\'')
	following := func(at int, quote byte) int {
		if n := bytes.IndexByte(text[at:], quote); n >= 0 {
			return at + n
		}
		return -1
	}
	for double >= 0 || single >= 0 {
		i := double
		if double < 0 || single >= 0 && single < double {
			i = single
		}
		to := i + 1
		if i > 0 && to < len(text) && joint[text[to]] && class[text[i-1]]&keyByte != 0 {
			if open := opens(text, i); open > 0 {
				dst = append(dst, edit{from: i, to: open})
				to = open
			}
		}
		if double >= 0 && double < to {
			double = following(to, '"')
		}
		if single >= 0 && single < to {
			single = following(to, '\'')
		}
	}
	return dst
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

// blank skips white space, and what some languages want at the end of a line that goes on.
func blank(text []byte, p, limit int) int {
	for ; p < limit; p++ {
		switch text[p] {
		case ' ', '\t', '\r', '\n':
		case '\\', '_':
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
	case p+1 < limit && (c == '.' && text[p+1] == '.' || c == '|' && text[p+1] == '|' || c == '<' && text[p+1] == '>'):
		return p + 2
	case c == '+' || c == '.' || c == '&' || c == '~':
		return p + 1
	}
	return p
}

// stringPrefix reports whether c may stand before the quote of a literal, as in f"…" or @"…".
func stringPrefix(c byte) bool {
	switch c {
	case 'f', 'F', 'b', 'B', 'r', 'R', 'u', 'U', 'L', '@', '$':
		return true
	}
	return false
}
