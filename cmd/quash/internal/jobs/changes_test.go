package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
	"github.com/quash-sh/quash/scanner"
)

// repository is a repository made with git.
type repository struct {
	t   testing.TB
	dir string
	at  int // the next commit's time
}

func newRepository(t testing.TB) *repository {
	r := &repository{t: t, dir: t.TempDir(), at: 1_700_000_000}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
	when := fmt.Sprintf("%d +0000", r.at)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@acme.example",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@acme.example", "GIT_AUTHOR_DATE="+when, "GIT_COMMITTER_DATE="+when)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes a file and commits it.
func (r *repository) commit(path, text string) string {
	r.t.Helper()
	full := filepath.Join(r.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.at += 60
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", "write "+path)
	return r.git("rev-parse", "HEAD")
}

// read returns the texts of files that a source yields, with path and commit, and its gaps.
func (r *repository) read(include, exclude []string) (texts map[string]string, gaps int) {
	r.t.Helper()
	src, err := jobs.OpenChanges(r.dir, "acme/shop", include, exclude)
	if err != nil {
		r.t.Fatal(err)
	}
	texts = map[string]string{}
	for c, err := range src.Chunks(context.Background()) {
		var gap *scanner.Gap
		if errors.As(err, &gap) {
			gaps++
			continue
		}
		if err != nil {
			r.t.Fatal(err)
		}
		if c.From.Path != "" {
			texts[c.From.Blob] += string(c.Data)
		}
	}
	return texts, gaps
}

// TestChangesAgainstGit: whatever a range, every blob that git says is new in it is read.
func TestChangesAgainstGit(t *testing.T) {
	r := newRepository(t)
	rng := rand.New(rand.NewPCG(1, 2))
	commits := []string{r.commit("a", "0")}
	for i := range 40 {
		switch {
		case i%7 == 6: // a merge, with a change of its own
			r.git("checkout", "-q", commits[rng.IntN(len(commits))])
			commits = append(commits, r.commit(fmt.Sprintf("side%d", i), fmt.Sprint("side ", i)))
			side := commits[len(commits)-1]
			r.git("checkout", "-q", "main")
			r.at += 60
			r.git("merge", "-q", "-X", "ours", "-m", "merge", side)
			commits = append(commits, r.git("rev-parse", "HEAD"))
		default:
			if i%7 == 0 {
				r.git("checkout", "-q", "main")
			}
			commits = append(commits, r.commit(fmt.Sprintf("d%d/f%d", i%3, i%5), fmt.Sprint("text ", i)))
		}
	}
	for range 60 {
		include, exclude := commits[rng.IntN(len(commits))], commits[rng.IntN(len(commits))]
		got, gaps := r.read([]string{include}, []string{exclude})
		if gaps > 0 {
			t.Errorf("%d gaps in %s..%s", gaps, exclude, include)
		}
		for line := range strings.Lines(r.git("rev-list", "--objects", include, "^"+exclude)) {
			id, path, _ := strings.Cut(strings.TrimSpace(line), " ")
			if path == "" || r.git("cat-file", "-t", id) != "blob" {
				continue
			}
			if _, ok := got[id]; !ok {
				t.Errorf("blob %s (%s) of %s..%s was not read", id, path, exclude, include)
			}
		}
		if include == exclude && len(got) > 0 {
			t.Errorf("%d blobs were read in an empty range", len(got))
		}
	}
}

// TestChangesGone: a commit that nobody has any more is a gap, and the rest is read.
func TestChangesGone(t *testing.T) {
	r := newRepository(t)
	head := r.commit("a", "text")
	got, gaps := r.read([]string{head, strings.Repeat("ab", 20)}, []string{strings.Repeat("cd", 20)})
	if len(got) != 1 || gaps != 1 {
		t.Errorf("%d blobs and %d gaps, want 1 and 1", len(got), gaps)
	}
}

// TestChangesLarge: a text longer than a chunk comes whole; what is binary is left out.
func TestChangesLarge(t *testing.T) {
	r := newRepository(t)
	text := strings.Repeat("0123456789abcdef\n", 600_000)
	r.commit("large", text)
	head := r.commit("binary", "a\x00b")
	got, _ := r.read([]string{head}, nil)
	want := map[string]string{r.git("rev-parse", "HEAD:large"): text}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%d texts differ", len(got))
	}
}
