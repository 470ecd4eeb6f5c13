package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quash-sh/quash/revoker"
)

// locks are a database's locks.
type locks interface {
	revoker.Locker
	// still is an error when this process holds the lock and lost it to another. It stays so until the transaction ends.
	still(ctx context.Context, tx *sql.Tx, name string) error
	close() error
}

// fileLocks are the locks of SQLite: files, since all its processes are on one machine. The system takes them back when a process
// ends, and never before, so none is lost.
type fileLocks struct{ revoker.Locker }

func (fileLocks) still(context.Context, *sql.Tx, string) error { return nil }
func (fileLocks) close() error                                 { return nil }

// rowLocks are the locks of PostgreSQL. A lock is a row that names the session which holds it. A session is a connection that a
// process keeps open, with an advisory lock on the session's number: so whether a session lives is asked of the server, in
// the statement that takes a dead one's row over, and no clocks are compared.
//
// A process that is killed, with -9 too, or whose machine fails, loses its connection; the server ends its session, at once or
// when keepalives stay unanswered (about 25 s), and others take what it held.
//
// The server may also end the session of a process that lives: at a restart, or when the network was away. Such a process
// does not know, and another may answer the same key meanwhile. Then this holds: the process writes no entry about the key any
// more, since the row is read in the transaction that writes the entry, and names another session by then. Nobody revokes
// without an intent on record, so of two only one can go on to revoke: either the intent of the first was written before
// the row was taken over, and the second reads it and does not repeat the call unless that is harmless; or it was not, and it
// never is.
//
// A pooler in front of the server must pool sessions, not transactions.
type rowLocks struct {
	db *sql.DB
	// say words errors for the store.
	say func(doing string, err error) error

	mu   sync.Mutex
	conn *sql.Conn // of the session; nil when there is none
	id   int64     // the session's number
	// held are the names that this process holds, each with the session that took it.
	held map[string]int64
}

const (
	liveSession = `SELECT pg_try_advisory_lock($1)`
	// The server notices in about 25 s that a machine is gone.
	keepSession = `SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)`
	takeLock    = `INSERT INTO locks (name, session) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET session = excluded.session
		WHERE locks.session = excluded.session OR pg_try_advisory_xact_lock(locks.session)`
	dropLock  = `DELETE FROM locks WHERE name = $1 AND session = $2`
	stillLock = `SELECT 1 FROM locks WHERE name = $1 AND session = $2 FOR SHARE`
)

const (
	// askTime bounds one statement about locks. A server that does not answer for so long has lost the session for us.
	askTime = 10 * time.Second
	// Waiting for a lock begins with firstWait and looks at least every longestWait.
	firstWait, longestWait = 5 * time.Millisecond, 80 * time.Millisecond
	// maxFailures is how often a session may fail while a lock is taken: the first may long have been dead.
	maxFailures = 4
)

// Lock implements [revoker.Locker].
func (l *rowLocks) Lock(ctx context.Context, lock string) (release func(), err error) {
	if lock == "" {
		return nil, errors.New("lock: it has no name")
	}
	failures := 0
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		if err := ctx.Err(); err != nil {
			return nil, l.say("wait for lock in", err)
		}
		session, err := l.try(ctx, lock)
		if err != nil {
			if failures++; failures == maxFailures {
				return nil, l.say("take lock in", err)
			}
		}
		if session != 0 {
			return sync.OnceFunc(func() { l.release(ctx, lock, session) }), nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// try takes a lock that nobody holds, and returns its session; 0: somebody does.
func (l *rowLocks) try(ctx context.Context, lock string) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[lock] != 0 {
		return 0, nil
	}
	if err := l.session(ctx); err != nil {
		return 0, err
	}
	n, err := l.ask(ctx, takeLock, name(lock), l.id)
	if err != nil || n == 0 {
		return 0, err
	}
	l.held[lock] = l.id
	return l.id, nil
}

// release gives a lock back. A session that cannot say so is ended, which gives back all that it held.
func (l *rowLocks) release(ctx context.Context, lock string, session int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, lock)
	if session == l.id && l.conn != nil {
		_, _ = l.ask(ctx, dropLock, name(lock), session)
	}
}

// session opens a session, where there is none. The context that it was opened under may end; the session stays.
func (l *rowLocks) session(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return err
	}
	l.conn = conn
	var number [8]byte
	_, _ = rand.Read(number[:]) // it does not fail
	l.id = int64(binary.NativeEndian.Uint64(number[:])>>1 | 1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	alone := false
	if _, err = conn.ExecContext(ctx, keepSession); err == nil {
		err = conn.QueryRowContext(ctx, liveSession, l.id).Scan(&alone)
	}
	if err == nil && !alone {
		err = errors.New("another session has the same number")
	}
	if err != nil {
		l.end()
	}
	return err
}

// ask runs a statement in the session, to its end even when the caller gives up, since a statement that is cut off takes the
// session with it. So does an error.
func (l *rowLocks) ask(ctx context.Context, statement string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	r, err := l.conn.ExecContext(ctx, statement, args...)
	if err != nil {
		l.end()
		return 0, err
	}
	return r.RowsAffected()
}

// end ends the session. Its connection is closed, not kept for others: its advisory lock must end.
func (l *rowLocks) end() {
	if l.conn == nil {
		return
	}
	_ = l.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = l.conn.Close() // it was closed with the error above
	l.conn = nil
}

// still implements locks.
func (l *rowLocks) still(ctx context.Context, tx *sql.Tx, lock string) error {
	l.mu.Lock()
	session := l.held[lock]
	l.mu.Unlock()
	if session == 0 {
		return nil
	}
	var one int
	err := tx.QueryRowContext(ctx, stillLock, name(lock), session).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("the lock %q was lost to another process while the connection was away, so nothing more is written under it; it is done again later", lock)
	}
	return err
}

// close ends the session, and with it all locks.
func (l *rowLocks) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
	return nil
}
