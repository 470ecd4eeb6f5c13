package revoker_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/journaltest"
)

// inFiles says how journals in files are tested.
func inFiles() journaltest.Options {
	open := func(ctx context.Context, path string) (journaltest.Journal, error) {
		return revoker.OpenJournal(ctx, path)
	}
	return journaltest.Options{Open: open, Child: "TestJournalChild", Fresh: func(t testing.TB) journaltest.Place {
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		read := func(path string) string {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
		write := func(path, text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		head := strings.TrimSuffix(path, ".jsonl") + ".head"
		return journaltest.Place{
			Name: path, Open: func(ctx context.Context) (journaltest.Journal, error) { return open(ctx, path) },
			Verify: func(context.Context) (int, error) { return revoker.VerifyJournal(path) },
			Lines:  func() []string { return strings.Split(strings.TrimSuffix(read(path), "\n"), "\n") },
			SetLines: func(lines []string) {
				text := ""
				for _, l := range lines {
					text += l + "\n"
				}
				write(path, text)
			},
			Head: func() string { return read(head) }, SetHead: func(s string) { write(head, s) },
		}
	}}
}

func TestJournalInFiles(t *testing.T) { journaltest.Run(t, inFiles()) }

// TestJournalChild is a process that the suite kills.
func TestJournalChild(t *testing.T) { journaltest.Child(t, inFiles()) }

func TestLocksInFiles(t *testing.T) {
	journaltest.RunLocks(t, func(t testing.TB) (a, b revoker.Locker) {
		dir := t.TempDir()
		return revoker.LockDir(dir), revoker.LockDir(dir)
	})
}
