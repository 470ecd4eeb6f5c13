package decode

// leastPairs is how many pairs of digits in a row must be printable.
const leastPairs = leastHex/2 - 1

// hexes decodes what is printable in runs of hexadecimal digits, at either of the two ways to divide them into pairs. Hashes and
// colours hold next to none.
func hexes(s *Sheet, text []byte) {
	s.runs(text, hexDigit, leastHex, func(clean []byte) {
		for phase := range 2 {
			s.pairs(clean, phase)
		}
	})
}

func (s *Sheet) pairs(clean []byte, phase int) {
	n := (len(clean) - phase) / 2
	for lo, q := 0, leastPairs-1; q < n; q += leastPairs {
		if !printable(pair(clean[phase+2*q:])) {
			continue
		}
		from, to := q, q+1
		for from > lo && printable(pair(clean[phase+2*(from-1):])) {
			from--
		}
		for to < n && printable(pair(clean[phase+2*to:])) {
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

func pair(c []byte) byte { return byte(digit(c[0])<<4 | digit(c[1])) }
