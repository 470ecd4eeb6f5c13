package records

import (
	"bytes"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/internal/decode"
)

const (
	// longestGathered is the longest text that is given on with others, in bytes: a longer one is a chunk of its own.
	longestGathered = 32 << 10
	// mostGathered is how much is given on in one chunk before another begins.
	mostGathered = 256 << 10
	// enoughGathered is how much is waited for where records are short: what a chunk costs whatever its size is then little.
	enoughGathered = 48 << 10
	// manyGathered is how many texts it has at most, but for a few.
	manyGathered = 4 << 10
)

// gathering puts texts that are held together into chunks. A text that stands in another one as it stands for itself is not repeated: a
// value in the view "record" or "named", where quotes are around it.
type gathering struct {
	data  []byte
	texts []scanner.Text
	all   []gathered
	// within are, by held text, the one that may hold it, or -1; begins where that begins in data, or -1.
	within, begins []int
	buf            decode.Buffer
	made           []byte
}

// gathered is a text of a gathering.
type gathered struct {
	held  int
	view  string
	named bool
}

// reset forgets what was given on.
func (g *gathering) reset() {
	g.data, g.texts, g.all = g.data[:0], g.texts[:0], g.all[:0]
	for i := range g.begins {
		g.begins[i] = -1
	}
}

// find notes which text may hold which of those from a place on: a view "record" the values before it that stand behind its beginning.
func (g *gathering) find(all []held, from int) {
	g.within, g.begins = g.within[:from], g.begins[:from]
	for range all[from:] {
		g.within, g.begins = append(g.within, -1), append(g.begins, -1)
	}
	record := -1
	for i := len(all) - 1; i >= from; i-- {
		switch t := &all[i]; {
		case t.view == viewRecord:
			record = i
		case record >= 0 && t.inside > all[record].inside:
			g.within[i] = record
		}
	}
}

// append appends a text and returns where it begins.
func (g *gathering) append(text []byte) int {
	g.data = append(append(g.data, scanner.TextsApart...), text...)
	return len(g.data) - len(text)
}

// add adds a text of a held one, which begins at a place in data.
func (g *gathering) add(held int, view string, named bool, at, size int) {
	g.texts = append(g.texts, scanner.Text{From: at, To: at + size})
	g.all = append(g.all, gathered{held, view, named})
}

// flush gives on what is held.
func (h *holder) flush() {
	h.record()
	h.give()
	h.forget()
}

// record ends a record: what is held of it is gathered, and given on once it is enough with that of the records before.
func (h *holder) record() {
	g := &h.gathering
	h.first = h.done
	g.find(h.held, h.first)
	for i := h.first; i < len(h.held) && !h.r.stopped; i++ {
		h.done = i + 1
		t := &h.held[i]
		if t.again && h.repeated(i) {
			continue
		}
		if text := h.buf[t.start:t.end]; len(text) > longestGathered {
			h.give()
			h.r.views.give(h.r, h.at(t), "", text)
			continue
		}
		h.gather(i)
		if len(g.data) > mostGathered || len(g.texts) > manyGathered {
			h.give()
		}
	}
	if len(g.data) > enoughGathered || len(g.texts) == 0 || len(h.buf) > recordSize/4 || h.r.stopped {
		h.give()
		h.forget()
	}
}

// forget forgets what was held. A text that is being read stays.
func (h *holder) forget() {
	h.held, h.done = h.held[:0], 0
	start := len(h.buf)
	if h.open.place != nil {
		start = h.open.start
	}
	h.buf = h.buf[:copy(h.buf, h.buf[start:])]
	h.open.start = 0
}

// at is where a held text begins.
func (h *holder) at(t *held) scanner.Location {
	at := t.place.location()
	at.Path, at.Offset, at.Line, at.View = h.r.path, t.offset, t.line+1, t.view
	at = h.r.completed(at, at.Record)
	at.Record = h.r.prefix + at.Record
	return at
}

// give gives on what was gathered.
func (h *holder) give() {
	g := &h.gathering
	if len(g.texts) > 0 {
		h.r.put(scanner.Chunk{Data: g.data, From: scanner.Location{Path: h.r.path}, Texts: g.texts, At: h.where})
	}
	g.reset()
}

// where is where a text of the chunk that is given on begins.
func (h *holder) where(i int) scanner.Location {
	x := h.gathering.all[i]
	at := h.at(&h.held[x.held])
	if at.View = x.view; x.named {
		at.Offset, at.Line = 0, 1
	}
	return at
}

// gather gathers a held text under each of its views.
func (h *holder) gather(i int) {
	g, t := &h.gathering, &h.held[i]
	text := h.buf[t.start:t.end]
	name := ""
	if nameable(text) {
		name = t.place.name()
	}
	at := -1
	if k := g.within[i]; k >= 0 {
		at = h.quotedIn(k, t.inside-h.held[k].inside, text)
	}
	from, to := at, at
	if name != "" {
		from, to = g.named(name, text, at)
		if at < 0 {
			if to-from == len(name)+len(text)+6 && bytes.HasSuffix(g.data[:to-1], text) {
				at = to - 1 - len(text)
			}
		}
	}
	if at < 0 {
		if at = g.begins[i]; at < 0 {
			at = g.append(text)
			g.begins[i] = at
		}
	}
	g.add(i, t.view, false, at, len(text))
	g.texts[len(g.texts)-1].Quoted = t.quoted
	plain := decode.Plain(text)
	if !plain {
		h.shown(i, text)
	}
	if name != "" {
		g.add(i, viewNamed, true, from, to-from)
		if !plain || !decode.Plain([]byte(name)) {
			h.views(i, viewNamed, true, g.data[from:to])
		}
	}
}

// quotedIn returns where in data a text stands as it stands in held text k, at a place in it and between quotes; -1 where it does not.
func (h *holder) quotedIn(k, at int, text []byte) int {
	record := h.buf[h.held[k].start:h.held[k].end]
	end := at + len(text)
	if len(record) > longestGathered || at < 1 || end >= len(record) || record[at-1] != '"' || record[end] != '"' || !bytes.Equal(record[at:end], text) {
		return -1
	}
	g := &h.gathering
	if g.begins[k] < 0 {
		g.begins[k] = g.append(record)
	}
	return g.begins[k] + at
}

// named returns where in data a text stands with its name, where it stands itself at a place unless that is -1.
func (g *gathering) named(name string, text []byte, at int) (from, to int) {
	from = at - len(name) - len(`"": "`)
	if at >= 0 && from >= 0 && g.data[from] == '"' && bytes.IndexByte(text, '"') < 0 && bytes.IndexByte(text, '\\') < 0 && string(g.data[from+1:from+1+len(name)]) == name && string(g.data[at-len(`": "`):at]) == `": "` {
		return from, at + len(text) + 1
	}
	g.data = append(g.data, scanner.TextsApart...)
	from = len(g.data)
	g.data = appendMember(g.data, name, text)
	return from, len(g.data)
}

// shown gathers the views of a held text.
func (h *holder) shown(i int, text []byte) {
	view := h.held[i].view
	if h.r.links && view == "" && bytes.IndexByte(text, '<') >= 0 {
		g := &h.gathering
		g.made = unlinked(g.made[:0], text)
		g.add(i, viewShown, false, g.append(g.made), len(g.made))
	}
	h.views(i, view, false, text)
}

// views gathers the views of package decode of a text that has a view itself, or is empty.
func (h *holder) views(i int, own string, named bool, text []byte) {
	g := &h.gathering
	for name, view := range decode.Views(text, &g.buf) {
		if own != "" {
			name = own
		}
		g.add(i, name, named, g.append(view), len(view))
	}
}
