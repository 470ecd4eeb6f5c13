// Package forgetest is a GitHub for tests: the part of its API that lists repositories, and the repositories themselves, served
// by git http-backend. Everything is on loopback and in a temporary folder.
//
// The repositories are written by git fast-import, so that sixty of them cost a second. Every request is noted, and a test
// can answer any of them itself: with a rate limit, an error, or silence.
package forgetest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Repository is a repository of the forge, as its API shows it.
type Repository struct {
	// Owner and Name are its full name.
	Owner, Name            string
	Archived, Fork, Hidden bool // hidden: private
	Topics                 []string
	// Clone is its clone URL; empty is the one that serves it.
	Clone string
}

// Request is what the forge was asked.
type Request struct{ Method, Path, Query string }

// Forge is a GitHub on loopback. Its fields are changed through Set while it is asked.
type Forge struct {
	// URL is the root of its API.
	URL string
	// Token, where it is set, is the credential that every request must carry.
	Token string
	// PageSize is how many repositories a page of a listing holds at most; 0: as many as are asked for.
	PageSize int
	// Users are owners that are no organisations; Enterprises are lists of organisations by name.
	Users       map[string]bool
	Enterprises map[string][]string
	// Answer, where it is set, answers a request itself when it returns true. Requests come to it one at a time.
	Answer func(http.ResponseWriter, *http.Request) bool

	t        testing.TB
	dir      string
	mu       sync.RWMutex
	list     []Repository
	requests []Request
}

// Git is the git program. Without one the test is skipped; where CI is set it fails.
func Git(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("git")
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatal("the git program is not installed")
	default:
		t.Skip("the git program is not installed")
	}
	return path
}

// Start starts a forge without repositories.
func Start(t testing.TB) *Forge {
	t.Helper()
	exe, err := exec.Command(Git(t), "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	f := &Forge{t: t, dir: t.TempDir(), Users: map[string]bool{}, Enterprises: map[string][]string{}}
	mux := http.NewServeMux()
	mux.Handle("/git/", &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(exe)), "git-http-backend"), Root: "/git", Stderr: io.Discard,
		Env: append(quiet(), "GIT_PROJECT_ROOT="+f.dir, "GIT_HTTP_EXPORT_ALL=1"),
	})
	mux.HandleFunc("GET /orgs/{owner}/repos", func(w http.ResponseWriter, r *http.Request) { f.repositories(w, r, false) })
	mux.HandleFunc("GET /users/{owner}/repos", func(w http.ResponseWriter, r *http.Request) { f.repositories(w, r, true) })
	mux.HandleFunc("POST /graphql", f.organizations)
	server := httptest.NewServer(f.noted(mux))
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

// quiet is the environment of git without anything of the machine's own.
func quiet() []string {
	const at = "2026-10-01T08:00:00Z"
	return []string{
		"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "HOME=" + os.DevNull, "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann Lee", "GIT_AUTHOR_EMAIL=ann@acme.example", "GIT_AUTHOR_DATE=" + at,
		"GIT_COMMITTER_NAME=Ann Lee", "GIT_COMMITTER_EMAIL=ann@acme.example", "GIT_COMMITTER_DATE=" + at,
	}
}

// noted notes a request, checks its credential and lets the test answer it.
func (f *Forge) noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, Request{r.Method, r.URL.Path, r.URL.RawQuery})
		answered, token := f.Answer != nil && f.Answer(w, r), f.Token
		f.mu.Unlock()
		switch {
		case answered:
		case token != "" && !authorized(r, token):
			w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
			reply(w, http.StatusUnauthorized, map[string]string{"message": "Bad credentials"})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func authorized(r *http.Request, token string) bool {
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	got := r.Header.Get("Authorization")
	if strings.HasPrefix(r.URL.Path, "/git/") {
		return got == "Basic "+basic
	}
	return got == "Bearer "+token
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

// repositories answers a page of a listing.
func (f *Forge) repositories(w http.ResponseWriter, r *http.Request, user bool) {
	owner := r.PathValue("owner")
	f.mu.RLock()
	defer f.mu.RUnlock()
	all := slices.DeleteFunc(slices.Clone(f.list), func(r Repository) bool { return r.Owner != owner })
	if len(all) == 0 || f.Users[owner] != user {
		reply(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
		return
	}
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	if f.PageSize > 0 {
		size = f.PageSize
	}
	from := max(page-1, 0) * size
	to := min(from+size, len(all))
	if to < len(all) {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?page=%d>; rel="next"`, f.URL, r.URL.Path, max(page, 1)+1))
	}
	bodies := []map[string]any{}
	for _, r := range all[min(from, to):to] {
		bodies = append(bodies, f.body(r))
	}
	reply(w, http.StatusOK, bodies)
}

// body is a repository in the words of the API.
func (f *Forge) body(r Repository) map[string]any {
	visibility := "public"
	if r.Hidden {
		visibility = "private"
	}
	return map[string]any{
		"name": r.Name, "full_name": r.Owner + "/" + r.Name, "owner": map[string]any{"login": r.Owner}, "clone_url": f.CloneURL(r),
		"html_url": f.URL + "/" + r.Owner + "/" + r.Name, "archived": r.Archived, "fork": r.Fork, "private": r.Hidden,
		"visibility": visibility, "topics": r.Topics, "default_branch": "main",
	}
}

// CloneURL is where a repository is cloned from.
func (f *Forge) CloneURL(r Repository) string {
	if r.Clone != "" {
		return r.Clone
	}
	return f.URL + "/git/" + r.Owner + "/" + r.Name + ".git"
}

// organizations answers a page, of one, of an enterprise's organisations.
func (f *Forge) organizations(w http.ResponseWriter, r *http.Request) {
	var q struct{ Variables struct{ Slug, After string } }
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		reply(w, http.StatusBadRequest, nil)
		return
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	names, ok := f.Enterprises[q.Variables.Slug]
	if !ok {
		reply(w, http.StatusOK, map[string]any{"data": map[string]any{"enterprise": nil}, "errors": []any{map[string]any{"type": "NOT_FOUND"}}})
		return
	}
	at := slices.Index(names, q.Variables.After) + 1
	reply(w, http.StatusOK, map[string]any{"data": map[string]any{"enterprise": map[string]any{"organizations": map[string]any{
		"pageInfo": map[string]any{"hasNextPage": at+1 < len(names), "endCursor": names[at]},
		"nodes":    []any{map[string]any{"login": names[at]}},
	}}}})
}

// Set changes the forge between two requests.
func (f *Forge) Set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// Forget drops what the forge was asked, and returns it.
func (f *Forge) Forget() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.requests
	f.requests = nil
	return all
}

// Fetched are the repositories of which packs were asked, sorted: "acme/shop".
func Fetched(requests []Request) []string {
	names := map[string]bool{}
	for _, r := range requests {
		if name, ok := strings.CutSuffix(r.Path, ".git/git-upload-pack"); ok {
			names[strings.TrimPrefix(name, "/git/")] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Add adds a repository, empty, on branch main.
func (f *Forge) Add(r Repository) {
	f.t.Helper()
	f.mu.Lock()
	f.list = append(f.list, r)
	f.mu.Unlock()
	if r.Clone == "" {
		dir := f.Dir(r.Owner + "/" + r.Name)
		f.Git("", "init", "-q", "--bare", "--initial-branch=main", dir)
	}
}

// Dir is the folder of a repository: "acme/shop".
func (f *Forge) Dir(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)+".git") }

// Git runs git on a repository and returns what it prints.
func (f *Forge) Git(name string, args ...string) string {
	f.t.Helper()
	return f.feed(name, nil, args...)
}

// GitInput is Git with an input.
func (f *Forge) GitInput(name, input string, args ...string) string {
	f.t.Helper()
	return f.feed(name, []byte(input), args...)
}

func (f *Forge) feed(name string, stdin []byte, args ...string) string {
	f.t.Helper()
	if name != "" {
		args = append([]string{"--git-dir=" + f.Dir(name)}, args...)
	}
	cmd := exec.Command(Git(f.t), args...)
	cmd.Env, cmd.Stdin = quiet(), bytes.NewReader(stdin)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		f.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return strings.TrimSpace(string(out))
}

// Push adds a commit to a reference ("refs/heads/main"): files by path and content.
func (f *Forge) Push(name, ref string, files map[string]string) {
	f.t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "commit %s\ncommitter Ann Lee <ann@acme.example> 1790841600 +0000\ndata 7\nchange\n\n", ref)
	if out, err := exec.Command(Git(f.t), "--git-dir="+f.Dir(name), "rev-parse", "--verify", "--quiet", ref).Output(); err == nil {
		fmt.Fprintf(&b, "from %s\n", strings.TrimSpace(string(out)))
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(files[path]), files[path])
	}
	f.feed(name, b.Bytes(), "fast-import", "--quiet", "--force")
}
