package pack

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/edsrzf/mmap-go"

	"github.com/quash-sh/quash/scanner/source/internal/inflate"
)

// packed is a pack with its index, shared between forks.
type packed struct {
	path     string // of the .pack file
	index    *index
	first    int32  // the number of its first object
	kinds    []Type // by place in the index; Families sets it
	promised bool   // a .promisor file stands beside it: what it names may be elsewhere

	mu    sync.Mutex
	users int
	f     *file
}

// acquire maps the pack for one more store.
func (p *packed) acquire() (*file, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.f == nil {
		f, err := openFile(p.path, p.index.hash)
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", p.name(), err)
		}
		p.f = f
	}
	p.users++
	return p.f, nil
}

// release gives the pack back; the last store to do so unmaps it.
func (p *packed) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users--; p.users == 0 {
		_ = p.f.data.Unmap() // of a mapping that is whole: there is nothing to lose
		p.f = nil
	}
}

// name is how messages name the pack.
func (p *packed) name() string { return filepath.Base(p.path) }

// file is a pack in memory.
type file struct {
	data mmap.MMap
	size int64 // without the sum at its end

	// seen has a bit for each block that was looked at since the system was told that the process can do without them; count says how many.
	seen  []atomic.Uint64
	count atomic.Int64
}

const (
	// blockBits is the size of a block. With the page that is looked at Linux maps those around it: 64 KiB, or all that its cache holds in
	// one piece, which is up to 2 MiB.
	blockBits = 21
	// mostSeen bounds the blocks that count as memory of the process. What is let go of stays in the system's cache: to look at it again
	// costs a fault and no reading.
	mostSeen = 32 << 20 >> blockBits
)

// look counts the blocks of n bytes at off that were looked at, and lets go of all when there are many.
func (f *file) look(off, n int64) {
	for block := off >> blockBits; block <= (off+n-1)>>blockBits; block++ {
		word, bit := &f.seen[block/64], uint64(1)<<(block%64)
		if word.Load()&bit == 0 && word.Or(bit)&bit == 0 && f.count.Add(1) > mostSeen {
			f.forget()
		}
	}
}

// forget lets go of all blocks.
func (f *file) forget() {
	f.count.Store(0)
	for i := range f.seen {
		f.seen[i].Store(0)
	}
	letGo(f.data)
}

// maxDeflate is more than deflate can shrink anything: a size in a header beyond it is a lie.
const maxDeflate = 1040

var errHeader = errors.New("damaged object header")

func openFile(path string, hash int) (*file, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < int64(12+hash) {
		return nil, errors.New("it is cut off")
	}
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, err
	}
	if string(data[:4]) != "PACK" {
		return nil, errors.Join(errors.New("not a pack"), data.Unmap())
	}
	return newFile(data, hash), nil
}

func newFile(data []byte, hash int) *file {
	return &file{data: data, size: int64(len(data) - hash), seen: make([]atomic.Uint64, len(data)>>blockBits/64+1)}
}

// entry is the header of an object in a pack.
type entry struct {
	typ  Type
	size int64 // of the inflated body
	body int64 // where the compressed body starts
	base int64 // of an offset delta: where its base is
	ref  ID    // of a reference delta: its base
}

// header reads the header of the object at off.
func (f *file) header(off int64, hash int) (entry, error) {
	if off < 0 || off >= f.size {
		return entry{}, errHeader
	}
	f.look(off, 1)
	b := f.data[off:f.size]
	e := entry{typ: Type(b[0] >> 4 & 7), size: int64(b[0] & 15)}
	n := 1
	for shift := 4; b[n-1]&0x80 != 0; shift += 7 {
		if n >= len(b) || shift > 53 {
			return entry{}, errHeader
		}
		e.size |= int64(b[n]&0x7f) << shift
		n++
	}
	e.body = off + int64(n)
	b = b[n:]
	switch e.typ {
	case Commit, Tree, Blob, Tag:
	case offsetDelta:
		back, n := distance(b)
		if n == 0 || back <= 0 || back > off {
			return entry{}, errHeader
		}
		e.base = off - back
		e.body += int64(n)
	case refDelta:
		if len(b) < hash {
			return entry{}, errHeader
		}
		e.ref = MakeID(b[:hash])
		e.body += int64(hash)
	default:
		return entry{}, errHeader
	}
	if e.size/maxDeflate > f.size-off {
		return entry{}, errHeader
	}
	return e, nil
}

// distance reads how far before a delta its base stands, and counts the bytes read; none when it is damaged.
func distance(b []byte) (back int64, n int) {
	for n < min(len(b), 9) {
		c := b[n]
		n++
		back |= int64(c & 0x7f)
		if c&0x80 == 0 {
			return back, n
		}
		back = (back + 1) << 7
	}
	return 0, 0
}

// inflate fills out with the object whose body is at off.
func (f *file) inflate(d *inflate.Decoder, off int64, out []byte) error {
	if off < 0 || off > f.size {
		return errHeader
	}
	n, err := d.Inflate(out, f.data[off:f.size])
	f.look(off, int64(n))
	return err
}

// guarded runs fn, which reads mapped files. When a file turns out to be shorter than it was, fn fails instead of the process.
func guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if _, fault := r.(interface{ Addr() uintptr }); !fault {
				panic(r)
			}
			err = errors.New("its pack was cut off while it was read")
		}
	}()
	return fn()
}
