package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// dialTimeout bounds the making of a connection.
const dialTimeout = 5 * time.Second

// Simulation replaces the world by simulated issuers on this machine. While it is set nothing but a loopback address is
// dialled: a host that is not in Hosts and is not itself a loopback address cannot be reached.
type Simulation struct {
	// Hosts maps a host with its port ("api.github.com:443") to the address that is dialled for it ("127.0.0.1:4711").
	Hosts map[string]string
	// Roots verify the simulated issuers' certificates.
	Roots *x509.CertPool
}

// errNotSimulated is a host that a simulation does not have.
var errNotSimulated = errors.New("host is not simulated")

// loopback are the networks that a simulation may dial.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// newTransport makes the wire. Every address is checked when it is dialled, after its name was resolved. A connection
// serves one request: net/http never repeats a request on a fresh one, and no address outlives its check.
func newTransport(allow []netip.Prefix, sim *Simulation, resolver *net.Resolver) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: guard(allow).Safe, Resolver: resolver}
	t := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  defaultTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
	if sim != nil {
		t.TLSClientConfig.RootCAs = sim.Roots
		t.DialContext = sim.dial(dialer)
	}
	return t
}

// guard refuses every address that is not public, but for the networks that the operator allows.
func guard(allow []netip.Prefix) *ssrf.Guardian {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
}

// dial returns a dialler that sends every simulated host to its address, and resolves no other name.
func (s *Simulation) dial(d *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if to, ok := s.Hosts[addr]; ok {
			addr = to
		}
		at, err := netip.ParseAddrPort(addr)
		if err != nil || !within(at.Addr(), loopback) {
			return nil, errNotSimulated
		}
		return d.DialContext(ctx, network, addr)
	}
}

// within says whether one of the networks has the address.
func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
