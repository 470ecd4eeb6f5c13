package forge

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Fetched is how far a fetch is: the stage in git's words ("receiving objects"), and how many of how many objects are done.
type Fetched func(stage string, done, total int)

// said takes what git says on its standard error: progress goes to whom it concerns, all else is kept.
type said struct {
	text     bytes.Buffer
	line     []byte
	progress Fetched // nil: nobody
	watch    *watch  // is told what git does itself; may be nil
	last     string  // of these steps
}

// maxLine bounds a line of what git says, and maxSaid all of it: the other side may say what it likes.
const (
	maxLine = 1 << 10
	maxSaid = 64 << 10
)

// step is a line of progress: "remote: Counting objects:  45% (9/20)".
var step = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:remote: )?([A-Z][a-z]+ [a-z]+): +\d+% \((\d+)/(\d+)\)`)
})

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	for _, c := range p {
		if c == '\n' || c == '\r' {
			s.end()
		} else if len(s.line) < maxLine {
			s.line = append(s.line, c)
		}
	}
	return len(p), nil
}

// end takes a line.
func (s *said) end() {
	m := step().FindSubmatch(s.line)
	switch {
	case m == nil && listed(s.line): // which reference was changed how
	case m == nil && s.text.Len() < maxSaid:
		s.text.Write(append(s.line, '\n'))
	case m != nil:
		s.step(m[0])
		if s.progress == nil {
			break
		}
		done, err := strconv.Atoi(string(m[2]))
		total, err2 := strconv.Atoi(string(m[3]))
		if err == nil && err2 == nil {
			s.progress(strings.ToLower(string(m[1])), done, total)
		}
	}
	s.line = s.line[:0]
}

// listed reports whether a line is of git's table of references, and of none that it refused.
func listed(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(" ")) && !bytes.HasPrefix(line, []byte(" !"))
}

// step tells of a step that git took itself, not the other side, whose words git marks.
func (s *said) step(line []byte) {
	if s.watch != nil && !bytes.HasPrefix(line, []byte("remote: ")) && string(line) != s.last {
		s.last = string(line)
		s.watch.steps.Add(1)
	}
}

// String is what was kept.
func (s *said) String() string {
	if len(s.line) > 0 {
		s.end()
	}
	return s.text.String()
}
