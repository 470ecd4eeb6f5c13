package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
	"go.yaml.in/yaml/v3"
)

// TestOrganisationWorkflow runs the scan step of the example workflow for an organisation, twice as two nights do, against a GitHub
// on loopback.
func TestOrganisationWorkflow(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector does not see scripts")
	}
	var w struct {
		Jobs struct {
			Organisation struct{ Steps []struct{ Name, Run string } }
		}
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "ci", "examples", "github-organisation.yml"))
	if err == nil {
		err = yaml.Unmarshal(data, &w)
	}
	if err != nil {
		t.Fatal(err)
	}
	script := ""
	for _, step := range w.Jobs.Organisation.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("an expression stands in the script of %q", step.Name)
		}
		if step.Name == "Scan" {
			script = step.Run
		}
	}
	dir, f := t.TempDir(), forgetest.Start(t)
	key, err := sample("github-pat", "KEY")
	if err != nil {
		t.Fatal(err)
	}
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	f.Push("acme/shop", "refs/heads/main", map[string]string{"readme.md": "hello\n"})
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "quash"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	night := func() (int, string) {
		cmd := exec.Command("bash", "-e", "-c", script)
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "RUNNER_TEMP=" + dir, "GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "page.md"), "ORGANISATION=acme",
			"GITHUB_TOKEN=" + f.Token, "GITHUB_API_URL=" + f.URL, "GIT_CONFIG_NOSYSTEM=1",
		}
		out, _ := cmd.CombinedOutput() // the exit code says how it ended
		page, err := os.ReadFile(filepath.Join(dir, "page.md"))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if strings.Contains(string(page)+string(out), key.Token[6:]) {
			t.Error("the key is in what the job wrote")
		}
		return cmd.ProcessState.ExitCode(), string(page) + string(out)
	}
	if code, said := night(); code != 0 || !strings.Contains(said, "Clean: no key") {
		t.Errorf("exit %d\n%s", code, said)
	}
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a.env": "TOKEN=" + key.Token + "\n"})
	if code, said := night(); code != 1 || !strings.Contains(said, "`github-pat`") || !strings.Contains(said, "a.env") {
		t.Errorf("exit %d\n%s", code, said)
	}
}
