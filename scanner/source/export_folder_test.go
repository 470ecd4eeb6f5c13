package source

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

// TestUnpackedExports reads the folders of exports that somebody unpacked: what ids are called there is known, as it is in the archive.
func TestUnpackedExports(t *testing.T) {
	const rule = "github-pat"
	set, s := finder(t)
	r, _ := set.Rule(rule)
	key := r.Sample(seeded()).Token
	for _, c := range []struct{ kind, slot, value, want string }{
		{"slack", "text", key, "general/2026-03-04.json | general/1772611920.000100 | text | Ben Cho"},
		{"slack", "text", key + strings.Repeat(" and so on", 1000), "general/2026-03-04.json | general/1772611920.000100 | text | Ben Cho"},
		{"gitlab", "title", key, "tree/project/issues.ndjson | issues/7 | title | ben.cho"},
	} {
		for _, at := range []struct{ folder, target, kind string }{
			{"", ".", ""}, {"", ".", c.kind}, {"2026/backup/", ".", ""}, {"2026/backup/", "2026/backup", c.kind},
		} {
			t.Run(c.kind+" "+at.folder+at.kind, func(t *testing.T) {
				files := emptySlots(archiveFiles(t, c.kind, "{{"+c.slot+"}}", c.value))
				t.Chdir(t.TempDir())
				for name, text := range files {
					write(t, at.folder+name, text)
				}
				write(t, "2026/users.json", `[{"id":"U0BEN","real_name":"Somebody Else"}]`)
				src, err := Open(t.Context(), at.target, Options{Kind: at.kind})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				stats, err := s.Scan(t.Context(), src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
					if f.Rule == rule {
						path := strings.TrimPrefix(f.At.Path, at.folder)
						got = append(got, strings.Join([]string{path, f.At.Record, f.At.Field, f.At.Author}, " | "))
					}
					return nil
				}))
				if d := cmp.Diff([]string{c.want}, got); d != "" || err != nil || !stats.Complete() {
					t.Errorf("%v, gaps %v (-want +got):\n%s", err, stats.Gaps, d)
				}
			})
		}
	}
}

// TestFoldersThatAreNone does not take a directory for an export because of a file that is called as one of an export.
func TestFoldersThatAreNone(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "users.json", "[]")
	write(t, "project.json", "{}")
	write(t, "other.json", `{"a": "b"}`)
	c := &counter{}
	if c.findFolders(".", []string{"other.json", "project.json", "users.json"}); len(c.folders) > 0 {
		t.Errorf("%d folders are taken for exports", len(c.folders))
	}
	if _, err := Open(t.Context(), ".", Options{Kind: "confluence"}); err == nil || !strings.Contains(err.Error(), "not a Confluence export") {
		t.Errorf("as a Confluence export: %v", err)
	}
}

// write writes a file, and the directories that it stands in.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
