package decode

import "slices"

// leastQuads is how many groups of four characters in a row must decode to ASCII.
const leastQuads = 5

// sextetRuns decodes what is ASCII in runs of base64 of either alphabet.
//
// Where in a run an encoding begins is not known: a path, a name or a mark may stand before it. But a key is ASCII, and of bytes in
// general only every eighth group of three is. So at each of the four ways to divide the run into groups those stretches are
// decoded that are ASCII, and of a picture, a hash or a name there are none: that costs a few look-ups for every twenty
// characters.
func sextetRuns(s *Sheet, m *Marks) {
	s.runs(m, base64Byte, leastBase64, func(clean []byte) {
		for phase := range 4 {
			s.quads(clean, phase)
		}
	})
}

// quads finds the stretches of groups of four characters, from the phase-th on, whose bytes are ASCII.
func (s *Sheet) quads(clean []byte, phase int) {
	n := (len(clean) - phase) / 4
	for lo, q := 0, leastQuads-1; q < n; q += leastQuads {
		if !asciiQuad(clean[phase+4*q:]) {
			continue
		}
		from, to := q, q+1
		for from > lo && asciiQuad(clean[phase+4*(from-1):]) {
			from--
		}
		for to < n && asciiQuad(clean[phase+4*to:]) {
			to++
		}
		if to-from >= leastQuads {
			s.quadPart(clean, phase+4*max(0, from-1), min(phase+4*(to+1), len(clean)))
		}
		lo, q = to, to
	}
}

func asciiQuad(c []byte) bool {
	_ = c[3]
	return class[c[0]]&first != 0 && class[c[1]]&second != 0 && class[c[2]]&third != 0
}

// quadPart decodes clean[from:to]. What is left of the last group at the end of the run is decoded too.
func (s *Sheet) quadPart(clean []byte, from, to int) {
	if len(clean)-to < 4 {
		to = len(clean)
	}
	s.encoded(from, to, 4, 3, func(dst []byte) []byte { return appendBase64(dst, clean[from:to]) })
}

// appendBase64 appends what characters of either alphabet, without padding, stand for. A lone last character stands for nothing.
func appendBase64(dst, src []byte) []byte {
	at := len(dst)
	dst = slices.Grow(dst, len(src)/4*3+2)[:at+len(src)/4*3]
	for out := dst[at:]; len(src) >= 4 && len(out) >= 3; src, out = src[4:], out[3:] {
		v := uint32(sextets[src[0]])<<18 | uint32(sextets[src[1]])<<12 | uint32(sextets[src[2]])<<6 | uint32(sextets[src[3]])
		out[0], out[1], out[2] = byte(v>>16), byte(v>>8), byte(v)
	}
	if len(src) >= 2 {
		dst = append(dst, sextets[src[0]]<<2|sextets[src[1]]>>4)
	}
	if len(src) == 3 {
		dst = append(dst, sextets[src[1]]<<4|sextets[src[2]]>>2)
	}
	return dst
}
