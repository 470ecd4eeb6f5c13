package prefilter

// walk is walk4, without the registers that a compiler needs for bounds where the states' numbers are small.
func walk[N uint16 | uint32](next table[N], column *[256]uint8, states *[4]uint, a, b, c, d []byte, i int) int {
	small, ok := any(next).(table[uint16])
	if !ok {
		return walk4(next, column, states, a, b, c, d, i)
	}
	if n := len(a); n == 0 || len(b) < n || len(c) < n || len(d) < n {
		return n
	}
	return walkSmall(&small[0], column, states, &a[0], &b[0], &c[0], &d[0], i, len(a))
}

// walkSmall is walk4 for n bytes of each text.
//
//go:noescape
func walkSmall(next *uint16, column *[256]uint8, states *[4]uint, a, b, c, d *byte, i, n int) int
