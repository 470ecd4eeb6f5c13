package revoker

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// OpenJournal opens the journal, or makes an empty one where there is none, its folder too. It checks the whole chain and
// fails when that is broken.
func OpenJournal(ctx context.Context, path string) (*FileJournal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of journal %q: %w; make it writable", path, err)
	}
	files := filesOf(path)
	return openJournal(ctx, files, dirDisk(filepath.Dir(path)), func(ctx context.Context) (func(), error) {
		return lockFile(ctx, files.lockName())
	})
}

func openJournal(ctx context.Context, files journalFiles, d disk, lock func(context.Context) (func(), error)) (*FileJournal, error) {
	j := &FileJournal{files: files, disk: d, lock: lock}
	release, err := lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("open journal %q: %w", files.path, err)
	}
	defer release()
	if j.key, err = readKey(d, files); errors.Is(err, fs.ErrNotExist) {
		err = j.create()
	}
	if err == nil {
		err = j.refresh()
	}
	if err != nil {
		return nil, fmt.Errorf("open journal %q: %w", files.path, err)
	}
	return j, nil
}

// create makes an empty journal. The key comes last: where there is a key there was a whole journal, so that a missing file
// beside it is a loss and not a beginning.
func (j *FileJournal) create() error {
	if lines, err := j.disk.Read(j.files.lines, 0, 1); err == nil && len(lines) > 0 {
		return fmt.Errorf("it has entries and no %s; restore that file", j.files.key)
	}
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	empty, err := head{}.encode(key)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{j.files.lines, nil},
		{j.files.head, empty},
		{j.files.pub, hexLine(pub)},
		{j.files.key, hexLine(key.Seed())},
	} {
		if err := j.disk.Replace(f.name, f.data); err != nil {
			return fmt.Errorf("write %s: %w; make its folder writable", f.name, err)
		}
	}
	j.key = key
	return nil
}

func hexLine(b []byte) []byte { return []byte(hex.EncodeToString(b) + "\n") }

func fromHexLine(data []byte, size int) ([]byte, error) {
	b, err := hex.DecodeString(string(bytes.TrimSuffix(data, []byte("\n"))))
	if err != nil || !bytes.Equal(hexLine(b), data) || len(b) != size {
		return nil, fmt.Errorf("not %d bytes in hex; restore the file", size)
	}
	return b, nil
}

// readKey returns the signing key.
func readKey(d disk, files journalFiles) (ed25519.PrivateKey, error) {
	data, err := d.Read(files.key, 0, -1)
	if err != nil {
		return nil, err
	}
	seed, err := fromHexLine(data, ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", files.key, err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// readPub returns the checking key: that of the signing key where that can be read.
func readPub(d disk, files journalFiles) (ed25519.PublicKey, error) {
	key, err := readKey(d, files)
	if err == nil {
		return key.Public().(ed25519.PublicKey), nil
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	data, err := d.Read(files.pub, 0, -1)
	if err != nil {
		return nil, fmt.Errorf("neither %s nor %s can be read: %w; restore one of them", files.key, files.pub, err)
	}
	pub, err := fromHexLine(data, ed25519.PublicKeySize)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", files.pub, err)
	}
	return pub, nil
}

// VerifyJournal checks the journal, changing nothing in it, and returns how many entries it has. It fails when a byte was
// changed, or an entry changed, taken out, added or moved, the last one included; the error names the first such entry and what
// to do. It needs journal.head and journal.key or journal.pub beside the journal.
func VerifyJournal(path string) (n int, err error) {
	files := filesOf(path)
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("verify journal: %w; name the journal's file", err)
	}
	release, err := lockFile(context.Background(), files.lockName())
	switch {
	case err == nil:
		defer release()
	case !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS):
		return 0, fmt.Errorf("verify journal %q: %w", path, err)
	}
	return verifyJournal(files, dirDisk(filepath.Dir(path)))
}

func verifyJournal(files journalFiles, d disk) (n int, err error) {
	pub, err := readPub(d, files)
	if err != nil {
		return 0, fmt.Errorf("verify journal %q: %w", files.path, err)
	}
	var at cursor
	if _, _, err = check(files, d, pub, &at, func(place) {}); err != nil {
		return int(at.seq), fmt.Errorf("verify journal %q: %w", files.path, err)
	}
	return int(at.seq), nil
}

// check reads what follows the cursor, moves it to the end, and compares that with the signed head.
func check(files journalFiles, d disk, pub ed25519.PublicKey, at *cursor, visit func(place)) (h head, rest []byte, err error) {
	signed, err := d.Read(files.head, 0, -1)
	if err != nil {
		return h, nil, fmt.Errorf("%s: %w; restore it", files.head, err)
	}
	if h, err = decodeHead(signed, pub); err != nil {
		return h, nil, fmt.Errorf("%s: %w; restore it", files.head, err)
	}
	data, err := follow(d, files.lines, at.off)
	if err != nil {
		return h, nil, err
	}
	if rest, err = at.take(data, visit); err == nil {
		err = h.accept(*at, rest)
	}
	if err != nil {
		return h, nil, fmt.Errorf("%w; keep the file as evidence and restore the journal from a copy", err)
	}
	return h, rest, nil
}

// follow reads the journal from off, where a line must begin.
func follow(d disk, name string, off int64) ([]byte, error) {
	data, err := d.Read(name, max(off-1, 0), -1)
	if err != nil {
		return nil, fmt.Errorf("%w; restore it from a copy", err)
	}
	if off == 0 {
		return data, nil
	}
	data, ok := bytes.CutPrefix(data, []byte("\n"))
	if !ok {
		return nil, errors.New("it was cut off while it was in use; restore it from a copy")
	}
	return data, nil
}
