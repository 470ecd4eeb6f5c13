package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

func sqliteFile(t testing.TB) string { return filepath.Join(t.TempDir(), "state", "quash.db") }

func TestSQLite(t *testing.T) { conform(t, sqliteFile) }

// TestSQLiteFiles looks into the files themselves, and at who may read them.
func TestSQLiteFiles(t *testing.T) {
	where := sqliteFile(t)
	s := open(t, where)
	must(t, s.PutFindings(t.Context(), "repo", at, []scanner.Finding{finding("q-1", "a.env")}))
	files, err := filepath.Glob(where + "*")
	must(t, err)
	var all strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		must(t, err)
		all.Write(data)
	}
	if !strings.Contains(all.String(), "acme_… 40 chars") || strings.Contains(all.String(), neverStored) {
		t.Errorf("%v hold the key, or were not read", files)
	}
	if info, err := os.Stat(filepath.Dir(where)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory %v %v", info, err)
	}
}

func TestReadOnlyStoreSaysWhatToDo(t *testing.T) {
	if os.Geteuid() == 0 {
		// root writes anywhere; a directory in the way cannot be opened by anybody
		path := filepath.Join(t.TempDir(), "quash.db")
		must(t, os.Mkdir(path, 0o700))
		if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "--state") {
			t.Errorf("error %v", err)
		}
		return
	}
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o500))
	if _, err := Open(t.Context(), filepath.Join(dir, "quash.db")); err == nil || !strings.Contains(err.Error(), "--state") {
		t.Errorf("error %v", err)
	}
}

func BenchmarkOpenSQLiteAgain(b *testing.B) {
	where := sqliteFile(b)
	for b.Loop() {
		s, err := Open(b.Context(), where)
		must(b, err, s.Close())
	}
}
