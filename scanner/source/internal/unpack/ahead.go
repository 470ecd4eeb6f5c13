package unpack

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"io"
)

// Foreseer is a Visitor that wants to know what is in a zip archive, and to look into some of its members, before any is given.
type Foreseer interface {
	// Foresee is told the path of an archive, as in [Place], and what its members are called, in order. open opens the member at an
	// index; what is read so counts against the limits of the container once more, and is given to Text all the same. What cannot be
	// read ahead is told when it is given. It returns whether a member that does not have the check sum or the name that
	// it should is a gap; it is read all the same.
	Foresee(path string, members []string, open func(i int) io.ReadCloser) (summed bool)
}

// foresee shows an archive's members to a visitor that asks for it.
func (w *walk) foresee(n node, files []*zip.File) (summed bool) {
	v, ok := w.out.(Foreseer)
	if !ok {
		return false
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = printable(f.Name)
	}
	w.giving = true
	summed = v.Foresee(n.path, names, func(i int) io.ReadCloser { return w.ahead(files[i]) })
	w.giving = false
	return summed
}

// ahead opens a member that is read before it is given.
func (w *walk) ahead(f *zip.File) io.ReadCloser {
	if f.Flags&encryptedFlag != 0 {
		return io.NopCloser(failed{errEncrypted})
	}
	r, err := f.Open()
	if err != nil {
		return io.NopCloser(failed{err})
	}
	return struct {
		io.Reader
		io.Closer
	}{&foreseen{w, unsummed{r}}, r}
}

// foreseen is a member that is read ahead.
type foreseen struct {
	w *walk
	r io.Reader
}

// Read implements io.Reader.
func (f *foreseen) Read(b []byte) (n int, err error) {
	w := f.w
	if !w.live() || w.foreseen > w.most() {
		return 0, errStop
	}
	giving := w.giving
	w.giving = false
	err = w.guard(func() (err error) {
		n, err = f.r.Read(b)
		return err
	})
	w.giving = giving
	w.foreseen += int64(n)
	return n, err
}

// named reports whether a member has the name that the directory gives it: it stands before what it holds, with some fields between.
func named(r io.ReaderAt, f *zip.File) bool {
	const between = 256
	at, err := f.DataOffset()
	if err != nil {
		return true // told when it is opened
	}
	buf := make([]byte, min(at, int64(len(f.Name)+between)))
	k, _ := r.ReadAt(buf, at-int64(len(buf)))
	return bytes.Contains(buf[:k], []byte(f.Name))
}

// Bounds of what Names reads.
const (
	maxNames = 1 << 20 // of a zip archive's names
	maxFirst = 1 << 10 // of another's
	maxAhead = 8 << 20 // bytes of another that come out
)

// Names returns what the members of an archive are called, in order, as [Place] has them: of a zip archive all, by its directory alone;
// of a tar archive, packed or not, the first ones. What cannot be read has none.
func Names(f *Format, name string, r io.ReaderAt, size int64) []string {
	if f == zipFormat {
		return zipNames(r, size)
	}
	var names []string
	Ahead(f, name, io.NewSectionReader(r, 0, size), maxAhead, func(name string, _ io.Reader) bool {
		names = append(names, name)
		return len(names) < maxFirst
	})
	return names
}

// Ahead gives the members of a tar archive, packed or not, which are called as [Place] has them, until take wants no more or that many bytes
// have come out. It ends at what cannot be read, which [Walk] tells.
func Ahead(f *Format, name string, r io.Reader, most int64, take func(name string, r io.Reader) bool) {
	if f != tarFormat {
		if !f.packer || f == brotliFormat {
			return
		}
		in, done, err := decompressor(f, bufio.NewReader(r))
		if err != nil {
			return
		}
		defer done()
		body, head := peek(io.LimitReader(in, most))
		if Find(head, inside(f, name)) != tarFormat {
			return
		}
		r = body
	}
	for t := tar.NewReader(io.LimitReader(r, most)); ; {
		h, err := t.Next()
		if err != nil || !take(printable(h.Name), t) {
			return
		}
	}
}

func zipNames(r io.ReaderAt, size int64) []string {
	z, err := zip.NewReader(&rationed{r, maxDirectory}, size)
	if err != nil {
		return nil
	}
	names := make([]string, 0, min(len(z.File), maxNames))
	for _, f := range z.File[:min(len(z.File), maxNames)] {
		names = append(names, printable(f.Name))
	}
	return names
}
