package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/rules"
)

// world is a place to run the whole program in: a folder, a clock that skips what would be waited for, an environment, and
// simulated issuers on loopback that note every request.
type world struct {
	t   testing.TB
	dir string
	set *rules.Set
	env map[string]string
	// agiled and org are a simulated Agiled; issuers simulate the other rules that were asked for, samples are their keys.
	agiled  *providertest.Agiled
	org     providertest.AgiledOrganization
	issuers map[string]*providertest.Issuer
	samples map[string]rules.Sample
	sim     *provider.Simulation
	// look is called before every further look at a key: at the begin of every wait that is not the pace of requests.
	look func()

	mu       sync.Mutex
	now      time.Time
	requests []request
	// answer, where it is set, answers instead of the issuers when it returns true.
	answer func(http.ResponseWriter, *http.Request) bool
}

// request is what an issuer was asked.
type request struct{ method, host, path string }

func (r request) mutating() bool { return r.method != http.MethodGet && r.method != http.MethodHead }

const (
	agiledHost   = "api.agiled.ai"
	operatorHost = "revoke.ops.acme.example"
)

// newWorld makes a world with Agiled and an issuer for one key of each of the rules.
func newWorld(t testing.TB, ruleIDs ...string) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(), now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), env: map[string]string{"USER": "ann"},
		issuers: map[string]*providertest.Issuer{}, samples: map[string]rules.Sample{}, look: func() {},
	}
	t.Chdir(w.dir)
	var err error
	if w.set, err = rules.Builtin(rules.Options{}); err != nil {
		t.Fatal(err)
	}
	w.agiled = providertest.NewAgiled(providertest.AgiledOptions{Seed: 1, Now: w.Now})
	w.org = w.agiled.AddOrganization("Acme GmbH")
	hosts := map[string]http.Handler{agiledHost: w.agiled, operatorHost: w.agiled}
	for _, id := range ruleIDs {
		rule := w.rule(id)
		w.samples[id] = rule.Sample(rand.New(rand.NewPCG(7, 11)))
		w.issuers[id] = providertest.NewIssuer(rule, w.samples[id])
		for _, host := range w.issuers[id].Hosts() {
			hosts[host] = w.issuers[id]
		}
	}
	w.serve(hosts)
	return w
}

func (w *world) rule(id string) *rules.Rule {
	w.t.Helper()
	rule, ok := w.set.Rule(id)
	if !ok {
		w.t.Fatalf("no rule %s", id)
	}
	return rule
}

// serve starts one server for all hosts.
func (w *world) serve(hosts map[string]http.Handler) {
	w.t.Helper()
	names := slices.Collect(maps.Keys(hosts))
	server, err := providertest.Start(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, request{r.Method, r.Host, r.URL.Path})
		answer := w.answer
		w.mu.Unlock()
		if answer == nil || !answer(rw, r) {
			hosts[r.Host].ServeHTTP(rw, r)
		}
	}), names...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = server.Close() })
	w.sim = &provider.Simulation{Hosts: map[string]string{}, Roots: server.Roots}
	for _, name := range names {
		w.sim.Hosts[name+":443"] = server.TLSAddr
	}
}

// Now is the world's time.
func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) wait(ctx context.Context, d time.Duration) error {
	if d >= time.Second {
		w.look()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	return ctx.Err()
}

// forget drops what the issuers were asked, and returns it.
func (w *world) forget() []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.requests
	w.requests = nil
	return all
}

// key is a live key of the organisation.
func (w *world) key(name string) providertest.AgiledKey {
	return w.agiled.AddKey(providertest.AgiledKey{Name: name, Organization: w.org.ID, Created: w.Now().AddDate(0, 0, -30)})
}

// path is a path in the world's folder.
func (w *world) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

// write makes a file and returns its path.
func (w *world) write(name, content string) string {
	w.t.Helper()
	path := w.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(w.path(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// git runs git in a folder of the world.
func (w *world) git(dir string, args ...string) {
	w.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", w.path(dir), "-c", "init.defaultBranch=main"}, args...)...)
	const at = "2026-10-01T08:00:00Z"
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+w.dir, "GIT_AUTHOR_NAME=Ann Lee", "GIT_AUTHOR_EMAIL=ann@acme.example", "GIT_AUTHOR_DATE="+at,
		"GIT_COMMITTER_NAME=Ann Lee", "GIT_COMMITTER_EMAIL=ann@acme.example", "GIT_COMMITTER_DATE="+at)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// result is how a run of the program ended.
type result struct {
	code     int
	out, err string
}

// run runs the program as it stands in the world, with state and configuration of the world.
func (w *world) run(args ...string) result {
	w.t.Helper()
	return w.runWith(context.Background(), "", args...)
}

// pipe runs the program with something on standard input.
func (w *world) pipe(stdin string, args ...string) result {
	w.t.Helper()
	return w.runWith(context.Background(), stdin, args...)
}

func (w *world) runWith(ctx context.Context, stdin string, args ...string) result {
	w.t.Helper()
	w.mu.Lock()
	w.now = w.now.Add(time.Minute) // no two runs begin at the same time
	w.mu.Unlock()
	e := w.world(args)
	e.Stdin = strings.NewReader(stdin)
	return w.startIn(ctx, e)
}

// start runs the program in an environment.
func (w *world) start(e cli.Env) result { return w.startIn(context.Background(), e) }

func (w *world) startIn(ctx context.Context, e cli.Env) result {
	var out, err bytes.Buffer
	e.Stdout, e.Stderr = &out, &err
	return result{cli.Run(ctx, e), out.String(), err.String()}
}

// world is the environment of a run, without streams.
func (w *world) world(args []string) cli.Env {
	args = append(slices.Clone(args), "--state", w.path("state"))
	if _, err := os.Stat(w.path("config.yaml")); err == nil && !slices.Contains(args, "--config") {
		args = append(args, "--config", w.path("config.yaml"))
	}
	return cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Now: w.Now, Sleep: w.wait, Simulation: w.sim,
		LookupEnv: func(name string) (string, bool) { v, ok := w.env[name]; return v, ok },
	}
}

// wants checks the exit code and that outputs hold some texts.
func (w *world) wants(r result, code int, texts ...string) result {
	w.t.Helper()
	if r.code != code {
		w.t.Errorf("exit %d, want %d\n%s%s", r.code, code, r.out, r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			w.t.Errorf("%q is missing in\n%s%s", text, r.out, r.err)
		}
	}
	return r
}

// endpoint configures Agiled with the operator's own revoke service, and a second key for proofs and reviews.
func (w *world) endpoint() {
	w.configure("endpoint\n    endpoint:\n      url: https://" + operatorHost + providertest.AgiledRevokePath +
		"\n      body: '{\"token_id\": \"{{key_id}}\"}'\n      credential: {env: OPERATOR}")
}

// configure writes the configuration with a mode of revoking Agiled's keys, and what else it is to hold.
func (w *world) configure(mode string, more ...string) {
	w.t.Helper()
	if w.env["REVIEW_KEY"] == "" {
		w.env["REVIEW_KEY"], w.env["OPERATOR"] = w.key("Security review - production - Sec").Token, w.agiled.Operator()
	}
	w.write("config.yaml", "agiled:\n  base_url: https://"+agiledHost+"\n  review_key: {env: REVIEW_KEY}\n  revoke:\n    mode: "+mode+"\n"+strings.Join(more, ""))
}

// policy writes a policy for the organisation's keys and returns its path.
func (w *world) policy(mode string, more ...string) string {
	w.t.Helper()
	without := ""
	if mode == "auto" {
		without = "    without_approval: [irreversible, operator]\n"
	}
	return w.write("policy.yaml", "schema: quash.policy/1\nowners:\n  - {provider: agiled, owner: Acme GmbH}\n"+strings.Join(more, "")+
		"rules:\n  - match: {provider: agiled}\n    mode: "+mode+"\n"+without)
}

// leak writes a file with a key where its rule finds it, and returns its path.
func (w *world) leak(name string, k providertest.AgiledKey) string {
	w.t.Helper()
	return w.write(name, "# settings\nAGILED_API_TOKEN="+k.Token+"\n")
}

// items are the items of a stream.
func items(t testing.TB, stream string) []report.Item {
	t.Helper()
	var all []report.Item
	for it, err := range report.Read(strings.NewReader(stream)) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, it)
	}
	return all
}

// ids are the IDs of the keys in a stream, each once, in order.
func ids(t testing.TB, stream string) []string {
	t.Helper()
	var all []string
	for _, it := range items(t, stream) {
		if it.Finding != nil && !slices.Contains(all, string(it.Finding.ID)) {
			all = append(all, string(it.Finding.ID))
		}
	}
	return all
}

// journal are the kinds of the entries, and of one key where an ID is given.
func (w *world) journal(id string) []string {
	w.t.Helper()
	var kinds []string
	for line := range strings.Lines(w.read("state/journal.jsonl")) {
		var e struct{ ID, Kind string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.t.Fatal(err)
		}
		if id == "" || e.ID == id {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}
