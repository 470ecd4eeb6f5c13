package decode

import "bytes"

// Lengths, in bytes, of the two sides of a line's end between which a key is believed to be broken.
const leastTail, leastHead, longestSide = 8, 4, 128

// lines finds the ends of lines that break a key: after a backslash, or after what looks like the beginning of a key
// when what looks like its rest follows by itself.
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
			if to := resume(text, i+1); to > 0 && head(text[to:]) && tail(text[:end]) {
				dst = append(dst, edit{from: end, to: to})
			}
		}
	}
}

// resume returns where the text of the line at text[i] begins when that could be of a key, else 0. A diff's mark is skipped when
// the line before has it too.
func resume(text []byte, i int) int {
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		if before := bytes.LastIndexByte(text[max(0, i-1-longestSide):i-1], '\n'); before >= 0 && text[max(0, i-1-longestSide)+before+1] == text[i] {
			i++
		}
	}
	for most := i + longestIndent; i < len(text) && i < most && class[text[i]]&mark != 0; {
		i++
	}
	if i+1 < len(text) && text[i] == '/' && text[i+1] == '/' {
		i += 2
		for most := i + longestIndent; i < len(text) && i < most && text[i] == ' '; {
			i++
		}
	}
	if i >= len(text) || class[text[i]]&keyByte == 0 {
		return 0
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

// head reports whether a line begins like the rest of a key: a run that nothing but the end of a value follows.
func head(line []byte) bool {
	n := 0
	for n < len(line) && n < longestSide && class[line[n]]&keyByte != 0 {
		n++
	}
	if n < leastHead {
		return false
	}
	if n == len(line) {
		return true
	}
	switch line[n] {
	case '\r', '\n', '"', '\'', '`', ',', ';', '<', ')', '\\':
		return true
	}
	return n == longestSide
}
