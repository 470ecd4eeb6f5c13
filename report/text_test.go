package report

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTextWidth: no line is wider than the terminal unless one word is, and no word is cut.
func TestTextWidth(t *testing.T) {
	words := strings.Fields(render(t, "text", Run{}, story()...))
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.IntRange(72, 200).Draw(rt, "width")
		out := render(t, "text", Run{Width: width}, story()...)
		for line := range strings.Lines(out) {
			line = strings.TrimRight(line, "\n")
			if columns(line) > width && strings.Contains(strings.TrimSpace(line), " ") {
				rt.Errorf("a line of %d columns at width %d: %q", columns(line), width, line)
			}
			if strings.TrimRight(line, " ") != line {
				rt.Errorf("spaces at the end of %q", line)
			}
		}
		whole := map[string]bool{}
		for _, w := range strings.Fields(out) {
			whole[w] = true
		}
		for _, w := range words {
			if !whole[w] && w != "·" {
				rt.Errorf("%q is cut or lost at width %d", w, width)
			}
		}
	})
}

// TestTextColour: colour adds nothing but colour, and red is for live keys alone.
func TestTextColour(t *testing.T) {
	plain, coloured := render(t, "text", Run{}, story()...), render(t, "text", Run{Color: true}, story()...)
	for _, c := range []string{"\x1b[31;1m", "\x1b[0m"} {
		coloured = strings.ReplaceAll(coloured, c, "")
	}
	if coloured != plain {
		t.Error("the text differs in more than colour")
	}
	for name, items := range map[string][]Item{
		"not asked": append(found(idDead), done()), "dead": append(found(idDead), answered(idDead), done()), "unknown": append(found(idUnknown), answered(idUnknown), done()),
	} {
		if out := render(t, "text", Run{Color: true}, items...); strings.Contains(out, "\x1b[31") {
			t.Errorf("%s: red without a live key:\n%s", name, out)
		}
	}
	if out := render(t, "text", Run{Color: true}, append(found(idLive), answered(idLive), done())...); strings.Count(out, "\x1b[31;1m") != 2 {
		t.Errorf("a live key and its verdict are not red:\n%s", out)
	}
}

// TestTextLong: what is long is cut with a number and the command that shows the rest.
func TestTextLong(t *testing.T) {
	items := []Item{config()}
	for range shown + 3 {
		items = append(items, findings()[1])
	}
	out := render(t, "text", Run{}, append(items, done())...)
	if want := "and 3 more places: quash show " + string(idLive); !strings.Contains(out, want) {
		t.Errorf("nothing says %q:\n%s", want, out)
	}
}
