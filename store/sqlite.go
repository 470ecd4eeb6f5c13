package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/quash-sh/quash/revoker"
	_ "modernc.org/sqlite" // the driver "sqlite", in Go, without cgo
)

// openSQLite opens a file. Processes that migrate it wait for each other at a lock file beside it.
func openSQLite(path string) (*Store, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w; name another directory with --state", err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; waiting here is cheaper than SQLITE_BUSY
	lock := func(ctx context.Context) (func(), error) { return revoker.LockDir(dir).Lock(ctx, filepath.Base(path)) }
	locks := fileLocks{revoker.LockDir(filepath.Join(dir, "locks"))}
	return &Store{db: db, name: path, engine: engine{dialect: goose.DialectSQLite3, lock: lock, hint: sqliteHint}, locks: locks}, nil
}

// sqliteDSN makes writers wait for each other and writes durable, and keeps readers from blocking.
func sqliteDSN(path string) string {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"}, "_txlock": {"immediate"}}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
}

func sqliteHint(err error) string {
	if msg := err.Error(); strings.Contains(msg, "readonly") || strings.Contains(msg, "unable to open") || strings.Contains(msg, "permission") {
		return "; make it writable, or name another directory with --state"
	}
	return ""
}
