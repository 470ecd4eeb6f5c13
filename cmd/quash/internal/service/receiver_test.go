package service_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
	"github.com/quash-sh/quash/cmd/quash/internal/service"
	"github.com/quash-sh/quash/store"
	"github.com/rs/zerolog"
)

const (
	secret    = "the secret of the webhook"
	oldSecret = "the secret before it"
	jsonType  = "application/json"
	formType  = "application/x-www-form-urlencoded"
	zero      = "0000000000000000000000000000000000000000"
)

var (
	before = strings.Repeat("a1", 20)
	after  = strings.Repeat("b2", 20)
)

// queue notes what it is asked for. Pushes are unique by what makes them so.
type queue struct {
	pushes []jobs.Push
	woken  []string
	broken error
}

func (q *queue) Push(_ context.Context, _ *sql.Tx, p jobs.Push) (bool, error) {
	for _, had := range q.pushes {
		if had.Name == p.Name && had.Ref == p.Ref && had.Before == p.Before && had.After == p.After {
			return false, q.broken
		}
	}
	if q.broken == nil {
		q.pushes = append(q.pushes, p)
	}
	return true, q.broken
}

func (q *queue) Reconcile(_ context.Context, of jobs.Repository) error {
	q.woken = append(q.woken, of.Name)
	return q.broken
}

// receiver is a receiver with a store and a queue.
func receiver(t testing.TB) (*service.Receiver, *queue, *store.Store, *bytes.Buffer) {
	t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "quash.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	q, log := &queue{}, &bytes.Buffer{}
	r, err := service.NewReceiver(service.Receiver{
		Secrets: [][]byte{[]byte(secret), []byte(oldSecret)}, Deliveries: s, Queue: q, Now: time.Now, Log: zerolog.New(log),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, q, s, log
}

// request is a delivery that is right, until edit changes it.
func request(body string, edit func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/github", strings.NewReader(body))
	r.Header.Set("Content-Type", jsonType)
	r.Header.Set("X-GitHub-Event", "push")
	r.Header.Set("X-GitHub-Delivery", "7c1e1f0a-0000-11ef-8000-aabbccddeeff")
	r.Header.Set("X-Hub-Signature-256", service.Sign([]byte(secret), []byte(body)))
	if edit != nil {
		edit(r)
	}
	return r
}

func serve(t testing.TB, h http.Handler, r *http.Request) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var said struct{ Status string }
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		t.Errorf("the answer is no JSON: %v: %s", err, w.Body)
	}
	return w.Code, said.Status
}

func pushBody(name, ref, from, to string) string {
	data, _ := json.Marshal(map[string]any{
		"ref": ref, "before": from, "after": to, "forced": true, "repository": map[string]any{"full_name": name, "private": true},
		"installation": map[string]any{"id": 7},
	})
	return string(data)
}

func set(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestAnswers(t *testing.T) {
	good := pushBody("acme/shop", "refs/heads/main", before, after)
	form := "payload=" + url.QueryEscape(good)
	mac := hmac.New(sha1.New, []byte(secret))
	_, _ = io.WriteString(mac, good)
	sha := "sha1=" + hex.EncodeToString(mac.Sum(nil))
	endless := func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, service.MaxBody+1)), -1
	}
	tests := []struct {
		name, body string
		edit       func(*http.Request)
		code       int
		pushes     int
	}{
		{"push", good, nil, 202, 1},
		{"push, old secret", good, set("X-Hub-Signature-256", service.Sign([]byte(oldSecret), []byte(good))), 202, 1},
		{"push, content type with charset", good, set("Content-Type", jsonType+"; charset=utf-8"), 202, 1},
		{"push as a form", form, set("Content-Type", formType), 202, 1},
		{"new branch", pushBody("acme/shop", "refs/heads/x", zero, after), nil, 202, 1},
		{"deleted branch", pushBody("acme/shop", "refs/heads/x", before, zero), nil, 202, 1},
		{"ping", `{"zen":"x"}`, set("X-GitHub-Event", "ping"), 202, 0},
		{"event of no interest", `not even JSON`, set("X-GitHub-Event", "star"), 202, 0},
		{"GET", good, func(r *http.Request) { r.Method = http.MethodGet }, 405, 0},
		{"no content type", good, func(r *http.Request) { r.Header.Del("Content-Type") }, 415, 0},
		{"text", good, set("Content-Type", "text/plain"), 415, 0},
		{"no event", good, set("X-GitHub-Event", ""), 400, 0},
		{"no delivery", good, set("X-GitHub-Delivery", ""), 400, 0},
		{"delivery that is no id", good, set("X-GitHub-Delivery", "a b"), 400, 0},
		{"no signature", good, set("X-Hub-Signature-256", ""), 401, 0},
		{"signature of another secret", good, set("X-Hub-Signature-256", service.Sign([]byte("x"), []byte(good))), 401, 0},
		{"signature of the empty secret", good, set("X-Hub-Signature-256", service.Sign(nil, []byte(good))), 401, 0},
		{"signature of another body", good + " ", set("X-Hub-Signature-256", service.Sign([]byte(secret), []byte(good))), 401, 0},
		{"SHA-1 signature", good, set("X-Hub-Signature-256", sha), 401, 0},
		{"too long by its header", good, func(r *http.Request) { r.ContentLength = service.MaxBody + 1 }, 413, 0},
		{"too long without a header", good, endless, 413, 0},
		{"not JSON", `{"ref":`, nil, 400, 0},
		{"other repository name", pushBody("../etc", "refs/heads/main", before, after), nil, 400, 0},
		{"path as a name", pushBody("acme/shop/../x", "refs/heads/main", before, after), nil, 400, 0},
		{"option as a commit", pushBody("acme/shop", "refs/heads/main", before, "--upload-pack=x"), nil, 400, 0},
		{"ref with an option", pushBody("acme/shop", "--all", before, after), nil, 400, 0},
		{"neither before nor after", pushBody("acme/shop", "refs/heads/main", zero, zero), nil, 400, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, q, _, _ := receiver(t)
			code, status := serve(t, r, request(tt.body, tt.edit))
			if code != tt.code || len(q.pushes) != tt.pushes {
				t.Errorf("answered %d %q with %d jobs, want %d with %d", code, status, len(q.pushes), tt.code, tt.pushes)
			}
		})
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestPushJob(t *testing.T) {
	r, q, _, _ := receiver(t)
	serve(t, r, request(pushBody("acme/shop", "refs/heads/main", before, after), nil))
	want := []jobs.Push{{
		Repository: jobs.Repository{Name: "acme/shop", Installation: 7}, Ref: "refs/heads/main", Before: before, After: after, Forced: true,
		Delivery: "7c1e1f0a-0000-11ef-8000-aabbccddeeff",
	}}
	if d := cmp.Diff(want, q.pushes); d != "" {
		t.Errorf("job (-want +got):\n%s", d)
	}
}

// TestG15Replay: a delivery that is sent twice makes one job; one whose job was set aside makes another when it is sent again.
func TestG15Replay(t *testing.T) {
	r, q, s, _ := receiver(t)
	body := pushBody("acme/shop", "refs/heads/main", before, after)
	for i, want := range []string{"accepted", "duplicate", "duplicate"} {
		if code, status := serve(t, r, request(body, nil)); code != 202 || status != want {
			t.Errorf("try %d: %d %s, want 202 %s", i, code, status, want)
		}
	}
	if len(q.pushes) != 1 {
		t.Fatalf("%d jobs, want 1", len(q.pushes))
	}
	ctx, id := context.Background(), q.pushes[0].Delivery
	for _, tt := range []struct {
		outcome, want string
		jobs          int
	}{{"scanned", "duplicate", 0}, {jobs.OutcomeFailed, "accepted", 1}} {
		if err := s.SetOutcome(ctx, id, tt.outcome); err != nil {
			t.Fatal(err)
		}
		q.pushes = nil // what is done or set aside no longer keeps others away
		if _, status := serve(t, r, request(body, nil)); status != tt.want || len(q.pushes) != tt.jobs {
			t.Errorf("again after %q: %s, %d jobs; want %s, %d", tt.outcome, status, len(q.pushes), tt.want, tt.jobs)
		}
	}
}

// TestNotRecorded: a delivery that could not be enqueued is refused, and new when it is sent again.
func TestNotRecorded(t *testing.T) {
	r, q, _, _ := receiver(t)
	body := pushBody("acme/shop", "refs/heads/main", before, after)
	q.broken = errors.New("the queue is down")
	if code, status := serve(t, r, request(body, nil)); code != 503 || strings.Contains(status, "down") {
		t.Errorf("answered %d %q, want 503 without the cause", code, status)
	}
	q.broken = nil
	if code, status := serve(t, r, request(body, nil)); code != 202 || status != "accepted" {
		t.Errorf("again: %d %s, want 202 accepted", code, status)
	}
}

func TestReconcileEvents(t *testing.T) {
	repo := `{"full_name":"acme/shop"}`
	for event, body := range map[string]string{
		"create":                    `{"ref":"v1","ref_type":"tag","repository":` + repo + `}`,
		"delete":                    `{"ref":"x","ref_type":"branch","repository":` + repo + `}`,
		"installation":              `{"action":"created","repositories":[` + repo + `]}`,
		"installation_repositories": `{"action":"added","repositories_added":[` + repo + `]}`,
	} {
		r, q, _, _ := receiver(t)
		for _, want := range []string{"accepted", "duplicate"} {
			if code, status := serve(t, r, request(body, set("X-GitHub-Event", event))); code != 202 || status != want {
				t.Errorf("%s: %d %s, want 202 %s", event, code, status, want)
			}
		}
		if d := cmp.Diff([]string{"acme/shop"}, q.woken); d != "" {
			t.Errorf("%s wakes (-want +got):\n%s", event, d)
		}
	}
}

func TestNoSecret(t *testing.T) {
	for _, secrets := range [][][]byte{nil, {}, {nil}, {[]byte(" \n")}, {[]byte(secret), nil}} {
		if _, err := service.NewReceiver(service.Receiver{Secrets: secrets}); !errors.Is(err, service.ErrNoSecret) {
			t.Errorf("with secrets %q: %v, want ErrNoSecret", secrets, err)
		}
	}
}

// TestRepeatsNothing: neither answer nor log holds what a stranger sent.
func TestRepeatsNothing(t *testing.T) {
	const canary = "canary-value-5f2d"
	r, _, _, log := receiver(t)
	for _, name := range []string{"X-GitHub-Event", "X-GitHub-Delivery", "Content-Type", "X-Hub-Signature-256", "User-Agent"} {
		req := request(`{"x":"`+canary+`"}`, set(name, canary+" "))
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if strings.Contains(w.Body.String()+log.String(), canary) {
			t.Errorf("%s is repeated: %s%s", name, w.Body, log)
		}
	}
}

// memory remembers deliveries without a disk.
type memory map[string]store.Delivery

func (m memory) SeenDelivery(_ context.Context, id string, at time.Time, accept func(*sql.Tx) error) (bool, error) {
	if _, ok := m[id]; ok {
		return false, nil
	}
	m[id] = store.Delivery{ID: id, Received: at}
	if accept == nil {
		return true, nil
	}
	return true, accept(nil)
}

func (m memory) Delivery(_ context.Context, id string) (store.Delivery, error) {
	if d, ok := m[id]; ok {
		return d, nil
	}
	return store.Delivery{}, store.ErrNotFound
}

func (m memory) SetOutcome(_ context.Context, id, outcome string) error {
	m[id] = store.Delivery{ID: id, Outcome: outcome}
	return nil
}

func FuzzReceiver(f *testing.F) {
	good := pushBody("acme/shop", "refs/heads/main", before, after)
	f.Add(good, jsonType, "push", "d-1", "", true)
	f.Add("payload="+url.QueryEscape(good), formType, "push", "d-2", "", true)
	f.Add(good, jsonType, "push", "d-3", "sha256=00", false)
	f.Add(`{"action":"created","repositories":[{"full_name":"a/b"}]}`, jsonType, "installation", "d-4", "", true)
	f.Add(`{"ref":"v1","repository":null}`, jsonType, "create", "d-5", "sha1=", true)
	f.Add(`[1]`, "application/json;", "delete", "", "sha512=", true)
	f.Fuzz(func(t *testing.T, body, kind, event, id, signature string, signed bool) {
		q := &queue{}
		r, err := service.NewReceiver(service.Receiver{
			Secrets: [][]byte{[]byte(secret), []byte(oldSecret)}, Deliveries: memory{}, Queue: q, Now: time.Now, Log: zerolog.Nop(),
		})
		if err != nil {
			t.Fatal(err)
		}
		req := request(body, func(req *http.Request) {
			req.Header = http.Header{"Content-Type": {kind}, "X-Github-Event": {event}, "X-Github-Delivery": {id}, "X-Hub-Signature-256": {signature}}
			if signed {
				req.Header.Set("X-Hub-Signature-256", service.Sign([]byte(oldSecret), []byte(body)))
			}
		})
		code, _ := serve(t, r, req)
		right := req.Header.Get("X-Hub-Signature-256")
		authentic := right == service.Sign([]byte(oldSecret), []byte(body)) || right == service.Sign([]byte(secret), []byte(body))
		if !authentic && (code < 400 || len(q.pushes)+len(q.woken) > 0) {
			t.Errorf("a delivery that nobody signed is answered %d", code)
		}
		for _, p := range q.pushes {
			for _, s := range []string{p.Name, p.Ref, p.Before, p.After} {
				if strings.Contains(s, "..") && s != p.Name || strings.HasPrefix(s, "-") || strings.ContainsAny(s, "\x00\n ") {
					t.Errorf("a job names %q", s)
				}
			}
		}
	})
}
