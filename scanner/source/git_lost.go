package source

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// skipUnreachable counts the blobs with keys that no reference leads to, where these are not asked for.
const skipUnreachable = "unreachable blobs with keys"

// lost reads what no reference leads to: the commits that reflogs name, then every other commit and tag of the object store, and
// what they lead to. Objects that these lack were pruned, which is no damage.
func (l *loader) lost(ctx context.Context) error {
	l.losing = true
	loose := l.store.Loose()
	for _, r := range l.repo.reflogs() {
		if !l.store.Has(r.id) || l.saw(l.keys.number(r.id)) {
			continue
		}
		l.reflogs = append(l.reflogs, r)
		l.later(r.id)
		if err := l.follow(ctx); err != nil {
			return err
		}
	}
	for n := range int32(l.store.Count()) {
		if k := l.store.Kind(n); k == pack.Commit || k == pack.Tag {
			l.later(l.store.Name(n))
		}
	}
	for _, id := range loose {
		if o, err := l.store.Object(id); err == nil && (o.Type == pack.Commit || o.Type == pack.Tag) {
			l.later(id)
		}
	}
	slices.Reverse(l.todo)
	if err := l.follow(ctx); err != nil {
		return err
	}
	l.looseLost = loose
	return nil
}

// reflogs lists the entries of the reference logs, of each log the newest first, by the names reflog/HEAD@{0} and the like.
func (r *repository) reflogs() []ref {
	dirs := []string{filepath.Join(r.commonDir, "logs")}
	more, _ := filepath.Glob(filepath.Join(r.commonDir, "worktrees", "*", "logs"))
	var all []ref
	for _, dir := range append(dirs, more...) {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				name, _ := filepath.Rel(dir, path)
				all = append(all, reflog(path, filepath.ToSlash(name))...)
			}
			return nil // what cannot be read names nothing
		})
	}
	return all
}

// maxReflog bounds the bytes that are read of a reference log, from its start.
const maxReflog = 64 << 20

// reflog reads a log: lines of the object before, the object after, who, when and why.
func reflog(path, name string) []ref {
	text, err := readUpTo(path, maxReflog)
	if err != nil {
		return nil
	}
	var ids []string // the oldest first
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if len(ids) == 0 {
			ids = append(ids, fields[0])
		}
		ids = append(ids, fields[1])
	}
	var all []ref
	for i, id := range slices.Backward(ids) {
		if f := newRef(fmt.Sprintf("reflog/%s@{%d}", shortRef(name), len(ids)-1-i), id); !f.id.IsZero() {
			all = append(all, f)
		}
	}
	return all
}

// isLost reports whether a commit was reached by no reference; -1 stands for what references name without a commit.
func (h *history) isLost(commit int32) bool { return commit >= 0 && h.commits[commit].lost }

// unreachable returns the place of a blob that nothing leads to, where such are asked for.
func (p *placer) unreachable(l scanner.Location) []scanner.Location {
	p.nowhere[l.Blob] = true
	if !p.unreached {
		return []scanner.Location{}
	}
	l.Unreachable = true
	return []scanner.Location{l}
}
