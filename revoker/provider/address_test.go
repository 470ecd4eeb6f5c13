package provider

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/quash-sh/quash/scanner"
)

// TestG06AddressCheck: no address that is not public is dialled, however the name leads to it.
func TestG06AddressCheck(t *testing.T) {
	t.Run("addresses", testAddresses)
	t.Run("names", testNames)
	t.Run("allowed network", testAllowedNetwork)
	t.Run("simulation", testSimulationDialsLoopbackOnly)
}

func testAddresses(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "0.0.0.0": false, "::": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"169.254.169.254": false, "fe80::1": false, "fd00:ec2::254": false, "100.64.0.1": false, "100.100.100.200": false,
		"224.0.0.1": false, "ff02::1": false, "255.255.255.255": false, "240.0.0.1": false,
		"::ffff:169.254.169.254": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "198.18.0.1": false, "192.0.2.1": false, "2001:db8::1": false,
		"140.82.112.5": true, "2606:4700::1": true,
	} {
		err := guard(nil).SafeAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 443))
		if (err == nil) != want {
			t.Errorf("%s: allowed %v, want %v", addr, err == nil, want)
		}
	}
}

// listener counts the connections to a loopback port.
func listener(t *testing.T) (port string, count *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	count = &atomic.Int32{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			_ = c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, count
}

// rebinding is a DNS server in memory that answers each query for an address with the next of its own.
func rebinding(answers ...string) *net.Resolver {
	var asked atomic.Int32
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerDNS(theirs, func() string { return answers[int(asked.Add(1)-1)%len(answers)] })
		return ours, nil
	}}
}

// answerDNS answers the one query of a connection, in the form of DNS over TCP.
func answerDNS(c net.Conn, next func() string) {
	answerOne(c, func(q dnsmessage.Question) dnsmessage.ResourceBody {
		at := netip.MustParseAddr(next())
		switch {
		case q.Type == dnsmessage.TypeA && at.Is4():
			return &dnsmessage.AResource{A: at.As4()}
		case q.Type == dnsmessage.TypeAAAA && at.Is6():
			return &dnsmessage.AAAAResource{AAAA: at.As16()}
		}
		return nil
	})
}

// answerOne answers the one query of a connection with what is known of it; nil is nothing.
func answerOne(c net.Conn, answer func(dnsmessage.Question) dnsmessage.ResourceBody) {
	defer c.Close()
	size := make([]byte, 2)
	if _, err := c.Read(size); err != nil {
		return
	}
	query := make([]byte, int(size[0])<<8|int(size[1]))
	if _, err := c.Read(query); err != nil {
		return
	}
	var m dnsmessage.Message
	if m.Unpack(query) != nil {
		return
	}
	m.Response, m.Additionals = true, nil
	q := m.Questions[0]
	if body := answer(q); body != nil {
		header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type}
		m.Answers = []dnsmessage.Resource{{Header: header, Body: body}}
	}
	reply, err := m.Pack()
	if err != nil {
		return
	}
	_, _ = c.Write(append([]byte{byte(len(reply) >> 8), byte(len(reply))}, reply...))
}

// dialling is a client with a resolver of its own.
func dialling(allow []netip.Prefix, resolver *net.Resolver) *client {
	c := newClient(Options{Clock: newTestClock(), Timeout: 10 * time.Second})
	c.transport = newTransport(allow, nil, resolver)
	return c
}

func testNames(t *testing.T) {
	port, count := listener(t)
	for name, tc := range map[string]struct {
		host    string
		answers []string
	}{
		"loopback by name":   {"issuer.example", []string{"127.0.0.1"}},
		"metadata by name":   {"issuer.example", []string{"169.254.169.254"}},
		"mapped by name":     {"issuer.example", []string{"::ffff:127.0.0.1"}},
		"rebinding":          {"issuer.example", []string{"192.168.0.1", "127.0.0.1", "10.0.0.1", "127.0.0.1"}},
		"loopback":           {"127.0.0.1", nil},
		"mapped metadata":    {"[::ffff:169.254.169.254]", nil},
		"mapped loopback":    {"[::ffff:127.0.0.1]", nil},
		"decimal":            {"2130706433", []string{"127.0.0.1"}},
		"octal":              {"0177.0.0.1", []string{"127.0.0.1"}},
		"short":              {"127.1", []string{"127.0.0.1"}},
		"localhost":          {"localhost", []string{"127.0.0.1"}},
		"name of an address": {"127.0.0.1.issuer.example", []string{"127.0.0.1"}},
	} {
		if tc.answers == nil {
			tc.answers = []string{"127.0.0.1"}
		}
		c := dialling(nil, rebinding(tc.answers...))
		at := "https://" + tc.host + ":" + port
		for range 3 {
			_, err := c.do(context.Background(), call{method: "GET", url: at + "/", origins: []string{at}})
			// Go resolves no name that is a number; other resolvers would, and the address check does not rest on it.
			if err == nil || !strings.Contains(err.Error(), "not a public one") && !strings.Contains(err.Error(), "not be resolved") {
				t.Errorf("%s: %v, want a refused address", name, err)
			}
		}
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections reached the loopback port, want none", n)
	}
}

func testAllowedNetwork(t *testing.T) {
	port, count := listener(t)
	at := "https://issuer.example:" + port
	c := dialling([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, rebinding("127.0.0.1"))
	if _, err := c.do(context.Background(), call{method: "POST", url: at + "/", origins: []string{at}}); err == nil {
		t.Error("a connection that is closed at once gave a reply")
	}
	if count.Load() != 1 {
		t.Errorf("%d connections to an address that the operator allowed, want 1", count.Load())
	}
	other := dialling([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, rebinding("127.0.0.1"))
	if _, err := other.do(context.Background(), call{method: "GET", url: at + "/", origins: []string{at}}); err == nil || count.Load() != 1 {
		t.Errorf("an allowed network opened another one: %v", err)
	}
}

// testSimulationDialsLoopbackOnly: under a simulation neither a real host nor an outside address is reached.
func testSimulationDialsLoopbackOnly(t *testing.T) {
	sim := &Simulation{Hosts: map[string]string{"outside.example:443": "140.82.112.5:443"}}
	c := newClient(Options{Clock: newTestClock(), Simulate: sim, AllowAddrs: loopback})
	for _, at := range []string{"https://api.github.com", "https://140.82.112.5", "https://outside.example", "https://10.0.0.1"} {
		_, err := c.do(context.Background(), call{method: "GET", url: at + "/", origins: []string{at}})
		if err == nil || !strings.Contains(err.Error(), "not simulated") {
			t.Errorf("%s: %v, want a host that is not simulated", at, err)
		}
	}
}

// TestNoProxy: a proxy in the environment sees nothing.
func TestNoProxy(t *testing.T) {
	port, count := listener(t)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"} {
		t.Setenv(name, "http://127.0.0.1:"+port)
	}
	if p := dialling(nil, rebinding("192.168.0.1")).transport.(*http.Transport).Proxy; p != nil {
		t.Error("the transport has a proxy")
	}
	at := "https://issuer.example"
	_, err := dialling(nil, rebinding("192.168.0.1")).do(context.Background(), call{method: "GET", url: at, origins: []string{at}, key: scanner.ID("q-1")})
	if err == nil || count.Load() != 0 {
		t.Errorf("error %v, %d connections to the proxy", err, count.Load())
	}
}
