package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMade(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes megabytes")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	var commits []string
	for range 2 {
		c, err := prepare(t.Context(), "made:3", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if c.mode != "history" || c.files != madeFiles || c.packs < 2_000_000 || c.packs > 4_000_000 || c.objects < madeFiles*madeVersions {
			t.Errorf("%+v", c)
		}
		chains, err := output(t.Context(), c.dir, "sh", "-c", "git verify-pack -v objects/pack/*.idx | grep -c '^chain length'")
		if err != nil || chains == "0" {
			t.Errorf("no deltas: %s, %v", chains, err)
		}
		commits = append(commits, c.commit)
	}
	if commits[0] != commits[1] {
		t.Errorf("it is another one each time: %q", commits)
	}
	if _, err := prepare(t.Context(), "made:none", t.TempDir()); err == nil {
		t.Error("made:none was made")
	}
}

func TestScaling(t *testing.T) {
	var all []comparison
	for i, megabytes := range []int64{200, 10, 50} {
		c := corpus{mode: "history", name: fmt.Sprint("r", i), commit: "0123456789", packs: megabytes * 1e6, objects: 7}
		all = append(all, comparison{corpus: c, outcomes: []*outcome{
			{tool: tool{name: ours}, usages: seconds(float64(megabytes)/20, float64(megabytes)/10, float64(megabytes))},
			{tool: tool{name: "git"}, usages: seconds(float64(i))},
		}})
	}
	all[1].outcomes[0].usages = seconds(2)
	var out strings.Builder
	writeScaling(&out, append(all, comparison{corpus: corpus{mode: "dir"}}))
	want := `
### history: CPU by the size of packs

| corpus | pack MB | objects | CPU s of quash | of cat-file | ratio | peak MB | CPU ms per pack MB | : median |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
| r1 at 0123456789 | 10.0 | 7 | 2.00 | 1.00 | 2.00 | 50 | 200 | 2.00 |
| r2 at 0123456789 | 50.0 | 7 | 5.00 | 2.00 | 2.50 | 50 | 100 | 1.00 |
| r0 at 0123456789 | 200.0 | 7 | 20.00 |  |  | 50 | 100 | 1.00 |

CPU per megabyte of pack, the most against the least: 2.0.
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	out.Reset()
	if writeScaling(&out, all[:1]); out.Len() > 0 {
		t.Errorf("of one history: %s", out.String())
	}
}

// TestIncremental: the first scan is of the old commits, each later one of all from the state that the first left.
func TestIncremental(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tool is a shell script")
	}
	dir, repo := t.TempDir(), repository(t, 4)
	for i := range newCommits {
		argv := []string{"git", "-C", repo, "-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "--allow-empty", "-m", fmt.Sprint(i)}
		if _, err := output(t.Context(), ".", argv...); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(dir, "log")
	body := `for last; do :; done; [ "$5" = --state ] || exit 9
mkdir -p "$6"; cat "$6"/* 2>/dev/null >>` + log + `; git -C "$last" rev-list --count main >>` + log + `; echo state >>"$6"/x` + "\n"
	program := fake(t, dir, ours, body)
	var out, progress bytes.Buffer
	if err := run(t.Context(), []string{"-runs", "2", "-only", ours, "-tool", ours + "=" + program, "incremental:" + repo}, &out, &progress); err != nil {
		t.Fatal(err)
	}
	ran, err := os.ReadFile(log)
	if want := "1\nstate\n101\nstate\n101\n"; string(ran) != want || err != nil {
		t.Errorf("ran %q, want %q", ran, want)
	}
	for _, want := range []string{"### incremental: shop at ", "100 commits more; 2 rounds", "| again with them |", "of the CPU time of the first."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
}
