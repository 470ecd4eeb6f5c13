package login

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
)

const (
	// maxMessage is the longest message that is read of a server, in bytes.
	maxMessage = 64 << 10
	// maxTotal is how much is read of a server in one login, in bytes.
	maxTotal = 256 << 10
)

// session is a connection during a login.
type session struct {
	conn    net.Conn
	request Request
	// left is how many bytes may still be read.
	left int
	// loopback says that the connection stays on this machine; encrypted that it is under TLS, trusted that the certificate is
	// valid for the host as well.
	loopback, encrypted, trusted bool
}

// isLoopback says whether the other end is this machine.
func isLoopback(c net.Conn) bool {
	at, ok := c.RemoteAddr().(*net.TCPAddr)
	return ok && at.IP.IsLoopback()
}

// vouched says whether the password itself may be sent.
func (s *session) vouched() bool { return s.trusted || s.loopback || s.request.Plain }

// garbled is the error of an answer that the protocol does not have.
func (s *session) garbled() error { return &strange{s.request.Kind} }

// read reads exactly n bytes.
func (s *session) read(n int) ([]byte, error) {
	if n < 0 || n > maxMessage || n > s.left {
		return nil, s.garbled()
	}
	s.left -= n
	data := make([]byte, n)
	_, err := io.ReadFull(s.conn, data)
	return data, err
}

func (s *session) write(data []byte) error {
	_, err := s.conn.Write(data)
	return err
}

// secure starts TLS. The certificate is looked at and does not end the login: what depends on it asks whether the session is
// trusted.
func (s *session) secure(ctx context.Context) error {
	c := tls.Client(s.conn, &tls.Config{
		ServerName: s.request.Host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, VerifyConnection: s.judge,
	})
	if err := c.HandshakeContext(ctx); err != nil {
		return err
	}
	s.conn, s.encrypted = c, true
	return nil
}

// judge notes whether the server's certificate is valid for the host.
func (s *session) judge(state tls.ConnectionState) error {
	s.trusted = Vouches(state, s.request.Host, s.request.Roots)
	return nil
}

// Vouches says whether the certificate that a server showed is valid for the host. Without roots those of the machine count.
func Vouches(state tls.ConnectionState, host string, roots *x509.CertPool) bool {
	o := x509.VerifyOptions{Roots: roots, DNSName: host, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(o)
	return err == nil
}
