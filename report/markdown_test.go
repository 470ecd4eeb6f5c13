package report

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

var (
	inlineCode = regexp.MustCompile("`[^`\n]+`")
	// plainProse is all that may stand outside of code: nothing in it is markup, an address, a mention or HTML.
	plainProse = regexp.MustCompile(`^[\p{L}\p{N} ,.;:!?()"'’…·→←—-]*$`)
	tableRule  = strings.Repeat("| --- ", 6) + "|"
)

// checkMarkdown reads a summary as a renderer does, line by line, and refuses whatever acts outside of code.
func checkMarkdown(t *testing.T, text string) {
	t.Helper()
	if len(text) > 1<<20 {
		t.Errorf("%d bytes", len(text))
	}
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "```" {
			fenced = !fenced
			continue
		}
		if fenced {
			if !strings.HasPrefix(line, "quash ") {
				t.Errorf("a block holds %q", line)
			}
			continue
		}
		rest := inlineCode.ReplaceAllStringFunc(line, func(c string) string {
			if strings.Contains(c, "|") {
				t.Errorf("a cell ends inside of code: %q", line)
			}
			return "x"
		})
		switch {
		case rest == tableRule:
			continue
		case strings.HasPrefix(rest, "|"):
			if strings.Count(rest, "|") != 7 || !strings.HasSuffix(rest, "|") {
				t.Errorf("a row of the table has other cells: %q", line)
			}
			rest = strings.NewReplacer("|", " ", "**ACTIVE**", "ACTIVE").Replace(rest)
		default:
			rest = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(rest, "### "), "#### "), "- ")
		}
		if !plainProse.MatchString(rest) || strings.Contains(rest, "://") || strings.Contains(rest, "www.") {
			t.Errorf("outside of code stands %q in %q", rest, line)
		}
	}
	if fenced {
		t.Error("a block does not end")
	}
}

func TestMarkdown(t *testing.T) {
	text := render(t, "markdown", Run{Rules: ruleSet(t)}, story()...)
	checkMarkdown(t, text)
	for _, want := range []string{
		"### quash: 1 live key is exposed.\n", "| **ACTIVE** | `q-1111aaaa1111aaaa` | `acme-token` |", "#### The scan is INCOMPLETE.", "→ `git fetch --unshallow`", "```\nquash respond ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	whole := stats()
	whole.Stats.Complete, whole.Stats.Gaps = true, nil
	if text := render(t, "markdown", Run{}, config(), whole); !strings.Contains(text, "quash: Clean: no key in") || strings.Contains(text, "|") {
		t.Errorf("a whole scan without keys:\n%s", text)
	}
	for _, items := range [][]Item{{config(), stats()}, {config()}} {
		if text := render(t, "markdown", Run{}, items...); strings.Contains(text, "Clean") || !strings.Contains(text, "INCOMPLETE") {
			t.Errorf("an incomplete scan looks clean:\n%s", text)
		}
	}
}

func TestMarkdownText(t *testing.T) {
	for in, want := range map[string]string{
		"It may outlive the key.":       "It may outlive the key.",
		"by @everyone, #12 and a|b":     "by `@everyone`, `#12` and `a\\x7cb`",
		"see https://evil.example now.": "see `https://evil.example` now.",
		"<b>bold</b> `x` **y** [z](u)":  "`<b>bold</b>` `\\x60x\\x60` `**y**` `[z](u`)",
		"www.evil.example ann@evil.com": "`www.evil.example` `ann@evil.com`",
		"1,204 commits, 8 branches (x)": "1,204 commits, 8 branches (x)",
		"don't :smile: \\ !":            "don't `:smile`: `\\` `!`",
		"(acme_pat_… 39) of 2026-10-13": "(`acme_pat_…` 39) of 2026-10-13",
	} {
		if got := prose(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// TestMarkdownLimit: the summary of very many places stays within what GitHub takes, keeps the most urgent, and says what it cut.
func TestMarkdownLimit(t *testing.T) {
	items := []Item{config()}
	for i := range 12000 {
		items = append(items, tokenAt(scanner.ID(fmt.Sprintf("q-%016x", i)), rules.High, scanner.Location{Path: strings.Repeat("d/", 30) + "a", Line: i + 1}))
	}
	items = append(items, outcomes()[1], tokenAt(idLive, rules.High, scanner.Location{Path: strings.Repeat("|`@x ", 4000), Line: 1}), stats())
	text := render(t, "markdown", Run{}, items...)
	checkMarkdown(t, text)
	if len(text) < 900<<10 || !strings.Contains(text, "places are left out here for want of room") {
		t.Errorf("%d bytes, and nothing says what is cut", len(text))
	}
	if first := strings.Index(text, string(idLive)); first < 0 || first > strings.Index(text, "q-0000000000000000") {
		t.Error("the live key is not first")
	}
}
