package unpack

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// collected are the gaps of a walk.
type collected struct{ gaps []string }

func (c *collected) Text(_ Place, r io.Reader) bool { _, _ = io.Copy(io.Discard, r); return true }
func (c *collected) Gap(g Gap) bool                 { c.gaps = append(c.gaps, g.Why); return true }

func newWalk(t *testing.T) (*walk, *collected) {
	c := &collected{}
	return &walk{ctx: t.Context(), limits: Limits{}.Defaults(), out: c, names: map[uint64]int{}}, c
}

// TestLimitsAreTold reaches every bound on what is held of a document: each is told.
func TestLimitsAreTold(t *testing.T) {
	w, _ := newWalk(t)
	db := &database{w: w}
	for range maxTables + 1 {
		db.table([5][]byte{[]byte("table"), []byte("t"), []byte("t"), {2}, nil})
	}
	says(t, "tables", db.err, "more than 10,000 tables")

	font := func(stream string) error {
		w, _ := newWalk(t)
		d := &document{w: w, objects: map[int]pdfObject{1: {value: pdfDict{}, stream: []byte(stream)}}, fonts: map[int]*pdfFont{}, told: map[int]bool{}}
		d.font(pdfDict{"ToUnicode": pdfRef(1)})
		return d.err
	}
	says(t, "characters", font(strings.Repeat("<01><0041>", maxChars)+" endbfchar"), "characters")
	says(t, "characters in parts", font(strings.Repeat(strings.Repeat("<01><0041>", 1000)+" endbfchar\n", maxChars/1000+1)), "characters")
	says(t, "ranges", font(strings.Repeat("<01><02><0041>", maxRanges+1)+" endbfrange"), "ranges")
	if err := font(strings.Repeat("<01><0041>", 1000) + " endbfchar"); err != nil {
		t.Errorf("a usual font: %v", err)
	}

	says(t, "nesting", content(t, strings.Repeat("[", maxNesting+2)), "in one another")
	says(t, "operands", content(t, strings.Repeat("1 ", maxOperands+1)+"Tj"), "operands")
	if err := content(t, strings.Repeat("[", 9)+strings.Repeat("]", 9)+" TJ (a) Tj"); err != nil {
		t.Errorf("a usual page: %v", err)
	}
	filters := []any{pdfName("Fl"), pdfName("Fl"), pdfName("Fl"), pdfName("Fl"), pdfName("Fl")}
	d := &document{w: w}
	d.unfiltered(pdfObject{value: pdfDict{"Filter": filters}})
	says(t, "filters", d.err, "more than 4 times")
	d = &document{w: w, objects: map[int]pdfObject{1: {value: pdfRef(1)}}}
	d.resolve(pdfRef(1))
	says(t, "references", d.err, "references")
}

func content(t *testing.T, stream string) error {
	w, _ := newWalk(t)
	d := &document{w: w, objects: map[int]pdfObject{}}
	d.give(node{}, []byte(stream), nil)
	return d.err
}

func says(t *testing.T, name string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want one of %q", name, err, want)
	}
}

// TestSharedTextsOverTheLimit reads a workbook whose cells share more texts than are held.
func TestSharedTextsOverTheLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads much, and nothing of it runs side by side")
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"[Content_Types].xml": "<Types/>", sharedName: "<sst>" + strings.Repeat("<si/>", maxSharedTexts+1) + "</sst>"} {
		f, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	c := &collected{}
	Walk(t.Context(), zipFormat, Input{Name: "a.xlsx", At: bytes.NewReader(b.Bytes()), Size: int64(b.Len())}, Limits{}, c)
	if len(c.gaps) != 1 || !strings.Contains(c.gaps[0], "4,194,304 texts that cells share") {
		t.Errorf("gaps %q", c.gaps)
	}
}

// TestRoomIsShared: what walks hold at a time is within the room, each waits for the others, and one that holds some does not wait for
// itself.
func TestRoomIsShared(t *testing.T) {
	room := NewRoom()
	first, _ := newWalk(t)
	first.limits.Room = room
	release := first.hold(roomSize)
	first.hold(roomSize)() // in what it holds
	if room.free.TryAcquire(1) {
		t.Error("the room has more than its size")
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan bool)
	second := &walk{ctx: ctx, limits: Limits{Room: room}}
	go func() {
		release := second.hold(1 << 20)
		held := second.holding
		release()
		waited <- held
	}()
	select {
	case <-waited:
		t.Error("it did not wait")
	default:
	}
	release()
	if !<-waited {
		t.Error("it went on without room")
	}
	cancel()
	second.hold(1)()
	if !room.free.TryAcquire(roomSize) {
		t.Error("some of the room was not given back")
	}
}
