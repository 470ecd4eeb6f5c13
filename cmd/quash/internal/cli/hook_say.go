package cli

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/quash-sh/quash/scanner"
)

// say tells what a hook found, on stderr: git shows it to whoever commits or pushes. Nothing found is nothing said.
func (c *check) say(r *run) error {
	if len(r.findings) > 0 {
		c.stopped(r)
		return code(ExitFound)
	}
	if r.interrupted || !r.stats.Complete() {
		c.unread(r)
		return code(ExitIncomplete)
	}
	return nil
}

func (c *check) stopped(r *run) {
	var b strings.Builder
	fmt.Fprintf(&b, "quash: %s stopped, %s in %s (%d ms, offline)\n\n", c.kind.stops, plural(len(r.keys), "key"), c.kind.adds,
		c.g.env.Now().Sub(c.started).Milliseconds())
	columns := make([][]string, len(r.findings))
	for i, f := range r.findings {
		columns[i] = []string{spot(f.At), f.Rule, f.Redacted, string(f.ID)}
	}
	for _, line := range aligned(columns) {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("\n")
	for i, way := range c.ways(r.findings) {
		fmt.Fprintf(&b, "  %d  %s\n", i+1, way)
	}
	b.WriteString("  " + c.ending() + "\n")
	_, _ = fmt.Fprint(c.g.env.Stderr, b.String()) // the exit code says it too
}

// ways are the ways on: take it out, it is an example, let it stand.
func (c *check) ways(found []scanner.Finding) []string {
	out := "take it out, then: git add " + paths(found)
	if c.kind.stdin {
		out = "take it out of " + commits(found) + ": git commit --amend, or for an older commit git rebase -i"
	}
	id := string(found[0].ID)
	if slices.ContainsFunc(found, func(f scanner.Finding) bool { return f.ID != found[0].ID }) {
		id = "ID"
	}
	keep := `it must stay:      quash allow ` + id + ` --reason "…" --expires 30d, then: git add .quashignore`
	if c.kind.stdin {
		keep += " and commit"
	}
	return []string{out, "it is an example:  add  # quash:allow example  to the line", keep}
}

func (c *check) ending() string {
	s := "It has not left this machine"
	if c.kind.stdin {
		s = "It was not pushed by this"
	}
	s += ". If it was ever pushed or pasted elsewhere: quash respond"
	if c.spec != "" {
		s += " " + c.spec
	}
	return s
}

// unread tells what a hook should have seen and could not.
func (c *check) unread(r *run) {
	var b strings.Builder
	fmt.Fprintf(&b, "quash: %s stopped: no key in what could be read, but not all could be read\n", c.kind.stops)
	for _, gap := range r.stats.Gaps {
		fmt.Fprintf(&b, "  %s: %s\n       → %s\n", gap.What, gap.Why, gap.Next)
	}
	_, _ = fmt.Fprint(c.g.env.Stderr, printable(c.g.cleaner.text(b.String()))) // the exit code says it too
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// spot names a place as compilers do.
func spot(at scanner.Location) string {
	path := at.Path
	if path == "" {
		path = at.Field
	}
	s := fmt.Sprintf("%s:%d", printable(path), at.Line)
	switch {
	case at.Commit == "" && len(at.Refs) > 0:
		s += " in tag " + printable(at.Refs[0])
	case at.Commit != "":
		s += " in " + at.Commit[:min(len(at.Commit), 8)]
	}
	return s
}

// printable is a text without control characters, which a path may have.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// aligned sets columns under one another.
func aligned(rows [][]string) []string {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	lines := make([]string, len(rows))
	for n, row := range rows {
		for i, cell := range row {
			if i < len(row)-1 {
				cell += strings.Repeat(" ", widths[i]-len([]rune(cell))+3)
			}
			lines[n] += cell
		}
	}
	return lines
}

// forShell is a word as a shell reads it back.
func forShell(s string) string {
	plain := func(r rune) bool {
		return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("_-./:@%+=,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// maxNamed is how many paths or commits a line names.
const maxNamed = 3

// paths names the files, for the command line.
func paths(found []scanner.Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, forShell(printable(f.At.Path)))
	}
	return named(all)
}

// commits names the commits and tags that brought the keys.
func commits(found []scanner.Finding) string {
	var all []string
	for _, f := range found {
		if name := f.At.Commit[:min(len(f.At.Commit), 8)]; name != "" {
			all = append(all, name)
		} else if len(f.At.Refs) > 0 {
			all = append(all, "tag "+printable(f.At.Refs[0]))
		}
	}
	return named(all)
}

func named(all []string) string {
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > maxNamed {
		return strings.Join(all[:maxNamed], " ") + " …"
	}
	return strings.Join(all, " ")
}
