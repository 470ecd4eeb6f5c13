package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// maxPostgresConns bounds the connections of one process: a server allows 100 by default, to all of them together.
const maxPostgresConns = 10

// openPostgres opens a database at an address. Processes that migrate it wait for each other at an advisory lock.
func openPostgres(address string) (*Store, error) {
	c, err := postgresConfig(address)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(maxPostgresConns)
	lock := func(ctx context.Context) (func(), error) { return advisoryLock(ctx, db) }
	s := &Store{db: db, name: postgresName(c), engine: engine{goose.DialectPostgres, lock, waitForDisk, postgresHint}}
	s.locks = &rowLocks{db: db, say: s.wrap, held: map[string]int64{}}
	return s, nil
}

// waitForDisk makes a transaction durable on a server that is set up not to wait.
const waitForDisk = `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`

// postgresName is the address without its password and parameters.
func postgresName(c *pgx.ConnConfig) string {
	return fmt.Sprintf("postgres://%s@%s/%s", c.User, net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), c.Database)
}

// postgresConfig reads an address. The reason why one cannot be read is left out: it quotes what it could not read, which
// is a piece of the password when that holds a character which should have been percent-encoded. Such a character may also
// leave an address that can be read, with a piece of the password for its host or database; then a second '@' shows it, or
// one behind the host.
func postgresConfig(address string) (*pgx.ConnConfig, error) {
	bad := errors.New("open store postgres://…: not an address of PostgreSQL; write postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, " +
		"with each character of USER, the password and the values that is neither letter nor digit as %XX")
	_, rest, _ := strings.Cut(address, "://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && strings.ContainsAny(rest[:at], "@/?") {
		return nil, bad
	}
	c, err := pgx.ParseConfig(address)
	if file := (*fs.PathError)(nil); errors.As(err, &file) {
		return nil, fmt.Errorf("open store postgres://…: %w", file)
	}
	if err != nil {
		return nil, bad
	}
	return c, nil
}

// migrationLock is the advisory lock under which the schema is migrated.
const migrationLock = 0x7175617368 // "quash"

// advisoryLock waits for the lock. It is held by a connection, and ends with it.
func advisoryLock(ctx context.Context, db *sql.DB) (release func(), err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() {
		// A connection that cannot say so is broken, and the server gives back what it held.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
		_ = conn.Close()
	}, nil
}

// advice is what to do about what PostgreSQL says, by its code (PostgreSQL's documentation, appendix A).
var advice = map[string]string{
	"42501": "; make its user the database's owner, or let an owner grant what is missing",
	"25006": "; name the primary server, which can be written",
	"53300": "; let the server take more connections, or run fewer workers",
}

func postgresHint(err error) string {
	if refused := (*pgconn.ConnectError)(nil); errors.As(err, &refused) {
		return "; check that the server runs, and that --store and PGPASSWORD are right"
	}
	if said := (*pgconn.PgError)(nil); errors.As(err, &said) {
		return advice[said.Code]
	}
	return ""
}
