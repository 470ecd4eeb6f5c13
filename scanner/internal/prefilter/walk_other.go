//go:build !amd64

package prefilter

// walk is walkAll.
func walk[N uint16 | uint32](next table[N], column *[256]uint8, states *[streams]uint, text []byte, stride, steps, i int) int {
	return walkAll(next, column, states, text, stride, steps, i)
}
