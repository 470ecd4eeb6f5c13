package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Server is a simulator that listens on the loopback address.
type Server struct {
	// URL and TLSURL are the origins, without a trailing slash: http and https, each with a port of its own.
	URL, TLSURL string
	// TLSAddr is the address behind TLSURL ("127.0.0.1:4711"), for clients that dial it under another name.
	TLSAddr string
	// Roots holds the certificate of TLSURL, made for this server alone.
	Roots *x509.CertPool

	servers []*http.Server
}

// Start serves h on two free loopback ports until Close. It needs no test and opens nothing but 127.0.0.1. The
// certificate is good for 127.0.0.1 and for the named hosts.
func Start(h http.Handler, hosts ...string) (*Server, error) {
	s := &Server{}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start simulator: %w", err)
	}
	cert, roots, err := Certificate(hosts...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start simulator: make a certificate: %w", err), plain.Close())
	}
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start simulator: %w", err), plain.Close())
	}
	s.URL, s.TLSAddr, s.Roots = "http://"+plain.Addr().String(), secure.Addr().String(), roots
	s.TLSURL = "https://" + s.TLSAddr
	for _, l := range []net.Listener{plain, secure} {
		srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
		s.servers = append(s.servers, srv)
		go func() { _ = srv.Serve(l) }()
	}
	return s, nil
}

// Close stops listening and closes every connection.
func (s *Server) Close() error {
	var errs []error
	for _, srv := range s.servers {
		errs = append(errs, srv.Close())
	}
	return errors.Join(errs...)
}

// Start serves the simulator on loopback, see [Start], with a certificate for the hosts that third parties name as
// Agiled's, and for more.
func (a *Agiled) Start(more ...string) (*Server, error) {
	return Start(a, append(more, "api.agiled.ai", "my.agiled.app")...)
}

// Certificate makes a certificate that signs itself, good for 127.0.0.1 and the hosts for a day, and the roots that verify it.
func Certificate(hosts ...string) (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "quash simulator"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: hosts,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots, nil
}
