package service

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
	"github.com/rs/zerolog"
)

// Server serves a receiver, health and metrics.
type Server struct {
	// Receiver takes deliveries; nil: none are taken.
	Receiver http.Handler
	// Metrics are what /metrics tells.
	Metrics *Metrics
	// Ready is an error when the database does not answer.
	Ready func(ctx context.Context) error
	// Jobs counts the jobs by kind and state.
	Jobs func(ctx context.Context) ([]jobs.Count, error)
	// CertFile and KeyFile are the TLS certificate and its key, in PEM, read again when they change; both empty: no TLS.
	CertFile, KeyFile string
	// Log is where lines go.
	Log zerolog.Logger
	// Drain is how long open requests may go on after the end was asked for.
	Drain time.Duration

	draining atomic.Bool
}

// Handler serves the whole of it.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	if s.Receiver != nil {
		mux.Handle("/webhooks/github", s.Receiver)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.Metrics.handler())
	return mux
}

// state is what /readyz tells.
type state struct {
	Ready bool `json:"ready"`
	// Why says why not.
	Why string `json:"why,omitempty"`
	// Waiting counts the jobs that wait or run, SetAside those that failed for good, by kind.
	Waiting  map[string]int `json:"waiting,omitempty"`
	SetAside map[string]int `json:"set_aside,omitempty"`
}

// ready tells whether requests should come here. Jobs that were set aside are told and do not change that.
func (s *Server) ready(w http.ResponseWriter, req *http.Request) {
	ctx, cancel := context.WithTimeout(req.Context(), 3*time.Second)
	defer cancel()
	st := state{Ready: true, Waiting: map[string]int{}, SetAside: map[string]int{}}
	counts, err := s.Jobs(ctx)
	if err == nil {
		err = s.Ready(ctx)
	}
	for _, n := range counts {
		switch n.State {
		case "discarded":
			st.SetAside[n.Kind] += n.Jobs
		case "available", "pending", "retryable", "running", "scheduled":
			st.Waiting[n.Kind] += n.Jobs
		}
	}
	switch {
	case err != nil:
		s.Log.Error().Err(err).Msg("not ready")
		st.Ready, st.Why = false, "the database does not answer; the log says why"
	case s.draining.Load():
		st.Ready, st.Why = false, "draining"
	}
	w.Header().Set("Content-Type", "application/json")
	if !st.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(st) // who does not listen is not told
}

// Check reads the certificate, where there is one to be.
func (s *Server) Check() error {
	if s.CertFile == "" {
		return nil
	}
	_, err := (&certificate{cert: s.CertFile, key: s.KeyFile}).get(nil)
	return err
}

// Serve serves until the context ends; then open requests end first.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 45 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.New(s.Log.With().Str("part", "http").Logger().Level(zerolog.DebugLevel), "", 0),
	}
	serve := func() error { return srv.Serve(l) }
	if s.CertFile != "" {
		c := &certificate{cert: s.CertFile, key: s.KeyFile}
		if _, err := c.get(nil); err != nil {
			return err
		}
		srv.TLSConfig = &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12}
		serve = func() error { return srv.ServeTLS(l, "", "") }
	}
	failed := make(chan error, 1)
	go func() { failed <- serve() }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Drain)
	defer cancel()
	if err := srv.Shutdown(lasting); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(fmt.Errorf("end open requests: %w", err), srv.Close())
	}
	return nil
}

// certificate is read from files, and again when they change.
type certificate struct {
	cert, key string

	mu   sync.Mutex
	read time.Time
	pair *tls.Certificate
}

// get implements tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.cert)
	if err == nil && c.pair != nil && info.ModTime().Equal(c.read) {
		return c.pair, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(c.cert, c.key)
	}
	switch {
	case err == nil:
		c.pair, c.read = &pair, info.ModTime()
	case c.pair == nil:
		return nil, fmt.Errorf("read TLS certificate: %w; check --tls-cert and --tls-key", err)
	}
	return c.pair, nil // the old one, when the new one is not whole yet
}
