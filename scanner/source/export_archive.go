package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/records"
	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

var _ = registerArchives()

// registerArchives makes a kind of each kind of export that is an archive.
func registerArchives() struct{} {
	for _, a := range records.Archives() {
		register(archiveKind(a))
	}
	return struct{}{}
}

// archiveLimits bound what is read of a target that is an export. A year of a busy workspace has hundreds of thousands of members, and
// its texts pack well; for each byte of the archive no more may come out than of any other.
var archiveLimits = unpack.Limits{Members: 2_000_000, Bytes: 256 << 30}

// archiveKind returns the kind that reads exports that are archives, and single files of such.
func archiveKind(a *records.Archive) Kind {
	return Kind{
		Name:  a.Name,
		Title: a.Title,
		Detect: func(_ context.Context, t Target) int {
			switch {
			case !t.IsFile():
				return ScoreNone
			case t.container() != nil:
				return a.Score(t.members())
			case isBinary(t.Head):
				return ScoreNone
			}
			return a.ScoreFile(t.Name, t.Head)
		},
		Open: func(_ context.Context, t Target, o Options) (scanner.Source, error) { return openArchive(a, t, o) },
	}
}

func openArchive(a *records.Archive, t Target, o Options) (scanner.Source, error) {
	why := ""
	switch {
	case isFolder(a, t):
		return newDir(t, o), nil
	case !t.IsFile():
		why = "it is no file"
	case t.container() == nil:
		if f := a.File(t.Name, t.Head); f != nil && !isBinary(t.Head) {
			return openExport(f, t, o)
		}
		why = "it is no archive, and no file of one"
	case t.stream == nil && a.Score(t.members()) == ScoreNone:
		why = a.Missing()
	}
	if why != "" {
		return nil, &Mismatch{Target: t.Name, Kind: a.Title, Why: why}
	}
	return &archive{
		file: file{target: t, what: "export " + t.Name, max: o.MaxFile, counter: counter{nests: newNesting(o, 0)}}, kind: a,
	}, nil
}

// container returns the format of the container that the target is, or nil.
func (t Target) container() *unpack.Format { return unpack.Find(t.Head, t.Name) }

// members returns what the members of the target are called: all of a zip archive, of another the first ones. Of what can be read once
// only it returns none.
func (t Target) members() []string {
	if t.list == nil {
		return nil
	}
	return t.list()
}

// listMembers reads what the members of a file are called.
func (t Target) listMembers() []string {
	f := t.container()
	if f == nil {
		return nil
	}
	r, err := os.Open(t.Name)
	if err != nil {
		return nil // told when it is read
	}
	defer r.Close()
	at, size := atWill(r)
	if at == nil {
		return nil
	}
	return unpack.Names(f, t.Name, at, size)
}

// archive is an export that is an archive.
type archive struct {
	file
	kind *records.Archive
}

// Chunks implements scanner.Source.
func (a *archive) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		e := &emitter{ctx: ctx, yield: yield}
		if info := a.target.Info; a.max > 0 && info != nil && a.target.stream == nil && info.Size() > a.max {
			a.skip(skipLarge, 1)
			e.gap(tooLarge(a.what, info.Size(), a.max))
			return
		}
		r, err := a.target.Open(ctx)
		if err != nil {
			yield(scanner.Chunk{}, err)
			return
		}
		defer r.Close()
		a.read(e, r)
	}
}

func (a *archive) read(e *emitter, r io.Reader) {
	from := scanner.Location{Path: filepath.ToSlash(a.target.Name), Line: 1}
	in := unpack.Input{Name: from.Path, Reader: r}
	in.At, in.Size = atWill(r)
	v := &members{c: &a.counter, e: e, from: from, ok: true, kind: a.kind}
	if known := a.ahead(e.ctx, in); known != nil {
		v.archives = append(v.archives, inside{"", known})
	}
	unpack.Walk(e.ctx, a.target.container(), in, archiveLimits, v)
	v.finish()
	if !v.ok || !e.live() {
		return
	}
	a.saw("files", 1)
	if a.target.stream != nil && a.target.container().Random && !v.known {
		e.gap(&scanner.Gap{
			What: a.what, Why: "not " + a.kind.Title + ": " + a.kind.Missing(), Next: "leave --source out, or name another one",
			Err: errors.ErrUnsupported,
		})
	}
}

// ahead reads a tar archive for what some of its members say of others, whose order is any; nil where nothing is to be known, or where it
// can be read once only.
func (a *archive) ahead(ctx context.Context, in unpack.Input) *records.Contents {
	f := a.target.container()
	if f.Random || in.At == nil || !a.kind.Learns() {
		return nil
	}
	known := a.kind.Begin()
	limits := archiveLimits.Defaults()
	most := min(limits.Bytes, max(limits.Floor, limits.Ratio*in.Size))
	text := patient{ctx, io.NewSectionReader(in.At, 0, in.Size)}
	unpack.Ahead(f, in.Name, text, most, func(name string, r io.Reader) bool {
		known.Learn(name, r)
		return ctx.Err() == nil
	})
	return known
}

// inside is an export that is an archive, while it is read.
type inside struct {
	path  string // of the archive, as in unpack.Place
	known *records.Contents
}

// Foresee implements unpack.Foreseer: an archive that is an export is looked at as a whole first.
func (m *members) Foresee(path string, names []string, open func(i int) io.ReadCloser) bool {
	if m.from.Blob != "" {
		return false
	}
	kind := records.FindArchive(names)
	if path == "" && m.kind != nil && m.kind.Score(names) > ScoreNone {
		kind = m.kind
	}
	if kind == nil {
		return false
	}
	m.known = m.known || kind == m.kind
	m.contents(path + unpack.Separator)
	m.archives = append(m.archives, inside{path, kind.Look(names, open)})
	return true
}

// contents returns what is known of the export that a member stands in, and what the member is called there; nil when it stands in none.
func (m *members) contents(path string) (*records.Contents, string) {
	for n := len(m.archives); n > 0; n-- {
		in := m.archives[n-1]
		if in.path == "" {
			return in.known, path
		}
		if name, ok := strings.CutPrefix(path, in.path+unpack.Separator); ok {
			return in.known, name
		}
		m.archives = m.archives[:n-1] // members come archive by archive
	}
	return nil, path
}

// place is the place of a text in the container.
func (m *members) place(p unpack.Place) scanner.Location {
	from := m.from
	from.Path, from.View, from.Offset, from.Line = m.at(p.Path), p.View, p.Offset, p.Line
	if known, name := m.contents(p.Path); known != nil {
		name, _, _ = strings.Cut(name, unpack.Separator)
		if at := known.Place(name); at.Record != "" {
			from.Record, from.Field, from.Author, from.AuthorEmail, from.Time, from.URL = at.Record, at.Field, at.Author, at.AuthorEmail, at.Time, at.URL
		}
	}
	return from
}

// own gives on a member that is one of the export's own files. It returns false where it is none.
func (m *members) own(from scanner.Location, path string, head []byte, whole io.Reader) (is, ok bool) {
	known, name := m.contents(path)
	if known == nil {
		return false, true
	}
	f := known.Format(name)
	if f == nil {
		return false, true
	}
	in := records.Input{Path: from.Path, Head: head, Text: whole, Around: known}
	n, ok := f.Read(in, exportOut{m.c, m.e})
	m.c.saw("records", n)
	return true, ok
}

// prose gives on a text that belongs to a record, or to none. Its errors are those of emitter.text.
func (c *counter) prose(e *emitter, from scanner.Location, r io.Reader) (bool, error) {
	if from.Record == "" {
		return e.text(from, r)
	}
	n, err := e.begin(r)
	begin := bytes.Clone(e.buf[:n])
	switch {
	case isBinary(begin):
		return true, errBinary
	case err != nil:
		r = broken{err}
	}
	return records.ReadText(from, io.MultiReader(bytes.NewReader(begin), r), exportOut{c, e})
}

// sawUnsafe counts members whose name would lead out of the directory that the archive is unpacked in. They are read like others: nothing
// is ever written to a path that an archive names.
const sawUnsafe = "members with unsafe names"

func unsafe(p unpack.Place) int {
	if path := p.Path[strings.LastIndex(p.Path, unpack.Separator)+1:]; p.View == "" && records.Unsafe(path) {
		return 1
	}
	return 0
}
