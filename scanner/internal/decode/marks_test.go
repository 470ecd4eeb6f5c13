package decode

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// textOf draws texts in which all bytes and runs of each class come up.
func textOf(t *rapid.T) []byte {
	piece := rapid.OneOf(
		rapid.SliceOfN(rapid.Byte(), 1, 20),
		rapid.Map(rapid.SampledFrom([]string{"\n", "\r\n", "=", "==", "%", "&", `\`, `"`, "'", "\x00", "\xff", "\xc3\xa0", "\xe2\x80\x8b", " ", "_a9Z-+/.=", "@[`{:,*"}), func(s string) []byte { return []byte(s) }),
		rapid.Map(rapid.IntRange(1, 150), func(n int) []byte { return bytes.Repeat([]byte("k"), n) }),
	)
	return slices.Concat(rapid.SliceOfN(piece, 0, 60).Draw(t, "text")...)
}

// TestMarksAreTheSameOnAnyMachine: the fast way and the plain one mark the same bytes.
func TestMarksAreTheSameOnAnyMachine(t *testing.T) {
	check := func(t interface{ Fatal(...any) }, text []byte) {
		cells := len(text) / cell
		fast, plain := make([]uint64, classesMarked*cells), make([]uint64, classesMarked*cells)
		zeros := markCells(fast, cells, text[:cells*cell])
		if markCellsGo(plain, cells, text[:cells*cell]) != zeros {
			t.Fatal("zeros differ")
		}
		if diff := cmp.Diff(plain, fast); diff != "" {
			t.Fatal(diff)
		}
	}
	var all []byte
	for c := range 256 {
		all = append(all, byte(c))
	}
	check(t, all)
	rapid.Check(t, func(t *rapid.T) { check(t, textOf(t)) })
}

// TestMarksAreWhereTheBytesAre checks against a search byte by byte, behind marks of another text.
func TestMarksAreWhereTheBytesAre(t *testing.T) {
	var m Marks
	rapid.Check(t, func(t *rapid.T) {
		text := textOf(t)
		m.Mark(text)
		key := func(i int) bool { return i >= 0 && i < len(text) && class[text[i]]&keyByte != 0 }
		is := func(i int, set string) bool {
			return i >= 0 && i < len(text) && strings.IndexByte(set, text[i]) >= 0
		}
		keysBefore := func(i int) (n int) {
			for key(i - 1 - n) {
				n++
			}
			return n
		}
		for class, want := range map[int]func(i int) bool{
			marksBackslash: func(i int) bool { return is(i, `\`) },
			marksPercent:   func(i int) bool { return is(i, "%") },
			marksAmpersand: func(i int) bool { return is(i, "&") },
			marksOdd:       func(i int) bool { return peculiar[text[i]] },
			marksQuote:     func(i int) bool { return is(i, `"'`) && key(i-1) },
			marksEnd:       func(i int) bool { return is(i, "\r\n") && (keysBefore(i) >= leastTail || is(i-1, `\`)) },
			marksEquals: func(i int) bool {
				return is(i, "=") && !is(i+1, "=") && (is(i+1, "\r\n") || key(i+1) && key(i+2))
			},
		} {
			at := 0
			for i := range text {
				if !want(i) {
					continue
				}
				if got := m.next(class, at); got != i {
					t.Fatalf("class %d: %d after %d, want %d", class, got, at, i)
				}
				at = i + 1
			}
			if got := m.next(class, at); got != -1 {
				t.Fatalf("class %d: %d after %d, want none", class, got, at)
			}
		}
		var long []run
		for i := range len(text) + 1 {
			if n := keysBefore(i); n >= leastBase64 && !key(i) {
				long = append(long, run{i - n, i})
			}
		}
		if !slices.Equal(long, m.long) || m.zeros != (bytes.IndexByte(text, 0) >= 0) {
			t.Fatalf("long runs %v, want %v; zeros %v", m.long, long, m.zeros)
		}
	})
}
