package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPreCommit runs pre-commit, the program (https://pre-commit.com), with a clone of this repository for its hook repository: each
// variant of .pre-commit-hooks.yaml stops a commit and a push that bring a key, and lets clean ones pass.
func TestPreCommit(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program as pre-commit does")
	}
	needPreCommit(t)
	f := &framework{t: t, dir: t.TempDir()}
	f.setUp()
	for _, suffix := range []string{"", "-system"} {
		t.Run("quash"+suffix, func(t *testing.T) {
			f.t, f.repo = t, filepath.Join(f.dir, "repo"+suffix)
			f.begin(suffix)
			f.commits()
			f.pushes()
		})
	}
}

// needPreCommit skips a test where pre-commit is not installed, except in CI, where it must be.
func needPreCommit(t *testing.T) {
	t.Helper()
	for _, program := range []string{"git", "pre-commit"} {
		out, err := exec.Command(program, "--version").CombinedOutput()
		switch {
		case err == nil:
		case os.Getenv("CI") == "true":
			t.Fatalf("%s does not run: %v\n%s", program, err, out)
		default:
			t.Skipf("%s does not run: %v; install it, pre-commit with: pip install pre-commit", program, err)
		}
	}
}

// framework is a world with pre-commit in it.
type framework struct {
	t         *testing.T
	dir, repo string
	env       []string
	clone     string // the hook repository
	commit    string // what of it is used
}

// setUp clones this repository and installs the program. Modules come from the cache that the tests themselves were built with:
// nothing is fetched.
func (f *framework) setUp() {
	f.t.Helper()
	caches := strings.Fields(f.run(".", "go", "env", "GOMODCACHE", "GOCACHE"))
	f.env = append(os.Environ(),
		"HOME="+f.dir, "XDG_CACHE_HOME="+filepath.Join(f.dir, "cache"), "PRE_COMMIT_HOME="+filepath.Join(f.dir, "pre-commit"), "PRE_COMMIT_COLOR=never",
		"GOMODCACHE="+caches[0], "GOCACHE="+caches[1], "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=-mod=mod -buildvcs=false",
		"PATH="+filepath.Join(f.dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+filepath.Join(f.dir, "gitconfig"))
	f.run(".", "git", "config", "--file", filepath.Join(f.dir, "gitconfig"), "user.name", "Ann Lee")
	f.run(".", "git", "config", "--file", filepath.Join(f.dir, "gitconfig"), "user.email", "ann@acme.example")
	f.run(".", "go", "build", "-o", filepath.Join(f.dir, "bin", "quash"), ".")
	f.clone = filepath.Join(f.dir, "clone")
	f.run(".", "git", "clone", "-q", filepath.Join("..", ".."), f.clone)
	f.commit = f.run(f.clone, "git", "rev-parse", "HEAD")
}

// begin makes a repository with a remote, and installs the hooks in it.
func (f *framework) begin(suffix string) {
	f.t.Helper()
	f.run(f.dir, "git", "init", "-q", "--bare", f.repo+".git")
	f.run(f.dir, "git", "init", "-q", "-b", "main", f.repo)
	f.run(f.repo, "git", "remote", "add", "origin", f.repo+".git")
	f.write(".pre-commit-config.yaml", fmt.Sprintf("repos:\n  - repo: %s\n    rev: %s\n    hooks: [{id: quash%s}, {id: quash-push%[3]s}]\n",
		f.clone, f.commit, suffix))
	f.run(f.repo, "pre-commit", "install", "-t", "pre-commit", "-t", "pre-push")
}

// key is a file with a key in it.
func (f *framework) key(name string) string {
	f.t.Helper()
	s, err := sample("github-pat", name)
	if err != nil {
		f.t.Fatal(err)
	}
	return "TOKEN=" + s.Token + "\n"
}

func (f *framework) commits() {
	f.t.Helper()
	f.write("a.txt", "hello\n")
	f.run(f.repo, "git", "commit", "-q", "-m", "clean")
	head := f.run(f.repo, "git", "rev-parse", "HEAD")
	f.write("a.env", f.key("COMMIT"))
	f.stopped("commit stopped, 1 key", f.key("COMMIT"), "git", "commit", "-q", "-m", "a key")
	if now := f.run(f.repo, "git", "rev-parse", "HEAD"); now != head {
		f.t.Error("the commit was made")
	}
}

func (f *framework) pushes() {
	f.t.Helper()
	f.run(f.repo, "git", "commit", "-q", "--no-verify", "-m", "a key")
	f.stopped("push stopped, 1 key", f.key("COMMIT"), "git", "push", "-q", "origin", "main")
	if refs := f.run(f.repo+".git", "git", "for-each-ref"); refs != "" {
		f.t.Errorf("it was pushed: %s", refs)
	}
	f.run(f.repo, "git", "reset", "-q", "--hard", "HEAD~1")
	f.run(f.repo, "git", "push", "-q", "origin", "main")
	f.run(f.repo+".git", "git", "rev-parse", "main")
}

// write writes and stages a file.
func (f *framework) write(path, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.repo, path), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.run(f.repo, "git", "add", path)
}

// stopped runs what a hook must stop.
func (f *framework) stopped(says, key string, argv ...string) {
	f.t.Helper()
	out, err := f.try(f.repo, argv...)
	if err == nil || !strings.Contains(out, says) || !strings.Contains(out, "github-pat") {
		f.t.Errorf("%s: %v, want %q\n%s", strings.Join(argv, " "), err, says, out)
	}
	if strings.Contains(out, strings.TrimSpace(key[len("TOKEN=ghp_"):])) {
		f.t.Error("the key is in what it said")
	}
}

func (f *framework) try(dir string, argv ...string) (string, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, f.env
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (f *framework) run(dir string, argv ...string) string {
	f.t.Helper()
	out, err := f.try(dir, argv...)
	if err != nil {
		f.t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return out
}
