package source

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// sampled is how many blobs are held against git.
const sampled = 200

// TestPlaceAgreesWithGit: the commit that brought a blob in is one of those that git log --find-object names, the one without such an
// ancestor, and its branches are those that git branch --contains does. It samples a made history and, where it is set, the bare
// repository QUASH_REPO.
func TestPlaceAgreesWithGit(t *testing.T) {
	t.Parallel()
	needGit(t)
	dirs := []string{grown(t)}
	if dir := os.Getenv("QUASH_REPO"); dir != "" {
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		src := opened(dir, Options{NoWorktree: true})(t)
		var at []scanner.Location
		for c, err := range src.Chunks(t.Context()) {
			if err == nil && c.From.Blob != "" && c.From.Field == "" && c.From.Offset == 0 && !strings.Contains(c.From.Path, "!") {
				at = append(at, scanner.Location{Blob: c.From.Blob})
			}
		}
		slices.SortFunc(at, func(a, b scanner.Location) int { return strings.Compare(a.Blob, b.Blob) })
		at = slices.CompactFunc(at, func(a, b scanner.Location) bool { return a.Blob == b.Blob })
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(at), func(i, j int) { at[i], at[j] = at[j], at[i] })
		places, err := src.(scanner.Placer).Place(t.Context(), at[:min(len(at), sampled)])
		if err != nil {
			t.Log(err)
		}
		n := 0
		for _, all := range places {
			if agree(t, dir, all) {
				n++
			}
		}
		t.Logf("%s: %d blobs agree", filepath.Base(dir), n)
	}
}

// agree holds the places of one blob against git.
func agree(t *testing.T, dir string, places []scanner.Location) bool {
	t.Helper()
	if len(places) == 0 {
		return false
	}
	blob := places[0].Blob
	touched := strings.Fields(gitAt(t, dir, "log", "--all", "-m", "--format=%H", "--find-object="+blob))
	if len(touched) == 0 {
		return false // another reference has it alone, or a merge whose one parent has it
	}
	named := func(at scanner.Location) bool { return slices.Contains(touched, at.Commit) }
	if !slices.ContainsFunc(places, named) {
		t.Errorf("%s: none of its places is with one of the %d commits that git names", blob, len(touched))
	}
	list := []string{"for-each-ref", "--format=%(refname:short)"}
	for _, id := range touched {
		list = append(list, "--contains="+id)
	}
	branches := strings.Fields(gitAt(t, dir, append(list, "refs/heads")...))
	for _, at := range places {
		if got := gitAt(t, dir, "rev-parse", "--verify", "--quiet", at.Commit+":"+at.Path); got != blob {
			t.Errorf("%s: commit %s has %q at %s", blob, at.Commit, got, at.Path)
		}
		for _, parent := range strings.Fields(gitAt(t, dir, "log", "-1", "--format=%P", at.Commit)) {
			if gitAt(t, dir, "rev-parse", "--verify", "--quiet", parent+":"+at.Path) == blob {
				t.Errorf("%s: %s has it at %s before %s", blob, parent, at.Path, at.Commit)
			}
		}
	}
	heads := strings.Fields(gitAt(t, dir, "for-each-ref", "--format=%(refname:short)", "refs/heads"))
	isBranch := func(ref string) bool { return slices.Contains(heads, ref) }
	var got []string
	for _, at := range places {
		got = append(got, slices.DeleteFunc(slices.Clone(at.Refs), func(r string) bool { return !isBranch(r) })...)
	}
	slices.Sort(branches)
	slices.Sort(got)
	if len(places) < maxGiven && !slices.Equal(slices.Compact(branches), slices.Compact(got)) {
		t.Errorf("%s: branches %v, git says %v", blob, slices.Compact(got), slices.Compact(branches))
	}
	return !t.Failed()
}

// gitAt runs git on a repository and returns what it prints; nothing where it fails.
func gitAt(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_NO_LAZY_FETCH=1", "LC_ALL=C")
	out, _ := cmd.Output()
	return strings.TrimSpace(string(out))
}

// grown makes a history of 120 commits on four branches, with merges, renames and files that come back.
func grown(t *testing.T) string {
	t.Helper()
	f := newFixture(t)
	r := rand.New(rand.NewPCG(3, 4))
	branches := []string{"main", "b1", "b2", "b3"}
	begun := map[string]bool{}
	var b strings.Builder
	for i := range 120 {
		branch, other := branches[r.IntN(4)], branches[r.IntN(4)]
		fmt.Fprintf(&b, "commit refs/heads/%s\ncommitter A <a@acme.example> %d +0000\ndata 1\nm\n", branch, 1_700_000_000+60*i)
		if !begun[branch] && begun[other] {
			fmt.Fprintf(&b, "from refs/heads/%s\n", other)
		} else if begun[branch] && begun[other] && branch != other && r.IntN(5) == 0 {
			fmt.Fprintf(&b, "merge refs/heads/%s\n", other)
		}
		begun[branch] = true
		for range 1 + r.IntN(3) {
			path := fmt.Sprintf("d%d/f%d", r.IntN(3), r.IntN(6))
			if r.IntN(5) == 0 {
				fmt.Fprintf(&b, "D %s\n", path)
				continue
			}
			text := fmt.Sprint("text ", r.IntN(220), "\n")
			fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
		}
	}
	f.gitInput(b.String(), "fast-import", "--quiet")
	f.git("repack", "-adq")
	return f.dir
}
