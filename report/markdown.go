package report

import (
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"sync"
)

var _ = register("markdown", FormatFunc(writeMarkdown), ".md", ".markdown")

// A job summary of GitHub Actions takes 1 MiB a step and refuses all of one that is larger
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits). The rest
// is left to what else the step says.
const markdownMost = 1000 << 10

// The most runes of other people's text in a cell, and the most bytes of a command. A command that is cut cannot be used.
const (
	markdownCell    = 300
	markdownCommand = 8 << 10
)

// writeMarkdown writes the summary of a job: the verdict, a table of places, what could not be seen, and what to do next.
// Other people's text stands in code, where nothing in it acts: no HTML, no link, no mention.
func writeMarkdown(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	s, err := summarize(run, items)
	if err != nil {
		return err
	}
	head, tail := s.markdownHead(), s.markdownGaps()+s.markdownNext()
	if _, err := io.WriteString(w, head+s.markdownTable(markdownMost-len(head)-len(tail))+tail); err != nil {
		return fmt.Errorf("write markdown: %w", err)
	}
	return nil
}

func (s *summary) markdownHead() string {
	verdict, _ := s.verdict()
	head := "### quash: " + prose(verdict) + "\n\n"
	if rest := s.rest(); rest != "" {
		head += prose(rest) + "\n\n"
	}
	if s.Stats != nil && s.tally.keys > 0 {
		head += "Read: " + prose(s.seen()) + ".\n\n"
	}
	if left := s.leftOut(); len(left) > 0 {
		head += "Left out: " + prose(list(left, shown)) + ".\n\n"
	}
	return head
}

// markdownTable is a row for each place, the most urgent keys first, in at most so many bytes.
func (s *summary) markdownTable(most int) string {
	if s.tally.places == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| State | Finding | Kind | Key | Place | Since |\n| --- | --- | --- | --- | --- | --- |\n")
	const more = "\n%s left out here for want of room: -o run.json lists all.\n"
	most -= len(more) + 32
	n := 0
	for _, k := range s.keys {
		word := strings.ToUpper(string(k.state()))
		if k.state() == stateLive {
			word = "**" + word + "**"
		}
		for _, f := range k.findings {
			row := fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", word, code(string(k.id)), code(f.Rule), code(f.Redacted), code(place(f.Location)),
				code(strings.Join(since(f.Location), "  ")))
			if b.Len()+len(row) > most {
				_, _ = fmt.Fprintf(&b, more, count(s.tally.places-n, "place is", "places are")) // a strings.Builder does not fail
				return b.String() + "\n"
			}
			b.WriteString(row)
			n++
		}
	}
	return b.String() + "\n"
}

func (s *summary) markdownGaps() string {
	if s.Stats == nil || len(s.Stats.Gaps) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("#### The scan is INCOMPLETE. What could not be seen:\n\n")
	for i, g := range s.Stats.Gaps {
		if i == shown {
			b.WriteString("- and " + count(len(s.Stats.Gaps)-i, "more", "more") + "\n")
			break
		}
		b.WriteString("- " + code(g.What) + ": " + prose(g.Why))
		if g.Next != "" {
			b.WriteString(" → " + code(g.Next))
		}
		b.WriteByte('\n')
	}
	return b.String() + "\n"
}

// markdownNext is what to do now. Commands stand in blocks, from which they can be copied as they are.
func (s *summary) markdownNext() string {
	steps := s.nextSteps()
	if len(steps) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("#### Next\n\n")
	for _, step := range steps[:min(len(steps), shown)] {
		for _, why := range step.why[:min(len(step.why), shown)] {
			b.WriteString("- " + prose(why) + "\n")
		}
		if step.command != "" && len(step.command) <= markdownCommand {
			b.WriteString("\n```\n" + step.command + "\n```\n\n")
		}
	}
	return b.String()
}

// code is other people's text as inline code. In there neither HTML nor links nor mentions are read; what could end it, or end a
// cell of a table, is written out as hidden characters are.
func code(s string) string {
	s = strings.NewReplacer("`", `\x60`, "|", `\x7c`).Replace(clip(visible(s), markdownCell))
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return "`" + s + "`"
}

// plainWord is a word or number in which Markdown and its renderers see nothing but text: no markup, address, mention, number of
// an issue, or name of a host.
var plainWord = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[("']*(?:\p{L}+(?:['’-]\p{L}+)*|[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2})[)"',.;:!?…]*|[·→←…—])$`)
})

// prose is a sentence in which other people's words may stand: each word that is not plain becomes code.
func prose(s string) string {
	words := strings.Fields(clip(visible(s), 4*markdownCell))
	for i, w := range words {
		if !plainWord().MatchString(w) {
			words[i] = codeWord(w)
		}
	}
	return strings.Join(words, " ")
}

// codeWord is a word as code, without the brackets and stops around it.
func codeWord(w string) string {
	from, to := len(w)-len(strings.TrimLeft(w, `("'`)), len(strings.TrimRight(w, `)"',.;:`))
	if from >= to {
		return code(w)
	}
	return w[:from] + code(w[from:to]) + w[to:]
}

// clip cuts a text to so many runes, and says that it did.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if all := []rune(s); len(all) > most {
		return string(all[:most-1]) + "…"
	}
	return s
}
