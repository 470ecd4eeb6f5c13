package scanner

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What views show is inherited only where that is the same: not of what was too large to be looked at, nor of what was cut off, and not
// for a text that is judged by another setting.

// remembered are the findings and the gaps of a chunk that is remembered, and whether its views were inherited.
func remembered(s *Scanner, c Chunk) (all []sighting, gaps []Gap, inherited bool) {
	view := (&viewer{}).text(s.index, c.From, func(k candidate) {
		f := s.identified(k)
		f.Allowed = k.allowed
		all = append(all, viewSight(f))
	}, func(g Gap) { gaps = append(gaps, g) })
	told := view.feedFrom(c, minRun)
	return all, gaps, told && len(c.Copies) > 0
}

// sameAsWhole checks that a chunk gives what it gives when nothing is told of it.
func sameAsWhole(t *testing.T, s *Scanner, c Chunk) (findings, gaps int, inherited bool) {
	t.Helper()
	alone := c
	alone.Copies, alone.Base, alone.Memo = nil, nil, &Memo{}
	want, wantGaps, _ := remembered(s, alone)
	got, gotGaps, inherited := remembered(s, c)
	if diff := cmp.Diff(want, got) + cmp.Diff(wantGaps, gotGaps); diff != "" {
		t.Errorf("%d bytes, %d copies: %s", len(c.Data), len(c.Copies), diff)
	}
	return len(want), len(wantGaps), inherited
}

// hiddenKey is a key that only a view shows, in a line.
func hiddenKey(t *testing.T, s *Scanner) string {
	rule, ok := s.Rules().Rule("acme-token")
	if !ok {
		t.Fatal("no rule acme-token")
	}
	return "data: " + base64.StdEncoding.EncodeToString([]byte(rule.Sample(testRand(1)).Token)) + "\n"
}

// costly is text that views show many times over, in lines.
func costly(lines int) string {
	return strings.Repeat(`ab\x41 %41 &#65; =41 \u0041 %42 &#66; =42 "a" + "b" cd`+"\n", lines)
}

// tail is a chunk that holds the end of another, from a byte on, between lines of its own.
func tail(base Chunk, from int) Chunk {
	head, n := codeLines(testRand(3), 100), len(base.Data)-from
	return Chunk{
		Data: slices.Concat([]byte(head), base.Data[from:], []byte(head)), From: base.From,
		Copies: []Copy{{From: from, To: len(head), Len: n}}, Base: base.Memo, Memo: &Memo{},
	}
}

func TestCopiesOfLargeTexts(t *testing.T) {
	s := testScanner(t, Options{})
	plain := codeLines(testRand(1), viewBlock+2*viewReach)
	text := plain + hiddenKey(t, s) + codeLines(testRand(2), 3000)
	base := Chunk{Data: []byte(text), Memo: &Memo{}, From: Location{Blob: "b"}}
	if n, _, _ := sameAsWhole(t, s, base); n != 1 {
		t.Fatalf("%d findings", n)
	}
	if got := find(s, text); len(got) != 1 {
		t.Errorf("as one text: %v", got)
	}
	if n, _, _ := sameAsWhole(t, s, tail(base, len(plain)-3000)); n != 1 {
		t.Errorf("%d findings in what was copied", n)
	}
}

func TestCopiesOfCutViews(t *testing.T) {
	s := testScanner(t, Options{})
	head := costly(2000)
	text := head + codeLines(testRand(1), 3000) + hiddenKey(t, s) + codeLines(testRand(2), 3000)
	base := Chunk{Data: []byte(text), Memo: &Memo{}, From: Location{Blob: "b"}}
	if _, gaps, _ := sameAsWhole(t, s, base); gaps != 1 {
		t.Fatalf("%d gaps: the test tests nothing", gaps)
	}
	if n, _, _ := sameAsWhole(t, s, tail(base, len(head))); n != 1 {
		t.Errorf("%d findings in what was copied", n)
	}
}

// TestCopiesWithinBounds: what is inherited counts against the bound of views as what is looked at anew does.
func TestCopiesWithinBounds(t *testing.T) {
	s := testScanner(t, Options{})
	block := costly(14) + codeLines(testRand(1), 1200)
	for n := 1; n < 100; n++ {
		base := Chunk{Data: []byte(strings.Repeat(block, n)), Memo: &Memo{}, From: Location{Blob: "b"}}
		if _, gaps, _ := sameAsWhole(t, s, base); gaps > 0 {
			t.Fatalf("%d blocks are over the bound: the test tests nothing", n)
		}
		heir := base
		heir.Data = slices.Concat(base.Data, []byte(block))
		heir.Copies, heir.Base, heir.Memo = []Copy{{Len: len(base.Data)}}, base.Memo, &Memo{}
		if _, gaps, inherited := sameAsWhole(t, s, heir); gaps > 0 {
			return
		} else if !inherited {
			t.Fatalf("%d blocks: nothing was inherited", n)
		}
	}
	t.Error("no text was over the bound")
}

func TestCopiesInAnotherSetting(t *testing.T) {
	s := testScanner(t, Options{})
	text := codeLines(testRand(1), 3000) + hiddenKey(t, s) + codeLines(testRand(2), 3000)
	base := Chunk{Data: []byte(text), Memo: &Memo{}, From: Location{Blob: "b", Path: "a.env"}}
	sameAsWhole(t, s, base)
	for name, at := range map[string]Location{
		"same": base.From, "view": {Blob: "b", Path: "a.env", View: "x"}, "record": {Blob: "b", Path: "a.env", Record: "1"}, "path": {Blob: "b", Path: "b.env"},
	} {
		heir := tail(base, 0)
		heir.From = at
		if n, _, inherited := sameAsWhole(t, s, heir); n != 1 || inherited != (name == "same") {
			t.Errorf("another %s: %d findings, inherited: %v", name, n, inherited)
		}
	}
}

// TestCopiesOfPlainTextAtAnotherPath: where no rule matched in what views show, it does not matter where the text stands.
func TestCopiesOfPlainTextAtAnotherPath(t *testing.T) {
	s := testScanner(t, Options{})
	base := Chunk{Data: []byte(codeLines(testRand(1), 3000) + costly(3) + codeLines(testRand(2), 3000)), Memo: &Memo{}, From: Location{Blob: "b", Path: "a.env"}}
	sameAsWhole(t, s, base)
	for _, at := range []Location{{Blob: "b", Path: "b.go"}, {Blob: "b", Path: "a.env", Record: "1"}} {
		heir := tail(base, 0)
		heir.From = at
		if _, _, inherited := sameAsWhole(t, s, heir); inherited != (at.Record == "") {
			t.Errorf("%+v: inherited: %v", at, inherited)
		}
	}
}
