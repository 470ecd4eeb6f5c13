package forge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
)

// pkt is a line as git's protocol has them.
func pkt(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

// server answers the listing of references with a text, and what is asked for then with fetch.
func server(t *testing.T, refs func(io.Writer), fetch http.HandlerFunc) forge.Repository {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/info/refs"):
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			_, _ = io.WriteString(w, pkt("# service=git-upload-pack\n")+"0000")
			refs(w)
		case fetch != nil && strings.HasSuffix(r.URL.Path, "/git-upload-pack"):
			w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
			_, _ = io.Copy(io.Discard, r.Body)
			fetch(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return forge.Repository{Name: "evil", URL: s.URL + "/evil.git"}
}

const oneID = "1111111111111111111111111111111111111111"

// advertised lists references, all of one object.
func advertised(capabilities string, names ...string) func(io.Writer) {
	return func(w io.Writer) {
		for i, name := range names {
			line := oneID + " " + name
			if i == 0 {
				line += "\x00" + capabilities
			}
			_, _ = io.WriteString(w, pkt(line+"\n"))
		}
		_, _ = io.WriteString(w, "0000")
	}
}

// inside lists the files below a folder.
func inside(t *testing.T, dir string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all[path] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestMirrorHostileRefs: names of references are names, whatever they look like: nothing is run for them, and nothing written out of the mirror.
func TestMirrorHostileRefs(t *testing.T) {
	for name, git := range drivers(t) {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			ran := filepath.Join(top, "ran")
			r := server(t, advertised("side-band-64k symref=HEAD:refs/heads/../../../escaped agent=evil", "HEAD", "refs/heads/--upload-pack=touch${IFS}"+ran,
				"refs/heads/../../../escaped", "refs/heads/../../config", "refs/heads/a.lock", "refs/heads/main", "refs/tags/-c", "refs/heads/$(touch "+ran+")"), func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, pkt("NAK\n")+pkt("\x03no pack for you\n")+"0000")
			})
			m := mirrors(t, forge.MirrorOptions{Git: git, Dir: filepath.Join(top, "a", "b", "mirrors")})
			remote, err := m.Remote(t.Context(), r)
			if err == nil {
				_, err = m.Update(t.Context(), r, remote)
			}
			if err == nil {
				t.Error("a fetch without a pack succeeded")
			}
			for path := range inside(t, top) {
				if !strings.HasPrefix(path, filepath.Join(top, "a", "b", "mirrors")+string(filepath.Separator)) {
					t.Errorf("%s was made", path)
				}
			}
			config, err := os.ReadFile(filepath.Join(m.Dir(r), "config"))
			if err == nil && !strings.HasPrefix(string(config), "[core]") {
				t.Errorf("the mirror's configuration is %q", config)
			}
		})
	}
}

// TestMirrorHostileRedirect: with the user's own configuration a redirect is followed, without the credential, and never out of http.
func TestMirrorHostileRedirect(t *testing.T) {
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
	secret := "s" + fmt.Sprint(time.Now().UnixNano())
	var mu sync.Mutex
	var elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		elsewhere = append(elsewhere, r.Header.Get("Authorization"))
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(other.Close)
	home := t.TempDir()
	helper := fmt.Sprintf("[credential \"%s\"]\n\thelper = \"!f() { echo username=ann; echo password=%s; }; f\"\n", f.URL, secret)
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(helper), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	ran := filepath.Join(home, "ran")
	for _, to := range []string{
		other.URL + "/x.git/info/refs?service=git-upload-pack", "file://" + f.Dir("acme/shop") + "/info/refs", "ext::touch " + ran, "gopher://127.0.0.1:1/x", "ftp://127.0.0.1:1/x/info/refs",
	} {
		asked := 0
		f.Set(func() {
			f.Answer = func(w http.ResponseWriter, r *http.Request) bool {
				if asked++; r.Header.Get("Authorization") == "" {
					w.Header().Set("WWW-Authenticate", "Basic")
					w.WriteHeader(http.StatusUnauthorized)
					return true
				}
				w.Header().Set("Location", to)
				w.WriteHeader(http.StatusFound)
				return true
			}
		})
		_, err := mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t), Own: true}).Remote(t.Context(), repository(f, "acme/shop"))
		if err == nil || asked < 2 || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v after %d requests", to, err, asked)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(elsewhere) == 0 || strings.Join(elsewhere, "") != "" {
		t.Errorf("the other host got %q", elsewhere)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program was run")
	}
}

// TestMirrorEndless: a server that goes on for ever, with words or with silence, is left.
func TestMirrorEndless(t *testing.T) {
	flush := func(w http.ResponseWriter, s string) bool {
		_, err := io.WriteString(w, s)
		w.(http.Flusher).Flush()
		return err == nil
	}
	for name, fetch := range map[string]http.HandlerFunc{
		"words": func(w http.ResponseWriter, r *http.Request) {
			for i := 0; flush(w, pkt(fmt.Sprintf("\x02Counting objects: %d%% (%d/100)\r", i%100, i%100))) && r.Context().Err() == nil; i++ {
				time.Sleep(time.Millisecond)
			}
		},
		"silence": func(w http.ResponseWriter, r *http.Request) {
			flush(w, "")
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := server(t, advertised("side-band-64k ofs-delta agent=evil", "refs/heads/main"), func(w http.ResponseWriter, r *http.Request) {
				flush(w, pkt("NAK\n"))
				fetch(w, r)
			})
			m := mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t), Patience: 500 * time.Millisecond})
			remote, err := m.Remote(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err = m.Update(ctx, r, remote)
			if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "nothing came for 500ms") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestMirrorPatience: a fetch that gets on, however slowly, is not left.
func TestMirrorPatience(t *testing.T) {
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
	shut(t, update(t, mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t), Patience: time.Minute}), repository(f, "acme/shop")))
}

// TestMirrorTwoAtOnce: runs that use one folder of mirrors at a time wait for each other, and both have all.
func TestMirrorTwoAtOnce(t *testing.T) {
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
	o := forge.MirrorOptions{Git: forgetest.Git(t), Dir: t.TempDir()}
	var group sync.WaitGroup
	for range 4 {
		m := mirrors(t, o)
		group.Go(func() {
			remote, err := m.Remote(t.Context(), repository(f, "acme/shop"))
			if err != nil {
				t.Error(err)
				return
			}
			mirror, err := m.Update(t.Context(), repository(f, "acme/shop"), remote)
			if err != nil {
				t.Error(err)
				return
			}
			if renewed, err := mirror.Renew(t.Context()); renewed || err != nil {
				t.Errorf("renewed %v, %v", renewed, err)
			}
			shut(t, mirror)
		})
	}
	group.Wait()
}

// TestMirrorOfBadNames: a pack with folders called .git and links that lead out is objects in a mirror, and no file.
func TestMirrorOfBadNames(t *testing.T) {
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
	blob := f.Git("acme/shop", "rev-parse", "main:a")
	tree := f.GitInput("acme/shop", "100755 blob "+blob+"\t.git\n120000 blob "+blob+"\tlink\n100644 blob "+blob+"\t..\n", "mktree")
	f.Git("acme/shop", "update-ref", "refs/heads/main", f.Git("acme/shop", "commit-tree", "-m", "evil", tree))
	top := t.TempDir()
	m := mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t), Dir: filepath.Join(top, "mirrors")})
	mirror := update(t, m, repository(f, "acme/shop"))
	if data, err := mirror.Object(t.Context(), blob); string(data) != "a\n" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	shut(t, mirror)
	for path := range inside(t, top) {
		if !strings.HasPrefix(path, m.Dir(repository(f, "acme/shop"))+string(filepath.Separator)) && !strings.HasSuffix(path, ".lock") {
			t.Errorf("%s was made", path)
		}
	}
}
