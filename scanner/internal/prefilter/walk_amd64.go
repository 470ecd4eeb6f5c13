package prefilter

// walk is walkAll, without the registers that a compiler needs for bounds where the states' numbers are small.
func walk[N uint16 | uint32](next table[N], column *[256]uint8, states *[streams]uint, text []byte, stride, steps, i int) int {
	small, ok := any(next).(table[uint16])
	if !ok {
		return walkAll(next, column, states, text, stride, steps, i)
	}
	if i >= steps || len(text) < (streams-1)*stride+steps {
		return steps
	}
	return walkSmall(&small[0], column, states, &text[0], stride, i, steps)
}

// walkSmall is walkAll for n bytes of each stream, of which there is one more than i.
//
//go:noescape
func walkSmall(next *uint16, column *[256]uint8, states *[streams]uint, text *byte, stride, i, n int) int
