package decode

import "bytes"

// Lengths, in bytes, of the two sides of a line's end between which a key is believed to be broken.
const leastTail, leastHead, longestSide = 8, 4, 128

// lines finds the ends of lines that break a key: after a backslash, or between two runs of which one at least looks like a part of a
// key, and the second stands by itself.
func lines(dst []edit, m *Marks) []edit {
	text := m.text
	for i := 0; ; i++ {
		if i = m.next(marksEnd, i); i < 0 {
			return dst
		}
		end := i
		if text[i] == '\r' {
			i++
		}
		if end <= leastTail || i >= len(text) || text[i] != '\n' {
			continue
		}
		switch c := text[end-1]; {
		case c == '\\':
			end--
			if to := resume(text, i+1); to > 0 && class[text[end-1]]&keyByte != 0 {
				dst = append(dst, edit{from: end, to: to})
			}
		case class[c]&keyByte != 0 && whole(text, end-leastTail, keyByte):
			if to := resume(text, i+1); to > 0 {
				if alone, ofKey := head(text[to:]); alone && (ofKey || tail(text[:end])) {
					dst = append(dst, edit{from: end, to: to})
				}
			}
		}
	}
}

// resume returns where the text of the line at text[i] begins when that could be of a key, else 0. What marks a comment or a line of a
// diff, and could be of a key itself, is skipped when the line before has it too.
func resume(text []byte, i int) int {
	i = led(text, i)
	for most := i + longestIndent; i < len(text) && i < most && class[text[i]]&mark != 0; {
		i++
	}
	if i+1 < len(text) && text[i] == '/' && text[i+1] == '/' {
		if i += 2; i < len(text) && (text[i] == '/' || text[i] == '!') {
			i++
		}
		for most := i + longestIndent; i < len(text) && i < most && text[i] == ' '; {
			i++
		}
	}
	if i >= len(text) || class[text[i]]&keyByte == 0 {
		return 0
	}
	return i
}

// leaders begin the lines of comments in SQL, TeX, Fortran and batch files, and those of a diff.
var leaders = [...]string{"-- ", "%", "!", "REM ", "+", "-"}

// led returns where the text at text[i], the beginning of a line, goes on behind a leader that the line before has too.
func led(text []byte, i int) int {
	at := indented(text, i)
	if at == len(text) || class[text[at]]&mark != 0 {
		return i
	}
	for _, l := range leaders {
		if !hasPrefix(text[at:], l) {
			continue
		}
		from := max(0, i-1-longestSide)
		before := bytes.LastIndexByte(text[from:i-1], '\n')
		if before < 0 && from > 0 {
			return i
		}
		if hasPrefix(text[indented(text, from+before+1):], l) {
			return at + len(l)
		}
	}
	return i
}

// indented returns where the text of a line begins that is indented by little.
func indented(text []byte, i int) int {
	for most := i + longestIndent; i < len(text) && i < most && (text[i] == ' ' || text[i] == '\t'); {
		i++
	}
	return i
}

// tail reports whether a line ends like the beginning of a key: a long run with a digit or with letters of either case.
func tail(line []byte) bool {
	var m mixture
	for n := 1; n <= len(line) && n <= longestSide; n++ {
		c := line[len(line)-n]
		if class[c]&keyByte == 0 {
			return false
		}
		m.add(c)
		if n >= leastTail && m.ofKey() {
			return true
		}
	}
	return false
}

// mixture counts the digits and letters of a run.
type mixture struct{ digits, lower, upper int }

func (m *mixture) add(c byte) {
	switch {
	case '0' <= c && c <= '9':
		m.digits++
	case 'a' <= c && c <= 'z':
		m.lower++
	case 'A' <= c && c <= 'Z':
		m.upper++
	}
}

// ofKey reports whether digits stand among letters, or letters of either case.
func (m *mixture) ofKey() bool {
	return m.digits > 0 && m.lower+m.upper > 0 || m.lower > 1 && m.upper > 1
}

// head reports whether a line begins like the rest of a key, with a run that nothing but the end of a value follows, and whether the run
// is as long and of such letters as the beginning of a key would be.
func head(line []byte) (alone, ofKey bool) {
	var m mixture
	n := 0
	for n < len(line) && n < longestSide && class[line[n]]&keyByte != 0 {
		m.add(line[n])
		n++
	}
	if n < leastHead || n < len(line) && n < longestSide && !endsValue(line[n]) {
		return false, false
	}
	return true, n >= leastTail && m.ofKey()
}

// endsValue reports whether a byte may follow a value.
func endsValue(c byte) bool {
	switch c {
	case '\r', '\n', '"', '\'', '`', ',', ';', '<', ')', '\\':
		return true
	}
	return false
}
