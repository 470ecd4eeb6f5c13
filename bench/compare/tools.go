package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// tool is a program that is measured.
type tool struct {
	name     string
	program  string   // what is run; "" when it is not installed
	version  string   // as it says itself
	says     []string // arguments that make it say its version
	commands map[string][]string
	codes    []int // how a run ends that worked
}

// here stands for the corpus in a command line; a command runs in the corpus, so that it is also ".".
const here = "CORPUS"

// ours is the tool that the others are compared with.
const ours = "quash"

// tools are the scanners, each with the command line that its own documentation gives for the purpose; nothing is verified online.
func tools() []tool {
	return []tool{
		{
			name: ours, says: []string{"version"}, codes: []int{0, 1, 3}, // 3: a submodule of the corpus is not checked out
			commands: map[string][]string{
				"dir":     {"scan", "--no-store", "--no-history", here},
				"history": {"scan", "--no-store", "--no-worktree", here},
				"staged":  {"hook", "pre-commit"},
			},
		},
		{
			name: "betterleaks", says: []string{"version"}, codes: []int{0},
			commands: map[string][]string{
				"dir":     {"dir", "--no-banner", "--exit-code", "0", here},
				"history": {"git", "--no-banner", "--exit-code", "0", here},
				"staged":  {"git", "--pre-commit", "--redact", "--staged", "--verbose"},
			},
		},
		{
			name: "gitleaks", says: []string{"version"}, codes: []int{0},
			commands: map[string][]string{
				"dir":     {"dir", "--no-banner", "--exit-code", "0", here},
				"history": {"git", "--no-banner", "--exit-code", "0", here},
				"staged":  {"git", "--pre-commit", "--redact", "--staged", "--verbose"},
			},
		},
		{
			name: "kingfisher", says: []string{"--version"}, codes: []int{0, 200},
			commands: map[string][]string{
				"dir":     {"scan", "--no-validate", "--no-update-check", here},
				"history": {"scan", "--no-validate", "--no-update-check", here},
				"staged":  {"scan", "--staged", "--no-validate", "--no-update-check", "."},
			},
		},
		{
			name: "trufflehog", says: []string{"--version"}, codes: []int{0},
			commands: map[string][]string{
				"dir":     {"filesystem", "--no-verification", "--no-update", "--json", here},
				"history": {"git", "--no-verification", "--no-update", "--json", "--bare", "file://" + here},
				"staged":  {"git", "--no-verification", "--no-update", "--fail", "--since-commit", "HEAD", "file://" + here},
			},
		},
		{
			name: "git", says: []string{"version"}, codes: []int{0},
			commands: map[string][]string{
				"staged":  {"diff", "--cached", "--raw", "-z"},
				"history": {"cat-file", "--batch-all-objects", "--batch", "--unordered"},
			},
		},
	}
}

// args is the command line of a tool in a mode, without the program.
func (t tool) args(mode, corpus string) []string {
	args := slices.Clone(t.commands[mode])
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], here, corpus)
	}
	return args
}

// locate finds the programs: as they were named, else on the PATH. Of those that are not there the program stays empty.
func locate(all []tool, named map[string]string) ([]tool, error) {
	for i, t := range all {
		program, wanted := named[t.name]
		delete(named, t.name)
		if !wanted {
			program = t.name
		}
		path, err := exec.LookPath(program)
		if err == nil {
			path, err = filepath.Abs(path)
		}
		if err != nil && wanted {
			return nil, fmt.Errorf("program of %s: %w", t.name, err)
		}
		if err == nil {
			all[i].program = path
		}
	}
	for name := range named {
		return nil, fmt.Errorf("no tool %q is known; see -h", name)
	}
	return all, nil
}

// saidName is what stands before the version in what tools say: their name, and perhaps "version".
var saidName = regexp.MustCompile(`^(quash|kingfisher|trufflehog|git) (version )?`)

// ask makes a tool say its version.
func (t *tool) ask(ctx context.Context, env []string) error {
	cmd := exec.CommandContext(ctx, t.program, t.says...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w", t.name, strings.Join(t.says, " "), err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	t.version, _, _ = strings.Cut(saidName.ReplaceAllString(line, ""), " ")
	return nil
}

// buildOurs builds quash from the sources beside this module as its image has it, with their commit for a version.
func buildOurs(ctx context.Context, scratch string) (string, error) {
	dir, err := output(ctx, ".", "go", "list", "-m", "-f", "{{.Dir}}", "github.com/quash-sh/quash")
	if err != nil {
		return "", err
	}
	version, err := output(ctx, dir, "git", "describe", "--always", "--dirty", "--tags")
	if err != nil {
		version = "(devel)" // the sources are in no repository
	}
	program := filepath.Join(scratch, ours)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X github.com/quash-sh/quash/cmd/quash/internal/cli.version="+version, "-o", program, "./cmd/quash")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	_, err = said(build)
	return program, err
}

// output runs a program that is not measured.
func output(ctx context.Context, dir string, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	return said(cmd)
}

// said is what a program writes.
func said(cmd *exec.Cmd) (string, error) {
	var problem strings.Builder
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[:min(2, len(cmd.Args))], " "), err, problem.String())
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// environment is what the measured programs see: the machine's, with a home of their own.
func environment(home string) []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "XDG_") && !strings.HasPrefix(name, "GIT_") && !strings.HasPrefix(name, "QUASH_") {
			env = append(env, v)
		}
	}
	return append(env, "HOME="+home, "GIT_CONFIG_NOSYSTEM=1")
}
