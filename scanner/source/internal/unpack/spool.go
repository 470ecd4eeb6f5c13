package unpack

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// spoolMemory is how much of a member is held in memory.
const spoolMemory = 8 << 20

// spool is a member kept aside to be read at will.
type spool struct {
	io.ReaderAt
	size int64
	file *os.File
}

// spool keeps a member aside. Where there is no room for all of it, it returns the beginning and an error. Errors of the member's
// reader are told by that.
func (w *walk) spool(r io.Reader) (*spool, error) {
	var buf bytes.Buffer
	n, err := io.CopyN(&buf, r, spoolMemory)
	if err != nil {
		return &spool{ReaderAt: bytes.NewReader(buf.Bytes()), size: n}, nil
	}
	f, err := os.CreateTemp(w.limits.Temp, "quash-*")
	if err != nil {
		return nil, &told{"there is no room to keep it aside: " + cause(err), errLimit}
	}
	_ = os.Remove(f.Name()) // where the system lets an open file lose its name; else close does
	s := &spool{ReaderAt: f, file: f}
	in := &failing{r: io.LimitReader(io.MultiReader(&buf, r), w.limits.Spool+1)}
	s.size, err = io.Copy(f, in)
	switch {
	case err != nil && in.err == nil:
		return s, &told{"there is no room to keep it aside: " + cause(err), errLimit}
	case s.size > w.limits.Spool:
		s.size = w.limits.Spool
		return s, limitf("a container of more than %s bytes in another one", lex.Number(w.limits.Spool))
	}
	return s, nil
}

// failing is a reader that remembers its error.
type failing struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (f *failing) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err != io.EOF {
		f.err = err
	}
	return n, err
}

// cause is an error without the path that nobody named.
func cause(err error) string {
	if pe, ok := err.(*os.PathError); ok {
		return fmt.Sprintf("%s: %v", pe.Op, pe.Err)
	}
	return err.Error()
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}
