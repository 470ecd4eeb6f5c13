// Package logintest has small database servers for tests of package login: as much of MySQL, MongoDB and Redis as a login wants, on
// loopback, with the servers' own side of each check. PostgreSQL is tested against itself (package pgtest).
//
// A [Server] counts what it was asked and notes whether it saw a password as it is. It answers nothing but logins.
package logintest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// Account is the only account of a server.
type Account struct{ User, Password string }

// Server is a server that runs until the test ends.
type Server struct {
	// Addr is where it listens: 127.0.0.1 and a port.
	Addr string
	// Roots verify its certificate, which is valid for Name and 127.0.0.1.
	Roots *x509.CertPool

	certificate tls.Certificate
	mu          sync.Mutex
	logins      int
	received    bytes.Buffer
}

// Name is the host that certificates are made for.
const Name = "db.acme.example"

// Start runs a server. serve answers one connection and may return at any point; it is closed then.
func Start(t testing.TB, serve func(s *Server, c net.Conn)) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String()}
	if s.certificate, s.Roots, err = providertest.Certificate(Name); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); running.Wait() })
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				s.mu.Lock()
				s.logins++
				s.mu.Unlock()
				serve(s, &heard{c, s})
			})
		}
	})
	return s
}

// Logins is how many connections there were.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Heard says whether the text came over the wire as it is, outside of TLS.
func (s *Server) Heard(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Contains(s.received.Bytes(), []byte(text))
}

// TLS starts TLS on a connection.
func (s *Server) TLS(c net.Conn) net.Conn {
	return tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.certificate}})
}

// heard notes what comes over the wire.
type heard struct {
	net.Conn
	server *Server
}

// Read implements io.Reader.
func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	h.server.received.Write(p[:n])
	return n, err
}

// take reads exactly n bytes; nil when there are no more.
func take(c net.Conn, n int) []byte {
	data := make([]byte, n)
	if n > 1<<16 {
		return nil
	}
	if _, err := io.ReadFull(c, data); err != nil {
		return nil
	}
	return data
}
