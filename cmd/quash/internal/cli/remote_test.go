package cli_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
)

// newRemoteWorld is a world with a repository elsewhere, acme/shop, with a key in its history, and a folder for temporary files.
func newRemoteWorld(t *testing.T) (*world, *forgetest.Forge, string) {
	t.Helper()
	w, f := newWorld(t), forgetest.Start(t)
	w.env["PATH"], w.env["HOME"] = os.Getenv("PATH"), w.path("home")
	t.Setenv("TMPDIR", filepath.Dir(w.write("tmp/none", "")))
	shop := forgetest.Repository{Owner: "acme", Name: "shop"}
	f.Add(shop)
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a.env": "GITHUB_TOKEN=" + sampleKey(w, 1) + "\n"})
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a.env": "none\n"})
	return w, f, f.CloneURL(shop)
}

// temporary are the files and folders that runs left behind.
func (w *world) temporary() []string {
	w.t.Helper()
	entries, err := os.ReadDir(w.path("tmp"))
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "none" {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestScanRemote: a repository elsewhere is fetched with what git's credential helper gives, which nobody else is shown, and what was
// fetched is removed.
func TestScanRemote(t *testing.T) {
	w, f, url := newRemoteWorld(t)
	secret := make([]byte, 20)
	_, _ = rand.Read(secret)
	f.Set(func() { f.Token = hex.EncodeToString(secret) })
	w.wants(w.run("scan", url), 2, "it asks for a credential", "git ls-remote "+url)

	w.write("token", f.Token)
	w.write("home/.gitconfig", fmt.Sprintf("[credential]\n\thelper = \"!f() { echo username=x-access-token; echo password=$(cat '%s'); }; f\"\n", w.path("token")))
	seen := watchArguments(t, f.Token)
	r := w.wants(w.run("scan", url, "-f", "jsonl", "--log-level", "debug"), 1)
	seen()
	name := strings.TrimSuffix(strings.TrimPrefix(url, "http://"), ".git")
	got := spots(t, r.out)
	if len(got) != 1 || !strings.HasPrefix(got[0], url+" q-") || !strings.Contains(got[0], " github-pat a.env:1 "+name) {
		t.Errorf("found %q", got)
	}
	for what, text := range map[string]string{"output": r.out, "standard error": r.err} {
		if strings.Contains(text, f.Token) || strings.Contains(text, sampleKey(w, 1)) {
			t.Errorf("%s has a credential in it", what)
		}
	}
	if left := w.temporary(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	w.wants(w.run("scan", url, w.path("nowhere")), 2, "nowhere")
	if left := w.temporary(); len(left) > 0 {
		t.Errorf("left behind after a mistyped target: %v", left)
	}
}

// TestScanRemoteRefused: what holds a credential or is no clone URL is refused, and not repeated.
func TestScanRemoteRefused(t *testing.T) {
	w, f, url := newRemoteWorld(t)
	secret := sampleKey(w, 3)
	for target, want := range map[string]string{
		"https://ann:" + secret + "@git.acme.example/a.git": "the URL holds a credential",
		"https://" + secret + "@git.acme.example/a.git":     "the URL holds a credential",
		"https://git.acme.example/a.git?token=" + secret:    "query",
		"ext::sh -c " + secret + "://x":                     "not a clone URL",
		strings.Replace(url, "shop", "none", 1):             "no such repository",
		"ssh://-oProxyCommand=" + secret + "/x":             "names no repository",
	} {
		r := w.wants(w.run("scan", target), 2, want)
		if strings.Contains(r.out+r.err, secret) {
			t.Errorf("a refused target is repeated: %s", strings.ReplaceAll(r.err, secret, "…"))
		}
	}
	if n := len(forgetest.Fetched(f.Forget())); n != 0 {
		t.Errorf("%d repositories were fetched", n)
	}
}

// TestScanRemoteCache: with --cache the mirror stays, and the next run fetches nothing that it has. git@host:path and file:// are
// targets too.
func TestScanRemoteCache(t *testing.T) {
	w, f, url := newRemoteWorld(t)
	first := w.wants(w.run("scan", url, "--cache", w.path("cache"), "-f", "jsonl", "--incremental"), 1)
	f.Forget()
	again := w.wants(w.run("scan", url, "--cache", w.path("cache"), "-f", "jsonl", "--incremental"), 1)
	if got := forgetest.Fetched(f.Forget()); len(got) != 0 {
		t.Errorf("packs were fetched again: %v", got)
	}
	if d := cmp.Diff(spots(t, first.out), spots(t, again.out)); d != "" {
		t.Error(d)
	}
	local := w.wants(w.run("scan", "file://"+f.Dir("acme/shop"), "-f", "jsonl"), 1)
	if d := cmp.Diff(ids(t, first.out), ids(t, local.out)); d != "" {
		t.Error(d)
	}
	if left := w.temporary(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	w.env["GIT_SSH_COMMAND"] = "echo no connection here >&2; false"
	w.wants(w.run("scan", "git@git.acme.example:acme/shop.git"), 2, "ssh://git@git.acme.example/acme/shop.git")
}

// hostile makes a repository whose configuration names a command for everything that git would run, hooks and attributes included,
// and returns the file that any of them would make.
func hostile(w *world, dir string) string {
	w.t.Helper()
	mark := w.path("run-by-the-repository")
	run := w.write(dir+"-evil", "#!/bin/sh\necho \"$0 $*\" >>"+mark+"\nexit 1\n")
	if err := os.Chmod(run, 0o700); err != nil {
		w.t.Fatal(err)
	}
	for _, c := range []string{
		"core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.gitProxy", "core.alternateRefsCommand", "credential.helper", "diff.external",
		"diff.evil.command", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "merge.evil.driver", "gpg.program", "gpg.ssh.program",
		"uploadpack.packObjectsHook", "remote.origin.uploadpack", "pager.log", "pager.rev-list", "sequence.editor", "trailer.x.command", "http.sslCert", "interactive.diffFilter",
	} {
		w.git(dir, "config", c, run)
	}
	w.git(dir, "config", "core.hooksPath", w.path(dir+"/hooks"))
	w.git(dir, "config", "remote.origin.url", "ext::"+run)
	w.git(dir, "config", "remote.origin.promisor", "true")
	w.git(dir, "config", "protocol.ext.allow", "always")
	w.git(dir, "config", "alias.rev-list", "!"+run)
	for _, hook := range []string{"pre-commit", "post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc", "post-rewrite", "post-update"} {
		data, err := os.ReadFile(run)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.Chmod(w.write(dir+"/hooks/"+hook, string(data)), 0o700); err != nil {
			w.t.Fatal(err)
		}
	}
	return mark
}

// TestHostileRepository: however a repository is read, nothing that it names is run.
func TestHostileRepository(t *testing.T) {
	w := newWorld(t)
	w.env["PATH"], w.env["HOME"] = os.Getenv("PATH"), w.path("home")
	if err := os.Mkdir(w.path("evil"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.git("evil", "init", "-q")
	w.write("evil/.gitattributes", "* filter=evil diff=evil merge=evil\n")
	w.write("evil/a.env", "GITHUB_TOKEN="+sampleKey(w, 1)+"\n")
	w.git("evil", "add", "-A")
	w.git("evil", "commit", "-qm", "first")
	w.write("evil/b.env", "GITHUB_TOKEN="+sampleKey(w, 2)+"\n")
	w.git("evil", "add", "-A")
	w.git("evil", "commit", "-qm", "second")
	w.git("evil", "update-index", "--split-index") // which the git program is asked about
	mark := hostile(w, "evil")
	dir := w.path("evil")
	for _, args := range [][]string{
		{dir}, {dir, "--unreachable"}, {dir, "--since", "2000-01-01"}, {dir, "--incremental"}, {dir, "--incremental"}, {dir, "--no-history"},
		{"file://" + dir}, {"file://" + dir + "/.git", "--cache", w.path("cache")}, {dir, "--range", "HEAD~..HEAD"},
	} {
		w.wants(w.run(append([]string{"scan"}, args...)...), 1)
		if said, err := os.ReadFile(mark); err == nil {
			t.Errorf("scan %q ran what the repository names: %s", args, said)
			_ = os.Remove(mark)
		}
	}
}

// TestScanIncremental: what --incremental finds is what a scan of everything finds, without reading everything; the file that it
// keeps holds no key.
func TestScanIncremental(t *testing.T) {
	w := newWorld(t)
	if err := os.Mkdir(w.path("shop"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.git("shop", "init", "-q")
	commit := func(name, text string) {
		w.write("shop/"+name, text)
		w.git("shop", "add", "-A")
		w.git("shop", "commit", "-qm", "change "+name)
	}
	for i := range 10 {
		commit(fmt.Sprint("plain", i), fmt.Sprint("plain ", i, "\n"))
	}
	commit("a.env", "GITHUB_TOKEN="+sampleKey(w, 1)+"\n")
	commit("allowed.env", "GITHUB_TOKEN="+sampleKey(w, 2)+" # quash:allow\n")
	chunks := func(r result) int {
		all := items(t, r.out)
		return all[len(all)-1].Stats.Chunks
	}
	compare := func(readAtMost int) {
		t.Helper()
		whole := w.wants(w.run("scan", w.path("shop"), "-f", "jsonl"), 1)
		part := w.wants(w.run("scan", w.path("shop"), "-f", "jsonl", "--incremental"), 1)
		if d := cmp.Diff(spots(t, whole.out), spots(t, part.out)); d != "" {
			t.Errorf("(-whole +incremental)\n%s", d)
		}
		all, some := items(t, whole.out), items(t, part.out)
		if all[len(all)-1].Stats.Allowed != some[len(some)-1].Stats.Allowed {
			t.Error("what is allowed differs")
		}
		if n := chunks(part); n > readAtMost {
			t.Errorf("%d chunks were read, want %d at most", n, readAtMost)
		}
	}
	compare(1000)
	compare(2)
	commit("b.env", "GITHUB_TOKEN="+sampleKey(w, 3)+"\n")
	compare(4)
	compare(3)
	w.git("shop", "reset", "-q", "--hard", "HEAD~")
	compare(3) // what is lost is looked at once more
	w.write("shop/.quashignore", ids(t, w.run("scan", w.path("shop"), "-f", "jsonl").out)[0]+" expires=2030-01-01 owner=ann reason=test\n")
	w.git("shop", "add", "-A")
	w.wants(w.run("scan", w.path("shop"), "--incremental"), 0)
	w.write("shop/.quashignore", "")
	compare(5)

	files, err := filepath.Glob(w.path("state/scans/*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(3) {
		if strings.Contains(string(data), sampleKey(w, i+1)) {
			t.Error("the state holds a key")
		}
	}
	w.write("state/scans/"+filepath.Base(files[0]), "damaged")
	compare(1000)
}

// TestHistoryFlags: flags that do not go together are refused, and so is what is no time.
func TestHistoryFlags(t *testing.T) {
	w := newWorld(t)
	for want, args := range map[string][]string{
		"--incremental reads the history": {"--incremental", "--unreachable"},
		"--unreachable reads the history": {"--unreachable", "--staged"},
		"--since reads the history":       {"--since", "3d", "--range", "a..b"},
		"--since: not a time":             {"--since", "yesterday"},
	} {
		w.wants(w.run(append([]string{"scan", "."}, args...)...), 2, want)
	}
	w.write("a.env", "GITHUB_TOKEN="+sampleKey(w, 1)+"\n")
	for _, since := range []string{"3d", "12h", "2026-01-31", "2026-01-31T12:00:00Z", "4w", "90m"} {
		w.wants(w.run("scan", ".", "--since", since), 1)
	}
	if !slices.Contains([]int{1}, w.run("scan", ".", "--incremental").code) {
		t.Error("a directory cannot be scanned with --incremental")
	}
}
