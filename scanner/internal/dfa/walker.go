package dfa

import (
	"encoding/binary"
	"slices"
)

// Walker walks texts with a program in one direction. It keeps the states that it has met; it is for one goroutine at a time.
type Walker struct {
	p     *Program
	graph *graph
	start int32 // the point where the expression begins, in this direction
	final int32 // and where it ends
	// next holds, per state and class, 1 + the next state, or 0 where that is not known yet.
	next   []int32
	states []state
	number map[string]int32
	// after are the states behind keywords.
	after map[string]int32
	held  int // points in all states

	mark  []uint32 // by point: the search in which it was met
	turn  uint32
	stack []int32

	age int     // how often the states were forgotten
	own []int32 // room for a trail

	walked *int64 // counts the bytes that were walked
	looked int    // what decided about the last walk forward
}

// state is a set of points that read, and whether the end is reached without reading: anywhere, or where the text ends.
type state struct {
	points []int32
	reached
}

type reached struct{ end, last bool }

const (
	// dead is the state without points.
	dead = 0
	// most bounds the memory of a walker, in points and in entries of its table; when it is reached, the walker forgets its
	// states.
	most = 1 << 17
)

// Forward returns a walker for matches from their beginning on, Backward one from their end back.
func (p *Program) Forward() *Walker { return newWalker(p, &p.forward, p.start, p.match) }

// Backward returns a walker for matches from their end back.
func (p *Program) Backward() *Walker { return newWalker(p, p.backward(), p.match, p.start) }

func newWalker(p *Program, g *graph, start, final int32) *Walker {
	w := &Walker{p: p, graph: g, start: start, final: final, mark: make([]uint32, len(g.last)), walked: new(int64)}
	w.forget()
	return w
}

// Meter makes the walker count in n the bytes that it walks from now on.
func (w *Walker) Meter(n *int64) *Walker {
	w.walked = n
	return w
}

func (w *Walker) forget() {
	w.next, w.states, w.held = w.next[:0], w.states[:0], 0
	w.age++
	w.number, w.after = map[string]int32{}, map[string]int32{}
	w.intern(nil, reached{}) // dead
}

// Begin walks a text from where a match can begin and returns the length of the longest that there can be. ok is false when there can
// be none, and n is then how much was walked to know it. ends says that the text ends there, and is not cut off. It is for walkers forward.
func (w *Walker) Begin(text []byte, ends bool) (n int, ok bool) {
	return w.walk(w.from(""), text, ends)
}

// After walks the text behind a keyword and returns how much of that a match can take at most which holds the keyword, in either case
// of ASCII. ok is false when there is no such match; ends as for Begin. It is for walkers forward.
func (w *Walker) After(keyword string, text []byte, ends bool) (n int, ok bool) {
	return w.walk(w.from(keyword), text, ends)
}

// Read returns how many bytes of the text decided what Begin or After said last; one more than there are says that the end of the text did too.
func (w *Walker) Read() int { return w.looked }

// Behind reports whether a match that holds the keyword can begin in the text before it, or at the keyword. Where none can, the last read
// bytes are enough to know; one more than there are says that the beginning of the text is too. It is for walkers backward.
func (w *Walker) Behind(keyword string, text []byte) (read int, ok bool) {
	s := w.from(keyword)
	i := len(text) - 1
	for ; i >= 0 && s != dead && !w.states[s].end; i-- {
		s = w.onward(s, text[i])
	}
	*w.walked += int64(len(text) - 1 - i)
	if read = len(text) - 1 - i; s != dead {
		read++
	}
	return read, w.states[s].end
}

// Before walks the text before a keyword and appends, in rising order, how much of it the matches can take which hold the keyword.
// It is for walkers backward.
func (w *Walker) Before(keyword string, text []byte, lengths []int) []int {
	s := w.from(keyword)
	if w.states[s].end {
		lengths = append(lengths, 0)
	}
	classes := int32(w.p.classes)
	i := len(text) - 1
	for ; i >= 0; i-- {
		class := w.p.class[text[i]]
		to := w.next[s*classes+int32(class)]
		if to == 0 {
			to = w.step(s, class)
		}
		if s = to - 1; s == dead {
			break
		}
		if w.states[s].end {
			lengths = append(lengths, len(text)-i)
		}
	}
	*w.walked += int64(len(text) - 1 - i)
	return lengths
}

// from is the state behind a keyword or, where that is empty, at the beginning of the expression.
func (w *Walker) from(keyword string) int32 {
	if len(w.next) > most || w.held > most {
		w.forget()
	}
	s, ok := w.after[keyword]
	if !ok {
		if keyword == "" {
			s = w.begin()
		} else {
			s = w.behind(keyword)
		}
		w.after[keyword] = s
	}
	return s
}

// walk follows a text from a state to its end or to where no match goes on, and returns the last place where one can end or, where none
// can, how far it came.
func (w *Walker) walk(s int32, text []byte, ends bool) (n int, ok bool) {
	ok = w.states[s].end
	classes, walked := int32(w.p.classes), len(text)
	for i, c := range text {
		class := w.p.class[c]
		to := w.next[s*classes+int32(class)]
		if to == 0 {
			to = w.step(s, class)
		}
		if s = to - 1; s == dead {
			walked = i
			break
		}
		if w.states[s].end || !ok {
			n, ok = i+1, w.states[s].end
		}
	}
	*w.walked += int64(walked)
	w.looked = walked + 1
	if ends && w.states[s].last {
		return len(text), true
	}
	return n, ok
}

// step works out a state's successor and returns 1 + its number.
func (w *Walker) step(s int32, class uint8) int32 {
	to := 1 + w.intern(w.read(w.states[s].points, class, class))
	w.next[int(s)*w.p.classes+int(class)] = to
	return to
}

// begin is the state at the beginning of the expression.
func (w *Walker) begin() int32 {
	w.turn++
	var at reached
	return w.intern(w.close(nil, w.start, &at), at)
}

// behind is the state behind a keyword that was read anywhere in the expression.
func (w *Walker) behind(keyword string) int32 {
	points := make([]int32, len(w.graph.last))
	for i := range points {
		points[i] = int32(i)
	}
	var at reached
	text := []byte(keyword)
	if w.graph != &w.p.forward {
		slices.Reverse(text)
	}
	for _, c := range text {
		points, at = w.read(points, w.p.class[c], w.p.class[swapCase(c)])
	}
	return w.intern(points, at)
}

func swapCase(c byte) byte {
	if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		return c ^ 0x20
	}
	return c
}

// read returns the points behind a byte of one of two classes, and whether the end is among what they reach.
func (w *Walker) read(points []int32, a, b uint8) (to []int32, at reached) {
	w.turn++
	for _, p := range points {
		for _, e := range w.graph.read.at(p) {
			if set := &w.graph.sets[e.set]; !set.has(a) && !set.has(b) {
				continue
			}
			to = w.close(to, e.to, &at)
			if a == w.p.high { // one of the bytes of a character, of which more may follow
				to = w.close(to, p, &at)
			}
		}
	}
	return to, at
}

// close adds the points that read and are reached from a point without reading.
func (w *Walker) close(points []int32, from int32, at *reached) []int32 {
	w.stack = append(w.stack[:0], from)
	for len(w.stack) > 0 {
		p := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if w.mark[p] == w.turn {
			continue
		}
		w.mark[p] = w.turn
		at.end = at.end || p == w.final
		at.last = at.last || w.graph.last[p]
		if len(w.graph.read.at(p)) > 0 {
			points = append(points, p)
		}
		w.stack = append(w.stack, w.graph.free.at(p)...)
	}
	return points
}

// intern returns the number of a state.
func (w *Walker) intern(points []int32, at reached) int32 {
	slices.Sort(points)
	key := make([]byte, 0, 1+4*len(points))
	for _, p := range points {
		key = binary.LittleEndian.AppendUint32(key, uint32(p))
	}
	if at.end || at.last {
		key = append(key, 1)
	}
	if at.end {
		key = append(key, 1)
	}
	if s, ok := w.number[string(key)]; ok {
		return s
	}
	s := int32(len(w.states))
	w.number[string(key)] = s
	w.states = append(w.states, state{points, at})
	w.next = append(w.next, make([]int32, w.p.classes)...)
	w.held += len(points)
	return s
}
