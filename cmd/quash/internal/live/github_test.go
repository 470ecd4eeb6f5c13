package live_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
	"github.com/quash-sh/quash/cmd/quash/internal/live"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

var begin = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// hub is a GitHub on loopback with a repository acme/shop.
type hub struct {
	*forgetest.Records
	forge *forgetest.Forge
	clock *forgetest.Clock
	api   *forge.GitHub
	set   *rules.Set
}

const repo = "/repos/acme/shop"

func newHub(t testing.TB) *hub {
	t.Helper()
	h := &hub{Records: &forgetest.Records{
		Lists: map[string][]forgetest.Record{}, Runs: map[string][]forgetest.Record{}, Files: map[string][]byte{},
		Objects: map[string]forgetest.Record{repo: {"full_name": "acme/shop", "has_issues": true}},
	}, forge: forgetest.Start(t), clock: forgetest.NewClock(begin)}
	for _, list := range []string{"/issues", "/issues/comments", "/pulls/comments", "/comments", "/releases"} {
		h.Lists[repo+list] = nil
	}
	h.Runs[repo+"/actions/runs"] = nil
	h.forge.Set(func() { h.forge.Answer = h.Answer })
	var err error
	h.api, err = forge.NewGitHub(forge.GitHubOptions{API: h.forge.URL, Clock: h.clock, Access: forge.Access{
		Token: func(context.Context) (string, error) { return "token", nil },
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.set = builtin(t)
	return h
}

// ruleSet are the built-in rules, and searching is a scanner of them: made once.
var ruleSet = sync.OnceValues(func() (*rules.Set, error) { return rules.Builtin(rules.Options{}) })

var searching = sync.OnceValues(func() (*scanner.Scanner, error) {
	set, err := ruleSet()
	if err != nil {
		return nil, err
	}
	return scanner.New(set, scanner.Options{})
})

func builtin(t testing.TB) *rules.Set {
	t.Helper()
	set, err := ruleSet()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// key makes a key of GitHub's, another for every seed.
func (h *hub) key(seed uint64) string { return sampleKey(h.set, seed) }

func sampleKey(set *rules.Set, seed uint64) string {
	r, _ := set.Rule("github-pat")
	return r.Sample(rand.New(rand.NewPCG(seed, 17))).Token
}

// add adds a record to a list of the repository; minutes is when it changed.
func (h *hub) add(list string, minutes int, r forgetest.Record) {
	h.Set(func() {
		at := begin.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339)
		r["created_at"], r["updated_at"], r["user"] = at, at, forgetest.Record{"login": "ann", "id": 4}
		h.Lists[repo+list] = append(h.Lists[repo+list], r)
	})
}

func (h *hub) issue(n, minutes int, body string) {
	h.add("/issues", minutes, forgetest.Record{
		"id": 1000 + n, "number": n, "title": "Sync fails", "body": body, "html_url": fmt.Sprintf("https://github.com/acme/shop/issues/%d", n),
	})
}

func (h *hub) open(t testing.TB, name string, o live.Options) *live.Source {
	t.Helper()
	src, err := live.OpenGitHub(h.api, name, o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// found are the places of keys in a source, one a line and sorted, and its gaps.
func found(t testing.TB, src scanner.Source) (places, gaps []string) {
	t.Helper()
	s, err := searching()
	if err != nil {
		t.Fatal(err)
	}
	stats, err := s.Scan(t.Context(), src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		if f.At.View != "record" {
			places = append(places, fmt.Sprintf("%s | %s | %s | %s | %s | %s", f.At.Path, f.At.Record, f.At.Field, f.At.Author, f.At.Time.Format(time.TimeOnly), f.At.URL))
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range stats.Gaps {
		gaps = append(gaps, g.Error())
	}
	slices.Sort(places)
	return places, gaps
}

// logs is a zip archive with the log of a step.
func logs(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("build/1_test.txt")
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fill puts a key into every part of the repository and the account.
func (h *hub) fill(t testing.TB) {
	h.issue(7, 1, "It sends "+h.key(1))
	h.add("/issues", 2, forgetest.Record{
		"id": 1008, "number": 8, "title": "Rotate", "body": h.key(2), "pull_request": forgetest.Record{}, "html_url": "https://github.com/acme/shop/pull/8",
	})
	h.Lists[repo+"/pulls/8/reviews"] = []forgetest.Record{{
		"id": 41, "user": forgetest.Record{"login": "ben"}, "body": h.key(3), "submitted_at": "2026-10-01T08:03:00Z",
		"html_url": "https://github.com/acme/shop/pull/8#pullrequestreview-41", "pull_request_url": "https://api.github.com/repos/acme/shop/pulls/8",
	}}
	h.add("/issues/comments", 4, forgetest.Record{
		"id": 51, "body": h.key(4), "html_url": "https://github.com/acme/shop/issues/7#issuecomment-51", "issue_url": "https://api.github.com/repos/acme/shop/issues/7",
	})
	h.add("/pulls/comments", 5, forgetest.Record{
		"id": 61, "pull_request_review_id": 41, "body": h.key(5), "diff_hunk": "@@ -1 +1 @@\n-token " + h.key(6) + "\n+token none",
		"html_url": "https://github.com/acme/shop/pull/8#discussion_r61", "pull_request_url": "https://api.github.com/repos/acme/shop/pulls/8",
	})
	h.add("/comments", 6, forgetest.Record{"id": 71, "commit_id": "c0ffee", "body": h.key(7), "html_url": "https://github.com/acme/shop/commit/c0ffee#commitcomment-71"})
	h.add("/releases", 7, forgetest.Record{
		"id": 81, "tag_name": "v1.0", "name": "One", "body": h.key(8), "html_url": "https://github.com/acme/shop/releases/tag/v1.0",
		"assets": []forgetest.Record{{"name": "shop.zip"}},
	})
	h.Set(func() {
		h.Runs[repo+"/actions/runs"] = []forgetest.Record{
			{"id": 91, "run_attempt": 1, "status": "completed", "created_at": "2026-10-01T08:08:00Z", "updated_at": "2026-10-01T08:09:00Z", "html_url": "https://github.com/acme/shop/actions/runs/91", "actor": forgetest.Record{"login": "cas"}},
			{"id": 92, "status": "in_progress", "created_at": "2026-10-01T08:10:00Z", "updated_at": "2026-10-01T08:10:00Z"},
		}
		h.Files[repo+"/actions/runs/91/attempts/1/logs"] = logs(t, "2026-10-01 export TOKEN="+h.key(9)+"\n")
	})
}

// TestGitHub: a key in every part of a repository is found, and placed by record, field, author and time.
func TestGitHub(t *testing.T) {
	h := newHub(t)
	h.fill(t)
	h.Objects[repo]["has_discussions"] = true
	h.GraphQL = []any{discussions(h.key(10), h.key(11), h.key(12), h.key(13)), moreComments(h.key(14))}
	places, gaps := found(t, h.open(t, "acme/shop", live.Options{}))
	const path, page = "github-issues:acme/shop", "https://github.com/acme/shop/"
	want := []string{
		path + " | 7 | body | ann | 08:01:00 | " + page + "issues/7",
		path + " | 8 | body | ann | 08:02:00 | " + page + "pull/8",
		path + " | 8 | review 41 | ben | 08:03:00 | " + page + "pull/8#pullrequestreview-41",
		path + " | 7 | comment 51 | ann | 08:04:00 | " + page + "issues/7#issuecomment-51",
		path + " | 8 | comment 61 | ann | 08:05:00 | " + page + "pull/8#discussion_r61",
		path + " | 8 | comment 61 diff_hunk | ann | 08:05:00 | " + page + "pull/8#discussion_r61",
		path + " | commit c0ffee | comment 71 | ann | 08:06:00 | " + page + "commit/c0ffee#commitcomment-71",
		path + " | release v1.0 | body | ann | 08:07:00 | " + page + "releases/tag/v1.0",
		path + "/logs.zip!build/1_test.txt | workflow run 91 | log of attempt 1 | cas | 08:08:00 | " + page + "actions/runs/91",
		path + " | 9 | body | ann | 08:20:00 | " + page + "discussions/9",
		path + " | 9 | history edit #1 | ann | 08:19:00 | " + page + "discussions/9",
		path + " | 9 | comment D1 | ben | 08:21:00 | " + page + "discussions/9",
		path + " | 9 | comment D2 | cas | 08:22:00 | " + page + "discussions/9",
		path + " | 9 | comment D3 | cas | 08:23:00 | " + page + "discussions/9",
	}
	slices.Sort(want)
	if d := cmp.Diff(want, places); d != "" || len(gaps) > 0 {
		t.Errorf("(-want +got)\n%s\ngaps %q", d, gaps)
	}
}

// said is an utterance in GitHub's words.
func said(minute int, login, body string, more forgetest.Record) forgetest.Record {
	at := begin.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339)
	r := forgetest.Record{"body": body, "author": forgetest.Record{"login": login}, "createdAt": at, "updatedAt": at, "userContentEdits": nodes()}
	for name, v := range more {
		r[name] = v
	}
	return r
}

// nodes is a list of GraphQL's that ends there.
func nodes(all ...forgetest.Record) forgetest.Record {
	return forgetest.Record{"pageInfo": forgetest.Record{"hasNextPage": false}, "nodes": append([]forgetest.Record{}, all...)}
}

// discussions is a discussion with its first comment, which has a reply.
func discussions(body, old, comment, answer string) any {
	const page = "https://github.com/acme/shop/discussions/9"
	reply := said(22, "cas", answer, forgetest.Record{"id": "D2", "url": page + "#2"})
	first := nodes(said(21, "ben", comment, forgetest.Record{"id": "D1", "url": page + "#1", "replies": nodes(reply)}))
	first["pageInfo"] = forgetest.Record{"hasNextPage": true, "endCursor": "x"}
	d := said(20, "ann", body, forgetest.Record{"number": 9, "title": "How to", "url": page, "comments": first})
	d["userContentEdits"] = nodes(forgetest.Record{"diff": old, "editedAt": begin.Add(19 * time.Minute), "editor": forgetest.Record{"login": "ann"}})
	return forgetest.Record{"data": forgetest.Record{"repository": forgetest.Record{"discussions": nodes(d)}}}
}

// moreComments is the second page of the discussion's comments.
func moreComments(body string) any {
	c := said(23, "cas", body, forgetest.Record{"id": "D3", "url": "https://github.com/acme/shop/discussions/9#3", "replies": nodes()})
	return forgetest.Record{"data": forgetest.Record{"repository": forgetest.Record{"discussion": forgetest.Record{"comments": nodes(c)}}}}
}

// TestGitHubAccount: a target without a repository is all of an account's, and its gists.
func TestGitHubAccount(t *testing.T) {
	h := newHub(t)
	h.issue(1, 1, h.key(1))
	h.forge.Add(forgetest.Repository{Owner: "acme", Name: "shop"})
	h.Lists["/users/acme/gists"] = []forgetest.Record{{"id": "g1", "updated_at": "2026-10-01T08:00:00Z"}}
	h.Objects["/gists/g1"] = forgetest.Record{
		"id": "g1", "description": "note " + h.key(2), "html_url": "https://gist.github.com/g1", "owner": forgetest.Record{"login": "acme"}, "created_at": "2026-10-01T08:00:00Z",
		"comments": 1, "files": forgetest.Record{"a.env": forgetest.Record{"content": "TOKEN=" + h.key(3) + "\n"}, "big.txt": forgetest.Record{"content": "x", "truncated": true}},
	}
	h.Lists["/gists/g1/comments"] = []forgetest.Record{{"id": 5, "body": h.key(4), "created_at": "2026-10-01T08:01:00Z", "user": forgetest.Record{"login": "ben"}}}
	places, gaps := found(t, h.open(t, "acme", live.Options{}))
	want := []string{
		"github-issues:acme | gist g1 | comment 5 | ben | 08:01:00 | ",
		"github-issues:acme | gist g1 | description | acme | 08:00:00 | https://gist.github.com/g1",
		"github-issues:acme/g1/a.env | gist g1 |  | acme | 08:00:00 | https://gist.github.com/g1",
		"github-issues:acme/shop | 1 | body | ann | 08:01:00 | https://github.com/acme/shop/issues/1",
	}
	if d := cmp.Diff(want, places); d != "" || len(gaps) != 1 || !strings.HasPrefix(gaps[0], "file big.txt of gist g1: GitHub gives a part") {
		t.Errorf("(-want +got)\n%s\ngaps %q", d, gaps)
	}
}

// TestGitHubGaps: what is not answered, refused, cut off or no longer kept is named, and nothing else is lost.
func TestGitHubGaps(t *testing.T) {
	h := newHub(t)
	h.fill(t)
	whole, _ := found(t, h.open(t, "acme/shop", live.Options{}))
	for name, c := range map[string]struct {
		path   string
		answer func(w http.ResponseWriter)
		lost   int
		want   string
	}{
		"no repository": {repo, status(404), 9, "repository acme/shop: not there, or the credential may not see it"},
		"credential":    {repo, status(401), 9, "repository acme/shop: GitHub refuses the credential (401)"},
		"forbidden":     {repo + "/comments", status(403), 1, "comments on commits of acme/shop: GitHub denies access (403)"},
		"server":        {repo + "/issues", status(502), 3, "issues of acme/shop: GitHub answered 502 (run the same command again)"},
		"cut":           {repo + "/issues/comments", cutOff, 1, "comments on issues of acme/shop: "},
		"no list":       {repo + "/releases", func(w http.ResponseWriter) { fmt.Fprint(w, "{}") }, 1, "releases of acme/shop: the answer is cut off"},
		"expired":       {repo + "/actions/runs/91/attempts/1/logs", status(410), 1, "logs of workflow runs of acme/shop: 1 are no longer kept by GitHub (410)"},
		"cut logs":      {repo + "/actions/runs/91/attempts/1/logs", cutOff, 1, "file github-issues:acme/shop/logs.zip: "},
		"rate": {repo + "/issues/comments", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "999999")
			w.WriteHeader(429)
		}, 1, "comments on issues of acme/shop: GitHub"},
	} {
		t.Run(name, func(t *testing.T) {
			h.forge.Set(func() {
				h.forge.Answer = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != c.path {
						return h.Answer(w, r)
					}
					c.answer(w)
					return true
				}
			})
			src := h.open(t, "acme/shop", live.Options{})
			places, gaps := found(t, src)
			if len(places) != len(whole)-c.lost || len(gaps) != 1 || !strings.HasPrefix(gaps[0], c.want) {
				t.Errorf("found %d of %d; gaps %q", len(places), len(whole), gaps)
			}
		})
	}
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

// cutOff answers with less than it promises.
func cutOff(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `[{"id": 51, "body": "no`)
}

// TestGitHubRates: rate limits of both kinds are waited out.
func TestGitHubRates(t *testing.T) {
	h := newHub(t)
	h.fill(t)
	refused := 0
	h.forge.Set(func() {
		h.forge.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if refused++; refused%2 == 0 {
				return h.Answer(w, r)
			}
			if refused%4 == 1 {
				w.Header().Set("X-RateLimit-Remaining", "0")
				w.Header().Set("X-RateLimit-Reset", fmt.Sprint(h.clock.Now().Add(time.Minute).Unix()))
				w.WriteHeader(http.StatusForbidden)
			} else {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{"message": "You have exceeded a secondary rate limit"}`)
			}
			return true
		}
	})
	places, gaps := found(t, h.open(t, "acme/shop", live.Options{}))
	if len(places) != 9 || len(gaps) > 0 || len(h.clock.Waits()) < 9 {
		t.Errorf("found %d, gaps %q, waits %v", len(places), gaps, h.clock.Waits())
	}
}
