package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound is what look-ups answer when the store knows nothing of what was asked.
var ErrNotFound = errors.New("not in the store")

// Store is an open database. It is safe for concurrent use, also by several processes.
type Store struct {
	db     *sql.DB
	name   string // what errors call it
	engine engine
	locks  locks
}

// engine is what differs between the databases.
type engine struct {
	dialect goose.Dialect
	// lock keeps every other process from migrating until it is released.
	lock func(ctx context.Context) (release func(), err error)
	// durable is a statement that makes a transaction wait for the disk, where it might not; empty: it does.
	durable string
	// hint says what to do about an error, as "; do this", where that is known.
	hint func(err error) string
}

// Open opens a store and brings its schema up to date. where is the path of a SQLite file, which is made when it is absent,
// its directory too, readable by its owner alone; or the address of a PostgreSQL database,
// "postgres://USER@HOST:PORT/DATABASE" or "postgresql://…". The password may stand in the address, in PGPASSWORD or in a
// password file as PostgreSQL's own programs read it; no error repeats it.
func Open(ctx context.Context, where string) (*Store, error) {
	s, err := connect(where)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(s.wrap("open", err), s.db.Close())
	}
	return s, nil
}

func connect(where string) (*Store, error) {
	scheme, _, address := strings.Cut(where, "://")
	switch {
	case !address:
		return openSQLite(where)
	case scheme == "postgres" || scheme == "postgresql":
		return openPostgres(where)
	}
	return nil, fmt.Errorf("open store %q: neither a file nor a database that quash knows; name a file for SQLite, or postgres://…", scheme+"://…")
}

// migrate brings the schema up to date.
func (s *Store) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(s.engine.dialect, s.db, dir)
	if err != nil {
		return err
	}
	release, err := s.engine.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	_, err = p.Up(ctx)
	return err
}

// Shared reports whether the store is a server's, which several machines use. Then the journal and the locks belong in it
// ([Store.OpenJournal], [Store.Locker]). Beside a file they are files: whatever answers keys on that machine shares
// those already, and the store is a second witness of where the journal ended.
func (s *Store) Shared() bool { return s.engine.dialect == goose.DialectPostgres }

// Close closes the database. Everything that is asked of the store afterwards is an error.
func (s *Store) Close() error { return errors.Join(s.locks.close(), s.db.Close()) }

// wrap says what was being done, to which store, and what to do about it.
func (s *Store) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s store %s: %w%s", doing, s.name, err, s.engine.hint(err))
}

// inTx runs do in one transaction: what it wrote stands when it returns nil, and is gone otherwise.
func (s *Store) inTx(ctx context.Context, doing string, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.wrap(doing, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to do after a commit
	if err := do(tx); err != nil {
		return s.wrap(doing, err)
	}
	return s.wrap(doing, tx.Commit())
}

// micros is a time as the store keeps it; 0 is none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros is the time that micros kept.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
