package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// newCommits is how many commits of HEAD's line come in between two incremental scans.
const newCommits = 100

// incremental is what an incremental scan of new commits took, against the scan of everything before them.
type incremental struct {
	corpus
	first  usage
	second []usage
	git    usage // git's own listing of what the new commits change
}

// incrementally clones the branch of HEAD as it was newCommits before, scans it, fetches the rest and scans that, each time from the
// state that the first scan left.
func (b *bench) incrementally(ctx context.Context, c corpus, repo, scratch string) (*incremental, error) {
	i := slices.IndexFunc(b.tools, func(t tool) bool { return t.name == ours })
	if i < 0 {
		return nil, errors.New("incremental: quash is left out")
	}
	r := &incremental{corpus: c}
	old, err := output(ctx, repo, "git", "rev-parse", fmt.Sprintf("HEAD~%d", newCommits))
	if err != nil {
		return nil, err
	}
	for _, argv := range [][]string{{"init", "-q", "--bare", "-b", "main", "."}, {"fetch", "-q", repo, old + ":refs/heads/main"}} {
		if _, err := output(ctx, c.dir, append([]string{"git"}, argv...)...); err != nil {
			return nil, err
		}
	}
	state := filepath.Join(scratch, "state")
	scan := []string{b.tools[i].program, "scan", "--no-store", "--no-worktree", "--incremental", "--state", state, c.dir}
	if r.first, err = measure(ctx, c.dir, b.env, scan, b.tools[i].codes[:2]); err != nil {
		return nil, err
	}
	kept := filepath.Join(scratch, "kept")
	if err := os.CopyFS(kept, os.DirFS(state)); err != nil {
		return nil, err
	}
	if _, err := output(ctx, c.dir, "git", "fetch", "-q", repo, "HEAD:refs/heads/main"); err != nil {
		return nil, err
	}
	for range b.runs {
		u, err := measure(ctx, c.dir, b.env, scan, b.tools[i].codes[:2])
		if err != nil {
			return nil, err
		}
		r.second = append(r.second, u)
		if err := errors.Join(os.RemoveAll(state), os.CopyFS(state, os.DirFS(kept))); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(os.RemoveAll(kept), os.RemoveAll(state)); err != nil {
		return nil, err
	}
	r.git, err = measure(ctx, c.dir, b.env, []string{"git", "rev-list", "--objects", old + "..main"}, []int{0})
	return r, err
}

// again measures a corpus of the mode incremental, and writes its table.
func (b *bench) again(ctx context.Context, c corpus, spec, scratch string, stdout io.Writer) error {
	_, repo, _ := strings.Cut(spec, ":")
	repo, err := filepath.Abs(repo)
	if err != nil {
		return err
	}
	r, err := b.incrementally(ctx, c, repo, scratch)
	if err != nil {
		return fmt.Errorf("%s: %w", spec, err)
	}
	r.write(stdout)
	return os.RemoveAll(c.dir)
}

func (r *incremental) write(w io.Writer) {
	cpu := func(u usage) float64 { return u.cpu.Seconds() }
	again := median(r.second, cpu)
	fmt.Fprintf(w, "\n### incremental: %s at %s, %d commits more; %d rounds\n\n", r.name, r.commit, newCommits, len(r.second))
	fmt.Fprintln(w, "| scan | CPU s | wall s | peak MB |")
	fmt.Fprintln(w, "|---|--:|--:|--:|")
	fmt.Fprintf(w, "| all before them | %.2f | %.2f | %.0f |\n", cpu(r.first), r.first.wall.Seconds(), float64(r.first.peak)/1e6)
	fmt.Fprintf(w, "| again with them | %.2f | %.2f | %.0f |\n", again,
		median(r.second, func(u usage) float64 { return u.wall.Seconds() }), median(r.second, func(u usage) float64 { return float64(u.peak) / 1e6 }))
	fmt.Fprintf(w, "| git rev-list --objects of them | %.2f | %.2f | %.0f |\n", cpu(r.git), r.git.wall.Seconds(), float64(r.git.peak)/1e6)
	fmt.Fprintf(w, "\nThe second takes %.1f %% of the CPU time of the first.\n", 100*again/cpu(r.first))
}
