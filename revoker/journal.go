package revoker

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"

	"github.com/quash-sh/quash/scanner"
)

// FileJournal is a [Journal] in a file of JSON lines, chained by hashes. Beside journal.jsonl stand
//
//	journal.head   the signed end: number and hash of the last entry (Ed25519)
//	journal.key    the key that signs it, for the owner alone
//	journal.pub    the key that checks it, to hand to whoever verifies a copy
//	journal.torn   pieces of lines that a crash cut off; nobody acted on them
//	journal.lock   held while an entry is written
//
// A line is the entry's JSON; its hash covers the line's bytes without the hash field. An append announces the entry's hash in
// the head, writes the line, and closes the head, each step durable before the next. So every state that a crash can leave
// is known by sight, and any other state is a change by somebody else, which is refused.
//
// What it cannot see by itself: a folder put back whole to an earlier state, key and head included. [FileJournal.Head] is
// there to be kept elsewhere too.
//
// A FileJournal may be used by many goroutines, and many processes may have the same file open.
type FileJournal struct {
	files journalFiles
	disk  disk
	lock  func(ctx context.Context) (release func(), err error)

	mu     sync.Mutex
	key    ed25519.PrivateKey
	at     cursor
	places []place
	// seen is the content of the head file when the journal was last found right up to at; nil: look again.
	seen []byte
}

// journalFiles are the names of the files.
type journalFiles struct{ path, lines, head, key, pub, torn string }

func filesOf(path string) journalFiles {
	lines := filepath.Base(path)
	stem := strings.TrimSuffix(lines, filepath.Ext(lines))
	return journalFiles{path: path, lines: lines, head: stem + ".head", key: stem + ".key", pub: stem + ".pub", torn: stem + ".torn"}
}

// lockName is the path of the lock file.
func (n journalFiles) lockName() string {
	return filepath.Join(filepath.Dir(n.path), strings.TrimSuffix(n.head, ".head")+".lock")
}

// refresh takes in what other processes wrote and mends what a crash left. The file lock is held.
func (j *FileJournal) refresh() error {
	if same, err := j.unchanged(); same || err != nil {
		return err
	}
	at, places := j.at, j.places
	h, rest, err := check(j.files, j.disk, j.key.Public().(ed25519.PublicKey), &at, func(p place) {
		places = append(places, p)
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		if err := j.setAside(at, rest); err != nil {
			return err
		}
	}
	j.at, j.places = at, places
	if h.Next == "" {
		j.seen, err = j.disk.Read(j.files.head, 0, -1)
		return err
	}
	return j.sign(head{Seq: at.seq, Last: at.hash})
}

// unchanged says whether head and journal are as this process left them.
func (j *FileJournal) unchanged() (bool, error) {
	if j.seen == nil {
		return false, nil
	}
	signed, err := j.disk.Read(j.files.head, 0, -1)
	if err != nil {
		return false, fmt.Errorf("%s: %w; restore it", j.files.head, err)
	}
	data, err := follow(j.disk, j.files.lines, j.at.off)
	return err == nil && len(data) == 0 && bytes.Equal(signed, j.seen), err
}

// setAside moves the piece of a line that a crash left into the torn file.
func (j *FileJournal) setAside(at cursor, rest []byte) error {
	note := fmt.Sprintf("# %d bytes that a crash left after entry %d; the entry was never complete and nobody acted on it\n%s\n", len(rest), at.seq, rest)
	if err := j.disk.Append(j.files.torn, []byte(note)); err != nil {
		return fmt.Errorf("write %s: %w; make its folder writable", j.files.torn, err)
	}
	whole, err := j.disk.Read(j.files.lines, 0, at.off)
	if err != nil {
		return err
	}
	return j.disk.Replace(j.files.lines, whole)
}

// sign writes the head.
func (j *FileJournal) sign(h head) error {
	j.seen = nil
	data, err := h.encode(j.key)
	if err != nil {
		return err
	}
	if err := j.disk.Replace(j.files.head, data); err != nil {
		return fmt.Errorf("write %s: %w", j.files.head, err)
	}
	j.seen = data
	return nil
}

// enter takes the locks and brings the journal up to date.
func (j *FileJournal) enter(ctx context.Context) (leave func(), err error) {
	j.mu.Lock()
	release, err := j.lock(ctx)
	if err != nil {
		j.mu.Unlock()
		return nil, err
	}
	leave = func() { release(); j.mu.Unlock() }
	if err := j.refresh(); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// Append implements [Journal]. After an error the entry may be on record all the same, as an entry that nobody acted on.
func (j *FileJournal) Append(ctx context.Context, e Entry) error {
	leave, err := j.enter(ctx)
	if err != nil {
		return fmt.Errorf("append to journal %q: %w", j.files.path, err)
	}
	defer leave()
	if err := j.write(e); err != nil {
		return fmt.Errorf("append to journal %q: %w; free space or make it writable", j.files.path, err)
	}
	return nil
}

// write announces the entry in the head, writes its line and closes the head.
func (j *FileJournal) write(e Entry) error {
	e.Seq, e.Prev = j.at.seq+1, j.at.hash
	line, hash, err := encodeEntry(e)
	if err != nil {
		return err
	}
	if err := j.sign(head{Seq: j.at.seq, Last: j.at.hash, Next: hash}); err != nil {
		return err
	}
	j.seen = nil
	if err := j.disk.Append(j.files.lines, line); err != nil {
		return err
	}
	n := int64(len(line))
	j.places = append(j.places, place{e.ID, j.at.off, n, hash})
	j.at = cursor{seq: e.Seq, hash: hash, off: j.at.off + n}
	return j.sign(head{Seq: j.at.seq, Last: j.at.hash})
}

// Entries implements [Journal]. The journal may be appended to while the sequence is read; it yields what was there when the
// reading began.
func (j *FileJournal) Entries(ctx context.Context, id scanner.ID) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		places, read, err := j.find(ctx, id)
		if err != nil {
			yield(Entry{}, fmt.Errorf("read journal %q: %w", j.files.path, err))
			return
		}
		for _, p := range places {
			e, err := read(p)
			if err == nil && e.Hash != p.hash {
				err = fmt.Errorf("entry %d: it was exchanged or moved while the journal was in use; restore it from a copy", e.Seq)
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("read journal %q: %w", j.files.path, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// find returns the places of a key's entries, or of all, and how to read one. All are read from the disk at once.
func (j *FileJournal) find(ctx context.Context, id scanner.ID) ([]place, func(place) (Entry, error), error) {
	leave, err := j.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	if id == "" {
		data, err := j.disk.Read(j.files.lines, 0, j.at.off)
		return j.places[:len(j.places):len(j.places)], func(p place) (Entry, error) {
			if int64(len(data)) < p.off+p.n {
				return Entry{}, errors.New("it was cut off while it was read")
			}
			return decodeEntry(data[p.off : p.off+p.n-1])
		}, err
	}
	var places []place
	for _, p := range j.places {
		if p.id == id {
			places = append(places, p)
		}
	}
	return places, func(p place) (Entry, error) {
		line, err := j.disk.Read(j.files.lines, p.off, p.n-1)
		if err != nil {
			return Entry{}, err
		}
		return decodeEntry(line)
	}, nil
}

// Head returns the number and hash of the last entry, to be kept where whoever can write the journal's folder cannot.
func (j *FileJournal) Head(ctx context.Context) (seq int64, hash string, err error) {
	leave, err := j.enter(ctx)
	if err != nil {
		return 0, "", fmt.Errorf("read journal %q: %w", j.files.path, err)
	}
	defer leave()
	return j.at.seq, j.at.hash, nil
}
