package providertest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// hands is a simulator with one organization, a full-access key, and a clock that stands still.
type hands struct {
	*providertest.Agiled
	t   *testing.T
	mu  sync.Mutex
	now time.Time
	org providertest.AgiledOrganization
	key providertest.AgiledKey
}

func agiled(t *testing.T, o providertest.AgiledOptions) *hands {
	h := &hands{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	o.Now = func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.now
	}
	h.Agiled = providertest.NewAgiled(o)
	h.org = h.AddOrganization("Acme GmbH")
	h.key = h.AddKey(providertest.AgiledKey{Name: "Warehouse sync - production - Ops", Organization: h.org.ID})
	return h
}

func (h *hands) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// got is a reply with its body read as JSON.
type got struct {
	status int
	header http.Header
	body   string
	Data   any
	Meta   map[string]int
	Error  string
}

// ask sends "METHOD /path" with a key, a body and headers ("Name: value").
func (h *hands) ask(request, token, body string, headers ...string) got {
	h.t.Helper()
	method, target, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	g := got{status: w.Code, header: w.Header(), body: w.Body.String()}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(w.Body.Bytes(), &g); err != nil {
			h.t.Fatalf("%s: the reply is not JSON: %v", request, err)
		}
	}
	return g
}

func (h *hands) want(status int, request, token, body string, headers ...string) got {
	h.t.Helper()
	g := h.ask(request, token, body, headers...)
	if g.status != status {
		h.t.Fatalf("%s: status %d, want %d", request, g.status, status)
	}
	return g
}

// ids are the ids of a list reply, in order.
func (g got) ids() []string {
	var ids []string
	rows, _ := g.Data.([]any)
	for _, row := range rows {
		ids = append(ids, row.(map[string]any)["id"].(string))
	}
	return ids
}

func (g got) field(name string) any {
	m, _ := g.Data.(map[string]any)
	return m[name]
}
