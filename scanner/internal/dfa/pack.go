package dfa

import (
	"encoding/binary"
)

// mostPacked is how many states a walker may have that is packed: more take longer to unpack than a text needs of them.
const mostPacked = 1024

// Pack appends a walker all of whose states are worked out: those that walks from the beginning of a match (the keyword "") or from
// keywords on can come to. ok is false when there are too many.
func (w *Walker) Pack(to []byte, keywords []string) (_ []byte, ok bool) {
	for _, k := range keywords {
		w.from(k)
	}
	for s := 0; s < len(w.states); s++ {
		for c := range w.p.classes {
			w.step(int32(s), uint8(c))
		}
		if len(w.states) > mostPacked {
			return to, false
		}
	}
	to = binary.AppendUvarint(to, uint64(w.p.classes))
	to = packRuns(to, w.p.class[:])
	to = binary.AppendUvarint(to, uint64(len(w.states)))
	ends := make([]uint8, len(w.states))
	for i, s := range w.states {
		ends[i] = s.number()
	}
	to = packRuns(to, ends)
	to = packRuns(to, w.next)
	for _, k := range keywords {
		to = binary.AppendUvarint(to, uint64(w.after[k]))
	}
	return to, true
}

// Unpack makes a walker of what Pack has made of one with the same keywords. It is never written to but for its own room: see Share.
func Unpack(packed string, keywords []string) *Walker {
	in := unpacking{packed}
	p := &Program{classes: in.number()}
	unpackRuns(&in, p.class[:], func(n int) uint8 { return uint8(n) })
	n := in.number()
	w := &Walker{p: p, next: make([]int32, n*p.classes), states: make([]state, n), after: make(map[string]int32, len(keywords)), age: 1, walked: new(int64)}
	unpackRuns(&in, w.states, func(n int) state { return state{reached: reachedOf(n)} })
	unpackRuns(&in, w.next, func(n int) int32 { return int32(n) })
	for _, k := range keywords {
		w.after[k] = int32(in.number())
	}
	return w
}

// number is what is reached as a number.
func (r reached) number() uint8 {
	var n uint8
	if r.end {
		n = 1
	}
	if r.last {
		n |= 2
	}
	return n
}

// reachedOf is what a number stands for.
func reachedOf(n int) reached { return reached{end: n&1 != 0, last: n&2 != 0} }

// Share is an unpacked walker for another goroutine.
func (w *Walker) Share() *Walker {
	shared := *w
	shared.own, shared.walked = nil, new(int64)
	return &shared
}

// Pack appends a lead.
func (l *Lead) Pack(to []byte) []byte {
	to = binary.AppendUvarint(to, uint64(l.least))
	to = binary.AppendUvarint(to, uint64(l.size))
	return packRuns(to, l.at[:])
}

// UnpackLead makes a lead of what Pack has made of one.
func UnpackLead(packed string) *Lead {
	in := unpacking{packed}
	l := &Lead{least: in.number(), size: in.number()}
	unpackRuns(&in, l.at[:], func(n int) uint32 { return uint32(n) })
	return l
}

// packable is what runs are made of.
type packable interface {
	bool | uint8 | int32 | uint32
}

// packRuns appends values as runs of equal ones: how many, and which.
func packRuns[T packable](to []byte, values []T) []byte {
	for i := 0; i < len(values); {
		n := 1
		for i+n < len(values) && values[i+n] == values[i] {
			n++
		}
		to = binary.AppendUvarint(binary.AppendUvarint(to, uint64(n)), number(values[i]))
		i += n
	}
	return to
}

// number is a value that is not negative.
func number[T packable](v T) uint64 {
	switch v := any(v).(type) {
	case bool:
		if v {
			return 1
		}
	case uint8:
		return uint64(v)
	case int32:
		return uint64(v)
	case uint32:
		return uint64(v)
	}
	return 0
}

// unpackRuns fills values with runs.
func unpackRuns[T any](in *unpacking, values []T, value func(int) T) {
	for len(values) > 0 {
		n, v := in.number(), value(in.number())
		for i := range values[:n] {
			values[i] = v
		}
		values = values[n:]
	}
}

// unpacking is what is left to unpack.
type unpacking struct{ rest string }

// number takes a number.
func (u *unpacking) number() int {
	n, shift := 0, 0
	for i := 0; ; i++ {
		c := u.rest[i]
		n |= int(c&0x7f) << shift
		if c < 0x80 {
			u.rest = u.rest[i+1:]
			return n
		}
		shift += 7
	}
}
