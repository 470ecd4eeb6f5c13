package cli_test

import (
	"bytes"
	"encoding/json"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
)

// TestOrgHelper is no test: it is the program that TestOrgKilled starts.
func TestOrgHelper(t *testing.T) {
	at := slices.Index(os.Args, "--")
	if os.Getenv("QUASH_ORG_HELPER") == "" || at < 0 {
		t.Skip("started by TestOrgKilled alone")
	}
	e := cli.System()
	e.Args = os.Args[at+1:]
	os.Exit(cli.Main(e))
}

// Killed at ten random moments and started again each time, the job ends with the report of a job that nobody disturbed.
func TestOrgKilled(t *testing.T) {
	w, f := newOrgWorld(t)
	repositories, kills := 60, 10
	if testing.Short() {
		repositories, kills = 12, 3
	}
	fill(w, f, repositories)
	start := func(cache string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestOrgHelper$", "--", "org", "github:acme", "-f", "jsonl", "--no-store", "--state", w.path("state"))
		cmd.Env = append(os.Environ(), "QUASH_ORG_HELPER=1", "XDG_CACHE_HOME="+w.path(cache), "HOME="+w.dir, "GITHUB_TOKEN="+f.Token, "GITHUB_API_URL="+f.URL)
		out := &bytes.Buffer{}
		cmd.Stdout = out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, out
	}
	begin := time.Now()
	whole, want := start("undisturbed")
	_ = whole.Wait() // exit code 1: it finds keys
	took := time.Since(begin)

	seed := uint64(begin.UnixNano())
	t.Logf("seed %d, undisturbed it takes %v", seed, took)
	random := mrand.New(mrand.NewPCG(seed, 1))
	for range kills {
		cmd, _ := start("killed")
		time.Sleep(time.Duration(random.Int64N(int64(took) * 2 / int64(kills))))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	last, got := start("killed")
	_ = last.Wait()
	if last.ProcessState.ExitCode() != 1 || whole.ProcessState.ExitCode() != 1 {
		t.Errorf("exit codes %d and %d", whole.ProcessState.ExitCode(), last.ProcessState.ExitCode())
	}
	if d := cmp.Diff(timeless(t, want.String()), timeless(t, got.String())); d != "" {
		t.Errorf("seed %d: (-undisturbed +killed):\n%s", seed, d)
	}
	if n := len(spots(t, got.String())); n != 3 {
		t.Errorf("%d places", n)
	}
	hidden(t, w, f.Token)
}

// timeless is a stream without the times of the run.
func timeless(t *testing.T, stream string) []string {
	t.Helper()
	var all []string
	for _, it := range items(t, stream) {
		if it.Config != nil {
			it.Config.Started = time.Time{}
		}
		if it.Stats != nil {
			it.Stats.Ended, it.Stats.Seconds = time.Time{}, 0
		}
		line, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(line))
	}
	return all
}
