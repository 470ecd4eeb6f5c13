package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// hookGit asks git where its hooks are. It runs where the person does, with all of their configuration.
type hookGit struct{}

// ask runs git and returns the first line that it prints; nothing when git says that a setting is not there.
func (hookGit) ask(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	err := cmd.Run()
	var failed *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("the git program is not installed; hooks are git's")
	case errors.As(err, &failed) && problem.Len() == 0:
		return "", nil // git config --get of what is not set
	case err != nil:
		line, _, _ := strings.Cut(strings.TrimSpace(problem.String()), "\n")
		return "", fmt.Errorf("git %s: %s; run it in a git repository", args[0], strings.TrimPrefix(line, "fatal: "))
	}
	return strings.TrimRight(out.String(), "\r\n"), nil
}

// hooksDir is where git looks for the hooks of this repository: core.hooksPath, or the directory hooks beside its objects.
func (g hookGit) hooksDir(ctx context.Context) (string, error) {
	return g.path(ctx, "--git-path", "hooks")
}

// ownDir is the repository's own hooks directory, which core.hooksPath puts out of use.
func (g hookGit) ownDir(ctx context.Context) (string, error) {
	dir, err := g.path(ctx, "--git-common-dir")
	return filepath.Join(dir, "hooks"), err
}

func (g hookGit) path(ctx context.Context, args ...string) (string, error) {
	dir, err := g.ask(ctx, append([]string{"rev-parse"}, args...)...)
	if err != nil {
		return "", err
	}
	return filepath.Abs(filepath.FromSlash(dir))
}

// top is the top of the work tree; empty in a bare repository.
func (g hookGit) top(ctx context.Context) string {
	top, err := g.ask(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return ""
	}
	return filepath.FromSlash(top)
}

// worktrees are the work trees of the repository.
func (g hookGit) worktrees(ctx context.Context) []string {
	list, err := g.ask(ctx, "worktree", "list", "--porcelain")
	if err != nil {
		return nil
	}
	var trees []string
	for part := range strings.SplitSeq(list, "\n\n") {
		lines := strings.Split(part, "\n")
		if tree, ok := strings.CutPrefix(lines[0], "worktree "); ok && len(lines) > 1 && lines[1] != "bare" {
			trees = append(trees, filepath.FromSlash(tree))
		}
	}
	return trees
}
