package login

import (
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/quash-sh/quash/revoker/provider/internal/login/logintest"
	"github.com/quash-sh/quash/store/pgtest"
)

// TestPostgreSQL logs in to PostgreSQL itself.
func TestPostgreSQL(t *testing.T) {
	where, err := url.Parse(pgtest.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", where.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	password := "pä ss," + rand.Text()
	for _, statement := range []string{
		"CREATE ROLE shop LOGIN PASSWORD '" + password + "'",
		"CREATE ROLE away NOLOGIN PASSWORD '" + password + "'",
		"CREATE ROLE full LOGIN CONNECTION LIMIT 0 PASSWORD '" + password + "'",
		"CREATE ROLE late LOGIN PASSWORD '" + password + "' VALID UNTIL '2001-01-01'",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		user, password, database string
		want                     Result
		words                    string
	}{
		"SCRAM":             {"shop", password, strings.Trim(where.Path, "/"), Accepted, "accepted the login"},
		"another password":  {"shop", password + "x", "", Refused, "28P01"},
		"no such user":      {"nobody-at-all", password, "", Refused, "28P01"},
		"expired":           {"late", password, "", Refused, "28P01"},
		"no such database":  {"shop", password, "nowhere", Accepted, "3D000"},
		"may not log in":    {"away", password, "", Refused, "28000"},
		"too many sessions": {"full", password, strings.Trim(where.Path, "/"), Accepted, "53300"},
		"no user":           {"", password, "", Unclear, "no user"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := try(t, where.Host, Request{Kind: PostgreSQL, Host: where.Hostname(), User: tc.user, Password: tc.password, Database: tc.database})
			want(t, a, err, tc.want, tc.words)
		})
	}
}

// postgresWants is a server that wants a kind of login of its account.
func postgresWants(who logintest.Account, kind uint32) func(*logintest.Server, net.Conn) {
	return func(s *logintest.Server, c net.Conn) {
		in := make([]byte, 1024)
		_, _ = c.Read(in[:8])
		_, _ = c.Write([]byte{'N'})
		_, _ = c.Read(in)
		salt := []byte{1, 2, 3, 4}
		_, _ = c.Write(append(append([]byte{'R', 0, 0, 0, 12}, binary.BigEndian.AppendUint32(nil, kind)...), salt...))
		n, _ := c.Read(in)
		if n < 6 {
			return
		}
		ok := map[uint32]string{
			pgCleartext: who.Password, pgMD5: "md5" + pgDigest(pgDigest(who.Password+who.User)+string(salt)),
		}[kind]
		if string(in[5:n]) != ok+"\x00" {
			_, _ = c.Write(pgErrorMessage("28P01", "auth_failed"))
			return
		}
		_, _ = c.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 0, 'Z', 0, 0, 0, 5, 'I'})
		_, _ = c.Read(in)
	}
}

func pgErrorMessage(code, routine string) []byte {
	body := "SFATAL\x00C" + code + "\x00Mno\x00R" + routine + "\x00\x00"
	return append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4)), body...)
}

// TestPostgreSQLOlder: passwords whole and by MD5.
func TestPostgreSQLOlder(t *testing.T) {
	for _, kind := range []uint32{pgCleartext, pgMD5} {
		who := account()
		s := logintest.Start(t, postgresWants(who, kind))
		r := Request{Kind: PostgreSQL, User: who.User, Password: who.Password}
		a, err := try(t, s.Addr, r)
		want(t, a, err, Accepted, "accepted")
		r.Password += "x"
		a, err = try(t, s.Addr, r)
		want(t, a, err, Refused, "28P01")
	}
}

// TestPostgreSQLSays: what a server may say before it has seen a password.
func TestPostgreSQLSays(t *testing.T) {
	for name, tc := range map[string]struct {
		says  string
		want  Result
		words string
	}{
		"address not allowed":  {string(pgErrorMessage("28000", "ClientAuthentication")), Unclear, "from this address"},
		"another kind wanted":  {string(pgErrorMessage("28000", "auth_failed")), Unclear, "from this address"},
		"28000 of a pooler":    {string(pgErrorMessage("28000", "")), Unclear, "28000"},
		"full":                 {string(pgErrorMessage("53300", "")), Unclear, "53300"},
		"starting":             {string(pgErrorMessage("57P03", "")), Unclear, "57P03"},
		"pooler's tenant":      {string(pgErrorMessage("XX000", "")), Unclear, "XX000"},
		"a code with a secret": {string(pgErrorMessage("hunter2", "")), Unclear, "in a way that PostgreSQL does not"},
		"trust":                {"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I", Unclear, "without asking"},
		"Kerberos":             {"R\x00\x00\x00\x08\x00\x00\x00\x07", Unclear, "without a password"},
		"SASL of another kind": {"R\x00\x00\x00\x15\x00\x00\x00\x0aOAUTHBEARER\x00\x00", Unclear, "not SCRAM-SHA-256"},
		"SASL out of order":    {"R\x00\x00\x00\x0a\x00\x00\x00\x0br=", Unclear, "not answered"},
	} {
		t.Run(name, func(t *testing.T) {
			s := logintest.Start(t, func(_ *logintest.Server, c net.Conn) {
				in := make([]byte, 1024)
				_, _ = c.Read(in[:8])
				_, _ = c.Write([]byte{'N'})
				_, _ = c.Read(in)
				_, _ = c.Write([]byte(tc.says))
				_, _ = c.Read(in)
			})
			a, err := try(t, s.Addr, Request{Kind: PostgreSQL, User: "shop", Password: "hunter2"})
			want(t, a, err, tc.want, tc.words)
		})
	}
}

// TestPostgreSQLWithoutProof: a server that takes any SCRAM answer does not know the password.
func TestPostgreSQLWithoutProof(t *testing.T) {
	s := logintest.Start(t, func(_ *logintest.Server, c net.Conn) {
		in := make([]byte, 1024)
		_, _ = c.Read(in[:8])
		_, _ = c.Write([]byte{'N'})
		_, _ = c.Read(in)
		_, _ = c.Write([]byte("R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"))
		_, _ = c.Read(in)
		_, _ = c.Write([]byte("R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"))
		_, _ = c.Read(in)
	})
	a, err := try(t, s.Addr, Request{Kind: PostgreSQL, User: "shop", Password: "hunter2"})
	want(t, a, err, Unclear, "without showing")
}
