// Package pgtest starts a real PostgreSQL server for tests.
//
// The server is the newest that Debian's package postgresql put under /usr/lib/postgresql, or else the one on PATH; 15 or
// newer. It keeps its files in a temporary directory, listens on a free port of loopback and on a socket in that directory,
// asks for a password, and sorts text as English does, so that what depends on byte order shows. It does not wait for the
// disk. It ends with the test, and also with the test's process, however that ends: a shell between them waits for the end of
// a pipe.
//
// PostgreSQL refuses to run as root; a test that does starts it as the user postgres, or else nobody.
//
// Where PostgreSQL is not installed, the test is skipped; where CI is "true" in the environment, it fails.
package pgtest

import (
	"bufio"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is a running server.
type Server struct {
	dir      string // of its files
	bin      string // of its programs
	account  *user.User
	password string
	port     int
}

// superuser is the database user whose addresses [Server.Database] returns.
const superuser = "quash"

// Start starts a server that runs until the test ends. Starting takes a second or two: share one server among the tests of a
// package, and give each a database of its own.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{bin: programs(t), account: account(t), password: rand.Text()}
	dir, err := os.MkdirTemp("", "pg") // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s.dir = dir
	if err := s.initialize(); err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	for try := 0; ; try++ { // another process may take the free port first
		if err = s.run(t); err == nil {
			return s
		}
		if try == 3 {
			t.Fatalf("start PostgreSQL: %v", err)
		}
	}
}

// programs is the directory of PostgreSQL's programs.
func programs(t testing.TB) string {
	t.Helper()
	best, version := "", 0
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	for _, initdb := range found {
		bin := filepath.Dir(initdb)
		if n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))); n > version {
			best, version = bin, n
		}
	}
	if best != "" {
		return best
	}
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb)
	}
	const missing = "PostgreSQL is not installed: apt-get install postgresql"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// account is the user as whom the server runs; nil when that is the test's own.
func account(t testing.TB) *user.User {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return u
		}
	}
	t.Fatal("start PostgreSQL: it does not run as root, and there is no user postgres or nobody")
	return nil
}

// command runs a program as the server's user, in its directory.
func (s *Server) command(program string, args ...string) *exec.Cmd {
	if u := s.account; u != nil {
		args = append([]string{"--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups", "--", program}, args...)
		program = "setpriv"
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	return cmd
}

// initialize makes the server's files.
func (s *Server) initialize() error {
	passwords := filepath.Join(s.dir, "password")
	if err := os.WriteFile(passwords, []byte(s.password+"\n"), 0o600); err != nil {
		return err
	}
	if s.account != nil {
		uid, _ := strconv.Atoi(s.account.Uid)
		gid, _ := strconv.Atoi(s.account.Gid)
		if err := errors.Join(os.Chown(s.dir, uid, gid), os.Chown(passwords, uid, gid)); err != nil {
			return err
		}
	}
	out, err := s.command(filepath.Join(s.bin, "initdb"), "--pgdata", filepath.Join(s.dir, "data"), "--username", superuser, "--pwfile", passwords, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// script starts the server, says so, and stops it when nobody holds the other end of its input any more.
const script = `trap '' INT TERM HUP
"$1" --pgdata="$2/data" --log="$2/log" --options="$3" --silent --wait start || { cat "$2/log"; exit 1; }
echo ready
read -r end
"$1" --pgdata="$2/data" --silent --mode=immediate stop
rm -rf "$2"`

// run starts the server on a free port.
func (s *Server) run(t testing.TB) error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return err
	}
	options := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories=%s -c fsync=off -c synchronous_commit=off", s.port, s.dir)
	cmd := s.command("sh", "-c", script, "sh", filepath.Join(s.bin, "pg_ctl"), s.dir, options)
	hold, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			t.Cleanup(func() { _ = errors.Join(hold.Close(), cmd.Wait()) })
			return nil
		}
		fmt.Fprintln(&said, lines.Text())
	}
	return errors.Join(fmt.Errorf("pg_ctl: %s", said.String()), hold.Close(), cmd.Wait())
}

// Database makes a new, empty database and returns its address. It is gone when the server is.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // used once
	name := "test_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	return s.address(name)
}

func (s *Server) address(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, s.password), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path: database, RawQuery: "sslmode=disable",
	}
	return u.String()
}
