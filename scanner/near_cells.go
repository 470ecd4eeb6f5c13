package scanner

import "bytes"

// edge is a place where a cell of its kind, and every narrower one, ends and the next begins.
type edge struct {
	at   int64
	kind int
}

// edgesOf finds the edges in a text, of which the first byte stands at base, in order. What is inside a half is no edge.
func edgesOf(data []byte, base int64, halves []half) []edge {
	var edges []edge
	next := 0
	add := func(i, kind int) {
		at := base + int64(i)
		for next < len(halves) && halves[next].at.to <= at {
			next++
		}
		if next == len(halves) || at <= halves[next].at.from {
			edges = append(edges, edge{at, kind})
		}
	}
	for i, c := range data {
		switch c {
		case '\n':
			add(i+1, lineKind(data[i+1:]))
		case '{', '}':
			if isBrace(data, i) {
				add(i, itemCell)
			}
		}
	}
	return edges
}

// longestHeader bounds how much of a line is looked at to tell what begins with it.
const longestHeader = 200

// lineKind says what ends where a line begins: a paragraph before a blank line, a section header or a rule of dashes, an item
// before the dash of a list, else only a line.
func lineKind(rest []byte) int {
	rest = rest[:min(len(rest), longestHeader)]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	} else if len(rest) < longestHeader && len(bytes.TrimSpace(rest)) == 0 {
		return lineCell // the text ends here
	}
	line := bytes.TrimSpace(rest)
	switch {
	case len(line) == 0, bytes.HasPrefix(line, []byte("---")),
		line[0] == '[' && line[len(line)-1] == ']' && len(line) > 2:
		return paragraphCell
	case bytes.HasPrefix(line, []byte("- ")):
		return itemCell
	}
	return lineCell
}

// isBrace reports whether a brace stands for an object: those of templates, ${…} and {{…}}, do not.
func isBrace(data []byte, i int) bool {
	same := func(j int) bool { return j >= 0 && j < len(data) && data[j] == data[i] }
	return !same(i-1) && !same(i+1) && (i == 0 || data[i-1] != '$')
}
