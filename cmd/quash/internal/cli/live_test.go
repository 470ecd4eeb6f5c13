package cli_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// issueAt is an issue or a comment that changed at a time.
func issueAt(n int, at time.Time, body string) forgetest.Record {
	when := at.UTC().Format(time.RFC3339)
	return forgetest.Record{
		"id": n, "number": n, "title": "Sync fails", "body": body, "user": forgetest.Record{"login": "ann"}, "created_at": when, "updated_at": when,
		"html_url": fmt.Sprintf("https://github.com/acme/shop/issues/%d", n),
	}
}

// noSecrets fails when a secret stands in what a run printed or in any file that it left.
func (w *world) noSecrets(printed string, secrets ...string) {
	w.t.Helper()
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var data []byte
			data, err = os.ReadFile(path)
			printed += string(data)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for i, s := range secrets {
		if strings.Contains(printed, s) {
			w.t.Errorf("secret %d stands in the open", i)
		}
	}
}

// Issues are read where they are kept; with --incremental the next run reads what changed, one that had a gap is tried again, and
// neither keys nor the credential are written anywhere.
func TestScanGitHubIssues(t *testing.T) {
	w, f := newOrgWorld(t)
	r := &forgetest.Records{
		Lists: map[string][]forgetest.Record{}, Runs: map[string][]forgetest.Record{"/repos/acme/shop/actions/runs": nil},
		Objects: map[string]forgetest.Record{"/repos/acme/shop": {"full_name": "acme/shop", "has_issues": true}},
	}
	for _, list := range []string{"issues", "issues/comments", "pulls/comments", "comments", "releases"} {
		r.Lists["/repos/acme/shop/"+list] = nil
	}
	const issues = "/repos/acme/shop/issues"
	key, next := sampleKey(w, 1), sampleKey(w, 2)
	r.Lists[issues] = []forgetest.Record{issueAt(7, w.Now(), "It sends "+key)}
	f.Set(func() { f.Answer = r.Answer })
	scan := func(code int, texts ...string) result {
		return w.wants(w.run("scan", "github-issues:acme/shop", "--incremental", "-f", "jsonl", "--log-level", "debug"), code, texts...)
	}
	first := scan(1, `"record":"7"`, `"field":"body"`, `"author":"ann"`, `"url":"https://github.com/acme/shop/issues/7"`, `"target":"github-issues:acme/shop"`)
	if strings.Contains(first.err, "since the last run") {
		t.Errorf("the first run speaks of one before it: %s", first.err)
	}
	scan(0, "what changed since the last run was read")
	r.Set(func() {
		r.Lists[issues] = append(r.Lists[issues], issueAt(8, w.Now().Add(time.Hour), "and "+next))
		delete(r.Objects, "/repos/acme/shop")
	})
	scan(3, "not there, or the credential may not see it")
	r.Set(func() { r.Objects["/repos/acme/shop"] = forgetest.Record{"full_name": "acme/shop", "has_issues": true} })
	second := scan(1, `"record":"8"`)
	if n := len(ids(t, second.out)); n != 1 {
		t.Errorf("%d keys in the second run", n)
	}
	w.noSecrets(first.out+first.err+second.out+second.err, key, next, f.Token)
	w.wants(w.run("scan", "github-issues:acme/shop", "--parts", "releases,gists"), 0)
	w.wants(w.run("scan", "github-issues:acme/shop", "--parts", "issue"), 2, "it takes issues, releases")
	w.wants(w.run("scan", "github-issues:acme/shop/x"), 2, "write github-issues:OWNER/REPOSITORY")
	w.wants(w.run("scan", "github-issues:acme/shop", "--staged"), 2, "do not go with it")
}

// The wiki of a repository is a git repository of its own, fetched with the credential of the API. One without a page is none.
func TestScanGitHubWiki(t *testing.T) {
	w, f := newOrgWorld(t)
	f.Add(forgetest.Repository{Owner: "acme", Name: "shop.wiki"})
	f.Push("acme/shop.wiki", "refs/heads/master", map[string]string{"Home.md": "GITHUB_TOKEN=" + sampleKey(w, 1) + "\n"})
	answer := func(name string) {
		r := &forgetest.Records{Objects: map[string]forgetest.Record{"/repos/acme/" + name: {
			"full_name": "acme/" + name, "has_wiki": true, "clone_url": f.CloneURL(forgetest.Repository{Owner: "acme", Name: name}), "visibility": "private",
		}}}
		f.Set(func() { f.Answer = r.Answer })
	}
	answer("shop")
	found := w.wants(w.run("scan", "github-issues:acme/shop", "--parts", "wiki", "-f", "jsonl"), 1, `"path":"Home.md"`, `"repository":"acme/shop.wiki"`)
	w.noSecrets(found.out+found.err, sampleKey(w, 1), f.Token)
	answer("empty")
	w.wants(w.run("scan", "github-issues:acme/empty", "--parts", "wiki"), 0, "the wiki of acme/empty has no page")
	f.Set(func() {
		before := f.Answer
		f.Answer = func(rw http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, "/git/") {
				rw.WriteHeader(http.StatusForbidden)
				return true
			}
			return before(rw, r)
		}
	})
	w.wants(w.run("scan", "github-issues:acme/empty", "--parts", "wiki"), 3, "wiki of acme/empty: access is denied")
}

// Tickets of Agiled are read with the key that the configuration names.
func TestScanAgiledTickets(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.agiled)
	t.Cleanup(server.Close)
	w.wants(w.run("scan", "agiled-tickets:"), 2, "agiled.base_url is not set")
	review := w.agiled.AddKey(providertest.AgiledKey{Name: "review", Organization: w.org.ID, Preset: providertest.AgiledReadOnly})
	w.env["REVIEW"] = review.Token
	w.write("config.yaml", "agiled:\n  base_url: "+server.URL+"\n  review_key: {env: REVIEW}\n")
	key, next := sampleKey(w, 1), sampleKey(w, 2)
	id := w.agiled.AddRecord(w.org.ID, "tickets", w.Now(), w.Now())
	w.agiled.SetField(w.org.ID, "tickets", id, "description", "It sends "+key)
	scan := func(code int, texts ...string) result {
		return w.wants(w.run("scan", "agiled-tickets:", "--incremental", "-f", "jsonl", "--log-level", "debug", "--config", w.path("config.yaml")), code, texts...)
	}
	first := scan(1, `"record":"`+id+`"`, `"field":"description"`, `"target":"agiled-tickets:"`)
	scan(0)
	w.agiled.SetField(w.org.ID, "tickets", id, "description", "It sends "+next)
	w.agiled.Touch(w.org.ID, "tickets", id, w.Now())
	second := scan(1)
	w.noSecrets(first.out+first.err+second.out+second.err, key, next, review.Token)
	if err := w.agiled.RevokeInUI("review"); err != nil {
		t.Fatal(err)
	}
	scan(3, "does not accept the key (401)")
	w.wants(w.run("scan", "agiled-tickets:acme", "--config", w.path("config.yaml")), 2, "takes no name")
}
