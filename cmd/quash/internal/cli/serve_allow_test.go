package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// pushAllowed pushes a commit with keys that it lets stand by an ignore file, a baseline, or a comment, and delivers the push.
func (s *server) pushAllowed(how string, all ...providertest.AgiledKey) {
	s.w.t.Helper()
	before := s.w.head("acme/shop")
	comment := ""
	if how == "comment" {
		comment = " # quash:allow sandbox"
	}
	for i, k := range all {
		s.w.write("work/acme/shop/config/"+string(rune('a'+i))+".env", "# settings\nAGILED_API_TOKEN="+k.Token+comment+"\n")
	}
	if how != "comment" {
		var list strings.Builder
		for _, id := range ids(s.w.t, s.w.run("scan", "--no-store", s.w.path("work/acme/shop/config"), "-f", "jsonl").out) {
			list.WriteString(id + "\n")
		}
		s.w.write("work/acme/shop/"+how, list.String())
	}
	after := s.w.commit("acme/shop", "settings")
	s.w.git("work/acme/shop", "push", "-q", "origin", "main")
	if code, body := s.deliver("allowed-1", "push", payload("acme/shop", "refs/heads/main", before, after)); code != http.StatusAccepted {
		s.w.t.Fatalf("the push was answered %d %s", code, body)
	}
}

// What the pushed commit lets stand is left out, and a key of it that its issuer accepts is not: it is recorded and planned.
func TestServeActiveKeyOverridesAllow(t *testing.T) {
	for _, how := range []string{".quashignore", "known.quash", "comment"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			w.endpoint()
			w.repository("acme/shop")
			live, dead := w.key("Warehouse sync - production - Ops"), w.key("Reporting - staging - Data")
			if err := w.agiled.RevokeInUI(dead.Name); err != nil {
				t.Fatal(err)
			}
			s := w.startServer()
			s.pushAllowed(how, live, dead)
			// The first look at the repository may ask about a key again.
			s.wait("an answer for each key", patience, func() bool {
				return strings.Contains(s.log.String(), `"stage":"planned"`) && strings.Contains(s.log.String(), `"stage":"dead_on_arrival"`)
			})
			s.stop()
			if text := s.log.String(); !strings.Contains(text, "allowed, and live: it is told all the same") || !strings.Contains(text, `"findings":0,"allowed":2`) {
				t.Errorf("the log does not tell:\n%s", text)
			}
			plans, _ := filepath.Glob(w.path("state/plans/*.json"))
			if len(plans) != 1 {
				t.Fatalf("plans %v, want one", plans)
			}
			id := strings.TrimSuffix(filepath.Base(plans[0]), ".json")
			w.wants(w.run("show", id), 0, "overrides an ignore", "a.env", "issuer: active")
			gone := ids(t, w.run("scan", "--no-store", "--no-history", filepath.Dir(w.write("dead/b.env", "AGILED_API_TOKEN="+dead.Token+"\n")), "-f", "jsonl").out)
			w.wants(w.run("show", gone[0]), 2, "no scan recorded this key")
			s.holdsNo(live.Token)
			s.holdsNo(dead.Token)
		})
	}
}

// A list that cannot be read lets nothing stand.
func TestServeListThatCannotBeRead(t *testing.T) {
	for name, put := range map[string]func(path, key string) error{
		"damaged": func(path, key string) error { return os.WriteFile(path, []byte(key+"\n"), 0o600) },
		"link":    func(path, _ string) error { return os.Symlink("/etc/hostname", path) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.endpoint()
			w.repository("acme/shop")
			k := w.key("Warehouse sync - production - Ops")
			if err := put(w.path("work/acme/shop/.quashignore"), k.Token); err != nil {
				t.Fatal(err)
			}
			s := w.startServer()
			s.pushKey(k)
			s.wait("a plan", patience, func() bool { found, _ := filepath.Glob(w.path("state/plans/*.json")); return len(found) == 1 })
			s.stop()
			if !strings.Contains(s.log.String(), "nothing in the list is let stand") {
				t.Error("the log does not say that the list could not be read")
			}
			s.holdsNo(k.Token)
		})
	}
}

// The forge is told about an allowed key when it turns out to be live, and of nothing before.
func TestServeTellsTheForgeOfAnOverride(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	w.repository("acme/shop")
	var mu sync.Mutex
	var told []string
	api := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var run struct {
			Name       string `json:"name"`
			Conclusion string `json:"conclusion"`
			HeadSHA    string `json:"head_sha"`
			Output     struct {
				Annotations []struct{ Path string } `json:"annotations"`
			} `json:"output"`
		}
		if err := json.NewDecoder(r.Body).Decode(&run); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprint(run.Name, " ", run.Conclusion, " ", run.HeadSHA, " ", run.Output.Annotations))
		rw.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(rw, "{}") // a recorder of the test takes all
	}))
	t.Cleanup(api.Close)
	w.env["GITHUB_TOKEN"], w.env["GITHUB_API_URL"] = "token-of-the-test", api.URL
	w.write("config.yaml", w.read("config.yaml")+"webhook:\n  checks: true\n")
	s := w.startServer()
	s.pushAllowed(".quashignore", w.key("Warehouse sync - production - Ops"))
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(told)
	}
	s.wait("two check runs", patience, func() bool { return count() == 2 })
	s.stop()
	head := w.head("acme/shop")
	if want := []string{"quash: live keys failure " + head + " [{config/a.env}]", "quash success " + head + " []"}; !slices.Equal(slices.Sorted(slices.Values(told)), slices.Sorted(slices.Values(want))) {
		t.Errorf("told %q, want %q", told, want)
	}
}
