package pack

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/quash-sh/quash/scanner/source/internal/inflate"
)

// link is a delta on the way to its base.
type link struct {
	at   place
	body int64
	size int64
}

// packedObject reads the object at a place: it follows the delta chain down to an object that is whole or cached, and
// rebuilds upwards. It does not recurse, so that no pack can exhaust the stack.
func (s *Store) packedObject(at place) (o Object, err error) {
	var chain []link
	err = guarded(func() error {
		o, chain, err = s.chain(at)
		return err
	})
	if err != nil {
		for _, l := range chain {
			s.broken[l.at] = err
		}
	}
	return o, err
}

// chain reads an object, and returns the deltas that it went through when it could not.
func (s *Store) chain(at place) (Object, []link, error) {
	var chain []link
	for {
		if c, ok := s.cache.get(at); ok {
			return s.rebuild(c, chain)
		}
		if err := s.broken[at]; err != nil {
			return Object{}, chain, err
		}
		f, err := s.file(at.pack)
		if err != nil {
			return Object{}, chain, err
		}
		e, err := f.header(at.offset, s.hash)
		if err != nil {
			return Object{}, chain, s.damaged(at, err)
		}
		switch {
		case e.typ == offsetDelta || e.typ == refDelta:
			chain = append(chain, link{at, e.body, e.size})
			if at, err = s.base(at, e, len(chain)); err != nil {
				return Object{}, chain, err
			}
		case e.size > Large && len(chain) == 0:
			return Object{Type: e.typ, Size: e.size, open: func() (io.ReadCloser, error) { return s.stream(at, e) }}, nil, nil
		default:
			base, err := s.whole(f, at, e, e.typ != Commit || len(chain) > 0)
			if err != nil {
				return Object{}, append(chain, link{at: at}), s.damaged(at, err)
			}
			return s.rebuild(base, chain)
		}
	}
}

// base returns the place of a delta's base.
func (s *Store) base(at place, e entry, depth int) (place, error) {
	if depth > maxChain {
		return place{}, s.damaged(at, fmt.Errorf("a chain of more than %d deltas", maxChain))
	}
	if e.typ == offsetDelta {
		return place{at.pack, e.base}, nil
	}
	if off, ok := s.packs[at.pack].index.find(e.ref); ok {
		return place{at.pack, off}, nil
	}
	to, ok := s.find(e.ref)
	if !ok {
		return place{}, s.damaged(at, fmt.Errorf("its delta base %s is missing", e.ref))
	}
	return to, nil
}

// whole inflates an object that is no delta. It is kept where others may be built on it, which is rare for a commit.
func (s *Store) whole(f *file, at place, e entry, keep bool) (*cached, error) {
	if e.size > maxRebuilt {
		return nil, fmt.Errorf("%d bytes, over the limit of %d for a delta base", e.size, int64(maxRebuilt))
	}
	c := &cached{at, e.typ, make([]byte, e.size, e.size+inflate.Room)}
	if err := f.inflate(&s.inflate, e.body, c.data); err != nil {
		return nil, err
	}
	if keep {
		s.cache.put(c)
	}
	return c, nil
}

// rebuild applies a chain of deltas, the last first.
func (s *Store) rebuild(base *cached, chain []link) (Object, []link, error) {
	for i := len(chain) - 1; i >= 0; i-- {
		l := chain[i]
		data, err := s.onto(base.data, l)
		if err != nil {
			return Object{}, chain[:i+1], s.damaged(l.at, err)
		}
		base = &cached{l.at, base.typ, data}
		s.cache.put(base)
	}
	return Object{Type: base.typ, Size: int64(len(base.data)), Data: base.data}, nil, nil
}

func (s *Store) onto(base []byte, l link) ([]byte, error) {
	f, err := s.file(l.at.pack)
	if err != nil {
		return nil, err
	}
	delta, err := s.deltaAt(f, l)
	if err != nil {
		return nil, err
	}
	data, _, err := rebuild(base, delta, allocate, nil)
	return data, err
}

// deltaAt inflates a delta into the store's buffer.
func (s *Store) deltaAt(f *file, l link) ([]byte, error) {
	if l.size > maxRebuilt {
		return nil, errDelta
	}
	if need := l.size + inflate.Room; int64(cap(s.delta)) < need {
		s.delta = make([]byte, need+need/4)
	}
	delta := s.delta[:l.size]
	return delta, f.inflate(&s.inflate, l.body, delta)
}

func allocate(n int) []byte { return make([]byte, n) }

// damaged adds the place to an error.
func (s *Store) damaged(at place, err error) error {
	return fmt.Errorf("pack %s, byte %d: %w", s.packs[at.pack].name(), at.offset, err)
}

// stream reads a large object that is stored whole.
func (s *Store) stream(at place, e entry) (io.ReadCloser, error) {
	f, err := OpenRegular(s.packs[at.pack].path)
	if err != nil {
		return nil, err
	}
	o, err := newStream(bufio.NewReader(io.NewSectionReader(f, e.body, maxPack-e.body)), f)
	if err != nil {
		f.Close()
		return nil, s.damaged(at, err)
	}
	o.left = e.size
	return o, nil
}

// stream inflates an object while it is read, and checks its length and sum at the end.
type stream struct {
	z    io.ReadCloser
	file io.Closer
	left int64
}

func newStream(r io.Reader, file io.Closer) (*stream, error) {
	z, err := zlib.NewReader(r)
	if err != nil {
		return nil, err
	}
	return &stream{z: z, file: file}, nil
}

// Read implements io.Reader.
func (r *stream) Read(b []byte) (int, error) {
	if r.left == 0 {
		if err := ended(r.z); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	n, err := r.z.Read(b[:min(int64(len(b)), r.left)])
	r.left -= int64(n)
	if err == io.EOF {
		err = nil
		if r.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// ended reports an error unless r is at its end and its sum is right.
func ended(r io.Reader) error {
	var one [1]byte
	switch _, err := io.ReadFull(r, one[:]); err {
	case io.EOF:
		return nil
	case nil:
		return errors.New("damaged object: longer than its header says")
	default:
		return fmt.Errorf("damaged object: %w", err)
	}
}

// Close implements io.Closer.
func (r *stream) Close() error { return errors.Join(r.z.Close(), r.file.Close()) }

// loose reads an object from a file of its own.
func (s *Store) loose(id ID) (Object, error) {
	for _, dir := range s.dirs {
		o, err := looseObject(loosePath(dir, id))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Object{}, fmt.Errorf("loose object: %w", err)
		}
		return o, nil
	}
	return Object{}, ErrMissing
}

func loosePath(objects string, id ID) string {
	name := id.String()
	return filepath.Join(objects, name[:2], name[2:])
}

func looseObject(path string) (Object, error) {
	o, r, err := openLoose(path)
	if err != nil {
		return Object{}, err
	}
	defer r.Close()
	if o.Size > Large {
		o.open = func() (io.ReadCloser, error) {
			_, r, err := openLoose(path)
			return r, err
		}
		return o, nil
	}
	o.Data, err = io.ReadAll(r)
	return o, err
}

// openLoose reads the header of a loose object, "blob 12" and a zero byte; the reader gives what follows.
func openLoose(path string) (Object, io.ReadCloser, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return Object{}, nil, err
	}
	r, err := newStream(f, f)
	if err != nil {
		f.Close()
		return Object{}, nil, err
	}
	buffered := bufio.NewReader(r.z)
	head, err := buffered.ReadSlice(0)
	if err != nil {
		r.Close()
		return Object{}, nil, fmt.Errorf("damaged header: %w", err)
	}
	o, err := parseHead(head[:len(head)-1])
	if err != nil {
		r.Close()
		return Object{}, nil, err
	}
	r.z, r.left = readCloser{buffered, r.z}, o.Size
	return o, r, nil
}

// readCloser reads through a buffer.
type readCloser struct {
	io.Reader
	io.Closer
}

func parseHead(head []byte) (Object, error) {
	name, size, ok := bytes.Cut(head, []byte(" "))
	n, err := strconv.ParseInt(string(size), 10, 64)
	if !ok || err != nil || n < 0 {
		return Object{}, errHeader
	}
	for _, t := range []Type{Commit, Tree, Blob, Tag} {
		if t.String() == string(name) {
			return Object{Type: t, Size: n}, nil
		}
	}
	return Object{}, errHeader
}
