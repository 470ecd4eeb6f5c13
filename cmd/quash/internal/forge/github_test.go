package forge_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func github(t *testing.T, f *forgetest.Forge, clock *forgetest.Clock) *forge.GitHub {
	t.Helper()
	o := forge.GitHubOptions{API: f.URL, Clock: clock}
	if f.Token != "" {
		o.Access.Token = func(context.Context) (string, error) { return f.Token, nil }
	}
	g, err := forge.NewGitHub(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// listed is a forge with repositories that nobody clones.
func listed(t *testing.T, n int) *forgetest.Forge {
	f := forgetest.Start(t)
	for i := range n {
		f.Add(forgetest.Repository{Owner: "acme", Name: fmt.Sprintf("r%02d", i), Clone: fmt.Sprintf("https://git.acme.example/acme/r%02d.git", i)})
	}
	return f
}

func names(all []forge.Repository) []string {
	var n []string
	for _, r := range all {
		n = append(n, r.Name)
	}
	return n
}

func TestListOrganisation(t *testing.T) {
	f := listed(t, 5)
	f.Set(func() { f.PageSize, f.Token = 2, "t"+strconv.Itoa(12345678) })
	f.Add(forgetest.Repository{Owner: "acme", Name: "old", Archived: true, Fork: true, Hidden: true, Topics: []string{"x"}, Clone: "https://git.acme.example/old.git"})
	all, err := github(t, f, forgetest.NewClock(start)).Account(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"acme/r00", "acme/r01", "acme/r02", "acme/r03", "acme/r04", "acme/old"}, names(all)); d != "" {
		t.Error(d)
	}
	want := forge.Repository{
		Name: "acme/old", URL: "https://git.acme.example/old.git", Page: f.URL + "/acme/old", Archived: true, Fork: true,
		Visibility: "private", Topics: []string{"x"},
	}
	if d := cmp.Diff(want, all[5]); d != "" {
		t.Error(d)
	}
	if n := len(f.Forget()); n != 3 {
		t.Errorf("%d requests for 3 pages", n)
	}
}

func TestListUser(t *testing.T) {
	f := listed(t, 2)
	f.Set(func() { f.Users["acme"] = true })
	all, err := github(t, f, forgetest.NewClock(start)).Account(t.Context(), "acme")
	if err != nil || len(all) != 2 {
		t.Errorf("%v, %v", names(all), err)
	}
}

// TestListOwnUser: a user's credential shows the user's private repositories too, an App's those that it is installed for.
func TestListOwnUser(t *testing.T) {
	private := func(owner, name string) map[string]any {
		return map[string]any{"full_name": owner + "/" + name, "owner": map[string]any{"login": owner}, "clone_url": "https://git.acme.example/" + name + ".git"}
	}
	for _, kind := range []string{"user", "app"} {
		f := listed(t, 2)
		f.Set(func() { f.Users["acme"], f.Token = true, "t"+strconv.Itoa(12345678) })
		f.Set(func() {
			f.Answer = func(w http.ResponseWriter, r *http.Request) bool {
				switch {
				case r.URL.Path == "/user/repos" && kind == "user":
					_ = json.NewEncoder(w).Encode([]any{private("acme", "hidden"), private("acme", "hidden"), private("other", "theirs")})
				case r.URL.Path == "/user/repos":
					w.WriteHeader(http.StatusForbidden)
				case r.URL.Path == "/installation/repositories":
					_ = json.NewEncoder(w).Encode(map[string]any{"repositories": []any{private("acme", "hidden")}})
				default:
					return false
				}
				return true
			}
		})
		all, err := github(t, f, forgetest.NewClock(start)).Account(t.Context(), "acme")
		if d := cmp.Diff([]string{"acme/r00", "acme/r01", "acme/hidden"}, names(all)); d != "" || err != nil {
			t.Errorf("%s: %v\n%s", kind, err, d)
		}
	}
}

func TestListEnterprise(t *testing.T) {
	f := listed(t, 1)
	f.Set(func() { f.Enterprises["big"] = []string{"acme", "beta", "gamma"} })
	g := github(t, f, forgetest.NewClock(start))
	got, err := g.Organizations(t.Context(), "big")
	if err != nil || !slices.Equal(got, []string{"acme", "beta", "gamma"}) {
		t.Errorf("%v, %v", got, err)
	}
	refused := false
	f.Set(func() {
		f.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if refused {
				return false
			}
			refused = true
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusForbidden)
			return true
		}
	})
	if got, err := g.Organizations(t.Context(), "big"); err != nil || len(got) != 3 {
		t.Errorf("after a rate limit: %v, %v", got, err)
	}
	if _, err := g.Organizations(t.Context(), "none"); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("an enterprise that is not there: %v", err)
	}
}

func TestListErrors(t *testing.T) {
	f := listed(t, 4)
	f.Set(func() { f.PageSize = 2 })
	clock := forgetest.NewClock(start)
	g := github(t, f, clock)
	if _, err := g.Account(t.Context(), "nobody"); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("an account that is not there: %v", err)
	}
	if _, err := g.Account(t.Context(), "../acme"); err == nil {
		t.Error("a path was taken for a name")
	}
	f.Set(func() {
		f.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("page") == "2" {
				w.WriteHeader(http.StatusBadGateway)
				return true
			}
			return false
		}
	})
	all, err := g.Account(t.Context(), "acme")
	if len(all) != 2 || err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("a listing that breaks off: %v, %v", names(all), err)
	}
	if d := cmp.Diff([]time.Duration{time.Second, 4 * time.Second, 16 * time.Second}, clock.Waits()); d != "" {
		t.Error(d)
	}
	f.Set(func() { f.Answer, f.Token = nil, "other" })
	if _, err := g.Account(t.Context(), "acme"); err == nil || !strings.Contains(err.Error(), "refuses the credential") {
		t.Errorf("without a credential: %v", err)
	}
}

// TestRateLimits: GitHub's limits are waited out by the clock, as long as GitHub says, and no longer than makes sense.
func TestRateLimits(t *testing.T) {
	header := func(name, value string, status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if name == "X-RateLimit-Reset" {
				w.Header().Set("X-RateLimit-Remaining", "0")
			}
			if name != "" {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	soon := strconv.FormatInt(start.Add(17*time.Minute).Unix(), 10)
	late := strconv.FormatInt(start.Add(5*time.Hour).Unix(), 10)
	const slow = `{"message":"You have exceeded a secondary rate limit."}`
	for name, c := range map[string]struct {
		refuse func(http.ResponseWriter)
		times  int
		waits  []time.Duration
		fails  string
	}{
		"primary":                   {header("X-RateLimit-Reset", soon, 403, `{"message":"API rate limit exceeded"}`), 1, []time.Duration{17*time.Minute + time.Second}, ""},
		"primary, as 429":           {header("X-RateLimit-Reset", soon, 429, ""), 1, []time.Duration{17*time.Minute + time.Second}, ""},
		"secondary, with a time":    {header("Retry-After", "73", 403, slow), 1, []time.Duration{73 * time.Second}, ""},
		"secondary, without":        {header("", "", 403, slow), 2, []time.Duration{time.Minute, 2 * time.Minute}, ""},
		"too many requests":         {header("", "", 429, ""), 1, []time.Duration{time.Minute}, ""},
		"denied for good":           {header("", "", 403, `{"message":"Must have admin rights"}`), 1, nil, "403"},
		"longer than makes sense":   {header("X-RateLimit-Reset", late, 403, slow), 1, nil, "rate limit"},
		"secondary, without an end": {header("Retry-After", "1", 403, slow), 100, slices.Repeat([]time.Duration{time.Second}, 6), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := listed(t, 3)
			f.Set(func() { f.PageSize = 2 })
			left := c.times
			f.Set(func() {
				f.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
					left--
					if left < 0 {
						return false
					}
					c.refuse(w)
					return true
				}
			})
			clock := forgetest.NewClock(start)
			all, err := github(t, f, clock).Account(t.Context(), "acme")
			if fails := c.fails != "" || c.times > 10; fails != (err != nil) || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("error %v, want %q", err, c.fails)
			}
			if err == nil && len(all) != 3 {
				t.Errorf("listed %v", names(all))
			}
			if d := cmp.Diff(c.waits, clock.Waits()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestRateUsedUp: when an answer says that nothing remains, the next request waits without being refused first. The clock is
// ahead of the machine's, by which go-github would refuse it.
func TestRateUsedUp(t *testing.T) {
	f := listed(t, 3)
	f.Set(func() { f.PageSize = 2 })
	clock := forgetest.NewClock(time.Now().AddDate(1, 0, 0).Truncate(time.Second))
	f.Set(func() {
		f.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(clock.Now().Add(30*time.Second).Unix(), 10))
			return false
		}
	})
	all, err := github(t, f, clock).Account(t.Context(), "acme")
	if err != nil || len(all) != 3 || len(f.Forget()) != 2 {
		t.Errorf("%v, %v", names(all), err)
	}
	if d := cmp.Diff([]time.Duration{31 * time.Second}, clock.Waits()); d != "" {
		t.Error(d)
	}
}

func TestRateLimitCancelled(t *testing.T) {
	f := listed(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	f.Set(func() {
		f.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
			cancel()
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusForbidden)
			return true
		}
	})
	if _, err := github(t, f, forgetest.NewClock(start)).Account(ctx, "acme"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func appKey(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

// TestApp: an App's claim is signed and short, its token is asked for once and anew before it ends, and told to whoever
// keeps it out of the logs.
func TestApp(t *testing.T) {
	key, pemKey := appKey(t)
	clock := forgetest.NewClock(start)
	made := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims := jwt.RegisteredClaims{}
		bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		_, err := jwt.ParseWithClaims(bearer, &claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
			jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(clock.Now), jwt.WithIssuedAt())
		if err != nil || claims.Issuer != "7" || claims.ExpiresAt.Sub(clock.Now()) > 10*time.Minute || r.URL.Path != "/app/installations/9/access_tokens" {
			t.Errorf("claim %+v of %s: %v", claims, r.URL.Path, err)
		}
		made++
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"token":"made-%d","expires_at":%q}`, made, clock.Now().Add(time.Hour).Format(time.RFC3339))
	}))
	defer server.Close()
	var learnt []string
	app, err := forge.NewApp(forge.AppOptions{
		ID: 7, Installation: 9, Key: pemKey, API: forge.GitHubOptions{API: server.URL, Clock: clock}, Learn: func(s string) { learnt = append(learnt, s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got, err := app.Token(t.Context()); got != "made-1" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	_ = clock.Sleep(t.Context(), 51*time.Minute)
	if got, err := app.Token(t.Context()); got != "made-2" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if d := cmp.Diff([]string{"made-1", "made-2"}, learnt); d != "" {
		t.Error(d)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", forge.Token(app.Token), forge.Access{Token: app.Token}, forge.GitHubOptions{}), "made-") {
		t.Error("a token can be printed")
	}
}

func TestAppRefuses(t *testing.T) {
	_, pemKey := appKey(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	defer server.Close()
	api := forge.GitHubOptions{API: server.URL, Clock: forgetest.NewClock(start)}
	for want, o := range map[string]forge.AppOptions{
		"id":                 {ID: 7, Key: pemKey, API: api},
		"no RSA private key": {ID: 7, Installation: 9, Key: []byte("none"), API: api},
	} {
		if _, err := forge.NewApp(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	app, err := forge.NewApp(forge.AppOptions{ID: 7, Installation: 9, Key: pemKey, API: api})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
}

// TestTokenStaysHome: the credential goes to the API's host alone, and not over plain http to another machine.
func TestTokenStaysHome(t *testing.T) {
	secret := "t" + strconv.Itoa(12345678)
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = append(leaked, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte("[]"))
	}))
	defer other.Close()
	f := listed(t, 1)
	f.Set(func() { f.Token = secret })
	f.Set(func() {
		f.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, other.URL+"/elsewhere", http.StatusMovedPermanently)
			return true
		}
	})
	if _, err := github(t, f, forgetest.NewClock(start)).Account(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{""}, leaked); d != "" {
		t.Error(d)
	}
	o := forge.GitHubOptions{API: "http://git.acme.example", Access: forge.Access{Token: func(context.Context) (string, error) { return secret, nil }}}
	if _, err := forge.NewGitHub(o); err == nil || !strings.Contains(err.Error(), "plain http") {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"git.acme.example", "https://a:b@git.acme.example", "ftp://x", "https://h?q"} {
		if _, err := forge.NewGitHub(forge.GitHubOptions{API: bad}); err == nil || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
