package source

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

// bundled is a repository with a key in an old commit and one in a message on a side branch, for bundles.
type bundled struct {
	*fixture
	scanner *scanner.Scanner
	ids     map[scanner.ID]string // what the keys are called
	commits map[string]string
}

func newBundled(t *testing.T, args ...string) *bundled {
	set, s := finder(t)
	b := &bundled{newFixture(t, args...), s, map[scanner.ID]string{}, map[string]string{}}
	rule, _ := set.Rule("github-pat")
	key := func(name string) string {
		token := rule.Sample(seeded()).Token
		b.ids[s.ID(rule, scanner.NewSecret(token))] = name
		return token
	}
	b.commits["old"] = b.commit("first", "deploy.env", "TOKEN="+key("old")+"\n", "long", strings.Repeat("a line of text that is not random\n", 400))
	b.git("rm", "-q", "deploy.env")
	b.commit("second", "long", strings.Repeat("a line of text that is not random\n", 401))
	b.git("checkout", "-q", "-b", "side")
	b.commits["message"] = b.commit("third with "+key("message"), "c", "c\n")
	b.git("checkout", "-q", "main")
	b.commits["new"] = b.commit("fourth", "new.yml", "token: "+key("new")+"\n")
	return b
}

// file makes a bundle and returns its bytes.
func (b *bundled) file(args ...string) string {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "x")
	b.git(append([]string{"bundle", "create", "-q", path}, args...)...)
	data, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

// bare returns the files of a bare repository of it, below a directory.
func (b *bundled) bare(dir string) map[string]string {
	b.t.Helper()
	at := filepath.Join(b.t.TempDir(), "x.git")
	b.git("clone", "-q", "--mirror", b.dir, at)
	files := map[string]string{}
	err := filepath.WalkDir(at, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.Contains(path, "hooks") {
			data, readErr := os.ReadFile(path)
			name, _ := filepath.Rel(at, path)
			files[dir+"/"+filepath.ToSlash(name)], err = string(data), readErr
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return files
}

// scan scans a target, which it closes, and returns where the keys are, and the gaps.
func (b *bundled) scan(target string, o Options) (found, gaps []string, stats scanner.Stats) {
	b.t.Helper()
	src, err := Open(b.t.Context(), target, o)
	if err != nil {
		b.t.Fatal(err)
	}
	stats, err = b.scanner.Scan(b.t.Context(), src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		who := ""
		if f.At.Time.IsZero() || f.At.Author != "Ann Lee" {
			who = " by nobody"
		}
		found = append(found, fmt.Sprint(b.ids[f.ID], " ", f.At.Path, " ", f.At.Commit, who))
		return nil
	}))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := src.(io.Closer).Close(); err != nil {
		b.t.Fatal(err)
	}
	for _, g := range stats.Gaps {
		gaps = append(gaps, g.Error())
	}
	slices.Sort(found)
	return found, gaps, stats
}

// all are the keys at their places; path stands before those of files, and is that of messages.
func (b *bundled) all(path, between string) []string {
	return []string{
		"message " + path + " " + b.commits["message"], "new " + path + between + "new.yml " + b.commits["new"],
		"old " + path + between + "deploy.env " + b.commits["old"],
	}
}

// TestBundles reads git bundles and bare repositories wherever they stand: the keys of the whole history are found, with commit, author and
// time. Nothing stays behind on the disk.
func TestBundles(t *testing.T) {
	b := newBundled(t)
	whole := b.file("--all")
	gitlab := map[string]string{"tree/project/issues.ndjson": "{}\n", "project.bundle": whole, "VERSION": "1"}
	migration := map[string]string{"schema.json": "{}", "issues_000001.json": "[]"}
	maps.Copy(migration, b.bare("repositories/acme/sync.git"))
	loose := map[string]string{"schema.json": "{}", "issues_000001.json": "[]"}
	for name, text := range b.bare("acme.git") {
		if !strings.HasSuffix(name, ".idx") {
			loose[name] = text
		}
	}
	work := map[string]string{"README": "x"}
	for name, text := range b.bare("sync") {
		work[strings.Replace(name, "sync/", "sync/.git/", 1)] = text
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Chdir(t.TempDir())
	write(t, "a.bundle", whole)
	write(t, "dir/a.bundle", whole)
	for name, files := range map[string]map[string]string{"gl": gitlab, "gh": migration, "loose": loose, "work": work} {
		write(t, name+".zip", string(zipFile(t, files)))
		write(t, name+".tar.gz", string(tarFile(t, files)))
	}
	write(t, "in.zip", string(zipFile(t, map[string]string{"gl.zip": string(zipFile(t, gitlab))})))
	for _, c := range []struct{ target, path, between string }{
		{"a.bundle", "", ""},
		{"dir", "a.bundle", "!"},
		{"gl.zip", "gl.zip!project.bundle", "!"},
		{"gl.tar.gz", "gl.tar.gz!./project.bundle", "!"},
		{"in.zip", "in.zip!gl.zip!project.bundle", "!"},
		{"gh.zip", "gh.zip!repositories/acme/sync.git", "!"},
		{"gh.tar.gz", "gh.tar.gz!./repositories/acme/sync.git", "!"},
		{"loose.zip", "loose.zip!acme.git", "!"},
		{"work.tar.gz", "work.tar.gz!./sync/.git", "!"},
	} {
		found, gaps, _ := b.scan(c.target, Options{})
		if d := cmp.Diff(b.all(c.path, c.between), found); d != "" || gaps != nil {
			t.Errorf("%s: gaps %q, places (-want +got):\n%s", c.target, gaps, d)
		}
		if c.target == "a.bundle" {
			continue
		}
		found, gaps, stats := b.scan(c.target, Options{NoHistory: true})
		if found != nil || gaps != nil || stats.Coverage.Skipped[skipHistory] != 1 {
			t.Errorf("%s without history: %q, gaps %q, %+v", c.target, found, gaps, stats.Coverage)
		}
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("%d folders stay behind", len(left))
	}
}

// TestBundleFromStdin: what can be read once only is read all the same.
func TestBundleFromStdin(t *testing.T) {
	b := newBundled(t)
	found, gaps, _ := b.scan("-", Options{Stdin: strings.NewReader(b.file("--all"))})
	if d := cmp.Diff(b.all("-", "!"), found); d != "" || gaps != nil {
		t.Errorf("gaps %q, places (-want +got):\n%s", gaps, d)
	}
}

// TestBundleInHistory: what a commit brings in a bundle is found, and placed at that commit.
func TestBundleInHistory(t *testing.T) {
	b := newBundled(t)
	f := newFixture(t)
	commit := f.commit("a bundle", "lib/a.bundle", b.file("--all"))
	f.commit("another", "b", "b")
	found, gaps, _ := b.scan(f.dir, Options{})
	want := []string{"message lib/a.bundle " + commit, "new lib/a.bundle!new.yml " + commit, "old lib/a.bundle!deploy.env " + commit}
	if d := cmp.Diff(want, found); d != "" || gaps != nil {
		t.Errorf("gaps %q, places (-want +got):\n%s", gaps, d)
	}
	f.write("untracked.bundle", b.file("--all"))
	found, gaps, _ = b.scan(f.dir, Options{})
	if want := slices.Sorted(slices.Values(append(want, b.all("untracked.bundle", "!")...))); !cmp.Equal(want, found) || gaps != nil {
		t.Errorf("with one in the work tree: gaps %q, places (-want +got):\n%s", gaps, cmp.Diff(want, found))
	}
}

// TestBundleSHA256 reads a bundle of version 3.
func TestBundleSHA256(t *testing.T) {
	b := newBundled(t, "--object-format=sha256")
	t.Chdir(t.TempDir())
	write(t, "a.bundle", b.file("--all"))
	write(t, "gh.tar.gz", string(tarFile(t, b.bare("a.git"))))
	for target, path := range map[string]string{"a.bundle": "", "gh.tar.gz": "gh.tar.gz!./a.git"} {
		between := map[bool]string{true: "!"}[path != ""]
		if found, gaps, _ := b.scan(target, Options{}); gaps != nil || !cmp.Equal(b.all(path, between), found) {
			t.Errorf("%s: gaps %q, places (-want +got):\n%s", target, gaps, cmp.Diff(b.all(path, between), found))
		}
	}
}

// TestPartOfABundle: a bundle that lacks commits, is cut short or damaged gives what can be read of it, and says what is missing.
func TestPartOfABundle(t *testing.T) {
	b := newBundled(t)
	whole := b.file("--all")
	flipped := []byte(whole)
	flipped[len(flipped)-60] ^= 0x55
	base := b.git("rev-parse", "HEAD~1")
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct{ data, why string }{
		"thin":     {b.file("HEAD~1..main", "^side"), "it builds on commits that are not in it: "},
		"cut":      {whole[:len(whole)-90], "its pack is damaged or cut short (make it again with git bundle create)"},
		"flipped":  {string(flipped), "its pack is damaged or cut short (make it again with git bundle create)"},
		"no pack":  {whole[:strings.Index(whole, "PACK")], "its pack is damaged or cut short (make it again with git bundle create)"},
		"cut head": {whole[:40], "it ends in its head (make it again with git bundle create)"},
		"head":     {strings.Replace(whole, "# v2", "# v9", 1), "it does not begin as a git bundle of version 2 or 3 does (make it again with git bundle create)"},
		"a ref":    {strings.Replace(whole, " refs/heads/main", "x refs/heads/main", 1), "its head is damaged (make it again with git bundle create)"},
		"feature":  {"# v3 git bundle\n@future=1\n" + whole[len("# v2 git bundle\n"):], "it has a capability that is not known here (make it again with git bundle create)"},
		"long":     {"# v2 git bundle\n-" + strings.Repeat("0", bundleLine), "its head has more than 67,108,864 bytes (make it again with git bundle create)"},
	} {
		write(t, "a.bundle", c.data)
		write(t, "a.zip", string(zipFile(t, map[string]string{"tree/project/issues.ndjson": "{}\n", "project.bundle": c.data})))
		for target, what := range map[string]string{"a.bundle": "a.bundle", "a.zip": "a.zip!project.bundle"} {
			found, gaps, _ := b.scan(target, Options{})
			want := "git bundle " + what + ": " + c.why
			if len(gaps) == 0 || !strings.HasPrefix(gaps[0], want) {
				t.Errorf("%s, %s: gaps %q, want %q", name, target, gaps, want)
			}
			if name == "thin" && (len(found) != 1 || !strings.HasPrefix(found[0], "new ") || !strings.Contains(gaps[0], base)) {
				t.Errorf("%s, %s: found %q, gaps %q", name, target, found, gaps)
			}
			if name == "cut" && !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, "message ") }) {
				t.Errorf("%s, %s: only %q", name, target, found)
			}
		}
	}
}

// TestEveryCutOfABundle: wherever a bundle ends early, the scan is incomplete.
func TestEveryCutOfABundle(t *testing.T) {
	b := newBundled(t)
	whole := b.file("--all")
	t.Chdir(t.TempDir())
	for at := 16; at < len(whole); at += len(whole)/25 + 1 {
		write(t, "a.bundle", whole[:at])
		if _, gaps, _ := b.scan("a.bundle", Options{}); len(gaps) == 0 {
			t.Errorf("cut after byte %d of %d it is complete", at, len(whole))
		}
	}
}

// TestBundleWithoutGit: the gap says what is needed.
func TestBundleWithoutGit(t *testing.T) {
	b := newBundled(t)
	t.Chdir(t.TempDir())
	write(t, "dir/a.bundle", b.file("--all"))
	for _, target := range []string{"dir", "dir/a.bundle"} {
		_, gaps, _ := b.scan(target, Options{Git: filepath.Join(t.TempDir(), "nothing")})
		if len(gaps) != 1 || !strings.Contains(gaps[0], "the git program is needed to read it and is not installed (install git, then scan again)") {
			t.Errorf("%s: %q", target, gaps)
		}
	}
}

// TestBundleRunsNothing: a repository in an archive brings no configuration, no hook, no alternates and no path of its own.
func TestBundleRunsNothing(t *testing.T) {
	b := newBundled(t)
	ran := filepath.Join(t.TempDir(), "ran")
	files := b.bare("a.git")
	files["a.git/config"] = "[core]\n\tfsmonitor = touch " + ran + "\n\thooksPath = .\n[include]\n\tpath = /etc/passwd\n"
	files["a.git/hooks/post-checkout"] = "#!/bin/sh\ntouch " + ran + "\n"
	files["a.git/objects/info/alternates"] = b.dir + "/.git/objects\n"
	files["a.git/objects/pack/../../../../evil.pack"] = "x"
	files["a.git/refs/heads/../../../evil"] = strings.Repeat("a", 40)
	for name := range files {
		if strings.HasSuffix(name, ".idx") {
			delete(files, name) // so that git is run
		}
	}
	t.Chdir(t.TempDir())
	write(t, "a.zip", string(zipFile(t, files)))
	b.scan("a.zip", Options{})
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program was run")
	}
	src, err := Open(t.Context(), "a.zip", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range src.Chunks(t.Context()) {
	}
	for _, n := range src.(*file).nests.found {
		if _, err := os.Stat(filepath.Join(n.dir, "objects", "info")); err == nil {
			t.Error("alternates are taken over")
		}
		err := filepath.WalkDir(filepath.Dir(n.dir), func(path string, _ fs.DirEntry, err error) error {
			if strings.Contains(path, "evil") || strings.Contains(path, "hooks") {
				t.Errorf("%s was written", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if err := src.(io.Closer).Close(); err != nil {
		t.Error(err)
	}
}

// TestBundleBomb: a bundle that goes on for ever where its pack should be ends early, and one over the limit is not kept.
func TestBundleBomb(t *testing.T) {
	b := newBundled(t)
	head, _, _ := strings.Cut(b.file("--all"), "PACK")
	zeros := &endless{}
	n := newNesting(Options{}, 0)
	defer func() { _ = n.close() }()
	at, gap := n.unbundle(t.Context(), "a.bundle", io.MultiReader(strings.NewReader(head), zeros))
	if gap == nil || at.size() > 1<<20 || zeros.given > 16<<20 {
		t.Errorf("gap %v, %d bytes kept, %d read", gap, at.size(), zeros.given)
	}
	n.took(mostKept)
	if _, gap := n.unbundle(t.Context(), "a.bundle", strings.NewReader(b.file("--all"))); gap == nil || !strings.Contains(gap.Why, "over the limit") {
		t.Errorf("gap %v", gap)
	}
	n.took(-100)
	if _, gap := n.unbundle(t.Context(), "a.bundle", strings.NewReader(b.file("--all"))); gap == nil || !strings.Contains(gap.Why, "over the limit") {
		t.Errorf("gap %v", gap)
	}
}

// endless gives zeros.
type endless struct{ given int }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.given += len(p)
	return len(p), nil
}

// FuzzBundle reads the heads of bundles: it ends without a panic, and lists no reference that could be taken for anything else.
func FuzzBundle(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add("# v2 git bundle\n-" + id + " why\n" + id + " refs/heads/main\n" + id + " HEAD\n\nPACK")
	f.Add("# v3 git bundle\n@object-format=sha256\n@filter=blob:none\n" + id + id + " refs/tags/v1\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := readBundle(bufio.NewReaderSize(strings.NewReader(text), bundleLine))
		if err != nil {
			return
		}
		dir := t.TempDir()
		if err := layOut(dir, b.refs, b.hash); err != nil {
			t.Fatal(err)
		}
		packed, err := os.ReadFile(filepath.Join(dir, "packed-refs"))
		if err != nil || bytes.Count(packed, []byte("\n")) != len(b.refs.ids) {
			t.Errorf("%q: %d references, %v: %q", text, len(b.refs.ids), err, packed)
		}
	})
}
