package live_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
	"github.com/quash-sh/quash/cmd/quash/internal/live"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/sourcetest"
)

// TestGitHubIncremental: whatever is written and edited between and while runs, what they found together is what one run over
// everything finds, and a run over what did not change reads nothing.
func TestGitHubIncremental(t *testing.T) {
	h := newHub(t)
	rapid.Check(t, func(rt *rapid.T) {
		h.Set(func() {
			for list := range h.Lists {
				h.Lists[list] = nil
			}
			h.PageSize = rapid.IntRange(1, 4).Draw(rt, "page")
			h.Asked = nil
		})
		minute, seed := 0, uint64(0)
		write := func() {
			minute += rapid.IntRange(0, 30).Draw(rt, "minutes")
			at := begin.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339)
			list := rapid.SampledFrom([]string{repo + "/issues", repo + "/issues/comments"}).Draw(rt, "list")
			all := h.Lists[list]
			if seed++; len(all) > 0 && rapid.Bool().Draw(rt, "edit") {
				r := maps.Clone(all[rapid.IntRange(0, len(all)-1).Draw(rt, "which")])
				r["updated_at"], r["body"] = at, fmt.Sprintf("%s\n%s\n", r["body"], h.key(seed))
				all[slices.IndexFunc(all, func(x forgetest.Record) bool { return x["id"] == r["id"] })] = r
				return
			}
			n := len(all) + 1
			h.Lists[list] = append(all, forgetest.Record{
				"id": n, "number": n, "body": h.key(seed) + "\n", "created_at": at, "updated_at": at, "user": forgetest.Record{"login": "ann"},
				"html_url":  fmt.Sprintf("https://github.com/acme/shop/issues/%d#issuecomment-%d", n, n),
				"issue_url": fmt.Sprintf("https://api.github.com/repos/acme/shop/issues/%d", n),
			})
		}
		union, state := map[string]bool{}, live.State(nil)
		run := func() *live.Source {
			src := h.open(t, "acme/shop", live.Options{Past: state})
			places, gaps := found(t, src)
			if len(gaps) > 0 {
				rt.Fatalf("gaps %q", gaps)
			}
			for _, p := range places {
				union[p] = true
			}
			state = src.State()
			return src
		}
		for range rapid.IntRange(1, 4).Draw(rt, "runs") {
			for range rapid.IntRange(0, 8).Draw(rt, "writes") {
				h.Set(write)
			}
			during := rapid.IntRange(0, 4).Draw(rt, "during")
			h.Set(func() {
				h.Asked = func(string) {
					if during > 0 && minute > 0 {
						during--
						write()
					}
				}
			})
			run()
			h.Set(func() { h.Asked = nil })
		}
		run()
		whole, _ := found(t, h.open(t, "acme/shop", live.Options{}))
		if d := cmp.Diff(slices.Compact(whole), slices.Sorted(maps.Keys(union))); d != "" {
			rt.Fatalf("(-whole +parts)\n%s", d)
		}
		if n := run().Coverage().Seen["records"]; n != 0 {
			rt.Fatalf("%d records were read again", n)
		}
	})
}

// TestGitHubTriesAgain: a part that had a gap is read again from where it was, and the others are not.
func TestGitHubTriesAgain(t *testing.T) {
	h := newHub(t)
	h.issue(1, 1, h.key(1))
	h.add("/issues/comments", 2, forgetest.Record{"id": 2, "body": h.key(2), "issue_url": "https://api.github.com/repos/acme/shop/issues/1"})
	comments := h.Lists[repo+"/issues/comments"]
	h.Set(func() { delete(h.Lists, repo+"/issues/comments") })
	first := h.open(t, "acme/shop", live.Options{})
	if places, gaps := found(t, first); len(places) != 1 || len(gaps) != 1 || first.Gaps() != 1 {
		t.Fatalf("found %q, gaps %q", places, gaps)
	}
	h.Set(func() { h.Lists[repo+"/issues/comments"] = comments })
	places, gaps := found(t, h.open(t, "acme/shop", live.Options{Past: first.State()}))
	if len(places) != 1 || !strings.Contains(places[0], "comment 2") || len(gaps) > 0 {
		t.Errorf("found %q, gaps %q", places, gaps)
	}
}

// TestGitHubExpired: that logs are no longer kept is told once, and does not make the next run read the others again.
func TestGitHubExpired(t *testing.T) {
	h := newHub(t)
	h.fill(t)
	h.Set(func() {
		h.Runs[repo+"/actions/runs"] = append(h.Runs[repo+"/actions/runs"], forgetest.Record{"id": 93, "status": "completed", "updated_at": "2026-10-01T07:00:00Z"})
	})
	h.forge.Set(func() {
		h.forge.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/runs/93/") {
				return h.Answer(w, r)
			}
			w.WriteHeader(http.StatusGone)
			return true
		}
	})
	src := h.open(t, "acme/shop", live.Options{Parts: []string{live.PartLogs}})
	if places, gaps := found(t, src); len(places) != 1 || len(gaps) != 1 || !strings.Contains(gaps[0], "--since") {
		t.Errorf("found %q, gaps %q", places, gaps)
	}
	again := h.open(t, "acme/shop", live.Options{Parts: []string{live.PartLogs}, Past: src.State()})
	if places, gaps := found(t, again); len(places)+len(gaps) > 0 {
		t.Errorf("found %q, gaps %q", places, gaps)
	}
}

// TestOpen: what cannot be read at all is said before anything is.
func TestOpen(t *testing.T) {
	h, token := newHub(t), func(context.Context) (string, error) { return "x", nil }
	for _, name := range []string{"", "a/b/c", "-a/b", "acme/..", "acme/", "a b/c"} {
		if _, err := live.OpenGitHub(h.api, name, live.Options{}); err == nil {
			t.Errorf("%q: no error", name)
		}
	}
	for want, o := range map[string]live.AgiledOptions{
		"agiled.base_url is not set":   {Key: token},
		"agiled.review_key is not set": {Base: "https://api.acme.example"},
		"plain http":                   {Base: "http://api.acme.example", Key: token},
	} {
		if _, err := live.OpenAgiled(o, live.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", want, err)
		}
	}
	if _, err := live.OpenGitHub(h.api, "acme/shop", live.Options{Fields: map[string]string{"mood": "x"}}); err == nil {
		t.Error("a field that means nothing is accepted")
	}
}

// TestGitHubSince: what did not change since a time is left out, and parts that are not asked for are not asked about.
func TestGitHubSince(t *testing.T) {
	h := newHub(t)
	h.fill(t)
	h.forge.Forget()
	places, gaps := found(t, h.open(t, "acme/shop", live.Options{Since: begin.Add(2 * time.Minute), Parts: []string{live.PartIssues}}))
	if len(places) != 6 || len(gaps) > 0 || strings.Contains(strings.Join(places, "\n"), "issues/7 ") {
		t.Errorf("found %q, gaps %q", places, gaps)
	}
	for _, r := range h.forge.Forget() {
		if strings.Contains(r.Path, "releases") || strings.Contains(r.Path, "actions") {
			t.Errorf("asked for %s", r.Path)
		}
	}
}

// TestGitHubConforms: it does what is promised of every source.
func TestGitHubConforms(t *testing.T) {
	h := newHub(t)
	h.fill(t)
	open := func(t *testing.T) scanner.Source { return h.open(t, "acme/shop", live.Options{}) }
	conforms(t, open)
}

// conforms runs the suite on a source, whose texts are looked at elsewhere.
func conforms(t *testing.T, open func(t *testing.T) scanner.Source) {
	t.Helper()
	texts := map[string]string{}
	src := open(t)
	for c, err := range src.Chunks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for c := range c.Apart() {
			texts[sourcetest.Name(c.From)] += string(c.Data)
		}
	}
	sourcetest.Run(t, sourcetest.Case{Open: open, Texts: texts, Coverage: src.(scanner.Counter).Coverage()})
}
