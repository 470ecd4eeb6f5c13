package source

import (
	"crypto/sha1"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fixture is a repository that a test builds with the git program.
type fixture struct {
	t     *testing.T
	dir   string
	clock int
}

// newFixture makes an empty repository; args go to git init.
func newFixture(t *testing.T, args ...string) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir()}
	f.git(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return f
}

// needGit skips a test where git is not installed, except in CI, where it must be.
func needGit(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is not installed")
		}
		t.Skip("git is not installed")
	}
}

// git runs git in the repository and returns what it prints. Nothing of the machine's configuration is read; each call
// is an hour later than the one before.
func (f *fixture) git(args ...string) string {
	f.t.Helper()
	return f.gitInput("", args...)
}

func (f *fixture) gitInput(input string, args ...string) string {
	f.t.Helper()
	needGit(f.t)
	f.clock++
	date := fmt.Sprintf("%d +0200", 1_700_000_000+3600*f.clock)
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always", "-c", "gc.auto=0", "-c", "maintenance.auto=false"}, args...)...)
	cmd.Dir = f.dir
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann Lee", "GIT_AUTHOR_EMAIL=ann@acme.example", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=Ben Cho", "GIT_COMMITTER_EMAIL=ben@acme.example", "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	if err != nil {
		f.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// write writes files of the work tree: path, text, path, text.
func (f *fixture) write(files ...string) {
	f.t.Helper()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(f.dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			f.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			f.t.Fatal(err)
		}
	}
}

// commit writes files, commits everything and returns the commit's name.
func (f *fixture) commit(message string, files ...string) string {
	f.t.Helper()
	f.write(files...)
	f.git("add", "-A")
	f.git("commit", "-q", "--allow-empty", "-m", message)
	return f.git("rev-parse", "HEAD")
}

// blobName is the name of a blob in a SHA-1 repository.
func blobName(text string) string {
	return fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text)))
}

// loose is the file of a loose object.
func (f *fixture) loose(id string) string {
	return filepath.Join(f.dir, ".git", "objects", id[:2], id[2:])
}
