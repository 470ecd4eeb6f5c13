package lex

import "bytes"

// Programs write the names of an object in the same order, with the same white space and punctuation around them. So it is remembered what
// stood between the end of a token and the value of the next name, and where it stands again, behind the name that it followed before, it is
// taken in one step.

const (
	// mostSteps is how many are remembered.
	mostSteps = 4096
	// longestStep is how long one may be, in bytes.
	longestStep = 256
)

// step is what was read of a name.
type step struct {
	want   want
	raw    []byte // from the end of the token before it up to its value
	name   []byte
	number int32    // from 1 on
	next   [2]*step // that followed it, the last one first
}

// steps are those that were read.
type steps struct {
	known [2]map[string]*step // by raw: behind a bracket, and behind a value
	all   int32               // how many they are
	first step                // before all
	last  *step
	name  []byte // that is being read
	from  int64  // where what stands before it begins
	want  want   // there
	named bool   // it was read, and its value comes next
}

// step takes the step that stands here, if it followed the last one before.
func (j *JSON) step() *step {
	s := &j.steps
	s.from, s.want, s.named = j.in.Offset(), j.want, false
	if s.last == nil {
		s.last = &s.first
	}
	for i, next := range s.last.next {
		if next == nil || next.want != j.want || !j.in.need(len(next.raw)+1) || !bytes.HasPrefix(j.in.rest(), next.raw) {
			continue
		}
		if i > 0 {
			s.last.next[0], s.last.next[1] = next, s.last.next[0]
		}
		j.in.i += len(next.raw)
		j.want = wantValue
		s.last = next
		return next
	}
	return nil
}

// named takes a name that was read, of a long one the end: that begins too far back for a step.
func (j *JSON) named(t Token) {
	if s := &j.steps; t.Bare && len(t.Text) < longestStep {
		s.name, s.named = append(s.name[:0], t.Text...), true
	}
}

// learn remembers the step to the value that stands here.
func (j *JSON) learn() {
	s := &j.steps
	s.named = false
	from := int(s.from - j.in.base)
	if from < 0 || j.in.i-from > longestStep {
		return
	}
	raw := j.in.buf[from:j.in.i]
	known := &s.known[0]
	if s.want == wantMore {
		known = &s.known[1]
	}
	next := (*known)[string(raw)]
	if next == nil {
		if s.all == mostSteps {
			return
		}
		if *known == nil {
			*known = map[string]*step{}
		}
		s.all++
		next = &step{want: s.want, raw: bytes.Clone(raw), name: bytes.Clone(s.name), number: s.all}
		(*known)[string(raw)] = next
	}
	if s.last.next[0] != next {
		s.last.next[0], s.last.next[1] = next, s.last.next[0]
	}
	s.last = next
}
