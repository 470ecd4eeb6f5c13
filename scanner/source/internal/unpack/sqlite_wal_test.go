package unpack_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// writeAheadLog is the log of a database in which a row was written and taken out again, and another written.
func writeAheadLog(t testing.TB) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.db")
	db := must(sql.Open("sqlite", name))
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range []string{
		"PRAGMA journal_mode = wal",
		"CREATE TABLE users (id INTEGER PRIMARY KEY, token TEXT)",
		"INSERT INTO users VALUES (1, 'was taken out')",
		"UPDATE users SET token = 'x'",
		"INSERT INTO users VALUES (2, '" + strings.Repeat("long ", 2000) + "end')",
	} {
		must(db.Exec(s))
	}
	return must(os.ReadFile(name + "-wal"))
}

func TestWriteAheadLog(t *testing.T) {
	b := writeAheadLog(t)
	for _, stream := range []bool{false, true} {
		g := walk(t, "a.db-wal", b, stream, unpack.Limits{})
		var rows strings.Builder
		for path, text := range g.texts {
			if strings.HasPrefix(path, "frame ") {
				rows.WriteString(text)
			}
		}
		for _, want := range []string{"was taken out\n", strings.Repeat("long ", 2000) + "end\n"} {
			if !strings.Contains(rows.String(), want) {
				t.Errorf("no row has %.20q", want)
			}
		}
		if len(g.gaps) > 0 || g.texts[" raw"] != string(b) {
			t.Errorf("gaps %q", g.gaps)
		}
	}
	if g := walk(t, "a.db-wal", b[:len(b)-100], false, unpack.Limits{}); len(g.gaps) != 1 {
		t.Errorf("cut, gaps %q", g.gaps)
	}
	b[8] = 0x7F // the size of pages
	if g := walk(t, "a.db-wal", b, false, unpack.Limits{}); len(g.gaps) != 1 {
		t.Errorf("damaged, gaps %q", g.gaps)
	}
}
