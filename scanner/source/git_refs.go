package source

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

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// ref is a reference: a name and the object it points to.
type ref struct {
	name string // in full: "refs/heads/main", "HEAD"
	id   pack.ID
}

// short is the name as people write it.
func (r ref) short() string { return shortRef(r.name) }

func shortRef(name string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/remotes/", "refs/"} {
		if s, ok := strings.CutPrefix(name, prefix); ok {
			return s
		}
	}
	return name
}

// rank orders references: branches, branches of remotes, tags, all others (notes, stash, pull requests).
func (r ref) rank() int {
	for i, prefix := range []string{"refs/heads/", "refs/remotes/", "refs/tags/"} {
		if strings.HasPrefix(r.name, prefix) {
			return i
		}
	}
	return rankOther
}

const (
	rankOther = 3
	headName  = "HEAD"
)

// refs returns every reference sorted by rank and name, HEAD as "HEAD". References that point nowhere are gaps.
func (r *repository) refs(ctx context.Context) ([]ref, []*scanner.Gap, error) {
	refs, gaps, err := r.namedRefs(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("open %q: its references cannot be read: %w; see git fsck", r.name, err)
	}
	refs = append(refs, r.stashes()...)
	refs = append(refs, r.heads()...)
	good := refs[:0]
	for _, f := range refs {
		if f.id.IsZero() {
			gaps = append(gaps, brokenRef(f.name, "it names no object"))
			continue
		}
		good = append(good, f)
	}
	slices.SortFunc(good, func(a, b ref) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.name, b.name))
	})
	return good, gaps, nil
}

func brokenRef(name, why string) *scanner.Gap {
	return &scanner.Gap{What: "reference " + name, Why: why, Next: "git fsck, then git fetch or git update-ref -d " + name}
}

// namedRefs lists the references and HEAD; of a reftable the git program does.
func (r *repository) namedRefs(ctx context.Context) ([]ref, []*scanner.Gap, error) {
	if !r.reftable {
		refs, gaps := r.fileRefs()
		return refs, gaps, nil
	}
	refs, err := r.program.refs(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("it uses the extension refstorage = reftable: %w", err)
	}
	return refs, nil, nil
}

// stashes lists the older stash entries, which stand in the reference's log alone.
func (r *repository) stashes() []ref {
	log, err := readSmall(filepath.Join(r.commonDir, "logs", "refs", "stash"))
	if err != nil {
		return nil
	}
	var refs []ref
	for line := range strings.Lines(string(log)) {
		if fields := strings.Fields(line); len(fields) > 1 {
			refs = append(refs, newRef("", fields[1]))
		}
	}
	for i := range refs {
		refs[i].name = fmt.Sprintf("refs/stash@{%d}", len(refs)-1-i)
	}
	return refs[:max(len(refs)-1, 0)]
}

// heads lists the HEADs of the other work trees that stand on no branch.
func (r *repository) heads() []ref {
	dirs := map[string]string{}
	if r.gitDir != r.commonDir {
		dirs["refs/main-worktree"] = r.commonDir
	}
	all := filepath.Join(r.commonDir, "worktrees")
	entries, _ := os.ReadDir(all)
	for _, e := range entries {
		if dir := filepath.Join(all, e.Name()); dir != r.gitDir {
			dirs["refs/worktrees/"+e.Name()] = dir
		}
	}
	var refs []ref
	for name, dir := range dirs {
		text, _ := readSmall(filepath.Join(dir, headName))
		if id, err := pack.ParseID(strings.TrimSpace(string(text))); err == nil {
			refs = append(refs, ref{name + "/HEAD", id})
		}
	}
	return refs
}

// shallow lists the commits whose parents a shallow clone left out.
func (r *repository) shallow() ([]pack.ID, error) {
	text, err := pack.ReadRegular(filepath.Join(r.commonDir, "shallow"), maxPackedRefs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ids []pack.ID
	for line := range strings.Lines(string(text)) {
		id, parseErr := pack.ParseID(strings.TrimSpace(line))
		err = errors.Join(err, parseErr)
		ids = append(ids, id)
	}
	return ids, err
}
