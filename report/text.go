package report

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

var _ = register("text", FormatFunc(writeText), ".txt")

// writeText says the most important thing first: which keys are live, where, and what to do now. It ends with one line
// that can be read from across the room, and the commands to type next.
func writeText(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	s, err := summarize(run, items)
	if err != nil {
		return err
	}
	t := &text{w: bufio.NewWriter(w), run: run, summary: s}
	t.covered()
	t.allKeys()
	t.plans()
	t.gaps()
	t.ending()
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// text writes lines. Piped output (no width) is never wrapped, so that a line stays a line for grep.
type text struct {
	*summary
	w   *bufio.Writer
	run Run
}

// colour is the number of a terminal's colour; zero: none. Colour carries no meaning alone: a word says it too.
type colour int

// The colours. Red is for live keys alone.
const (
	red   colour = 31
	green colour = 32
)

// body is how far what belongs to a key is indented.
const body = 5

// shown is how many places, gaps or objects of one kind are written out.
const shown = 12

// line writes text, broken at spaces where it is wider than the terminal; the lines after the first are indented by two more.
// A word that is too wide stays whole: a path or an ID that is cut cannot be used.
func (t *text) line(indent int, format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	words := strings.TrimLeft(s, " ")
	t.flow(0, indent+len(s)-len(words), " ", strings.Split(words, " ")...)
}

// flow writes parts with sep between them, and breaks only between parts. The first has the colour.
func (t *text) flow(c colour, indent int, sep string, parts ...string) {
	line := strings.Repeat(" ", indent) + parts[0]
	paint := func(s string) string { return s }
	if head := strings.TrimRight(parts[0], " "); c != 0 && t.run.Color {
		paint = func(s string) string { return strings.Replace(s, head, fmt.Sprintf("\x1b[%d;1m%s\x1b[0m", c, head), 1) }
	}
	emit := func() {
		_, _ = t.w.WriteString(paint(strings.TrimRight(line, " ")) + "\n") // the writer keeps its error for Flush
		paint = func(s string) string { return s }
	}
	for _, p := range parts[1:] {
		full := t.run.Width > 0 && columns(line+sep)+columns(strings.TrimRight(p, " ")) > t.run.Width
		if full && strings.TrimSpace(line) != "" {
			emit()
			line = strings.Repeat(" ", indent+2) + p
			continue
		}
		line += sep + p
	}
	emit()
}

func (t *text) blank() { _ = t.w.WriteByte('\n') }

// columns is how wide a text is in a terminal, for scripts with one column a character.
func columns(s string) int { return utf8.RuneCountInString(s) }

// pad fills a text to a width with spaces.
func pad(s string, width int) string { return s + strings.Repeat(" ", max(0, width-columns(s))) }

// covered says what was read and what was left out on purpose.
func (t *text) covered() {
	if t.Stats == nil {
		return
	}
	t.line(2, "read %s   %.1f s", t.seen(), t.Stats.Seconds)
	if left := t.leftOut(); len(left) > 0 {
		t.line(2, "left out: %s", strings.Join(left, ", "))
	}
	t.blank()
}

// plans says what the plan would do and that nothing was changed by making it.
func (t *text) plans() {
	for _, p := range t.Plans {
		irreversible := 0
		for _, a := range p.Actions {
			if !a.Action.Reversible {
				irreversible++
			}
		}
		t.line(0, "Plan: %s, %d irreversible, to be approved before %s UTC. None of it is done yet.",
			count(len(p.Actions), "action", "actions"), irreversible, minute(p.Expires))
		t.blank()
	}
}

func (t *text) gaps() {
	if t.Stats == nil {
		return
	}
	gaps := t.Stats.Gaps
	if len(gaps) > 0 {
		t.line(0, "The scan is INCOMPLETE. What could not be seen:")
	}
	for i, g := range gaps {
		if i == shown {
			t.line(2, "and %s: -o run.json lists all", count(len(gaps)-i, "more", "more"))
			break
		}
		t.line(2, "%s: %s", g.What, g.Why)
		if g.Next != "" {
			t.line(body, "→ %s", g.Next)
		}
	}
	for _, u := range t.Stats.Unchecked {
		t.line(0, "Not asked of its issuer: %s", u)
	}
	if len(gaps)+len(t.Stats.Unchecked) > 0 {
		t.blank()
	}
}

// ending is the one line for the whole run, and what to do next.
func (t *text) ending() {
	sentence, how := t.verdict()
	c := map[mood]colour{moodBad: red, moodGood: green}[how]
	parts := []string{sentence}
	if rest := t.rest(); rest != "" {
		parts = append(parts, strings.Split(rest, " ")...)
	}
	t.flow(c, 0, " ", parts...)
	t.next()
}

// next names what to do now: each command once, with what it is for.
func (t *text) next() {
	lead := "  next: "
	for _, s := range t.nextSteps() {
		why := s.why[:min(len(s.why), shown)]
		if s.command != "" {
			why = append([]string{s.command}, why...)
		}
		for i, line := range why {
			under := 0
			if i > 0 && s.command != "" {
				under = 2
			}
			t.line(0, "%s%s%s", lead, strings.Repeat(" ", under), line)
			lead = strings.Repeat(" ", len(lead))
		}
	}
}
