package provider

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/internal/login/logintest"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store/pgtest"
)

// foundIn is the one password that a scan finds in an address.
func foundIn(t testing.TB, set *rules.Set, address string) scanner.Finding {
	t.Helper()
	s, err := scanner.New(set, scanner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for f := range s.Find(scanner.Chunk{Data: []byte("DATABASE_URL=" + address + "\n")}) {
		if strings.HasPrefix(f.Rule, "database-") {
			return f
		}
	}
	t.Fatal("the scan finds no address")
	return scanner.Finding{}
}

// loginTo is a registry that may log in to the hosts.
func loginTo(t testing.TB, set *rules.Set, change func(*Options), hosts ...string) *Registry {
	t.Helper()
	o := Options{Rules: set, Clock: newTestClock(), Timeout: 10 * time.Second, Logins: LoginOptions{Hosts: hosts}}
	if change != nil {
		change(&o)
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ask verifies the password in an address, and checks that nothing that is written down holds it.
func ask(t testing.TB, r *Registry, address string) revoker.Verdict {
	t.Helper()
	f := foundIn(t, r.options.Rules, address)
	v, err := r.Provider(f.Rule).Verifier.Verify(t.Context(), f)
	if err != nil {
		t.Errorf("%s: %v", f.Rule, err)
	}
	kept, err := json.Marshal(v)
	if err != nil || strings.Contains(string(kept), f.Token().Reveal()) || v.Reason == "" {
		t.Errorf("the verdict holds the password or no reason: %q, %v", v.Reason, err)
	}
	if v.Validity == revoker.Active && (v.Proof == nil || v.Control == nil) {
		t.Error("active without a proof and a control")
	}
	return v
}

// TestLogin: passwords in addresses of each kind of database.
func TestLogin(t *testing.T) {
	set, password := builtin(t), "Tr7x-"+rand.Text()[:16]
	who := logintest.Account{User: "shop", Password: password}
	pg, err := url.Parse(pgtest.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	pgPassword, _ := pg.User.Password()
	mysql := logintest.Start(t, logintest.MySQL{Account: who, Plugin: "caching_sha2_password", Full: true}.Serve)
	mongo := logintest.Start(t, logintest.MongoDB{Account: who, Mechanism: "SCRAM-SHA-256", Source: "admin"}.Serve)
	own := logintest.Start(t, logintest.MongoDB{Account: who, Mechanism: "SCRAM-SHA-256", Source: "shop"}.Serve)
	redis := logintest.Start(t, logintest.Redis{Account: who}.Serve)
	open := logintest.Start(t, func(_ *logintest.Server, c net.Conn) {
		b := make([]byte, 512)
		_, _ = c.Read(b)
		_, _ = c.Write([]byte("+OK\r\n"))
	})
	r := loginTo(t, set, nil, "127.0.0.0/8")
	for name, tc := range map[string]struct {
		address string
		want    revoker.Validity
		reason  string
	}{
		"PostgreSQL":           {pg.String(), revoker.Active, "accepted the login"},
		"PostgreSQL, refused":  {"postgres://quash:" + password + "@" + pg.Host + "/x", revoker.Inactive, "28P01"},
		"PostgreSQL, no base":  {"postgresql+psycopg://quash:" + pgPassword + "@" + pg.Host + "/nowhere?sslmode=disable", revoker.Active, "3D000"},
		"PostgreSQL, away":     {"postgres://quash:" + password + "@" + pg.Host + "/x?host=/tmp/sql", revoker.Unknown, "another host"},
		"PostgreSQL, variable": {"postgres://quash:" + password + "@" + pg.Host + "/${NAME}", revoker.Unknown, "variable"},
		"MySQL":                {"mysql+pymysql://shop:" + password + "@" + mysql.Addr + "/shop", revoker.Active, "accepted the login"},
		"MySQL, refused":       {"mysql://shop:" + password + "x@" + mysql.Addr + "/shop", revoker.Unknown, "1045"},
		"MongoDB":              {"mongodb://shop:" + password + "@" + mongo.Addr + ",127.0.0.1:1/shop?authSource=admin&w=majority", revoker.Active, "accepted"},
		"MongoDB, no source":   {"mongodb://shop:" + password + "@" + mongo.Addr, revoker.Active, "accepted"},
		"MongoDB, own source":  {"mongodb://shop:" + password + "@" + own.Addr + "/shop", revoker.Active, "accepted"},
		"MongoDB, in XML":      {"mongodb://shop:" + password + "@" + own.Addr + "/shop</uri>", revoker.Active, "accepted"},
		"MongoDB, refused":     {"mongodb://shop:" + password + "x@" + mongo.Addr, revoker.Inactive, "code 18"},
		"MongoDB, elsewhere":   {"mongodb://shop:" + password + "@" + mongo.Addr + "/shop", revoker.Unknown, "code 18"},
		"MongoDB, AWS":         {"mongodb://shop:" + password + "@" + mongo.Addr + "/?authMechanism=MONGODB-AWS", revoker.Unknown, "without a password"},
		"Redis":                {"redis://shop:" + password + "@" + redis.Addr + "/0", revoker.Active, "accepted"},
		"Redis, refused":       {"redis://shop:" + password + "x@" + redis.Addr + "/0", revoker.Inactive, "refused"},
		"any password is good": {"redis://shop:" + password + "@" + open.Addr + "/0", revoker.Unknown, "another key too"},
		"nobody there":         {"redis://shop:" + password + "@127.0.0.1:1/0", revoker.Unknown, "connection refused"},
		"no such protocol":     {"amqp://shop:" + password + "@" + redis.Addr + "/0", revoker.Unknown, "no check"},
		"JDBC, PostgreSQL":     {"jdbc:postgresql://" + pg.Host + "/nowhere?user=quash&password=" + pgPassword + "&ssl=false", revoker.Active, "3D000"},
		"JDBC, user after":     {"jdbc:mysql://" + mysql.Addr + "/shop?useSSL=true&amp;password=" + password + "&amp;user=shop", revoker.Active, "accepted"},
		"JDBC, refused":        {"jdbc:postgresql://" + pg.Host + "/x?user=quash&password=" + password, revoker.Inactive, "28P01"},
		"JDBC, no user":        {"jdbc:postgresql://" + pg.Host + "/x?password=" + password, revoker.Unknown, "no user"},
		"JDBC, several hosts":  {"jdbc:mysql://" + mysql.Addr + ",127.0.0.1:1/shop?user=shop&password=" + password, revoker.Unknown, "another form"},
		"JDBC, SQL Server":     {"jdbc:sqlserver://" + mysql.Addr + ";user=shop;password=" + password, revoker.Unknown, "no check"},
		"settings, Npgsql":     {"Host=localhost;Username=quash;Password=" + pgPassword + ";Database=nowhere", revoker.Unknown, "network.logins"},
		"settings, no kind":    {"Server=127.0.0.1;User Id=shop;Password=" + password + ";Database=shop", revoker.Unknown, "what kind of server"},
		"settings, twice":      {"Server=127.0.0.1;Port=3306;Host=db;User Id=shop;Password=" + password, revoker.Unknown, "twice"},
		"settings, variable":   {"Server=127.0.0.1;Port=3306;User Id=%USER%;Password=" + password, revoker.Unknown, "variable"},
		"wrong protocol":       {"mysql://shop:" + password + "@" + pg.Host + "/0", revoker.Unknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "wrong protocol" {
				r = loginTo(t, set, func(o *Options) { o.Timeout = 300 * time.Millisecond }, "127.0.0.0/8")
			}
			v := ask(t, r, tc.address)
			if v.Validity != tc.want || !strings.Contains(v.Reason, tc.reason) {
				t.Errorf("read as %s (%s), want %s with %q", v.Validity, v.Reason, tc.want, tc.reason)
			}
			if v.Validity == revoker.Active && !strings.Contains(v.Reason, "with one character changed it refused") {
				t.Errorf("active for %q", v.Reason)
			}
		})
	}
}

// TestG06LoginHosts: a scanned text leads no login to a host that the operator did not name, nor by a name to an address that is
// not public.
func TestG06LoginHosts(t *testing.T) {
	set, password := builtin(t), "Tr7x-"+rand.Text()[:16]
	port, count := listener(t)
	var resolved atomic.Int32
	resolver := func(answers ...string) *net.Resolver {
		inner := rebinding(answers...)
		return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			resolved.Add(1)
			return inner.Dial(ctx, network, address)
		}}
	}
	for name, tc := range map[string]struct {
		host, answer string
		hosts        []string
		reason       string
		looks        bool
	}{
		"no configuration":  {"db.acme.example", "127.0.0.1", nil, "add it to network.logins", false},
		"another host":      {"db.acme.example", "127.0.0.1", []string{"sql.acme.example", "127.0.0.0/8"}, "add it to network.logins", false},
		"ends alike":        {"evilacme.example", "127.0.0.1", []string{"*.acme.example"}, "add it to network.logins", false},
		"the domain itself": {"acme.example", "127.0.0.1", []string{"*.acme.example"}, "add it to network.logins", false},
		"listed, loopback":  {"db.acme.example", "127.0.0.1", []string{"db.acme.example"}, "not a public one", true},
		"listed, metadata":  {"db.acme.example", "169.254.169.254", []string{"*.acme.example"}, "not a public one", true},
		"listed, mapped":    {"db.acme.example", "::ffff:127.0.0.1", []string{"*.acme.example"}, "not a public one", true},
		"address":           {"10.0.0.7", "", []string{"10.0.1.0/24", "db.acme.example"}, "add it to network.logins", false},
		"metadata":          {"169.254.169.254", "", []string{"10.0.1.0/24"}, "add it to network.logins", false},
		"loopback":          {"127.0.0.1", "", []string{"localhost"}, "add it to network.logins", false},
		"a number":          {"2130706433", "127.0.0.1", []string{"localhost"}, "add it to network.logins", false},
		"localhost":         {"localhost", "127.0.0.1", []string{"localhost"}, "", true},
	} {
		resolved.Store(0)
		r := loginTo(t, set, func(o *Options) { o.Logins.Resolver = resolver(tc.answer) }, tc.hosts...)
		v := ask(t, r, "mysql://shop:"+password+"@"+tc.host+":"+port+"/shop")
		if v.Validity != revoker.Unknown || !strings.Contains(v.Reason, tc.reason) {
			t.Errorf("%s: %s (%s), want unknown with %q", name, v.Validity, v.Reason, tc.reason)
		}
		if !tc.looks && resolved.Load() > 0 {
			t.Errorf("%s: the name was looked up", name)
		}
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections, want none", n)
	}
	r := loginTo(t, set, func(o *Options) { o.Logins.Resolver = resolver("127.0.0.1") }, "*.acme.example", "127.0.0.0/8")
	if v := ask(t, r, "mysql://shop:"+password+"@db.acme.example:"+port+"/shop"); count.Load() != 1 {
		t.Errorf("%d connections to a host and network that the operator named: %s", count.Load(), v.Reason)
	}
}

// TestLoginStops: the kill switch and the context end a login, and a silent server costs one time limit.
func TestLoginStops(t *testing.T) {
	set, password := builtin(t), "Tr7x-"+rand.Text()[:16]
	silent := logintest.Start(t, func(_ *logintest.Server, c net.Conn) {
		b := make([]byte, 64)
		for {
			if _, err := c.Read(b); err != nil {
				return
			}
		}
	})
	address := "postgres://shop:" + password + "@" + silent.Addr + "/shop"
	r := loginTo(t, set, func(o *Options) { o.Timeout = 50 * time.Millisecond }, "127.0.0.1")
	if v := ask(t, r, address); v.Validity != revoker.Unknown || !strings.Contains(v.Reason, "timed out") || v.Proof.Err != "timed out" {
		t.Errorf("a silent server reads %s (%s)", v.Validity, v.Reason)
	}
	f := foundIn(t, set, address)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r = loginTo(t, set, nil, "127.0.0.1")
	if v, err := r.Provider(f.Rule).Verifier.Verify(ctx, f); !errors.Is(err, context.DeadlineExceeded) || v.Validity != revoker.Unknown {
		t.Errorf("a stopped login reads %s with %v", v.Validity, err)
	}
	before := silent.Logins()
	r = loginTo(t, set, func(o *Options) { o.Kill = func(context.Context) error { return errors.New("file stop is there") } }, "127.0.0.1")
	if v, err := r.Provider(f.Rule).Verifier.Verify(t.Context(), f); !errors.Is(err, revoker.ErrStopped) || v.Validity != revoker.Unknown || silent.Logins() != before {
		t.Errorf("under a kill switch it reads %s with %v after %d connections", v.Validity, err, silent.Logins()-before)
	}
}

// TestLoginPace: a server is not asked without end.
func TestLoginPace(t *testing.T) {
	set, who := builtin(t), logintest.Account{User: "shop", Password: "Tr7x-" + rand.Text()[:16]}
	s := logintest.Start(t, logintest.Redis{Account: who}.Serve)
	r := loginTo(t, set, nil, "127.0.0.1")
	for range 30 {
		ask(t, r, "redis://shop:"+rand.Text()+"@"+s.Addr)
	}
	if n := s.Logins(); n != 20 {
		t.Errorf("%d logins in a minute, want 20", n)
	}
}

// TestLoginSimulated: under a simulation no server is reached but a simulated one.
func TestLoginSimulated(t *testing.T) {
	set, who := builtin(t), logintest.Account{User: "shop", Password: "Tr7x-" + rand.Text()[:16]}
	s := logintest.Start(t, logintest.MySQL{Account: who, Plugin: "mysql_native_password", TLS: true}.Serve)
	r := loginTo(t, set, func(o *Options) {
		o.Simulate = &Simulation{Hosts: map[string]string{logintest.Name + ":3306": s.Addr}, Roots: s.Roots}
	}, "*.acme.example")
	if v := ask(t, r, "mysql://shop:"+who.Password+"@"+logintest.Name+"/shop"); v.Validity != revoker.Active || strings.Contains(v.Reason, "vouches") {
		t.Errorf("reads %s (%s)", v.Validity, v.Reason)
	}
	for _, address := range []string{"mysql://shop:" + who.Password + "@sql.acme.example/shop", "mongodb+srv://shop:" + who.Password + "@db.acme.example/shop"} {
		if v := ask(t, r, address); v.Validity != revoker.Unknown || !strings.Contains(v.Reason, "not simulated") {
			t.Errorf("reads %s (%s)", v.Validity, v.Reason)
		}
	}
}

// TestLoginOptions: a list of hosts is read strictly, and what is wrong is not quoted.
func TestLoginOptions(t *testing.T) {
	for _, bad := range []string{"", "*", "*.com", "*acme.example", "DB.acme.example", "db.acme.example:5432", "https://db.acme.example", "db acme", "0.0.0.0/0", "::/0", "a..b", "ann@db.acme.example", "fe80::1%eth0"} {
		for setting, o := range map[string]LoginOptions{"network.logins": {Hosts: []string{"db.acme.example", bad}}, "network.plain_logins": {Plain: []string{"db.acme.example", bad}}} {
			_, err := New(Options{Rules: builtin(t), Logins: o})
			if err == nil || !strings.HasPrefix(err.Error(), setting+", entry 2: ") || len(bad) > 5 && strings.Contains(err.Error(), bad) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
	list, err := readHosts("x", []string{"db.acme.example", "*.sql.acme.example", "10.0.0.0/8", "203.0.113.7", "cache"})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"db.acme.example": true, "a.b.sql.acme.example": true, "10.255.0.1": true, "203.0.113.7": true, "cache": true,
		"sql.acme.example": false, "xsql.acme.example": false, "11.0.0.1": false, "db.acme.example.": false, "db.acme.example.evil.example": false, "": false,
	} {
		if list.has(host) != want {
			t.Errorf("%q is listed: %v, want %v", host, !want, want)
		}
	}
}

// TestLoginSeed: a mongodb+srv name leads to servers of its own domain, with the options of its name.
func TestLoginSeed(t *testing.T) {
	set, who := builtin(t), logintest.Account{User: "shop", Password: "Tr7x-" + rand.Text()[:16]}
	s := logintest.Start(t, logintest.MongoDB{Account: who, Mechanism: "SCRAM-SHA-256", Source: "staff", TLS: true}.Serve)
	for name, tc := range map[string]struct {
		server, text string
		hosts        []string
		want         revoker.Validity
		reason       string
	}{
		"server":         {"m0.acme.example.", "authSource=staff&replicaSet=rs", []string{"*.acme.example", "127.0.0.1"}, revoker.Active, "accepted"},
		"no options":     {"m0.acme.example.", "", []string{"*.acme.example", "127.0.0.1"}, revoker.Unknown, "code 18"},
		"another domain": {"m0.evil.example.", "", []string{"*.acme.example", "*.evil.example", "127.0.0.1"}, revoker.Unknown, "another domain"},
		"not listed":     {"m0.acme.example.", "", []string{"db.acme.example", "127.0.0.1"}, revoker.Unknown, "network.logins"},
	} {
		_, port, _ := net.SplitHostPort(s.Addr)
		r := loginTo(t, set, func(o *Options) { o.Logins.Resolver = seedDNS(t, tc.server, port, tc.text) }, tc.hosts...)
		v := ask(t, r, "mongodb+srv://shop:"+who.Password+"@db.acme.example/shop?retryWrites=true")
		if v.Validity != tc.want || !strings.Contains(v.Reason, tc.reason) {
			t.Errorf("%s: %s (%s), want %s with %q", name, v.Validity, v.Reason, tc.want, tc.reason)
		}
	}
}

// seedDNS is a resolver that knows one server on loopback and the options of its seed list.
func seedDNS(t testing.TB, server, port, text string) *net.Resolver {
	var number uint16
	if _, err := fmt.Sscan(port, &number); err != nil {
		t.Fatal(err)
	}
	answer := func(q dnsmessage.Question) dnsmessage.ResourceBody {
		switch q.Type {
		case dnsmessage.TypeSRV:
			return &dnsmessage.SRVResource{Target: dnsmessage.MustNewName(server), Port: number}
		case dnsmessage.TypeTXT:
			return &dnsmessage.TXTResource{TXT: []string{text}}
		case dnsmessage.TypeA:
			return &dnsmessage.AResource{A: netip.MustParseAddr("127.0.0.1").As4()}
		}
		return nil
	}
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerOne(theirs, answer)
		return ours, nil
	}}
}
