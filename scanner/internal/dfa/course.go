package dfa

// Course is a walk that goes on from one stretch of a text into the next. It holds no state of the walker's, which may forget them.
type Course struct {
	points []int32
	at     reached
}

// Course begins a walk where a match begins.
func (w *Walker) Course() Course {
	s := &w.states[w.from("")]
	return Course{s.points, s.reached}
}

// Along goes on with a walk over the next stretch of a text and returns how many bytes of it a match can take at most; false says that
// one may go on behind it.
func (w *Walker) Along(c *Course, text []byte) (n int, ended bool) {
	w.from("") // which forgets states where there are too many
	s := w.intern(c.points, c.at)
	for i, b := range text {
		if s = w.onward(s, b); s == dead {
			return i, true
		}
	}
	c.points, c.at = w.states[s].points, w.states[s].reached
	return len(text), false
}
