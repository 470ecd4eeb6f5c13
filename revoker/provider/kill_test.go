package provider

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestKillEndpoint: only 200 with "go" is a go; everything else stops.
func TestKillEndpoint(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("go")) }))
	t.Cleanup(elsewhere.Close)
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		goes   bool
	}{
		"go":            {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("go")) }, true},
		"go with space": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(" go\n")) }, true},
		"stop":          {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("stop")) }, false},
		"Go":            {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("Go")) }, false},
		"going":         {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("go on")) }, false},
		"empty":         {func(http.ResponseWriter, *http.Request) {}, false},
		"long": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("go" + strings.Repeat(" ", 100) + "x"))
		}, false},
		"503":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503); _, _ = w.Write([]byte("go")) }, false},
		"204":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, false},
		"redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, false},
		"cut off":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false},
	} {
		server := httptest.NewServer(tc.answer)
		kill, err := KillEndpoint(server.URL + "/switch?token=canary")
		if err != nil {
			t.Fatal(err)
		}
		err = kill(context.Background())
		if (err == nil) != tc.goes {
			t.Errorf("%s: %v, want go %v", name, err, tc.goes)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error holds the URL's query", name)
		}
		server.Close()
		if err := kill(context.Background()); err == nil {
			t.Errorf("%s: go without a server", name)
		}
	}
}

func TestKillEndpointURL(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"https://ops.example.com/quash": true, "http://127.0.0.1:9/": true, "http://[::1]:9/": true,
		"http://ops.example.com/": false, "http://10.0.0.1/": false, "http://localhost/": false, "ops.example.com": false, "": false,
		"https://u:p@ops.example.com/": false, "file:///tmp/go": false, "ftp://127.0.0.1/": false,
	} {
		if _, err := KillEndpoint(endpoint); (err == nil) != want {
			t.Errorf("%q: %v, want accepted %v", endpoint, err, want)
		}
	}
}

// TestKillEndpointTimeout: an endpoint that does not answer means stop, within its time.
func TestKillEndpointTimeout(t *testing.T) {
	hold := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hold) })
	kill, err := KillEndpoint(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := kill(ctx); err == nil {
		t.Error("go without an answer")
	}
}
