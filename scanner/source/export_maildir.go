package source

import (
	"context"
	"os"
	"path/filepath"

	"github.com/quash-sh/quash/scanner"
)

// A Maildir is a directory with a file for each mail (https://cr.yp.to/proto/maildir.html). It is read as a directory: its files are known as
// mails by where they stand and how they begin, in whatever directory it lies, and what else mail programs keep there is read as well.
var _ = register(Kind{
	Name:  "maildir",
	Title: "a Maildir",
	Detect: func(_ context.Context, t Target) int {
		if isMaildir(t) {
			return ScoreSure
		}
		return ScoreNone
	},
	Open: func(_ context.Context, t Target, o Options) (scanner.Source, error) {
		if !isMaildir(t) {
			return nil, &Mismatch{Target: t.Name, Kind: "a Maildir", Why: "it has no directories cur, new and tmp"}
		}
		return newDir(t, o), nil
	},
})

// isMaildir reports whether a target is a directory with the three that make a Maildir.
func isMaildir(t Target) bool {
	if !t.IsDir() {
		return false
	}
	for _, name := range [...]string{"cur", "new", "tmp"} {
		if info, err := os.Stat(filepath.Join(t.Name, name)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}
