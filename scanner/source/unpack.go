package source

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/records"
	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// Container is a kind of file in which others stand, or whose texts are put together.
type Container struct {
	// Name is its name.
	Name string
	// Extensions are those that files of the kind usually have. It is known by its first bytes where it has any of its own.
	Extensions []string
	// Reads says what is read of one, in words for a person.
	Reads string
}

// Containers returns the kinds of containers that every source looks into.
func Containers() []Container {
	var all []Container
	for _, f := range unpack.Formats() {
		all = append(all, Container{f.Name, slices.Clone(f.Extensions), f.Reads})
	}
	return all
}

// give gives on a text that a source found, or what is in it where it is a container. Its errors are those of emitter.text.
func (c *counter) give(e *emitter, from scanner.Location, r io.Reader) (bool, error) {
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	whole := io.MultiReader(bytes.NewReader(head), r)
	if err != nil {
		whole = bytes.NewReader(head)
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			whole = io.MultiReader(whole, broken{err})
		}
	}
	if is, ok := c.bundle(e, from, head, whole); is {
		return ok, nil
	}
	if is, ok := c.container(e, from, head, r, whole); is {
		return ok, nil
	}
	if e.named {
		return e.pieces(from, whole, func([]byte) bool { return false })
	}
	return e.text(from, whole)
}

// broken is a reader that gives an error.
type broken struct{ err error }

// Read implements io.Reader.
func (b broken) Read([]byte) (int, error) { return 0, b.err }

// giveData is give for a text in memory. memo has what is known of it from another.
func (c *counter) giveData(e *emitter, from scanner.Location, text []byte, memo scanner.Chunk) (bool, error) {
	if p, is := c.pointer(from, text); is {
		memo.Data, memo.From = text, from
		return e.chunk(memo) && c.pointed(e, from, p), nil
	}
	f := unpack.Find(text[:min(len(text), headSize)], from.Path)
	binary := isBinary(text)
	if f == nil && binary {
		f = unpack.FindTail(text[max(0, len(text)-unpack.Tail):])
	}
	switch {
	case isBundle(from.Path, text[:min(len(text), headSize)]):
		_, ok := c.bundle(e, from, text, bytes.NewReader(text))
		return ok, nil
	case f != nil:
		return c.unpack(e, from, f, unpack.Input{At: bytes.NewReader(text), Size: int64(len(text))}), nil
	case binary:
		return true, errBinary
	case len(text) > 0 && len(text) <= pieceSize:
		memo.Data, memo.From = text, from
		return e.chunk(memo), nil
	}
	return e.data(from, text), nil
}

// content gives on a file that stands among others: what is in it where it is a container, records where it is surely an export, else
// text. What only may be an export is text here: among files, a line says more than the path in some JSON.
func (c *counter) content(e *emitter, from scanner.Location, r io.Reader) (bool, error) {
	n, err := e.begin(r)
	if p, is := c.pointer(from, e.buf[:n]); is && err == nil {
		ok, err := e.rest(from, r, n, nil)
		return ok && err == nil && c.pointed(e, from, p), err
	}
	head := e.buf[:min(n, headSize)]
	if isBundle(from.Path, head) {
		_, ok := c.bundle(e, from, head, io.MultiReader(bytes.NewReader(bytes.Clone(e.buf[:n])), r))
		return ok, err
	}
	if x, _ := c.formatOf(from.Path, head); x != nil || mayContain(head, from.Path) {
		begin := bytes.Clone(e.buf[:n])
		head = begin[:len(head)]
		whole := io.MultiReader(bytes.NewReader(begin), r)
		if err != nil {
			whole = io.MultiReader(bytes.NewReader(begin), broken{err})
		}
		if is, ok := c.container(e, from, head, r, whole); is {
			return ok, nil
		}
		if is, ok := c.records(e, from.Path, head, whole, again(r)); is {
			return ok, nil
		}
		copy(e.buf, begin)
	}
	if isBinary(e.buf[:n]) {
		return true, errBinary
	}
	return e.rest(from, r, n, err)
}

// mayContain reports whether a file of that name that begins with head is a container, or one by what stands at its end.
func mayContain(head []byte, name string) bool {
	return isBinary(head) || unpack.Find(head, name) != nil
}

// container gives on what is in a text, and returns false where that is no container. whole gives the text from its first byte; r is
// what it was read from.
func (c *counter) container(e *emitter, from scanner.Location, head []byte, r, whole io.Reader) (is, ok bool) {
	in := unpack.Input{Reader: whole}
	if !mayContain(head, from.Path) {
		return false, true
	}
	f := unpack.Find(head, from.Path)
	in.At, in.Size = atWill(r)
	switch {
	case f == nil && len(head) < headSize: // it is all there is
		f = unpack.FindTail(head[max(0, len(head)-unpack.Tail):])
	case f == nil && in.At != nil:
		tail := make([]byte, unpack.Tail)
		n, _ := in.At.ReadAt(tail, in.Size-unpack.Tail)
		f = unpack.FindTail(tail[:n])
	}
	if f == nil {
		return false, true
	}
	return true, c.unpack(e, from, f, in)
}

// onDisk is a file that can be read at any place.
type onDisk interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// atWill returns what r reads as a file that can be read at any place, and its size; nil where it is none.
func atWill(r io.Reader) (io.ReaderAt, int64) {
	file, ok := r.(onDisk)
	if !ok {
		return nil, 0
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, 0
	}
	return file, info.Size()
}

// again returns what a file holds once more, or nil where it can be read once only.
func again(r io.Reader) io.Reader {
	if at, size := atWill(r); at != nil {
		return io.NewSectionReader(at, 0, size)
	}
	return nil
}

// unpack gives on what is in a container.
func (c *counter) unpack(e *emitter, from scanner.Location, f *unpack.Format, in unpack.Input) bool {
	in.Name = from.Path
	v := &members{c: c, e: e, from: from, ok: true}
	unpack.Walk(e.ctx, f, in, unpack.Limits{Room: c.shared()}, v)
	v.finish()
	return v.ok && e.live()
}

// members takes what is in a container.
type members struct {
	c    *counter
	e    *emitter
	from scanner.Location // of the container
	ok   bool             // the consumer wants more

	kind     *records.Archive // that it was opened as; nil for none
	known    bool             // an archive of that kind was in it
	archives []inside         // exports that are being read, the outermost first
	bares    map[string]*bare // git repositories in it by path; nil for those that are not read
	tops     []string         // the paths of those that are
}

// at is the path of a member.
func (m *members) at(path string) string {
	if path == "" {
		return m.from.Path
	}
	return m.from.Path + unpack.Separator + path
}

// Text implements unpack.Visitor.
func (m *members) Text(p unpack.Place, r io.Reader) bool {
	from := m.place(p)
	m.c.saw(sawUnsafe, unsafe(p))
	if r = m.repository(p, r); r == nil {
		return m.ok
	}
	if p.Raw {
		m.ok, _ = m.e.pieces(from, r, func([]byte) bool { return false })
		return m.ok
	}
	var err error // of reading, which the walk tells itself
	if from.Blob == "" && p.View == "" {
		m.ok, err = m.member(from, p.Path, r)
	} else {
		m.ok, err = m.e.text(from, r)
	}
	switch {
	case errors.Is(err, errBinary):
		m.c.skip(skipBinary, 1)
	case p.View == "":
		m.c.saw("members", 1)
	}
	return m.ok
}

// member gives on a member of a file: as records where it is surely an export.
func (m *members) member(from scanner.Location, path string, r io.Reader) (bool, error) {
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	var whole io.Reader = bytes.NewReader(head)
	if err == nil {
		whole = io.MultiReader(whole, r)
	}
	if is, ok := m.own(from, path, head, whole); is {
		return ok, nil
	}
	if is, ok := m.c.records(m.e, from.Path, head, whole, nil); is {
		return ok, nil
	}
	if is, ok := m.c.bundle(m.e, from, head, whole); is {
		return ok, nil
	}
	known, _ := m.contents(path)
	return m.c.prose(m.e, known.Complete(from, head), whole)
}

// deepestFile is how many files may stand in one another by way of exports. Deeper ones are read as text.
const deepestFile = 16

// attachment gives on a file that stands in an export: what is in it where it is a container, records where it is surely an export,
// else text.
func (c *counter) attachment(e *emitter, from scanner.Location, r io.Reader) bool {
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	whole := io.MultiReader(bytes.NewReader(head), r)
	if err != nil {
		whole = bytes.NewReader(head)
	}
	c.saw("attachments", 1)
	if is, ok := c.bundle(e, from, head, whole); is {
		return ok
	}
	if strings.Count(from.Path, unpack.Separator) < deepestFile {
		if is, ok := c.container(e, from, head, r, whole); is {
			return ok
		}
		if is, ok := c.records(e, from.Path, head, whole, nil); is {
			return ok
		}
	}
	ok, err := c.prose(e, from, whole)
	if errors.Is(err, errBinary) {
		c.skip(skipBinary, 1)
	}
	return ok
}

// Gap implements unpack.Visitor.
func (m *members) Gap(g unpack.Gap) bool {
	what := "container "
	if g.Path != "" {
		what = "member "
	}
	m.ok = m.e.gap(&scanner.Gap{What: what + m.at(g.Path), Why: g.Why, Next: g.Next, Err: g.Err})
	return m.ok
}

// containers returns the paths of the containers that a member stands in, the outermost first.
func containers(path string) []string {
	var all []string
	for i, c := range path {
		if string(c) == unpack.Separator && slices.ContainsFunc(unpack.Formats(), func(f *unpack.Format) bool {
			return slices.ContainsFunc(f.Extensions, func(ext string) bool { return strings.HasSuffix(strings.ToLower(path[:i]), ext) })
		}) {
			all = append(all, path[:i])
		}
	}
	if at := strings.Index(path, lfsMember); at >= 0 {
		all = append(all, path[:at])
	}
	return all
}
