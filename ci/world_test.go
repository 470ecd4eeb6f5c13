// Package ci_test runs the recipes for continuous integration as their runners do: the scripts of action.yml and of gitlab.yml, with
// the real program, on real repositories, with recorded events.
package ci_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"go.yaml.in/yaml/v3"
)

// program is quash, which TestMain builds.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "quash-ci-")
		if err == nil {
			defer os.RemoveAll(dir)
			program = filepath.Join(dir, "quash")
			cmd := exec.Command("go", "build", "-o", program, "../cmd/quash")
			cmd.Stderr = os.Stderr
			err = cmd.Run()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// world is a server's repository and a clone of it in which a runner works:
//
//	main     begin ─ old key ─ old key out ─ main key
//	feature                  └─ feature key ─ feature key out
type world struct {
	t       *testing.T
	dir     string
	commits map[string]string // by name
	keys    []string
}

// newWorld makes both. A depth of 0 clones everything.
func newWorld(t *testing.T, branch string, depth int) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("the race detector does not see scripts")
	}
	for _, program := range []string{"git", "bash"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	w := &world{t: t, dir: t.TempDir(), commits: map[string]string{}}
	w.git("", "init", "-q", "origin")
	w.commit("begin", "readme.md", "hello\n")
	w.commit("old", "old.env", "TOKEN="+w.key("OLD")+"\n")
	w.commit("old out", "old.env", "TOKEN=\n")
	w.git("origin", "checkout", "-q", "-b", "feature")
	w.commit("feature", "feature.env", "TOKEN="+w.key("FEATURE")+"\n")
	w.commit("feature out", "feature.env", "TOKEN=\n")
	w.git("origin", "checkout", "-q", "main")
	w.commit("main", "::error file=x::y.env", "TOKEN="+w.key("MAIN")+"\n")
	args := []string{"clone", "-q", "--branch", branch, "--no-single-branch"}
	if depth > 0 {
		args = []string{"clone", "-q", "--branch", branch, "--depth", fmt.Sprint(depth)}
	}
	w.git("", append(args, "file://"+filepath.Join(w.dir, "origin"), "work")...)
	return w
}

func (w *world) git(dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = filepath.Join(w.dir, dir), w.env(nil)
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (w *world) commit(name, file, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "origin", file), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.git("origin", "add", ".")
	w.git("origin", "commit", "-q", "-m", name)
	w.commits[name] = w.git("origin", "rev-parse", "HEAD")
}

// key is a key of the world, made anew for each name.
func (w *world) key(name string) string {
	w.t.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	rule, _ := set.Rule("github-pat")
	seed := sha256.Sum256([]byte(name))
	key := rule.Sample(rand.New(rand.NewPCG(binary.LittleEndian.Uint64(seed[:]), 1))).Token
	w.keys = append(w.keys, key)
	return key
}

// env is the environment of a runner and no more of this test's than programs need, with more.
func (w *world) env(more map[string]string) []string {
	all := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	for name, v := range map[string]string{
		"GIT_AUTHOR_NAME": "Ann Lee", "GIT_AUTHOR_EMAIL": "ann@acme.example", "GIT_COMMITTER_NAME": "Ann Lee", "GIT_COMMITTER_EMAIL": "ann@acme.example",
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "init.defaultBranch", "GIT_CONFIG_VALUE_0": "main",
	} {
		all = append(all, name+"="+v)
	}
	for name, v := range more {
		all = append(all, name+"="+v)
	}
	return all
}

// result is how a job ended.
type result struct {
	code         int
	log, summary string
	outputs      map[string]string
}

// run runs a script in the clone.
func (w *world) run(env map[string]string, program string, args ...string) result {
	w.t.Helper()
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		env[name] = filepath.Join(w.dir, name)
		if err := os.WriteFile(env[name], nil, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	cmd := exec.Command(program, args...)
	var log bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = filepath.Join(w.dir, "work"), w.env(env), &log, &log
	err := cmd.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		w.t.Fatal(err)
	}
	r := result{cmd.ProcessState.ExitCode(), log.String(), w.read("GITHUB_STEP_SUMMARY"), map[string]string{}}
	for line := range strings.Lines(w.read("GITHUB_OUTPUT")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		r.outputs[name] = value
	}
	w.noKey(r)
	return r
}

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// noKey looks for the keys in all that a job wrote.
func (w *world) noKey(r result) {
	w.t.Helper()
	all := r.log + r.summary
	for _, pattern := range []string{"out/*", "work/*.json*", "work/*.xml"} {
		files, _ := filepath.Glob(filepath.Join(w.dir, pattern)) // the patterns are right
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				w.t.Fatal(err)
			}
			all += string(data)
		}
	}
	for _, key := range w.keys {
		if strings.Contains(all, key[6:]) {
			w.t.Error("a key is in what the job wrote")
		}
	}
}

// places are the files of the findings in a saved run, each once.
func places(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(data)) {
		var it struct {
			Finding struct{ Location struct{ Path string } }
		}
		if err := json.Unmarshal([]byte(line), &it); err != nil {
			t.Fatal(err)
		}
		if p := it.Finding.Location.Path; p != "" && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}

// load reads a YAML file of the repository.
func load(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// expression is what GitHub replaces in a workflow.
var expression = regexp.MustCompile(`\$\{\{ *([a-z_.-]+) *\}\}`)

// evaluate replaces expressions by what they name; what is not there is empty.
func evaluate(text string, context map[string]any) string {
	return expression.ReplaceAllStringFunc(text, func(e string) string {
		var v any = context
		for _, name := range strings.Split(expression.FindStringSubmatch(e)[1], ".") {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	})
}
