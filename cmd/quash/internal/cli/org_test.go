package cli_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	mrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
)

// newOrgWorld is a world with a GitHub that wants a credential, which the world's environment holds.
func newOrgWorld(t *testing.T) (*world, *forgetest.Forge) {
	t.Helper()
	w, f := newWorld(t), forgetest.Start(t)
	secret := make([]byte, 20)
	_, _ = rand.Read(secret)
	f.Set(func() { f.Token = hex.EncodeToString(secret) })
	w.env["GITHUB_TOKEN"], w.env["GITHUB_API_URL"], w.env["XDG_CACHE_HOME"] = f.Token, f.URL, w.path("cache")
	return w, f
}

// sampleKey makes a key of GitHub's, another for every seed.
func sampleKey(w *world, seed uint64) string {
	return w.rule("github-pat").Sample(mrand.New(mrand.NewPCG(seed, 17))).Token
}

// fill adds n repositories: two keys, one of them in two repositories and on a side branch.
func fill(w *world, f *forgetest.Forge, n int) {
	one, two := "GITHUB_TOKEN="+sampleKey(w, 1)+"\n", "GITHUB_TOKEN="+sampleKey(w, 2)+"\n"
	for i := range n {
		name := fmt.Sprintf("r%02d", i)
		f.Add(forgetest.Repository{Owner: "acme", Name: name, Archived: i == 4, Fork: i == 5})
		f.Push("acme/"+name, "refs/heads/main", map[string]string{"README.md": "# " + name + "\n", "main.go": "package main\n"})
	}
	f.Push("acme/r01", "refs/heads/main", map[string]string{"a.env": one})
	f.Push("acme/r03", "refs/heads/side", map[string]string{"b.env": one})
	f.Push("acme/r03", "refs/heads/main", map[string]string{"c.env": two})
}

// coverage counts the repositories of a coverage file by what became of them.
func (w *world) coverage(name string) map[string]int {
	w.t.Helper()
	var c struct{ Repositories []struct{ Covered string } }
	if err := json.Unmarshal([]byte(w.read(name)), &c); err != nil {
		w.t.Fatal(err)
	}
	n := map[string]int{}
	for _, r := range c.Repositories {
		n[r.Covered]++
	}
	return n
}

// spots are the findings of a stream, one a line.
func spots(t testing.TB, stream string) (all []string) {
	t.Helper()
	for _, it := range items(t, stream) {
		if f := it.Finding; f != nil {
			all = append(all, fmt.Sprintf("%s %s %s %s:%d %s %s", f.Target, f.ID, f.Rule, f.Location.Path, f.Location.Line, f.Location.Repository, f.Location.URL))
		}
	}
	return all
}

// A nightly run over sixty repositories fetches and reads what changed, reports all the same, and shows its credential to
// nobody but the forge.
func TestOrg(t *testing.T) {
	w, f := newOrgWorld(t)
	fill(w, f, 60)
	f.Set(func() { f.PageSize = 25 })
	seen := watchArguments(t, f.Token)
	first := w.wants(w.run("org", "github:acme", "-f", "jsonl", "--coverage", w.path("first.json"), "--log-level", "debug"), 1, "60 repositories: 60 scanned")
	seen()
	if got := spots(t, first.out); len(got) != 3 || len(ids(t, first.out)) != 2 || !strings.HasPrefix(got[0], "acme/r01 q-") || !strings.Contains(got[0], f.URL+"/acme/r01/blob/") {
		t.Errorf("found %q", got)
	}
	if n := len(forgetest.Fetched(f.Forget())); n != 60 {
		t.Errorf("%d repositories fetched", n)
	}

	f.Push("acme/r07", "refs/heads/main", map[string]string{"d.env": "GITHUB_TOKEN=" + sampleKey(w, 2) + "\n"})
	f.Push("acme/r08", "refs/heads/main", map[string]string{"README.md": "# new\n"})
	f.Git("acme/r03", "update-ref", "-d", "refs/heads/side")
	second := w.wants(w.run("org", "github:acme", "-f", "jsonl", "--coverage", w.path("second.json")), 1, "60 repositories: 3 scanned, 57 unchanged")
	asked := f.Forget()
	changed := []string{"acme/r03", "acme/r07", "acme/r08"}
	if got := forgetest.Fetched(asked); !slices.Contains(got, "acme/r07") || !slices.Contains(got, "acme/r08") || slices.ContainsFunc(got, func(s string) bool { return !slices.Contains(changed, s) }) {
		t.Errorf("fetched %v, want %v", got, changed)
	}
	for i := range 60 {
		name := fmt.Sprintf("acme/r%02d", i)
		n := len(slices.DeleteFunc(slices.Clone(asked), func(r forgetest.Request) bool { return !strings.HasPrefix(r.Path, "/git/"+name+".git/") }))
		if !slices.Contains(changed, name) && n != 1 {
			t.Errorf("%s did not change and was asked %d times", name, n)
		}
	}
	if got := spots(t, second.out); len(got) != 3 || len(ids(t, second.out)) != 2 || got[0] != spots(t, first.out)[0] || !strings.HasPrefix(got[2], "acme/r07") {
		t.Errorf("found %q", got)
	}
	if d := cmp.Diff(map[string]int{"scanned": 3, "unchanged": 57}, w.coverage("second.json")); d != "" {
		t.Error(d)
	}
	id := ids(t, second.out)[0]
	w.wants(w.run("show", id), 0, "acme", "a.env")
	hidden(t, w, f.Token, first, second)
}

// watchArguments looks at the arguments of all processes until the returned function is called, which fails the test if the
// credential was among them. Only Linux shows them.
func watchArguments(t *testing.T, secret string) (stop func()) {
	if runtime.GOOS != "linux" {
		return func() {}
	}
	done, looks, gits := make(chan struct{}), 0, 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for ; ; looks++ {
			files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, path := range files {
				line, _ := os.ReadFile(path) // the process may have ended
				if bytes.Contains(line, []byte("git")) && bytes.Contains(line, []byte("127.0.0.1")) {
					gits++
				}
				if held(line, secret) {
					t.Errorf("%s holds the credential", path)
				}
			}
			select {
			case <-done:
				return
			case <-time.After(25 * time.Millisecond):
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
		if gits == 0 {
			t.Errorf("no git was seen at work in %d looks", looks)
		}
	}
}

// held reports whether bytes hold the credential, as it is or as git sends it.
func held(data []byte, secret string) bool {
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + secret))
	return bytes.Contains(data, []byte(secret)) || bytes.Contains(data, []byte(basic))
}

// hidden checks that a credential is in no file of the world and no output.
func hidden(t *testing.T, w *world, secret string, results ...result) {
	t.Helper()
	for _, r := range results {
		if held([]byte(r.out+r.err), secret) {
			t.Error("an output holds the credential")
		}
	}
	files := 0
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if held(data, secret) {
			t.Errorf("%s holds the credential", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files: %v", files, err)
	}
}

func TestOrgFilters(t *testing.T) {
	w, f := newOrgWorld(t)
	fill(w, f, 8)
	w.wants(w.run("org", "github:acme", "--archived", "no", "--forks", "no", "--exclude", "r01,r03"), 0,
		"8 repositories: 4 scanned, 4 left out", "left out: 1 archived repository, 2 excluded repositories, 1 fork", "Clean")
	w.wants(w.run("org", "github:acme", "--match", "r0[13]", "--exclude", "r01"), 1, "8 repositories: 1 scanned, 7 left out")
	w.wants(w.run("org", "github:acme", "--topic", "none"), 3, "no repository to read: 8 are listed")
	w.wants(w.run("org", "github:acme", "github:acme", "--match", "r0[67]"), 0, "8 repositories: 2 unchanged, 6 left out")
}

// A baseline takes keys out of the report and makes nothing be read again.
func TestOrgBaseline(t *testing.T) {
	w, f := newOrgWorld(t)
	fill(w, f, 4)
	all := ids(t, w.wants(w.run("org", "github:acme", "-f", "jsonl"), 1).out)
	base := w.write("baseline", strings.Join(all, "\n")+"\nq-0000000000000000\n")
	w.wants(w.run("org", "github:acme", "--baseline", base), 0, "4 repositories: 4 unchanged", "3 allowed findings", "q-0000000000000000 matched nothing")
	w.wants(w.run("org", "github:acme", "--skip", "github-pat"), 0, "4 repositories: 4 scanned")
}

// What cannot be reached is named, and the run is not called clean.
func TestOrgNotCovered(t *testing.T) {
	w, f := newOrgWorld(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "good"})
	f.Add(forgetest.Repository{Owner: "acme", Name: "down", Clone: "http://127.0.0.1:1/down.git"})
	f.Add(forgetest.Repository{Owner: "acme", Name: "gone", Clone: f.URL + "/git/acme/gone.git"})
	for range 2 {
		w.wants(w.run("org", "github:acme", "--coverage", w.path("c.json")), 3, "INCOMPLETE", "repository acme/down: not covered", "repository acme/gone: not covered: there is no such repository")
		if d := cmp.Diff(1, w.coverage("c.json")["scanned"]+w.coverage("c.json")["unchanged"]); d != "" || w.coverage("c.json")["failed"] != 2 {
			t.Error(w.read("c.json"))
		}
	}
	w.wants(w.run("org", "github:acme", "--allow-incomplete"), 0, "INCOMPLETE")
	f.Set(func() {
		f.Answer = func(rw http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("page") == "2" {
				rw.WriteHeader(http.StatusBadGateway)
				return true
			}
			return false
		}
	})
	f.Set(func() { f.PageSize = 1 })
	w.wants(w.run("org", "github:acme"), 3, "account acme: only 1 of its repositories could be listed")
}

// GitHub's rate limit is waited out, and said.
func TestOrgRateLimit(t *testing.T) {
	w, f := newOrgWorld(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "good"})
	begin, refused := w.Now(), false
	f.Set(func() {
		f.Answer = func(rw http.ResponseWriter, r *http.Request) bool {
			if refused {
				return false
			}
			refused = true
			rw.Header().Set("X-RateLimit-Remaining", "0")
			rw.Header().Set("X-RateLimit-Reset", strconv.FormatInt(begin.Add(40*time.Minute).Unix(), 10))
			rw.WriteHeader(http.StatusForbidden)
			return true
		}
	})
	w.wants(w.run("org", "github:acme"), 0, "rate limit is used up; waiting until 12:40:01 UTC", "Clean")
	if got := w.Now().Sub(begin); got < 40*time.Minute || got > 41*time.Minute {
		t.Errorf("waited %v", got)
	}
}

func TestOrgEnterprise(t *testing.T) {
	w, f := newOrgWorld(t)
	fill(w, f, 4)
	f.Add(forgetest.Repository{Owner: "beta", Name: "b"})
	f.Set(func() { f.Enterprises["big"] = []string{"acme", "beta"} })
	w.wants(w.run("org", "github:enterprises/big"), 1, "5 repositories: 5 scanned")
	f.Set(func() { f.Enterprises["big"] = []string{"beta", "gamma"} })
	w.wants(w.run("org", "github:enterprises/big"), 3, "organisation gamma: its repositories cannot be listed whole", "1 repository: 1 unchanged")
	w.wants(w.run("org", "github:enterprises/none"), 2, "no such account")
}

func TestOrgList(t *testing.T) {
	w, f := newOrgWorld(t)
	fill(w, f, 4)
	list := "# ours\nfile://" + f.Dir("acme/r01") + "\n" + f.CloneURL(forgetest.Repository{Owner: "acme", Name: "r03"}) + "\n"
	r := w.wants(w.run("org", "--list", w.write("list", list), "-f", "jsonl"), 1, "2 repositories: 2 scanned")
	if got := spots(t, r.out); len(got) != 3 || !strings.Contains(got[1], "/git/acme/r03 ") {
		t.Errorf("found %q", got)
	}
	w.wants(w.pipe(list, "org", "--list", "-", "--match", "r03"), 1, "2 repositories: 1 unchanged, 1 left out")
}

// Without the git program quash fetches by itself, and finds the same.
func TestOrgWithoutGit(t *testing.T) {
	w, f := newOrgWorld(t)
	fill(w, f, 6)
	with := w.wants(w.run("org", "github:acme", "-f", "jsonl", "--cache", w.path("one")), 1)
	t.Setenv("PATH", "")
	without := w.wants(w.run("org", "github:acme", "-f", "jsonl", "--cache", w.path("two")), 1, "the git program is not installed")
	if d := cmp.Diff(spots(t, with.out), spots(t, without.out)); d != "" {
		t.Errorf("(-git +go-git):\n%s", d)
	}
	hidden(t, w, f.Token, with, without)
}

func TestOrgUsage(t *testing.T) {
	w, f := newOrgWorld(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "good"})
	secret := "https://ann:" + f.Token + "@git.acme.example/a.git"
	for want, args := range map[string][]string{
		"it takes github:NAME, or --list FILE": {},
		"it takes github:NAME, or --list":      {"github:acme", "--list", "x"},
		"a target is not known":                {f.Token},
		"no such account":                      {"github:nobody"},
		"not the name of an account":           {"github:a/b"},
		"say --respond too":                    {"github:acme", "--execute"},
		"--archived: not known":                {"github:acme", "--archived", "maybe"},
		"says nothing of archived":             {"--list", w.write("list", "https://h/a\n"), "--topic", "x"},
		"holds a credential":                   {"--list", w.write("secret", secret)},
		"--max-disk: not a size":               {"github:acme", "--max-disk", "many"},
		"--refs: not a pattern":                {"github:acme", "--refs", "main"},
		"--app-key":                            {"github:acme", "--app-id", "7", "--app-key", w.path("none")},
		"no RSA private key":                   {"github:acme", "--app-id", "7", "--app-installation", "9", "--app-key", w.path("list")},
		"--execute needs a policy":             {"github:acme", "--respond", "--execute"},
		"make the folder of mirrors":           {"github:acme", "--cache", w.path("list") + "/x"},
		`rule "none": not known`:               {"github:acme", "--only", "none"},
	} {
		r := w.wants(w.run(append([]string{"org"}, args...)...), 2, want)
		if strings.Contains(r.out+r.err, f.Token) {
			t.Errorf("%s: the output repeats a secret", want)
		}
	}
	w.env["GITHUB_TOKEN"] = "wrong-" + f.Token[:8]
	w.wants(w.run("org", "github:acme"), 2, "GitHub refuses the credential")
	w.write("config.yaml", "providers:\n  github:\n    credential: {file: token}\n")
	w.write("token", f.Token+"\n")
	w.wants(w.run("org", "github:acme", "--max-disk", "20GB"), 0, "1 repository: 1 scanned")
	w.write("config.yaml", "providers:\n  github:\n    base_url: http://git.acme.example\n")
	w.wants(w.run("org", "github:acme"), 2, "plain http")
}

func TestOrgInterrupted(t *testing.T) {
	w, f := newOrgWorld(t)
	fill(w, f, 4)
	ctx, cancel := context.WithCancel(t.Context())
	f.Set(func() {
		f.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, "/git/acme/r03") {
				cancel()
			}
			return false
		}
	})
	w.wants(w.runWith(ctx, "", "org", "github:acme", "-j", "1", "--no-store"), 1, "1 of 4 repositories: interrupted before they were read", "4 repositories: 3 scanned, 1 interrupted")
	f.Set(func() { f.Answer = nil })
	w.wants(w.run("org", "github:acme"), 1, "4 repositories: 1 scanned, 3 unchanged")
}
