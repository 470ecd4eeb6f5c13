package ci_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// action is what the tests need of action.yml.
type action struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Steps []struct {
			ID, Run, Shell string
			Env            map[string]string
		}
	}
}

// job runs the action's scan step as GitHub does, for a recorded event with the commits filled in.
func (w *world) job(event, before, after string, inputs map[string]string) result {
	w.t.Helper()
	var a action
	load(w.t, filepath.Join("..", "action.yml"), &a)
	root, err := filepath.Abs("..")
	if err != nil {
		w.t.Fatal(err)
	}
	with := map[string]any{"binary": program}
	for name, in := range a.Inputs {
		if _, ok := with[name]; !ok {
			with[name] = in.Default
		}
	}
	for name, v := range inputs {
		with[name] = v
	}
	payload := w.event(event, before, after)
	context := map[string]any{"inputs": with, "github": map[string]any{"event": payload, "action_path": root}}
	step := a.Runs.Steps[len(a.Runs.Steps)-1]
	if step.ID != "scan" || step.Shell != "bash" {
		w.t.Fatalf("the last step is %+v", step)
	}
	ref, _ := payload["ref"].(string)
	env := map[string]string{
		"GITHUB_EVENT_NAME": eventName(event), "GITHUB_REF": ref,
		"GITHUB_WORKSPACE": filepath.Join(w.dir, "work"), "RUNNER_TEMP": w.dir, "QUASH_OUT": filepath.Join(w.dir, "out"),
	}
	for name, v := range step.Env {
		env[name] = evaluate(v, context)
	}
	return w.run(env, "bash", "-e", "-o", "pipefail", "-c", step.Run)
}

// eventName is GitHub's name of a recorded event: that of push_deleted is push.
func eventName(recorded string) string {
	if strings.HasPrefix(recorded, "push_") {
		return "push"
	}
	return recorded
}

// event is a recorded event.
func (w *world) event(name, before, after string) map[string]any {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "ci", "events", name+".json"))
	if err != nil {
		w.t.Fatal(err)
	}
	text := strings.NewReplacer("{{BEFORE}}", w.commits[before], "{{AFTER}}", w.commits[after]).Replace(string(data))
	var payload map[string]any
	if err := json.Unmarshal([]byte(text), &payload); err != nil {
		w.t.Fatal(err)
	}
	return payload
}

// commands are the workflow commands of a log, as the runner reads it: none between stop-commands and its token.
func commands(t *testing.T, log string) []string {
	t.Helper()
	var all []string
	stopped := ""
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		switch token, stop := strings.CutPrefix(line, "::stop-commands::"); {
		case stopped != "":
			if line == "::"+stopped+"::" {
				stopped = ""
			}
		case stop:
			stopped = token
		case strings.HasPrefix(line, "::"):
			all = append(all, line)
			name, _, _ := strings.Cut(strings.TrimPrefix(line, "::"), " ")
			if !slices.Contains([]string{"error", "warning", "notice"}, name) {
				t.Errorf("the runner would obey %q", line)
			}
		}
	}
	if stopped != "" {
		t.Error("commands stay stopped")
	}
	return all
}

const mainFile = "::error file=x::y.env"

// TestAction: every event is scanned in the range that it brings, and no more.
func TestAction(t *testing.T) {
	for _, c := range []struct {
		name, event, branch, before, after string
		want                               []string
		code                               int
	}{
		{"push", "push", "main", "old out", "main", []string{mainFile}, 1},
		{"push without a key", "push", "main", "old", "old out", nil, 0},
		{"push of nothing new", "push", "main", "main", "main", nil, 0},
		{"new branch", "push_new_branch", "feature", "", "feature out", []string{"feature.env"}, 1},
		{"new branch without commits of its own", "push_new_branch", "main", "", "old out", nil, 0},
		{"deleted branch", "push_deleted", "main", "main", "", nil, 0},
		{"pull request", "pull_request", "feature", "old out", "feature out", []string{"feature.env"}, 1},
		{"pull request behind its base", "pull_request", "feature", "main", "feature out", []string{"feature.env"}, 1},
		{"merge group", "merge_group", "main", "old out", "main", []string{mainFile}, 1},
		{"schedule", "schedule", "main", "", "", []string{mainFile, "feature.env", "old.env"}, 1},
		{"by hand", "workflow_dispatch", "main", "", "", []string{mainFile, "feature.env", "old.env"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.branch, 0)
			r := w.job(c.event, c.before, c.after, nil)
			if r.code != c.code || r.outputs["exit-code"] != map[int]string{0: "0", 1: "1"}[c.code] {
				t.Fatalf("exit %d, outputs %v\n%s", r.code, r.outputs, r.log)
			}
			if c.event == "push_deleted" {
				if !strings.Contains(r.log, "nothing to scan") || r.outputs["run"] != "" {
					t.Errorf("%v\n%s", r.outputs, r.log)
				}
				return
			}
			if got := places(t, r.outputs["run"]); !slices.Equal(got, c.want) {
				t.Errorf("keys in %q, want %q\n%s", got, c.want, r.log)
			}
			if said := commands(t, r.log); len(said) != len(c.want) {
				t.Errorf("annotations %q", said)
			}
			if want := map[int]string{0: "Clean: no key", 1: "#### Next"}[c.code]; !strings.Contains(r.summary, want) {
				t.Errorf("the summary lacks %q:\n%s", want, r.summary)
			}
			if sarif, err := os.ReadFile(r.outputs["sarif"]); err != nil || !strings.Contains(string(sarif), `"version": "2.1.0"`) {
				t.Errorf("SARIF: %v", err)
			}
		})
	}
}

// TestActionForced: what a forced push replaced is not there any more; then all that the branch has is read.
func TestActionForced(t *testing.T) {
	w := newWorld(t, "feature", 0)
	w.commits["gone"] = strings.Repeat("ab", 20)
	r := w.job("push", "gone", "feature out", nil)
	if got := places(t, r.outputs["run"]); r.code != 1 || !slices.Equal(got, []string{"feature.env", "old.env"}) {
		t.Errorf("exit %d, keys in %q", r.code, got)
	}
}

// TestActionNewRepository: the first push of the default branch is read whole.
func TestActionNewRepository(t *testing.T) {
	w := newWorld(t, "main", 0)
	w.commits["none"] = strings.Repeat("0", 40)
	r := w.job("push", "none", "main", nil)
	if got := places(t, r.outputs["run"]); r.code != 1 || !slices.Equal(got, []string{mainFile, "old.env"}) {
		t.Errorf("exit %d, keys in %q", r.code, got)
	}
}

// TestActionShallow: a checkout that lacks what the event brings is never clean, and says how to deepen it.
func TestActionShallow(t *testing.T) {
	const next = `fetch-depth: 0`
	w := newWorld(t, "main", 1)
	for name, c := range map[string]struct{ event, before, after string }{
		"commits missing": {"pull_request", "old out", "feature out"}, "parent missing": {"push", "begin", "main"}, "everything": {"schedule", "", ""},
	} {
		r := w.job(c.event, c.before, c.after, map[string]string{"args": "--skip=github-pat"})
		if r.code != 3 || r.outputs["exit-code"] != "3" || !strings.Contains(strings.Join(commands(t, r.log), "\n"), next) {
			t.Errorf("%s: exit %d, outputs %v\n%s", name, r.code, r.outputs, r.log)
		}
		if strings.Contains(r.summary, "Clean") || !strings.Contains(r.summary, "unshallow") && !strings.Contains(r.summary, next) {
			t.Errorf("%s: summary\n%s", name, r.summary)
		}
		if r := w.job(c.event, c.before, c.after, map[string]string{"args": "--skip=github-pat", "fail-on": "keys"}); r.code != 0 || r.outputs["exit-code"] != "3" {
			t.Errorf("%s, where only keys fail: exit %d, outputs %v", name, r.code, r.outputs)
		}
	}
}

// TestActionInputs: what a workflow's author can say.
func TestActionInputs(t *testing.T) {
	w := newWorld(t, "main", 0)
	clean := filepath.Join(w.dir, "work", "a dir")
	if err := os.Mkdir(clean, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		with map[string]string
		code int
		says string
	}{
		"nothing fails":        {map[string]string{"fail-on": "nothing"}, 0, "1 key in 1 place"},
		"only active ones":     {map[string]string{"fail-on": "active, incomplete"}, 0, "1 key in 1 place"},
		"a word not known":     {map[string]string{"fail-on": "some"}, 2, "The input fail-on"},
		"targets":              {map[string]string{"targets": "a dir\n"}, 0, "Clean: no key"},
		"a target not there":   {map[string]string{"targets": "nowhere", "fail-on": "nothing"}, 2, "nowhere"},
		"flags":                {map[string]string{"args": "--skip=github-pat\n--min-confidence=high\n"}, 0, "Clean: no key"},
		"a flag not known":     {map[string]string{"args": "--no-such", "fail-on": "nothing"}, 2, "unknown flag"},
		"text that is code":    {map[string]string{"args": "--only=$(touch pwned)", "fail-on": "nothing"}, 2, "not known"},
		"a place for SARIF":    {map[string]string{"sarif-file": "out/x.sarif", "fail-on": "nothing"}, 0, "1 key in 1 place"},
		"no program":           {map[string]string{"binary": "/nowhere/quash", "fail-on": "nothing"}, 5, "nowhere"},
		"a SARIF of two names": {map[string]string{"sarif-file": "a.sarif\nb=c"}, 2, "sarif-file"},
	} {
		r := w.job("push", "old out", "main", c.with)
		if r.code != c.code || !strings.Contains(r.log, c.says) {
			t.Errorf("%s: exit %d, want %d with %q\n%s", name, r.code, c.code, c.says, r.log)
		}
		commands(t, r.log)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "work", "out", "x.sarif")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "work", "pwned")); err == nil {
		t.Error("an input was run as code")
	}
}

// TestActionRefusesPullRequestTarget: it gives what a fork proposes the rights of the repository.
func TestActionRefusesPullRequestTarget(t *testing.T) {
	w := newWorld(t, "main", 0)
	r := w.run(map[string]string{"GITHUB_EVENT_NAME": "pull_request_target", "QUASH_BINARY": program, "QUASH_OUT": w.dir}, "bash", filepath.Join(must(filepath.Abs(".")), "github-action.sh"))
	if r.code != 2 || !strings.Contains(r.log, "Use pull_request.") {
		t.Errorf("exit %d\n%s", r.code, r.log)
	}
}

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

// TestActionForm: nothing of the event or the inputs stands in a script, and every variable that the script reads is set.
func TestActionForm(t *testing.T) {
	var a action
	load(t, filepath.Join("..", "action.yml"), &a)
	script := must(func() (string, error) { b, err := os.ReadFile("github-action.sh"); return string(b), err }())
	for _, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("an expression stands in a script: %s", step.Run)
		}
		for name := range maps.Keys(step.Env) {
			if step.ID == "scan" && name != "ACTION_PATH" && !strings.Contains(script, name) {
				t.Errorf("%s is not read", name)
			}
		}
	}
}

// TestInstall: the action installs the quash that it was taken from, and takes no version that is none.
func TestInstall(t *testing.T) {
	w := newWorld(t, "main", 0)
	root := must(filepath.Abs(".."))
	env := map[string]string{"ACTION_PATH": root, "RUNNER_TEMP": w.dir, "GITHUB_PATH": filepath.Join(w.dir, "path"), "GOPROXY": "off"}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOTOOLCHAIN"} {
		out, err := exec.Command("go", "env", name).Output()
		env[name] = strings.TrimSpace(must(string(out), err))
	}
	script := filepath.Join(root, "ci", "github-install.sh")
	if r := w.run(env, "bash", script); r.code != 0 {
		t.Fatalf("exit %d\n%s", r.code, r.log)
	}
	bin := strings.TrimSpace(w.read("path"))
	if out, err := exec.Command(filepath.Join(bin, "quash"), "version").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	env["QUASH_VERSION"] = "v1.0.0; touch pwned"
	if r := w.run(env, "bash", script); r.code != 2 || !strings.Contains(r.log, "not a version") {
		t.Errorf("exit %d\n%s", r.code, r.log)
	}
}
