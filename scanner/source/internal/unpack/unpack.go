package unpack

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"runtime"
	"strings"
	"unicode"
)

// Limits bound what is read of a container. The zero value of a field is its default.
type Limits struct {
	// Depth is how many containers may stand in one another; 5.
	Depth int
	// Members is how many members are read of one outermost container; 100,000.
	Members int
	// Bytes is how many bytes may come out of an outermost container, those of inner containers included; 8 GiB, or twice the
	// container's own size where that is more.
	Bytes int64
	// Ratio is how many bytes may come out for each byte of the outermost container, and Floor what may come out in any case;
	// 200, and 64 MiB.
	Ratio, Floor int64
	// Spool is the largest member that is kept aside to be read at will; 1 GiB.
	Spool int64
	// Room is shared by the walks that go on at a time and bounds what documents take of memory in all; nil bounds each alone.
	Room *Room
	// Temp is the directory for what is kept aside; empty is the system's.
	Temp string
}

// Defaults returns the limits with their defaults filled in.
func (l Limits) Defaults() Limits {
	set := func(v *int64, to int64) {
		if *v == 0 {
			*v = to
		}
	}
	if l.Depth == 0 {
		l.Depth = 5
	}
	if l.Members == 0 {
		l.Members = 100_000
	}
	set(&l.Bytes, 8<<30)
	set(&l.Ratio, 200)
	set(&l.Floor, 64<<20)
	set(&l.Spool, 1<<30)
	return l
}

// Separator stands between a container and what is in it.
const Separator = "!"

// maxGaps is how many gaps of one outermost container are told one by one.
const maxGaps = 20

// Place says which text of a container one is.
type Place struct {
	// Path are the names on the way to it, from the outermost container on; empty for the outermost container itself.
	Path string
	// View is "joined" for the text of a document put together from the runs that its format splits it into.
	View string
	// Offset and Line are those of the first byte, where the text does not begin at its beginning.
	Offset int64
	Line   int
	// Raw says that these are bytes of a container, to be read as text although there may be zeros in them.
	Raw bool
}

// Gap is something that could not be read.
type Gap struct {
	// Path is as in [Place].
	Path string
	// Why is the cause, Next what to do about it.
	Why, Next string
	// Err is the cause as an error, where there is one.
	Err error
}

// Visitor takes what is in a container. Each method returns false to end the walk.
type Visitor interface {
	// Text takes a text. It need not read all of it. It does not report errors of reading.
	Text(p Place, r io.Reader) bool
	// Gap takes what could not be read.
	Gap(g Gap) bool
}

// Input is an outermost container.
type Input struct {
	// Name is its file name.
	Name string
	// Reader gives it from the first byte. At, where it is not nil, gives its Size bytes at will.
	Reader io.Reader
	At     io.ReaderAt
	Size   int64
}

// Walk gives all texts of a container, the bytes of the container itself among them where they are text. It returns when
// everything was read, when the visitor wants no more, or when the context is done.
func Walk(ctx context.Context, f *Format, in Input, l Limits, v Visitor) {
	w := &walk{ctx: ctx, limits: l.Defaults(), out: v, size: in.Size, names: map[uint64]int{}}
	top := node{name: path.Base(in.Name)}
	if in.At != nil {
		at := checked{w, in.At}
		if f.Random {
			w.openRandom(f, top, at, in.Size)
		} else {
			w.openStream(f, top, io.NewSectionReader(at, 0, in.Size))
		}
	} else {
		w.open(f, top, &tally{w, in.Reader})
	}
	if w.err != nil {
		w.gap(node{}, &told{cause(w.err), w.err})
	}
	if more := w.gaps - maxGaps; more > 0 && w.live() {
		w.out.Gap(Gap{Why: fmt.Sprintf("%d more members could not be read", more), Next: nextUnpack})
	}
}

// What to do about a gap.
const (
	nextUnpack  = "unpack it and scan the directory"
	nextDecrypt = "decrypt it and scan the directory"
	nextDamaged = "make it again, or accept the part"
)

// Causes of gaps.
var (
	errStop      = errors.New("no more is wanted")
	errLimit     = errors.New("over a limit")
	errEncrypted = errors.New("encrypted")
	errDamaged   = errors.New("damaged")
)

// walk is one walk through a container.
type walk struct {
	ctx    context.Context
	limits Limits
	out    Visitor

	size     int64 // of the outermost container, as far as it was read
	used     int64 // bytes that came out
	foreseen int64 // bytes that came out ahead of that
	members  int
	depth    int
	gaps     int
	stopped  bool  // nothing more may be given
	full     bool  // a limit on the whole walk was reached and told
	giving   bool  // the visitor is at work: a panic is its own
	holding  bool  // some of the room is taken
	err      error // of reading the outermost container
	names    map[uint64]int
}

// node is a place on the way to a text.
type node struct {
	path string // as in Place
	name string // the last name of it, for telling the format
	// inside is the directory that it is, of a container in which they nest; empty for others.
	inside string
}

// below is a member of a container.
func (n node) below(name string) node {
	name = printable(name)
	full := name
	if n.path != "" {
		full = n.path + Separator + name
	}
	return node{path: full, name: name[strings.LastIndexByte(name, '/')+1:]}
}

// under is a file of a directory in a container: its names stand in one path.
func (n node) under(name string) node {
	name = printable(name)
	sep := "/"
	if n.inside == "" {
		sep = Separator
	}
	if n.path == "" {
		sep = ""
	}
	return node{path: n.path + sep + name, name: name, inside: name}
}

// longestName is the longest name that a place has, in bytes.
const longestName = 512

// printable is a member's name as it may be shown.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), "?"))
	if len(name) > longestName {
		name = strings.ToValidUTF8(name[:longestName/2], "") + "…" + strings.ToValidUTF8(name[len(name)-longestName/2:], "")
	}
	if name == "" {
		return "?"
	}
	return name
}

// live reports whether the walk goes on.
func (w *walk) live() bool { return !w.stopped && !w.full && w.ctx.Err() == nil }

// text gives a text.
func (w *walk) text(p Place, r io.Reader) {
	if !w.live() {
		return
	}
	w.giving = true
	w.stopped = !w.out.Text(p, r)
	w.giving = false
}

// gap tells what could not be read. The error says why, and by what it is what to do.
func (w *walk) gap(n node, err error) {
	if !w.live() || errors.Is(err, errStop) {
		return
	}
	if w.gaps++; w.gaps > maxGaps {
		return
	}
	next := nextDamaged
	switch {
	case errors.Is(err, errEncrypted):
		next = nextDecrypt
	case errors.Is(err, errLimit), errors.Is(err, zip.ErrAlgorithm), errors.Is(err, errors.ErrUnsupported):
		next = nextUnpack
	}
	w.giving = true
	w.stopped = !w.out.Gap(Gap{Path: n.path, Why: why(err), Next: next, Err: err})
	w.giving = false
}

// why words an error. What libraries say of a container may hold what is in it and is not repeated, but for plain causes.
func why(err error) string {
	var told *told
	switch {
	case errors.As(err, &told):
		return told.why
	case errors.Is(err, zip.ErrAlgorithm):
		return "its method of packing is not known"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it ends in the middle"
	case errors.Is(err, errEncrypted):
		return "it is encrypted"
	default:
		return "it is damaged"
	}
}

// told is an error whose words may be shown.
type told struct {
	why  string
	kind error
}

func (t *told) Error() string { return t.why }
func (t *told) Unwrap() error { return t.kind }

func limitf(format string, args ...any) error { return &told{fmt.Sprintf(format, args...), errLimit} }

func unsupported(what string) error { return &told{what + " cannot be read", errors.ErrUnsupported} }

// exhausted tells a limit on the whole walk, which ends it.
func (w *walk) exhausted(n node, err error) {
	if w.gaps >= maxGaps { // this one is always told
		w.gaps = maxGaps - 1
	}
	w.gap(n, err)
	w.full = true
}

// member gives a member of a container, or what is in it. An error of its reader is told and not returned.
func (w *walk) member(n node, r io.Reader) {
	if !w.live() {
		return
	}
	if w.members++; w.members > w.limits.Members {
		w.exhausted(n, limitf("more than %d members", w.limits.Members))
		return
	}
	n = w.unique(n)
	m := &metered{w: w, node: n, r: r}
	w.give(n, m)
	m.report()
}

// enter counts a member and reports whether it may be read.
func (w *walk) enter(n node) bool {
	if !w.live() {
		return false
	}
	if w.members++; w.members > w.limits.Members {
		w.exhausted(n, limitf("more than %d members", w.limits.Members))
	}
	return !w.full
}

// unique tells members of one name apart.
func (w *walk) unique(n node) node {
	h := hash(n.path)
	w.names[h]++
	if c := w.names[h]; c > 1 {
		n.path += fmt.Sprintf(" (%d)", c)
	}
	return n
}

// give gives a text, or what is in it where it is a container.
func (w *walk) give(n node, m *metered) {
	body, head := peek(m)
	w.content(n, head, body)
}

// content is give for a text whose beginning was looked at.
func (w *walk) content(n node, head []byte, body io.Reader) {
	f := Find(head, n.name)
	switch {
	case f == nil:
		w.text(Place{Path: n.path, Line: 1}, body)
	case w.depth >= w.limits.Depth:
		w.gap(n, limitf("containers nested deeper than %d", w.limits.Depth))
		w.text(Place{Path: n.path, Line: 1, Raw: true}, body)
	default:
		w.open(f, n, body)
	}
}

// open reads a container that comes as a stream.
func (w *walk) open(f *Format, n node, r io.Reader) {
	if !f.Random {
		w.openStream(f, n, r)
		return
	}
	s, err := w.spool(r)
	if err != nil {
		w.gap(n, err)
	}
	if s != nil {
		defer s.close()
		w.openRandom(f, n, checked{w, s}, s.size)
	}
}

func (w *walk) openStream(f *Format, n node, r io.Reader) {
	w.depth++
	err := w.guard(func() error { return w.stream(f, n, r) })
	w.depth--
	if err != nil {
		w.gap(n, err)
	}
}

// openRandom reads a container at will. What points to the same bytes many times can have them read eight times over.
func (w *walk) openRandom(f *Format, n node, at io.ReaderAt, size int64) {
	r := &rationed{at, 8*size + 16<<20}
	raw := Place{Path: n.path, Line: 1, Raw: true}
	if f.raw {
		w.text(raw, io.NewSectionReader(r, 0, size))
	}
	before := w.gaps
	w.depth++
	err := w.guard(func() error { return w.random(f, n, r, size) })
	w.depth--
	if err != nil {
		w.gap(n, err)
	}
	if w.gaps > before && !f.raw {
		w.text(raw, io.NewSectionReader(r, 0, size))
	}
}

// guard makes a panic of a reader an error. One of the visitor goes on.
func (w *walk) guard(read func() error) (err error) {
	defer func() {
		if w.giving {
			return
		}
		if p := recover(); p != nil {
			if e, ok := p.(runtime.Error); ok {
				err = fmt.Errorf("%w: %w", errDamaged, e)
				return
			}
			err = errDamaged
		}
	}()
	return read()
}
