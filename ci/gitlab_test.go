package ci_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gitlabJob is what the tests need of gitlab.yml.
type gitlabJob struct {
	Quash struct {
		Variables map[string]string
		Before    []string `yaml:"before_script"`
		Script    []string
		Artifacts struct{ Reports map[string]string }
	}
}

// gitlab runs the job as GitLab does, with a pipeline's variables.
func (w *world) gitlab(pipeline map[string]string) result {
	w.t.Helper()
	var job gitlabJob
	load(w.t, "gitlab.yml", &job)
	env := map[string]string{}
	for _, all := range []map[string]string{job.Quash.Variables, {"QUASH_BINARY": program, "CI_DEFAULT_BRANCH": "main", "XDG_STATE_HOME": w.dir}, pipeline} {
		for name, v := range all {
			env[name] = v
		}
	}
	return w.run(env, "sh", "-e", "-c", strings.Join(append(job.Quash.Before, job.Quash.Script...), "\n"))
}

// TestGitLabJob: every pipeline is scanned in the range that it brings, and leaves the reports that the job names.
func TestGitLabJob(t *testing.T) {
	none := strings.Repeat("0", 40)
	w := newWorld(t, "main", 0)
	c := w.commits
	for name, job := range map[string]struct {
		pipeline map[string]string
		want     []string
		code     int
	}{
		"push":            {map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": c["old out"], "CI_COMMIT_SHA": c["main"], "CI_COMMIT_BRANCH": "main"}, []string{mainFile}, 1},
		"without a key":   {map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": c["old"], "CI_COMMIT_SHA": c["old out"], "CI_COMMIT_BRANCH": "main"}, nil, 0},
		"new branch":      {map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": none, "CI_COMMIT_SHA": c["feature out"], "CI_COMMIT_BRANCH": "feature"}, []string{"feature.env"}, 1},
		"tag":             {map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": none, "CI_COMMIT_SHA": c["old out"], "CI_COMMIT_TAG": "v1"}, nil, 0},
		"merge request":   {map[string]string{"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_BEFORE_SHA": none, "CI_MERGE_REQUEST_DIFF_BASE_SHA": c["old out"], "CI_COMMIT_SHA": c["feature out"]}, []string{"feature.env"}, 1},
		"schedule":        {map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BEFORE_SHA": none, "CI_COMMIT_SHA": c["main"]}, []string{mainFile, "feature.env", "old.env"}, 1},
		"first push":      {map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": none, "CI_COMMIT_SHA": c["main"], "CI_COMMIT_BRANCH": "main"}, []string{mainFile, "feature.env", "old.env"}, 1},
		"may have keys":   {map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_SHA": c["main"], "QUASH_FAIL": "false"}, []string{mainFile, "feature.env", "old.env"}, 0},
		"flags":           {map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_SHA": c["main"], "QUASH_ARGS": "--skip=github-pat\n--min-confidence=high\n"}, nil, 0},
		"flags with code": {map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_SHA": c["main"], "QUASH_ARGS": "--skip=$(touch pwned)"}, nil, 2},
	} {
		r := w.gitlab(job.pipeline)
		if r.code != job.code {
			t.Errorf("%s: exit %d, want %d\n%s", name, r.code, job.code, r.log)
			continue
		}
		if job.code == 2 {
			continue
		}
		if got := places(t, filepath.Join(w.dir, "work", "quash.jsonl")); !slices.Equal(got, job.want) {
			t.Errorf("%s: keys in %q, want %q", name, got, job.want)
		}
		w.gitlabReports(len(job.want))
	}
	if _, err := os.Stat(filepath.Join(w.dir, "work", "pwned")); err == nil {
		t.Error("a variable was run as code")
	}
}

// gitlabReports looks at the reports that the job names. That their form is right is the business of package report.
func (w *world) gitlabReports(keys int) {
	w.t.Helper()
	var job gitlabJob
	load(w.t, "gitlab.yml", &job)
	var r struct {
		Scan            struct{ Type, Status string }
		Vulnerabilities []any
	}
	if err := json.Unmarshal([]byte(w.read(filepath.Join("work", job.Quash.Artifacts.Reports["secret_detection"]))), &r); err != nil {
		w.t.Fatal(err)
	}
	if r.Scan.Type != "secret_detection" || r.Scan.Status != "success" || len(r.Vulnerabilities) < keys || keys == 0 && len(r.Vulnerabilities) > 0 {
		w.t.Errorf("%d vulnerabilities for %d keys; %+v", len(r.Vulnerabilities), keys, r.Scan)
	}
	if junit := w.read(filepath.Join("work", job.Quash.Artifacts.Reports["junit"])); !strings.Contains(junit, "<testsuites ") {
		w.t.Errorf("junit: %.80s", junit)
	}
}

// TestGitLabShallow: a clone that lacks commits is never clean.
func TestGitLabShallow(t *testing.T) {
	w := newWorld(t, "main", 1)
	r := w.gitlab(map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": w.commits["begin"], "CI_COMMIT_SHA": w.commits["main"], "CI_COMMIT_BRANCH": "main", "QUASH_ARGS": "--skip=github-pat"})
	if r.code != 3 || !strings.Contains(r.log, "git fetch --unshallow") {
		t.Errorf("exit %d\n%s", r.code, r.log)
	}
}
