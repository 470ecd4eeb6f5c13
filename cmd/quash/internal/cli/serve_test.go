package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
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
	"github.com/quash-sh/quash/cmd/quash/internal/service"
	"github.com/quash-sh/quash/revoker/provider/providertest"
)

const webhookSecret = "a secret of the webhook"

// server is a running quash serve.
type server struct {
	w    *world
	url  string
	log  *lockedBuffer
	stop func() int
	// gone is closed when a process of its own has ended, and code its exit code.
	gone chan struct{}
	code func() int
}

// lockedBuffer is a buffer that a program writes while a test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// serve runs quash serve until the test ends.
func (w *world) startServer(args ...string) *server {
	w.t.Helper()
	if _, ok := w.env["QUASH_WEBHOOK_SECRET"]; !ok {
		w.env["QUASH_WEBHOOK_SECRET"] = webhookSecret
	}
	s := &server{w: w, log: &lockedBuffer{}}
	e := w.world(append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "debug", "--forge", "file://" + w.path("origin"), "--drain", "5s"}, args...))
	e.Stdout, e.Stderr = s.log, s.log
	lookup := e.LookupEnv
	e.LookupEnv = func(name string) (string, bool) {
		if name == "PATH" {
			return os.LookupEnv(name)
		}
		return lookup(name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	go func() { code <- cli.Run(ctx, e) }()
	s.stop = sync.OnceValue(func() int { cancel(); return <-code })
	w.t.Cleanup(func() { s.stop() })
	s.wait("listening", patience, func() bool {
		if _, rest, ok := strings.Cut(s.log.String(), `"listen":"`); ok {
			addr, _, _ := strings.Cut(rest, `"`)
			s.url = "http://" + addr
		}
		return s.url != ""
	})
	return s
}

// patience is how long a test waits for what takes moments: a machine may have other work.
const patience = time.Minute

// wait waits until something is so.
func (s *server) wait(what string, atMost time.Duration, so func() bool) {
	s.w.t.Helper()
	for end := time.Now().Add(atMost); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.w.t.Fatalf("%s: not within %s\n%s", what, atMost, s.log)
		}
	}
}

// repository makes a bare repository of the forge, with a work tree beside it.
func (w *world) repository(name string) {
	w.t.Helper()
	w.write("work/"+name+"/README", "a shop\n")
	if err := os.MkdirAll(filepath.Dir(w.path("origin/"+name)), 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.git(".", "init", "-q", "--bare", w.path("origin/"+name+".git"))
	w.git("work/"+name, "init", "-q")
	w.git("work/"+name, "remote", "add", "origin", w.path("origin/"+name+".git"))
	w.commit(name, "first")
	w.git("work/"+name, "push", "-q", "origin", "main")
}

// commit commits all that stands in the work tree, and returns the commit.
func (w *world) commit(name, message string) string {
	w.t.Helper()
	w.git("work/"+name, "add", "-A")
	w.git("work/"+name, "commit", "-q", "--allow-empty", "-m", message)
	return w.head(name)
}

func (w *world) head(name string) string {
	w.t.Helper()
	out, err := exec.Command("git", "-C", w.path("work/"+name), "rev-parse", "HEAD").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

const noObject = "0000000000000000000000000000000000000000"

// payload is the body of a push event.
func payload(name, ref, before, after string) []byte {
	data, err := json.Marshal(map[string]any{
		"ref": ref, "before": before, "after": after, "created": before == noObject, "deleted": after == noObject, "forced": false,
		"repository": map[string]any{"id": 1, "full_name": name, "private": true, "clone_url": "https://elsewhere.example/x.git"},
		"pusher":     map[string]any{"name": "ann"}, "installation": map[string]any{"id": 7},
	})
	if err != nil {
		panic(err)
	}
	return data
}

// deliver sends a delivery, and returns how it was answered.
func (s *server) deliver(id, event string, body []byte) (int, string) {
	s.w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.url+"/webhooks/github", bytes.NewReader(body))
	if err != nil {
		s.w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", event)
	req.Header.Set("X-GitHub-Delivery", id)
	req.Header.Set("X-Hub-Signature-256", service.Sign([]byte(webhookSecret), body))
	return s.answer(req)
}

func (s *server) answer(req *http.Request) (int, string) {
	s.w.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func (s *server) get(path string) (int, string) {
	s.w.t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return s.answer(req)
}

func (s *server) journal() string {
	data, _ := os.ReadFile(s.w.path("state/journal.jsonl"))
	return string(data)
}

// pushKey pushes a commit with a live key, and delivers the push.
func (s *server) pushKey(k providertest.AgiledKey) {
	s.w.t.Helper()
	before := s.w.head("acme/shop")
	s.w.leak("work/acme/shop/config/agiled.env", k)
	after := s.w.commit("acme/shop", "settings")
	s.w.git("work/acme/shop", "push", "-q", "origin", "main")
	code, body := s.deliver("11111111-2222-3333-4444-555555555555", "push", payload("acme/shop", "refs/heads/main", before, after))
	if code != http.StatusAccepted || !strings.Contains(body, "accepted") {
		s.w.t.Fatalf("the push was answered %d %s", code, body)
	}
}

// TestServeRevokesAPushedKey: a push with a live key ends in a confirmed revoke and a review in under 5 s with policy auto.
func TestServeRevokesAPushedKey(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	w.repository("acme/shop")
	k := w.key("Warehouse sync - production - Ops")
	s := w.startServer("--execute", "--policy", w.policy("auto"))
	started := time.Now()
	s.pushKey(k)
	s.wait("reviewed", patience, func() bool { return strings.Contains(s.journal(), `"kind":"reviewed"`) })
	t.Logf("from push to review: %s", time.Since(started).Round(time.Millisecond))
	if code := s.stop(); code != cli.ExitOK {
		t.Errorf("exit %d\n%s", code, s.log)
	}
	kinds := w.journal("")
	for kind, n := range map[string]int{"intent": 1, "confirmed": 1, "reviewed": 1} {
		if got := len(kinds) - len(slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k == kind })); got != n {
			t.Errorf("%d entries %q in the journal, want %d: %v", got, kind, n, kinds)
		}
	}
	w.wants(w.run("journal", "verify"), cli.ExitOK)
	s.holdsNo(k.Token)
}

// TestServePlansByDefault: without --execute the same push ends in a plan that waits, and nothing is changed at the issuer.
func TestServePlansByDefault(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	w.repository("acme/shop")
	k := w.key("Warehouse sync - production - Ops")
	s := w.startServer()
	w.forget()
	s.pushKey(k)
	plans := w.path("state/plans/*.json")
	s.wait("a plan", patience, func() bool { found, _ := filepath.Glob(plans); return len(found) == 1 })
	s.stop()
	for _, r := range w.forget() {
		if r.mutating() {
			t.Errorf("%s %s%s was sent in a dry run", r.method, r.host, r.path)
		}
	}
	if kinds := w.journal(""); slices.Contains(kinds, "intent") {
		t.Errorf("an intent stands in the journal of a dry run: %v", kinds)
	}
	s.holdsNo(k.Token)
}

// holdsNo looks for a key in all that the server wrote.
func (s *server) holdsNo(key string) {
	s.w.t.Helper()
	if text := s.log.String(); strings.Contains(text, key) || strings.Contains(text, webhookSecret) {
		s.w.t.Error("the key or the webhook's secret is in the log")
	}
	err := filepath.WalkDir(s.w.path("state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(filepath.ToSlash(path), "/mirrors/") {
			return nil // the repository itself
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(key)) {
			s.w.t.Errorf("the key is in %s", path)
		}
		return err
	})
	if err != nil {
		s.w.t.Error(err)
	}
}

// TestServeNeedsASecret: nobody could tell a delivery from a forgery.
func TestServeNeedsASecret(t *testing.T) {
	w := newWorld(t)
	for _, secret := range []string{"", "  \n"} {
		w.env["QUASH_WEBHOOK_SECRET"] = secret
		w.wants(w.run("serve", "--listen", "127.0.0.1:0"), cli.ExitUsage,
			"quash: serve needs a webhook secret: set webhook.secret_file, or QUASH_WEBHOOK_SECRET\n")
	}
	w.write("config.yaml", "webhook:\n  secret_file: empty\n")
	w.write("empty", "\n")
	w.wants(w.run("serve", "--listen", "127.0.0.1:0"), cli.ExitUsage, "the file is empty")
}

// TestServeOperations: health, readiness and metrics answer, and the webhook's answers are as documented.
func TestServeOperations(t *testing.T) {
	w := newWorld(t)
	w.repository("acme/shop")
	s := w.startServer()
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": `"ready":true`, "/metrics": "quash_delivery_seconds"} {
		if path == "/metrics" {
			s.deliver("ping-1", "ping", []byte("{}"))
		}
		if code, body := s.get(path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d without %q: %.300s", path, code, want, body)
		}
	}
	if code, body := s.deliver("star-1", "star", []byte("{}")); code != http.StatusAccepted || !strings.Contains(body, "ignored") {
		t.Errorf("another event is answered %d %s", code, body)
	}
	if code := s.stop(); code != cli.ExitOK {
		t.Errorf("exit %d\n%s", code, s.log)
	}
}

// TestServeFindsWhatWasForcedAway: a key that no ref leads to any more when its push is worked is found all the same.
func TestServeFindsWhatWasForcedAway(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	w.repository("acme/shop")
	w.git("origin/acme/shop.git", "config", "uploadpack.allowAnySHA1InWant", "true") // as GitHub has it
	k := w.key("Warehouse sync - production - Ops")
	first := w.head("acme/shop")
	w.leak("work/acme/shop/config/agiled.env", k)
	leaked := w.commit("acme/shop", "settings")
	w.git("work/acme/shop", "push", "-q", "origin", "main")
	w.git("work/acme/shop", "reset", "-q", "--hard", first)
	w.write("work/acme/shop/other", "nothing\n")
	after := w.commit("acme/shop", "other")
	w.git("work/acme/shop", "push", "-q", "--force", "origin", "main")
	s := w.startServer()
	s.deliver("forced-1", "push", []byte(strings.Replace(string(payload("acme/shop", "refs/heads/main", leaked, after)), `"forced":false`, `"forced":true`, 1)))
	s.wait("a plan", patience, func() bool { found, _ := filepath.Glob(w.path("state/plans/*.json")); return len(found) == 1 })
	s.stop()
	s.holdsNo(k.Token)
}

// TestServeSetsAside: a job that cannot be done is set aside and told; a redelivery brings it back.
func TestServeSetsAside(t *testing.T) {
	w := newWorld(t)
	w.repository("acme/shop")
	s := w.startServer("--attempts", "2", "--retry", "10ms")
	body := payload("acme/gone", "refs/heads/main", noObject, w.head("acme/shop"))
	s.deliver("gone-1", "push", body)
	told := func(n string) func() bool {
		return func() bool {
			_, ready := s.get("/readyz")
			_, metrics := s.get("/metrics")
			return strings.Contains(ready, `"ready":true`) && strings.Contains(ready, `"set_aside":{"scan_push":`+n+`}`) &&
				strings.Contains(metrics, `quash_jobs{kind="scan_push",state="discarded"} `+n)
		}
	}
	s.wait("set aside", patience, told("1"))
	if _, body := s.deliver("gone-1", "push", body); !strings.Contains(body, "accepted") {
		t.Errorf("the redelivery is answered %s", body)
	}
	s.wait("set aside again", patience, told("2"))
}
