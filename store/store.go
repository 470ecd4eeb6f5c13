package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite", in Go, without cgo
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound is what look-ups answer when the store knows nothing of what was asked.
var ErrNotFound = errors.New("not in the store")

// Store is an open database. It is safe for concurrent use, also by several processes.
type Store struct {
	db   *sql.DB
	name string
}

// Open opens the store in a file and brings its schema up to date; the file and its directory are made when they are
// absent, readable by their owner alone.
func Open(ctx context.Context, path string) (*Store, error) {
	if strings.Contains(path, "://") {
		return nil, fmt.Errorf("open store %q: not a file; this version keeps its store in SQLite, name a file", strings.SplitN(path, "://", 2)[0]+"://…")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w; name another directory with --state", err)
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; waiting here is cheaper than SQLITE_BUSY
	s := &Store{db, path}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(s.wrap("open", err), db.Close())
	}
	return s, nil
}

// dsn makes writers wait for each other and writes durable, and keeps readers from blocking.
func dsn(path string) string {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"}, "_txlock": {"immediate"}}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
}

func (s *Store) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, dir)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// wrap says what was being done, to which file, and what to do about it.
func (s *Store) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	hint := ""
	if msg := err.Error(); strings.Contains(msg, "readonly") || strings.Contains(msg, "unable to open") || strings.Contains(msg, "permission") {
		hint = "; make it writable, or name another directory with --state"
	}
	return fmt.Errorf("%s store %s: %w%s", doing, s.name, err, hint)
}

// inTx runs do in one transaction.
func (s *Store) inTx(ctx context.Context, doing string, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.wrap(doing, err)
	}
	if err := do(tx); err != nil {
		return s.wrap(doing, errors.Join(err, tx.Rollback()))
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
