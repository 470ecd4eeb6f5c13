package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// corpus is what the tools are run on.
type corpus struct {
	mode, name string
	dir        string // the copy
	commit     string // HEAD, shortened
	files      int    // in the tree of HEAD
	bytes      int64  // of the files that are read; 0 where that is not how the mode is measured
	packs      int64  // bytes of the packs of a bare repository
	objects    int    // in them
}

// errMode lists the modes.
var errMode = errors.New("give MODE:REPOSITORY, with the mode dir, history, staged or incremental, or made:MEGABYTES")

// prepare copies a repository for a mode, into a new directory in scratch.
func prepare(ctx context.Context, spec, scratch string) (corpus, error) {
	mode, repo, _ := strings.Cut(spec, ":")
	if repo == "" {
		return corpus{}, fmt.Errorf("%q: %w", spec, errMode)
	}
	megabytes := repo
	repo, err := filepath.Abs(repo)
	if err != nil {
		return corpus{}, err
	}
	c := corpus{mode: mode, name: nameOf(repo)}
	if c.dir, err = os.MkdirTemp(scratch, mode+"-"); err != nil {
		return c, err
	}
	switch mode {
	case "made":
		c.mode, c.name, repo = "history", "made, "+megabytes+" MB", c.dir
		err = makeRepository(ctx, c.dir, megabytes)
	case "incremental": // filled while it is measured
	case "dir":
		err = c.checkOut(ctx, repo)
	case "history":
		_, err = output(ctx, scratch, "git", "clone", "-q", "--bare", repo, c.dir)
	case "staged":
		err = c.stage(ctx, repo)
	default:
		err = errMode
	}
	if err == nil {
		err = c.describe(ctx, repo)
	}
	if err == nil && c.mode == "history" {
		err = c.weigh(ctx)
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", spec, err)
	}
	return c, nil
}

// nameOf is the name of a repository for the report: the last part of its path that says something.
func nameOf(repo string) string {
	name := strings.TrimSuffix(filepath.Base(repo), ".git")
	if name == "" || name == "repo" {
		name = filepath.Base(filepath.Dir(repo))
	}
	return name
}

func (c *corpus) describe(ctx context.Context, repo string) error {
	var err error
	if c.commit, err = output(ctx, repo, "git", "rev-parse", "--short=10", "HEAD"); err != nil {
		return err
	}
	list, err := output(ctx, repo, "git", "ls-tree", "-r", "--name-only", "HEAD")
	c.files = strings.Count(list, "\n") + 1
	return err
}

// weigh takes the size of the packs.
func (c *corpus) weigh(ctx context.Context) error {
	packs, err := filepath.Glob(filepath.Join(c.dir, "objects", "pack", "*.pack"))
	for _, path := range packs {
		info, statErr := os.Stat(path)
		if err = errors.Join(err, statErr); statErr == nil {
			c.packs += info.Size()
		}
	}
	if err != nil {
		return err
	}
	counts, err := output(ctx, c.dir, "git", "count-objects", "-v")
	for line := range strings.Lines(counts) {
		if n, ok := strings.CutPrefix(line, "in-pack: "); ok {
			c.objects, err = strconv.Atoi(strings.TrimSpace(n))
		}
	}
	return err
}

// checkOut writes the files of HEAD and counts their bytes.
func (c *corpus) checkOut(ctx context.Context, repo string) error {
	if _, err := output(ctx, c.dir, "git", "clone", "-q", repo, "."); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(c.dir, ".git")); err != nil {
		return err
	}
	return filepath.WalkDir(c.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			c.bytes += info.Size()
		}
		return err
	})
}

// stagedFiles is how many files are staged.
const stagedFiles = 3

// stage clones a repository and stages a line more in text files that stand a quarter, half and three quarters down its list.
func (c *corpus) stage(ctx context.Context, repo string) error {
	if _, err := output(ctx, c.dir, "git", "clone", "-q", repo, "."); err != nil {
		return err
	}
	list, err := output(ctx, c.dir, "git", "ls-files", "-z")
	if err != nil {
		return err
	}
	names := strings.Split(strings.TrimSuffix(list, "\x00"), "\x00")
	for i := range stagedFiles {
		at := (i + 1) * len(names) / (stagedFiles + 1)
		for at < len(names) && !appendLine(filepath.Join(c.dir, names[at])) {
			at++
		}
		if at == len(names) {
			return errors.New("it has too few text files")
		}
		if _, err := output(ctx, c.dir, "git", "add", "--", names[at]); err != nil {
			return err
		}
	}
	return nil
}

// appendLine adds a line to a text file, and says whether it is one.
func appendLine(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() < 200 {
		return false
	}
	data, err := os.ReadFile(path)
	if err != nil || bytes.IndexByte(data, 0) >= 0 {
		return false
	}
	return os.WriteFile(path, append(data, "\none line more\n"...), info.Mode().Perm()) == nil
}
