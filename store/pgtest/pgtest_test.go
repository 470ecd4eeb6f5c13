package pgtest_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/store/pgtest"
)

func query(t *testing.T, address, q string) string {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var s string
	if err := db.QueryRowContext(t.Context(), q).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDatabases(t *testing.T) {
	server := pgtest.Start(t)
	a, b := server.Database(t), server.Database(t)
	if a == b {
		t.Errorf("one database twice: %s", a)
	}
	if n := query(t, a, "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"); n != "0" {
		t.Errorf("%s tables in a new database", n)
	}
	if s := query(t, a, "SELECT string_agg(v, '' ORDER BY v) FROM (VALUES ('a'), ('B'), ('c')) t (v)"); s != "aBc" {
		t.Errorf("sorted %s: not as English does, so that dependence on byte order would not show", s)
	}
}

// serve in the environment makes TestServerOfAnother a process that starts a server and waits to be killed.
const serve = "QUASH_PGTEST_SERVE"

func TestServerOfAnother(t *testing.T) {
	if os.Getenv(serve) == "" {
		t.Skip("run by TestEndsWithItsProcess")
	}
	fmt.Println(pgtest.Start(t).Database(t))
	_, _ = fmt.Scanln() // killed before
}

func TestEndsWithItsProcess(t *testing.T) {
	pgtest.Start(t) // skips where there is none
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestServerOfAnother$")
	cmd.Env = append(os.Environ(), serve+"=1")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	address, parseErr := url.Parse(strings.TrimSpace(line))
	if err != nil || parseErr != nil || address.Host == "" {
		t.Fatalf("%q %v %v", line, err, parseErr)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.Dial("tcp", address.Host)
		if err != nil {
			return
		}
		_ = conn.Close()
		if time.Now().After(end) {
			t.Fatalf("the server at %s outlives the process that started it", address.Host)
		}
	}
}
