package decode

// Bounds of what is taken for encoded bytes.
const (
	// leastBase64 is the shortest run that is looked at, in characters: a key of 18 bytes and more is found.
	leastBase64 = 24
	// leastHex is the same for hexadecimal digits: a key of 16 bytes.
	leastHex = 32
	// leastWrapped is the shortest line that may go on in the next.
	leastWrapped = 40
	// longestIndent is how much may stand before the text of the next line.
	longestIndent = 40
	// wordSize is how many bytes in a row are tested at once.
	wordSize = 8
)

// next returns the first run of at least least bytes of a class from at on; from is -1 when there is none. Of a text without such
// runs it reads eight bytes in every least-8: a run that is so long holds eight of them whole.
func next(text []byte, at int, of uint8, least int) (from, to int) {
	stride := least - wordSize
	for i := at; i+wordSize <= len(text); i += stride {
		w := text[i : i+wordSize : i+wordSize]
		if class[w[0]]&class[w[1]]&class[w[2]]&class[w[3]]&class[w[4]]&class[w[5]]&class[w[6]]&class[w[7]]&of == 0 {
			continue
		}
		if !whole(text, i+wordSize, of) && !whole(text, i-wordSize, of) {
			continue // at least a third of the run is on one side
		}
		for from = i; from > at && class[text[from-1]]&of != 0; {
			from--
		}
		to = end(text, i+wordSize, of)
		if to-from >= least {
			return from, to
		}
		at = to
		i = to + 1 - stride
	}
	return -1, len(text)
}

// whole reports whether the wordSize bytes at text[i] are there and all of a class.
func whole(text []byte, i int, of uint8) bool {
	if i < 0 || i+wordSize > len(text) {
		return false
	}
	w := text[i : i+wordSize : i+wordSize]
	return class[w[0]]&class[w[1]]&class[w[2]]&class[w[3]]&class[w[4]]&class[w[5]]&class[w[6]]&class[w[7]]&of != 0
}

// end returns where the run of a class ends that goes on at i.
func end(text []byte, i int, of uint8) int {
	for whole(text, i, of) {
		i += wordSize
	}
	for i < len(text) && class[text[i]]&of != 0 {
		i++
	}
	return i
}

// runs calls found for every run of a class of key bytes, with the lines of a wrapped one joined. Of those, lines says where they
// stand.
func (s *Sheet) runs(m *Marks, of uint8, least int, found func(clean []byte)) {
	at := 0
	for _, long := range m.long {
		for {
			from, to := next(m.text[:long.to], max(at, long.from), of, least)
			if from < 0 {
				break
			}
			at = s.run(m.text, from, to, of, found)
		}
	}
	s.finish()
}

// run calls found for the run text[from:to] and returns where it ends, with the lines in which it goes on.
func (s *Sheet) run(text []byte, from, to int, of uint8, found func(clean []byte)) int {
	s.lines = append(s.lines[:0], piece{n: to - from, src: from, size: to - from})
	clean := text[from:to]
	if more := goesOn(text, from, to, of); more > 0 {
		clean = append(s.clean[:0], clean...)
		for more > 0 {
			from, to = more, end(text, more, of)
			s.lines = append(s.lines, piece{at: len(clean), n: to - from, src: from, size: to - from})
			clean = append(clean, text[from:to]...)
			more = goesOn(text, from, to, of)
		}
		s.clean = clean
	}
	found(clean)
	return to
}

// goesOn returns where the run text[from:to] goes on in the next line, 0 when it does not.
func goesOn(text []byte, from, to int, of uint8) int {
	p := to
	if p < len(text) && text[p] == '\r' {
		p++
	}
	if to-from < leastWrapped || p >= len(text) || text[p] != '\n' {
		return 0
	}
	if p++; p < len(text) && (text[p] == '+' || text[p] == '-') && from > 0 && changed(text, from, text[p]) {
		p++ // both lines are of a diff
	}
	for most := p + longestIndent; p < len(text) && p < most && class[text[p]]&mark != 0; {
		p++
	}
	if p >= len(text) || class[text[p]]&of == 0 {
		return 0
	}
	return p
}

// changed reports whether the line on which a run begins at from begins with the mark of a diff, which may be in the run.
func changed(text []byte, from int, sign byte) bool {
	if text[from] == sign && text[from-1] == '\n' {
		return true
	}
	return text[from-1] == sign && (from == 1 || text[from-2] == '\n')
}

// encoded makes a part of clean[from:to], whose first byte is the lead-th of the run, in a code of num bytes for den.
func (s *Sheet) encoded(from, to, num, den int, decode func(dst []byte) []byte) {
	s.begin(0, num, den, from)
	start := len(s.Text)
	s.Text = decode(s.Text)
	for _, l := range s.lines[s.line(from):] {
		if l.at >= to {
			break
		}
		s.pieces = append(s.pieces, l)
	}
	p := &s.Parts[len(s.Parts)-1]
	p.pieces = s.pieces[s.marks[len(s.marks)-1]:]
	n := len(s.Text) - start
	p.From, p.To = p.Source(0, n)
	s.end(p.To)
}

// line returns the line that holds a byte of the run.
func (s *Sheet) line(at int) int {
	lo, hi := 0, len(s.lines)
	for lo+1 < hi {
		if mid := (lo + hi) / 2; s.lines[mid].at <= at {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}
