package forge_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
)

// drivers are the ways to fetch: the git program, and go-git for machines without it.
func drivers(t *testing.T) map[string]string {
	return map[string]string{"git": forgetest.Git(t), "go-git": ""}
}

func mirrors(t *testing.T, o forge.MirrorOptions) *forge.Mirrors {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "mirrors")
	}
	if o.Clock == nil {
		o.Clock = forgetest.NewClock(start)
	}
	o.Env = os.LookupEnv
	m, err := forge.OpenMirrors(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func repository(f *forgetest.Forge, name string) forge.Repository {
	owner, base, _ := strings.Cut(name, "/")
	return forge.Repository{Name: name, URL: f.CloneURL(forgetest.Repository{Owner: owner, Name: base}), Page: f.URL + "/" + name}
}

// update brings a mirror up to date and checks that it has the references of the repository.
func update(t *testing.T, m *forge.Mirrors, r forge.Repository) *forge.Mirror {
	t.Helper()
	remote, err := m.Remote(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	mirror, err := m.Update(t.Context(), r, remote)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(remote, mirror.Refs); d != "" {
		t.Error(d)
	}
	if remote.Digest() != mirror.Refs.Digest() {
		t.Error("the mirror's references have another digest")
	}
	return mirror
}

func shut(t *testing.T, m *forge.Mirror) {
	t.Helper()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// TestMirror: a mirror follows a repository through new, changed, forced, removed and renamed references, by either driver.
func TestMirror(t *testing.T) {
	for name, git := range drivers(t) {
		t.Run(name, func(t *testing.T) {
			f := forgetest.Start(t)
			f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
			r, m := repository(f, "acme/shop"), mirrors(t, forge.MirrorOptions{Git: git})
			empty := update(t, m, r)
			if len(empty.Refs.Tips) != 0 {
				t.Errorf("an empty repository has %v", empty.Refs)
			}
			shut(t, empty)

			for _, ref := range []string{"refs/heads/main", "refs/heads/side/a", "refs/pull/1/head", "refs/pull/1/merge", "refs/notes/commits"} {
				f.Push("acme/shop", ref, map[string]string{"a": ref + "\n"})
			}
			f.Git("acme/shop", "tag", "-a", "-m", "one", "v1", "refs/heads/main")
			mirror := update(t, m, r)
			if _, ok := mirror.Refs.Tips["refs/pull/1/merge"]; ok || len(mirror.Refs.Tips) != 5 || mirror.Refs.Head != "refs/heads/main" {
				t.Errorf("%+v", mirror.Refs)
			}
			blob := f.Git("acme/shop", "rev-parse", "refs/heads/side/a:a")
			if data, err := mirror.Object(t.Context(), blob); string(data) != "refs/heads/side/a\n" || err != nil {
				t.Errorf("object: %q, %v", data, err)
			}
			if _, err := mirror.Object(t.Context(), strings.Repeat("0", 40)); err == nil {
				t.Error("an object that is not there was read")
			}
			shut(t, mirror)

			f.Git("acme/shop", "update-ref", "-d", "refs/heads/side/a")
			f.Git("acme/shop", "tag", "-d", "v1")
			f.Push("acme/shop", "refs/heads/side", map[string]string{"a": "side\n"}) // where a folder of references was
			f.Git("acme/shop", "update-ref", "-d", "refs/heads/main")
			f.Push("acme/shop", "refs/heads/main", map[string]string{"b": "forced\n"})
			f.Git("acme/shop", "symbolic-ref", "HEAD", "refs/heads/side")
			mirror = update(t, m, r)
			head, err := os.ReadFile(filepath.Join(mirror.Dir, "HEAD"))
			if len(mirror.Refs.Tips) != 4 || string(head) != "ref: refs/heads/side\n" {
				t.Errorf("%+v, HEAD %q, %v", mirror.Refs, head, err)
			}
			shut(t, mirror)
		})
	}
}

// TestMirrorRequests: an unchanged repository costs one request.
func TestMirrorRequests(t *testing.T) {
	for name, git := range drivers(t) {
		t.Run(name, func(t *testing.T) {
			f := forgetest.Start(t)
			f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
			f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
			m := mirrors(t, forge.MirrorOptions{Git: git})
			if _, err := m.Remote(t.Context(), repository(f, "acme/shop")); err != nil {
				t.Fatal(err)
			}
			if all := f.Forget(); len(all) != 1 || len(forgetest.Fetched(all)) != 0 {
				t.Errorf("%v", all)
			}
		})
	}
}

func TestMirrorSHA256(t *testing.T) {
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "wide", Clone: f.URL + "/git/acme/wide.git"})
	f.Git("", "init", "-q", "--bare", "--object-format=sha256", f.Dir("acme/wide"))
	f.Push("acme/wide", "refs/heads/main", map[string]string{"a": "a\n"})
	shut(t, update(t, mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)}), repository(f, "acme/wide")))
}

// TestMirrorFile: a repository on the same machine, whose URL git reads by itself.
func TestMirrorFile(t *testing.T) {
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
	all, err := forge.ParseList("list", strings.NewReader("file://"+filepath.ToSlash(f.Dir("acme/shop"))))
	if err != nil {
		t.Fatal(err)
	}
	shut(t, update(t, mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)}), all[0]))
}

// TestMirrorErrors: each failure says what to do, and only what may pass is tried again.
func TestMirrorErrors(t *testing.T) {
	status := func(n int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(n); return true }
	}
	hide := func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	for driver, git := range drivers(t) {
		for name, c := range map[string]struct {
			answer func(http.ResponseWriter, *http.Request) bool
			want   string
			waits  int
		}{
			"gone":    {status(http.StatusNotFound), "no such repository", 0},
			"private": {hide, "credential", 0},
			"denied":  {status(http.StatusForbidden), "denied", 0},
			"down":    {status(http.StatusServiceUnavailable), "", 2},
		} {
			t.Run(driver+" "+name, func(t *testing.T) {
				f := forgetest.Start(t)
				f.Set(func() { f.Answer = c.answer })
				clock := forgetest.NewClock(start)
				_, err := mirrors(t, forge.MirrorOptions{Git: git, Clock: clock}).Remote(t.Context(), repository(f, "acme/shop"))
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if n := len(clock.Waits()); n != c.waits {
					t.Errorf("%d waits, want %d: %v", n, c.waits, err)
				}
			})
		}
		m := mirrors(t, forge.MirrorOptions{Git: git})
		if _, err := m.Remote(t.Context(), forge.Repository{Name: "a", URL: "http://127.0.0.1:1/a.git"}); err == nil {
			t.Errorf("%s: nobody listens there", driver)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.Remote(ctx, forge.Repository{Name: "a", URL: "http://127.0.0.1:1/a.git"}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", driver, err)
		}
	}
}

// TestMirrorCredential: the forge's own host gets the credential, and no other, not even one that it sends git to.
func TestMirrorCredential(t *testing.T) {
	for name, git := range drivers(t) {
		t.Run(name, func(t *testing.T) {
			f := forgetest.Start(t)
			f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
			f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
			f.Set(func() { f.Token = "t" + strconv.Itoa(12345678) })
			m := mirrors(t, forge.MirrorOptions{Git: git, Access: forge.Access{
				Token: func(context.Context) (string, error) { return f.Token, nil }, Hosts: []string{"127.0.0.1"},
			}})
			shut(t, update(t, m, repository(f, "acme/shop")))

			var leaked []string
			got := func() (all []string) {
				f.Set(func() { all, leaked = leaked, nil })
				return all
			}
			f.Set(func() {
				f.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
					leaked = append(leaked, r.Header.Get("Authorization"))
					return false
				}
			})
			elsewhere := repository(f, "acme/shop")
			elsewhere.URL = strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)
			_, err := m.Remote(t.Context(), elsewhere)
			if sent := got(); err == nil || strings.Join(sent, "") != "" || len(sent) == 0 {
				t.Errorf("another host: %v, got %q", err, sent)
			}
			f.Set(func() {
				f.Answer = func(w http.ResponseWriter, r *http.Request) bool {
					if strings.HasPrefix(r.Host, "localhost") {
						leaked = append(leaked, r.Header.Get("Authorization"))
						r.SetBasicAuth("x-access-token", f.Token) // there anybody may read
						return false
					}
					http.Redirect(w, r, "http://"+strings.Replace(r.Host, "127.0.0.1", "localhost", 1)+r.URL.String(), http.StatusFound)
					return true
				}
			})
			f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "b\n"})
			remote, err := m.Remote(t.Context(), repository(f, "acme/shop"))
			if err == nil { // go-git follows, without the credential
				var mirror *forge.Mirror
				if mirror, err = m.Update(t.Context(), repository(f, "acme/shop"), remote); err == nil {
					shut(t, mirror)
				}
			}
			if sent := got(); strings.Join(sent, "") != "" || git != "" && (err == nil || !strings.Contains(err.Error(), "moved")) {
				t.Errorf("a redirect: %v, got %q", err, sent)
			}
		})
	}
}

// TestMirrorComesBack: a server that failed once is asked again.
func TestMirrorComesBack(t *testing.T) {
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	left := 1
	f.Set(func() {
		f.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
			left--
			if left == 0 {
				w.WriteHeader(http.StatusBadGateway)
			}
			return left == 0
		}
	})
	if _, err := mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)}).Remote(t.Context(), repository(f, "acme/shop")); err != nil {
		t.Error(err)
	}
}

// TestMirrorRepairs: what a killed fetch leaves behind, and what a bad disk takes away, is mended by the next update.
func TestMirrorRepairs(t *testing.T) {
	for name, git := range drivers(t) {
		t.Run(name, func(t *testing.T) {
			f := forgetest.Start(t)
			f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
			f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
			r, m := repository(f, "acme/shop"), mirrors(t, forge.MirrorOptions{Git: git})
			shut(t, update(t, m, r))
			dir := m.Dir(r)
			litter := []string{"HEAD.lock", "packed-refs.lock", "refs/heads/main.lock", "objects/pack/tmp_pack_x", "objects/pack/pack-x.keep", "config.new"}
			for _, name := range litter {
				if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "b\n"})
			shut(t, update(t, m, r))
			for _, name := range litter[:5] {
				if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
					t.Errorf("%s is still there", name)
				}
			}
			for name, damage := range map[string]func(){
				"no objects": func() { _ = os.RemoveAll(filepath.Join(dir, "objects")) },
				"no HEAD":    func() { _ = os.Remove(filepath.Join(dir, "HEAD")) },
				"a torn reference": func() {
					_ = os.Remove(filepath.Join(dir, "packed-refs"))
					_ = os.WriteFile(filepath.Join(dir, "refs", "heads", "main"), nil, 0o600)
				},
				"a torn configuration": func() { _ = os.WriteFile(filepath.Join(dir, "config"), []byte("[co"), 0o600) },
			} {
				damage()
				f.Push("acme/shop", "refs/heads/main", map[string]string{"a": name + "\n"})
				mirror := update(t, m, r)
				blob := f.Git("acme/shop", "rev-parse", "main:a")
				if data, err := mirror.Object(t.Context(), blob); string(data) != name+"\n" || err != nil {
					t.Errorf("%s: %q, %v", name, data, err)
				}
				if renewed, err := mirror.Renew(t.Context()); renewed || err != nil {
					t.Errorf("%s: a sound mirror was made anew: %v", name, err)
				}
				shut(t, mirror)
			}
		})
	}
}

// TestMirrorLock: a mirror in use is waited for, by the context's end at most.
func TestMirrorLock(t *testing.T) {
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	dir := t.TempDir()
	r, m := repository(f, "acme/shop"), mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t), Dir: dir})
	mirror := update(t, m, r)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := mirrors(t, forge.MirrorOptions{Dir: dir}).Open(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	shut(t, mirror)
	again, err := m.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	shut(t, again)
}

// TestMaxDisk: the least recently used mirrors go when there is too little room; what is in use stays.
func TestMaxDisk(t *testing.T) {
	f := forgetest.Start(t)
	clock := forgetest.NewClock(start)
	o := forge.MirrorOptions{Git: forgetest.Git(t), MaxDisk: 250_000, Clock: clock, Dir: t.TempDir()}
	m := mirrors(t, o)
	noise := make([]byte, 100_000)
	for i, x := 0, uint32(1); i < len(noise); i++ { // does not compress
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	var all []forge.Repository
	there := func() (names []string) {
		for _, r := range all {
			if _, err := os.Stat(m.Dir(r)); err == nil {
				names = append(names, r.Name)
			}
		}
		return names
	}
	for _, name := range []string{"a", "b", "c"} {
		f.Add(forgetest.Repository{Owner: "acme", Name: name})
		f.Push("acme/"+name, "refs/heads/main", map[string]string{"noise": string(noise)})
		all = append(all, repository(f, "acme/"+name))
	}
	held := update(t, m, all[0])
	for _, r := range all[1:] {
		_ = clock.Sleep(t.Context(), time.Minute)
		shut(t, update(t, m, r))
	}
	if got := there(); !slices.Equal(got, []string{"acme/a", "acme/c"}) {
		t.Errorf("with a in use there are %v", got)
	}
	shut(t, held)
	_ = clock.Sleep(t.Context(), time.Minute)
	shut(t, update(t, m, all[1]))
	if got := there(); !slices.Equal(got, []string{"acme/b", "acme/c"}) {
		t.Errorf("after a there are %v", got)
	}
	if err := os.Mkdir(m.Dir(all[0])+".gone", 0o700); err != nil {
		t.Fatal(err)
	}
	mirrors(t, o)
	if _, err := os.Stat(m.Dir(all[0]) + ".gone"); err == nil {
		t.Error("what was half removed is still there")
	}
}

// TestMirrorRunsNothing: neither the mirror's nor the user's configuration makes git run anything or reach another place.
func TestMirrorRunsNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the trap is a shell script")
	}
	f := forgetest.Start(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "a\n"})
	home, trap := t.TempDir(), filepath.Join(t.TempDir(), "ran")
	script := filepath.Join(home, "trap.sh")
	config := "[core]\n\tfsmonitor = " + script + "\n\thooksPath = " + home + "\n\taskPass = " + script + "\n[credential]\n\thelper = !" + script +
		"\n[url \"file:///elsewhere/\"]\n\tinsteadOf = http://\n[include]\n\tpath = " + home + "/more\n"
	for name, text := range map[string]string{"trap.sh": "#!/bin/sh\ntouch " + trap + "\n", "reference-transaction": "#!/bin/sh\ntouch " + trap + "\n", ".gitconfig": config, "more": config} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("GIT_TRACE", filepath.Join(home, "trace"))
	r, m := repository(f, "acme/shop"), mirrors(t, forge.MirrorOptions{Git: forgetest.Git(t)})
	shut(t, update(t, m, r))
	for _, name := range []string{"reference-transaction", "post-update"} {
		if err := os.MkdirAll(filepath.Join(m.Dir(r), "hooks"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(m.Dir(r), "hooks", name), []byte("#!/bin/sh\ntouch "+trap+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	f.Push("acme/shop", "refs/heads/main", map[string]string{"a": "b\n"})
	shut(t, update(t, m, r))
	for _, path := range []string{trap, filepath.Join(home, "trace")} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was made", filepath.Base(path))
		}
	}
}
