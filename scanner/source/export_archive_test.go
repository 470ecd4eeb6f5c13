package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

// archiveSamples are the directories of testdata/exports that exports are made of, and the kinds of those.
var archiveSamples = map[string]string{
	"slack": "slack", "confluence": "confluence", "gitlab": "gitlab", "github-migration": "github-migration", "notion": "notion",
}

// archiveFiles are the files of a sample with its slots filled, by path.
func archiveFiles(t testing.TB, name string, fill ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS(filepath.Join("..", "..", "testdata", "exports", name))
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root, path)
		files[path] = strings.NewReplacer(fill...).Replace(string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// archiveOf makes the archive that a kind of export is.
func archiveOf(t testing.TB, kind string, files map[string]string) []byte {
	t.Helper()
	if kind == "gitlab" || kind == "github-migration" {
		return tarFile(t, files)
	}
	return zipFile(t, files)
}

func zipFile(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sortedNames(files) {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarFile(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for _, name := range sortedNames(files) {
		err := w.WriteHeader(&tar.Header{Name: "./" + name, Mode: 0o600, Size: int64(len(files[name])), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.WriteString(w, files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// archiveName is what the file of an export is called.
func archiveName(kind string) string {
	if kind == "gitlab" || kind == "github-migration" {
		return "export.tar.gz"
	}
	return "export.zip"
}

// placeName is a place as tests compare it.
func placeName(member, record, field, author string, when time.Time, view string) string {
	return strings.Join([]string{member, record, field, author, when.Format(time.RFC3339Nano), view}, " | ")
}

// findings scans a file and returns where a rule finds keys, by ID, and what could not be read. A view of several fields is left out
// where one of them showed the key.
func findings(t *testing.T, s *scanner.Scanner, name string, data []byte, o Options, rule string) (map[scanner.ID][]string, []string) {
	t.Helper()
	x, err := openText(t, name, string(data), o)
	if err != nil {
		t.Fatal(err)
	}
	found := map[scanner.ID][]string{}
	stats, err := s.Scan(t.Context(), x, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		several := f.At.View == "record" || f.At.View == "joined"
		if f.Rule == rule && (!several || len(found[f.ID]) == 0) {
			_, member, _ := strings.Cut(f.At.Path, "!")
			found[f.ID] = append(found[f.ID], placeName(member, f.At.Record, f.At.Field, f.At.Author, f.At.Time, f.At.View))
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	var gaps []string
	for _, g := range stats.Gaps {
		gaps = append(gaps, g.Error())
	}
	return found, gaps
}

// TestFindInArchives puts one key into every slot of the samples, as it is and split in the format's own ways: it is found there under
// the same ID, with its record, field, author and time.
func TestFindInArchives(t *testing.T) {
	const rule = "github-pat"
	set, s := finder(t)
	r, _ := set.Rule(rule)
	key := r.Sample(seeded()).Token
	id := s.ID(r, scanner.NewSecret(key))
	at := func(member, record, field, author, when, view string) string {
		at, _ := time.Parse(time.RFC3339, when)
		return placeName(member, record, field, author, at, view)
	}
	for _, c := range []struct {
		kind, slot, value string
		want              string
	}{
		{"confluence", "body", key, at("entities.xml", "Runbook (page 98310)", "body", "ben", "2026-03-04T10:01:09.25Z", "")},
		{"confluence", "body", key[:9] + "<em>" + key[9:20] + "</em>" + key[20:], at("entities.xml", "Runbook (page 98310)", "body", "ben", "2026-03-04T10:01:09.25Z", "html-text")},
		{"confluence", "body", key[:3] + "&#95;" + key[4:], at("entities.xml", "Runbook (page 98310)", "body", "ben", "2026-03-04T10:01:09.25Z", "html-text")},
		{"confluence", "body", key[:9] + "\u200b" + key[9:], at("entities.xml", "Runbook (page 98310)", "body", "ben", "2026-03-04T10:01:09.25Z", "html-text")},
		{"confluence", "body", "\x1c\x01 " + key + "\x0b", at("entities.xml", "Runbook (page 98310)", "body", "ben", "2026-03-04T10:01:09.25Z", "")},
		{"confluence", "code", key, at("entities.xml", "Runbook (page 98310)", "body", "ben", "2026-03-04T10:01:09.25Z", "")},
		{"confluence", "after", key, at("entities.xml", "Runbook (page 98310)", "body", "ben", "2026-03-04T10:01:09.25Z", "")},
		{"confluence", "title", key, at("entities.xml", "page 98310", "title", "ben", "2026-03-04T10:01:09.25Z", "")},
		{"confluence", "comment", key, at("entities.xml", "Runbook (page 98310)", "comment 98400", "ben", "2026-03-04T11:00:00Z", "")},
		{"confluence", "old", key, at("entities.xml", "Runbook (page 98310)", "history version 1 body", "ann", "2026-03-04T09:12:00Z", "")},
		{"confluence", "draft", key, at("entities.xml", "Runbook 2 (page 98320)", "history draft body", "ben", "2026-03-05T08:00:00Z", "")},
		{"confluence", "blog", key, at("entities.xml", "It runs again (blogpost 98330)", "body", "ann", "2026-03-05T09:00:00Z", "")},
		{"confluence", "late", key, at("entities.xml", "It runs again (blogpost 98330)", "body", "ann", "2026-03-05T09:00:00Z", "")},
		{"confluence", "property", key, at("entities.xml", "Runbook (page 98310)", "stringValue", "ben", "2026-03-04T10:01:09.25Z", "")},
		{"confluence", "name", " " + key + " ", at("entities.xml", "Runbook (page 98310)", "attachment 98350 name", "ben", "2026-03-04T10:45:00Z", "")},
		{"confluence", "gone", " " + key + " ", at("entities.xml", "Runbook (page 98310)", "history deleted attachment 98360 name", "ann", "2026-03-04T10:50:00Z", "")},
		{"confluence", "file", key, at("attachments/98310/98350/2", "Runbook (page 98310)", "attachment 98350 worker.log", "ben", "2026-03-04T10:45:00Z", "")},
		{"confluence", "oldfile", key, at("attachments/98310/98350/1", "Runbook (page 98310)", "history version 1 attachment 98350 worker.log", "ben", "2026-03-04T10:30:00Z", "")},
		{"confluence", "deletedfile", key, at("attachments/98310/98360/1", "Runbook (page 98310)", "history deleted attachment 98360 gone.log", "ann", "2026-03-04T10:50:00Z", "")},

		{"slack", "text", key, at("general/2026-03-04.json", "general/1772611920.000100", "text", "Ben Cho", "2026-03-04T08:12:00.0001Z", "")},
		{"slack", "text", "<https://x.example/" + key + "|" + key[:6] + ">", at("general/2026-03-04.json", "general/1772611920.000100", "text", "Ben Cho", "2026-03-04T08:12:00.0001Z", "")},
		{"slack", "text", key[:12] + "<http://" + key[12:20] + "|" + key[12:20] + ">" + key[20:], at("general/2026-03-04.json", "general/1772611920.000100", "text", "Ben Cho", "2026-03-04T08:12:00.0001Z", "shown")},
		{"slack", "text", key[:4] + `\u` + "00" + hexByte(key[4]) + key[5:], at("general/2026-03-04.json", "general/1772611920.000100", "text", "Ben Cho", "2026-03-04T08:12:00.0001Z", "")},
		{"slack", "text", key[:9] + `\u200b` + key[9:], at("general/2026-03-04.json", "general/1772611920.000100", "text", "Ben Cho", "2026-03-04T08:12:00.0001Z", "html-text")},
		{"slack", "block", key, at("general/2026-03-04.json", "general/1772611920.000100", "blocks", "Ben Cho", "2026-03-04T08:12:00.0001Z", "")},
		{"slack", "block", key[:9] + `"}, {"type": "text", "style": {"bold": true}, "text": "` + key[9:20] + `"}, {"type": "text", "text": "` + key[20:], at("general/2026-03-04.json", "general/1772611920.000100", "blocks", "Ben Cho", "2026-03-04T08:12:00.0001Z", "joined")},
		{"slack", "pretext", key, at("general/2026-03-04.json", "general/1772611930.000200", "attachment 1 pretext", "deploy", "2026-03-04T08:12:10.0002Z", "")},
		{"slack", "attached", key, at("general/2026-03-04.json", "general/1772611930.000200", "attachment 1 text", "deploy", "2026-03-04T08:12:10.0002Z", "")},
		{"slack", "fallback", key, at("general/2026-03-04.json", "general/1772611930.000200", "attachment 1 fallback", "deploy", "2026-03-04T08:12:10.0002Z", "")},
		{"slack", "link", key, at("general/2026-03-04.json", "general/1772611930.000200", "attachment 1 title_link", "deploy", "2026-03-04T08:12:10.0002Z", "")},
		{"slack", "field", key, at("general/2026-03-04.json", "general/1772611930.000200", "attachment 1 fields[0].value", "deploy", "2026-03-04T08:12:10.0002Z", "")},
		{"slack", "file", key, at("general/2026-03-04.json", "general/1772611980.000300", "file F0LOG name", "Ann Lee", "2026-03-04T08:12:59Z", "")},
		{"slack", "preview", key, at("general/2026-03-04.json", "general/1772611980.000300", "file F0LOG preview", "Ann Lee", "2026-03-04T08:12:59Z", "")},
		{"slack", "plaintext", key, at("general/2026-03-04.json", "general/1772611980.000300", "file F0LOG plain_text", "Ann Lee", "2026-03-04T08:12:59Z", "")},
		{"slack", "url", key, at("general/2026-03-04.json", "general/1772611980.000300", "file F0LOG url_private", "Ann Lee", "2026-03-04T08:12:59Z", "")},
		{"slack", "now", key, at("general/2026-03-04.json", "general/1772612100.000400", "message.text", "Ben Cho", "2026-03-04T08:14:00.0003Z", "")},
		{"slack", "previous", key, at("general/2026-03-04.json", "general/1772612100.000400", "history previous.text", "Ben Cho", "2026-03-04T08:14:00.0003Z", "")},
		{"slack", "dm", key, at("D0SYNC1/2026-03-05.json", "D0SYNC1/1772697600.000100", "text", "Ben Cho", "2026-03-05T08:00:00.0001Z", "")},
		{"slack", "status", key, at("users.json", "U0ANN", "profile.title", "", "", "")},
		{"slack", "topic", key, at("channels.json", "C0GEN", "topic.value", "Ann Lee", "2026-03-04T08:00:00Z", "")},
		{"slack", "log", key, at("integration_logs.json", "record 1", "service_type", "ben", "2026-03-04T08:11:40Z", "")},

		{"gitlab", "title", key, at("./tree/project/issues.ndjson", "issues/7", "title", "ben.cho", "2026-03-04T09:12:00Z", "")},
		{"gitlab", "description", key, at("./tree/project/issues.ndjson", "issues/7", "description", "ben.cho", "2026-03-04T09:12:00Z", "")},
		{"gitlab", "note", key, at("./tree/project/issues.ndjson", "issues/7", "note 5501", "Ann Lee", "2026-03-04T10:01:09Z", "")},
		{"gitlab", "last", key, at("./tree/project/issues.ndjson", "issues/9", "description", "4", "2026-03-05T08:00:00Z", "")},
		{"gitlab", "merge", key, at("./tree/project/merge_requests.ndjson", "merge_requests/7", "description", "ben.cho", "2026-03-04T12:00:00Z", "")},
		{"gitlab", "diff", key, at("./tree/project/merge_requests.ndjson", "merge_requests/7", "merge_request_diff.merge_request_diff_files[0].diff", "ben.cho", "2026-03-04T12:00:00Z", "")},
		{"gitlab", "commit", key, at("./tree/project/merge_requests.ndjson", "merge_requests/7", "commit 0badc0de", "Ben Cho", "2026-03-04T12:00:00Z", "")},
		{"gitlab", "review", key, at("./tree/project/merge_requests.ndjson", "merge_requests/7", "note 5601", "Ann Lee", "2026-03-04T12:05:00Z", "")},
		{"gitlab", "variable", key, at("./tree/project/ci_pipelines.ndjson", "ci_pipelines/4", "variables[id=AGILED_API_TOKEN].value", "ben.cho", "2026-03-04T12:10:00Z", "")},
		{"gitlab", "job", key, at("./tree/project/ci_pipelines.ndjson", "ci_pipelines/4", "stages[0].statuses[0].commands", "ben.cho", "2026-03-04T12:10:00Z", "")},
		{"gitlab", "snippet", key, at("./tree/project/snippets.ndjson", "snippets/12", "content", "ben.cho", "2026-03-04T12:20:00Z", "")},
		{"gitlab", "release", key, at("./tree/project/releases.ndjson", "releases/v1.2", "description", "ben.cho", "2026-03-05T12:00:00Z", "")},
		{"gitlab", "project", key, at("./tree/project.json", "record 1", "description", "", "", "")},
		{"gitlab", "upload", key, at("./uploads/7d1/worker.log", "", "", "", "", "")},

		{"github-migration", "title", key, at("./issues_000001.json", "sync/issues/7", "title", "ben", "2026-03-04T09:12:00Z", "")},
		{"github-migration", "body", key, at("./issues_000001.json", "sync/issues/7", "body", "ben", "2026-03-04T09:12:00Z", "")},
		{"github-migration", "last", key, at("./issues_000001.json", "sync/issues/9", "body", "ann", "2026-03-05T08:00:00Z", "")},
		{"github-migration", "comment", key, at("./issue_comments_000001.json", "sync/issues/7", "body", "ann", "2026-03-04T10:01:09Z", "")},
		{"github-migration", "pull", key, at("./pull_requests_000001.json", "sync/pull/8", "body", "ben", "2026-03-04T12:00:00Z", "")},
		{"github-migration", "review", key, at("./pull_request_review_comments_000001.json", "sync/pull/8", "body", "ann", "2026-03-04T12:05:00Z", "")},
		{"github-migration", "hunk", key, at("./pull_request_review_comments_000001.json", "sync/pull/8", "diff_hunk", "ann", "2026-03-04T12:05:00Z", "")},
		{"github-migration", "name", key, at("./attachments_000001.json", "sync/issues/7", "asset_name", "ben", "2026-03-04T09:13:00Z", "")},
		{"notion", "page", key, at("Runbook 0badc0de0badc0de0badc0de0badc0de.md", "Runbook (0badc0de)", "page", "", "", "")},
		{"notion", "page", key[:9] + "<span>" + key[9:] + "</span>", at("Runbook 0badc0de0badc0de0badc0de0badc0de.md", "Runbook (0badc0de)", "page", "", "", "html-text")},
		{"notion", "page", key[:9] + "\u200b" + key[9:], at("Runbook 0badc0de0badc0de0badc0de0badc0de.md", "Runbook (0badc0de)", "page", "", "", "percent>visible")},
		{"notion", "sub", key, at("Runbook 0badc0de0badc0de0badc0de0badc0de/API token 1badc0de1badc0de1badc0de1badc0de.md", "API token (1badc0de)", "page", "", "", "")},
		{"notion", "cell", `""` + key + `""`, at("Runbook 0badc0de0badc0de0badc0de0badc0de/Tasks 2badc0de2badc0de2badc0de2badc0de.csv", "Tasks (2badc0de)/row 2", "Notes", "", "", "")},
		{"notion", "file", key, at("Runbook 0badc0de0badc0de0badc0de0badc0de/worker.log", "Runbook (0badc0de)", "attachment worker.log", "", "", "")},

		{"github-migration", "file", key, at("./attachments/a1/worker.log", "sync/issues/7", "attachment worker .log", "ben", "2026-03-04T09:13:00Z", "")},
	} {
		t.Run(c.kind+" "+c.slot, func(t *testing.T) {
			files := archiveFiles(t, c.kind, "{{"+c.slot+"}}", c.value)
			found, gaps := findings(t, s, archiveName(c.kind), archiveOf(t, c.kind, emptySlots(files)), Options{}, rule)
			if d := cmp.Diff(map[scanner.ID][]string{id: {c.want}}, found); d != "" || len(gaps) > 0 {
				t.Errorf("gaps %q (-want +got):\n%s", gaps, d)
			}
		})
	}
}

// emptySlots empties the slots that are left.
func emptySlots(files map[string]string) map[string]string {
	for name, text := range files {
		for {
			before, rest, ok := strings.Cut(text, "{{")
			_, after, closed := strings.Cut(rest, "}}")
			if !ok || !closed {
				break
			}
			text = before + after
		}
		files[name] = text
	}
	return files
}

func sortedNames(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

// seeded is a source of chance that differs in every run.
func seeded() *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }

// TestForcedArchives opens archives as kinds that they are and are not.
func TestForcedArchives(t *testing.T) {
	slack := string(archiveOf(t, "slack", archiveFiles(t, "slack")))
	plain := string(zipFile(t, map[string]string{"a.txt": "x"}))
	for _, c := range []struct{ kind, name, text, want string }{
		{"slack", "export.zip", slack, ""},
		{"confluence", "entities.xml", "<?xml version=\"1.0\"?><hibernate-generic></hibernate-generic>", ""},
		{"confluence", "export.zip", slack, `open "export.zip": not a Confluence export: no entities.xml beside an exportDescriptor.properties; it looks like a Slack export: leave --source out, or give --source slack`},
		{"slack", "export.zip", plain, `open "export.zip": not a Slack export: no users.json beside a <channel>/<day>.json; it looks like a file: leave --source out, or give --source file`},
		{"slack", "a.txt", "x", `open "a.txt": not a Slack export: it is no archive, and no file of one; it looks like a file: leave --source out, or give --source file`},
		{"jira", "export.zip", slack, `open "export.zip": not a Jira XML export: it holds zero bytes; it looks like a Slack export: leave --source out, or give --source slack`},
	} {
		_, err := openText(t, c.name, c.text, Options{Kind: c.kind})
		if got := fmt.Sprint(err); err != nil && got != c.want || err == nil && c.want != "" {
			t.Errorf("%s as %s: %v\nwant %s", c.name, c.kind, err, c.want)
		}
	}
}

// TestDetectArchives knows every sample, and leaves other archives alone.
func TestDetectArchives(t *testing.T) {
	for name, kind := range archiveSamples {
		t.Run(name, func(t *testing.T) {
			src, err := openText(t, archiveName(name), string(archiveOf(t, name, archiveFiles(t, name))), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if a, ok := src.(*archive); !ok || a.kind.Name != kind {
				t.Errorf("taken for another kind: %T", src)
			}
		})
	}
	src, err := openText(t, "app.zip", string(zipFile(t, map[string]string{"users.json": "[]", "src/2026-03-04.txt": "x"})), Options{})
	if _, ok := src.(*file); !ok || err != nil {
		t.Errorf("a plain archive: %T, %v", src, err)
	}
}

// TestArchivesElsewhere finds an export in a directory, in another archive, on standard input, and unpacked.
func TestArchivesElsewhere(t *testing.T) {
	const rule = "github-pat"
	set, s := finder(t)
	r, _ := set.Rule(rule)
	key := r.Sample(seeded()).Token
	files := emptySlots(archiveFiles(t, "confluence", "{{body}}", key, "{{file}}", "x"))
	export := archiveOf(t, "confluence", files)
	record := func(src scanner.Source) string {
		t.Helper()
		got := ""
		stats, err := s.Scan(t.Context(), src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
			got += f.At.Path + " | " + f.At.Record + " | " + f.At.Field
			return nil
		}))
		if err != nil || len(stats.Gaps) > 0 {
			t.Errorf("%v, gaps %v", err, stats.Gaps)
		}
		return got
	}
	open := func(target string, o Options) scanner.Source {
		t.Helper()
		src, err := Open(t.Context(), target, o)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	t.Chdir(t.TempDir())
	for _, dir := range []string{"dir", "unpacked"} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string][]byte{
		"dir/a.zip": export, "b.zip": zipFile(t, map[string]string{"x.txt": "x", "old/a.zip": string(export), "z.txt": "z"}),
		"unpacked/entities.xml": []byte(files["entities.xml"]),
	} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const place = "entities.xml | Runbook  (page 98310) | body"
	for want, src := range map[string]scanner.Source{
		"a.zip!" + place:           open("dir", Options{}),
		"b.zip!old/a.zip!" + place: open("b.zip", Options{}),
		"-!" + place:               open("-", Options{Stdin: bytes.NewReader(export)}),
		place:                      open("unpacked", Options{}),
	} {
		if got := record(src); strings.ReplaceAll(got, "Runbook (", "Runbook  (") != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestArchiveForcedOnStdin tells an archive on standard input that is not what it was opened as.
func TestArchiveForcedOnStdin(t *testing.T) {
	for _, c := range []struct {
		kind string
		data []byte
		want string
	}{
		{"slack", archiveOf(t, "slack", archiveFiles(t, "slack")), ""},
		{"gitlab", archiveOf(t, "gitlab", archiveFiles(t, "gitlab")), ""},
		{
			"slack", zipFile(t, map[string]string{"a.txt": "x"}),
			`export -: not a Slack export: no users.json beside a <channel>/<day>.json (leave --source out, or name another one)`,
		},
	} {
		src, err := Open(t.Context(), "-", Options{Kind: c.kind, Stdin: bytes.NewReader(c.data)})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, err := range src.Chunks(t.Context()) {
			if err != nil {
				got += err.Error()
			}
		}
		if got != c.want {
			t.Errorf("%s: gap %q, want %q", c.kind, got, c.want)
		}
	}
}

// TestUnsafeNames reads members whose names lead elsewhere, and counts them.
func TestUnsafeNames(t *testing.T) {
	files := map[string]string{"../../etc/passwd": "x", "/etc/shadow": "y", "a/b": "z"}
	src, err := openText(t, "a.zip", string(zipFile(t, files)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range src.Chunks(t.Context()) {
		if err != nil {
			t.Error(err)
		}
	}
	want := map[string]int{"files": 1, "members": 3, sawUnsafe: 2}
	if d := cmp.Diff(want, src.(scanner.Counter).Coverage().Seen); d != "" {
		t.Errorf("seen (-want +got):\n%s", d)
	}
}

// TestDamagedArchives cuts archives and changes bytes of them: whatever is lost, the scan is incomplete.
func TestDamagedArchives(t *testing.T) {
	for name := range archiveSamples {
		t.Run(name, func(t *testing.T) {
			data := archiveOf(t, name, archiveFiles(t, name))
			whole := amountOf(t, name, data)
			step := len(data)/60 + 1
			for i := 0; i < len(data); i += map[bool]int{true: 1, false: step}[i < 4] {
				if got := amountOf(t, name, data[:i]); got.gaps == 0 {
					t.Errorf("cut after byte %d of %d it ends without a gap", i, len(data))
				}
				flipped := bytes.Clone(data)
				flipped[i] ^= 0x24
				if got := amountOf(t, name, flipped); got.gaps == 0 && got.bytes < whole.bytes {
					t.Errorf("with byte %d of %d changed: %d bytes of %d, and no gap", i, len(data), got.bytes, whole.bytes)
				}
			}
		})
	}
}

// amount is how much a source gave.
type amount struct{ bytes, gaps int }

func amountOf(t *testing.T, name string, data []byte) amount {
	t.Helper()
	src, err := openText(t, archiveName(name), string(data), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var a amount
	for c, err := range src.Chunks(t.Context()) {
		if err != nil {
			a.gaps++
		}
		a.bytes += len(c.Data)
	}
	return a
}
