package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// maxCell is the longest text of a cell that is put together.
const maxCell = 8 << 20

// notebook gives the texts of a Jupyter notebook (nbformat 4, and 3 with its worksheets): the source of each cell and each text of
// its outputs, whose lines the format keeps in lists.
func (w *walk) notebook(n node, r io.ReaderAt, size int64) error {
	b := &book{w: w, node: n, j: lex.NewJSON(lex.NewInput(io.NewSectionReader(r, 0, size)))}
	for w.live() {
		t, err := b.j.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			b.end()
			var cut *lex.Error
			if errors.As(err, &cut) && cut.Cut {
				return io.ErrUnexpectedEOF
			}
			return errDamaged
		}
		b.token(t)
	}
	return b.err
}

// book is a notebook that is being read.
type book struct {
	w      *walk
	node   node
	j      *lex.JSON
	keys   []string // by depth: the name of the member that is being read
	key    []byte
	cells  int
	output int
	text   []byte
	under  int // depth of what the text is of; 0 for none
	name   string
	err    error
}

func (b *book) token(t lex.Token) {
	depth := b.j.Depth()
	for len(b.keys) <= depth {
		b.keys = append(b.keys, "")
	}
	switch t.Kind {
	case lex.Key:
		b.end()
		b.key = append(b.key, t.Text[:min(len(t.Text), 64)]...)
		if !t.More {
			b.keys[depth] = string(b.key)
			b.key = b.key[:0]
			b.begin(depth)
		}
	case lex.Object:
		b.object(depth)
	case lex.Text:
		if b.under > 0 && depth <= b.under+1 {
			b.add(t.Text)
		}
	case lex.End:
		if depth < b.under {
			b.end()
		}
	}
}

// object counts cells and outputs. Their lists are the values of members one level up.
func (b *book) object(depth int) {
	b.keys[depth] = ""
	if depth < 2 {
		return
	}
	switch b.keys[depth-2] {
	case "cells":
		b.cells++
		b.output = 0
	case "outputs":
		b.output++
	}
}

// texts are the members that hold the text of a cell or an output.
var texts = map[string]string{
	"source": "", "input": "", "text": " output", "traceback": " output", "text/plain": " output", "text/html": " output",
	"text/markdown": " output", "text/latex": " output", "application/javascript": " output", "image/svg+xml": " output",
}

// begin begins a text where a member holds one.
func (b *book) begin(depth int) {
	kind, ok := texts[b.keys[depth]]
	if !ok || b.cells == 0 {
		return
	}
	b.under, b.text = depth, b.text[:0]
	b.name = fmt.Sprintf("cell %d", b.cells)
	if kind != "" {
		b.name += fmt.Sprintf("%s %d", kind, b.output)
	}
	if name := b.keys[depth]; name != "source" && name != "input" && name != "text" {
		b.name += " " + name
	}
}

func (b *book) add(text []byte) {
	if len(b.text)+len(text) > maxCell {
		b.err = limitf("a cell of more than %d bytes", maxCell)
		return
	}
	b.text = append(b.text, text...)
}

// end gives the text that was begun.
func (b *book) end() {
	if b.under > 0 && len(b.text) > 0 {
		n := b.w.unique(b.node.below(b.name))
		b.w.text(Place{Path: n.path, Line: 1}, bytes.NewReader(b.text))
	}
	b.under = 0
}
