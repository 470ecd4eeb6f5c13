//go:build !amd64

package prefilter

// walk is walk4.
func walk[N uint16 | uint32](next table[N], column *[256]uint8, states *[4]uint, a, b, c, d []byte, i int) int {
	return walk4(next, column, states, a, b, c, d, i)
}
