package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/journaltest"
	"github.com/quash-sh/quash/store/pgtest"
)

// inStore says how journals in stores are tested, each in a store of its own.
func inStore(fresh func(testing.TB) string) journaltest.Options {
	return journaltest.Options{
		Child: "TestJournalChild", Open: func(ctx context.Context, where string) (journaltest.Journal, error) {
			s, err := Open(ctx, where)
			if err != nil {
				return nil, err
			}
			return s.OpenJournal(ctx)
		},
		Fresh: func(t testing.TB) journaltest.Place { return place(t, fresh(t)) },
	}
}

func place(t testing.TB, where string) journaltest.Place {
	s := open(t, where)
	exec := func(query string, args ...any) {
		if _, err := s.db.ExecContext(context.Background(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	state := func() revoker.RowState {
		state, err := rows{s}.Load(context.Background(), 0)
		must(t, err)
		return state
	}
	p := journaltest.Place{
		Name: where, Verify: s.VerifyJournal,
		Open: func(ctx context.Context) (journaltest.Journal, error) { return open(t, where).OpenJournal(ctx) },
		Lines: func() (lines []string) {
			for _, r := range state().Rows {
				lines = append(lines, r.Line)
			}
			return lines
		},
		SetLines: func(lines []string) {
			exec(`DELETE FROM journal_entries`)
			for i, l := range lines {
				exec(putEntry, i+1, string(journaltest.IDOf(l)), l)
			}
		},
		Head: func() string { return state().Head }, SetHead: func(head string) { exec(putSigned, head) },
	}
	if strings.Contains(where, "://") {
		p.Disturb = func() { terminate(t, s.db) }
	}
	return p
}

// terminate ends every other connection to the database of db, as a restart of the server does.
func terminate(t testing.TB, db *sql.DB) {
	t.Helper()
	_, err := db.ExecContext(context.Background(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	must(t, err)
}

// TestJournalChild is a process that the suite kills.
func TestJournalChild(t *testing.T) { journaltest.Child(t, inStore(nil)) }

func TestJournalSQLite(t *testing.T) {
	journaltest.Run(t, inStore(sqliteFile))
	journaltest.RunLocks(t, lockers(sqliteFile))
}

func TestJournalPostgres(t *testing.T) {
	server := pgtest.Start(t)
	t.Run("journal", func(t *testing.T) { journaltest.Run(t, inStore(server.Database)) })
	t.Run("locks", func(t *testing.T) { journaltest.RunLocks(t, lockers(server.Database)) })
	for name, test := range map[string]func(t *testing.T, where string){
		"lost lock": testLostLock, "killed holder": testKilledHolder, "durable": testDurable, "session ends": testSessionEnds,
	} {
		t.Run(name, func(t *testing.T) { test(t, server.Database(t)) })
	}
}

// lockers are the locks of two processes.
func lockers(fresh func(testing.TB) string) func(testing.TB) (a, b revoker.Locker) {
	return func(t testing.TB) (a, b revoker.Locker) {
		where := fresh(t)
		return open(t, where).Locker(), open(t, where).Locker()
	}
}

func lockNow(t testing.TB, s *Store, name string) (release func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	release, err := s.Locker().Lock(ctx, name)
	must(t, err)
	return release
}

// testLostLock: a process whose session the server ended writes under its lock until another takes it, and never after.
func testLostLock(t *testing.T, where string) {
	a, b := open(t, where), open(t, where)
	ja, err := a.OpenJournal(t.Context())
	must(t, err)
	jb, err := b.OpenJournal(t.Context())
	must(t, err)
	for name, kind := range map[string]revoker.Kind{"q-1": revoker.KindVerified, "execute": revoker.KindIntent} {
		releaseA := lockNow(t, a, name)
		terminate(t, b.db)
		write := func(j *revoker.RowJournal) error {
			return j.Append(context.Background(), revoker.Entry{ID: "q-1", Kind: kind})
		}
		if err := write(ja); err != nil {
			t.Log(err) // a connection of the pool was ended, too
			must(t, write(ja))
		}
		releaseB := lockNow(t, b, name)
		if err := write(ja); err == nil || !strings.Contains(err.Error(), "was lost to another process") {
			t.Errorf("%s: who lost the lock writes on: %v", name, err)
		}
		must(t, write(jb))
		releaseA() // does not give back what is another's
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if _, err := a.Locker().Lock(ctx, name); err == nil {
			t.Errorf("%s: both hold the lock", name)
		}
		cancel()
		must(t, write(jb), ja.Append(t.Context(), revoker.Entry{ID: "q-2", Kind: revoker.KindLook}))
		releaseB()
		lockNow(t, a, name)()
	}
}

const holderStore = "QUASH_TEST_HOLDER"

// TestHolder is a process that holds a lock until it is killed.
func TestHolder(t *testing.T) {
	where := os.Getenv(holderStore)
	if where == "" {
		t.Skip("run by testKilledHolder, as a process of its own")
	}
	s, err := Open(context.Background(), where)
	must(t, err)
	_, err = s.Locker().Lock(context.Background(), "q-1")
	must(t, err)
	fmt.Println("held")
	select {}
}

// testKilledHolder: what a process held that was killed with -9 is free at once.
func testKilledHolder(t *testing.T, where string) {
	s := open(t, where)
	program, err := os.Executable()
	must(t, err)
	holder := exec.Command(program, "-test.run=^TestHolder$")
	holder.Env = append(os.Environ(), holderStore+"="+where)
	out, err := holder.StdoutPipe()
	must(t, err, holder.Start())
	said := make([]byte, 5)
	_, err = out.Read(said)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.Locker().Lock(ctx, "q-1"); err == nil || string(said) != "held\n" {
		t.Errorf("both hold the lock; the other says %q", said)
	}
	must(t, holder.Process.Kill())
	_ = holder.Wait() // it was killed
	began := time.Now()
	lockNow(t, s, "q-1")()
	t.Logf("free after %s", time.Since(began))
}

// testDurable: an entry waits for the disk, though the server of the tests is set up not to.
func testDurable(t *testing.T, where string) {
	s := open(t, where)
	var before, within string
	must(t, s.db.QueryRowContext(t.Context(), `SHOW synchronous_commit`).Scan(&before), s.inTx(t.Context(), "test", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), s.engine.durable); err != nil {
			return err
		}
		return tx.QueryRowContext(t.Context(), `SHOW synchronous_commit`).Scan(&within)
	}))
	same(t, "off on", before+" "+within, nil)
}

// testSessionEnds: a store that is closed leaves no session, and so no lock.
func testSessionEnds(t *testing.T, where string) {
	a, b := open(t, where), open(t, where)
	_ = lockNow(t, a, "q-1") // never released
	must(t, a.Close())
	lockNow(t, b, "q-1")()
}

// TestLocksOfSQLite: the locks of a store in a file are files beside it.
func TestLocksOfSQLite(t *testing.T) {
	where := sqliteFile(t)
	defer lockNow(t, open(t, where), "q-1")()
	if _, err := os.Stat(filepath.Join(filepath.Dir(where), "locks", "q-1.lock")); err != nil {
		t.Error(err)
	}
}
