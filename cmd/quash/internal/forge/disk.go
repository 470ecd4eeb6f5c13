package forge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// lock is a file's exclusive lock. file is what a program must hold open to hold the lock too; nil where that is not how
// locks work.
type lock struct {
	file    *os.File
	release func()
}

// lockPause is how often a lock that somebody else holds is asked for.
const lockPause = 50 * time.Millisecond

// takeLock waits for a lock.
func takeLock(ctx context.Context, path string) (*lock, error) {
	for tick := time.NewTicker(lockPause); ; {
		l, err := tryLock(path)
		if l != nil || err != nil {
			tick.Stop()
			return l, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return nil, fmt.Errorf("wait for %s, which another process holds: %w", filepath.Base(path), context.Cause(ctx))
		}
	}
}

// writeFile makes a text the content of a file, at once: a crash leaves the old content or the new. The mirror's lock is held,
// so nobody else writes the file.
func writeFile(path, text string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// remove removes a mirror. A crash in between leaves nothing that would be taken for one.
func remove(dir string) error {
	gone := dir + goneSuffix
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	if err := os.Rename(dir, gone); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(gone)
}

// trim removes mirrors until all together take no more than they may, the least recently used first. changed is the mirror
// whose size is to be taken anew. What another process uses stays.
func (m *Mirrors) trim(changed string) error {
	if m.maxDisk <= 0 {
		return nil
	}
	m.disk.Lock()
	defer m.disk.Unlock()
	delete(m.sizes, changed)
	total, mirrors, err := m.sized()
	for _, dir := range mirrors {
		if err != nil || total <= m.maxDisk {
			break
		}
		var removed bool
		if removed, err = m.evict(dir); removed {
			total -= m.sizes[dir]
			delete(m.sizes, dir)
		}
	}
	return err
}

// sized lists the mirrors by their last use, the oldest first, and how many bytes they take together.
func (m *Mirrors) sized() (total int64, mirrors []string, err error) {
	mirrors, err = filepath.Glob(filepath.Join(m.dir, "*"+mirrorSuffix))
	used := map[string]time.Time{}
	for _, dir := range mirrors {
		if info, err := os.Stat(strings.TrimSuffix(dir, mirrorSuffix) + lockSuffix); err == nil {
			used[dir] = info.ModTime()
		}
		if _, ok := m.sizes[dir]; !ok {
			m.sizes[dir] = size(dir)
		}
		total += m.sizes[dir]
	}
	slices.SortFunc(mirrors, func(a, b string) int { return cmp.Or(used[a].Compare(used[b]), cmp.Compare(a, b)) })
	return total, mirrors, err
}

// size is how many bytes the files of a folder hold. What vanishes meanwhile holds none.
func size(dir string) int64 {
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}

// evict removes a mirror that nobody uses.
func (m *Mirrors) evict(dir string) (bool, error) {
	l, err := tryLock(strings.TrimSuffix(dir, mirrorSuffix) + lockSuffix)
	if l == nil || err != nil {
		return false, err
	}
	defer l.release()
	return true, remove(dir)
}
