package decode

import "bytes"

// Bounds, in bytes, of what is looked at before a literal to see what it belongs to.
const (
	longestLiteral  = 96
	longestVariable = 64
)

// adds returns where the literal begins that the statement on the next line adds to what the literal was given to that ends with the quote
// at text[i]: key += "def", $key .= 'def', key = key & "def". It returns 0 when none does.
func adds(text []byte, i int) int {
	limit := min(len(text), i+1+longestGap)
	p := i + 1
	if p < limit && text[p] == ';' {
		p++
	}
	if p = indented(text, p); p < limit && text[p] == '\r' {
		p++
	}
	if p >= limit || text[p] != '\n' {
		return 0
	}
	p = indented(text, p+1)
	name := nameAt(text, p)
	if len(name) == 0 {
		return 0
	}
	p = indented(text, p+len(name))
	switch {
	case p+1 >= limit:
		return 0
	case text[p+1] == '=' && (text[p] == '+' || text[p] == '.' || text[p] == '&'):
		p += 2
	case text[p] == '=' && hasPrefix(text[indented(text, p+1):], string(name)):
		q := indented(text, indented(text, p+1)+len(name))
		if p = operator(text, q, limit); p == q {
			return 0
		}
	default:
		return 0
	}
	if p = open(text, indented(text, p), limit); p == 0 || !given(text, i, name) {
		return 0
	}
	return p
}

// open returns where the literal's text begins whose prefix or quote is text[p], 0 when none does.
func open(text []byte, p, limit int) int {
	for n := 0; n < 2 && p < limit && stringPrefix(text[p]); n++ {
		p++
	}
	if p+1 >= limit || !quoted(text[p]) || class[text[p+1]]&keyByte == 0 {
		return 0
	}
	return p + 1
}

// nameAt is the name that stands at a place of the text, with the names of what it is a part of.
func nameAt(text []byte, at int) []byte {
	to := at
	for to < len(text) && to-at <= longestVariable && (class[text[to]]&word != 0 || text[to] == '$' || text[to] == '@' || text[to] == '.' && !endsName(text, to)) {
		to++
	}
	return text[at:to]
}

// endsName reports whether the point at text[i] is an operator and no part of a name.
func endsName(text []byte, i int) bool { return i+1 >= len(text) || class[text[i+1]]&word == 0 }

// given reports whether the literal that ends with the quote at text[i] is given to a name on the same line.
func given(text []byte, i int, name []byte) bool {
	from := opening(text, i)
	if from < 0 {
		return false
	}
	line := text[max(0, from-longestLiteral):from]
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	for {
		at := bytes.Index(line, name)
		if at < 0 {
			return false
		}
		end := at + len(name)
		if (at == 0 || class[line[at-1]]&word == 0) && end < len(line) && class[line[end]]&word == 0 && bytes.IndexByte(line[end:], '=') >= 0 {
			return true
		}
		line = line[end:]
	}
}

// opening is where the quote stands that begins the literal that ends with the quote at text[i], on the same line; -1 when it is not near.
func opening(text []byte, i int) int {
	least := max(0, i-longestLiteral)
	at := bytes.LastIndexByte(text[least:i], text[i])
	if at < 0 || bytes.IndexByte(text[least+at:i], '\n') >= 0 {
		return -1
	}
	return least + at
}

// joiners are what stands before the first of the literals that are listed to be put together.
var joiners = [...]string{"concat!(", "concat(", "CONCAT(", "Concat(", "join([", "join((", "Join([]string{", "paste0(", "strcat("}

// listing returns where the literal begins that is listed behind the one that ends with the quote at text[i], in a call that puts them
// together: concat!("abc", "def"). It returns 0 when none is.
func listing(text []byte, i int) int {
	limit := min(len(text), i+1+longestGap)
	to := open(text, blank(text, i+2, limit), limit)
	if to == 0 || text[to-1] != text[i] || !whole(text, i-wordSize, keyByte) && !whole(text, to, keyByte) || !ofKey(text, i, to) {
		return 0 // as nearly always: texts are full of lists of words
	}
	for at := i; at > i-longestLiteral; {
		from := opening(text, at)
		if from < 0 {
			return 0
		}
		before := bytes.TrimRight(text[max(0, from-longestIndent):from], " \t\r\n")
		for _, j := range joiners {
			if bytes.HasSuffix(before, []byte(j)) {
				return to
			}
		}
		end := from - 1
		for end > 0 && (text[end] == ' ' || text[end] == '\n' || text[end] == ',') {
			end--
		}
		if end <= 0 || text[end] != text[i] || text[end+1] != ',' {
			return 0
		}
		at = end
	}
	return 0
}
