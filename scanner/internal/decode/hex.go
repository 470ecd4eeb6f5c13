package decode

// leastPairs is how many pairs of digits in a row must be printable.
const leastPairs = leastHex/2 - 1

// hexes decodes what is printable in runs of hexadecimal digits, at either of the two ways to divide them into pairs, and the zero bytes
// among it, as between the characters of UTF-16 and UTF-32. Hashes and colours hold next to none.
func hexes(s *Sheet, m *Marks) {
	s.runs(m, hexDigit, leastHex, func(clean []byte) {
		for phase := range 2 {
			s.pairs(clean, phase)
		}
	})
	s.listed(m)
	s.finish()
}

// listed decodes bytes that are listed one by one: 67 68, 67:68, 0x67, 0x68.
func (s *Sheet) listed(m *Marks) {
	done := 0
	for _, at := range m.apart {
		if at < done || digitsOf(m.text, at) < 0 {
			continue
		}
		for {
			from := byteBefore(m.text, at)
			if from < done {
				break
			}
			at = from
		}
		s.lines, s.clean = s.lines[:0], s.clean[:0]
		for {
			digits := digitsOf(m.text, at)
			if digits < 0 {
				break
			}
			s.lines = append(s.lines, piece{at: len(s.clean), n: 2, src: digits, size: 2})
			s.clean = append(s.clean, m.text[digits:digits+2]...)
			done = digits + 2
			at = behindGap(m.text, done)
		}
		s.pairs(s.clean, 0)
	}
}

// longestBetween is how many bytes may stand between two listed ones, as where a line ends.
const longestBetween = 24

// digitsOf returns where the digits of the listed byte stand that begins at text[at], -1 when none does.
func digitsOf(text []byte, at int) int {
	if at+4 <= len(text) && text[at] == '0' && text[at+1]|0x20 == 'x' {
		at += 2
	}
	if at+2 > len(text) || class[text[at]]&class[text[at+1]]&hexDigit == 0 || at+2 < len(text) && class[text[at+2]]&word != 0 {
		return -1
	}
	return at
}

// behindGap returns where the next byte may begin behind what stands between listed bytes, else the end of the text.
func behindGap(text []byte, at int) int {
	for most := at + longestBetween; at < len(text) && at < most; at++ {
		if !between(text[at]) {
			return at
		}
	}
	return len(text)
}

// byteBefore returns where the listed byte begins before the one at text[at], -1 when none does.
func byteBefore(text []byte, at int) int {
	end := at
	for end > 0 && at-end < longestBetween && between(text[end-1]) {
		end--
	}
	if end < 2 || end == at {
		return -1
	}
	from := end - 2
	if end >= 4 && text[end-3]|0x20 == 'x' && text[end-4] == '0' {
		from = end - 4
	}
	if digitsOf(text, from) != end-2 || from > 0 && class[text[from-1]]&word != 0 {
		return -1
	}
	return from
}

func between(c byte) bool {
	return c == ' ' || c == ',' || c == ':' || c == '\t' || c == '\n' || c == '\r'
}

func (s *Sheet) pairs(clean []byte, phase int) {
	n := (len(clean) - phase) / 2
	at := func(q int) byte { return pair(clean[phase+2*q:]) }
	for lo, q := 0, leastPairs-1; q < n; q += leastPairs {
		if !shown(at(q)) {
			continue
		}
		from, to := q, q+1
		for zeros := 0; from > lo && goes(at(from-1), &zeros); {
			from--
		}
		for zeros := 0; to < n && goes(at(to), &zeros); {
			to++
		}
		if to-from >= leastPairs {
			a, b := phase+2*from, phase+2*to
			s.encoded(a, b, 2, 1, func(dst []byte) []byte {
				for i := a; i < b; i += 2 {
					dst = append(dst, pair(clean[i:]))
				}
				return dst
			})
		}
		lo, q = to, to
	}
}

// shown reports whether a byte may be of a text in one, two or four bytes for a character.
func shown(c byte) bool { return c == 0 || printable(c) }

// goes reports whether a text goes on with a byte: of zeros there are three in a row at most, as in UTF-32.
func goes(c byte, zeros *int) bool {
	if c != 0 {
		*zeros = 0
		return printable(c)
	}
	*zeros++
	return *zeros < 4
}

func pair(c []byte) byte { return byte(digit(c[0])<<4 | digit(c[1])) }
