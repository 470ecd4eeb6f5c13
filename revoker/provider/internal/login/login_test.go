package login

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker/provider/internal/login/logintest"
)

// try logs in to a server on loopback.
func try(t *testing.T, addr string, r Request) (Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return Try(ctx, conn, r)
}

// afar is a connection that does not look like one of loopback.
type afar struct{ net.Conn }

func (afar) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 1} }

// tryAfar logs in to a server that seems to be elsewhere.
func tryAfar(t *testing.T, addr string, r Request) (Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return Try(ctx, afar{conn}, r)
}

// want checks an answer, and that it holds no word of the password.
func want(t *testing.T, a Answer, err error, result Result, words string) {
	t.Helper()
	if err != nil || a.Result != result || !strings.Contains(a.Why, words) {
		t.Errorf("result %d (%s), error %v; want %d with %q", a.Result, a.Why, err, result, words)
	}
}

// account is an account with a password that nobody uses elsewhere.
func account() logintest.Account {
	return logintest.Account{User: "shop", Password: "pä ss," + rand.Text()}
}

func TestMySQL(t *testing.T) {
	for name, server := range map[string]logintest.MySQL{
		"native":               {Plugin: "mysql_native_password"},
		"native after SHA-2":   {Plugin: "mysql_native_password", Greeting: "caching_sha2_password"},
		"SHA-2 after native":   {Plugin: "caching_sha2_password", Greeting: "mysql_native_password"},
		"SHA-2 after unknown":  {Plugin: "caching_sha2_password", Greeting: "client_ed25519"},
		"SHA-2, remembered":    {Plugin: "caching_sha2_password"},
		"SHA-2, whole":         {Plugin: "caching_sha2_password", Full: true},
		"native, TLS":          {Plugin: "mysql_native_password", TLS: true},
		"SHA-2, whole, TLS":    {Plugin: "caching_sha2_password", Full: true, TLS: true},
		"password itself, TLS": {Plugin: "mysql_clear_password", Greeting: "mysql_native_password", TLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			server.Account = account()
			s := logintest.Start(t, server.Serve)
			r := Request{Kind: MySQL, Host: logintest.Name, User: server.User, Password: server.Password, Roots: s.Roots}
			a, err := try(t, s.Addr, r)
			want(t, a, err, Accepted, "accepted")
			if a.Trusted != server.TLS {
				t.Errorf("trusted %v", a.Trusted)
			}
			r.Password = "x" + r.Password
			a, err = try(t, s.Addr, r)
			want(t, a, err, Refused, "(error 1045)")
			r.User, r.Password = "other", server.Password
			a, err = try(t, s.Addr, r)
			want(t, a, err, Refused, "(error 1045)")
			if !a.Elsewhere {
				t.Error("an account of another host is refused with the same number")
			}
		})
	}
}

// TestPasswordStays: the password itself goes nowhere that nobody vouches for.
func TestPasswordStays(t *testing.T) {
	who := account()
	for name, tc := range map[string]struct {
		request Request
		serve   func(*logintest.Server, net.Conn)
		trusts  bool
		want    string
	}{
		"MySQL":                 {Request{Kind: MySQL}, logintest.MySQL{Account: who, Plugin: "caching_sha2_password", Full: true}.Serve, true, "a connection without encryption"},
		"MySQL, clear":          {Request{Kind: MySQL}, logintest.MySQL{Account: who, Plugin: "mysql_clear_password"}.Serve, true, "a connection without encryption"},
		"MySQL, stranger's TLS": {Request{Kind: MySQL}, logintest.MySQL{Account: who, Plugin: "caching_sha2_password", Full: true, TLS: true}.Serve, false, "not valid for the host"},
		"Redis":                 {Request{Kind: Redis}, logintest.Redis{Account: who}.Serve, true, "a connection without encryption"},
		"Redis, stranger's TLS": {Request{Kind: Redis, TLS: true}, logintest.Redis{Account: who, TLS: true}.Serve, false, "not valid for the host"},
		"PostgreSQL":            {Request{Kind: PostgreSQL}, postgresWants(who, pgCleartext), true, "a connection without encryption"},
	} {
		t.Run(name, func(t *testing.T) {
			s := logintest.Start(t, tc.serve)
			r := tc.request
			r.Host, r.User, r.Password = logintest.Name, who.User, who.Password
			if tc.trusts {
				r.Roots = s.Roots
			}
			a, err := tryAfar(t, s.Addr, r)
			want(t, a, err, Unclear, tc.want)
			if !strings.Contains(a.Why, "network.plain_logins") || s.Heard(who.Password) {
				t.Errorf("sent %v: %s", s.Heard(who.Password), a.Why)
			}
			r.Plain = true
			a, err = tryAfar(t, s.Addr, r)
			want(t, a, err, Accepted, "accepted")
		})
	}
	t.Run("trusted TLS", func(t *testing.T) {
		s := logintest.Start(t, logintest.Redis{Account: who, TLS: true}.Serve)
		a, err := tryAfar(t, s.Addr, Request{Kind: Redis, TLS: true, Host: logintest.Name, User: who.User, Password: who.Password, Roots: s.Roots})
		want(t, a, err, Accepted, "accepted")
		if !a.Trusted || s.Heard(who.Password) {
			t.Errorf("trusted %v, heard %v", a.Trusted, s.Heard(who.Password))
		}
	})
}

func TestMongoDB(t *testing.T) {
	for name, server := range map[string]logintest.MongoDB{
		"SHA-256":      {Mechanism: scramSHA256, Source: "admin"},
		"SHA-1":        {Mechanism: scramSHA1, Source: "admin", Rounds: 10000},
		"own database": {Mechanism: scramSHA256, Source: "shop"},
		"TLS":          {Mechanism: scramSHA256, Source: "admin", TLS: true},
		"Atlas":        {Mechanism: scramSHA1, Source: "admin", TLS: true, Atlas: true},
		"many rounds":  {Mechanism: scramSHA256, Source: "admin", Rounds: 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			server.Account = account()
			s := logintest.Start(t, server.Serve)
			r := Request{Kind: MongoDB, Host: logintest.Name, User: server.User, Password: server.Password, TLS: server.TLS, Roots: s.Roots}
			if server.Source != "admin" {
				r.Database = server.Source
			}
			a, err := try(t, s.Addr, r)
			want(t, a, err, Accepted, "accepted")
			if s.Heard(server.Password) {
				t.Error("the password crossed the wire")
			}
			r.Password += "x"
			a, err = try(t, s.Addr, r)
			want(t, a, err, Refused, "(code ")
			r.Password, r.Database = server.Password, "elsewhere"
			a, err = try(t, s.Addr, r)
			want(t, a, err, Refused, "(code ")
		})
	}
	t.Run("too much work", func(t *testing.T) {
		server := logintest.MongoDB{Account: account(), Mechanism: scramSHA256, Source: "admin", Rounds: maxRounds + 1}
		s := logintest.Start(t, server.Serve)
		a, err := try(t, s.Addr, Request{Kind: MongoDB, User: server.User, Password: server.Password})
		want(t, a, err, Unclear, "challenge that is not answered")
	})
	t.Run("another mechanism", func(t *testing.T) {
		server := logintest.MongoDB{Account: account(), Mechanism: "MONGODB-X509", Source: "admin"}
		s := logintest.Start(t, server.Serve)
		a, err := try(t, s.Addr, Request{Kind: MongoDB, User: server.User, Password: server.Password})
		want(t, a, err, Unclear, "kind of login")
	})
}

func TestRedis(t *testing.T) {
	who := account()
	for name, tc := range map[string]struct {
		server logintest.Redis
		user   string
		want   Result
	}{
		"default user":               {logintest.Redis{Account: logintest.Account{Password: who.Password}}, "", Accepted},
		"default user, named":        {logintest.Redis{Account: logintest.Account{Password: who.Password}}, "h", Accepted},
		"user":                       {logintest.Redis{Account: who}, who.User, Accepted},
		"another user":               {logintest.Redis{Account: who}, "other", Refused},
		"user left out":              {logintest.Redis{Account: who}, "", Refused},
		"TLS":                        {logintest.Redis{Account: who, TLS: true}, who.User, Accepted},
		"old":                        {logintest.Redis{Account: logintest.Account{Password: who.Password}, Old: true}, "h", Accepted},
		"old, another password":      {logintest.Redis{Account: logintest.Account{Password: "another"}, Old: true}, "h", Refused},
		"no password":                {logintest.Redis{}, "", Unclear},
		"no password but of another": {logintest.Redis{Account: logintest.Account{User: "other"}}, who.User, Refused},
	} {
		t.Run(name, func(t *testing.T) {
			s := logintest.Start(t, tc.server.Serve)
			a, err := try(t, s.Addr, Request{Kind: Redis, Host: logintest.Name, User: tc.user, Password: who.Password, TLS: tc.server.TLS, Roots: s.Roots})
			want(t, a, err, tc.want, "")
		})
	}
}

// TestOddServers: whatever else a server does is unclear or an error of the wire, soon, and never a panic.
func TestOddServers(t *testing.T) {
	who := account()
	for name, serve := range map[string]func(*logintest.Server, net.Conn){
		"closes":      func(*logintest.Server, net.Conn) {},
		"speaks HTTP": func(_ *logintest.Server, c net.Conn) { fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n") },
		"echoes": func(_ *logintest.Server, c net.Conn) {
			b := make([]byte, 512)
			n, _ := c.Read(b)
			_, _ = c.Write(b[:n])
		},
		"sends zeros": func(_ *logintest.Server, c net.Conn) { _, _ = c.Write(make([]byte, 4096)) },
		"sends ones":  func(_ *logintest.Server, c net.Conn) { _, _ = c.Write([]byte(strings.Repeat("\xff", 4096))) },
		"never ends": func(_ *logintest.Server, c net.Conn) {
			for {
				if _, err := c.Write([]byte(strings.Repeat("-x", 4096))); err != nil {
					return
				}
			}
		},
		"tells errors": func(_ *logintest.Server, c net.Conn) {
			b := make([]byte, 512)
			_, _ = c.Read(b)
			fmt.Fprintf(c, "-ERR %s\r\n", who.Password)
		},
		"half a packet": func(_ *logintest.Server, c net.Conn) { _, _ = c.Write([]byte{40, 0, 0, 0, 10, '8'}) },
	} {
		serve := hasty(serve)
		for _, kind := range []Kind{PostgreSQL, MySQL, MongoDB, Redis, "other"} {
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				s := logintest.Start(t, serve)
				a, err := try(t, s.Addr, Request{Kind: kind, Host: logintest.Name, User: who.User, Password: who.Password})
				if a.Result != Unclear || err == nil && a.Why == "" || strings.Contains(fmt.Sprint(a, err), who.Password) {
					t.Errorf("result %d (%s), %v", a.Result, a.Why, err)
				}
			})
		}
	}
}

// hasty is a server that waits for nobody.
func hasty(serve func(*logintest.Server, net.Conn)) func(*logintest.Server, net.Conn) {
	return func(s *logintest.Server, c net.Conn) {
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		serve(s, c)
	}
}

// TestEndsWithContext: a server that says nothing holds nobody up.
func TestEndsWithContext(t *testing.T) {
	s := logintest.Start(t, func(_ *logintest.Server, c net.Conn) {
		b := make([]byte, 1)
		for {
			if _, err := c.Read(b); err != nil {
				return
			}
		}
	})
	for _, kind := range []Kind{PostgreSQL, MySQL, MongoDB, Redis} {
		for _, early := range []bool{false, true} {
			conn, err := net.Dial("tcp", s.Addr)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			start := time.Now()
			a, err := Try(ctx, conn, Request{Kind: kind, User: "u", Password: "p", TLS: early})
			cancel()
			if a.Result != Unclear || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
				t.Errorf("%s: result %d, %v after %s", kind, a.Result, err, time.Since(start))
			}
		}
	}
}

// FuzzAnswers feeds each protocol whatever a server may send.
func FuzzAnswers(f *testing.F) {
	f.Add(uint8(0), []byte("NR\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"))
	f.Add(uint8(1), append([]byte{74, 0, 0, 0, 10}, make([]byte, 80)...))
	f.Add(uint8(2), make([]byte, 64))
	f.Add(uint8(3), []byte("+OK\r\n"))
	f.Fuzz(func(t *testing.T, kind uint8, said []byte) {
		ours, theirs := net.Pipe()
		go func() { _, _ = theirs.Write(said); _ = theirs.Close() }()
		go func() {
			b := make([]byte, 512)
			for {
				if _, err := theirs.Read(b); err != nil {
					return
				}
			}
		}()
		kinds := []Kind{PostgreSQL, MySQL, MongoDB, Redis}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		a, err := Try(ctx, ours, Request{Kind: kinds[int(kind)%4], User: "u", Password: "pass-word-1", Plain: true})
		if err == nil && a.Why == "" {
			t.Fatalf("result %d without words", a.Result)
		}
	})
}
